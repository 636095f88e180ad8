"""What the events of a case add up to: pure, without a database."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.cases.standing import Lateness, promise, standing_of
from app.cases.timeline import CaseState, Event, OutOfOrder, StageTerms, Terms, project
from app.cases.vocabulary import CaseStatus, EventKind, PaymentChannel
from app.core.calendar import PauseMode, TimeUnit, WorkingCalendar
from tests.clock import at

CALENDAR = WorkingCalendar()
DESK, DIVISION = 1, 2
STAGES = (
    StageTerms(1, "Tiếp nhận", DESK, 1),
    StageTerms(2, "Thẩm định", DIVISION, 3),
    StageTerms(3, "Trả kết quả", DESK, 1),
)
K = EventKind


def terms(mode: PauseMode = PauseMode.EXTEND, **changed: Any) -> Terms:
    return Terms(
        **{"amount": 5, "unit": TimeUnit.WORKING_DAYS, "pause_mode": mode, "unit_id": DIVISION, "stages": STAGES}
        | changed
    )


def life(*happened: tuple[EventKind, str] | tuple[EventKind, str, dict[str, Any]]) -> list[Event]:
    """Events from (kind, local time) or (kind, local time, what else)."""
    events = []
    for number, (kind, when, *more) in enumerate(happened, 1):
        fields = dict(more[0]) if more else {}
        corrects = fields.pop("corrects", None)
        events.append(Event(number, kind, at(when), data=fields, corrects=corrects))
    return events


def folded(*happened: Any, mode: PauseMode = PauseMode.EXTEND, **changed: Any) -> CaseState:
    return project(terms(mode, **changed), life(*happened), CALENDAR)


def test_a_received_case_is_in_its_first_stage_with_a_promise_over_the_holidays() -> None:
    state = folded((K.RECEIVED, "2024-04-26 09:00"))
    assert state.status is CaseStatus.RECEIVED
    assert state.due_at == state.promised_at == at("2024-05-07 23:59:59")
    assert (state.stage, state.holder_unit_id) == (1, DESK)
    assert state.stays[0].due_at == at("2024-05-02 23:59:59")


def test_stages_follow_each_other_and_their_time_is_counted() -> None:
    state = folded(
        (K.RECEIVED, "2024-06-03 08:00"), (K.HANDED_OVER, "2024-06-04 08:00"), (K.HANDED_OVER, "2024-06-10 08:00"),
        (K.RESOLVED, "2024-06-10 15:00"), (K.CLOSED, "2024-06-11 09:00"),
    )  # fmt: skip
    assert [(stay.unit_id, stay.used) for stay in state.stays] == [(DESK, 1), (DIVISION, 4), (DESK, 1)]
    assert state.stays[1].ended_at > state.stays[1].due_at  # 4 days of 3
    assert state.status is CaseStatus.CLOSED
    assert state.ended_at == state.closed_at == at("2024-06-11 09:00")
    assert state.ended_at > state.due_at


def test_a_supplement_moves_the_due_date_by_the_days_it_took() -> None:
    state = folded(
        (K.RECEIVED, "2024-06-03 08:00"), (K.SUPPLEMENT_REQUESTED, "2024-06-04 08:00"),
        (K.SUPPLEMENTED, "2024-06-06 08:00"),
    )  # fmt: skip
    assert state.promised_at == at("2024-06-10 23:59:59")
    assert state.due_at == at("2024-06-12 23:59:59")
    assert state.status is CaseStatus.IN_PROGRESS


def test_four_supplements_move_it_four_times() -> None:
    happened: list[Any] = [(K.RECEIVED, "2024-06-03 08:00")]
    for day in (4, 6, 11, 13):
        happened += [
            (K.SUPPLEMENT_REQUESTED, f"2024-06-{day:02} 08:00"),
            (K.SUPPLEMENTED, f"2024-06-{day + 1:02} 08:00"),
        ]
    assert folded(*happened).due_at == at("2024-06-14 23:59:59")


def test_while_the_clock_is_stopped_nothing_is_due() -> None:
    state = folded((K.RECEIVED, "2024-06-03 08:00"), (K.SUPPLEMENT_REQUESTED, "2024-06-04 08:00"))
    assert state.status is CaseStatus.SUPPLEMENT
    assert state.due_at is None
    assert state.paused_at == at("2024-06-04 08:00")
    assert state.stays[0].due_at is None


def test_a_case_late_when_its_clock_was_stopped_stays_late() -> None:
    state = folded((K.RECEIVED, "2024-06-03 08:00"), (K.SUPPLEMENT_REQUESTED, "2024-06-12 08:00"))
    assert state.due_at == at("2024-06-10 23:59:59")


def test_where_the_procedure_says_so_the_count_starts_again() -> None:
    state = folded(
        (K.RECEIVED, "2024-06-03 08:00"), (K.SUPPLEMENT_REQUESTED, "2024-06-04 08:00"),
        (K.SUPPLEMENTED, "2024-06-06 08:00"),
        mode=PauseMode.RESTART,
    )  # fmt: skip
    assert state.due_at == at("2024-06-13 23:59:59")


@pytest.mark.parametrize("mode", [PauseMode.EXTEND, PauseMode.RESTART])
def test_a_supplement_asked_for_at_the_moment_of_a_hand_over_belongs_to_the_next_stage(mode: PauseMode) -> None:
    state = folded(
        (K.RECEIVED, "2024-06-03 08:00"), (K.HANDED_OVER, "2024-06-04 08:00"),
        (K.SUPPLEMENT_REQUESTED, "2024-06-04 08:00"), (K.SUPPLEMENTED, "2024-06-06 08:00"), mode=mode,
    )  # fmt: skip
    first, second = state.stays
    assert (first.due_at, first.used) == (at("2024-06-04 23:59:59"), 1)  # one day of one, as if nothing had stopped
    assert second.due_at == at("2024-06-11 23:59:59")  # three days and two stopped; or three counted from 6 June


def test_a_supplement_asked_for_in_the_last_second_starts_the_count_again() -> None:
    for asked, due_at, used in (
        ("2024-06-04 23:59:59", "2024-06-07 23:59:59", 1),  # one day from 6 June: the 7th
        ("2024-06-05 00:00:00", "2024-06-04 23:59:59", 4),  # the day was over: 4, 5, 6 and 7 June are used
    ):
        state = folded(
            (K.RECEIVED, "2024-06-03 08:00"), (K.SUPPLEMENT_REQUESTED, asked), (K.SUPPLEMENTED, "2024-06-06 08:00"),
            (K.HANDED_OVER, "2024-06-07 08:00"), mode=PauseMode.RESTART,
        )  # fmt: skip
        assert (state.stays[0].due_at, state.stays[0].used) == (at(due_at), used)


def test_where_the_procedure_says_so_the_clock_runs_on() -> None:
    state = folded(
        (K.RECEIVED, "2024-06-03 08:00"), (K.SUPPLEMENT_REQUESTED, "2024-06-04 08:00"),
        (K.SUPPLEMENTED, "2024-06-06 08:00"),
        (K.HANDED_OVER, "2024-06-06 09:00"), mode=PauseMode.NONE,
    )  # fmt: skip
    assert state.due_at == at("2024-06-10 23:59:59")
    assert state.stays[0].used == 3  # 4, 5 and 6 June: nothing is taken off
    assert state.stays[0].ended_at > state.stays[0].due_at


def test_the_end_of_a_case_ends_its_stop() -> None:
    state = folded(
        (K.RECEIVED, "2024-06-03 08:00"), (K.SUPPLEMENT_REQUESTED, "2024-06-04 08:00"),
        (K.WITHDRAWN, "2024-06-20 08:00"),
    )  # fmt: skip
    assert state.status is CaseStatus.WITHDRAWN
    assert state.paused_at is None
    assert state.pauses[0].ended_at == at("2024-06-20 08:00")
    assert state.due_at >= state.ended_at  # the applicant's time is not the office's


def test_half_a_day_is_measured_in_hours_and_late_by_the_hour() -> None:
    stages = (StageTerms(1, "Tiếp nhận", DESK, Decimal("0.5")), STAGES[1])
    in_time = folded((K.RECEIVED, "2024-06-03 08:00"), (K.HANDED_OVER, "2024-06-03 13:00"), stages=stages)
    late = folded((K.RECEIVED, "2024-06-03 08:00"), (K.HANDED_OVER, "2024-06-03 15:00"), stages=stages)
    assert in_time.stays[0].used == Decimal("0.44")  # 3.5 hours of 8
    assert late.stays[0].used == Decimal("0.69")
    assert late.stays[0].ended_at > late.stays[0].due_at


@pytest.mark.parametrize(
    ("resumed", "due"),
    [
        ("2024-06-03 16:00", "2024-06-06 11:30"),  # the day of receipt is not counted, so a stop in it takes nothing
        ("2024-06-04 23:00", "2024-06-07 11:30"),
    ],
)
def test_a_stop_on_the_day_of_receipt_gives_no_time_to_two_days_and_a_half(resumed: str, due: str) -> None:
    stages = (StageTerms(1, "Tiếp nhận", DESK, Decimal("2.5")), STAGES[1])
    happened = (
        (K.RECEIVED, "2024-06-03 08:10"),
        (K.SUPPLEMENT_REQUESTED, "2024-06-03 09:10"),
        (K.SUPPLEMENTED, resumed),
    )
    in_time = folded(*happened, (K.HANDED_OVER, due), mode=PauseMode.EXTEND, stages=stages).stays[0]
    assert (in_time.due_at, in_time.used) == (at(due), Decimal("2.50"))


@pytest.mark.parametrize(
    ("asked", "used"),
    [
        ("2024-06-07 18:00", 2),  # on its last day: Monday is taken off, 6 and 7 June were used
        ("2024-06-08 08:00", 3),  # the Saturday after it ran out: Monday was used too
    ],
)
def test_a_supplement_asked_for_after_the_stage_ran_out_gives_it_nothing(asked: str, used: int) -> None:
    stages = (StageTerms(1, "Tiếp nhận", DESK, 2), STAGES[1])
    stay = folded(
        (K.RECEIVED, "2024-06-05 08:10"),
        (K.SUPPLEMENT_REQUESTED, asked),
        (K.SUPPLEMENTED, "2024-06-10 09:00"),
        (K.HANDED_OVER, "2024-06-10 10:00"),
        mode=PauseMode.EXTEND,
        stages=stages,
    ).stays[0]
    assert stay.used == used and (stay.ended_at > stay.due_at) == (used > 2)


@example(allowance=Decimal("2.5"), mode=PauseMode.EXTEND, gaps=[1, 11, 90, 90])
@example(allowance=Decimal("2.5"), mode=PauseMode.EXTEND, gaps=[1, 46, 90, 90])
@given(
    allowance=st.one_of(st.integers(1, 8), st.sampled_from([Decimal("0.5"), Decimal("1.5"), Decimal("2.5")])),
    mode=st.sampled_from(list(PauseMode)),
    gaps=st.lists(st.integers(1, 90), min_size=1, max_size=7),
)
def test_a_stage_is_late_exactly_when_it_used_more_than_its_allowance(
    allowance: Decimal | int, mode: PauseMode, gaps: list[int]
) -> None:
    moment = at("2024-04-25 08:10")
    events = [Event(1, K.RECEIVED, moment)]
    for number, hours in enumerate(gaps[:-1], 2):
        moment += timedelta(hours=hours)
        events.append(Event(number, K.SUPPLEMENTED if number % 2 else K.SUPPLEMENT_REQUESTED, moment))
    if len(gaps) % 2 == 0:
        moment += timedelta(hours=5)
        events.append(Event(len(events) + 1, K.SUPPLEMENTED, moment))
    events.append(Event(len(events) + 1, K.HANDED_OVER, moment + timedelta(hours=gaps[-1])))
    stages = (StageTerms(1, "Tiếp nhận", DESK, allowance), STAGES[1])
    stay = project(terms(mode, stages=stages), events, CALENDAR).stays[0]
    assert stay.used is not None and stay.due_at is not None and stay.ended_at is not None
    late = stay.ended_at > stay.due_at
    if abs(stay.used - allowance) <= Decimal("0.01") and allowance != int(allowance):
        return  # a few minutes, which two decimals of a day do not show
    if CALENDAR.is_working_day(CALENDAR.local_day(stay.ended_at)):
        assert late == (stay.used > allowance)
    else:  # a day off uses no time, but what was due before it is late on it
        assert late >= (stay.used > allowance)


def test_a_correction_of_time_folds_the_case_again() -> None:
    state = folded(
        (K.RECEIVED, "2024-06-03 08:00"), (K.RESOLVED, "2024-06-12 08:00"), (K.CLOSED, "2024-06-12 09:00"),
        (K.CORRECTED, "2024-06-20 08:00", {"corrects": 3, "at": at("2024-06-12 10:00").isoformat()}),
    )  # fmt: skip
    assert state.closed_at == at("2024-06-12 10:00")


def test_a_voided_event_never_happened() -> None:
    state = folded(
        (K.RECEIVED, "2024-06-03 08:00"), (K.RESOLVED, "2024-06-04 08:00"), (K.CLOSED, "2024-06-04 09:00"),
        (K.CORRECTED, "2024-06-05 08:00", {"corrects": 3, "void": True}),
    )  # fmt: skip
    assert state.status is CaseStatus.RESOLVED
    assert state.ended_at is None


def test_a_voided_payment_stays_in_the_record_and_counts_nowhere() -> None:
    state = folded(
        (K.RECEIVED, "2024-06-03 08:00"), (K.PAID, "2024-06-03 08:05", {"amount": 600_000, "channel": "online"}),
        (K.CORRECTED, "2024-06-05 08:00", {"corrects": 2, "void": True}),
    )  # fmt: skip
    assert [(paid.amount, paid.channel, paid.voided) for paid in state.payments] == [
        (600_000, PaymentChannel.ONLINE, True)
    ]


def test_the_reception_may_be_put_right_but_not_undone() -> None:
    wrong = ((K.RECEIVED, "2024-06-04 08:00"), (K.NOTED, "2024-06-05 08:00"))
    state = folded(*wrong, (K.CORRECTED, "2024-06-05 09:00", {"corrects": 1, "at": at("2024-06-03 08:00").isoformat()}))
    assert state.received_at == at("2024-06-03 08:00")
    assert state.due_at == at("2024-06-10 23:59:59")
    with pytest.raises(OutOfOrder):
        folded(*wrong, (K.CORRECTED, "2024-06-05 09:00", {"corrects": 1, "void": True}))


@pytest.mark.parametrize(
    "happened",
    [
        [(K.NOTED, "2024-06-03 08:00")],
        [(K.RECEIVED, "2024-06-03 08:00"), (K.CLOSED, "2024-06-04 08:00")],
        [(K.RECEIVED, "2024-06-03 08:00"), (K.SUPPLEMENTED, "2024-06-04 08:00")],
        [(K.RECEIVED, "2024-06-03 08:00"), (K.HANDED_OVER, "2024-06-02 08:00")],
        [(K.RECEIVED, "2024-06-03 08:00"), (K.HANDED_OVER, "2024-06-04 08:00", {"position": 9})],
        [(K.RECEIVED, "2024-06-03 08:00"), (K.ISSUED_ELECTRONIC, "2024-06-04 08:00")],
        [(K.RECEIVED, "2024-06-03 08:00"), *[(K.FILES_DIGITISED, "2024-06-04 08:00")] * 2],
        [(K.RECEIVED, "2024-06-03 08:00"), (K.WITHDRAWN, "2024-06-04 08:00"), (K.RESOLVED, "2024-06-05 08:00")],
        [(K.RECEIVED, "2024-06-03 08:00"), (K.CORRECTED, "2024-06-04 08:00", {"corrects": 7, "void": True})],
    ],
)  # fmt: skip
def test_what_cannot_follow_is_refused(happened: list[Any]) -> None:
    with pytest.raises(OutOfOrder):
        folded(*happened)


def test_a_promise_from_outside_holds_until_it_is_moved() -> None:
    received = (K.RECEIVED, "2024-06-03 08:00", {"promised_at": at("2024-06-28 17:00").isoformat()})
    assert folded(received).due_at == at("2024-06-28 17:00")
    moved = (K.PROMISE_MOVED, "2024-06-20 08:00", {"promised_at": at("2024-07-05 17:00").isoformat()})
    state = folded(received, moved)
    assert (state.promised_at, state.due_at) == (at("2024-06-28 17:00"), at("2024-07-05 17:00"))


@pytest.mark.parametrize(
    ("now", "lateness", "days"),
    [
        ("2024-06-03 10:00", Lateness.ON_TIME, 5),
        ("2024-06-06 10:00", Lateness.DUE_SOON, 2),
        ("2024-06-08 10:00", Lateness.DUE_SOON, 1),
        ("2024-06-10 23:59", Lateness.DUE_TODAY, 0),
        ("2024-06-11 00:00", Lateness.OPEN_LATE, 1),
        ("2024-06-17 10:00", Lateness.OPEN_LATE, 5),
    ],
)
def test_how_an_open_case_stands_against_its_due_day(now: str, lateness: Lateness, days: int) -> None:
    standing = standing_of(folded((K.RECEIVED, "2024-06-03 08:00")), CALENDAR, at(now))
    assert (standing.lateness, standing.days, standing.ended) == (lateness, days, False)


@pytest.mark.parametrize(
    ("ended", "lateness"),
    [("2024-06-07 10:00", Lateness.EARLY), ("2024-06-10 16:00", Lateness.ON_TIME), ("2024-06-12 10:00", Lateness.LATE)],
)
def test_how_an_ended_case_stood(ended: str, lateness: Lateness) -> None:
    state = folded((K.RECEIVED, "2024-06-03 08:00"), (K.RESOLVED, ended), (K.CLOSED, ended))
    assert standing_of(state, CALENDAR, at("2024-12-31 08:00")).lateness is lateness


def test_a_promise_names_the_days_off_and_the_saturday_worked() -> None:
    told = promise(CALENDAR, at("2024-04-26 09:00"), 5, TimeUnit.WORKING_DAYS)
    assert told.due_at == at("2024-05-07 23:59:59")
    assert [(f"{day.day:%d/%m}", day.worked) for day in told.unusual] == [
        ("29/04", False), ("30/04", False), ("01/05", False), ("04/05", True),
    ]  # fmt: skip
    assert all(day.name for day in told.unusual)
