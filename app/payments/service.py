"""Taking money, and giving it back. One act, one transaction; each is an event of its case.

All that takes or gives back money waits for each other (`one_at_a_time`), so that what is checked here still holds
when it is written.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from app import extensions
from app.cases import service as cases
from app.cases.models import Case, Payment
from app.cases.vocabulary import EventKind, PaymentChannel
from app.errors import N_, Conflict, DomainError, NotFound
from app.extensions import db
from app.organisation.access import Actor, Scope
from app.organisation.audit import one_at_a_time, transaction
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability, needs
from app.payments.money import Balance
from app.payments.numbering import next_receipt_number
from app.reasons import checked_reason
from app.text import tidy


class MoreThanOwed(DomainError):
    """More is paid than the case still owes: taken only when the clerk says so again."""

    def __init__(self, remaining: int) -> None:
        super().__init__(
            N_("Hồ sơ chỉ còn phải nộp %(remaining)s đồng. Nếu vẫn thu, hãy đánh dấu xác nhận rồi ghi lại."),
            field="amount",
            remaining=remaining,
        )


@needs(Capability.TAKE_PAYMENTS)
def take_payment(
    scope: Scope,
    by: Actor,
    case_id: int,
    *,
    amount: int,
    channel: PaymentChannel,
    transaction_number: str = "",
    over_owed: bool = False,
    at: datetime | None = None,
    **kwargs: Any,
) -> Case:
    """Take money for a case, in đồng. In person it gets the next receipt number; online it names its transaction.

    Raises MoreThanOwed unless `over_owed`; Conflict when the transaction is recorded already, naming the case.
    """
    transaction_number = tidy(transaction_number)
    with transaction():
        one_at_a_time(f"payments {scope.site}")
        if not over_owed:
            _refuse_more_than_owed(scope, case_id, amount)
        if transaction_number:
            _refuse_known_transaction(scope.site, case_id, transaction_number)
        receipt = ""
        if channel is PaymentChannel.IN_PERSON:
            receipt = next_receipt_number(scope.site, site_calendar().local_day(at or extensions.now()).year)
        return cases.record_payment(
            scope,
            by,
            case_id,
            amount=amount,
            channel=channel,
            transaction_number=transaction_number,
            receipt_number=receipt,
            at=at,
            **kwargs,
        )


@needs(Capability.TAKE_PAYMENTS)
def give_back(
    scope: Scope,
    by: Actor,
    case_id: int,
    number: int,
    *,
    amount: int,
    reason: str,
    late_because: str = "",
    **kwargs: Any,
) -> Case:
    """Give back a payment or a part of it (hoàn trả). `number` is the event of the payment; a reason is required.

    `late_because`: why it is recorded long after the money was given back, where it is.
    Raises OutOfOrder when that is more than is left of the payment, or when it was voided.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do hoàn trả."), field="note")
    with transaction():
        one_at_a_time(f"payments {scope.site}")
        data = {"payment": number, "amount": amount}
        kwargs = {"note": reason, "data": data, "reason": late_because, **kwargs}
        return cases.record(scope, by, case_id, EventKind.REFUNDED, **kwargs)


def _refuse_more_than_owed(scope: Scope, case_id: int, amount: int) -> None:
    in_sight = or_(scope.within(Case.unit_id), scope.within(Case.holder_unit_id))
    owed = db.session.scalar(select(Case.fee_due).where(Case.id == case_id, Case.site == scope.site, in_sight))
    if owed is None:
        raise NotFound("Không tìm thấy hồ sơ này.")
    taken = db.session.execute(
        select(Payment.amount, Payment.refunded, Payment.voided).where(Payment.case_id == case_id)
    ).all()
    balance = Balance.of(owed, taken)
    if amount > balance.remaining:
        raise MoreThanOwed(balance.remaining)


def _refuse_known_transaction(site: str, case_id: int, number: str) -> None:
    """One transaction pays one case once. What was voided may be recorded where it belongs."""
    found = db.session.execute(
        select(Case.id, Case.code)
        .join(Payment, Payment.case_id == Case.id)
        .where(Payment.site == site, Payment.transaction_number == number, Payment.voided.is_(False))
        .limit(1)
    ).first()
    if found is None:
        return
    if found.id == case_id:
        raise Conflict("Mã giao dịch %(number)s đã được ghi cho hồ sơ này.", field="transaction_number", number=number)
    raise Conflict(
        "Mã giao dịch %(number)s đã được ghi cho hồ sơ %(code)s.",
        field="transaction_number",
        number=number,
        code=found.code,
    )
