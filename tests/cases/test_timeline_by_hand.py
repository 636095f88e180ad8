"""What the events of a case add up to, at the edges: numbers, orders, clocks that stop again, files that tell late."""

from __future__ import annotations

import dataclasses
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.cases import timeline
from app.cases.timeline import Event, OutOfOrder, Pause, StageStay, StageTerms, Terms, project, used_in_stage, whole
from app.cases.vocabulary import CaseStatus, EventKind, PromiseCause
from app.core.calendar import OfficeHours, PauseMode, TimeUnit, WorkingCalendar
from tests.cases.test_timeline import CALENDAR, DESK, DIVISION, STAGES, K, folded, life, terms
from tests.cases.test_timeline_hands import HANDED_OVER, HEIR, OTHER, RECEIVED, RESOLVED, by, paid, refunded
from tests.clock import at

C = PromiseCause
LAST = "2024-06-10 23:59:59"  # five working days after RECEIVED
A_SECOND = timedelta(seconds=1)

WRITTEN_ON = {"StageStay", "PromiseMade", "Pause", "Paid", "OpinionAsked", "CaseState"}


def test_what_is_told_of_a_case_has_no_other_names_and_what_was_recorded_is_not_written_on() -> None:
    """A name with a slip of the keyboard is an error, not a value that nobody reads."""
    told = [each for each in vars(timeline).values() if dataclasses.is_dataclass(each) and isinstance(each, type)]
    here = {each.__name__: each for each in told if each.__module__ == timeline.__name__}
    assert {name for name, each in here.items() if not each.__dataclass_params__.frozen} == WRITTEN_ON  # type: ignore[attr-defined]
    assert [name for name, each in here.items() if "__slots__" not in vars(each)] == []


# Numbers


def number(written: str) -> int:
    """A number as it comes out of the database: equal to another, and not the same object."""
    return int(written)


def test_units_stages_and_payments_are_told_apart_by_their_numbers_however_great() -> None:
    stages = tuple(StageTerms(number(p), "Bước", number("70001"), 1) for p in ("1000", "1001", "1002"))
    asked = {"unit_id": number("70001")}
    events = [
        Event(number("5000"), K.RECEIVED, at("2024-06-03 08:00")),
        Event(number("5001"), K.HANDED_OVER, at("2024-06-03 09:00"), data=by("Lan", position=number("1001"))),
        Event(number("5002"), K.CONSULTED, at("2024-06-03 10:00"), data=asked),
        Event(number("5003"), K.CONSULTED, at("2024-06-03 11:00"), data=asked),
        Event(number("5004"), K.CONSULT_ANSWERED, at("2024-06-03 12:00"), data={"number": number("5003")}),
        Event(number("5005"), K.PAID, at("2024-06-03 13:00"), data={"amount": 9, "channel": "cash"}),
        Event(number("5006"), K.REFUNDED, at("2024-06-03 14:00"), data={"payment": number("5005"), "amount": 1}),
        Event(number("5007"), K.HANDED_OVER, at("2024-06-03 15:00"), data=by("Hoa", position=number("1002"))),
        Event(number("5008"), K.RETURNED, at("2024-06-03 16:00"), data={"position": number("1001")}),
        Event(
            *(number("5009"), K.UNIT_SUCCEEDED, at("2024-06-04 00:00")),
            data={"unit_id": number("70001"), "to_unit_id": number("70002")},
        ),
    ]
    state = project(terms(unit_id=number("70001"), stages=stages), events, CALENDAR)
    assert (state.holder_unit_id, state.stage, state.officer) == (70002, 1001, "Lan")
    assert [stay.unit_id for stay in state.stays] == [70001, 70001, 70001, 70002]
    assert [asked.unit_id for asked in state.consultations] == [70002, 70001]
    for kind, corrects in ((K.CONSULTED, "5003"), (K.PAID, "5005")):  # an answer and a refund rest upon them
        void = Event(5010, K.CORRECTED, at("2024-06-05 08:00"), data={"void": True}, corrects=number(corrects))
        with pytest.raises(OutOfOrder, match="hãy đính chính"):
            project(terms(unit_id=number("70001"), stages=stages), [*events, void], CALENDAR)
        assert kind in {event.kind for event in events if event.number == int(corrects)}
    with pytest.raises(OutOfOrder, match="về bước trước"):
        again = Event(5010, K.RETURNED, at("2024-06-05 08:00"), data={"position": number("1001")})
        project(terms(unit_id=1, stages=stages), [*events, again], CALENDAR)


