"""What the forms of every room share: fields with sentences in the reader's language, and services' errors on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import wraps
from itertools import islice
from operator import attrgetter
from typing import Any, ParamSpec, TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from wtforms import DateField, SelectField, SelectMultipleField, fields
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget, Select

from app.core.errors import DomainError, NotAllowed, NotFound
from app.core.text import MOST_SOUGHT, sought, visible
from app.core.text import SHORTEST as SHORTEST_REASON
from app.web.formats import sentence

NEEDED = InputRequired(_l("Không được để trống."))
LONGEST_LINE = 500  # letters of a field of one line that says nothing else
LONGEST_TEXT = 10_000  # of one of several lines: four printed pages
LONGEST_HIDDEN = 2_000  # of what the page itself put there: a number, a token, an address to come back to
MOST_WHOLE = 2**31 - 1  # the greatest number that a column of either database takes, unless it is one of money
EARLIEST, LATEST = date(1945, 1, 1), date(2099, 12, 31)  # days that a form or an address may name


P = ParamSpec("P")
Shown = TypeVar("Shown")


def refusals_told_by(tell: Callable[[str, int], Shown]) -> Callable[[Callable[P, Shown]], Callable[P, Shown]]:
    """Marks a view of which `tell` (sentence, status) answers what a service refuses. What is not there, or not theirs,
    keeps its own page."""

    def marked(view: Callable[P, Shown]) -> Callable[P, Shown]:
        @wraps(view)
        def told(*args: P.args, **kwargs: P.kwargs) -> Shown:
            try:
                return view(*args, **kwargs)
            except (NotFound, NotAllowed):
                raise
            except DomainError as error:
                return tell(sentence(error), 422)

        return told

    return marked


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


class _AtMost(Length):
    """The length of what was typed. What the page itself put into a field, a number perhaps, is no longer than that."""

    def __call__(self, form: FlaskForm, field: fields.Field) -> None:
        if isinstance(field.data, str):
            super().__call__(form, field)


class _Bounded(fields.Field):
    """A field of text that has a greatest length, which the browser is told; `Length(max=…)` among its validators says
    another than the usual one."""

    longest = LONGEST_LINE

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        given = list(validators or ())
        if not any(isinstance(each, Length) and each.max > 0 for each in given):
            given.append(_AtMost(max=self.longest, message=_l("Không được dài quá %(max)d ký tự.")))
        super().__init__(label, given, **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([visible(value) for value in valuelist])


class StringField(_Bounded, fields.StringField):
    """Text of one line."""


class TextAreaField(_Bounded, fields.TextAreaField):
    """Text of several lines."""

    longest = LONGEST_TEXT


class HiddenField(_Bounded, fields.HiddenField):
    """What the page put there itself."""

    longest = LONGEST_HIDDEN


class PasswordField(_Bounded, fields.PasswordField):
    """A password; it is never shown again."""


class SearchField(_Bounded, fields.SearchField):
    """Letters to look for. Of a text pasted here the first ones are taken, as everywhere where one searches."""

    longest = MOST_SOUGHT

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([sought(value) for value in valuelist])


class _Reason(_Bounded):
    """A reason that must be given (app.core.text): the browser knows its least length, people what it is for."""

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        kwargs["render_kw"] = {"minlength": SHORTEST_REASON} | kwargs.get("render_kw", {})
        kwargs.setdefault("description", _l("Ghi đủ để người khác hiểu vì sao: ít nhất hai từ, tám ký tự."))
        super().__init__(label, [NEEDED, *(validators or ())], **kwargs)


class ReasonField(_Reason, TextAreaField):
    """A reason of several lines."""


class ReasonLineField(_Reason, StringField):
    """A reason of one line."""


class IntegerField(fields.IntegerField):
    """A whole number that the databases can keep."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and len(valuelist[0].strip().lstrip("+-0")) > len(str(MOST_WHOLE)):
            raise ValueError(_("Số này quá lớn."))
        super().process_formdata(valuelist)
        if self.data is not None and abs(self.data) > MOST_WHOLE:
            self.data = None
            raise ValueError(_("Số này quá lớn."))


class WholeNumberField(IntegerField):
    """A count, typed as digits; anything else is refused with a sentence."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as exc:
            raise ValueError(_("Hãy nhập một số nguyên, ví dụ 25.")) from exc


def whole_number(text: str) -> int:
    """A whole number in an address, as an id or a place in a list; ValueError for anything else or one too great."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_WHOLE)) and int(text) <= MOST_WHOLE):
        raise ValueError("not a number that anything here has")
    return int(text)


def number_or_none(value: object) -> int | None:
    """What a list of choices takes for the id that was chosen; ValueError for what is none."""
    return whole_number(str(value)) if value not in (None, "") else None


def number_in(text: object) -> int | None:
    """The same of a hidden field; None for what is none."""
    try:
        return whole_number(str(text or ""))
    except ValueError:
        return None


def numbers_in(texts: Iterable[str], most: int) -> list[int]:
    """Those among the texts that are numbers, at most so many (the ids of what was ticked in a list)."""
    found = (number_in(text) for text in texts)
    return list(islice((each for each in found if each is not None), most))


class DayField(DateField):
    """A day, typed as 31/12/2024 or sent as 2024-12-31. A date that does not exist says so, and so does one of a year
    that nothing here can be of."""

    data: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, format=["%d/%m/%Y", "%Y-%m-%d"], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as exc:
            raise ValueError(_("Không có ngày này. Hãy ghi ngày/tháng/năm, ví dụ 31/12/2024.")) from exc
        if self.data is not None and not EARLIEST <= self.data <= LATEST:
            self.data = None
            raise ValueError(_("Năm phải từ %(first)s đến %(last)s.", first=EARLIEST.year, last=LATEST.year))


class _Options(Select):
    """A list of procedures has hundreds of lines on every page that filters by them: a line is written in one step."""

    @classmethod
    def render_option(cls, choice: Any, **attributes: Any) -> Markup:
        if attributes or choice.render_kw or not isinstance(choice.value, str):
            drawn: Markup = super().render_option(choice, **attributes)
            return drawn
        chosen = " selected" if choice.selected else ""
        said = escape(choice.label or choice.value)
        return Markup(f'<option{chosen} value="{escape(choice.value)}">{said}</option>')  # noqa: S704


class RevisionForm(FlaskForm):
    """About a record as somebody saw it."""

    revision = HiddenField()

    @property
    def seen(self) -> int | None:
        """The revision that the person saw."""
        return number_in(self.revision.data)


class ChoiceField(SelectField):
    """One of a list, with sentences in the reader's language when it is none of them."""

    widget = _Options()

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

    def offer_units(self, units: Iterable[Any], named: Callable[[Any], str] = attrgetter("name")) -> None:
        """All, or one of these by its code."""
        self.offer([("", _("Tất cả")), *((unit.code, named(unit)) for unit in units)])


class MultiCheckboxField(SelectMultipleField):
    """Any number of a list, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        """What is none of the list is refused by the service, which says so by name."""


def readable(moment: datetime) -> bool:
    """Whether a moment in a form or an address is of the years that may be named there."""
    return EARLIEST <= moment.date() <= LATEST


def typed_day(value: str | None) -> date | None:
    """A day in an address, or None."""
    try:
        day = datetime.strptime(value or "", "%Y-%m-%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None
    return day if EARLIEST <= day <= LATEST else None
