"""Taken over, sent back, asked of another unit, signed, paid back: what each does to a case, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from app.cases import handling, population, service
from app.cases.intake.contents import Applicant
from app.cases.models import Case, CaseEvent, CaseStage, Consultation, Payment, Refund
from app.cases.search import case_with_code
from app.cases.timeline import OutOfOrder
from app.cases.vocabulary import CaseStatus, Channel, EventKind
from app.core.errors import Conflict, DomainError, NotAllowed, NotFound
from app.organisation.access import Actor, Scope
from app.organisation.models import Unit
from app.web.extensions import db
from tests.cases.explanations.test_service import facts
from tests.cases.test_timeline import folded
from tests.clock import at
from tests.factories import (
    CLERK,
    EVERYWHERE,
    SITE,
    finish,
    happen,
    make_department,
    make_person,
    make_version,
    pay,
    receive,
)

K = EventKind
RECEIVED = (K.RECEIVED, "2024-06-03 08:00")


# The fold alone


def test_a_case_sent_back_stays_anew_in_the_earlier_stage_and_its_due_date_stands() -> None:
    forward = (RECEIVED, (K.HANDED_OVER, "2024-06-04 08:00", {"officer": "Võ Thị Mai"}))
    there = folded(*forward, (K.HANDED_OVER, "2024-06-05 08:00"))
    back = folded(*forward, (K.HANDED_OVER, "2024-06-05 08:00"), (K.RETURNED, "2024-06-05 14:00", {"position": 2}))
    assert [stay.position for stay in back.stays] == [1, 2, 3, 2]
    assert back.stays[2].ended_at == back.stays[3].started_at == at("2024-06-05 14:00")
    assert back.stays[3].due_at == at("2024-06-10 23:59:59")  # three working days again
    assert (back.officer, back.status) == ("Võ Thị Mai", CaseStatus.IN_PROGRESS)
    assert back.due_at == there.due_at
    again = folded(*forward, (K.RETURNED, "2024-06-05 14:00", {"position": 1}), (K.HANDED_OVER, "2024-06-06 08:00"))
    assert again.stage == 2


@pytest.mark.parametrize("position", [2, 3, 9])
def test_a_case_is_sent_back_only_to_an_earlier_stage(position: int) -> None:
    with pytest.raises(OutOfOrder, match="bước trước"):
        folded(RECEIVED, (K.HANDED_OVER, "2024-06-04 08:00"), (K.RETURNED, "2024-06-05 08:00", {"position": position}))


def test_who_takes_a_case_over_has_it_until_it_is_handed_on() -> None:
    mine = (RECEIVED, (K.TAKEN_OVER, "2024-06-03 09:00", {"officer": "Trần Minh", "person_id": 7}))
    taken = folded(*mine)
    assert (taken.officer, taken.holder_id, taken.stays[0].officer) == ("Trần Minh", 7, "Trần Minh")
    assert taken.status is CaseStatus.RECEIVED
    handed = folded(*mine, (K.HANDED_OVER, "2024-06-04 08:00"))
    assert (handed.officer, handed.holder_id, handed.stays[0].officer) == ("", None, "Trần Minh")


def test_several_questions_may_be_open_and_each_is_answered_once() -> None:
    asked = (
        RECEIVED,
        (K.CONSULTED, "2024-06-03 09:00", {"unit_id": 5, "due_at": at("2024-06-05 23:59:59").isoformat()}),
        (K.CONSULTED, "2024-06-03 10:00", {"unit_id": 6}),
    )
    state = folded(*asked, (K.CONSULT_ANSWERED, "2024-06-04 08:00", {"number": 3}))
    assert [(c.number, c.unit_id, c.answered_at) for c in state.consultations] == [
        (2, 5, None),
        (3, 6, at("2024-06-04 08:00")),
    ]
    assert state.consultations[0].due_at == at("2024-06-05 23:59:59")
    assert state.due_at == folded(RECEIVED).due_at
    for number, words in ((3, "đã có trả lời"), (9, "Không có việc lấy ý kiến")):
        with pytest.raises(OutOfOrder, match=words):
            folded(
                *asked,
                (K.CONSULT_ANSWERED, "2024-06-04 08:00", {"number": 3}),
                (K.CONSULT_ANSWERED, "2024-06-04 09:00", {"number": number}),
            )


PAID = (K.PAID, "2024-06-03 09:00", {"amount": 600_000, "channel": "online", "receipt_number": "BL-7"})


def test_a_payment_is_given_back_in_parts_and_never_beyond_what_was_paid() -> None:
    part = (K.REFUNDED, "2024-06-04 08:00", {"payment": 2, "amount": 200_000})
    state = folded(RECEIVED, PAID, part, part)
    assert (state.payments[0].refunded, state.payments[0].receipt_number) == (400_000, "BL-7")
    assert [refund.amount for refund in state.refunds] == [200_000, 200_000]
    assert not state.payments[0].voided
    with pytest.raises(OutOfOrder, match="từ 1 đến 200000 đồng"):
        folded(RECEIVED, PAID, part, part, (K.REFUNDED, "2024-06-04 08:00", {"payment": 2, "amount": 200_001}))
    with pytest.raises(OutOfOrder, match="Không có khoản thu này"):
        folded(RECEIVED, PAID, (K.REFUNDED, "2024-06-04 08:00", {"payment": 1, "amount": 1}))
    with pytest.raises(OutOfOrder, match="trước thời điểm hoàn trả"):
        folded(RECEIVED, PAID, (K.REFUNDED, "2024-06-03 08:30", {"payment": 2, "amount": 1}))


def test_what_something_rests_upon_is_not_voided_until_that_is() -> None:
    refund = (K.REFUNDED, "2024-06-04 08:00", {"payment": 2, "amount": 600_000})
    void = {"corrects": 2, "void": True}
    with pytest.raises(OutOfOrder, match="đính chính việc hoàn trả trước"):
        folded(RECEIVED, PAID, refund, (K.CORRECTED, "2024-06-05 08:00", void))
    state = folded(
        RECEIVED, PAID, refund,
        (K.CORRECTED, "2024-06-05 08:00", {"corrects": 3, "void": True}), (K.CORRECTED, "2024-06-05 09:00", void),
    )  # fmt: skip
    assert (state.payments[0].voided, state.payments[0].refunded, state.refunds) == (True, 0, [])
    with pytest.raises(OutOfOrder, match="đã bị hủy"):
        folded(RECEIVED, PAID, (K.CORRECTED, "2024-06-05 08:00", void), refund)
    asked = (RECEIVED, (K.CONSULTED, "2024-06-03 09:00", {"unit_id": 5}))
    answer = (K.CONSULT_ANSWERED, "2024-06-04 08:00", {"number": 2})
    with pytest.raises(OutOfOrder, match="đính chính phần trả lời trước"):
        folded(*asked, answer, (K.CORRECTED, "2024-06-05 08:00", void))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (K.HANDED_OVER, {}),
        (K.RETURNED, {"position": 1}),
        (K.TAKEN_OVER, {}),
        (K.CONSULTED, {"unit_id": 5}),
        (K.SIGNED, {"signer": "Nguyễn Văn A"}),
    ],
)
def test_nothing_moves_a_closed_case(kind: EventKind, data: dict[str, Any]) -> None:
    with pytest.raises(OutOfOrder, match="Không thể ghi"):
        folded(
            RECEIVED, (K.RESOLVED, "2024-06-04 08:00"), (K.CLOSED, "2024-06-04 09:00"), (kind, "2024-06-05 08:00", data)
        )


# In the store


class House:
    """A Department with one procedure of three stages, and one case of it in the division's hands."""

    def __init__(self) -> None:
        self.units: dict[str, Unit] = make_department()
        mc, ldvl = self.units["MC"], self.units["LDVL"]
        stages = (("Tiếp nhận", mc, 1), ("Thẩm định", ldvl, 3), ("Trả kết quả", mc, 1))
        self.version = make_version(ldvl, *stages, fee=600_000, eligible=True)
        self.officer = make_person(ldvl, full_name="Võ Thị Mai")
        self.asked = make_person(self.units["NCC"], full_name="Phạm Hùng")
        self.case = receive(self.version, at("2024-06-24 08:00"))
        service.hand_over(EVERYWHERE, CLERK, self.case.id, at=at("2024-06-25 08:00"), reason="ghi bù")

    def consult(self, code: str = "NCC", **fields: Any) -> Case:
        return handling.consult(EVERYWHERE, CLERK, self.case.id, unit_code=code, note="Có vướng gì không?", **fields)