def test_stays_promises_and_stops_are_numbered_and_kept_in_their_order() -> None:
    stops = [("2024-06-04", "2024-06-05"), ("2024-06-06", "2024-06-07"), ("2024-06-11", "2024-06-12")]
    happened: list[Any] = [RECEIVED]
    for asked, brought in stops:
        happened += [(K.SUPPLEMENT_REQUESTED, f"{asked} 09:00"), (K.SUPPLEMENTED, f"{brought} 09:00")]
    happened += [(K.HANDED_OVER, f"2024-06-1{day} 09:00") for day in (3, 4)]
    state = folded(*happened, (K.RETURNED, "2024-06-17 09:00", {"position": 1}))
    spans = [(pause.started_at, pause.ended_at) for pause in state.pauses]
    assert spans == [(at(f"{asked} 09:00"), at(f"{brought} 09:00")) for asked, brought in stops]
    assert [promise.number for promise in state.promises] == [1, 2, 3, 4, 5, 6, 7]
    assert [(stay.number, stay.position) for stay in state.stays] == [(1, 1), (2, 2), (3, 3), (4, 1)]
    assert (state.stay is state.stays[3], state.stage, state.next_position) == (True, 1, 2)
    assert folded((*RECEIVED, {"stages_unknown": True})).next_position == 1


def test_an_amount_is_whole_where_it_has_no_part() -> None:
    assert [whole(Decimal(each)) for each in ("-1.0", "-0.5", "0.5", "300")] == [
        -1,
        Decimal("-0.5"),
        Decimal("0.5"),
        300,
    ]
    assert type(whole(Decimal("300.00"))) is int


# How it begins


def test_a_case_begins_with_its_reception_whatever_a_file_tells_from_before() -> None:
    for kind in (K.NOTED, K.RESOLVED, K.WITHDRAWN):
        with pytest.raises(OutOfOrder, match="phải bắt đầu bằng việc tiếp nhận"):
            folded((kind, "2024-06-03 08:00"))
    with pytest.raises(OutOfOrder, match="phải bắt đầu bằng việc tiếp nhận"):
        folded()
    earlier = [
        (K.NOTED, "2024-06-01 08:00"),
        (K.UNIT_SUCCEEDED, "2024-06-02 08:00", {"unit_id": OTHER, "to_unit_id": HEIR}),
    ]
    state = folded(RECEIVED, *earlier)
    assert (state.received_at, state.due_at, state.stage) == (at("2024-06-03 08:00"), at(LAST), 1)
    same_minute = folded(RECEIVED, (K.HANDED_OVER, "2024-06-03 08:00"))
    assert same_minute.stage == 2
    with pytest.raises(OutOfOrder, match="không thể xảy ra trước") as before:
        folded(RECEIVED, (K.HANDED_OVER, "2024-06-03 07:59:59"))
    assert before.value.field == "at"


def test_who_has_a_new_case_is_who_took_it_in_unless_another_is_named() -> None:
    def received(**data: Any) -> Any:
        state = project(terms(stages=()), [Event(1, K.RECEIVED, at("2024-06-03 08:00"), "Lê Hoa", data=data)], CALENDAR)
        return state.holder_unit_id, state.officer, state.holder_id, state.stage

    assert received() == (DIVISION, "Lê Hoa", None, None)
    assert received(unit_id=OTHER, officer="Trần Lan", person_id=7) == (OTHER, "Trần Lan", 7, None)
    first = folded((*RECEIVED, {"unit_id": OTHER, "person_id": 7})).stays[0]
    assert (first.unit_id, first.position, first.person_id) == (OTHER, 1, 7)


