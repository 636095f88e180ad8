"""Judging, at the edges: terms of plans, rates with a day of their own, what is spared, clocks, counts, waivers."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from app.compliance.evaluation import context, evaluate, figures, results, subjects
from app.compliance.evaluation.engine import Engine
from app.compliance.evaluation.evaluate import judge, missing, missing_from_count
from app.compliance.evaluation.figures import UnitFigures
from app.compliance.evaluation.results import (
    AppliedWaivers,
    Judgement,
    RuleResult,
    applied_waivers,
    day_of,
)
from app.core.calendar import WorkingCalendar
from app.core.facts import FactError
from app.core.periods import Period
from app.rulepacks.compiler import RuleOutcome, compile_rules
from app.rulepacks.conditions import Count, DayKind
from app.rulepacks.language import Status, SubjectState
from app.rulepacks.premises import PackTerm, last_day
from tests.compliance import sample
from tests.compliance.sample import note, overdue, pay, thing

MAY, JUNE, JULY = (Period.parse(f"2024-0{month}") for month in (5, 6, 7))
CALENDAR = WorkingCalendar()


def reckon(event: date, days: int, kind: DayKind) -> date:
    return last_day(CALENDAR, event, days, kind)


def judged(
    rules: Sequence[dict[str, Any]], *facts: dict[str, Any], month: Period = JUNE, codes: str = "U", **how: Any
) -> Judgement:
    """Of units by their letters; facts are made those of the month."""
    parts = {name: how.pop(name) for name in ("parameters", "info") if name in how}
    told = [fact | {"period": month.key} for fact in facts]
    pack = sample.pack(rules=list(rules), **parts)
    return judge([pack], told, sample.units(*codes), month, deadline_of=reckon, **how)


def one(rule: dict[str, Any], *facts: dict[str, Any], **how: Any) -> RuleResult:
    (result,) = judged([rule], *facts, **how).results
    return result


def outcomes(result: RuleResult) -> dict[str, RuleOutcome]:
    return {each.subject: each.outcome for each in result.things}


def duty(**changes: Any) -> dict[str, Any]:
    """The sample's duty with parts of its requirement replaced; a part set to None is left out."""
    required = sample.changed(sample.DUTY_RULE["requires"]["note"], **changes)
    return sample.changed(sample.DUTY_RULE, requires={"note": required})


# What is told


WRITTEN_ON = {"UnitFigures", "Subject", "SubjectResult", "RuleResult"}


@pytest.mark.parametrize("module", [context, evaluate, figures, results, subjects])
def test_what_is_told_has_no_other_names_and_is_not_written_on(module: Any) -> None:
    here = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and dataclasses.is_dataclass(each) and each.__module__ == module.__name__
    ]
    written_on = {each.__name__ for each in here if not each.__dataclass_params__.frozen}  # type: ignore[attr-defined]
    assert written_on == WRITTEN_ON & {each.__name__ for each in here}
    assert [each.__name__ for each in here if "__slots__" not in vars(each)] == []


def test_a_day_that_is_not_written_is_none() -> None:
    assert (day_of("2024-06-03"), day_of(""), day_of(None)) == (date(2024, 6, 3), None, None)


# The days of judging


def setting(judgement: Judgement) -> dict[str, Any]:
    return next(fact for fact in judgement.premises if fact["kind"] == "judged_on")


def test_a_month_is_judged_by_the_law_of_its_last_day_and_known_to_the_day_after() -> None:
    plain = setting(judged([sample.RATE_RULE]))
    assert (plain["law_on"], plain["as_of"], plain["looked_on"]) == ("2024-06-30", "2024-07-01", "2024-07-01")
    told = judged([sample.RATE_RULE], law_on=date(2024, 6, 15), as_of=date(2024, 6, 20), looked_on=date(2024, 8, 1))
    assert (told.law_on, told.as_of) == (date(2024, 6, 15), date(2024, 6, 20))
    assert setting(told)["looked_on"] == "2024-08-01"
    assert setting(judged([sample.RATE_RULE], as_of=date(2024, 6, 20)))["looked_on"] == "2024-06-20"


def changing(name: str, since: str, value: Any, *, first: bool = True) -> dict[str, Any]:
    """The sample's parameters, one of which has another value from a day on; without `first`, none before."""
    changed = sample.PARAMETERS[name]
    values = (changed["values"] if first else {}) | {since: {"value": value, "source": sample.QUOTE}}
    return sample.PARAMETERS | {name: changed | {"values": values}}


def due(result: RuleResult) -> dict[str, Any]:
    return {each.subject: each.details["due"] for each in result.things}


