"""What the pages and commands read of the portal's lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from app.cases.models import Case, Payment
from app.cases.vocabulary import PaymentChannel
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Person
from app.payments.models import MatchState, PortalLine, PortalStatement
from app.payments.reconciling import UNSETTLED, may_reconcile
from app.web.extensions import db

RECENT = 50


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A list that was taken in, who did it, and how many of its lines still want attention."""

    statement: PortalStatement
    by: str
    open: int


@dataclass(frozen=True, slots=True)
class LineSeen:
    """A line of the list beside our records. `elsewhere`: code of another case that has this transaction."""

    line: PortalLine
    applicant: str
    settled_by: str
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """An online payment of ours that the portal's list does not have: có ở phần mềm, không có ở cổng."""

    case_id: int
    case_code: str
    applicant: str
    transaction_number: str
    paid_at: datetime
    amount: int


def recent_statements(scope: Scope, limit: int = RECENT) -> list[StatementRow]:
    """The latest lists, newest first; none for who may not reconcile."""
    if not may_reconcile(scope):
        return []
    waiting = (
        select(func.count())
        .select_from(PortalLine)
        .where(PortalLine.statement_id == PortalStatement.id, PortalLine.state.in_(UNSETTLED))
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(PortalStatement, Person.full_name, waiting)
        .outerjoin(Person, Person.id == PortalStatement.person_id)
        .where(PortalStatement.site == scope.site)
        .order_by(PortalStatement.id.desc())
        .limit(limit)
    )
    return [StatementRow(statement, who or "", count) for statement, who, count in rows]


def one_statement(scope: Scope, statement_id: int) -> StatementRow:
    """A list that was taken in. NotFound also for who may not reconcile."""
    found = None
    if may_reconcile(scope):
        found = db.session.execute(
            select(PortalStatement, Person.full_name)
            .outerjoin(Person, Person.id == PortalStatement.person_id)
            .where(PortalStatement.id == statement_id, PortalStatement.site == scope.site)
        ).first()
    if found is None:
        raise NotFound("Không tìm thấy lần đối chiếu này.")
    statement, who = found
    counts = counts_of(statement)
    return StatementRow(statement, who or "", sum(counts[state] for state in UNSETTLED))


def counts_of(statement: PortalStatement) -> dict[MatchState, int]:
    """Number of lines in each state, in the order of the states."""
    rows = select(PortalLine.state, func.count()).where(PortalLine.statement_id == statement.id)
    found: dict[MatchState, int] = dict(db.session.execute(rows.group_by(PortalLine.state)).all())
    return {state: found.get(state, 0) for state in MatchState}


def lines_of(
    statement: PortalStatement, state: MatchState | None = None, limit: int | None = None
) -> Iterator[LineSeen]:
    """The lines in the order of the list, all or those in one state."""
    settler = aliased(Person)
    wanted = (
        select(PortalLine, Case.applicant, settler.full_name)
        .outerjoin(Case, Case.id == PortalLine.case_id)
        .outerjoin(settler, settler.id == PortalLine.settled_by_id)
        .where(PortalLine.statement_id == statement.id)
        .order_by(PortalLine.row)
    )
    if state is not None:
        wanted = wanted.where(PortalLine.state == state)
    rows = db.session.execute(wanted.limit(limit).execution_options(yield_per=500))
    for chunk in rows.partitions():
        elsewhere = _elsewhere(statement.site, [line for line, *_names in chunk])
        for line, applicant, who in chunk:
            yield LineSeen(line, applicant or "", who or "", elsewhere.get(line.id, ""))


def one_line(scope: Scope, line_id: int) -> LineSeen:
    """One line with what is said beside it. NotFound also for who may not reconcile."""
    row = None
    if may_reconcile(scope):
        settler = aliased(Person)
        row = db.session.execute(
            select(PortalLine, Case.applicant, settler.full_name)
            .outerjoin(Case, Case.id == PortalLine.case_id)
            .outerjoin(settler, settler.id == PortalLine.settled_by_id)
            .where(PortalLine.id == line_id, PortalLine.site == scope.site)
        ).first()
    if row is None:
        raise NotFound("Không tìm thấy dòng này của danh sách.")
    line, applicant, who = row
    return LineSeen(line, applicant or "", who or "", _elsewhere(scope.site, [line]).get(line.id, ""))


def _elsewhere(site: str, lines: Sequence[PortalLine]) -> dict[int, str]:
    """For lines that we have not recorded: the case on which their transaction stands instead."""
    missing = [line for line in lines if line.state in (MatchState.NOT_RECORDED, MatchState.UNKNOWN_CASE)]
    if not missing:
        return {}
    rows = db.session.execute(
        select(Payment.transaction_number, Case.code)
        .join(Case, Case.id == Payment.case_id)
        .where(
            Payment.site == site,
            Payment.transaction_number.in_({line.transaction_number for line in missing}),
            Payment.transaction_number != "",
            Payment.voided.is_(False),
        )
    )
    codes: dict[str, str] = dict(rows.all())
    return {line.id: codes[line.transaction_number] for line in missing if line.transaction_number in codes}


def unlisted(statement: PortalStatement) -> list[Unlisted]:
    """Our online payments in the span of the list that it does not have, whatever case it names them for."""
    if statement.first_day is None or statement.last_day is None:
        return []
    calendar, p = site_calendar(), Payment
    listed = select(PortalLine.id).where(
        PortalLine.statement_id == statement.id, PortalLine.transaction_number == p.transaction_number
    )
    rows = db.session.execute(
        select(p.case_id, Case.code, Case.applicant, p.transaction_number, p.paid_at, p.amount)
        .join(Case, Case.id == p.case_id)
        .where(
            p.site == statement.site,
            p.paid_at >= calendar.start_of_day(statement.first_day),
            p.paid_at < calendar.start_of_day(statement.last_day + timedelta(days=1)),
            p.channel == PaymentChannel.ONLINE,
            p.voided.is_(False),
            ~listed.exists(),
        )
        .order_by(p.paid_at, p.id)
    )
    return [Unlisted(*row) for row in rows]


def as_json(row: StatementRow) -> dict[str, Any]:
    """What the command prints of a list that was taken in."""
    statement = row.statement
    return {
        "id": statement.id,
        "file_name": statement.file_name,
        "sha256": statement.sha256,
        "first_day": statement.first_day,
        "last_day": statement.last_day,
        "rows": statement.rows,
        "counts": {state.value: n for state, n in counts_of(statement).items()},
        "lines": [
            {
                "row": seen.line.row,
                "state": seen.line.state.value,
                "transaction_number": seen.line.transaction_number,
                "case_code": seen.line.case_code,
                "amount": seen.line.amount,
                "recorded_amount": seen.line.recorded_amount,
                "recorded_on": seen.elsewhere or None,
            }
            for seen in lines_of(statement)
            if seen.line.state not in (MatchState.MATCHED, MatchState.SETTLED)
        ],
        "refused": [
            {"row": line, "column": column, "reason": reason} for line, column, reason, _cells in statement.refused
        ],
        "unlisted": [
            {
                "case_code": ours.case_code,
                "transaction_number": ours.transaction_number,
                "paid_at": ours.paid_at.isoformat(),
                "amount": ours.amount,
            }
            for ours in unlisted(statement)
        ],
    }