@pytest.fixture
def house(session: Any) -> House:
    return House()


def by(person: Any) -> Actor:
    return Actor.of(person)


def only(unit: Unit) -> Scope:
    return Scope(SITE, frozenset({unit.id}))


def refund(case: Case, payment: int, amount: int, why: str) -> Case:
    data = {"payment": payment, "amount": amount}
    return service.record(EVERYWHERE, CLERK, case.id, K.REFUNDED, note=why, data=data)


def count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_the_holder_is_written_and_forgotten_at_the_next_hand_over(house: House) -> None:
    case = handling.take_over(only(house.units["LDVL"]), by(house.officer), house.case.id)
    assert (case.holder_id, case.officer) == (house.officer.id, "Võ Thị Mai")
    stay = db.session.scalars(select(CaseStage).where(CaseStage.case_id == case.id, CaseStage.number == 2)).one()
    assert stay.officer == "Võ Thị Mai"
    assert service.hand_over(EVERYWHERE, CLERK, case.id).holder_id is None


def test_who_takes_a_case_in_has_it_where_the_first_stage_is_theirs(house: House) -> None:
    for person, holder in ((make_person(house.units["MC"]), True), (house.officer, False)):
        case = service.receive_case(
            EVERYWHERE,
            by(person),
            version_id=house.version.id,
            applicant=Applicant("Lê Thị Sáu"),
            channel=Channel.IN_PERSON,
        )
        assert (case.holder_id == person.id) is holder