def test_a_span_is_that_of_the_law_on_the_day_of_the_event() -> None:
    """Three working days, and one from 15 June on; what-if values hold on every day."""
    events = overdue("H1", since="2024-06-10"), overdue("H2", since="2024-06-17")
    shorter = changing("span", "2024-06-15", 1)
    assert due(one(sample.DUTY_RULE, *events, parameters=shorter)) == {"H1": "2024-06-13", "H2": "2024-06-18"}
    what_if = one(sample.DUTY_RULE, *events, parameters=shorter, overrides={"span": 2})
    assert due(what_if) == {"H1": "2024-06-12", "H2": "2024-06-19"}
    written_out = duty(within={"working_days": 2, "after": "overdue.since"})
    assert due(one(written_out, *events, parameters=shorter)) == {"H1": "2024-06-12", "H2": "2024-06-19"}
    nothing_before = changing("span", "2024-06-15", 1, first=False)  # the law of the month's last day, then
    assert due(one(sample.DUTY_RULE, *events, parameters=nothing_before)) == {"H1": "2024-06-11", "H2": "2024-06-18"}
    other = {"online_rate": "40%"}
    assert due(one(sample.DUTY_RULE, *events, parameters=nothing_before, overrides=other)) == {
        "H1": "2024-06-11",
        "H2": "2024-06-18",
    }


def test_how_days_count_is_the_law_of_the_day_of_the_event() -> None:
    """Wednesday 12 June and two Wednesdays later; a Saturday rolls on to the Monday."""
    events = overdue("H1", since="2024-06-12"), overdue("H2", since="2024-06-26")
    calendar = changing("counting", "2024-06-20", "calendar_days")
    assert due(one(sample.DUTY_RULE, *events, parameters=calendar)) == {"H1": "2024-06-17", "H2": "2024-07-01"}


# Terms of a plan


ENDED = {"plan-2024": PackTerm(date(2024, 1, 1), date(2024, 5, 31))}


def test_of_a_plan_that_has_ended_only_what_is_owed_is_judged() -> None:
    rules = [sample.RATE_RULE, sample.changed(sample.DUTY_RULE, id="p-4"), sample.THING_RULE]
    undated = sample.changed(duty(within=None, done_on=None), id="p-8")
    facts = [
        overdue("owed", since="2024-05-30", days=9),  # three working days: 4 June
        overdue("another plan's", since="2024-06-03", days=9),
        pay("U", 0, 20),
    ]
    found = judged([*rules, undated], *facts, terms=ENDED, codes="UV").results
    assert [(result.rule, result.unit) for result in found] == [("p-4", "U")]  # V owes nothing
    assert outcomes(found[0]) == {"owed": RuleOutcome.MISSING}
    assert found[0].tally == {"missing": 1, "settled_before": 1}
    going_on = judged([*rules, undated], *facts, terms={"plan-2024": PackTerm(date(2024, 1, 1))}, codes="UV").results
    assert len(going_on) == 8
    told = judged(rules, terms=ENDED).premises
    assert [(fact["subject"], fact["since"], fact["until"]) for fact in told if fact["kind"] == "pack_term"] == [
        ("plan-2024", "2024-01-01", "2024-05-31")
    ]


@pytest.mark.parametrize(
    ("arose", "binds"),
    [("2024-06-09", False), ("2024-06-10", True), ("2024-06-20", True), ("2024-06-21", False)],
)
def test_a_duty_binds_that_arose_within_the_term(arose: str, binds: bool) -> None:
    term = {"plan-2024": PackTerm(date(2024, 6, 10), date(2024, 6, 20))}
    rule = duty(arises_on="overdue.word")
    results = judged([rule], overdue("H1", since="2024-06-11", word=arose), terms=term).results
    assert [outcomes(result) for result in results] == ([{"H1": RuleOutcome.MISSING}] if binds else [])


def test_duties_of_one_day_that_arose_on_others_bind_each_by_its_own() -> None:
    term = {"plan-2024": PackTerm(date(2024, 6, 10))}
    events = [overdue(f"H{day}", since="2024-06-11", word=f"2024-06-{day:02}") for day in (8, 9, 10, 11)]
    result = one(duty(arises_on="overdue.word"), *events, terms=term)
    assert outcomes(result) == {"H10": RuleOutcome.MISSING, "H11": RuleOutcome.MISSING}
    assert result.tally == {"missing": 2, "settled_before": 2}


# A last day that is told


