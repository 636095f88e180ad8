"""How things are written for people: dates, numbers, money, labels. Used by templates, commands and exports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal
from flask import Flask, current_app
from flask_babel import get_translations
from flask_babel import gettext as _

from app.core.errors import DomainError, Message, word_shown
from app.core.periods import Period
from app.web import drawing
from app.web.drawing import language
from app.web.due import due_day

_LABELS: dict[tuple[type, str], Any] = {}


def add_labels(labels: Mapping[Any, Any]) -> None:
    """A room says what the reader sees for each word of its enumerations."""
    _LABELS.update({(type(word), word.value): text for word, text in labels.items()})


def label(word: StrEnum | None) -> str:
    """What the reader sees for a word of an enumeration."""
    return "" if word is None else _label(type(word), word.value, language())


@cache
def _label(vocabulary: type, word: str, _locale: str) -> str:
    """In the language of the moment, which is part of the key: a table asks for the same words row by row."""
    return str(_LABELS[vocabulary, word])


word_shown[:] = [lambda word: label(word) if (type(word), word.value) in _LABELS else word.value]


def local(instant: datetime) -> datetime:
    """An instant on the site's clock."""
    return instant.astimezone(ZoneInfo(current_app.config["SETTINGS"].zone))


def show_date(value: date | datetime | None) -> str:
    """A day as 05/06/2024; an instant by the site's clock."""
    if value is None:
        return ""
    day = local(value).date() if isinstance(value, datetime) else value
    return f"{day:%d/%m/%Y}"


def show_datetime(value: datetime | None) -> str:
    """An instant as 05/06/2024 14:30 by the site's clock."""
    return "" if value is None else f"{local(value):%d/%m/%Y %H:%M}"


def show_number(value: int | float | Decimal | Fraction | None, digits: int = 2) -> str:
    """A number with at most `digits` decimals: 1.234,5 in Vietnamese, 1,234.5 in English."""
    if value is None:
        return "–"
    if isinstance(value, Fraction):
        value = Decimal(value.numerator) / Decimal(value.denominator)
    return _number(round(value, digits), digits, language())


@lru_cache(maxsize=4096)
def _number(value: int | float | Decimal, digits: int, locale: str) -> str:
    return str(format_decimal(value, format="#,##0." + "#" * digits if digits else "#,##0", locale=locale))


def vietnamese_number(value: int) -> str:
    """As papers have it and forms take it, in either language: 600.000."""
    return _number(value, 0, "vi")


def show_percent(value: int | float | Decimal | Fraction | None, digits: int = 2) -> str:
    """A share as a percentage: Fraction(7, 20) -> 35 %. Rounded for the eye only; rules compare exactly."""
    return "–" if value is None else show_number(value * 100, digits) + " %"


def show_money(value: int | None) -> str:
    """An amount in đồng: 600.000 đ."""
    return "–" if value is None else show_number(value, 0) + " đ"


def counted(message: str, n: int | float | Decimal, /, **params: object) -> str:
    """A sentence with a count `%(n)s`, in the form for that number: "1 day", "1.5 days"."""
    return _in_form(get_translations(), message, int(n) if n == int(n) else 2) % {"n": show_number(n), **params}


def _in_form(known: Any, message: str, n: int) -> str:
    """The sentence's form for a number; the sentence itself where it has but one."""
    text = known.ungettext(message, message, n)
    return str(known.ugettext(message) if text == message else text)


def in_both(texts: Mapping[str, str] | Any) -> str:
    """A bilingual text (`vi`, `en`) in the reader's language."""
    values = texts if isinstance(texts, Mapping) else {"vi": texts.vi, "en": texts.en}
    return values.get(language()) or values["vi"]


def in_words(period: Period) -> str:
    """A period's label: "Tháng 6/2024", "June 2024"."""
    return period.label(language())


def yes_no(value: bool | None) -> str:
    """Có / Không."""
    return "–" if value is None else _("Có") if value else _("Không")


def sentence(error: Message) -> str:
    """A domain error in the reader's language, its words and days written as everywhere else; one that lists several
    things, with a line for each."""
    if isinstance(error, DomainError) and error.parts:
        return "\n".join(map(sentence, error.parts))
    shown, n = {name: _shown(value) for name, value in error.params.items()}, error.params.get("n")
    text = _in_form(get_translations(), error.message, n) if type(n) is int else str(_(error.message))
    return text % shown if shown else text


def _shown(value: object) -> object:
    if isinstance(value, StrEnum):
        return label(value)
    if isinstance(value, Message):  # what is wrong, told after its place
        return sentence(value)
    if isinstance(value, datetime):
        return show_datetime(value)
    if isinstance(value, int) and value >= 10_000:  # an amount or a count; a year is left alone
        return show_number(value)
    return show_date(value) if isinstance(value, date) else value


def register(app: Flask) -> None:
    """Make these the templates' filters, and let templates remember each sentence: a table asks for it in each cell."""
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda message: drawing.translated(message, language()),
        ngettext=lambda one, many, n: get_translations().ungettext(one, many, n),
        pgettext=lambda context, message: get_translations().upgettext(context, message),
        npgettext=lambda context, one, many, n: get_translations().unpgettext(context, one, many, n),
        newstyle=True,
    )
    drawing.register(app)
    app.jinja_env.globals.update(due_day=due_day, counted=counted)
    app.jinja_env.filters.update(
        label=label,
        date=show_date,
        datetime=show_datetime,
        number=show_number,
        percent=show_percent,
        money=show_money,
        in_both=in_both,
        yes_no=yes_no,
        sentence=sentence,
    )
