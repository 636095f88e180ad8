"""Sums of đồng (what is still owed, which part of a payment is phí and which lệ phí), and the cash summary (bảng kê
thu): what each clerk took and gave back on some days, by channel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Subquery, and_, false, func, literal, or_, select, true, union_all

from app.cases.models import Case, CaseEvent, Payment, Refund
from app.cases.vocabulary import PaymentChannel
from app.core.errors import DomainError
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Person
from app.procedures.models import ChargeKind, ProcedureCharge
from app.web.extensions import db

# Sums of đồng: what is still owed, and which part of a payment is phí and which lệ phí. Pure.


@dataclass(frozen=True, slots=True)
class Split:
    """A sum of đồng by what it was paid for. `unknown`: the procedure version names no charges."""

    charge: int = 0  # phí
    fee: int = 0  # lệ phí
    unknown: int = 0

    def __add__(self, other: Split) -> Split:
        return Split(self.charge + other.charge, self.fee + other.fee, self.unknown + other.unknown)

    def __sub__(self, other: Split) -> Split:
        return Split(self.charge - other.charge, self.fee - other.fee, self.unknown - other.unknown)

    def times(self, n: int) -> Split:
        """The same sum n times."""
        return Split(self.charge * n, self.fee * n, self.unknown * n)

    @property
    def total(self) -> int:
        return self.charge + self.fee + self.unknown


def split(amount: int, charges: Sequence[tuple[ChargeKind, int]]) -> Split:
    """Divide a payment between phí and lệ phí as the version's charges stand to each other.

    Exact for a whole payment, also after an exemption, which takes the same share off each. In a part payment the
    phí is rounded to whole đồng (half up) and lệ phí is the rest, so that nothing is lost.
    """
    total = sum(sum_ for _kind, sum_ in charges)
    if total <= 0:
        return Split(unknown=amount)
    of_charges = sum(sum_ for kind, sum_ in charges if kind is ChargeKind.CHARGE)
    charge = (2 * amount * of_charges + total) // (2 * total)
    return Split(charge, amount - charge)


_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_GROUPS = ("", "nghìn", "triệu")


def in_words(amount: int) -> str:
    """đồng as a receipt writes them: 605.000 -> "Sáu trăm lẻ năm nghìn đồng". Always Vietnamese."""
    if amount < 0:
        raise ValueError(f"no words for {amount}")
    said = " ".join(_words(amount)) or "không"
    return f"{said[0].upper()}{said[1:]} đồng"


def _words(amount: int) -> list[str]:
    """Billions are counted in billions: tỷ stands after each nine digits."""
    billions, rest = divmod(amount, 1_000_000_000)
    said = [*_words(billions), "tỷ"] if billions else []
    for power in (2, 1, 0):
        group = rest // 1000**power % 1000
        if group:
            said += _group(group, full=bool(said))
            if _GROUPS[power]:
                said.append(_GROUPS[power])
    return said


def _group(group: int, *, full: bool) -> list[str]:
    """Three digits; `full` when others stand before, so that hundreds are said even when there are none."""
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    said = [_DIGITS[hundreds], "trăm"] if hundreds or full else []
    if tens == 1:
        said.append("mười")
    elif tens:
        said += [_DIGITS[tens], "mươi"]
    elif ones and said:
        said.append("lẻ")
    if ones == 1 and tens > 1:
        said.append("mốt")
    elif ones == 5 and tens:
        said.append("lăm")
    elif ones:
        said.append(_DIGITS[ones])
    return said


# The cash summary (bảng kê thu): what each clerk took and gave back on some days, by channel, phí and lệ phí apart.
#
# Money counts on the day it was taken, and what is given back on the day it was given back. A payment recorded by
# mistake and voided stays on the list, so that the numbers of receipts have no gap, and counts nowhere.

LONGEST_SPAN = 366  # days
Charges = Mapping[int, Sequence[tuple[ChargeKind, int]]]


@dataclass(frozen=True, slots=True)
class Sight:
    """What somebody may see of the cash: what was taken for or by the units of their scope, or only their own."""

    scope: Scope
    only_person: int | None = None


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Days, first and last included."""

    first: date
    last: date

    @classmethod
    def of(cls, first: date, last: date | None = None) -> DaySpan:
        """Raises DomainError when the days are the wrong way round, or too many."""
        last = last or first
        if last < first:
            raise DomainError("Đến ngày không được trước Từ ngày.", field="until")
        if (last - first).days >= LONGEST_SPAN:
            raise DomainError("Chỉ xem được tối đa %(n)s ngày một lần.", field="until", n=LONGEST_SPAN)
        return cls(first, last)

    def holds(self, column: Any) -> ColumnElement[bool]:
        """SQL: the instant is within these days of the site."""
        start = site_calendar().start_of_day
        return and_(column >= start(self.first), column < start(self.last + timedelta(days=1)))


@dataclass(frozen=True, slots=True)
class CashLine:
    """Money taken or given back (`refund`), in đồng, `amount` positive in both. `number`: of the payment's event."""

    at: datetime
    refund: bool
    clerk: str
    case_id: int
    case_code: str
    applicant: str
    channel: PaymentChannel
    number: int
    receipt_number: str
    transaction_number: str
    amount: int
    voided: bool
    reason: str
    parts: Split

    @property
    def counted(self) -> Split:
        """What it adds to the totals: less than nothing when given back, nothing when voided."""
        if self.voided:
            return Split()
        return Split() - self.parts if self.refund else self.parts


