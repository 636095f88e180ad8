"""Every explanation of every rule can be redone by hand: it is read, and its verdict worked out again from the figures
that stand in it. The situations are those of the packs' own tests, so every rule is read in every status they have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from app import create_app
from app.compliance import registered as compliance_facts  # noqa: F401  what earlier checks found is a kind of fact too
from app.compliance.evaluation.results import RuleResult, SubjectResult
from app.compliance.evaluation.rule_tests import judgement_of
from app.compliance.explaining import figures_of_thing, why
from app.compliance.messages import render_message
from app.compliance.queries import UnitRef
from app.compliance.wording import UNITS, explain, place_in_words
from app.core import facts
from app.core.errors import noun
from app.core.facts import HUNDREDTHS, FactField
from app.core.periods import Period
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.conditions import Comparison, Condition
from app.rulepacks.language import Rule, Status
from app.rulepacks.loader import load_packs
from app.rulepacks.pack import Pack, ParameterValue
from tests.compliance.kinds import CATALOGUE

PACKS = {pack.id: pack for pack in load_packs(Path(__file__).parents[2] / "rules", CATALOGUE)}
LANGUAGES = ("vi", "en")


@dataclass(frozen=True)
class Told:
    """A result and how it is explained in one language."""

    pack: Pack
    rule: Rule
    result: RuleResult
    period: Period
    locale: str
    why: tuple[str, ...]
    things: tuple[tuple[SubjectResult, str], ...]
    """The single things that fail, each with its sentence."""
    message: str
    """The sentence of the unit's own violation; empty where it has none."""

    @property
    def text(self) -> str:
        return "\n".join([*self.why, *(said for _thing, said in self.things), self.message])

    def __str__(self) -> str:
        return f"{self.rule.id} {self.result.unit} {self.period.key} {self.locale} {self.result.status}:\n{self.text}"


def _told(app: Flask, pack: Pack) -> Iterator[Told]:
    for test in pack.tests:
        period = Period.parse(test.period)
        for result in judgement_of(pack, test, CATALOGUE).results:
            for locale in LANGUAGES:
                with app.test_request_context(), force_locale(locale):
                    yield _one(pack, pack.rule(result.rule), result, period, locale)


def _one(pack: Pack, rule: Rule, result: RuleResult, period: Period, locale: str) -> Told:
    unit = UnitRef(1, result.unit, f"Phòng {result.unit}", f"Division {result.unit}")
    row: Any = SimpleNamespace(**{name: getattr(result, name) for name in _COLUMNS}, facts=dict(result.figures))
    behind = [thing.details for thing in result.failing]

    def said(thing: SubjectResult | None) -> str:
        words = render_message(rule, result, unit.name, period.label(locale), locale, thing, "Nguyễn An")
        return f"{words} {figures_of_thing(rule, thing.figures)}".strip() if thing is not None else words

    own = result.status is Status.FAIL and rule.subject is None
    return Told(
        pack,
        rule,
        result,
        period,
        locale,
        tuple(why(row, rule, unit, pack, behind, period.last)),
        tuple((thing, said(thing)) for thing in result.failing),
        said(None) if own else "",
    )


_COLUMNS = (
    *("status", "reason", "numerator", "denominator", "value", "comparison", "target", "shortfall", "tally"),
    *("unknown", "due", "judged_as"),
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """Every result of every pack test, explained in both languages: once, for nothing here changes it."""
    folder = tmp_path_factory.mktemp("explained")
    app = create_app(database_url=f"sqlite:///{folder}/none.sqlite3", instance=folder, secret_key="x", site="TEST")
    return [told for pack in PACKS.values() for told in _told(app, pack)]


# --- words ----------------------------------------------------------------------------------------------------------


def _identifiers(text: str, rules: set[str]) -> list[str]:
    for rule in sorted(rules, key=len, reverse=True):
        text = text.replace(rule, "")
    return re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b|\b[a-z][a-z_]*\.[a-z][a-z_]*\b", text)


def test_no_identifier_stands_in_any_sentence(told: list[Told]) -> None:
    rules = {rule.id for pack in PACKS.values() for rule in pack.rules}
    for one in told:
        assert _identifiers(one.text, rules) == [], one


def test_no_identifier_stands_in_a_rule_read_aloud() -> None:
    rules = {rule.id for pack in PACKS.values() for rule in pack.rules}
    for pack in PACKS.values():
        for rule in pack.rules:
            for locale in LANGUAGES:
                read = explain(rule, pack.parameters.at(date(2024, 6, 30)), CATALOGUE, locale)
                text = "\n".join(words for _heading, words in read)
                assert _identifiers(text, rules) == [], (rule.id, locale)
                assert place_in_words(rule.legal_basis.place, locale) in text


def test_no_english_word_of_the_code_stands_in_a_vietnamese_sentence(told: list[Told]) -> None:
    words = {outcome.value for outcome in RuleOutcome} | {status.value for status in Status}
    words |= {"true", "false", "none", "null", "month", "quarter", "working", "days", "sent", "returned"}
    words |= {word for kind in facts.catalogue().values() for field in kind.fields for word in field.words}
    code = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, words)))})\b")
    for one in told:
        if one.locale == "vi":
            assert not code.search(one.text), one