def test_the_last_day_may_be_a_field_and_where_it_is_empty_there_is_none() -> None:
    rule = duty(within=None, by="overdue.word")
    facts = [
        *(overdue("in time", word="2024-06-12"), note("in time", "2024-06-12")),
        *(overdue("late", word="2024-06-12"), note("late", "2024-06-13")),
        *(overdue("missing", word="2024-06-12"), overdue("to come", word="2024-07-02")),
        *(overdue("no day"), overdue("no day, done"), note("no day, done", "2024-06-20")),
    ]
    result = one(rule, *facts)
    assert {line.id: (line.status, line.due, line.done_on) for line in result.subjects} == {
        "in time": (SubjectState.KEPT, date(2024, 6, 12), date(2024, 6, 12)),
        "late": (SubjectState.LATE, date(2024, 6, 12), date(2024, 6, 13)),
        "missing": (SubjectState.MISSING, date(2024, 6, 12), None),
        "to come": (SubjectState.PENDING, date(2024, 7, 2), None),
        "no day": (SubjectState.MISSING, None, None),
        "no day, done": (SubjectState.KEPT, None, date(2024, 6, 20)),
    }
    assert (result.pending, result.due) == (("to come",), date(2024, 7, 2))
    assert [each.subject for each in result.failing] == ["no day", "late", "missing"], "the earliest day first"
    assert {each.subject for each in result.things if each.fails} == {"no day", "late", "missing"}
    only = PackTerm(date(2024, 1, 1), date(2024, 6, 12))
    bound = one(rule, overdue("A", word="2024-06-12"), overdue("B", word="2024-06-13"), terms={"plan-2024": only})
    assert outcomes(bound) == {"A": RuleOutcome.MISSING}


def test_what_was_given_back_of_one_thing_hinders_no_other() -> None:
    rule = duty(where=None, returned="note.by_head")
    facts = [overdue(name, since="2024-06-10") for name in ("A", "B", "C")]
    deeds = [note("A", "2024-06-12"), note("B", "2024-06-12", by_head=False), note("C", "2024-06-12")]
    assert outcomes(one(rule, *facts, *deeds)) == {
        "A": RuleOutcome.RETURNED,
        "B": RuleOutcome.PASSED,
        "C": RuleOutcome.RETURNED,
    }


def test_being_late_is_no_fault_where_the_rule_spares_it() -> None:
    rule = duty(unless={"overdue.flag": {"equals": True}})
    facts = [
        *(overdue("late", since="2024-06-10", flag=True), note("late", "2024-06-20")),
        overdue("missing", since="2024-06-10", flag=True),
        overdue("owed", since="2024-05-20", flag=True),  # since 23 May: May has judged it
        overdue("to come", since="2024-06-28", flag=True),
        overdue("fault", since="2024-06-10"),
    ]
    result = one(rule, *facts)
    assert outcomes(result) == {
        "late": RuleOutcome.PASSED,
        "missing": RuleOutcome.PASSED,
        "to come": RuleOutcome.PENDING,
        "fault": RuleOutcome.MISSING,
    }
    assert result.tally == {"passed": 2, "settled_before": 1, "not_yet_due": 1, "missing": 1}
    assert {each.subject: each.details["due"] for each in result.things}["late"] == "2024-06-13"
    missing_then = overdue("missing", since="2024-06-10", flag=True)
    assert judged([rule], missing_then, terms={"plan-2024": PackTerm(until=date(2024, 6, 1))}).results == ()


def test_things_that_kept_the_duty_and_are_not_told_one_by_one_count() -> None:
    rule = duty(besides="pay.online")
    result = one(rule, overdue("H1", since="2024-06-10"), pay("U", 7, 9))
    assert (result.numerator, result.denominator, result.value, result.shortfall) == (7, 8, Fraction(7, 8), 1)
    assert result.tally == {"missing": 1, "passed": 7}
    kept = one(rule, pay("U", 7, 9))
    assert (kept.status, kept.numerator, kept.denominator, kept.things) == (Status.PASS, 7, 7, ())
    nothing = one(rule)
    assert (nothing.reason, nothing.numerator, nothing.tally) == (RuleOutcome.NOTHING, 0, {})


# Rates


def rate(**changes: Any) -> dict[str, Any]:
    return sample.changed(sample.RATE_RULE, rate=sample.RATE_RULE["rate"] | changes)


def test_a_rate_with_a_day_of_its_own_is_judged_where_the_day_lies_and_when_it_has_passed() -> None:
    rule, fact = rate(by="05-31"), pay("U", 1, 20)
    before = one(rule, fact, month=MAY, as_of=date(2024, 5, 31))
    assert (before.status, before.due) == (Status.PENDING, date(2024, 5, 31))
    assert one(rule, fact, month=MAY, as_of=date(2024, 5, 30)).status is Status.PENDING
    after = one(rule, fact, month=MAY, as_of=date(2024, 6, 1))
    assert (after.status, after.due, after.shortfall) == (Status.FAIL, None, 6)
    reached = one(rule, pay("U", 20, 20), month=MAY)
    assert (reached.status, reached.due) == (Status.PASS, None)
    for elsewhere in (JUNE, Period.parse("2024-04")):
        assert one(rule, fact, month=elsewhere, as_of=date(2024, 8, 1)).status is Status.NOT_APPLICABLE
    at_its_end = rate(by="period_end")
    assert one(at_its_end, fact, as_of=date(2024, 6, 30)).due == date(2024, 6, 30)
    assert one(at_its_end, fact, as_of=date(2024, 7, 1)).status is Status.FAIL