@pytest.mark.parametrize(
    ("amount", "unit", "open_ended"),
    [
        (0, TimeUnit.WORKING_DAYS, True),
        *((0, TimeUnit.CALENDAR_DAYS, True), (0, TimeUnit.WORKING_HOURS, True)),
        *((1, TimeUnit.WORKING_DAYS, False), (0, TimeUnit.SAME_DAY, False), (1, TimeUnit.SAME_DAY, False)),
        (Decimal("0.5"), TimeUnit.WORKING_DAYS, False),
    ],
)
def test_a_procedure_without_any_time_promises_nothing(amount: Decimal | int, unit: TimeUnit, open_ended: bool) -> None:
    version = Terms(amount, unit, PauseMode.EXTEND, DIVISION)
    assert version.open_ended is open_ended
    state = project(version, life(RECEIVED), CALENDAR)
    assert (state.due_at is None, state.promises == []) == (open_ended, open_ended)
    assert state.promised_at == state.due_at


def test_without_any_time_only_a_date_that_was_given_stands_and_moves() -> None:
    endless = {"amount": 0, "stages": ()}
    stood = ((K.SUPPLEMENT_REQUESTED, "2024-06-05 09:00"), (K.SUPPLEMENTED, "2024-06-12 09:00"))  # 5 working days
    assert folded(RECEIVED, *stood, **endless).promises == []
    given = (*RECEIVED, {"promised_at": at(LAST).isoformat()})
    assert folded(given, *stood, **endless).due_at == at("2024-06-17 23:59:59")


# Corrections


def test_only_money_stays_in_the_record_when_it_is_declared_never_to_have_happened() -> None:
    void = {"corrects": 2, "void": True}
    once = [(K.HANDED_OVER, {}), (K.SUPPLEMENT_REQUESTED, {}), (K.RESOLVED, {}), (K.FILES_DIGITISED, {})]
    for kind, data in once:
        wrong = (RECEIVED, (kind, "2024-06-04 08:00", data), (K.CORRECTED, "2024-06-05 08:00", void))
        state = folded(*wrong)
        assert state.status is CaseStatus.RECEIVED, kind
        assert (state.stage, state.result_at, state.files_digitised_at, state.pauses) == (1, None, None, [])
        with pytest.raises(OutOfOrder, match="Không tìm thấy sự kiện cần đính chính"):
            folded(*wrong, (K.CORRECTED, "2024-06-06 08:00", void))
    right = {"corrects": 2, "at": at("2024-06-03 10:00").isoformat()}
    voided = (RECEIVED, paid("2024-06-03 09:00", 5), (K.CORRECTED, "2024-06-05 08:00", void))
    (payment,) = folded(*voided, (K.CORRECTED, "2024-06-06 08:00", right)).payments
    assert (payment.voided, payment.at) == (True, at("2024-06-03 10:00"))


def test_an_opinion_that_others_papers_have_the_number_of_may_be_taken_back() -> None:
    asked = (K.CONSULTED, "2024-06-04 09:00", {"unit_id": OTHER})
    papers = [
        (K.APOLOGISED, "2024-06-04 10:00", {"number": 2}),  # their letters' and decisions' own numbers
        (K.SIGNED, "2024-06-04 11:00", {"number": 2}),
    ]
    void = (K.CORRECTED, "2024-06-06 08:00", {"corrects": 2, "void": True})
    assert folded(RECEIVED, asked, *papers, void).consultations == []


