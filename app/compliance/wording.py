"""Rules and results in words, in Vietnamese and English: for pages, reports and `flask rules explain`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from string import Formatter
from typing import TYPE_CHECKING

from app import facts
from app.compliance.judge import RuleResult, SubjectResult, answer_days, missing, target_share
from app.compliance.language import Rule
from app.compliance.measures import Clock, Requirement, Within
from app.compliance.pack import ParameterValue, day_kind_of, number_of
from app.compliance.phrases import (
    comparison_in_words,
    condition_in_words,
    count_in_words,
    day_kind_in_words,
    describe,
    document_number,
    exact_percent,
    named,
    parameter_in_words,
    percent,
    pick,
    points_in_words,
    printed_day,
    whence,
)
from app.periods import Period

if TYPE_CHECKING:
    from app.facts import FactKind

__all__ = [
    "amount",
    "comparison_in_words",
    "condition_in_words",
    "count_in_words",
    "describe",
    "document_number",
    "exact_percent",
    "explain",
    "parameter_in_words",
    "percent",
    "pick",
    "points_in_words",
    "printed_day",
    "render_message",
]

Catalogue = Mapping[str, "FactKind"]
Parameters = Mapping[str, ParameterValue]


def amount(value: Fraction, locale: str, *, counts: bool) -> str:
    """The target or value of a result: a count as a number, a share as a percentage as it was written."""
    return count_in_words(int(value), locale) if counts else exact_percent(value, locale)


def render_message(
    rule: Rule,
    result: RuleResult,
    unit_name: str,
    period: str,
    locale: str = "vi",
    thing: SubjectResult | None = None,
    head: str = "",
) -> str:
    """The rule's message with the result's figures, or with those of one single thing; `period` is the period's
    label, `head` the name of the unit's head. A figure that is not there is a dash."""
    message = rule.message.in_(locale)
    words = {"unit": unit_name, "period": period, "head": head or "–"}
    for name in _placeholders(message):
        if name not in words:
            word = _total(name, rule, result, locale) if thing is None else _of_thing(name, rule, thing, locale)
            words[name] = word or _of_result(name, result, locale) or "–"
    return message.format_map(words)


@lru_cache(maxsize=1024)
def _placeholders(message: str) -> frozenset[str]:
    """What the message says in {braces}: only this is put into words."""
    return frozenset(name for _text, name, _spec, _conversion in Formatter().parse(message) if name)


def _total(name: str, rule: Rule, result: RuleResult, locale: str) -> str | None:
    """A number of a result in words; None if there is none of that name."""
    counts = rule.count is not None
    if name == "target":
        return "–" if result.target is None else amount(result.target, locale, counts=counts)
    if name == "value":
        if result.value is None:
            return "–"
        return amount(result.value, locale, counts=True) if counts else percent(result.value, locale, result.target)
    if name in ("numerator", "denominator", "shortfall"):
        return count_in_words(getattr(result, name), locale)
    return None


def _own_rate(rule: Rule, thing: SubjectResult, locale: str) -> dict[str, str]:
    """The share of a single thing in words, where that is what the rule judges."""
    if rule.target is None or "target" not in thing.details:
        return {}
    numerator, denominator = int(thing.details["numerator"]), int(thing.details["denominator"])
    target = Fraction(thing.details["target"])
    value = Fraction(numerator, denominator) if denominator else None
    return {
        "target": exact_percent(target, locale),
        "value": percent(value, locale, target) if value is not None else "–",
        "shortfall": count_in_words(missing(rule.target.comparison, target, numerator, denominator), locale),
    }


_OWN_RATE = frozenset(("target", "value", "shortfall"))


def _of_thing(name: str, rule: Rule, thing: SubjectResult, locale: str) -> str | None:
    """What the judgement says of a thing by that name, else its own figure, in words; None if it has neither."""
    if name == "subject":
        return thing.subject
    details = thing.details
    if name not in details:
        if name in _OWN_RATE and "numerator" in details:
            return _own_rate(rule, thing, locale).get(name)
        figure = thing.figures.get(name)
        if type(figure) is int:
            return _figure(str(rule.subject), name, figure, locale)
        return None if figure is None else _word(figure, locale)
    if name == "target" and rule.target is not None:
        return _own_rate(rule, thing, locale)[name]
    if name == "title" and "title_en" in details:
        return str(details[pick(locale, "title", "title_en")])
    if name == "periods":
        return _periods_in_words(str(details[name]), locale)
    return _word(details[name], locale)