def test_what_a_rate_is_pending_for_without_a_day_is_not_told() -> None:
    rule = sample.changed(sample.RATE_RULE, pending_when={"pay.due": {"equals": 1}})
    result = one(rule, pay("U", 1, 20, due=1))
    assert (result.status, result.due, result.value, result.shortfall) == (Status.PENDING, None, None, None)
    condition = sample.changed(sample.CONDITION_RULE, pending_when={"pay.due": {"equals": 4}})
    assert (one(condition, pay("U", 0, 0, due=4)).reason, one(condition, pay("U", 0, 0, due=4)).due) == (
        RuleOutcome.PENDING,
        None,
    )


def test_the_things_behind_a_rate_are_named_where_it_fails_and_are_no_violations() -> None:
    rule = rate(names="overdue")
    behind = [overdue("H2", "U", days=3), overdue("H1", "U", days=4), overdue("H3", "V", days=5)]
    fails, passes = judged([rule], pay("U", 1, 20), pay("V", 20, 20), *behind, codes="UV").results
    assert ([each.subject for each in fails.things], fails.behind, fails.failing) == (["H1", "H2"], True, ())
    assert {each.outcome for each in fails.things} == {RuleOutcome.FAILED}
    assert fails.things[0].figures["days"] == 4
    assert (passes.things, passes.behind, passes.status) == ((), False, Status.PASS)
    alone = one(rule, pay("U", 1, 20))
    assert (alone.status, alone.things, alone.behind) == (Status.FAIL, (), False)


def test_each_unit_s_own_target_is_in_hundredths() -> None:
    rule = sample.changed(sample.RATE_RULE, target={"at_least": "a.z"})
    facts = [pay(unit, 7, 20) for unit in "UV"]
    facts += [{"kind": "a", "unit": unit, "period": "", "x": 0, "y": 0, "z": z} for unit, z in (("U", 35), ("V", 36))]
    first, second = judged([rule], *facts, codes="UV").results
    assert [(each.status, each.target) for each in (first, second)] == [
        (Status.PASS, Fraction(35, 100)),
        (Status.FAIL, Fraction(36, 100)),
    ]
    assert (first.parameter, first.comparison, first.shortfall, second.shortfall) == (None, "at_least", 0, 1)
    untold = one(rule, pay("U", 0, 20))
    assert (untold.target, untold.status) == (0, Status.PASS), "a share of which nothing is told is none"


def test_more_counted_than_there_is_is_told_of_no_other() -> None:
    facts = [pay("U", 6, 5), pay("V", 5, 5), pay("W", 4, 5)]
    assert [found.unit for found in judged([sample.RATE_RULE], *facts, codes="UVW").contradictions] == ["U"]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("applies_when", [None, {"pay.eligible": {"equals": 0}}])
def test_what_one_rule_adds_up_another_reads_of_the_unit_itself(turned: bool, applies_when: dict[str, Any]) -> None:
    """A Department that has none of the payments and matters itself, whatever its division has."""
    whole = {"whole": "department", "every": ["month"]}
    rate = sample.changed(sample.RATE_RULE, judge=whole, applies_when={"a.x": {"equals": 0}})
    rules = [rate, sample.changed(sample.COUNT_RULE, judge=whole, applies_when=applies_when)]
    units = [{"code": "SO", "kind": "department"}, {"code": "A", "kind": "division"}]
    facts = [pay("A", 1, 20), {"kind": "a", "unit": "A", "period": "2024-06", "x": 3, "y": 0, "z": 0}]
    found = judge([sample.pack(rules=rules[::-1] if turned else rules)], facts, units, JUNE).results
    said = {result.rule: (result.status, result.numerator) for result in found if result.unit == "SO"}
    assert said == {"p-1": (Status.FAIL, 1), "p-6": (Status.FAIL, 3)}


UP, DOWN = {"at_least": operator.ge, "more_than": operator.gt}, {"at_most": operator.le, "less_than": operator.lt}
COMPARE = UP | DOWN


