"""The small phrases of which rules and results are told, in Vietnamese and English: shares, counts, comparisons,
conditions, parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from babel.numbers import format_decimal

from app.compliance.conditions import Comparison, Condition, Total
from app.compliance.language import ParameterUnit
from app.compliance.measures import DayKind
from app.compliance.pack import ParameterValue
from app.compliance.words import is_field

if TYPE_CHECKING:
    from app.facts import FactKind

MOST_DECIMALS = 6

_COMPARISONS = {
    "at_least": ("từ %s trở lên", "at least %s"),
    "more_than": ("trên %s", "more than %s"),
    "at_most": ("không quá %s", "at most %s"),
    "less_than": ("dưới %s", "less than %s"),
    "equals": ("bằng %s", "equal to %s"),
    "differs_from": ("khác %s", "different from %s"),
    "one_of": ("là một trong: %s", "one of: %s"),
}

_BLANK_DAY = re.compile(r"(?P<words>^ngày (?=tháng\b))|^(?=/)")


def pick(locale: str, vi: str, en: str) -> str:
    """The words of the locale; Vietnamese unless English is asked for."""
    return en if locale.startswith("en") else vi


def exact_percent(share: Fraction, locale: str = "vi") -> str:
    """A share that was written as a percentage, as it was written: "35%", "87,25%"."""
    return _rounded(share, MOST_DECIMALS, locale)


def percent(share: Fraction, locale: str = "vi", unlike: Fraction | None = None) -> str:
    """A share as a percentage rounded to one decimal: "35%", "34,9%".

    Rounding must not make a share look like the target it misses: with `unlike`, decimals are added until they
    differ (34,996 % against 35 % is never shown as 35 %).
    """
    for places in range(1, MOST_DECIMALS + 1):
        text = _rounded(share, places, locale)
        if unlike is None or share == unlike or text != _rounded(unlike, places, locale):
            return text
    return text


def _rounded(share: Fraction, places: int, locale: str) -> str:
    return _percentage(*share.as_integer_ratio(), places, locale)


@lru_cache(maxsize=4096)
def _percentage(numerator: int, denominator: int, places: int, locale: str) -> str:
    """A share by its two numbers, which are found again much faster than the share is."""
    exact = Decimal(numerator * 100) / Decimal(denominator)
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return _number(rounded, locale) + "%"


@lru_cache(maxsize=4096)
def _number(value: int | Decimal, locale: str) -> str:
    """As the language writes it; remembered, because Babel takes its time and a page has thousands."""
    return format_decimal(value, "#,##0.######", locale=pick(locale, "vi", "en"))


def comparison_in_words(comparison: str, value: str, locale: str = "vi") -> str:
    """ "từ 35% trở lên", "more than 35%"."""
    return pick(locale, *_COMPARISONS[comparison]) % value


def count_in_words(count: int | None, locale: str = "vi") -> str:
    """A count with its thousands marked; a dash where there is none."""
    return "–" if count is None else _number(count, locale)


def points_in_words(hundredths: int, locale: str) -> str:
    """Points that are counted in hundredths: 250 as "2,5"."""
    return _number(Decimal(hundredths) / 100, locale)


def document_number(number: str, locale: str = "vi") -> str:
    """The number of a document as drafts are cited: "3049/QĐ-UBND"; one whose number is blank in the copy at hand,
    printed "/QĐ-SLĐTBXH", as "…/QĐ-SLĐTBXH (bản chưa ghi số)"."""
    before, slash, after = (part.strip() for part in number.partition("/"))
    if before or not slash:
        return f"{before}{slash}{after}"
    return f"…/{after} ({pick(locale, 'bản chưa ghi số', 'number left blank in this copy')})"


def printed_day(printed: str) -> str:
    """The day of a document as it is printed, an ellipsis where it is blank: "ngày … tháng 8 năm 2024", "…/01/2024"."""
    return _BLANK_DAY.sub(lambda blank: "ngày … " if blank["words"] else "…", printed.strip())


def whence(parameter: ParameterValue | None, locale: str) -> str:
    """Where a target's figure comes from."""
    if parameter is None:
        return ""
    if parameter.source is None or parameter.since is None:
        return pick(locale, f" ({parameter.name}, giá trị giả định)", f" ({parameter.name}, what-if value)")
    since = f"{parameter.since:%d/%m/%Y}"
    return pick(locale, f" ({parameter.name}, từ ngày {since})", f" ({parameter.name}, from {since})")