def test_what_was_answered_or_given_back_of_another_hinders_nothing() -> None:
    asked = [(K.CONSULTED, f"2024-06-04 {hour}:00", {"unit_id": OTHER}) for hour in ("09", "10", "11")]
    answer = (K.CONSULT_ANSWERED, "2024-06-05 09:00", {"number": 3})
    state = folded(RECEIVED, *asked, answer)
    assert [each.number for each in state.consultations if each.answered_at] == [3]
    took = [paid(f"2024-06-04 {hour}:00", 10) for hour in ("09", "10", "11")]
    back = refunded("2024-06-05 09:00", 3, 4)
    assert [each.refunded for each in folded(RECEIVED, *took, back).payments] == [0, 4, 0]
    for nothing in (refunded("2024-06-05 09:00", 1, 1), (K.CONSULT_ANSWERED, "2024-06-05 09:00", {"number": 1})):
        with pytest.raises(OutOfOrder, match=r"^Không có"):
            folded(RECEIVED, *(took if nothing[0] is K.REFUNDED else asked), nothing)
    for other in (2, 4):
        void = (K.CORRECTED, "2024-06-06 08:00", {"corrects": other, "void": True})
        assert len(folded(RECEIVED, *asked, answer, void).consultations) == 2
        assert [each.voided for each in folded(RECEIVED, *took, back, void).payments].count(True) == 1


def test_another_procedure_puts_right_what_was_promised_at_reception() -> None:
    """Who moved the case to it is who promises; other words that name a version, and other amendments, do nothing."""

    def promised(*more: tuple[EventKind, dict[str, Any]]) -> list[tuple[PromiseCause, str]]:
        events = [Event(1, K.RECEIVED, at("2024-06-03 08:00"), "Lê Hoa")]
        for n, (kind, data) in enumerate(more, 2):
            events.append(Event(n, kind, at("2024-06-04 08:00"), "Trần Lan", data=data))
        return [(made.cause, made.actor) for made in project(terms(), events, CALENDAR).promises]

    of_reception = [(C.RECEPTION, "Lê Hoa")]
    assert promised((K.AMENDED, {"version_id": 3})) == [(C.CORRECTION, "Trần Lan")]
    assert promised((K.AMENDED, {"changes": {}})) == of_reception
    assert promised((K.ACTIVITY, {"version_id": 3})) == promised((K.NOTED, {"version_id": 3})) == of_reception


def test_who_declares_that_something_never_happened_promises_nothing() -> None:
    happened = life(RECEIVED, (K.SUPPLEMENT_REQUESTED, "2024-06-04 08:00"))
    void = Event(3, K.CORRECTED, at("2024-06-05 08:00"), "Trần Lan", data={"void": True}, corrects=2)
    assert [made.cause for made in project(terms(), [*happened, void], CALENDAR).promises] == [C.RECEPTION]
    paid_twice = [*life(RECEIVED, paid("2024-06-03 09:00", 5)), void]
    assert [made.cause for made in project(terms(), paid_twice, CALENDAR).promises] == [C.RECEPTION]


# Hands


def test_a_case_goes_back_to_who_had_that_stage_last_and_not_to_who_had_one_before_or_after() -> None:
    """1 with the desk, 2 with Lan, 3 with Hoa, back to 1, on to 3 at once, and back to 2."""
    went = (
        (*RECEIVED, {"officer": "Tiếp"}),
        (K.HANDED_OVER, "2024-06-04 08:00", by("Lan", 7, unit_id=OTHER)),
        (K.HANDED_OVER, "2024-06-05 08:00", by("Hoa", 9)),
        (K.RETURNED, "2024-06-06 08:00", by("Tiếp", position=1)),
        (K.HANDED_OVER, "2024-06-07 08:00", by("Hoa", 9, position=3)),
    )
    back = folded(*went, (K.RETURNED, "2024-06-10 08:00", {"position": 2}))
    assert (back.stage, back.holder_unit_id, back.officer, back.stays[-1].person_id) == (2, OTHER, "Lan", 7)
    skipped = (K.HANDED_OVER, "2024-06-04 08:00", by("Hoa", position=3))
    to_unknown = folded(RECEIVED, skipped, (K.RETURNED, "2024-06-05 08:00", {"position": 2}))
    assert (to_unknown.holder_unit_id, to_unknown.officer) == (DIVISION, ""), "nobody had it: the stage's own unit"
    other_account = folded(RECEIVED, HANDED_OVER, (K.RETURNED, "2024-06-05 08:00", {"position": 1, "person_id": 8}))
    assert other_account.stays[-1].person_id == 8