@pytest.mark.parametrize("comparison", COMPARE)
def test_the_shortfall_of_a_rate_is_the_smallest_number_that_reaches_the_target(comparison: str) -> None:
    """Every number is tried: up to all of them, or down to none."""
    reaches = COMPARE[comparison]
    for among in range(1, 6):
        for counted in range(8):
            for target in (Fraction(part, 6) for part in range(8)):
                if reaches(Fraction(counted, among), target):
                    continue
                ways = range(counted, among + 1) if comparison in UP else range(counted, -1, -1)
                enough = (abs(n - counted) for n in ways if reaches(Fraction(n, among), target))
                assert missing(comparison, target, counted, among) == next(enough, None)


@pytest.mark.parametrize("comparison", COMPARE)
def test_the_shortfall_of_a_count_is_the_smallest_number_that_reaches_it(comparison: str) -> None:
    for number in range(4):
        count = Count.model_validate({"of": ["a.x"], comparison: number})
        for counted in range(7):
            ways = range(counted, 9) if comparison in UP else range(counted, -1, -1)
            enough = (abs(n - counted) for n in ways if COMPARE[comparison](n, number))
            assert missing_from_count(count, counted, number) == next(enough, None)


def test_a_count_without_data_or_that_does_not_apply_has_no_number() -> None:
    fact = {"kind": "a", "unit": "U", "period": "", "x": 3, "y": 1, "z": 0}
    for changes, status in (
        ({"no_data_when": {"a.y": {"equals": 1}}}, Status.NO_DATA),
        ({"applies_when": {"a.y": {"equals": 2}}}, Status.NOT_APPLICABLE),
        ({"scope": {"codes": ["V"]}}, Status.NOT_APPLICABLE),
    ):
        result = one(sample.changed(sample.COUNT_RULE, **changes), fact)
        assert (result.status, result.numerator, result.value, result.shortfall) == (status, None, None, None)
    pending = one(sample.COUNT_RULE, fact, as_of=date(2024, 6, 30))
    assert (pending.numerator, pending.target, pending.due) == (3, 5, date(2024, 6, 30))
    said = [one(sample.COUNT_RULE, fact | {"x": x}) for x in (3, 5)]
    assert [(each.status, each.due) for each in said] == [(Status.FAIL, None), (Status.PASS, None)]


# Clocks


def clocked(*steps: tuple[str, str, int, bool], **how: Any) -> RuleResult:
    """Of steps (name, day on which it began, working days used, whether it ended): three working days are allowed."""
    rule = sample.changed(sample.CLOCK_RULE, clock=sample.CLOCK_RULE["clock"] | {"started_on": "step.word"})
    facts = [thing("step", name, word=began, working=used, ended=ended) for name, began, used, ended in steps]
    return one(rule, *facts, **how)


def test_a_step_that_is_open_within_its_days_is_over_them_once_they_have_passed() -> None:
    """From Monday 10 June: due on the 13th, though a day off may follow on which no working day is counted."""
    step = ("B1", "2024-06-10", 3, False)
    for as_of, status in ((date(2024, 6, 13), Status.PENDING), (date(2024, 6, 14), Status.FAIL)):
        result = clocked(step, as_of=as_of)
        assert (result.status, result.things[0].details) == (status, {"used": 3, "allowed": 3, "due": "2024-06-13"})
    assert clocked(step, as_of=date(2024, 6, 13)).due == date(2024, 6, 13)
    ahead = ("B1", "2024-06-28", 1, False)  # due on 3 July
    assert clocked(ahead, looked_on=date(2024, 7, 3)).reason is RuleOutcome.PENDING
    later = clocked(ahead, looked_on=date(2024, 7, 4))
    assert (later.reason, later.things, later.tally) == (RuleOutcome.NOTHING, (), {"settled_before": 1})


def test_an_overrun_is_charged_once_and_found_again_while_the_step_is_open() -> None:
    def seen(month: Period, ended: bool) -> tuple[Status, Any, dict[str, Any]]:
        result = clocked(("B1", "2024-06-10", 9, ended), month=month)
        return result.status, result.things[0].outcome, dict(result.things[0].details)

    own = {"used": 9, "allowed": 3, "due": "2024-06-13"}
    assert seen(JUNE, True) == seen(JUNE, False) == (Status.FAIL, RuleOutcome.FAILED, own)
    assert seen(JULY, False) == (Status.FAIL, RuleOutcome.FAILED, own | {"since": "2024-06-13"})
    assert seen(JULY, True) == (Status.PASS, RuleOutcome.CAUGHT_UP, own | {"since": "2024-06-13"})
    caught_up = clocked(("B1", "2024-06-10", 9, True), month=JULY)
    assert (caught_up.reason, caught_up.tally) == (RuleOutcome.PASSED, {"caught_up": 1}), "nothing is wrong any more"
    of_the_first = clocked(("B1", "2024-06-26", 9, True), month=JULY)  # due on 1 July itself
    assert of_the_first.things[0].details == {"used": 9, "allowed": 3, "due": "2024-07-01"}
    assert of_the_first.status is Status.FAIL


