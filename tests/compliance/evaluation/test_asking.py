"""Things that look the same to the rules are put to the engine once, and each still has its own answer."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from app.compliance.evaluation.engine import Engine
from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import RuleResult
from app.core.calendar import WorkingCalendar
from app.core.periods import Period
from app.rulepacks.pack import Pack
from app.rulepacks.premises import PackTerm, last_day
from tests.compliance import sample
from tests.compliance.sample import note, overdue

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


# --- rules that ask the same of single things are asked once, and whatever decides makes another question


PLANS = ("plan-2024", "plan-b")


def two_plans(first: dict[str, Any], second: dict[str, Any], parameters: dict[str, Any] | None = None) -> list[Pack]:
    """Two plans with a rule each; the second may have parameters of its own."""
    return [
        sample.pack(rules=[first]),
        sample.pack(rules=[second], parameters=parameters, info=sample.INFO | {"id": PLANS[1]}),
    ]


def judged_by(packs: list[Pack], **more: Any) -> tuple[list[dict[str, str]], int]:
    """By plan: the outcomes of one late case, explained four days late, by its name; and what the engine was told."""
    engine = Engine()
    facts = [overdue("H1", "A", since="2024-06-03"), note("H1", "2024-06-10", "A")]
    june = Period.parse("2024-06")
    reckon = partial(last_day, WorkingCalendar())
    said = judge(packs, facts, sample.units("A"), june, engine=engine, deadline_of=reckon, **more)
    of_plans = [[result for result in said.results if result.pack == plan] for plan in PLANS]
    told = [{thing.subject: str(thing.outcome) for result in each for thing in result.things} for each in of_plans]
    return told, engine.asserted


LATE, IN_TIME = {"H1": "late"}, {"H1": "passed"}


def test_what_two_plans_ask_alike_is_asked_once_and_answered_for_both() -> None:
    """Three working days after Monday 3 June: Thursday the 6th; the note of the 10th is late by both plans."""
    alone, asserted = judged_by([sample.pack(rules=[sample.DUTY_RULE])])
    again = sample.changed(sample.DUTY_RULE, id="t-again", title=sample.words("Khác"), severity="minor")
    both, of_both = judged_by(two_plans(sample.DUTY_RULE, again))
    assert (alone, both) == ([LATE, {}], [LATE, LATE])
    assert asserted == of_both


def test_the_same_words_with_another_number_of_days_are_another_question() -> None:
    week = {**sample.PARAMETERS["span"], "values": {"2024-01-01": {"value": 5, "source": sample.QUOTE}}}
    told, _asserted = judged_by(two_plans(sample.DUTY_RULE, sample.DUTY_RULE, sample.PARAMETERS | {"span": week}))
    assert told == [LATE, IN_TIME]  # five working days: Monday the 10th


def test_a_number_that_is_the_same_today_and_was_another_when_the_duty_arose_is_another_question() -> None:
    values = {"2024-01-01": {"value": 5, "source": sample.QUOTE}, "2024-06-15": {"value": 3, "source": sample.QUOTE}}
    earlier = {**sample.PARAMETERS["span"], "values": values}
    told, _asserted = judged_by(two_plans(sample.DUTY_RULE, sample.DUTY_RULE, sample.PARAMETERS | {"span": earlier}))
    assert told == [LATE, IN_TIME]


def test_a_plan_for_other_units_or_of_another_term_asks_another_question() -> None:
    first, second = two_plans(sample.DUTY_RULE, sample.DUTY_RULE)
    elsewhere = sample.pack(rules=[sample.DUTY_RULE], info=sample.INFO | {"id": PLANS[1], "scope": {"codes": ["B"]}})
    assert judged_by([first, elsewhere])[0] == [LATE, {}]
    ended = {PLANS[1]: PackTerm(until=date(2024, 5, 31))}
    assert judged_by([first, second], terms=ended)[0] == [LATE, {}]
