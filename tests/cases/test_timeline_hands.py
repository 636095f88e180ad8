"""What the events of a case add up to: in whose hands it is, money taken and given back, opinions, its ends. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.cases.timeline import Event, OutOfOrder, as_corrected, used_in_stage, whole
from app.cases.vocabulary import CaseStatus, EventKind, PaymentChannel
from app.core.calendar import PauseMode, TimeUnit
from tests.cases.test_timeline import CALENDAR, DESK, DIVISION, K, folded, life, terms
from tests.clock import at

OTHER, HEIR = 3, 4
RECEIVED = (K.RECEIVED, "2024-06-03 08:00")
HANDED_OVER = (K.HANDED_OVER, "2024-06-04 08:00")
RESOLVED = (K.RESOLVED, "2024-06-05 15:00")


def by(officer: str, person_id: int | None = None, **more: Any) -> dict[str, Any]:
    return {"officer": officer, "person_id": person_id, **more}


# Hands


def test_a_case_is_with_whom_it_was_handed_to_and_the_stage_s_unit_unless_another_is_named() -> None:
    state = folded(RECEIVED, (K.HANDED_OVER, "2024-06-04 08:00", by("Lan", 7)))
    assert (state.stage, state.holder_unit_id, state.officer, state.holder_id) == (2, DIVISION, "Lan", 7)
    assert [(s.number, s.position, s.unit_id, s.officer, s.person_id) for s in state.stays] == [
        (1, 1, DESK, "", None),
        (2, 2, DIVISION, "Lan", 7),
    ]
    assert state.stays[0].ended_at == at("2024-06-04 08:00")
    named = folded(RECEIVED, (K.HANDED_OVER, "2024-06-04 08:00", by("Lan", 7, unit_id=OTHER, position=3)))
    assert (named.stage, named.holder_unit_id, named.next_position) == (3, OTHER, 4)


def test_after_the_last_stage_a_unit_must_be_named_and_no_stage_is_entered() -> None:
    to_last = RECEIVED, HANDED_OVER, (K.HANDED_OVER, "2024-06-05 08:00")
    state = folded(*to_last, (K.HANDED_OVER, "2024-06-05 09:00", by("Hoa", 9, unit_id=OTHER)))
    assert (state.stage, state.stay, len(state.stays)) == (None, None, 3)
    assert (state.holder_unit_id, state.officer, state.holder_id) == (OTHER, "Hoa", 9)
    with pytest.raises(OutOfOrder, match="đã ở bước cuối") as last:
        folded(*to_last, (K.HANDED_OVER, "2024-06-05 09:00"))
    with pytest.raises(OutOfOrder, match="không có bước 9") as none:
        folded(RECEIVED, (K.HANDED_OVER, "2024-06-05 09:00", {"position": 9}))
    assert (last.value.field, none.value.field) == ("position", "position")


def test_a_case_goes_back_to_who_had_the_stage_last_unless_others_are_named() -> None:
    went = (
        RECEIVED,
        (K.HANDED_OVER, "2024-06-04 08:00", by("Lan", 7, unit_id=OTHER)),
        (K.HANDED_OVER, "2024-06-05 08:00", by("Hoa", 9)),
    )
    back = folded(*went, (K.RETURNED, "2024-06-06 08:00", {"position": 2}))
    assert (back.stage, back.stay and back.stay.unit_id, back.officer, back.holder_id) == (2, OTHER, "Lan", None)
    assert (back.stays[-1].person_id, back.stays[-2].ended_at) == (7, at("2024-06-06 08:00"))
    named = folded(*went, (K.RETURNED, "2024-06-06 08:00", by("Mai", 8, position=2, unit_id=DIVISION)))
    assert (named.stays[-1].unit_id, named.stays[-1].officer, named.stays[-1].person_id) == (DIVISION, "Mai", 8)
    assert named.holder_id == 8
    for position in (3, 4, 0):  # the same stage, none, none
        with pytest.raises(OutOfOrder, match="Chỉ trả lại được về bước trước"):
            folded(*went, (K.RETURNED, "2024-06-06 08:00", {"position": position}))


def test_who_takes_a_case_over_has_it_and_its_stage() -> None:
    state = folded(RECEIVED, HANDED_OVER, (K.TAKEN_OVER, "2024-06-05 08:00", by("Mai", 8)))
    assert (state.officer, state.holder_id, state.stays[-1].officer, state.stays[-1].person_id) == ("Mai", 8, "Mai", 8)
    assert state.stays[0].officer == ""
    unknown = folded((K.RECEIVED, "2024-06-03 08:00", {"stages_unknown": True}), (K.TAKEN_OVER, "2024-06-05 08:00"))
    assert (unknown.stays, unknown.stage, unknown.next_position) == ([], None, 1)


def test_of_a_unit_that_is_gone_its_successor_has_what_had_not_ended() -> None:
    asked = (K.CONSULTED, "2024-06-04 09:00", {"unit_id": DIVISION, "due_at": "2024-06-10T17:00:00+07:00"})
    gone = (K.UNIT_SUCCEEDED, "2024-06-06 00:00", {"unit_id": DIVISION, "to_unit_id": HEIR, "accountable": True})
    state = folded(RECEIVED, HANDED_OVER, asked, gone)
    assert (state.holder_unit_id, state.stays[1].unit_id, state.consultations[0].unit_id) == (HEIR, HEIR, HEIR)
    assert state.stays[0].unit_id == DESK
    assert state.unit_id == HEIR
    assert state.accountable_at(at("2024-06-05 23:59"), DIVISION) == DIVISION
    assert state.accountable_at(at("2024-06-06 00:00"), DIVISION) == HEIR
    assert folded(RECEIVED).accountable_at(at("2024-06-06 00:00"), DIVISION) == DIVISION

    next_gone = (K.UNIT_SUCCEEDED, "2024-06-07 00:00", {"unit_id": HEIR, "to_unit_id": OTHER})
    later = folded(RECEIVED, HANDED_OVER, gone, next_gone, (K.RETURNED, "2024-06-10 08:00", {"position": 1}))
    again = folded(
        *(RECEIVED, HANDED_OVER, gone, next_gone, (K.HANDED_OVER, "2024-06-10 08:00")),
        (K.RETURNED, "2024-06-11 08:00", {"position": 2}),
    )
    assert later.holder_unit_id == DESK
    assert again.holder_unit_id == again.stays[-1].unit_id == OTHER  # the successor of the successor

    of_another = (K.UNIT_SUCCEEDED, "2024-06-06 00:00", {"unit_id": OTHER, "to_unit_id": HEIR})
    untouched = folded(RECEIVED, HANDED_OVER, asked, of_another)
    assert (untouched.holder_unit_id, untouched.stays[1].unit_id, untouched.unit_id) == (DIVISION, DIVISION, None)
    assert untouched.consultations[0].unit_id == DIVISION


def test_of_a_case_that_had_ended_nothing_passes_on() -> None:
    gone = (K.UNIT_SUCCEEDED, "2024-06-07 00:00", {"unit_id": DIVISION, "to_unit_id": HEIR, "accountable": True})
    answered = (K.CONSULTED, "2024-06-04 09:00", {"unit_id": DIVISION})
    state = folded(RECEIVED, HANDED_OVER, answered, RESOLVED, (K.CLOSED, "2024-06-06 09:00"), gone)
    assert (state.holder_unit_id, state.stays[1].unit_id, state.unit_id) == (DIVISION, DIVISION, DIVISION)
    assert state.consultations[0].unit_id == DIVISION


# Opinions


def test_an_opinion_is_answered_once_and_only_where_it_was_asked() -> None:
    asked = (K.CONSULTED, "2024-06-04 09:00", {"unit_id": OTHER, "due_at": "2024-06-10T17:00:00+07:00"})
    state = folded(RECEIVED, asked, (K.CONSULT_ANSWERED, "2024-06-05 10:00", {"number": 2}))
    (opinion,) = state.consultations
    assert (opinion.number, opinion.unit_id, opinion.asked_at) == (2, OTHER, at("2024-06-04 09:00"))
    assert (opinion.due_at, opinion.answered_at) == (at("2024-06-10 17:00"), at("2024-06-05 10:00"))
    answer = (K.CONSULT_ANSWERED, "2024-06-05 10:00", {"number": 2})
    with pytest.raises(OutOfOrder, match="đã có trả lời") as twice:
        folded(RECEIVED, asked, answer, (K.CONSULT_ANSWERED, "2024-06-05 11:00", {"number": 2}))
    with pytest.raises(OutOfOrder, match="Không có việc lấy ý kiến này") as nothing:
        folded(RECEIVED, asked, (K.CONSULT_ANSWERED, "2024-06-05 11:00", {"number": 3}))
    assert twice.value.field == nothing.value.field == "number"
    with pytest.raises(OutOfOrder, match="hãy đính chính phần trả lời trước"):
        folded(RECEIVED, asked, answer, (K.CORRECTED, "2024-06-06 08:00", {"corrects": 2, "void": True}))


# Money


def paid(when: str, amount: int, **more: Any) -> tuple[EventKind, str, dict[str, Any]]:
    return K.PAID, when, {"amount": amount, "channel": "cash", **more}


def refunded(when: str, payment: int, amount: int) -> tuple[EventKind, str, dict[str, Any]]:
    return K.REFUNDED, when, {"payment": payment, "amount": amount}


def test_money_is_given_back_of_one_payment_and_never_more_than_was_paid() -> None:
    took = paid("2024-06-03 09:00", 300_000, receipt_number="12", transaction_number="A1")
    state = folded(RECEIVED, took, refunded("2024-06-04 09:00", 2, 100_000), refunded("2024-06-05 09:00", 2, 200_000))
    (payment,) = state.payments
    assert (payment.event_number, payment.amount, payment.refunded) == (2, 300_000, 300_000)
    assert (payment.channel, payment.receipt_number, payment.transaction_number) == (PaymentChannel.CASH, "12", "A1")
    assert payment.voided is False
    assert [(r.event_number, r.payment_number, r.amount, r.at) for r in state.refunds] == [
        (3, 2, 100_000, at("2024-06-04 09:00")),
        (4, 2, 200_000, at("2024-06-05 09:00")),
    ]
    for payment_number, amount, sentence in (
        (2, 300_001, "từ 1 đến 300000 đồng"),
        (2, 0, "từ 1 đến 300000 đồng"),
        (3, 1, "Không có khoản thu này"),
    ):
        with pytest.raises(OutOfOrder, match=sentence):
            folded(RECEIVED, took, refunded("2024-06-04 09:00", payment_number, amount))


def test_what_was_given_back_is_put_right_before_the_payment_and_a_voided_one_gives_nothing() -> None:
    took = paid("2024-06-03 09:00", 300_000)
    void = (K.CORRECTED, "2024-06-06 08:00", {"corrects": 2, "void": True})
    with pytest.raises(OutOfOrder, match="hãy đính chính việc hoàn trả trước") as first:
        folded(RECEIVED, took, refunded("2024-06-04 09:00", 2, 1), void)
    assert first.value.field == "void"
    with pytest.raises(OutOfOrder, match="đã bị hủy"):
        folded(RECEIVED, took, void, refunded("2024-06-04 09:00", 2, 1))
    voided = folded(RECEIVED, took, void, void)  # said twice: a payment stays in the record
    assert [payment.voided for payment in voided.payments] == [True]


# Ends, results


def test_a_result_in_electronic_form_is_of_the_same_day_until_the_office_has_closed() -> None:
    closed = (RECEIVED, HANDED_OVER, RESOLVED)
    for when, days in (("2024-06-05 23:00", 0), ("2024-06-06 08:00", 1)):
        state = folded(*closed, (K.ISSUED_ELECTRONIC, when))
        assert (state.electronic_result_at, state.electronic_days) == (at(when), days)
    late = folded(RECEIVED, HANDED_OVER, (K.RESOLVED, "2024-06-05 18:00"), (K.ISSUED_ELECTRONIC, "2024-06-06 16:00"))
    assert late.electronic_days == 0
    assert folded(*closed).electronic_days is None


def test_what_happens_once_is_recorded_once() -> None:
    with pytest.raises(OutOfOrder, match="đã được ghi nhận"):
        folded(RECEIVED, (K.FILES_DIGITISED, "2024-06-03 09:00"), (K.FILES_DIGITISED, "2024-06-03 10:00"))


def test_of_a_case_that_is_annulled_nothing_follows_but_money() -> None:
    state = folded(
        *(RECEIVED, HANDED_OVER, paid("2024-06-04 09:00", 5)),
        (K.CONSULTED, "2024-06-04 09:00", {"unit_id": OTHER}),
        (K.SUPPLEMENT_REQUESTED, "2024-06-05 08:00", {"until": "2024-06-20"}),
        (K.ANNULLED, "2024-06-06 08:00"),
    )
    assert (state.status, state.annulled_at) == (CaseStatus.ANNULLED, at("2024-06-06 08:00"))
    assert (state.ended_at, state.closed_at) == (at("2024-06-06 08:00"), None)
    dates = (state.promised_at, state.due_at, state.late_after, state.paused_at, state.supplement_by, state.result_at)
    assert set(dates) == {None}
    assert (state.stays, state.pauses, state.promises, state.consultations) == ([], [], [], [])
    assert len(state.payments) == 1


def test_a_supplement_has_its_last_day_while_it_is_awaited() -> None:
    asked = (K.SUPPLEMENT_REQUESTED, "2024-06-05 08:00", {"until": "2024-06-20"})
    waiting = folded(RECEIVED, HANDED_OVER, asked)
    assert (waiting.supplement_by, waiting.paused_at) == (date(2024, 6, 20), at("2024-06-05 08:00"))
    brought = folded(RECEIVED, HANDED_OVER, asked, (K.SUPPLEMENTED, "2024-06-06 08:00"))
    assert (brought.supplement_by, brought.paused_at, brought.due_at) == (None, None, at("2024-06-11 23:59:59"))
    assert [(p.started_at, p.ended_at) for p in brought.pauses] == [(at("2024-06-05 08:00"), at("2024-06-06 08:00"))]


@pytest.mark.parametrize(
    ("known_at", "began", "due_at"),
    [
        # told while there was time: the clock stood since it was asked, until the file says that it knows
        ("2024-06-06T08:00:00+07:00", "2024-06-05 08:00", None),
        # told when the time (10 June) had passed: late it was before it was asked for papers
        ("2024-06-12T08:00:00+07:00", "2024-06-11 00:00", "2024-06-10 23:59:59"),
    ],
)
def test_a_file_that_tells_of_a_supplement_without_its_time_makes_nobody_on_time(
    known_at: str, began: str, due_at: str | None
) -> None:
    state = folded(RECEIVED, HANDED_OVER, (K.SUPPLEMENT_REQUESTED, "2024-06-05 08:00", {"known_at": known_at}))
    assert state.paused_at == at(began)
    assert state.due_at == (at(due_at) if due_at else None)


# Corrections


def test_a_correction_keeps_what_was_held_before() -> None:
    events = life(
        *(RECEIVED, HANDED_OVER),
        (K.CORRECTED, "2024-06-06 08:00", {"corrects": 2, "at": "2024-06-04T10:00:00+07:00"}),
        (K.CORRECTED, "2024-06-07 08:00", {"corrects": 2, "at": "2024-06-04T11:00:00+07:00"}),
    )
    received, handed_over = as_corrected(events)
    assert (received.at, received.void, received.before) == (at("2024-06-03 08:00"), False, ())
    assert (handed_over.at, handed_over.void) == (at("2024-06-04 11:00"), False)
    assert [(when, told.number) for when, told in handed_over.before] == [
        (at("2024-06-04 08:00"), 3),
        (at("2024-06-04 10:00"), 4),
    ]
    gone = Event(5, K.CORRECTED, at("2024-06-08 08:00"), data={"void": True}, corrects=2)
    assert as_corrected([*events, gone])[1].void
    for wrong in (2, 9, None):
        with pytest.raises(OutOfOrder, match="Không tìm thấy sự kiện cần đính chính"):
            again = Event(6, K.CORRECTED, at("2024-06-09 08:00"), data={"void": True}, corrects=wrong)
            as_corrected([*events, gone, again])


# Numbers


def test_a_whole_number_of_days_is_an_int() -> None:
    assert [(type(whole(Decimal(each))), whole(Decimal(each))) for each in ("5", "5.00", "0.5")] == [
        (int, 5),
        (int, 5),
        (Decimal, Decimal("0.5")),
    ]


def test_time_used_in_a_stage_is_measured_as_its_allowance_is() -> None:
    days = folded(RECEIVED, HANDED_OVER, (K.HANDED_OVER, "2024-06-10 10:00"))
    assert [stay.used for stay in days.stays] == [1, 4, None]
    stay = days.stays[1]
    stay.allowance = Decimal("1.5")  # 4 June is not counted: 5, 6, 7 June, and 2.5 of 8 hours of the 10th
    parts = used_in_stage(terms(), CALENDAR, stay, [], at("2024-06-10 10:00"))
    assert parts == Decimal("3.31")
    stay.allowance = Decimal("0.5")  # 7.5 hours of the 4th, three days, 2.5 hours
    assert used_in_stage(terms(), CALENDAR, stay, [], at("2024-06-10 10:00")) == Decimal("4.25")
    hours = terms(PauseMode.EXTEND, unit=TimeUnit.WORKING_HOURS)
    stay.allowance = 8
    assert used_in_stage(hours, CALENDAR, stay, [], at("2024-06-05 09:00")) == Decimal("9.00")