def test_a_step_of_which_nobody_knows_when_it_began_has_no_last_day() -> None:
    unknown = clocked(("B1", "", 4, True))
    assert (unknown.status, unknown.things[0].details) == (Status.FAIL, {"used": 4, "allowed": 3})
    assert clocked(("B1", "2024-06-10", 3, True)).things == (), "what was kept is counted, not named"
    with pytest.raises(FactError, match=r"Dữ kiện step của U, B1: “word” phải là ngày dạng 2024-01-31 \('hôm qua'\)"):
        clocked(("B1", "hôm qua", 4, True))


def test_the_days_of_a_clock_are_those_of_the_kind_that_counts() -> None:
    fact = thing("step", "B1", working=2, calendar=4, ended=True)
    over = one(sample.CLOCK_RULE, fact, overrides={"counting": "calendar_days"})
    assert over.things[0].details == {"used": 4, "allowed": 3}


# Single things


def test_a_thing_s_own_share_and_target_are_told() -> None:
    rule = sample.changed(sample.THING_RATE_RULE, rate={"count": "overdue.x", "among": "overdue.x"})
    own = sample.changed(rule, target={"less_than": "overdue.days"})
    (found,) = one(own, overdue("H1", x=9, days=100), overdue("H2", x=9, days=101)).failing
    assert found.details == {"numerator": 9, "denominator": 9, "target": "1"}
    (plain,) = one(sample.THING_RATE_RULE, overdue("H1", x=6, days=20)).failing
    assert plain.details == {"numerator": 6, "denominator": 20, "target": "7/20"}


def test_the_figures_of_a_thing_are_its_own_fields() -> None:
    (found,) = one(sample.THING_RULE, overdue("H1", days=4, x=2, word="a")).failing
    assert found.figures == {"days": 4, "x": 2, "since": "", "word": "a", "flag": False}
    assert found.details == {}


def test_things_stand_unit_by_unit_by_their_names_and_each_has_its_own_answer() -> None:
    told = [("V", "H2", 9), ("U", "H9", 1), ("V", "H1", 1), ("U", "H3", 9), ("W", "H5", 9), ("U", "H1", 8)]
    facts = [overdue(name, unit, days=days) for unit, name, days in told]
    results = judged([sample.THING_RULE], *facts, codes="UVW").results
    assert {result.unit: [each.subject for each in result.failing] for result in results} == {
        "U": ["H1", "H3"],
        "V": ["H2"],
        "W": ["H5"],
    }
    assert [(result.numerator, result.denominator) for result in results] == [(1, 3), (1, 2), (0, 1)]


def test_what_is_said_of_a_unit_is_the_worst_that_is_true_of_one_of_its_things() -> None:
    """A fault before a lack of data, before what was kept, before what is to come, before what is left aside."""
    rule = sample.changed(
        sample.THING_RULE,
        applies_when={"overdue.x": {"less_than": 9}},
        no_data_when={"overdue.x": {"equals": 7}},
        pending_when={"overdue.x": {"equals": 8}},
    )
    things = {
        RuleOutcome.FAILED: overdue("A", days=9),
        RuleOutcome.NO_DATA: overdue("B", x=7),
        RuleOutcome.PASSED: overdue("C"),
        RuleOutcome.PENDING: overdue("D", x=8),
        RuleOutcome.EXCLUDED: overdue("E", x=9),
    }
    order = list(things)
    for place, outcome in enumerate(order):
        result = one(rule, *(things[each] for each in order[place:][::-1]))
        assert result.reason is outcome
        assert result.tally == dict.fromkeys((each.value for each in order[place:]), 1)
    assert one(rule, things[RuleOutcome.PENDING]).shortfall is None


def test_a_unit_that_the_rule_is_not_for_has_nothing_said_of_its_duties() -> None:
    rule = duty() | {"scope": {"codes": ["U"]}}
    facts = [overdue("H1", unit, since="2024-06-10") for unit in "UV"]
    first, second = judged([rule], *facts, codes="UV").results
    assert (first.reason, second.reason) == (RuleOutcome.FAILED, RuleOutcome.OUT_OF_SCOPE)
    assert (second.numerator, second.denominator, second.things, second.tally) == (None, None, (), {})
    lacks = sample.changed(duty(), no_data_when={"overdue.x": {"equals": 7}}, pending_when={"overdue.x": {"equals": 8}})
    told = [overdue(name, since="2024-06-10", x=x) for name, x in (("A", 7), ("B", 8), ("C", 0))]
    assert one(lacks, *told).tally == {"no_data": 1, "not_yet_due": 1, "missing": 1}