def test_a_case_is_returned_only_to_a_stage_that_it_has_left() -> None:
    for data in ({"position": 3}, {}):
        with pytest.raises(OutOfOrder, match="Chỉ trả lại được về bước trước") as refused:
            folded(RECEIVED, HANDED_OVER, (K.RETURNED, "2024-06-05 08:00", data))
        assert refused.value.field == "position"
    in_no_stage = (K.HANDED_OVER, "2024-06-04 08:00", by("Hoa", unit_id=OTHER, position=9))
    with pytest.raises(OutOfOrder, match="Chỉ trả lại được về bước trước"):
        folded(RECEIVED, in_no_stage, (K.RETURNED, "2024-06-05 08:00", {"position": 1}))


def test_who_takes_over_without_a_name_is_who_recorded_it() -> None:
    events = [*life(RECEIVED), Event(2, K.TAKEN_OVER, at("2024-06-04 08:00"), "Trần Lan", data={"person_id": 7})]
    state = project(terms(), events, CALENDAR)
    assert (state.officer, state.stays[0].officer, state.stays[0].person_id) == ("Trần Lan", "Trần Lan", 7)


@pytest.mark.parametrize("other", [DESK, OTHER])
def test_what_is_another_units_stays_with_it(other: int) -> None:
    asked = [(K.CONSULTED, f"2024-06-04 {hour}:00", {"unit_id": DIVISION}) for hour in ("09", "10")]
    answer = (K.CONSULT_ANSWERED, "2024-06-04 11:00", {"number": 3})
    gone = {"unit_id": other, "to_unit_id": HEIR}
    untouched = folded(RECEIVED, HANDED_OVER, *asked, answer, (K.UNIT_SUCCEEDED, "2024-06-06 00:00", gone))
    assert (untouched.holder_unit_id, untouched.stays[1].unit_id) == (DIVISION, DIVISION)
    assert [each.unit_id for each in untouched.consultations] == [DIVISION, DIVISION]
    itself = folded(
        *(RECEIVED, HANDED_OVER, *asked, answer), (K.UNIT_SUCCEEDED, "2024-06-06 00:00", gone | {"unit_id": DIVISION})
    )
    assert [each.unit_id for each in itself.consultations] == [DIVISION, HEIR], "what it has answered stays its own"
    in_no_stage = folded((*RECEIVED, {"stages_unknown": True}), (K.UNIT_SUCCEEDED, "2024-06-06 00:00", gone))
    assert (in_no_stage.holder_unit_id, in_no_stage.unit_id) == (DIVISION, None)


def test_a_case_was_each_units_that_answered_for_it_in_its_time() -> None:
    gone = [
        (K.UNIT_SUCCEEDED, "2024-06-06 00:00", {"unit_id": DIVISION, "to_unit_id": HEIR, "accountable": True}),
        (K.UNIT_SUCCEEDED, "2024-06-20 00:00", {"unit_id": HEIR, "to_unit_id": OTHER, "accountable": True}),
    ]
    state = folded(RECEIVED, *gone)
    days = ("2024-06-05", "2024-06-06", "2024-06-19", "2024-06-20", "2024-07-31")
    assert [state.accountable_at(at(day), OTHER) for day in days] == [DIVISION, HEIR, HEIR, OTHER, OTHER]
    assert state.unit_id == OTHER


# Money


def test_what_is_left_of_a_payment_can_be_given_back_to_the_last_dong() -> None:
    took, first = paid("2024-06-03 09:00", 300_000), refunded("2024-06-04 09:00", 2, 100_000)
    for amount in (200_001, 0, -1):
        with pytest.raises(OutOfOrder, match="từ 1 đến 200000 đồng") as refused:
            folded(RECEIVED, took, first, refunded("2024-06-05 09:00", 2, amount))
        assert refused.value.field == "amount"
    for amount in (1, 199_999, 200_000):
        assert folded(RECEIVED, took, first, refunded("2024-06-05 09:00", 2, amount)).payments[0].refunded == (
            100_000 + amount
        )