def test_no_vietnamese_unit_of_count_stands_in_an_english_sentence(told: list[Told]) -> None:
    units = [unit for unit in UNITS if unit not in ("%", "ngày")]
    for one in told:
        if one.locale == "en":
            said = re.sub(r"“[^”]*”", "", one.text)
            assert not any(re.search(rf"\d {unit}\b", said) for unit in units), one


def test_what_is_counted_has_its_english_word() -> None:
    counted = {field.unit for kind in CATALOGUE.values() for field in kind.fields if field.type is int}
    assert counted - {"", "%", HUNDREDTHS} <= set(UNITS)
    assert [unit for unit in UNITS if noun("en", unit, 1) in (unit, noun("en", unit, 2))] == []


def test_what_is_not_there_is_said_in_words(told: list[Told]) -> None:
    for one in told:
        assert not re.search(r"(?:[:(] ?|^)–(?:[.;,)]|$)", one.text, re.MULTILINE), one


def test_every_explanation_ends_with_the_place_in_the_document(told: list[Told]) -> None:
    for one in told:
        assert place_in_words(one.rule.legal_basis.place, one.locale) in one.why[-1], one
        assert one.pack.info.title.in_(one.locale) in one.why[-1], one


# --- figures --------------------------------------------------------------------------------------------------------


def _number(written: str, locale: str) -> Decimal:
    plain = written.replace(".", "").replace(",", ".") if locale == "vi" else written.replace(",", "")
    return Decimal(plain)


_COMPARED = {
    "vi": {"từ": "at_least", "trên": "more_than", "không quá": "at_most", "dưới": "less_than"},
    "en": {"at least": "at_least", "more than": "more_than", "at most": "at_most", "less than": "less_than"},
}
_RATE = {
    "vi": r"Có ([\d.]+) trên ([\d.]+) [^,]+(?:, [^,]+)*?, tức ([\d.,]+)%; yêu cầu (từ|trên|không quá|dưới) ([\d.,]+)%",
    "en": r"^([\d,]+) of ([\d,]+) .*?, that is ([\d.,]+)%; required: (at least|more than|at most|less than) ([\d.,]+)%",
}


def _reached(comparison: str, value: Fraction, target: Fraction) -> bool:
    return {
        "at_least": value >= target,
        "more_than": value > target,
        "at_most": value <= target,
        "less_than": value < target,
    }[comparison]


def _line(pattern: str, one: Told) -> tuple[int, re.Match[str]]:
    """The line of the explanation that gives the figures; those before it say of whom it speaks."""
    found = [(number, match) for number, line in enumerate(one.why) if (match := re.search(pattern, line))]
    assert found, one
    return found[0]


def _rates(told: list[Told]) -> Iterator[Told]:
    for one in told:
        judged = one.result.status in (Status.PASS, Status.FAIL)
        if judged and one.rule.rate is not None and one.rule.subject is None:
            yield one