def _of_result(name: str, result: RuleResult, locale: str) -> str | None:
    """A figure that the rule read of the unit, in words; None if there is none of that name."""
    fields = [field for field in result.figures if field.partition(".")[2] == name]
    return _figure(fields[-1].partition(".")[0], name, result.figures[fields[-1]], locale) if fields else None


@lru_cache(maxsize=256)
def period_in_words(key: str, locale: str) -> str:
    """A period's label by its key: "Tháng 6/2024"."""
    return Period.parse(key).label(locale)


@lru_cache(maxsize=1024)
def _periods_in_words(listed: str, locale: str) -> str:
    """The labels of periods that are listed the latest first, in the order in which they were."""
    return ", ".join(period_in_words(key, locale) for key in reversed(listed.split(", ")))


def _figure(kind: str, name: str, figure: object, locale: str) -> str:
    """A figure of a kind of fact: points counted in hundredths as points, anything else as it is."""
    if type(figure) is int and name in _in_hundredths(kind):
        return points_in_words(figure, locale)
    return _word(figure, locale)


@lru_cache(maxsize=64)
def _in_hundredths(kind: str) -> frozenset[str]:
    known = facts.catalogue().get(kind)
    return frozenset(field.name for field in known.fields if field.unit == facts.HUNDREDTHS) if known else frozenset()


_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@lru_cache(maxsize=4096, typed=True)
def _word(figure: object, locale: str) -> str:
    if isinstance(figure, bool):
        return pick(locale, "có", "yes") if figure else pick(locale, "không", "no")
    if isinstance(figure, int):
        return count_in_words(figure, locale)
    day = _DAY.fullmatch(str(figure))
    return f"{day[3]}/{day[2]}/{day[1]}" if day else str(figure) or "–"


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
    yield pick(locale, "Quy tắc", "Rule"), f"{rule.id} · {rule.title.in_(locale)}"
    basis = rule.legal_basis
    yield pick(locale, "Căn cứ", "Legal basis"), f"{basis.document}, {basis.place}: “{basis.quote}”"
    if rule.note is not None:
        yield pick(locale, "Ghi chú", "Note"), rule.note.in_(locale)
    if rule.applies_when is not None:
        words = condition_in_words(rule.applies_when, catalogue, locale, parameters)
        yield pick(locale, "Chỉ áp dụng khi", "Applies only when"), words
    for heading, condition in (
        (pick(locale, "Thiếu dữ liệu khi", "No data when"), rule.no_data_when),
        (pick(locale, "Chưa đến hạn khi", "Not yet due when"), rule.pending_when),
    ):
        if condition is not None:
            yield heading, condition_in_words(condition, catalogue, locale, parameters)
    yield from form_in_words(rule, parameters, catalogue, locale)
    if rule.subject is not None:
        yield pick(locale, "Đạt khi", "Kept when"), _kept_when(rule, locale)
    days = answer_days(rule, parameters)
    yield (
        pick(locale, "Thời hạn trả lời", "Answer within"),
        pick(locale, f"{days} ngày làm việc", f"{days} working days"),
    )
    yield pick(locale, "Cách khắc phục", "Remedy"), rule.remedy.in_(locale)


def form_in_words(
    rule: Rule, parameters: Parameters, catalogue: Catalogue, locale: str = "vi"
) -> Iterator[tuple[str, str]]:
    """What the rule judges by, line by line."""
    if rule.rate is not None:
        yield from _rate(rule, parameters, catalogue, locale)
    elif rule.count is not None:
        yield pick(locale, "Đếm", "Counts"), named(rule.count.of, catalogue, locale)
        number = number_of(rule.count.number, parameters)
        words = comparison_in_words(rule.count.comparison, count_in_words(number, locale), locale)
        yield pick(locale, "Yêu cầu", "Target"), words + whence(parameters.get(str(rule.count.number)), locale)
    elif rule.fails_when is not None:
        yield (
            pick(locale, "Vi phạm khi", "Violated when"),
            condition_in_words(rule.fails_when, catalogue, locale, parameters),
        )
    elif rule.duty is not None:
        yield from _duty(*rule.duty, parameters, catalogue, locale)
    elif rule.clock is not None:
        yield from _clock(rule.clock, parameters, catalogue, locale)
    elif rule.escalates is not None:
        number = number_of(rule.escalates.periods, parameters)
        rules = ", ".join(rule.escalates.rules) or pick(locale, "mọi quy tắc của bộ", "every rule of the pack")
        yield (
            pick(locale, "Vi phạm khi", "Violated when"),
            pick(
                locale,
                f"không đạt cùng một quy tắc từ {number} kỳ liên tiếp trở lên ({rules})",
                f"the same rule is broken for {number} periods on end or more ({rules})",
            ),
        )