def test_only_people_of_the_unit_that_has_the_case_take_it_over(house: House) -> None:
    with pytest.raises(NotAllowed):
        handling.take_over(EVERYWHERE, by(house.asked), house.case.id)
    with pytest.raises(NotFound):
        handling.take_over(only(house.units["NCC"]), by(house.asked), house.case.id)
    with pytest.raises(NotAllowed):
        handling.take_over(EVERYWHERE, CLERK, house.case.id)


def test_two_people_do_not_take_over_the_same_case(house: House) -> None:
    seen = house.case.revision
    db.session.refresh(house.case)
    seen = house.case.revision
    handling.take_over(EVERYWHERE, by(house.officer), house.case.id, revision=seen)
    other = make_person(house.units["LDVL"], full_name="Người đến sau")
    with pytest.raises(Conflict):
        handling.take_over(EVERYWHERE, by(other), house.case.id, revision=seen)
    assert db.session.get_one(Case, house.case.id).holder_id == house.officer.id


def test_a_colleagues_case_is_taken_over_by_name_and_given_back_as_it_was(house: House) -> None:
    place, other = only(house.units["LDVL"]), by(make_person(house.units["LDVL"], full_name="Người đến sau"))
    handling.take_over(place, by(house.officer), house.case.id)
    for said in ("", "Người khác"):
        with pytest.raises(handling.ColleagueHasIt, match="Võ Thị Mai đang xử lý hồ sơ này"):
            handling.take_over(place, other, house.case.id, instead_of=said)
    case = handling.take_over(place, other, house.case.id, instead_of="Võ Thị Mai")
    assert (case.officer, case.holder_id) == ("Người đến sau", other.person_id)
    with pytest.raises(DomainError, match="Chỉ người vừa nhận"):
        handling.give_back(place, by(house.officer), house.case.id)
    case = handling.give_back(place, other, house.case.id)
    assert (case.officer, case.holder_id) == ("Võ Thị Mai", house.officer.id)
    with pytest.raises(DomainError, match="Chỉ người vừa nhận"):  # once
        handling.give_back(place, other, house.case.id)


