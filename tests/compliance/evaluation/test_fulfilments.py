"""Duties after an event: done in time, late, missing, or not yet due; no outcome lost in the join."""

from __future__ import annotations

import random
from datetime import date

import pytest

from app.compliance.evaluation import engine as engine_module
from app.compliance.evaluation.engine import JOIN, Engine, EngineError, Fulfilment, TriggeringEvent
from app.compliance.evaluation.evaluate import judge
from app.compliance.evaluation.results import Judgement, RuleResult, SubjectLine
from app.core.calendar import WorkingCalendar
from app.core.errors import DomainError
from app.core.facts import FactError
from app.core.periods import Period
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.conditions import DayKind
from app.rulepacks.language import Status, SubjectState
from app.rulepacks.premises import Deadlines, last_day
from tests.compliance import sample
from tests.compliance.sample import note, overdue

JUNE = Period.parse("2024-06")
TODAY = date(2024, 6, 20)
CALENDAR = WorkingCalendar()


def reckon(event: date, days: int, kind: DayKind) -> date:
    return last_day(CALENDAR, event, days, kind)


def judged(*facts: dict[str, object], as_of: date | None = None, **changes: object) -> Judgement:
    pack = sample.pack(rules=[sample.changed(sample.DUTY_RULE, **changes)])
    return judge([pack], facts, sample.units("U"), JUNE, as_of=as_of, deadline_of=reckon)


def one(*facts: dict[str, object], as_of: date | None = None, **changes: object) -> RuleResult:
    (result,) = judged(*facts, as_of=as_of, **changes).results
    return result


def outcomes(result: RuleResult) -> dict[str, RuleOutcome]:
    return {thing.subject: thing.outcome for thing in result.things}


# --- in the engine ----------------------------------------------------------------------------------------------


def test_each_of_the_four_outcomes() -> None:
    events = [TriggeringEvent.due_on(key, TODAY) for key in range(3)]
    events += [
        TriggeringEvent.due_on(3, date(2024, 6, 19)),
        TriggeringEvent.without_deadline(4),
        TriggeringEvent.without_deadline(5),
    ]
    deeds = [Fulfilment(0, TODAY.toordinal()), Fulfilment(1, TODAY.toordinal() + 1), Fulfilment(4, 0)]
    assert Engine().duties(events, deeds, TODAY) == [
        RuleOutcome.PASSED,
        RuleOutcome.LATE,
        RuleOutcome.PENDING,
        RuleOutcome.MISSING,
        RuleOutcome.PASSED,
        RuleOutcome.MISSING,
    ]


def test_a_late_deed_beside_one_in_time_does_not_count() -> None:
    deeds = [Fulfilment(0, 99), Fulfilment(0, 5), Fulfilment(0, 5)]
    assert Engine().duties([TriggeringEvent(0, 10, 11)], deeds, TODAY) == [RuleOutcome.PASSED]


def test_a_deed_without_an_event_is_harmless() -> None:
    assert Engine().duties([TriggeringEvent.without_deadline(0)], [Fulfilment(7, 1)], TODAY) == [RuleOutcome.MISSING]


def test_no_duty_is_no_outcome() -> None:
    assert Engine().duties([], [Fulfilment(0, 1)], TODAY) == []


