"""The form of an import."""

from __future__ import annotations

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from app.cases.importing.mapping import available
from app.cases.importing.service import mappings_folder
from app.forms import ChoiceField


class ImportForm(FlaskForm):
    """A file, and how it is to be read."""

    file = FileField(_l("Tệp CSV, XLSX hoặc XLS"), validators=[FileRequired(_l("Hãy chọn một tệp."))])
    mapping = ChoiceField(_l("Loại tệp"))

    @classmethod
    def with_mappings(cls) -> ImportForm:
        """The form with the mappings of this site."""
        form, locale = cls(), str(get_locale() or "vi")
        form.mapping.choices = [
            (mapping.name, mapping.title.get("en" if locale == "en" else "vi") or mapping.name)
            for mapping in available(mappings_folder())
        ]
        if not form.is_submitted():
            form.mapping.data = "igate"
        return form