def test_an_officer_without_an_account_is_somebody(house: House) -> None:
    case = service.hand_over(EVERYWHERE, CLERK, house.case.id, unit_code="LDVL", officer="Lê Thị Không Tài Khoản")
    assert (case.holder_id, case.officer) == (None, "Lê Thị Không Tài Khoản")
    with pytest.raises(handling.ColleagueHasIt, match="Lê Thị Không Tài Khoản đang xử lý"):
        handling.take_over(only(house.units["LDVL"]), by(house.officer), house.case.id)


def test_a_returned_case_needs_a_reason(house: House) -> None:
    with pytest.raises(DomainError, match="lý do trả lại"):
        handling.return_to_stage(EVERYWHERE, CLERK, house.case.id, position=1, note=" ")
    case = handling.return_to_stage(EVERYWHERE, CLERK, house.case.id, position=1, note="Thiếu bản chính")
    assert (case.stage, case.holder_unit_id) == (1, house.units["MC"].id)


def test_a_question_is_a_row_until_answered_and_after(house: House) -> None:
    case = house.consult(due_day=date(2024, 7, 3))
    asked = db.session.scalars(select(Consultation)).one()
    assert (asked.unit_id, asked.question, asked.answered_at) == (house.units["NCC"].id, "Có vướng gì không?", None)
    assert asked.due_at == at("2024-07-03 23:59:59")
    case = handling.answer_consultation(
        only(house.units["NCC"]), by(house.asked), case.id, number=asked.number, note="Không vướng."
    )
    asked = db.session.scalars(select(Consultation)).one()
    assert (asked.answer, asked.answered_at) == ("Không vướng.", at("2024-07-01 08:00"))
    assert case.status is CaseStatus.IN_PROGRESS


def test_the_unit_asked_sees_the_case_and_may_answer_and_nothing_else(house: House) -> None:
    ncc, code = only(house.units["NCC"]), house.case.code
    assert case_with_code(ncc, code) is None
    house.consult()
    assert case_with_code(ncc, code) == house.case.id
    number = db.session.scalars(select(Consultation.number)).one()
    before = count(CaseEvent)
    for kind in (K.NOTED, K.HANDED_OVER, K.RESOLVED):
        with pytest.raises(NotFound):
            service.record(ncc, by(house.asked), house.case.id, kind)
    with pytest.raises(NotFound):
        handling.answer_consultation(only(house.units["TTDVVL"]), CLERK, house.case.id, number=number, note="Không.")
    assert count(CaseEvent) == before
    handling.answer_consultation(ncc, by(house.asked), house.case.id, number=number, note="Đồng ý.")
    assert case_with_code(ncc, code) is None
    with pytest.raises(NotFound):
        handling.answer_consultation(ncc, by(house.asked), house.case.id, number=number, note="Hai lần.")


