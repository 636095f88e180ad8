"""What the demonstration shows of money: receipts without a gap, and a portal's list with every kind of line."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.cases.models import CaseCounter, CaseEvent, Payment
from app.cases.vocabulary import PaymentChannel
from app.demo.counter import RECEIPTS
from app.organisation.access import Scope
from app.payments import statement_queries as queries
from app.payments.models import MatchState, PortalStatement
from app.payments.service import SERIES, receipt_number
from app.web.extensions import db

pytestmark = pytest.mark.usefixtures("demonstration")


def test_the_latest_payments_at_the_desk_have_receipts_in_one_series() -> None:
    payments = db.session.scalars(
        select(Payment).where(Payment.receipt_number != "").order_by(Payment.paid_at, Payment.case_id)
    ).all()
    assert [p.receipt_number for p in payments] == [receipt_number(2024, n) for n in range(1, RECEIPTS + 1)]
    assert {p.channel for p in payments} == {PaymentChannel.CASH}
    assert db.session.scalars(select(CaseCounter.last).where(CaseCounter.prefix == SERIES)).all() == [RECEIPTS]


def test_a_receipt_stands_in_the_event_and_names_the_clerk_who_has_an_account() -> None:
    found = select(CaseEvent).join(
        Payment, (Payment.case_id == CaseEvent.case_id) & (Payment.event_number == CaseEvent.number)
    )
    event: Any = db.session.scalars(found.where(Payment.receipt_number == receipt_number(2024, 1))).one()
    assert event.data["receipt_number"] == receipt_number(2024, 1)
    assert (event.actor, event.recorded_by_id is not None) == ("Nguyễn Thị Thu Hà", True)


def test_the_portals_list_has_a_line_of_every_kind() -> None:
    statement = db.session.scalars(select(PortalStatement)).one()
    counts = queries.counts_of(statement)
    assert {state for state, n in counts.items() if n} == set(MatchState) - {MatchState.SETTLED}
    assert counts[MatchState.MATCHED] > 5
    assert len(statement.refused) == 2
    assert queries.unlisted(statement)
    assert queries.one_statement(Scope("TEST"), statement.id).open == 3