def test_no_outcome_is_lost_over_many_runs() -> None:
    """More than one part, several deeds of one event, several events of one thing; forty runs of each."""
    chance, engine = random.Random(11), Engine()
    today = TODAY.toordinal()
    for _ in range(40):
        events = [
            TriggeringEvent(number // 2, today + chance.randrange(-5, 5), today + chance.randrange(-5, 5))
            for number in range(2 * JOIN + 50)
        ]
        deeds = [Fulfilment(chance.randrange(JOIN + 40), today + chance.randrange(-5, 5)) for _ in range(JOIN)]
        done: dict[int, list[int]] = {}
        for deed in deeds:
            done.setdefault(deed.key, []).append(deed.on)
        expected = []
        for event in events:
            days = done.get(event.key, [])
            late = (
                RuleOutcome.LATE if days else RuleOutcome.MISSING if event.missed_from <= today else RuleOutcome.PENDING
            )
            expected.append(RuleOutcome.PASSED if any(day <= event.due for day in days) else late)
        assert engine.duties(events, deeds, TODAY) == expected


def test_a_fact_that_does_not_arrive_is_an_error_and_not_a_missing_deed(monkeypatch: pytest.MonkeyPatch) -> None:
    never = {"all": [{"m": {"role": -1}}], "told_by": ""}
    monkeypatch.setattr(engine_module, "_DUTY_RULES", [*engine_module._DUTY_RULES[:-1], never])
    with pytest.raises(EngineError, match="0 of 1 facts arrived"):
        Engine().duties([TriggeringEvent.without_deadline(0)], [Fulfilment(0, 1)], TODAY)


# --- as a rule --------------------------------------------------------------------------------------------------


def test_in_time_late_missing_and_not_yet_due_are_told_apart() -> None:
    result = one(
        overdue("in time", since="2024-06-10"),
        note("in time", "2024-06-13"),
        overdue("late", since="2024-06-10"),
        note("late", "2024-06-14"),
        overdue("missing", since="2024-06-10"),
        overdue("not yet", since="2024-06-17"),
        as_of=TODAY,
    )
    assert (result.status, result.numerator, result.denominator, result.shortfall) == (Status.FAIL, 1, 3, 2)
    assert outcomes(result) == {
        "in time": RuleOutcome.PASSED,
        "late": RuleOutcome.LATE,
        "missing": RuleOutcome.MISSING,
        "not yet": RuleOutcome.PENDING,
    }
    assert result.tally == {"passed": 1, "late": 1, "missing": 1, "not_yet_due": 1}


def test_the_last_day_is_in_time_and_the_day_after_is_not() -> None:
    case = overdue("H1", since="2024-06-10")  # three working days: 13/06
    assert one(case, as_of=date(2024, 6, 13)).reason is RuleOutcome.PENDING
    assert one(case, as_of=date(2024, 6, 14)).status is Status.FAIL
    assert one(case, note("H1", "2024-06-13")).status is Status.PASS
    assert one(case, note("H1", "2024-06-14")).status is Status.FAIL


def test_a_figure_of_a_violation_says_the_last_day_and_the_day_it_was_done() -> None:
    late, missing = one(
        overdue("H1", since="2024-06-10"), note("H1", "2024-06-20"), overdue("H2", since="2024-06-10")
    ).failing
    assert late.details == {"due": "2024-06-13", "done_on": "2024-06-20"}
    assert missing.details == {"due": "2024-06-13", "done_on": ""}


def test_nothing_but_what_is_not_yet_due_is_pending_until_the_earliest_day() -> None:
    result = one(overdue("H1", since="2024-06-19"), overdue("H2", since="2024-06-18"), as_of=TODAY)
    assert (result.status, result.reason, result.due) == (Status.PENDING, RuleOutcome.PENDING, date(2024, 6, 21))
    assert (result.numerator, result.denominator, result.value, result.shortfall) == (0, 0, None, None)


def test_no_event_makes_no_duty() -> None:
    result = one(note("H9", "2024-06-03"))
    assert (result.status, result.reason) == (Status.NOT_APPLICABLE, RuleOutcome.NOTHING)


def test_only_what_meets_the_conditions_is_the_deed() -> None:
    case = overdue("H1", since="2024-06-03")
    assert one(case, note("H1", "2024-06-04", by_head=False)).status is Status.FAIL
    assert one(case, note("H1", "2024-06-04")).status is Status.PASS


def test_another_units_deed_about_the_same_thing_does_not_count() -> None:
    pack = sample.pack(rules=[sample.DUTY_RULE])
    facts = [overdue("H1", "U", since="2024-06-03"), note("H1", "2024-06-04", "V")]
    first, second = judge([pack], facts, sample.units("U", "V"), JUNE, deadline_of=reckon).results
    assert (first.status, second.status) == (Status.FAIL, Status.NOT_APPLICABLE)


def test_a_duty_without_a_deadline_is_missing_at_once_and_never_late() -> None:
    requires = {"note": {"where": {"note.by_head": {"equals": True}}}}
    case = overdue("H1", since="2024-06-19")
    assert one(case, as_of=TODAY, requires=requires).status is Status.FAIL
    assert one(case, note("H1", "2024-12-31"), as_of=TODAY, requires=requires).status is Status.PASS


def test_what_the_rule_does_not_apply_to_makes_no_duty() -> None:
    cases = [overdue("H1", since="", flag=False), overdue("H2", since="2024-06-03", flag=True)]
    result = one(*cases, applies_when={"overdue.flag": {"equals": True}})
    assert (result.denominator, [thing.subject for thing in result.failing]) == (1, ["H2"])


def test_a_parameter_decides_how_days_are_counted() -> None:
    pack = sample.pack(rules=[sample.DUTY_RULE])
    facts = [overdue("H1", since="2024-06-13"), note("H1", "2024-06-18")]  # Thursday; the Tuesday after

    def status(**overrides: str) -> Status:
        (result,) = judge([pack], facts, sample.units("U"), JUNE, overrides, deadline_of=reckon).results
        return result.status

    assert status() is Status.PASS  # three working days: Tuesday 18/06
    assert status(counting="calendar_days") is Status.FAIL  # Sunday 16/06 is no working day: Monday 17/06


def test_an_event_without_its_day_is_refused() -> None:
    with pytest.raises(FactError, match="“since” phải là ngày dạng 2024-01-31"):
        one(overdue("H1", since=""))


# --- deadlines are kept as facts --------------------------------------------------------------------------------


def test_the_deadlines_used_are_told_so_that_no_calendar_is_needed_again() -> None:
    facts = [overdue("H1", since="2024-06-10"), overdue("H2", since="2024-06-10"), overdue("H3", since="2024-06-14")]
    first = judged(*facts)
    told = [fact for fact in first.premises if fact["kind"] == "deadline"]
    assert {fact["subject"]: fact["due"] for fact in told} == {
        "2024-06-10 +3 working_days": "2024-06-13",
        "2024-06-14 +3 working_days": "2024-06-19",
    }
    pack = sample.pack(rules=[sample.DUTY_RULE])
    again = judge([pack], [*facts, *first.premises], sample.units("U"), JUNE)
    assert again.results == first.results
    assert again.premises == first.premises


def test_a_stored_deadline_wins_over_the_calendar() -> None:
    deadlines = Deadlines("2024-06", reckon)
    deadlines.take({"kind": "deadline", "subject": "2024-06-10 +3 working_days", "due": "2024-06-30"})
    assert deadlines.last_day(date(2024, 6, 10), 3, DayKind.WORKING_DAYS) == date(2024, 6, 30)


def test_without_fact_and_calendar_there_is_no_deadline() -> None:
    with pytest.raises(DomainError, match=r"thiếu thời hạn “2024-06-10 \+3 working_days”"):
        Deadlines("2024-06", None).last_day(date(2024, 6, 10), 3, DayKind.WORKING_DAYS)


def test_holidays_and_swapped_saturdays_count_as_the_calendar_says() -> None:
    assert reckon(date(2024, 4, 26), 3, DayKind.WORKING_DAYS) == date(2024, 5, 4)  # a Saturday worked in exchange
    assert reckon(date(2024, 4, 26), 3, DayKind.CALENDAR_DAYS) == date(2024, 5, 2)  # 29/04 to 01/05 are off


# --- over the end of a month ------------------------------------------------------------------------------------


JULY = Period.parse("2024-07")


def in_month(month: Period, *facts: dict[str, object]) -> RuleResult:
    pack = sample.pack(rules=[sample.DUTY_RULE])
    told = [fact | {"period": month.key} for fact in facts]
    (result,) = judge([pack], told, sample.units("U"), month, deadline_of=reckon).results
    return result


def test_a_duty_is_judged_in_the_month_in_which_its_last_day_falls_and_not_again() -> None:
    case = overdue("H1", since="2024-06-27")  # three working days: 02/07
    assert in_month(JUNE, case).reason is RuleOutcome.PENDING
    assert outcomes(in_month(JULY, case)) == {"H1": RuleOutcome.MISSING}
    earlier = overdue("H2", since="2024-06-25")  # 28/06
    assert outcomes(in_month(JUNE, earlier)) == {"H2": RuleOutcome.MISSING}
    (owed,) = in_month(JULY, earlier).subjects
    assert owed == SubjectLine("H2", SubjectState.MISSING, date(2024, 6, 28), since=date(2024, 6, 28))


def test_a_duty_due_on_the_first_of_a_month_is_judged_in_that_month_and_in_no_other() -> None:
    case = overdue("H1", since="2024-06-26")  # three working days, 27 and 28 June and 1 July
    assert in_month(JUNE, case).reason is RuleOutcome.PENDING
    assert outcomes(in_month(JULY, case)) == {"H1": RuleOutcome.MISSING}
    done = note("H1", "2024-07-01")
    assert in_month(JULY, case, done).tally == {"passed": 1}
    assert in_month(JULY.next(), case, done).tally == {"settled_before": 1}
    assert outcomes(in_month(JULY.next(), case)) == {"H1": RuleOutcome.MISSING}


def test_a_duty_done_in_time_counts_in_the_month_of_its_last_day() -> None:
    case, done = overdue("H1", since="2024-06-27"), note("H1", "2024-06-28")  # last day 02/07
    assert in_month(JUNE, case, done).status is Status.NOT_APPLICABLE
    assert (in_month(JULY, case, done).numerator, in_month(JULY, case, done).denominator) == (1, 1)
    in_july = note("H1", "2024-07-02")
    assert (in_month(JULY, case, in_july).numerator, in_month(JULY, case, in_july).denominator) == (1, 1)


def test_what_is_done_late_in_its_own_month_fails_there_and_in_no_later_one() -> None:
    case, done = overdue("H1", since="2024-06-10"), note("H1", "2024-06-14")  # last day 13/06
    june = in_month(JUNE, case, done)
    assert june.status is Status.FAIL
    assert june.subjects == (SubjectLine("H1", SubjectState.LATE, date(2024, 6, 13), done_on=date(2024, 6, 14)),)
    assert in_month(JULY, case, done).status is Status.NOT_APPLICABLE


def test_what_is_done_in_a_later_month_was_missing_in_its_own_and_fails_the_later_one_no_more() -> None:
    case, done = overdue("H1", since="2024-06-10"), note("H1", "2024-08-01")
    assert in_month(JUNE, case, done).subjects == (SubjectLine("H1", SubjectState.MISSING, date(2024, 6, 13)),)
    july, august = in_month(JULY, case, done), in_month(JULY.next(), case, done)
    assert (july.status, july.denominator) == (Status.FAIL, 1)
    assert july.subjects[0].since == date(2024, 6, 13)
    assert (august.status, august.numerator, august.denominator) == (Status.PASS, 0, 0)
    assert august.subjects == (
        SubjectLine("H1", SubjectState.LATE, date(2024, 6, 13), date(2024, 6, 13), date(2024, 8, 1)),
    )
    assert in_month(JULY.next().next(), case, done).status is Status.NOT_APPLICABLE


def test_what_was_given_back_is_not_done() -> None:
    requires = {
        "note": {
            "done_on": "note.sent_on",
            "returned": "note.by_head",  # stands for the mark here
            "within": {"working_days": 3, "after": "overdue.since"},
        }
    }
    case = overdue("H1", since="2024-06-10")
    given_back = one(case, note("H1", "2024-06-12", by_head=True), requires=requires)
    assert [line.status for line in given_back.subjects] == [SubjectState.RETURNED]
    kept = one(case, note("H1", "2024-06-12", by_head=False), requires=requires)
    assert [line.status for line in kept.subjects] == [SubjectState.KEPT]


def test_what_falls_due_after_the_period_is_pending_only_while_its_day_has_not_passed() -> None:
    pack = sample.pack(rules=[sample.DUTY_RULE])
    case = overdue("H1", since="2024-06-27")  # last day 02/07

    def seen_on(day: date) -> Status:
        (result,) = judge([pack], [case], sample.units("U"), JUNE, looked_on=day, deadline_of=reckon).results
        return result.status

    assert seen_on(date(2024, 7, 1)) is Status.PENDING
    assert seen_on(date(2024, 7, 2)) is Status.PENDING
    assert seen_on(date(2024, 7, 3)) is Status.NOT_APPLICABLE  # July judges it


def test_a_quarter_judges_what_its_months_do() -> None:
    quarter = Period.parse("2024-Q2")
    assert outcomes(in_month(quarter, overdue("H1", since="2024-06-25"))) == {"H1": RuleOutcome.MISSING}
    assert in_month(quarter, overdue("H2", since="2024-03-20"), note("H2", "2024-03-30")).tally == {"settled_before": 1}
