"""Reconciling with the payment portal: take its list in, record what is missing, settle what differs.

A list is compared as it is taken in, and again when somebody asks. A line that a person has settled stays settled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from app.cases.importing.formats import MEGABYTE, BadFile, opened
from app.cases.importing.header import find_tables
from app.cases.models import Case, Payment
from app.cases.vocabulary import PaymentChannel
from app.core.codes import code_key
from app.core.errors import Conflict, DomainError, NotAllowed, NotFound
from app.core.text import tidy
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability, needs
from app.payments.models import MatchState, PortalLine, PortalStatement
from app.payments.portal_list import Match, PortalPayment, Recorded, RefusedLine, match, portal_columns, read_lines
from app.payments.service import take_payment
from app.web import extensions
from app.web.extensions import db
from app.web.formats import sentence

MOST_LINES = 50_000
LARGEST = 32 * MEGABYTE
BATCH = 500  # values in one IN (...)
L = TypeVar("L")
UNSETTLED = (MatchState.AMOUNT_DIFFERS, MatchState.UNKNOWN_CASE, MatchState.NOT_RECORDED)


def may_reconcile(scope: Scope) -> bool:
    """A portal's list holds every unit's cases: only who sees them all may take one in."""
    return scope.is_whole


@needs(Capability.RECONCILE_PAYMENTS)
def take_statement(scope: Scope, by: Actor, path: Path, name: str) -> PortalStatement:
    """Take in a portal's list (XLSX, XLS or CSV) and compare every line. Refused lines are kept with their reasons.

    Raises BadFile when it cannot be read, Conflict when the same file was taken in before.
    """
    _check_allowed(scope)
    settings = current_app.config["SETTINGS"]
    zone, columns = ZoneInfo(settings.zone), portal_columns(Path(settings.instance))
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    _refuse_same_file(scope.site, sha256)
    lines: list[PortalPayment] = []
    refused: list[RefusedLine] = []
    with opened(path, name, LARGEST) as source:
        found = find_tables(source, columns, name)
        now = extensions.now()
        for line in chain.from_iterable(read_lines(table, columns, zone, now) for table in found):
            if isinstance(line, RefusedLine):
                refused.append(line)
            else:
                lines.append(line)
            if len(lines) + len(refused) > MOST_LINES:
                raise BadFile(
                    "Tệp “%(name)s” có hơn %(most)s dòng. Hãy xuất theo từng ngày hoặc từng tuần.",
                    name=name,
                    most=MOST_LINES,
                )
    if not lines and not refused:
        raise BadFile("Tệp “%(name)s” không có giao dịch nào.", name=name)
    with transaction() as session:
        statement = _statement(scope.site, by, name, sha256, lines, refused)
        session.add(statement)
        try:
            session.flush()
        except IntegrityError as error:
            session.rollback()
            _refuse_same_file(scope.site, sha256)
            raise error
        counts = _write_lines(statement, lines)
        details = {"file": statement.file_name, "sha256": sha256, "rows": statement.rows, "refused": len(refused)}
        audit.record(by, "take_statement", "portal_statement", statement.id, **details, **counts)
    return statement


@needs(Capability.RECONCILE_PAYMENTS)
def compare_again(scope: Scope, by: Actor, statement_id: int) -> int:
    """Compare the lines that nobody has settled with the records as they are now. Returns how many changed."""
    _check_allowed(scope)
    with transaction() as session:
        statement = _statement_for_change(scope, statement_id)
        open_lines = session.scalars(
            select(PortalLine).where(
                PortalLine.statement_id == statement.id,
                PortalLine.settled_at.is_(None),
                PortalLine.state != MatchState.REPEATED,
            )
        ).all()
        changed = 0
        for chunk in _chunks(open_lines):
            for line, found in zip(chunk, _compared(scope.site, chunk), strict=True):
                if (line.state, line.case_id, line.recorded_amount) != _parts(found):
                    line.state, line.case_id, line.recorded_amount = _parts(found)
                    changed += 1
        audit.record(by, "compare_statement", "portal_statement", statement.id, changed=changed)
    return changed


@needs(Capability.RECONCILE_PAYMENTS)
def record_missing(scope: Scope, by: Actor, line_id: int, *, reason: str = "", over_owed: bool = False) -> PortalLine:
    """Record on its case the payment that a line tells of, at the portal's time (ghi nhận).

    Raises Conflict when the line has been dealt with, or the transaction is recorded on another case; MoreThanOwed
    unless `over_owed`.
    """
    _check_allowed(scope)
    with transaction() as session:
        line = _line_for_change(scope, line_id)
        if line.state is not MatchState.NOT_RECORDED or line.case_id is None:
            raise Conflict("Chỉ ghi nhận được giao dịch có hồ sơ mà phần mềm chưa ghi.")
        told = tidy(reason) or f"Theo danh sách của cổng thanh toán, đối chiếu số {line.statement_id}, dòng {line.row}"
        _settle(line, by, MatchState.MATCHED, tidy(reason))
        line.recorded_amount = line.amount
        session.flush()
        take_payment(
            scope,
            by,
            line.case_id,
            amount=line.amount,
            channel=PaymentChannel.ONLINE,
            transaction_number=line.transaction_number,
            over_owed=over_owed,
            at=min(line.paid_at, extensions.now()),
            reason=told,
        )
        details = {"row": line.row, "transaction_number": line.transaction_number, "case": line.case_code}
        audit.record(by, "record_missing", "portal_statement", line.statement_id, **details)
    return line


@needs(Capability.RECONCILE_PAYMENTS)
def settle(scope: Scope, by: Actor, line_id: int, *, note: str) -> PortalLine:
    """Say how a line that differs was settled (xử lý); a note is required."""
    _check_allowed(scope)
    if not tidy(note):
        raise DomainError("Hãy ghi đã xử lý thế nào.", field="note")
    with transaction():
        line = _line_for_change(scope, line_id)
        if line.state in (MatchState.MATCHED, MatchState.SETTLED):
            raise Conflict("Dòng này đã khớp hoặc đã được xử lý.")
        before = line.state
        _settle(line, by, MatchState.SETTLED, tidy(note))
        details = {"row": line.row, "transaction_number": line.transaction_number, "note": line.note}
        audit.record(by, "settle_line", "portal_statement", line.statement_id, was=before, **details)
    return line


def _check_allowed(scope: Scope) -> None:
    if not may_reconcile(scope):
        raise NotAllowed("Chỉ bộ phận một cửa, thanh tra và quản trị viên được đối chiếu với cổng thanh toán.")


def _refuse_same_file(site: str, sha256: str) -> None:
    before = db.session.scalar(
        select(PortalStatement).where(PortalStatement.site == site, PortalStatement.sha256 == sha256)
    )
    if before is not None:
        raise Conflict(
            "Tệp này đã được đối chiếu lúc %(at)s (“%(name)s”).",
            field="file",
            at=before.taken_at,
            name=before.file_name,
        )


def _statement(
    site: str, by: Actor, name: str, sha256: str, lines: Sequence[PortalPayment], refused: Sequence[RefusedLine]
) -> PortalStatement:
    local_day = site_calendar().local_day
    days = [local_day(line.paid_at) for line in lines]
    return PortalStatement(
        site=site,
        file_name=name[-255:],
        sha256=sha256,
        taken_at=extensions.now(),
        person_id=by.person_id,
        first_day=min(days, default=None),
        last_day=max(days, default=None),
        rows=len(lines) + len(refused),
        refused=[[line.row, line.column, sentence(line.error), line.cells] for line in refused],
    )


def _write_lines(statement: PortalStatement, lines: Sequence[PortalPayment]) -> dict[str, int]:
    """Compare and write; the number of lines in each state."""
    counts: dict[str, int] = {}
    seen: set[str] = set()
    for chunk in _chunks(lines):
        rows: list[dict[str, Any]] = []
        repeated = []
        for line in chunk:
            repeated.append(line.transaction_number in seen)
            seen.add(line.transaction_number)
        for line, found in zip(chunk, _compared(statement.site, chunk, repeated), strict=True):
            state, case_id, recorded_amount = _parts(found)
            rows.append(
                {
                    "site": statement.site,
                    "statement_id": statement.id,
                    "row": line.row,
                    "transaction_number": line.transaction_number,
                    "case_code": line.case_code,
                    "paid_at": line.paid_at,
                    "amount": line.amount,
                    "state": state,
                    "case_id": case_id,
                    "recorded_amount": recorded_amount,
                    "note": "",
                }
            )
            counts[state.value] = counts.get(state.value, 0) + 1
        db.session.execute(insert(PortalLine), rows)
    return counts


def _chunks(lines: Sequence[L]) -> Iterator[Sequence[L]]:
    for start in range(0, len(lines), BATCH):
        yield lines[start : start + BATCH]


def _compared(site: str, lines: Sequence[PortalPayment | PortalLine], repeated: Sequence[bool] = ()) -> Iterator[Match]:
    """Each line beside our records, in order."""
    keys = {code_key(line.case_code) for line in lines}
    known = select(Case.code_key, Case.id).where(Case.site == site, Case.code_key.in_(keys))
    cases = dict(db.session.execute(known).all())
    recorded: dict[str, list[Recorded]] = {}
    payments = select(Payment.transaction_number, Payment.case_id, Payment.amount).where(
        Payment.site == site,
        Payment.transaction_number.in_({line.transaction_number for line in lines}),
        Payment.transaction_number != "",
        Payment.voided.is_(False),
    )
    for number, case_id, amount in db.session.execute(payments):
        recorded.setdefault(number, []).append(Recorded(case_id, amount))
    for position, line in enumerate(lines):
        again = bool(repeated) and repeated[position]
        yield match(line.transaction_number, code_key(line.case_code), line.amount, cases, recorded, repeated=again)


def _parts(found: Match) -> tuple[MatchState, int | None, int | None]:
    return found.state, found.case_id, found.recorded_amount


def _statement_for_change(scope: Scope, statement_id: int) -> PortalStatement:
    # Changes nothing, but from here on nobody else changes this list.
    db.session.execute(
        update(PortalStatement).where(PortalStatement.id == statement_id).values(rows=PortalStatement.rows)
    )
    statement = db.session.scalar(
        select(PortalStatement).where(PortalStatement.id == statement_id, PortalStatement.site == scope.site)
    )
    if statement is None:
        raise NotFound("Không tìm thấy lần đối chiếu này.")
    return statement


def _line_for_change(scope: Scope, line_id: int) -> PortalLine:
    db.session.execute(update(PortalLine).where(PortalLine.id == line_id).values(row=PortalLine.row))
    line = db.session.scalar(
        select(PortalLine)
        .where(PortalLine.id == line_id, PortalLine.site == scope.site)
        .execution_options(populate_existing=True)
    )
    if line is None:
        raise NotFound("Không tìm thấy dòng này của danh sách.")
    return line


def _settle(line: PortalLine, by: Actor, state: MatchState, note: str) -> None:
    line.state, line.note = state, note
    line.settled_at, line.settled_by_id = extensions.now(), by.person_id