# Clocks


def given_at(when: str, known: str, kind: EventKind = K.SUPPLEMENTED) -> tuple[EventKind, str, dict[str, Any]]:
    """An imported file tells it at `known`, and not when it happened."""
    return kind, when, {"known_at": at(known).isoformat()}


ASKED = (K.SUPPLEMENT_REQUESTED, "2024-06-05 09:00")
BROUGHT = given_at("2024-06-06 09:00", "2024-06-12 09:00")  # it stood 5 working days


def causes(state: Any) -> list[PromiseCause]:
    return [made.cause for made in state.promises]


def test_a_clock_of_which_a_file_tells_late_stands_until_the_file_tells() -> None:
    state = folded(RECEIVED, ASKED, BROUGHT)
    assert (state.due_at, state.promises[-1].since) == (at("2024-06-17 23:59:59"), at("2024-06-12 09:00"))
    assert (state.status, state.paused_at) == (CaseStatus.IN_PROGRESS, None)
    assert state.pauses[0].ended_at == at("2024-06-06 09:00")
    before, after = (folded(RECEIVED, ASKED, BROUGHT, (K.HANDED_OVER, f"2024-06-{day} 09:00")) for day in (11, 13))
    assert before.due_at == after.due_at == at("2024-06-17 23:59:59")
    assert causes(before) == causes(after) == [C.RECEPTION, C.CLOCK_STOPPED, C.CLOCK_RESUMED]


def test_a_case_that_ends_before_the_file_tells_ends_while_its_clock_stands() -> None:
    state = folded(RECEIVED, ASKED, BROUGHT, (K.WITHDRAWN, "2024-06-11 09:00"))
    assert state.due_at == state.late_after == at("2024-06-14 23:59:59")  # 5 to 11 June: four working days
    assert state.promises[-1].since == at("2024-06-11 09:00")
    assert (state.closed_at, state.annulled_at) == (None, None)


def test_a_clock_that_stops_again_as_the_file_tells_has_run_for_that_moment() -> None:
    again = (K.SUPPLEMENT_REQUESTED, "2024-06-12 09:00")
    assert causes(folded(RECEIVED, ASKED, BROUGHT, again)) == [
        *(C.RECEPTION, C.CLOCK_STOPPED, C.CLOCK_RESUMED, C.CLOCK_STOPPED)
    ]
    later = folded(RECEIVED, ASKED, BROUGHT, (K.SUPPLEMENT_REQUESTED, "2024-06-13 09:00"))
    assert causes(later)[2:] == [C.CLOCK_RESUMED, C.CLOCK_STOPPED]
    sooner = given_at("2024-06-11 09:00", "2024-06-13 09:00", K.SUPPLEMENT_REQUESTED)
    state = folded(RECEIVED, ASKED, BROUGHT, sooner)
    assert (causes(state), state.due_at) == ([C.RECEPTION, C.CLOCK_STOPPED], None), "it has not run in between"
    assert (state.paused_at, len(state.pauses)) == (at("2024-06-11 09:00"), 2)
    ran = folded(RECEIVED, ASKED, BROUGHT, sooner, (K.SUPPLEMENTED, "2024-06-14 09:00"))
    assert ran.due_at == at("2024-06-19 23:59:59")  # 5 to 14 June: seven working days


def test_a_request_told_in_the_last_second_was_made_in_time() -> None:
    in_time = folded(RECEIVED, given_at("2024-06-05 09:00", LAST, K.SUPPLEMENT_REQUESTED))
    assert (in_time.paused_at, in_time.due_at) == (at("2024-06-05 09:00"), None)
    late = folded(RECEIVED, given_at("2024-06-05 09:00", "2024-06-11 00:00", K.SUPPLEMENT_REQUESTED))
    assert (late.paused_at, late.due_at) == (at(LAST) + A_SECOND, at(LAST))
    brought = folded(
        RECEIVED,
        given_at("2024-06-05 09:00", "2024-06-11 00:00", K.SUPPLEMENT_REQUESTED),
        (K.SUPPLEMENTED, "2024-06-06 09:00"),
    )
    assert brought.pauses[0].ended_at == brought.pauses[0].started_at == at(LAST) + A_SECOND