def test_a_remark_is_answered_by_nobody() -> None:
    rule = sample.changed(sample.RATE_RULE, finding="remark", answer_within=None)
    assert [one(each, pay("U", 1, 20)).answer_days for each in (rule, sample.RATE_RULE)] == [0, 5]
    told = [one(rule, pay("U", online, eligible, due=1)).status for online, eligible in ((1, 20), (20, 20), (0, 0))]
    assert told == [Status.REMARK, Status.PASS, Status.NO_DATA]
    by_parameter = sample.changed(sample.RATE_RULE, answer_within={"working_days": "answer_days"})
    assert one(by_parameter, pay("U", 1, 20)).answer_days == 3


# Nothing is lost in between


def shorter(said: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {rule: answers[:-1] for rule, answers in said.items()}


@pytest.mark.parametrize(
    ("module", "name", "rules"),
    [
        (evaluate, "ask", [sample.RATE_RULE]),
        (subjects, "ask_things", [sample.THING_RULE]),
        (subjects, "ask_things", [sample.DUTY_RULE]),
        (subjects, "ask", [sample.RATE_RULE, sample.ESCALATION]),
    ],
)
def test_an_answer_too_few_is_an_error_and_no_outcome(
    module: Any, name: str, rules: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    really = getattr(module, name)
    facts = pay("U", 1, 20), overdue("H1", since="2024-06-10"), overdue("H2", since="2024-06-10")
    assert judged(rules, *facts).results
    monkeypatch.setattr(module, name, lambda *asked: shorter(really(*asked)))
    with pytest.raises(ValueError, match="shorter"):
        judged(rules, *facts)


def test_an_engine_that_says_nothing_of_a_duty_is_an_error() -> None:
    class Silent(Engine):
        def duties(self, *asked: Any) -> list[RuleOutcome]:
            return super().duties(*asked)[:-1]

    with pytest.raises(ValueError, match="longer"):
        one(sample.DUTY_RULE, overdue("H1", since="2024-06-10"), engine=Silent())


def test_a_column_that_is_too_short_is_an_error() -> None:
    pack = sample.pack()
    compiled = compile_rules(pack.rules, pack.parameters.at(JUNE.last), None)
    units = [UnitFigures(code, "division") for code in "UV"]
    with pytest.raises(ValueError, match="shorter"):
        context.ask(Engine(), compiled, units, lambda _field: [1])


# Facts


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"days": -1}, r"“days” không dùng được \(-1\)"),
        ({"days": True}, r"“days” không dùng được \(True\)"),
        ({"flag": 1}, r"“flag” không dùng được \(1\)"),
        ({"word": None}, r"“word” không dùng được \(None\)"),
        ({"period": "2024-07"}, "thuộc kỳ 2024-07, không phải kỳ 2024-06"),
        ({"period": "2024-05"}, "thuộc kỳ 2024-05, không phải kỳ 2024-06"),
        ({"subject": 7}, "thiếu “subject”"),
    ],
)
def test_a_fact_about_a_thing_that_cannot_be_used_stops_the_judgement(changes: dict[str, Any], sentence: str) -> None:
    rule = sample.changed(
        sample.THING_RULE,
        applies_when={"overdue.flag": {"equals": False}, "overdue.word": {"differs_from": "x"}},
    )
    assert one(rule, overdue("H1", days=0)).status is Status.PASS
    with pytest.raises(FactError, match=sentence):
        judge([sample.pack(rules=[rule])], [overdue("H1") | changes], sample.units("U"), JUNE)


def test_a_unit_of_which_nothing_is_told_has_nought_and_nothing_and_no() -> None:
    kinds = {"b.x": {"equals": 0}, "b.word": {"equals": ""}, "b.flag": {"equals": False}}
    rule = sample.changed(sample.CONDITION_RULE, fails_when={"all": [{name: wanted} for name, wanted in kinds.items()]})
    result = one(rule)
    assert (result.status, result.figures) == (Status.FAIL, {"b.x": 0, "b.word": "", "b.flag": False})
    several = sample.changed(sample.CONDITION_RULE, fails_when={"b.word": {"one_of": ["gấp", "thường"]}})
    fact = {"kind": "b", "unit": "U", "period": "", "x": 0, "y": 0, "flag": False}
    assert [one(several, fact | {"word": word}).status for word in ("gấp", "thường", "khác", "")] == [
        *(Status.FAIL, Status.FAIL, Status.PASS, Status.PASS)
    ]


# Escalation, and what was so before


def earlier(unit: str, rule: str, *periods: str) -> dict[str, Any]:
    listed = {"periods": len(periods), "listed": ", ".join(periods)}
    return {"kind": "earlier_failure", "unit": unit, "period": "2024-06", "subject": rule, **listed}


