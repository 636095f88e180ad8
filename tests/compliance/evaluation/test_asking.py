"""Things that look the same to the rules are put to the engine once, and each still has its own answer."""

from __future__ import annotations

from typing import Any

from app.compliance.evaluation.engine import Engine
from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import RuleResult
from app.core.periods import Period
from tests.compliance import sample
from tests.compliance.sample import overdue

UNITS = [f"U{number}" for number in range(10)]


def judged(rules: list[dict[str, Any]], facts: list[dict[str, Any]]) -> tuple[list[RuleResult], int]:
    """Results, and how many facts the engine was told."""
    engine = Engine()
    period = Period.parse("2024-06")
    results = judge([sample.pack(rules=rules)], facts, sample.units(*UNITS), period, engine=engine).results
    return list(results), engine.asserted


def cases(many: int) -> list[dict[str, Any]]:
    """Cases of every unit in turn, late by 0 to 6 days."""
    return [overdue(f"H{number}", UNITS[number % 10], days=number % 7) for number in range(many)]


def test_a_thousand_things_with_seven_figures_are_seven_facts_and_a_thousand_answers() -> None:
    results, asserted = judged([sample.THING_RULE], cases(1000))
    late = {f"H{number}" for number in range(1000) if number % 7 > 3}
    assert {thing.subject for result in results for thing in result.failing} == late
    assert sum(result.denominator or 0 for result in results) == 1000
    assert asserted == 7 + 1


def test_things_of_different_units_are_told_apart_by_a_rule_that_is_for_some_of_them() -> None:
    some = sample.changed(sample.THING_RULE, id="t-some", scope={"codes": UNITS[:3]})
    results, asserted = judged([some], cases(1000))
    assert {result.unit for result in results if result.failing} == set(UNITS[:3])
    assert {result.reason.value for result in results if result.unit not in UNITS[:3]} == {"out_of_scope"}
    assert asserted == 70 + 1


def test_units_with_the_same_figures_are_one_fact() -> None:
    facts = [
        {"kind": "pay", "unit": unit, "period": "2024-06", "online": number % 2 * 20, "eligible": 20, "due": 0}
        for number, unit in enumerate(UNITS)
    ]
    results, asserted = judged([sample.RATE_RULE], facts)
    assert [result.numerator for result in results] == [0, 20] * 5
    assert [result.status.value for result in results] == ["fail", "pass"] * 5
    assert asserted == 2 + 1