def test_what_happens_to_a_case_that_was_annulled_is_told_of_nobody() -> None:
    state = folded(RECEIVED, (K.FILES_DIGITISED, "2024-06-03 09:00"), (K.ANNULLED, "2024-06-04 09:00"))
    assert (state.files_digitised_at, state.closed_at, state.late_after) == (None, None, None)
    assert folded(RECEIVED, (K.REFUSED, "2024-06-04 09:00")).closed_at is None


def test_a_result_in_electronic_form_may_come_before_the_day_to_which_the_result_counts() -> None:
    after_hours = (RECEIVED, HANDED_OVER, (K.RESOLVED, "2024-06-05 18:00"))  # counts to the 6th
    for issued, days in (("2024-06-05 18:30", 0), ("2024-06-06 18:30", 0), ("2024-06-07 00:00", 1)):
        assert folded(*after_hours, (K.ISSUED_ELECTRONIC, issued)).electronic_days == days


@pytest.mark.parametrize(
    ("issued", "days"),
    [
        ("2024-06-06 23:59", 0),
        ("2024-06-07 08:00", 1),  # a Friday
        ("2024-06-08 08:00", 2),  # the weekend: within no fewer than reach Monday
        ("2024-06-09 08:00", 2),
        ("2024-06-10 08:00", 2),
        ("2024-06-11 08:00", 3),
    ],
)
def test_how_many_working_days_later_a_copy_came_is_counted_from_the_day_of_the_result(issued, days) -> None:
    lived = (RECEIVED, HANDED_OVER, (K.RESOLVED, "2024-06-06 09:00"))
    assert folded(*lived, (K.ISSUED_ELECTRONIC, issued)).electronic_days == days


# Time used in a stage


def used(
    until: str,
    *pauses: tuple[str, str | None],
    allowance: Decimal | int = 5,
    began: str = "2024-06-03 08:00",
    **how: Any,
) -> Decimal:
    stay = StageStay(1, 1, "Thẩm định", DIVISION, "", allowance, at(began))
    stops = [Pause(at(start), at(end) if end else None) for start, end in pauses]
    return used_in_stage(terms(**how), CALENDAR, stay, stops, at(until))


def test_where_the_count_starts_again_it_does_from_the_end_of_the_last_stop() -> None:
    stops = [("2024-06-04 09:00", "2024-06-05 09:00"), ("2024-06-06 09:00", "2024-06-07 09:00")]
    stops += [("2024-06-10 09:00", "2024-06-11 09:00")]
    until = "2024-06-14 10:00"
    assert used(until, *stops, mode=PauseMode.RESTART) == 3  # 12, 13 and 14 June
    assert used(until, *stops, mode=PauseMode.NONE) == 9  # 4 to 14 June
    assert used(until, *stops, mode=PauseMode.EXTEND) == 6  # less one day for each stop
    assert used(until, mode=PauseMode.RESTART) == 9
    assert used(until, ("2024-06-10 09:00", None), mode=PauseMode.RESTART) == 0, "the clock stands"


def test_a_stop_after_the_time_had_run_out_ends_the_counting_of_stops() -> None:
    """Two days: 4 and 5 June. A stop in time moves that to the 6th; one on the 7th is too late, and so is the next."""
    stops = [("2024-06-04 09:00", "2024-06-05 09:00"), ("2024-06-07 09:00", "2024-06-10 09:00")]
    assert used("2024-06-12 10:00", *stops, allowance=2) == 6  # 4 to 12 June are seven; one is taken off
    last_second = [("2024-06-05 23:59:59", "2024-06-06 09:00")]
    assert used("2024-06-12 10:00", *last_second, allowance=2) == 6
    assert used("2024-06-12 10:00", ("2024-06-06 00:00", "2024-06-07 09:00"), allowance=2) == 7