@pytest.mark.parametrize(("fields", "words"), [
    ({"unit_code": "LDVL"}, "đang ở chính"),
    ({"unit_code": "XXX"}, "Không có đơn vị"),
    ({"unit_code": "NCC", "due_day": date(2024, 6, 30)}, "trước hôm nay"),
    ({"unit_code": "NCC", "note": ""}, "nội dung lấy ý kiến"),
])  # fmt: skip
def test_a_question_that_cannot_be_put_is_refused(house: House, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(DomainError, match=words):
        handling.consult(EVERYWHERE, CLERK, house.case.id, **{"note": "Xin ý kiến"} | fields)
    assert count(Consultation) == 0


def test_the_proposed_day_for_an_answer_is_two_working_days_on(house: House, freeze: Any) -> None:
    assert handling.proposed_answer_day() == date(2024, 7, 3)
    freeze("2024-07-05 15:00")  # a Friday
    assert handling.proposed_answer_day() == date(2024, 7, 9)


def test_a_signature_names_signer_number_and_day(house: House) -> None:
    for fields, words in (({"signer": " "}, "người ký"), ({"signed_on": date(2024, 7, 2)}, "tương lai")):
        with pytest.raises(DomainError, match=words):
            handling.sign(EVERYWHERE, CLERK, house.case.id, **{"signer": "Nguyễn Văn A", "number": "12/GP"} | fields)
    handling.sign(EVERYWHERE, CLERK, house.case.id, signer="Nguyễn  Văn A", number="12/GP-SLĐTBXH")
    signed = db.session.scalars(select(CaseEvent).where(CaseEvent.kind == K.SIGNED)).one()
    assert signed.data == {"signer": "Nguyễn Văn A", "number": "12/GP-SLĐTBXH", "signed_on": "2024-07-01"}


def test_money_given_back_is_a_row_and_what_is_left_of_the_payment(house: House) -> None:
    pay(house.case, at("2024-06-26 08:00"))
    payment = db.session.scalars(select(Payment)).one()
    refund(house.case, payment.event_number, 100_000, "Thừa")
    given = db.session.scalars(select(Refund)).one()
    assert (given.amount, given.payment_number, given.reason) == (100_000, payment.event_number, "Thừa")
    assert given.unit_id == house.units["LDVL"].id
    payment = db.session.scalars(select(Payment)).one()
    assert (payment.amount, payment.refunded, payment.voided) == (600_000, 100_000, False)
    with pytest.raises(OutOfOrder, match="từ 1 đến"):
        refund(house.case, payment.event_number, 500_001, "Quá")
    assert count(Refund) == 1


def test_a_closed_case_is_not_handed_over_and_is_told_so_in_one_sentence(house: House) -> None:
    finish(house.case, at("2024-06-28 08:00"))
    before = count(CaseEvent)
    with pytest.raises(OutOfOrder) as refused:
        service.hand_over(EVERYWHERE, CLERK, house.case.id)
    assert str(refused.value).count(".") == 1
    assert count(CaseEvent) == before


def test_questions_and_refunds_change_no_due_date(house: House) -> None:
    pay(house.case, at("2024-06-25 09:00"))
    before = db.session.get_one(Case, house.case.id).due_at
    house.consult()
    payment = db.session.scalars(select(Payment.event_number)).one()
    refund(house.case, payment, 600_000, "Rút hồ sơ")
    happen(house.case, K.WITHDRAWN, at("2024-07-01 08:00"), note="Rút")
    case = db.session.get_one(Case, house.case.id)
    assert (case.due_at, case.status) == (before, CaseStatus.WITHDRAWN)


def test_a_payment_given_back_still_counts_in_the_rate_of_its_month(house: House) -> None:
    pay(house.case, at("2024-06-26 08:00"))
    counted = select(func.count()).where(population.payment_counted(at("2024-06-01 00:00"), at("2024-07-01 00:00")))
    assert db.session.scalar(counted) == 1
    refund(house.case, db.session.scalars(select(Payment.event_number)).one(), 600_000, "Rút hồ sơ")
    assert db.session.scalars(select(Payment.refunded)).one() == 600_000
    assert db.session.scalar(counted) == 1


def test_the_reason_for_a_return_is_the_note_of_the_stage_it_left_and_not_of_the_one_it_entered(
    session: Any, freeze: Any
) -> None:
    freeze("2024-06-28 17:00")
    units = make_department()
    stages = (("Tiếp nhận", units["LDVL"], 1), ("Thẩm định", units["LDVL"], 2))
    case = receive(make_version(units["LDVL"], *stages), at("2024-06-03 08:00"))
    happen(case, K.HANDED_OVER, at("2024-06-04 08:00"))
    happen(case, K.RETURNED, at("2024-06-05 08:00"), note="Thiếu căn cứ.", data={"position": 1})
    assert facts("stage_note") == [{"unit": "LDVL", "stages_ended": 2, "with_note": 1, "unknown_cases": 0}]
    happen(case, K.HANDED_OVER, at("2024-06-06 08:00"))
    assert facts("stage_note") == [{"unit": "LDVL", "stages_ended": 3, "with_note": 1, "unknown_cases": 0}]
