"""What the page of a case shows of its money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.cases.balance import Balance
from app.cases.case_page import CaseView, Section, sections
from app.cases.models import Refund
from app.web.extensions import db


@dataclass(frozen=True, slots=True)
class CaseMoney:
    """What a case owes and what was paid; `refunds` in the order in which they were given back."""

    balance: Balance
    refunds: Sequence[Refund]


def case_money(view: CaseView) -> CaseMoney:
    """Read for one case. Refunds are looked for only where something was given back."""
    refunds: Sequence[Refund] = []
    if any(payment.refunded for payment in view.payments):
        wanted = select(Refund).where(Refund.case_id == view.case.id).order_by(Refund.refunded_at, Refund.event_number)
        refunds = db.session.scalars(wanted).all()
    return CaseMoney(view.balance, refunds)


sections["payments"] = Section(case_money, "payments/_case.html")