def describe(field: str, catalogue: Mapping[str, FactKind], locale: str = "vi") -> str:
    """What a field says, in words; its name where the catalogue does not know it."""
    kind_name, _, name = field.partition(".")
    kind = catalogue.get(kind_name)
    found = kind.field(name) if kind else None
    return pick(locale, found.description["vi"], found.description["en"]) if found else field


def named(fields: Iterable[str], catalogue: Mapping[str, FactKind], locale: str = "vi") -> str:
    """Fields in words, each with its name, added up."""
    return " + ".join(f"{describe(field, catalogue, locale)} [{field}]" for field in fields)


def _plain_comparison(comparison: Comparison, locale: str) -> str:
    """In plain words whether something is recorded, or true; empty for any other comparison."""
    (operand, *others) = comparison.operands
    if others or comparison.operator not in ("equals", "differs_from"):
        return ""
    same = comparison.operator == "equals"
    if operand == "":
        return pick(locale, "chưa ghi", "is not recorded") if same else pick(locale, "đã ghi", "is recorded")
    if isinstance(operand, bool):
        return pick(locale, "là “có”", "is “yes”") if operand == same else pick(locale, "là “không”", "is “no”")
    return ""


def condition_in_words(
    condition: Condition,
    catalogue: Mapping[str, FactKind],
    locale: str = "vi",
    parameters: Mapping[str, ParameterValue] | None = None,
) -> str:
    """A condition as one phrase, groups in parentheses; parameters with their values, where those are given."""
    both, one, contrary = pick(locale, " và ", " and "), pick(locale, " hoặc ", " or "), pick(locale, "không ", "not ")

    def said(operand: bool | int | str) -> str:
        if isinstance(operand, bool):
            return str(operand).lower()
        if isinstance(operand, str) and is_field(operand):
            return named([operand], catalogue, locale)
        value = (parameters or {}).get(str(operand))
        return f"{parameter_in_words(value, locale)} ({operand})" if value else str(operand)

    def compared(field: str, comparison: Comparison) -> str:
        if plain := _plain_comparison(comparison, locale):
            return f"{named([field], catalogue, locale)} {plain}"
        operands = ", ".join(map(said, comparison.operands))
        return f"{named([field], catalogue, locale)} {comparison_in_words(comparison.operator, operands, locale)}"

    def summed(total: Total) -> str:
        right = str(total.side) if isinstance(total.side, int) else " + ".join(map(said, total.side))
        return f"{named(total.of, catalogue, locale)} {comparison_in_words(total.operator, right, locale)}"

    def inside(part: Condition) -> str:
        return condition_in_words(part, catalogue, locale, parameters)

    parts = [compared(field, comparison) for field, comparison in condition.comparisons.items()]
    parts += [summed(total) for total in condition.total or ()]
    parts += [inside(part) for part in condition.all or ()]
    if condition.any:
        parts.append(f"({one.join(inside(part) for part in condition.any)})")
    if condition.not_ is not None:
        parts.append(f"{contrary}({inside(condition.not_)})")
    return both.join(parts)


def parameter_in_words(parameter: ParameterValue, locale: str = "vi") -> str:
    """A parameter's value with its unit."""
    if parameter.unit is ParameterUnit.SHARE:
        return exact_percent(parameter.value, locale)
    units = {
        ParameterUnit.COUNT: ("", ""),
        ParameterUnit.WORKING_DAYS: (" ngày làm việc", " working days"),
        ParameterUnit.CALENDAR_DAYS: (" ngày", " calendar days"),
        ParameterUnit.DAYS: (" ngày", " days"),
    }
    if parameter.unit is ParameterUnit.DAY_KIND:
        return day_kind_in_words(parameter.day_kind, locale)
    return f"{int(parameter.value)}{pick(locale, *units[parameter.unit])}"


def day_kind_in_words(kind: DayKind, locale: str = "vi") -> str:
    """How days are counted."""
    if kind is DayKind.WORKING_DAYS:
        return pick(locale, "ngày làm việc", "working days")
    return pick(locale, "ngày theo lịch", "calendar days")