def test_every_rate_is_worked_out_again_from_its_sentence(told: list[Told]) -> None:
    seen = set()
    for one in _rates(told):
        _number_of_line, found = _line(_RATE[one.locale], one)
        numerator, denominator = (int(_number(found[n], one.locale)) for n in (1, 2))
        percent, target = (_number(found[n], one.locale) for n in (3, 5))
        value = Fraction(numerator, denominator)
        places = -int(percent.as_tuple().exponent) if percent != percent.to_integral() else 0
        exact = Decimal(value.numerator * 100) / Decimal(value.denominator)
        assert exact.quantize(Decimal(1).scaleb(-max(places, 1)), ROUND_HALF_UP) == percent, one
        comparison = _COMPARED[one.locale][found[4]]
        asked = Fraction(target) / 100
        assert _reached(comparison, value, asked) == (one.result.status is Status.PASS), one
        if one.result.status is Status.FAIL and one.result.shortfall is not None:
            lacking = int(_number(re.findall(r"\d[\d.,]*", one.why[-2])[0].rstrip(".,"), one.locale))
            step = 1 if comparison in ("at_least", "more_than") else -1
            assert _reached(comparison, Fraction(numerator + step * lacking, denominator), asked), one
            assert not _reached(comparison, Fraction(numerator + step * (lacking - 1), denominator), asked), one
        seen.add(one.rule.id)
    assert {"bg-5.1", "khd-2c.2", "khp-2c.2", "khd-8"} <= seen


_COUNT = {
    "vi": r"Đến nay có ([\d.]+) .*?; yêu cầu (từ|trên|không quá|dưới) ([\d.]+)",
    "en": r"So far ([\d,]+) .*?; required: (at least|more than|at most|less than) ([\d,]+)",
}


def test_every_count_is_worked_out_again_from_its_sentence(told: list[Told]) -> None:
    for one in told:
        if one.rule.count is None or one.result.status not in (Status.PASS, Status.FAIL):
            continue
        number, found = _line(_COUNT[one.locale], one)
        counted, target = (Fraction(_number(found[n], one.locale)) for n in (1, 3))
        assert _reached(_COMPARED[one.locale][found[2]], counted, target) == (one.result.status is Status.PASS), one
        if one.result.shortfall:
            assert re.search(rf"\b{int(target - counted)}\b", one.why[number + 1]), one


def test_every_total_of_single_things_is_worked_out_again(told: list[Told]) -> None:
    for one in told:
        if one.rule.subject is None or one.result.status not in (Status.PASS, Status.FAIL):
            continue
        judged, kept = map(int, re.findall(r"\d+", one.why[0])[:2])
        assert judged - kept == len(one.things) == (one.result.shortfall or 0), one
        assert (judged == kept) == (one.result.status is Status.PASS), one
        if judged > kept:
            assert int(re.findall(r"\d+", one.why[1])[0]) == judged - kept, one


_DAY = re.compile(r"(\d{2})/(\d{2})/(\d{4})")


def test_every_duty_tells_the_last_day_and_the_day_on_which_it_was_done(told: list[Told]) -> None:
    for one in told:
        if one.rule.duty is None or not one.rule.duty[1].done_on:
            continue
        for thing, said in one.things:
            days = [date(int(y), int(m), int(d)) for d, m, y in _DAY.findall(said)]
            if thing.details.get("due"):
                assert date.fromisoformat(str(thing.details["due"])) in days, one
            if thing.details.get("done_on"):
                done = date.fromisoformat(str(thing.details["done_on"]))
                assert done in days, one
            else:
                assert {"vi": "chưa", "en": "not yet"}[one.locale] in said, one


def test_every_clock_tells_the_days_used_and_allowed(told: list[Told]) -> None:
    for one in told:
        if one.rule.clock is None:
            continue
        for thing, said in one.things:
            used, allowed = int(thing.details["used"]), int(thing.details["allowed"])
            assert used > allowed
            numbers = {int(number) for number in re.findall(r"\b\d+\b", said.partition(":")[2])}
            assert {used, allowed} <= numbers, one


def test_every_share_of_a_single_thing_is_worked_out_again(told: list[Told]) -> None:
    for one in told:
        if one.rule.rate is None or one.rule.subject is None:
            continue
        for thing, said in one.things:
            numbers = re.findall(r"\d[\d.,]*%?", said.partition(":")[2])
            share = next(number for number in numbers if number.endswith("%"))
            numerator, denominator = int(thing.details["numerator"]), int(thing.details["denominator"])
            assert {str(numerator), str(denominator)} <= set(numbers), one
            exact = Decimal(numerator * 100) / Decimal(denominator)
            assert abs(exact - _number(share[:-1], one.locale)) <= Decimal("0.05"), one


