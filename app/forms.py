"""What the forms of every room share: fields with sentences in the reader's language, and services' errors on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from app.errors import DomainError
from app.formats import sentence

NEEDED = InputRequired(_l("Không được để trống."))


@contextmanager
def errors_shown_on(form: FlaskForm) -> Iterator[None]:
    """What a service refuses inside the block stands on the form, at the field it names, which keeps what was typed."""
    try:
        yield
    except DomainError as error:
        field = form._fields.get(error.field)
        if field is None:
            form.form_errors.append(sentence(error))
        else:
            field.errors = [*field.errors, sentence(error)]


class DayField(DateField):
    """A day, typed as 31/12/2024 or sent as 2024-12-31. A date that does not exist says so."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, format=["%d/%m/%Y", "%Y-%m-%d"], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as exc:
            raise ValueError(_("Không có ngày này. Hãy ghi ngày/tháng/năm, ví dụ 31/12/2024.")) from exc


class ChoiceField(SelectField):
    """One of a list, with sentences in the reader's language when it is none of them."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as exc:
            raise ValueError(_("Hãy chọn một giá trị trong danh sách.")) from exc

    def pre_validate(self, form: Any) -> None:
        if not any(chosen for _value, _label, chosen, *_rest in self.iter_choices()):
            raise ValidationError(_("Hãy chọn một giá trị trong danh sách."))


class UnitFilterField(ChoiceField):
    """The unit a list is narrowed to (GET).

    One that is not offered, unknown or outside the reader's scope, narrows nothing: `beyond` is then true, for the page
    to say so (components/filter_bar.html), in the same words whether there is such a unit or not.
    """

    data: Any
    beyond = False

    def offer(self, choices: Iterable[tuple[Any, str]]) -> None:
        """What may be chosen. Call it once the address is read."""
        self.choices = list(choices)
        if self.data and self.data not in {value for value, _label in self.choices}:
            self.beyond, self.data = True, self.coerce("")


class MultiCheckboxField(SelectMultipleField):
    """Any number of a list, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        """What is none of the list is refused by the service, which says so by name."""


def typed_day(value: str | None) -> date | None:
    """A day in an address, or None."""
    try:
        return datetime.strptime(value or "", "%Y-%m-%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None