def _kept_when(rule: Rule, locale: str) -> str:
    """What it takes for a unit to keep a rule about single things, and whether one that breaks it can be put right,
    as far as the rule's form says."""
    every = pick(locale, "mọi việc được xét đều đạt", "everything judged keeps it")
    if rule.duty is not None and rule.duty[1].within is not None:
        late = pick(locale, "làm sau thời hạn vẫn tính là vi phạm", "what is done after its last day still breaks it")
    elif rule.duty is not None:
        late = pick(locale, "không đặt thời hạn phải làm", "no last day is set")
    elif rule.clock is not None:
        late = pick(locale, "ngày đã dùng quá thì không lấy lại được", "days used beyond the limit cannot be won back")
    elif rule.rate is not None:
        late = pick(locale, "mỗi việc theo tỷ lệ của riêng nó", "each by its own share")
    elif rule.escalates is not None:
        return pick(
            locale,
            "không quy tắc nào không đạt nhiều kỳ liên tiếp như vậy; quy tắc đạt trở lại trong kỳ thì thôi tính",
            "no rule is broken for so long; one that is kept again in the period no longer counts",
        )
    else:
        late = pick(locale, "không việc nào còn rơi vào trường hợp vi phạm", "nothing is left in that state")
    return f"{every}; {late}"


def _rate(rule: Rule, parameters: Parameters, catalogue: Catalogue, locale: str) -> Iterator[tuple[str, str]]:
    assert rule.rate is not None
    assert rule.target is not None
    yield pick(locale, "Đếm", "Counts"), named(rule.rate.count, catalogue, locale)
    yield pick(locale, "Trong số", "Among"), named(rule.rate.among, catalogue, locale)
    if rule.rate.expects:
        heading = pick(locale, "Phải có ghi nhận khi có", "Must be recorded where there is")
        yield heading, named(rule.rate.expects, catalogue, locale)
    share = target_share(rule.target, parameters)
    target = exact_percent(share, locale) if share is not None else named([rule.target.threshold], catalogue, locale)
    words = comparison_in_words(rule.target.comparison, target, locale)
    yield pick(locale, "Yêu cầu", "Target"), words + whence(parameters.get(rule.target.threshold), locale)


def _duty(
    kind: str, required: Requirement, parameters: Parameters, catalogue: Catalogue, locale: str
) -> Iterator[tuple[str, str]]:
    known = catalogue.get(kind)
    words = f"{known.description[pick(locale, 'vi', 'en')]} [{kind}]" if known else kind
    if required.where is not None:
        words += pick(locale, ", trong đó: ", ", where: ") + condition_in_words(
            required.where, catalogue, locale, parameters
        )
    yield pick(locale, "Phải có", "Requires"), words
    if required.within is not None:
        yield pick(locale, "Trong vòng", "Within"), _span(required.within, parameters, catalogue, locale)


def _span(within: Within, parameters: Parameters, catalogue: Catalogue, locale: str) -> str:
    kind = day_kind_in_words(day_kind_of(within.counting, parameters), locale)
    days = f"{number_of(within.amount, parameters)} {kind}"
    after = named([within.after], catalogue, locale)
    sources = whence(parameters.get(str(within.amount)), locale) + whence(parameters.get(within.counting), locale)
    return pick(locale, f"{days} sau: {after}", f"{days} after: {after}") + sources


def _clock(clock: Clock, parameters: Parameters, catalogue: Catalogue, locale: str) -> Iterator[tuple[str, str]]:
    kind = day_kind_of(clock.counted_in, parameters)
    yield pick(locale, "Tính", "Counts"), named([str(getattr(clock.used, kind))], catalogue, locale)
    days = f"{number_of(clock.at_most, parameters)} {day_kind_in_words(kind, locale)}"
    sources = whence(parameters.get(str(clock.at_most)), locale) + whence(parameters.get(clock.counted_in), locale)
    yield pick(locale, "Yêu cầu", "Target"), comparison_in_words("at_most", days, locale) + sources
