"""Who is in which population, by hand: at the instant, a moment before and a moment after; of a row and of a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from app.cases import population as p
from app.cases.models import Case, Consultation
from app.cases.population import Bucket
from app.cases.vocabulary import Channel, Knows, ReturnMethod
from app.core.calendar import WorkingCalendar
from app.organisation.access import Scope
from tests.cases.tables import RECEIVED, case, question, whether
from tests.clock import ZONE, at

CALENDAR = WorkingCalendar()
MOMENT = timedelta(microseconds=1)
START, END = at("2024-06-03 00:00"), at("2024-06-08 00:00")  # a week, Monday to Friday
DUE = at("2024-06-05 23:59:59")
BEFORE, WITHIN = START - MOMENT, at("2024-06-04 10:00")

NAMES = (
    *("late_after", "due_at", "ended_at", "closed_at", "result_at", "paused_at", "delivered_at", "annulled_at"),
    *("files_digitised_at", "result_digitised_at", "electronic_result_at", "electronic_days", "supplement_by"),
    *("answered_at", "import_id"),
)


def row(**told: Any) -> Any:
    """A case, a stay or a question, of which nothing is known but this."""
    blank = dict.fromkeys(NAMES)
    desk = {"returns_result": True, "return_method": ReturnMethod.IN_PERSON, "channel": Channel.IN_PERSON, "knows": 0}
    return SimpleNamespace(**blank | desk | {"received_at": RECEIVED} | told)


def when(name: str, *moments: Any, **more: Any) -> list[Any]:
    return [row(**{name: moment}, **more) for moment in moments]


def answers(population: Callable[[Any], Any], rows: list[Any], table: Any = Case) -> list[bool]:
    """What a population says of each row; a table that holds the same says so too."""
    said = [population(each) for each in rows]
    make = case if table is Case else partial(question, unit=1)
    names = {name for name in vars(row()) if hasattr(table, name)}
    kept = [make(n, **{name: getattr(each, name) for name in names}) for n, each in enumerate(rows, 1)]
    assert whether(population(table), *kept, of=table) == said
    return said


@pytest.mark.parametrize(
    ("population", "expected"),
    [
        (lambda value: p.between(value, START, END), [False, False, True, True, False, False]),
        (lambda value: p.done(value, END), [False, True, True, True, False, False]),
        (lambda value: p.not_yet(value, END), [True, False, False, False, True, True]),
        (p.missing, [True, False, False, False, False, False]),
        (p.known, [False, True, True, True, True, True]),
    ],
)
def test_a_period_has_its_first_instant_and_not_its_last(
    population: Callable[[Any], Any], expected: list[bool]
) -> None:
    moments = [None, BEFORE, START, END - MOMENT, END, END + MOMENT]
    assert [population(moment) for moment in moments] == expected


@pytest.mark.parametrize(
    ("population", "expected"),
    [  # never ended; ended when it was due; a moment later; at the end of the period; after it; due at no time
        (p.ended_late, [False, False, True, True, True, False]),
        (p.ended_in_time, [False, True, False, False, False, False]),
        (lambda of: p.late(of, END), [True, False, True, True, True, False]),
        (lambda of: p.open_overdue(of, END), [True, False, False, True, True, False]),
        (lambda of: p.finished_late(of, START, END), [False, False, True, False, False, False]),
        (lambda of: p.overdue(of, START, END, END), [True, False, True, True, True, False]),
        (lambda of: p.overran(of, START, END), [False, False, True, False, False, False]),
        (lambda of: p.overran(of, DUE + MOMENT, END), [False, False, False, False, False, False]),
        (lambda of: p.overran(of, DUE, END), [False, False, True, False, False, False]),
        (lambda of: p.still_open(of, END)[0], [True, False, False, False, False, False]),
        (lambda of: p.still_open(of, END)[1], [False, False, False, True, True, False]),
        (lambda of: p.open_then(of, END)[0], [True, False, False, False, False, False]),
        (lambda of: p.open_then(of, END)[1], [False, False, False, True, True, True]),
        (lambda of: p.ended_by(of, END), [False, True, True, True, False, False]),
        (lambda of: p.ended_in(of, START, END), [False, True, True, False, False, False]),
        (lambda of: p.broken(of, of, END), [True, False, True, True, True, False]),
    ],
)
def test_late_is_after_the_due_instant_and_stays_late(population: Callable[[Any], Any], expected: list[bool]) -> None:
    rows = when("ended_at", None, DUE, DUE + MOMENT, END, END + MOMENT, late_after=DUE)
    assert answers(population, [*rows, row(ended_at=END + MOMENT)]) == expected


def test_what_is_due_at_the_instant_of_looking_is_not_late_yet() -> None:
    rows = when("late_after", END - MOMENT, END, END + MOMENT, None)
    assert answers(lambda of: p.past_due(of, END), rows) == [True, False, False, False]
    assert answers(lambda of: p.late(of, END), rows) == [True, False, False, False]
    assert answers(lambda of: p.broken(of, of, END), rows) == [True, False, False, False]
    a_day_on = END + timedelta(days=1)
    later = lambda of: p.due_later(of, END, a_day_on)  # noqa: E731
    assert answers(later, rows) == [False, True, True, False]
    assert answers(later, when("late_after", a_day_on, a_day_on - MOMENT)) == [
        False,
        True,
    ]
    within = lambda of: p.due_within(of, START, END)  # noqa: E731
    assert answers(within, [*rows, *when("late_after", START, BEFORE)]) == [True, True, False, False, True, False]


def test_before_the_due_day_is_on_an_earlier_day() -> None:
    earlier, same = at("2024-06-04 23:59:59"), at("2024-06-05 00:00")
    rows = [*when("ended_at", earlier, same, None, late_after=DUE), row(ended_at=earlier)]
    assert [p.ended_before_due_day(each, ZONE, END) for each in rows] == [True, False, False, False]


def test_a_result_in_time_that_is_not_closed_in_time_is_of_the_period_of_its_due_time_and_those_after_it() -> None:
    due = {"late_after": DUE, "result_at": DUE}
    rows = [
        row(**due),  # open
        row(**due, ended_at=END, closed_at=END),  # closed since then
        row(**due, ended_at=DUE + MOMENT, closed_at=DUE + MOMENT),  # closed late, in the period
        row(**due, ended_at=DUE, closed_at=DUE),  # in time
        row(**due, ended_at=DUE + MOMENT),  # ended, and not by closing it
        row(late_after=DUE, result_at=DUE + MOMENT),  # the result itself was late
        row(late_after=DUE),  # no result
        row(late_after=END, result_at=DUE),  # not due yet
    ]
    this = lambda of: p.not_closed(of, START, END, END)  # noqa: E731
    assert answers(this, rows) == [True, True, True, False, False, False, False, False]
    next_week = END, END + timedelta(days=7)
    after = lambda of: p.not_closed(of, *next_week, next_week[1])  # noqa: E731
    assert answers(after, rows) == [True, False, False, False, False, False, False, True]
    assert answers(p.resulted_in_time, rows) == [True, True, True, True, True, False, False, True]


def test_the_day_on_which_it_became_late_is_the_morning_after_a_due_day_and_the_day_of_a_due_hour() -> None:
    assert p.became_overdue(DUE, CALENDAR) == date(2024, 6, 6)
    for hour in ("16:30", "23:59:58"):
        assert p.became_overdue(at(f"2024-06-05 {hour}"), CALENDAR) == date(2024, 6, 5)
    assert p.last_day(END, CALENDAR) == date(2024, 6, 7)
    assert p.last_day(END + MOMENT, CALENDAR) == date(2024, 6, 8)


@pytest.mark.parametrize(
    ("late_after", "bucket"),
    [
        ("2024-06-05 09:59:59", Bucket.OVERDUE),
        ("2024-06-05 10:00", Bucket.TODAY),
        ("2024-06-05 23:59:59", Bucket.TODAY),
        ("2024-06-06 08:00", Bucket.SOON),
        ("2024-06-07 23:59:59", Bucket.SOON),  # two working days ahead
        ("2024-06-10 00:00", Bucket.LATER),
        (None, Bucket.PAUSED),
    ],
)
def test_an_open_case_is_as_urgent_as_its_day(late_after: str | None, bucket: Bucket) -> None:
    of, now = row(late_after=at(late_after) if late_after else None), at("2024-06-05 10:00")
    assert p.bucket_of(of, CALENDAR, now) is bucket
    assert [each for each in Bucket if p.in_bucket(of, each, CALENDAR, now)] == [bucket]


def test_the_horizon_is_the_end_of_a_working_day_and_of_today_for_none() -> None:
    saturday = at("2024-06-08 10:00")
    assert p.horizon(CALENDAR, saturday, 0) == at("2024-06-08 23:59:59")
    assert p.horizon(CALENDAR, saturday, 1) == at("2024-06-10 23:59:59")
    assert p.horizon(CALENDAR, WITHIN, 2) == at("2024-06-06 23:59:59")


def test_waiting_for_the_applicant_and_for_opinions() -> None:
    now, since = at("2024-06-07 15:00"), at("2024-06-05 00:00")  # two days before the day it is
    long = lambda of: p.paused_long(of, CALENDAR, now, 2)  # noqa: E731
    assert answers(long, when("paused_at", since - MOMENT, since, None)) == [True, False, False]
    assert not long(row(paused_at=since - MOMENT, ended_at=since))
    missed = lambda of: p.supplement_missed(of, date(2024, 6, 7))  # noqa: E731
    assert answers(missed, when("supplement_by", date(2024, 6, 6), date(2024, 6, 7), None)) == [True, False, False]
    assert not missed(row(supplement_by=date(2024, 6, 6), ended_at=since))
    asked = lambda of: p.answer_overdue(of, DUE)  # noqa: E731
    assert answers(asked, when("due_at", DUE - MOMENT, DUE, None), Consultation) == [True, False, False]
    assert not asked(row(due_at=DUE - MOMENT, answered_at=DUE))


def test_a_change_of_the_calendar_may_move_what_is_due_from_then_on_or_stands() -> None:
    moved = lambda of: p.may_move(of, DUE)  # noqa: E731
    assert answers(moved, when("due_at", DUE - MOMENT, DUE, DUE + MOMENT)) == [False, True, True]
    assert answers(moved, when("late_after", DUE - MOMENT, DUE, DUE + MOMENT)) == [False, True, True]
    assert answers(moved, when("paused_at", None, DUE - MOMENT)) == [False, True]


def test_a_result_waits_at_the_desk_for_a_year_for_who_comes_for_it() -> None:
    year_ago = END - timedelta(days=365)
    waits = lambda of: p.to_collect(of, END)  # noqa: E731
    assert answers(waits, when("result_at", year_ago, year_ago + MOMENT, None)) == [False, True, False]
    told = {"result_at": WITHIN}
    assert not waits(row(**told, delivered_at=END))
    assert not waits(row(**told, returns_result=False))
    assert not waits(row(**told, return_method=ReturnMethod.POST))
    assert not waits(row(**told, import_id=7)), "a file does not tell how the result is wanted"
    assert waits(row(**told, import_id=7, knows=int(Knows.RETURN)))
    assert answers(p.unclosed, [row(**told), row(**told, ended_at=END), row()]) == [True, False, False]


EVERYTHING = int(Knows.EVERYTHING)


@pytest.mark.parametrize("name", ["received_at", "ended_at", "result_at"])
def test_what_is_of_a_period_is_so_from_its_start_to_its_end(name: str) -> None:
    rows = when(name, BEFORE, START, END - MOMENT, END)
    asked = {"received_at": p.received_in, "ended_at": p.ended_in, "result_at": p.result_given}[name]
    assert answers(lambda of: asked(of, START, END), rows) == [False, True, True, False]
    aside = {"annulled_at": WITHIN} if name != "result_at" else {"returns_result": False}
    assert not asked(row(**{name: WITHIN}, **aside), START, END)


def test_a_file_is_digitised_by_a_scan_or_because_it_came_online_and_where_that_was_told() -> None:
    came = {"received_at": WITHIN}
    rows = [
        row(**came, knows=EVERYTHING),  # told, and not digitised
        row(**came, knows=EVERYTHING, files_digitised_at=END - MOMENT),
        row(**came, knows=EVERYTHING, files_digitised_at=END),  # later than the looking
        row(**came, knows=EVERYTHING, channel=Channel.ONLINE),
        row(**came, knows=0, channel=Channel.ONLINE),  # nobody told how it came
        row(**came, knows=0, files_digitised_at=WITHIN),
        row(**came, knows=0),
        row(received_at=END, knows=EVERYTHING),
    ]
    digital = lambda of: p.file_digital(of, END)  # noqa: E731
    assert answers(digital, rows) == [False, True, False, True, False, True, False, False]
    assert answers(lambda of: p.file_known(of, END), rows) == [True, True, True, True, False, True, False, True]
    undone = lambda of: p.files_not_digitised(of, START, END, END)  # noqa: E731
    assert answers(undone, rows) == [True, False, True, False, False, False, False, False]
    unknown = lambda of: p.files_unknown(of, START, END, END)  # noqa: E731
    assert answers(unknown, rows) == [False, False, False, False, True, False, True, False]


def test_only_a_data_file_that_came_online_needs_no_scan() -> None:
    rows = [row(channel=channel, knows=EVERYTHING) for channel in (Channel.ONLINE, Channel.POST, Channel.IN_PERSON)]
    assert answers(p.came_electronically, rows) == [True, False, False]
    knows_alone = [row(channel=Channel.ONLINE, knows=knows) for knows in (Knows.CHANNEL, EVERYTHING & ~Knows.CHANNEL)]
    assert answers(p.came_electronically, knows_alone) == [True, False]


def test_that_nothing_is_due_says_only_a_procedure_that_somebody_has_looked_at() -> None:
    assert [p.fee_known(fee, looked) for fee in (0, 600_000) for looked in (False, True)] == [False, True, True, True]


def _in(population: Callable[..., Any], span: tuple[Any, ...], of: Any) -> Any:
    return population(of, *span)


def test_a_result_is_digitised_and_electronic_by_what_was_done_by_then() -> None:
    given = {"result_at": WITHIN, "ended_at": WITHIN, "closed_at": WITHIN}
    rows = [
        row(**given, knows=EVERYTHING),
        row(**given, knows=EVERYTHING, result_digitised_at=WITHIN),
        row(**given, knows=EVERYTHING, electronic_result_at=WITHIN, electronic_days=0),
        row(**given, knows=EVERYTHING, electronic_result_at=WITHIN, electronic_days=2),
        row(**given, knows=EVERYTHING, electronic_result_at=END, electronic_days=0),
        row(**given, knows=0),
        row(**given, knows=0, electronic_result_at=WITHIN, electronic_days=0),
        row(**given | {"result_at": END, "ended_at": END}, knows=EVERYTHING),
        row(**given, knows=EVERYTHING, returns_result=False),
    ]
    span = START, END, END
    expected: dict[Callable[..., Any], list[int]] = {
        p.result_not_digitised: [1, 0, 0, 0, 1, 0, 0, 0, 0],
        p.result_unknown: [0, 0, 0, 0, 0, 1, 0, 0, 0],
        p.no_electronic_result: [1, 1, 0, 1, 1, 0, 0, 0, 0],
        p.electronic_unknown: [0, 0, 0, 0, 0, 1, 0, 0, 0],
        p.result_not_attached: [1, 0, 0, 0, 1, 0, 0, 0, 0],
        p.attached_unknown: [0, 0, 0, 0, 0, 1, 0, 0, 0],
    }
    for population, told in expected.items():
        assert answers(partial(_in, population, span), rows) == [bool(each) for each in told], population.__name__
    days_later = [
        row(**given, knows=EVERYTHING, electronic_result_at=WITHIN, electronic_days=days) for days in range(3)
    ]
    assert answers(partial(_in, p.no_electronic_result, span), days_later) == [False, True, True]
    assert answers(partial(_in, p.no_electronic_result, (*span, 1)), days_later) == [False, False, True]
    closed = lambda of: p.closed_with_result(of, START, END)  # noqa: E731
    assert answers(closed, rows) == [True] * 7 + [False, False]
    for absent in ("closed_at", "result_at", "ended_at"):
        assert not closed(row(**given | {absent: None}))


def test_a_scope_reads_a_case_that_it_answers_for_has_had_or_was_asked_about() -> None:
    state = SimpleNamespace(
        holder_unit_id=2, stays=[SimpleNamespace(unit_id=3)], consultations=[SimpleNamespace(unit_id=4)]
    )
    reads = [p.may_read(Scope("so", frozenset({unit})), 1, state) for unit in (1, 2, 3, 4, 5)]  # type: ignore[arg-type]
    assert reads == [True, True, True, True, False]
    case = SimpleNamespace(unit_id=1, holder_unit_id=2)
    changes = [p.changeable_by(Scope("so", frozenset({unit})), case) for unit in (1, 2, 3)]
    assert changes == [True, True, False]


def test_parts_of_rows_are_put_together_as_answers() -> None:
    assert (p.both(True, True), p.both(True, False), p.both(False, False)) == (True, False, False)
    assert (p.either(True, False), p.either(False, False), p.either(False, True)) == (True, False, True)
    assert (p.opposite(True), p.opposite(False)) == (False, True)
