"""The forms of an import: the file, and what the names in it stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms.validators import InputRequired

from app.cases.importing import mapping as mappings
from app.cases.importing.mapping import available, titles
from app.cases.importing.models import ImportNameKind
from app.cases.importing.names import Choice, FileColumn, choices, chosen, nearest
from app.cases.importing.report import UnknownNameCount
from app.cases.importing.service import mappings_folder
from app.core.errors import DomainError, NotFound
from app.organisation.access import Scope
from app.web.formats import language
from app.web.forms import ChoiceField, StringField

MAKE = "make"  # the answer "make it"


def mapping_in_words(name: str) -> str:
    """What a mapping is called; its name, or its file's path, where the site has it no longer."""
    told = titles(mappings_folder()).get(name, {})
    return told.get("en" if language() == "en" else "vi") or name


class ImportForm(FlaskForm):
    """A file, and how it is to be read."""

    file = FileField(_l("Tệp CSV, XLSX, XLS hoặc XES"), validators=[FileRequired(_l("Hãy chọn một tệp."))])
    mapping = ChoiceField(_l("Loại tệp"))

    @classmethod
    def with_mappings(cls) -> ImportForm:
        """The form with the mappings of this site."""
        form = cls()
        form.mapping.choices = [(name, mapping_in_words(name)) for name in titles(mappings_folder())]
        if not form.is_submitted():
            form.mapping.data = "igate"
        return form


class NameForm(FlaskForm):
    """What one remembered name stands for from now on."""

    stands_for = StringField(
        _l("Là đơn vị, thủ tục, trạng thái hay cột nào"),
        validators=[InputRequired(_l("Hãy chọn một dòng trong danh sách gợi ý."))],
    )


@dataclass(frozen=True, slots=True)
class NameQuestion:
    """An unknown name as the preview asks about it: `near` are offered, nothing is chosen."""

    asked: UnknownNameCount
    near: list[Choice]

    @property
    def field(self) -> str:
        """Name of the control that picks one of those offered."""
        return f"choice:{self.asked.kind}:{self.asked.key}"

    @property
    def other(self) -> str:
        """Name of the control in which another one is typed; it counts before the first."""
        return f"other:{self.asked.kind}:{self.asked.key}"


def questions(
    scope: Scope, asked: Sequence[UnknownNameCount]
) -> dict[ImportNameKind, tuple[list[NameQuestion], list[Choice]]]:
    """The unknown names by kind, each kind with all that a name may stand for; only kinds that are asked about."""
    found = {}
    for kind in ImportNameKind:
        names = [each for each in asked if each.of_kind is kind]
        if names:
            known = choices(scope, kind)
            found[kind] = ([NameQuestion(each, nearest(each.name, known)) for each in names], known)
    return found


def answers_to(
    scope: Scope, asked: Sequence[UnknownNameCount], sent: Mapping[str, str]
) -> list[tuple[UnknownNameCount, int | str | None]]:
    """What was answered: a name and the id that it stands for, None for one to be made. Left out: not answered.

    Raises DomainError when something was typed that is not there.
    """
    answers: list[tuple[UnknownNameCount, int | str | None]] = []
    for kind, (each_asked, known) in questions(scope, asked).items():
        ids = {str(choice.id): choice.id for choice in known}
        for question in each_asked:
            picked, typed = sent.get(question.field, ""), sent.get(question.other, "").strip()
            if typed:
                answers.append((question.asked, chosen(typed, known).id))
            elif picked == MAKE:
                answers.append((question.asked, None))
            elif picked in ids:
                answers.append((question.asked, ids[picked]))
            elif picked:
                raise NotFound("Không tìm thấy đơn vị hoặc thủ tục này.", field=kind)
    return answers


def mapping_offered(name: str) -> mappings.Mapping:
    """One of the mappings that the form offers, by its name. Raises BadMapping."""
    offered = {each.name: each for each in available(mappings_folder())}
    if name not in offered:
        known = ", ".join(sorted(offered))
        raise mappings.BadMapping("Không có ánh xạ “%(name)s”. Hiện có: %(known)s.", name=name[:60], known=known)
    return offered[name]


def column_answers(
    columns: Sequence[FileColumn], mapping: mappings.Mapping, sent: Mapping[str, str]
) -> list[tuple[FileColumn, str]]:
    """What was said of columns that nothing was known of. Raises DomainError for what no column can give."""
    answers = [(each, sent[each.name]) for each in columns if not each.gives and sent.get(each.name)]
    if any(field not in mapping.fields for _column, field in answers):
        raise DomainError("Loại tệp “%(mapping)s” không có cột như thế.", field="stands_for", mapping=mapping.name)
    return answers