def test_every_escalation_lists_as_many_periods_as_it_counts(told: list[Told]) -> None:
    for one in told:
        if one.rule.escalates is None:
            continue
        for _thing, said in one.things:
            count = re.search({"vi": r"không đạt (\d+) kỳ", "en": r"failed (\d+) periods"}[one.locale], said)
            listed = said.rpartition(":")[2].split(",")
            assert count, one
            assert int(count[1]) == len(listed), one


# --- conditions: the figures of the sentence are read back, and the condition asked of them -------------------------


def test_every_condition_is_asked_again_of_the_figures_in_its_sentence(told: list[Told]) -> None:
    seen = set()
    for one in told:
        condition = one.rule.fails_when
        if condition is None or one.result.status not in (Status.PASS, Status.FAIL, Status.REMARK):
            continue
        values = one.pack.parameters.at(one.period.last)
        if one.rule.subject is None:
            figures = _read(next(line for line in one.why if line.startswith(_HEAD[one.locale])), condition, one)
            broken = Status.REMARK if one.rule.is_remark else Status.FAIL
            assert _holds(condition, figures, values) == (one.result.status is broken), one
            seen.add(one.rule.id)
        for thing, said in one.things:
            assert _holds(condition, _read(said, condition, one), values), (one, thing.subject)
            seen.add(one.rule.id)
    asked = {rule.id for pack in PACKS.values() for rule in pack.rules if rule.fails_when is not None}
    assert asked - seen == set()


_HEAD = {"vi": "Số liệu của đơn vị: ", "en": "The unit's figures: "}


def _read(said: str, condition: Condition, one: Told) -> dict[str, Any]:
    """The figures of a sentence by the fields that the condition reads: each after what the field says."""
    figures: dict[str, Any] = {}
    for name in condition.fields:
        kind, _dot, field_name = name.partition(".")
        field = facts.catalogue()[kind].field(field_name)
        assert field is not None
        label = field.description(one.locale).partition(";")[0]
        place = said.index(f"{label}: ") + len(label) + 2
        figures[name] = _value(re.split(r"; |\.$|\. ", said[place:])[0].rstrip("."), field, one.locale)
    return figures


def _value(written: str, field: FactField, locale: str) -> Any:
    if field.type is bool:
        return {"có": True, "yes": True, "không": False, "no": False}[written]
    if field.type is str:
        return next((word for word in field.words if field.word(word, locale) == written), written)
    number = _number(re.match(r"[\d.,]+", written)[0], locale)  # type: ignore[index]
    return int(number * 100) if field.unit == HUNDREDTHS else int(number)


def _holds(condition: Condition, figures: Mapping[str, Any], values: Mapping[str, ParameterValue]) -> bool:
    """The condition, asked plainly."""

    def operand(written: object) -> Any:
        if isinstance(written, str) and written in figures:
            return figures[written]
        if isinstance(written, str) and written in values:
            return int(values[written].value)
        return written

    def compared(value: Any, comparison: Comparison) -> bool:
        others = [operand(other) for other in comparison.operands]
        match comparison.operator:
            case "one_of":
                return value in others
            case "equals":
                return bool(value == others[0])
            case "differs_from":
                return bool(value != others[0])
            case other:
                return _reached(other, Fraction(value), Fraction(others[0]))

    parts = [compared(figures[field], comparison) for field, comparison in condition.comparisons.items()]
    for total in condition.total or ():
        side = total.side if isinstance(total.side, int) else sum(operand(part) for part in total.side)
        left = sum(figures[field] for field in total.of)
        if total.operator in ("equals", "differs_from"):
            parts.append((left == side) == (total.operator == "equals"))
        else:
            parts.append(_reached(total.operator, Fraction(left), Fraction(side)))
    parts += [_holds(part, figures, values) for part in condition.all or ()]
    if condition.any:
        parts.append(any(_holds(part, figures, values) for part in condition.any))
    if condition.not_ is not None:
        parts.append(not _holds(condition.not_, figures, values))
    return all(parts)


def test_every_rule_is_read_in_every_status_that_its_pack_tests_know(told: list[Told]) -> None:
    """The reading is not empty: each rule passes somewhere and fails somewhere, and both are read."""
    seen = {(one.rule.id, one.result.status) for one in told}
    for pack in PACKS.values():
        for rule in pack.rules:
            broken = Status.REMARK if rule.is_remark else Status.FAIL
            assert (rule.id, broken) in seen, rule.id
