"""A promise is a history: what was promised, since when, and what was broken. Pure, without a database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cases import population
from app.cases.timeline import CaseState, Event, OutOfOrder, project
from app.cases.vocabulary import EventKind, PromiseCause
from app.core.calendar import PauseMode, TimeUnit, WorkingCalendar
from tests.cases.test_timeline import CALENDAR, folded, life, terms
from tests.clock import at

K, C = EventKind, PromiseCause
RECEIVED = (K.RECEIVED, "2024-06-03 08:30")  # five working days: promised Monday 10/06
LAST = "2024-06-10 23:59:59"


def moved(when: str, day: str) -> Any:
    """Other software now gives that day."""
    return K.PROMISE_MOVED, when, {"promised_at": at(f"{day} 23:59:59").isoformat()}


def letter(when: str, day: str, **more: Any) -> Any:
    """An apology that gives that day."""
    return K.APOLOGISED, when, {"new_due_at": at(f"{day} 23:59:59").isoformat()} | more


def done(when: str) -> tuple[Any, Any]:
    return (K.RESOLVED, when), (K.CLOSED, when)


def history(state: CaseState) -> list[tuple[str, PromiseCause, str | None, bool]]:
    """Since, why, until when, and whether it is broken where the case is still open."""
    return [
        (
            made.since.astimezone(CALENDAR.zone).strftime("%d/%m"),
            made.cause,
            made.due_at and CALENDAR.local_day(made.due_at).strftime("%d/%m"),
            bool(population.broken(made, state, at("2024-12-31 12:00"))),
        )
        for made in state.promises
    ]


def late_on(state: CaseState, day: str) -> bool:
    """At the end of that day."""
    return bool(population.late(state, at(f"{day} 23:59:59")))


@pytest.mark.parametrize("day", ["2024-06-20", "2024-08-15"])
def test_a_date_given_after_the_promise_had_passed_stands_beside_the_breach(day: str) -> None:
    state = folded(RECEIVED, moved("2024-06-25 09:00", day))
    assert [(since, broken) for since, _why, _due, broken in history(state)] == [("03/06", True), ("25/06", True)]
    assert state.due_at == at(f"{day} 23:59:59")
    assert state.late_after == at(LAST)
    assert [late_on(state, f"2024-06-{d}") for d in (10, 11, 26)] == [False, True, True]


def test_a_date_given_in_the_last_moment_takes_the_place_of_the_old_one() -> None:
    in_time, too_late = folded(RECEIVED, moved(LAST, "2024-06-20")), folded(RECEIVED, moved("2024-06-11", "2024-06-20"))
    assert (in_time.late_after, too_late.late_after) == (at("2024-06-20 23:59:59"), at(LAST))
    assert history(in_time)[0] == ("03/06", C.RECEPTION, "10/06", False)


def test_a_date_given_when_the_case_had_ended_binds_nobody() -> None:
    """File 35 of the findings: promised 10/06, closed 20/06; a later file says 20/06."""
    state = folded(RECEIVED, *done("2024-06-20 09:00"), moved("2024-06-25 09:00", "2024-06-20"))
    assert state.due_at == state.late_after == at(LAST)
    assert population.ended_late(state)
    assert history(state) == [("03/06", C.RECEPTION, "10/06", True), ("25/06", C.OTHER_SOFTWARE, "20/06", False)]
    kept = folded(RECEIVED, *done("2024-06-07 09:00"), moved("2024-06-25 09:00", "2024-06-05"))
    assert population.ended_in_time(kept)
    assert not any(broken for *_rest, broken in history(kept))


def test_a_date_that_had_passed_when_it_was_given_is_broken_from_then_on() -> None:
    state = folded(RECEIVED, moved("2024-06-07 09:00", "2024-06-05"))
    assert [late_on(state, day) for day in ("2024-06-06", "2024-06-07")] == [False, True]


def test_each_date_given_one_after_the_other_can_be_broken() -> None:
    state = folded(RECEIVED, letter("2024-06-12 09:00", "2024-06-20"), letter("2024-06-24 09:00", "2024-06-28"))
    assert [broken for *_rest, broken in history(state)] == [True, True, True]
    assert state.late_after == at(LAST)


def test_a_letter_about_lateness_moves_the_promise_before_it_had_passed_and_one_about_a_mistake_never() -> None:
    before = folded(RECEIVED, letter("2024-06-10 16:00", "2024-06-17"))
    assert history(before) == [("03/06", C.RECEPTION, "10/06", False), ("10/06", C.LETTER, "17/06", True)]
    assert before.late_after == at("2024-06-17 23:59:59")
    mistake = folded(RECEIVED, letter("2024-06-07 16:00", "2024-06-17", wrong=True))
    undated = folded(RECEIVED, (K.APOLOGISED, "2024-06-07 16:00", {"number": "1/XL"}))
    for state in (mistake, undated):
        assert (len(state.promises), state.late_after) == (1, at(LAST))


@pytest.mark.parametrize(
    ("asked", "stops"), [("2024-06-10 16:00", True), (LAST, True), ("2024-06-11 00:00", False), ("2024-06-20", False)]
)
@pytest.mark.parametrize("outside", [False, True])
def test_a_clock_that_stops_in_time_makes_nothing_late_whoever_gave_the_promise(
    asked: str, stops: bool, outside: bool
) -> None:
    received = (*RECEIVED, {"promised_at": at(LAST).isoformat()} if outside else {})
    state = folded(received, (K.SUPPLEMENT_REQUESTED, asked))
    assert (state.late_after, late_on(state, "2024-06-30")) == ((None, False) if stops else (at(LAST), True))
    assert len(state.promises) == (2 if stops else 1)


def test_a_given_date_is_moved_by_the_time_the_clock_stood() -> None:
    given_day = {"promised_at": at(LAST).isoformat()}
    stood = ((K.SUPPLEMENT_REQUESTED, "2024-06-05 09:00"), (K.SUPPLEMENTED, "2024-06-12 09:00"))  # 5 working days
    assert folded((*RECEIVED, given_day), *stood).due_at == at("2024-06-17 23:59:59")
    assert folded((*RECEIVED, given_day), *stood, mode=PauseMode.RESTART).due_at == at("2024-06-19 23:59:59")
    assert folded((*RECEIVED, given_day), *stood, mode=PauseMode.NONE).due_at == at(LAST)
    hours = {"unit": TimeUnit.WORKING_HOURS, "amount": 8}
    state = folded((*RECEIVED, {"promised_at": at("2024-06-05 10:00").isoformat()}), *stood, **hours)
    assert state.due_at == at("2024-06-12 10:00")
    days = {"unit": TimeUnit.CALENDAR_DAYS, "amount": 5}
    assert folded((*RECEIVED, given_day), *stood, **days).due_at == at("2024-06-17 23:59:59")


def test_a_date_given_while_the_clock_stands_counts_from_when_it_runs_again() -> None:
    asked = K.SUPPLEMENT_REQUESTED, "2024-06-05 09:00"
    standing = folded(RECEIVED, asked, moved("2024-06-12 09:00", "2024-06-14"))
    assert (standing.due_at, standing.late_after) == (None, None)
    again = folded(RECEIVED, asked, moved("2024-06-12 09:00", "2024-06-14"), (K.SUPPLEMENTED, "2024-06-17 09:00"))
    assert again.due_at == at("2024-06-19 23:59:59")  # three working days after it


def test_a_case_withdrawn_or_refused_while_the_clock_stands_is_not_late() -> None:
    for how in (K.WITHDRAWN, K.REFUSED, K.STOPPED):
        state = folded(RECEIVED, (K.SUPPLEMENT_REQUESTED, "2024-06-10 16:00"), (how, "2024-07-30 09:00"))
        assert population.ended_in_time(state)
        late = folded(RECEIVED, (how, "2024-06-11 00:00"))
        assert population.ended_late(late)


def test_a_correction_takes_a_breach_away_and_says_so() -> None:
    wrong = (RECEIVED, (K.SUPPLEMENT_REQUESTED, "2024-06-12 09:00"))
    assert folded(*wrong).late_after == at(LAST)
    right = {"corrects": 2, "at": at("2024-06-10 09:00").isoformat()}
    state = folded(*wrong, (K.CORRECTED, "2024-06-13 09:00", right))
    assert state.late_after is None
    assert history(state)[-1][1] is C.CORRECTION
    events = [*life(*wrong), Event(3, K.CORRECTED, at("2024-06-13 09:00"), "Lê Hoa", data=right, corrects=2)]
    assert project(terms(), events, CALENDAR).promises[-1].actor == "Lê Hoa"


def test_a_day_off_announced_later_moves_the_promise_that_was_counted_and_not_one_that_was_given() -> None:
    off = WorkingCalendar(days_off={at("2024-06-07 12:00").date(): "Ngày nghỉ"})
    counted = project(terms(), life(RECEIVED), off)
    given_day = project(terms(), life((*RECEIVED, {"promised_at": at(LAST).isoformat()})), off)
    assert (counted.late_after, given_day.late_after) == (at("2024-06-11 23:59:59"), at(LAST))


KINDS = (K.PROMISE_MOVED, K.APOLOGISED, K.SUPPLEMENT_REQUESTED, K.SUPPLEMENTED, K.RESOLVED, K.CLOSED, K.WITHDRAWN)
steps = st.tuples(st.sampled_from(KINDS), st.integers(0, 60), st.integers(0, 6))


@given(st.lists(steps, max_size=8), st.sampled_from(list(PauseMode)), st.booleans(), st.integers(0, 400))
def test_nothing_that_happens_later_changes_who_was_late(
    life_of_it: list[Any], mode: PauseMode, outside: bool, hours: int
) -> None:
    """Seen from any instant, a case is as late as it was when nothing after it was known."""
    begin = at("2024-06-03 08:30")
    events = [Event(1, K.RECEIVED, begin, data={"promised_at": at(LAST).isoformat()} if outside else {})]
    moment = begin
    for kind, later, days in life_of_it:
        moment += timedelta(hours=later)
        day = CALENDAR.end_of_day(CALENDAR.local_day(moment + timedelta(days=days - 1))).isoformat()
        data = {K.PROMISE_MOVED: {"promised_at": day}, K.APOLOGISED: {"new_due_at": day}}.get(kind, {})
        event = Event(len(events) + 1, kind, moment, data=data)
        try:
            project(terms(mode), [*events, event], CALENDAR)
        except OutOfOrder:
            continue
        events.append(event)
    as_of = begin + timedelta(hours=hours, minutes=30)
    known = project(terms(mode), [event for event in events if event.at < as_of], CALENDAR)
    now = project(terms(mode), events, CALENDAR)
    assert population.late(known, as_of) == population.late(now, as_of)
    assert population.open_overdue(known, as_of) == population.open_overdue(now, as_of)