def test_parts_of_days_are_counted_in_office_hours_and_only_where_days_are_parted() -> None:
    assert used("2024-06-03 12:00", allowance=Decimal("0.5")) == Decimal("0.44")  # 3.5 of 8 hours
    assert used("2024-06-04 10:00", allowance=Decimal("1.5")) == Decimal("0.31")  # 2.5 hours of the 4th
    assert used("2024-06-04 10:00", allowance=Decimal("1.0")) == 1
    hours = {"unit": TimeUnit.WORKING_HOURS}
    assert used("2024-06-03 12:00", allowance=Decimal("1.5"), **hours) == Decimal("3.50")
    same_day = {"unit": TimeUnit.SAME_DAY}
    assert used("2024-06-04 12:00", allowance=Decimal("0.5"), **same_day) == 1


def test_a_stay_has_the_stops_that_began_in_it() -> None:
    """Stage 1 until 4 June 09:00, stage 2 until the 6th, then 3; a stop of a day at each border and within."""
    version = terms(stages=tuple(StageTerms(stage.position, stage.name, stage.unit_id, 5) for stage in STAGES))
    events = life(
        *(RECEIVED, (K.SUPPLEMENT_REQUESTED, "2024-06-03 08:00"), (K.SUPPLEMENTED, "2024-06-04 08:00")),
        *((K.HANDED_OVER, "2024-06-04 09:00"), (K.SUPPLEMENT_REQUESTED, "2024-06-04 10:00")),
        *((K.SUPPLEMENTED, "2024-06-05 08:00"), (K.HANDED_OVER, "2024-06-06 09:00")),
    )
    state = project(version, events, CALENDAR)
    due = [CALENDAR.local_day(stay.due_at).isoformat() for stay in state.stays if stay.due_at]
    assert due == ["2024-06-11", "2024-06-12", "2024-06-13"]  # five days after the 3rd, 4th, 6th; the first two and one
    assert [stay.used for stay in state.stays] == [0, 1, None]
    assert [stay.late_after for stay in state.stays] == [stay.due_at for stay in state.stays]


def test_a_stop_of_an_earlier_stage_starts_no_later_one_again() -> None:
    stood = (K.SUPPLEMENT_REQUESTED, "2024-06-03 10:00"), (K.SUPPLEMENTED, "2024-06-04 10:00")
    passed_on = [(K.HANDED_OVER, f"2024-06-{day} 08:00") for day in ("06", "07")]
    state = folded(RECEIVED, *stood, *passed_on, mode=PauseMode.RESTART)
    assert [stay.used for stay in state.stays] == [2, 1, None]  # 5 and 6 June; the 7th


def test_a_part_of_a_day_is_one_of_the_office_s_own_hours() -> None:
    short = WorkingCalendar(hours=OfficeHours(((time(7, 30), time(11, 30)), (time(13), time(16, 30)))))
    stay = StageStay(1, 1, "Thẩm định", DIVISION, "", Decimal("0.5"), at("2024-06-03 07:45"))
    assert used_in_stage(terms(), short, stay, [], at("2024-06-03 11:30")) == Decimal("0.50")  # 3.75 of 7.5 hours


def test_what_follows_a_case_s_end_is_not_hindered_by_its_status() -> None:
    closed = (RECEIVED, HANDED_OVER, RESOLVED, (K.CLOSED, "2024-06-06 09:00"))
    state = folded(*closed, (K.DELIVERED, "2024-06-07 09:00"), (K.RESULT_DIGITISED, "2024-06-07 10:00"))
    assert (state.delivered_at, state.result_digitised_at) == (at("2024-06-07 09:00"), at("2024-06-07 10:00"))
    assert state.status is CaseStatus.CLOSED
    with pytest.raises(OutOfOrder, match="đang ở trạng thái"):
        folded(*closed, (K.HANDED_OVER, "2024-06-07 09:00"))
