"""Taking money and giving it back: receipt numbers, transactions, what is owed, refunds."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.cases import service as cases
from app.cases.models import Case, CaseEvent, Payment, Refund
from app.cases.timeline import OutOfOrder
from app.cases.vocabulary import EventKind, PaymentChannel
from app.core.errors import Conflict, DomainError, NotFound
from app.organisation.access import Scope
from app.payments.service import MoreThanOwed, refund_payment, take_payment
from app.web.extensions import db
from tests import factories as make
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE
from tests.threads import at_once

DESK, ONLINE = PaymentChannel.IN_PERSON, PaymentChannel.ONLINE


@pytest.fixture
def version(session: Any) -> Any:
    return make.make_version(make.make_department()["LDVL"], fee=600_000, eligible=True)


@pytest.fixture
def case(version: Any) -> Case:
    return make.receive(version, at("2024-07-01 07:45"))


def take(case: Case, amount: int = 600_000, channel: PaymentChannel = DESK, **more: Any) -> Case:
    return take_payment(EVERYWHERE, CLERK, case.id, amount=amount, channel=channel, **more)


def payments(case: Case) -> list[Payment]:
    found = select(Payment).where(Payment.case_id == case.id).order_by(Payment.event_number)
    return list(db.session.scalars(found.execution_options(populate_existing=True)))


def test_a_payment_in_person_gets_the_next_receipt_number_of_the_year(version: Any) -> None:
    for _ in range(2):
        take(make.receive(version, at("2024-07-01 07:45")))
    numbers = db.session.scalars(select(Payment.receipt_number).order_by(Payment.id)).all()
    assert numbers == ["BL-2024-000001", "BL-2024-000002"]


def test_the_series_begins_again_each_year(version: Any, freeze: Any) -> None:
    take(make.receive(version, at("2024-07-01 07:45")))
    freeze("2025-01-02 08:00")
    case = make.receive(version, at("2025-01-02 07:45"))
    take(case)
    assert payments(case)[0].receipt_number == "BL-2025-000001"


def test_a_payment_that_was_refused_uses_up_no_receipt_number(case: Case, version: Any) -> None:
    with pytest.raises(Conflict):
        take(case, revision=99)
    take(case)
    assert payments(case)[0].receipt_number == "BL-2024-000001"


def test_an_online_payment_names_its_transaction_and_gets_no_receipt(case: Case) -> None:
    with pytest.raises(DomainError, match="mã giao dịch"):
        take(case, channel=ONLINE)
    take(case, channel=ONLINE, transaction_number=" GD  1 ")
    assert [(p.transaction_number, p.receipt_number) for p in payments(case)] == [("GD 1", "")]


def test_the_same_transaction_twice_is_refused_naming_the_other_case(case: Case, version: Any) -> None:
    other = make.receive(version, at("2024-07-01 07:50"))
    take(case, channel=ONLINE, transaction_number="GD1")
    with pytest.raises(Conflict, match=f"đã được ghi cho hồ sơ {case.code}"):
        take(other, channel=ONLINE, transaction_number="GD1")
    with pytest.raises(Conflict, match="đã được ghi cho hồ sơ này"):
        take(case, channel=ONLINE, transaction_number="GD1", over_owed=True)
    assert payments(other) == []


def test_a_transaction_voided_on_one_case_may_be_recorded_where_it_belongs(case: Case, version: Any) -> None:
    take(case, channel=ONLINE, transaction_number="GD1")
    cases.correct(EVERYWHERE, CLERK, case.id, 2, reason="nhầm hồ sơ", void=True)
    other = make.receive(version, at("2024-07-01 07:50"))
    take(other, channel=ONLINE, transaction_number="GD1")
    assert [p.voided for p in payments(case) + payments(other)] == [True, False]


def test_more_than_is_owed_is_taken_only_when_confirmed(case: Case) -> None:
    take(case, 200_000)
    with pytest.raises(MoreThanOwed, match="400000 đồng"):
        take(case, 400_001)
    assert len(payments(case)) == 1
    take(case, 400_001, over_owed=True)
    assert [p.amount for p in payments(case)] == [200_000, 400_001]


@pytest.mark.parametrize("amount", [0, -1])
def test_no_payment_of_nothing(case: Case, amount: int) -> None:
    with pytest.raises(DomainError, match="lớn hơn 0"):
        take(case, amount)


def test_money_for_another_units_case_is_refused_as_if_it_did_not_exist(case: Case) -> None:
    with pytest.raises(NotFound):
        take_payment(Scope("TEST", frozenset({-1})), CLERK, case.id, amount=700_000, channel=DESK)


def test_a_refund_is_an_event_with_its_reason(case: Case) -> None:
    take(case)
    refund_payment(EVERYWHERE, CLERK, case.id, 2, amount=150_000, reason="Nộp thừa")
    assert payments(case)[0].refunded == 150_000
    refund = db.session.scalars(select(Refund)).one()
    assert (refund.amount, refund.payment_number, refund.reason) == (150_000, 2, "Nộp thừa")
    kinds = db.session.scalars(select(CaseEvent.kind).order_by(CaseEvent.number)).all()
    assert kinds == [EventKind.RECEIVED, EventKind.PAID, EventKind.REFUNDED]


def test_a_refund_needs_a_reason(case: Case) -> None:
    take(case)
    with pytest.raises(DomainError, match="lý do hoàn trả"):
        refund_payment(EVERYWHERE, CLERK, case.id, 2, amount=1, reason="  ")


def test_never_more_is_given_back_than_was_paid(case: Case) -> None:
    take(case)
    refund_payment(EVERYWHERE, CLERK, case.id, 2, amount=400_000, reason="Nộp thừa")
    for amount in (200_001, 0, -1):
        with pytest.raises(OutOfOrder, match="từ 1 đến 200000 đồng"):
            refund_payment(EVERYWHERE, CLERK, case.id, 2, amount=amount, reason="Nộp thừa")
    refund_payment(EVERYWHERE, CLERK, case.id, 2, amount=200_000, reason="Rút hồ sơ")
    assert payments(case)[0].refunded == 600_000


def test_after_a_refund_the_rest_is_owed_again(case: Case) -> None:
    take(case)
    refund_payment(EVERYWHERE, CLERK, case.id, 2, amount=100_000, reason="Thu nhầm mức")
    with pytest.raises(MoreThanOwed):
        take(case, 100_001)
    take(case, 100_000)


def test_receipt_numbers_are_given_out_once_to_desks_at_work_together(app: Flask, session: Any) -> None:
    version = make.make_version(make.make_department()["LDVL"], fee=600_000)
    ids = [make.receive(version, at("2024-07-01 07:45")).id for _ in range(12)]
    db.session.commit()

    def desk(case_id: int) -> Case:
        return take_payment(EVERYWHERE, CLERK, case_id, amount=600_000, channel=DESK)

    at_once(app, *(partial(desk, case_id) for case_id in ids))
    numbers = sorted(db.session.scalars(select(Payment.receipt_number)))
    assert numbers == [f"BL-2024-{n:06d}" for n in range(1, 13)]


def test_one_transaction_sent_by_two_desks_at_once_is_recorded_once(app: Flask, session: Any) -> None:
    version = make.make_version(make.make_department()["LDVL"], fee=600_000, eligible=True)
    ids = [make.receive(version, at("2024-07-01 07:45")).id for _ in range(4)]
    db.session.commit()

    def desk(case_id: int) -> Case:
        return take_payment(EVERYWHERE, CLERK, case_id, amount=600_000, channel=ONLINE, transaction_number="GD-CHUNG")

    outcomes = at_once(app, *(partial(desk, case_id) for case_id in ids))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Case", "Conflict", "Conflict", "Conflict"]
    assert len(db.session.scalars(select(Payment.id)).all()) == 1
