"""Money in the demonstration: receipts of the latest payments at the desk, and one list of the payment portal.

The list is taken in as a clerk would drop it. It has a line of every kind: most match, one has another sum, one is
of no case here, one was never recorded, one stands twice, two are refused; and one payment of ours is not on it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from app.cases.models import Case, CaseCounter, CaseEvent, Payment
from app.cases.vocabulary import PaymentChannel
from app.demo import sheets
from app.demo.world import Ground
from app.organisation.access import Scope
from app.organisation.exports import csv_lines
from app.organisation.models import Person
from app.payments.reconciling import take_statement
from app.payments.service import SERIES, receipt_number
from app.web.extensions import db

RECEIPTS = 120  # the latest payments at the desk
LISTED = 12  # online payments on the portal's list
CASHIER = "motcua"
HEADER = ("Mã giao dịch", "Mã hồ sơ", "Số tiền", "Thời gian thanh toán", "Trạng thái giao dịch")
PAID, FAILED = "Thành công", "Thất bại"


@dataclass(frozen=True, slots=True)
class _Listed:
    number: str
    code: str
    amount: int
    paid_at: datetime


def add_receipts(ground: Ground) -> None:
    """Give the latest payments at the desk their receipts, within a transaction: what was paid before had none."""
    cashier = db.session.execute(
        select(Person.id, Person.full_name).where(Person.site == ground.site, Person.username == CASHIER)
    ).one()
    latest = db.session.execute(
        select(Payment.id, Payment.case_id, Payment.event_number, Payment.paid_at)
        .where(Payment.site == ground.site, Payment.channel != PaymentChannel.ONLINE)
        .order_by(Payment.paid_at.desc(), Payment.case_id.desc(), Payment.event_number.desc())
        .limit(RECEIPTS)
    ).all()
    given: Counter[int] = Counter()
    for payment_id, case_id, number, paid_at in reversed(latest):
        year = ground.calendar.local_day(paid_at).year
        given[year] += 1
        receipt = receipt_number(year, given[year])
        db.session.execute(update(Payment).where(Payment.id == payment_id).values(receipt_number=receipt))
        event = db.session.scalars(
            select(CaseEvent).where(CaseEvent.case_id == case_id, CaseEvent.number == number)
        ).one()
        event.data = {**event.data, "receipt_number": receipt}
        event.recorded_by_id, event.actor = cashier
    sheets.again(payment.case_id for payment in latest)
    db.session.add_all(
        CaseCounter(site=ground.site, prefix=SERIES, day=date(year, 1, 1), last=last)
        for year, last in sorted(given.items())
    )
    db.session.flush()


def add_statement(ground: Ground) -> None:
    """Take in one list of the portal, within a transaction; nothing when hardly anybody has paid online."""
    listed = _latest_online(ground)
    if len(listed) < LISTED:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(csv_lines(HEADER, _lines(ground, listed)))
        name = f"giao-dich-{ground.last:%Y-%m-%d}.csv"
        statement = take_statement(Scope(ground.site), ground.by, path, name)
    statement.taken_at = ground.world.horizon
    db.session.flush()


def _latest_online(ground: Ground) -> list[_Listed]:
    rows = db.session.execute(
        select(Payment.transaction_number, Case.code, Payment.amount, Payment.paid_at)
        .join(Case, Case.id == Payment.case_id)
        .where(
            Payment.site == ground.site,
            Payment.channel == PaymentChannel.ONLINE,
            Payment.voided.is_(False),
            Payment.transaction_number != "",
        )
        .order_by(Payment.paid_at.desc(), Payment.case_id.desc())
        .limit(LISTED)
    )
    return [_Listed(*row) for row in rows][::-1]


def _lines(ground: Ground, listed: Sequence[_Listed]) -> Iterator[list[object]]:
    first, other, left_out, *rest = listed
    yield _line(ground, first)
    yield _line(ground, other, amount=other.amount + 10_000)
    for line in rest:
        yield _line(ground, line)
    yield _line(ground, first)
    yield _line(ground, left_out, number="GD-CHUYEN-NHAM", code="H32.05-240101-0001")
    if unpaid := _unpaid(ground, rest[0].paid_at):
        yield _line(ground, unpaid)
    yield _line(ground, rest[0], number="GD-HONG-1", status=FAILED)
    yield [*_line(ground, rest[0], number="GD-HONG-2")[:2], "", *_line(ground, rest[0])[3:]]


def _line(
    ground: Ground, line: _Listed, number: str = "", code: str = "", amount: int = 0, status: str = PAID
) -> list[object]:
    when = line.paid_at.astimezone(ground.calendar.zone)
    return [number or line.number, code or line.code, amount or line.amount, f"{when:%d/%m/%Y %H:%M:%S}", status]


def _unpaid(ground: Ground, before: datetime) -> _Listed | None:
    """A case that can be paid online, for which no payment is recorded: the portal has one."""
    paid = select(Payment.id).where(Payment.case_id == Case.id)
    row = db.session.execute(
        select(Case.code, Case.fee_due, Case.received_at)
        .where(
            Case.site == ground.site,
            Case.online_payable,
            Case.fee_due > 0,
            Case.received_at < before,
            ~paid.exists(),
        )
        .order_by(Case.received_at.desc(), Case.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    code, amount, received_at = row
    return _Listed("GD-CHUA-GHI", code, amount, min(received_at + timedelta(minutes=20), ground.world.horizon))