@dataclass(slots=True)
class ClerkTotal:
    """What one clerk took through one channel."""

    clerk: str
    channel: PaymentChannel | None
    payments: int = 0
    taken: Split = field(default_factory=Split)
    refunds: int = 0
    refunded: Split = field(default_factory=Split)

    @property
    def net(self) -> Split:
        """Taken less given back."""
        return self.taken - self.refunded


@dataclass(frozen=True, slots=True)
class Summary:
    """The totals of each clerk and channel, by the clerk's name; `whole` is their sum."""

    totals: list[ClerkTotal]

    @property
    def whole(self) -> ClerkTotal:
        whole = ClerkTotal("", None)
        for total in self.totals:
            whole.payments += total.payments
            whole.refunds += total.refunds
            whole.taken += total.taken
            whole.refunded += total.refunded
        return whole


def summary(sight: Sight, span: DaySpan) -> Summary:
    """The totals. Equal sums of one procedure are counted together, so that a year costs no more than its kinds."""
    move = _moves(sight.scope.site, span)
    named: tuple[Any, ...] = (CaseEvent.recorded_by_id, _clerk(), move.c.channel, move.c.refund)
    kinds: tuple[Any, ...] = (Case.version_id, move.c.amount)
    rows = _seen(select(*named, *kinds, func.count()), move, sight).where(move.c.voided.is_(False))
    charges = _charges(sight.scope.site)
    totals: dict[tuple[int | None, str, PaymentChannel], ClerkTotal] = {}
    for who, clerk, channel, refund, version_id, amount, count in db.session.execute(rows.group_by(*named, *kinds)):
        total = totals.setdefault((who, clerk, channel), ClerkTotal(clerk, channel))
        parts = split(amount, charges.get(version_id, ())).times(count)
        if refund:
            total.refunds, total.refunded = total.refunds + count, total.refunded + parts
        else:
            total.payments, total.taken = total.payments + count, total.taken + parts
    return Summary([totals[key] for key in sorted(totals, key=lambda key: (key[1], key[0] or 0, key[2]))])


def lines(sight: Sight, span: DaySpan, limit: int | None = None) -> Iterator[CashLine]:
    """Every receipt, online payment and refund of those days, in the order of time."""
    move = _moves(sight.scope.site, span)
    chosen: tuple[Any, ...] = (move, Case.code, Case.applicant, Case.version_id, _clerk().label("clerk"))
    rows = _seen(select(*chosen), move, sight).order_by(move.c.at, move.c.case_id, move.c.event_number).limit(limit)
    charges = _charges(sight.scope.site)
    for row in db.session.execute(rows.execution_options(yield_per=1000)):
        yield CashLine(
            at=row.at,
            refund=row.refund,
            clerk=row.clerk,
            case_id=row.case_id,
            case_code=row.code,
            applicant=row.applicant,
            channel=row.channel,
            number=row.payment_number,
            receipt_number=row.receipt_number,
            transaction_number=row.transaction_number,
            amount=row.amount,
            voided=row.voided,
            reason=row.reason,
            parts=split(row.amount, charges.get(row.version_id, ())),
        )


def count_lines(sight: Sight, span: DaySpan) -> int:
    """How many `lines` gives."""
    move = _moves(sight.scope.site, span)
    return db.session.scalar(_seen(select(func.count()), move, sight)) or 0


def _moves(site: str, span: DaySpan) -> Subquery:
    """Payments and refunds of those days, as one table."""
    p, r = Payment, Refund
    taken = select(
        *(literal(False).label("refund"), p.paid_at.label("at"), p.case_id, p.event_number, p.unit_id),
        *(p.event_number.label("payment_number"), p.channel, p.receipt_number, p.transaction_number),
        *(p.amount, p.voided, literal("", String).label("reason")),
    ).where(p.site == site, span.holds(p.paid_at))
    given_back = (
        select(
            *(literal(True), r.refunded_at, r.case_id, r.event_number, r.unit_id),
            *(r.payment_number, p.channel, p.receipt_number, p.transaction_number),
            *(r.amount, false(), r.reason),
        )
        .join(p, and_(p.case_id == r.case_id, p.event_number == r.payment_number))
        .where(r.site == site, span.holds(r.refunded_at))
    )
    return union_all(taken, given_back).subquery("moves")


def _seen(chosen: Select[Any], move: Subquery, sight: Sight) -> Select[Any]:
    """With the case, the event and the clerk of each; those in sight."""
    e = CaseEvent
    own = true() if sight.only_person is None else e.recorded_by_id == sight.only_person
    within = sight.scope.within
    return (
        chosen.select_from(move)
        .join(Case, Case.id == move.c.case_id)
        .join(e, and_(e.case_id == move.c.case_id, e.number == move.c.event_number))
        .outerjoin(Person, Person.id == e.recorded_by_id)
        .where(own, or_(within(move.c.unit_id), within(e.unit_id)))
    )


def _clerk() -> ColumnElement[str]:
    """Who recorded it; what came from elsewhere bears the name written there."""
    return func.coalesce(Person.full_name, CaseEvent.actor)


def _charges(site: str) -> Charges:
    """Each version's phí and lệ phí; a catalogue has a few hundred."""
    found: dict[int, list[tuple[ChargeKind, int]]] = {}
    rows = select(ProcedureCharge.version_id, ProcedureCharge.kind, ProcedureCharge.amount)
    for version_id, kind, amount in db.session.execute(rows.where(ProcedureCharge.site == site)):
        found.setdefault(version_id, []).append((kind, amount))
    return found
