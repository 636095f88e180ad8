"""Rules and results in words, in Vietnamese and English: for pages, reports and `flask rules explain`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from app.compliance.conditions import Comparison, Condition
from app.compliance.judge import RuleResult, answer_days, target_share
from app.compliance.language import ParameterUnit, Rule
from app.compliance.pack import ParameterValue

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
    hundredths = share * 100
    exact = Decimal(hundredths.numerator) / Decimal(hundredths.denominator)
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{rounded:f}".rstrip("0").rstrip(".")
    return pick(locale, text.replace(".", ","), text) + "%"


def comparison_in_words(comparison: str, value: str, locale: str = "vi") -> str:
    """ "từ 35% trở lên", "more than 35%"."""
    return pick(locale, *_COMPARISONS[comparison]) % value


def render_message(rule: Rule, result: RuleResult, unit_name: str, period: str, locale: str = "vi") -> str:
    """The rule's message with the result's figures; `period` is the period's label. A figure that the result
    does not have is a dash."""
    value = target = "–"
    if result.target is not None:
        target = exact_percent(result.target, locale)
    if result.value is not None:
        value = percent(result.value, locale, unlike=result.target)
    return rule.message.in_(locale).format(
        unit=unit_name,
        period=period,
        numerator=_count(result.numerator, locale),
        denominator=_count(result.denominator, locale),
        shortfall=_count(result.shortfall, locale),
        value=value,
        target=target,
    )


def _count(count: int | None, locale: str) -> str:
    if count is None:
        return "–"
    return pick(locale, f"{count:,}".replace(",", "."), f"{count:,}")


def explain(
    rule: Rule,
    parameters: Mapping[str, ParameterValue],
    catalogue: Mapping[str, FactKind],
    locale: str = "vi",
) -> tuple[tuple[str, str], ...]:
    """The rule read aloud, line by line (a heading and its words), with the parameters' values of a day and the
    facts by their descriptions."""
    return tuple(_lines(rule, parameters, catalogue, locale))


def _lines(
    rule: Rule,
    parameters: Mapping[str, ParameterValue],
    catalogue: Mapping[str, FactKind],
    locale: str,
) -> Iterator[tuple[str, str]]:
    def named(fields: tuple[str, ...]) -> str:
        return " + ".join(f"{describe(field, catalogue, locale)} [{field}]" for field in fields)

    yield pick(locale, "Quy tắc", "Rule"), f"{rule.id} · {rule.title.in_(locale)}"
    basis = rule.legal_basis
    yield pick(locale, "Căn cứ", "Legal basis"), f"{basis.document}, {basis.place}: “{basis.quote}”"
    if rule.note is not None:
        yield pick(locale, "Ghi chú", "Note"), rule.note.in_(locale)
    if rule.applies_when is not None:
        words = condition_in_words(rule.applies_when, catalogue, locale)
        yield pick(locale, "Chỉ áp dụng khi", "Applies only when"), words
    if rule.rate is not None and rule.target is not None:
        yield pick(locale, "Đếm", "Counts"), named(rule.rate.count)
        yield pick(locale, "Trong số", "Among"), named(rule.rate.among)
        if rule.rate.expects:
            yield pick(locale, "Phải có ghi nhận khi có", "Must be recorded where there is"), named(rule.rate.expects)
        target = comparison_in_words(
            rule.target.comparison, exact_percent(target_share(rule.target, parameters), locale), locale
        )
        yield pick(locale, "Yêu cầu", "Target"), target + _whence(parameters.get(rule.target.threshold), locale)
    if rule.fails_when is not None:
        words = condition_in_words(rule.fails_when, catalogue, locale)
        yield pick(locale, "Vi phạm khi", "Violated when"), words
    days = answer_days(rule, parameters)
    yield (
        pick(locale, "Thời hạn trả lời", "Answer within"),
        pick(locale, f"{days} ngày làm việc", f"{days} working days"),
    )
    yield pick(locale, "Cách khắc phục", "Remedy"), rule.remedy.in_(locale)


def _whence(parameter: ParameterValue | None, locale: str) -> str:
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


def condition_in_words(condition: Condition, catalogue: Mapping[str, FactKind], locale: str = "vi") -> str:
    """A condition as one phrase, groups in parentheses."""
    both, one, contrary = pick(locale, " và ", " and "), pick(locale, " hoặc ", " or "), pick(locale, "không ", "not ")

    def compared(field: str, comparison: Comparison) -> str:
        operands = ", ".join(
            str(operand).lower() if isinstance(operand, bool) else str(operand) for operand in comparison.operands
        )
        words = comparison_in_words(comparison.operator, operands, locale)
        return f"{describe(field, catalogue, locale)} [{field}] {words}"

    parts = [compared(field, comparison) for field, comparison in condition.comparisons.items()]
    parts += [condition_in_words(part, catalogue, locale) for part in condition.all or ()]
    if condition.any:
        parts.append(f"({one.join(condition_in_words(part, catalogue, locale) for part in condition.any)})")
    if condition.not_ is not None:
        parts.append(f"{contrary}({condition_in_words(condition.not_, catalogue, locale)})")
    return both.join(parts)


def parameter_in_words(parameter: ParameterValue, locale: str = "vi") -> str:
    """A parameter's value with its unit."""
    if parameter.unit is ParameterUnit.SHARE:
        return exact_percent(parameter.value, locale)
    units = {
        ParameterUnit.COUNT: ("", ""),
        ParameterUnit.WORKING_DAYS: (" ngày làm việc", " working days"),
        ParameterUnit.CALENDAR_DAYS: (" ngày", " calendar days"),
    }
    return f"{int(parameter.value)}{pick(locale, *units[parameter.unit])}"