RULES = [sample.RATE_RULE, sample.CONDITION_RULE, sample.ESCALATION]


def test_what_was_broken_before_is_asked_of_what_is_broken_now_and_told() -> None:
    asked: list[list[tuple[str, str]]] = []

    def before(broken: Sequence[RuleResult]) -> list[dict[str, Any]]:
        asked.append([(result.rule, result.unit) for result in broken])
        return [earlier(result.unit, f"plan-2024/{result.rule}", "2024-05") for result in broken if result.unit == "U"]

    facts = [pay("U", 1, 20, due=9), pay("V", 1, 20), pay("W", 20, 20)]
    judgement = judged(RULES, *facts, codes="UVW", earlier=before)
    assert asked == [[("p-1", "U"), ("p-1", "V"), ("p-2", "U")]]
    of_units = {result.unit: result for result in judgement.results if result.rule == "p-9"}
    assert [each.subject for each in of_units["U"].failing] == ["p-1", "p-2"]
    assert of_units["U"].tally == {"failed": 2}
    assert (of_units["V"].status, of_units["V"].tally, of_units["V"].things) == (Status.PASS, {"passed": 1}, ())
    assert of_units["W"].status is Status.NOT_APPLICABLE
    assert [fact["unit"] for fact in judgement.premises if fact["kind"] == "earlier_failure"] == ["U", "U"]
    asked.clear()
    judged(RULES, pay("U", 20, 20), earlier=before)
    assert asked == [], "nothing is broken"


def test_the_periods_of_an_escalation_are_written_with_any_space_between() -> None:
    fact = earlier("U", "p-1", "2024-05", "2024-04") | {"listed": " 2024-05 ,2024-04,"}
    (found,) = judged(RULES, pay("U", 1, 20), fact).results[-1].failing
    assert found.details == {
        "count": 3,
        "periods": "2024-06, 2024-05, 2024-04",
        "title": "Thanh toán trực tuyến",
        "title_en": "Thanh toán trực tuyến",
    }
    with pytest.raises(FactError, match="ghi 1 kỳ nhưng liệt kê 2"):
        judged(RULES, pay("U", 1, 20), fact | {"periods": 1})


# Waivers


def test_what_fails_under_a_waiver_is_waived_told_and_does_not_escalate() -> None:
    waiver = {"id": 4, "since": "2024-06-01", "until": "2024-06-30", "who": "Lê Hoa", "why": "Mất điện"}
    excuses: AppliedWaivers = {("plan-2024", rule, unit): waiver for rule in ("p-1", "p-3") for unit in "UW"}
    facts = [pay("U", 1, 20), pay("V", 1, 20), pay("W", 20, 20), overdue("H1", days=9)]
    rules = [sample.RATE_RULE, sample.THING_RULE, sample.ESCALATION]
    history = [earlier(unit, "p-1", "2024-05") for unit in "UV"]
    judgement = judged(rules, *facts, *history, codes="UVW", excuses=excuses)
    said = {(result.rule, result.unit): result for result in judgement.results}
    assert {key: result.status for key, result in said.items()} == {
        **{("p-1", "U"): Status.WAIVED, ("p-1", "V"): Status.FAIL, ("p-1", "W"): Status.PASS},
        **{("p-3", "U"): Status.WAIVED, ("p-3", "V"): Status.NOT_APPLICABLE, ("p-3", "W"): Status.NOT_APPLICABLE},
        **{("p-9", "U"): Status.NOT_APPLICABLE, ("p-9", "V"): Status.FAIL, ("p-9", "W"): Status.NOT_APPLICABLE},
    }
    assert (said["p-1", "U"].waiver, said["p-1", "U"].shortfall, said["p-1", "W"].waiver) == (waiver, 6, None)
    told = [fact for fact in judgement.premises if fact["kind"] == "waiver"]
    assert [(fact["unit"], fact["subject"], fact["period"]) for fact in told] == [
        ("U", "plan-2024/p-1", "2024-06"),
        ("U", "plan-2024/p-3", "2024-06"),
    ]
    assert applied_waivers(judgement.premises) == {
        ("plan-2024", "p-1", "U"): waiver,
        ("plan-2024", "p-3", "U"): waiver,
    }
    assert applied_waivers([{"kind": "zoning", "unit": "U"}, {"kind": "pay", "unit": "U"}]) == {}
    escalated = judged(rules, *facts, *history, codes="UVW", excuses={("plan-2024", "p-9", "V"): waiver})
    assert {r.unit: r.status for r in escalated.results if r.rule == "p-9"}["V"] is Status.WAIVED
