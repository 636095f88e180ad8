"""Taking money, and giving it back. One act, one transaction; each is an event of its case.

All that takes or gives back money waits for each other (`one_at_a_time`), so that what is checked here still holds
when it is written.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from app.cases import service as cases
from app.cases.balance import Balance
from app.cases.models import Case, Payment, is_one_of
from app.cases.numbering import raise_counter
from app.cases.population import changeable_by
from app.cases.vocabulary import EventKind, PaymentChannel
from app.core.errors import N_, Conflict, DomainError, NotFound
from app.core.text import checked_reason, tidy
from app.organisation.access import Actor, Scope
from app.organisation.audit import one_at_a_time, transaction
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db

SERIES = "bien-lai"  # no prefix of case codes: those have no hyphen


def next_receipt_number(site: str, year: int) -> str:
    """The next number of the year's series. What is rolled back is given out again: the series has no gaps.

    The counter stays locked until the payment itself is written.
    """
    return receipt_number(year, raise_counter(site, SERIES, date(year, 1, 1)))


def receipt_number(year: int, number: int) -> str:
    """As it is printed."""
    return f"BL-{year}-{number:06d}"


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
    """Take money for a case, in đồng. At the counter it gets the next receipt number; online it names its transaction.

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
        if channel.at_counter:
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
def refund_payment(
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
    mine = (Case.id == case_id, Case.site == scope.site, changeable_by(scope))
    owed = db.session.scalar(select(Case.fee_due).where(*mine))
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
        .where(Payment.site == site, is_one_of(Payment.transaction_number, [number]), Payment.voided.is_(False))
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
