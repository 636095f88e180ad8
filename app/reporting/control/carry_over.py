"""A period's carry-over (column 6) held against column 11 of the report before it, as that was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, literal, or_, select, union_all
from sqlalchemy.orm import undefer

from app.cases.models import Case, CaseEvent
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.procedures.models import ProcedureVersion
from app.reporting.control.form import Counts, Rows
from app.reporting.control.queries import CONDITIONS, ControlFigures, ControlSpan, control_span, unit_of, window_of
from app.reporting.models import SentOpenCase, SentReport
from app.web.extensions import db

Sent = SentOpenCase
_FIELD = ProcedureVersion.field


@dataclass(frozen=True, slots=True)
class CarriedLine:
    """A line of the form: its column 11 as sent, and column 6 as counted now."""

    name: str
    sent: int
    now: int

    @property
    def apart(self) -> int:
        """How many more there are now."""
        return self.now - self.sent


@dataclass(frozen=True, slots=True)
class CarryOver:
    """Column 6 beside what was sent for the period before; `report` None: nothing was marked as sent.

    `cases`: how many cases are on one side only, or in another line than they were.
    """

    before: ControlSpan
    report: SentReport | None
    total: CarriedLine
    differing: Sequence[CarriedLine] = ()
    cases: int = 0

    @property
    def agrees(self) -> bool:
        """Whether every line is as it was sent."""
        return self.report is not None and not self.differing and not self.cases


def sent_reports(scope: Scope, period: Period) -> list[SentReport]:
    """Every sending of a period, the latest first, also those taken back."""
    chosen = select(SentReport).where(SentReport.site == scope.site, SentReport.period == period.key)
    return list(db.session.scalars(chosen.order_by(SentReport.id.desc()).options(undefer(SentReport.figures))))


def sent_for(scope: Scope, *periods: Period) -> dict[str, SentReport]:
    """The sending that counts of each period, by its key."""
    keys = [period.key for period in periods]
    chosen = select(SentReport).where(SentReport.site == scope.site, SentReport.period.in_(keys))
    chosen = chosen.where(~SentReport.withdrawn).order_by(SentReport.id)
    return {report.period: report for report in db.session.scalars(chosen)}


def standing(scope: Scope, report_id: int) -> SentReport | None:
    """A sending that was not taken back."""
    chosen = select(SentReport).where(SentReport.site == scope.site, SentReport.id == report_id)
    return db.session.scalar(chosen.where(~SentReport.withdrawn))


def carry_over(scope: Scope, told: ControlFigures, report: SentReport | None) -> CarryOver:
    """The carry-over of a period that was counted, against the report of the one before."""
    before = control_span(told.span.period.previous())
    now = told.total[6]
    if report is None:
        return CarryOver(before, None, CarriedLine("", 0, now))
    sent = _sent_lines(scope, report, told.rows)
    names = {line.key: line.name for line in told.lines} | {key: name for key, (name, _n) in sent.items()}
    carried = {line.key: line[6] for line in told.lines}
    lines = [CarriedLine(name, sent.get(key, ("", 0))[1], carried.get(key, 0)) for key, name in names.items()]
    apart = cases_apart(scope, told.span.period, told.rows, report.id).subquery()
    return CarryOver(
        before,
        report,
        CarriedLine("", sum(line.sent for line in lines), now),
        [line for line in lines if line.apart],
        db.session.scalar(select(func.count()).select_from(apart)) or 0,
    )


def _sent_lines(scope: Scope, report: SentReport, rows: Rows) -> dict[str, tuple[str, int]]:
    """Column 11 as sent of each line within the scope: name and figure by key."""
    own = Sent.report_id == report.id, scope.within(Sent.unit_id)
    if rows is Rows.FIELD:
        by_field = select(Sent.field, func.count()).where(*own).group_by(Sent.field)
        return {field: (field, n) for field, n in db.session.execute(by_field)}
    by_unit = select(Sent.unit_id, Unit.name, func.count()).join(Unit, Unit.id == Sent.unit_id).where(*own)
    by_unit = by_unit.group_by(Sent.unit_id, Unit.name)
    return {str(key): (name, n) for key, name, n in db.session.execute(by_unit)}


def cases_apart(scope: Scope, period: Period, rows: Rows, report_id: int) -> Any:
    """The cases that make the difference: id, code, and whether each was in column 11 as sent."""
    window, zone = window_of(control_span(period)), site_calendar().zone
    carried = CONDITIONS[Counts.CARRIED_OVER](Case, window, zone)
    elsewhere = Sent.field != _FIELD if rows is Rows.FIELD else Sent.unit_id != unit_of(scope, period)
    was_sent = and_(Sent.report_id == report_id, Sent.case_id == Case.id)
    came = (
        select(Case.id.label("case_id"), Case.code.label("code"), Sent.case_id.is_not(None).label("was_sent"))
        .select_from(Case)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .outerjoin(Sent, was_sent)
        .where(Case.site == scope.site, carried, scope.within(Case.unit_id), or_(Sent.case_id.is_(None), elsewhere))
    )
    gone = (
        select(Sent.case_id, Sent.code, literal(True))
        .outerjoin(Case, Case.id == Sent.case_id)
        .where(Sent.report_id == report_id, scope.within(Sent.unit_id))
        .where(or_(Case.id.is_(None), ~carried, ~scope.within(Case.unit_id)))
    )
    return union_all(came, gone)


@dataclass(frozen=True, slots=True)
class CaseApart:
    """A case that makes a difference; what is known of it now is None where it is no longer there."""

    id: int
    code: str
    was_sent: bool
    received_at: datetime | None
    ended_at: datetime | None
    annulled_at: datetime | None
    recorded_at: datetime | None  # when it was first written here


def listed_apart(
    scope: Scope, period: Period, rows: Rows, report_id: int, limit: int, offset: int = 0
) -> list[CaseApart]:
    """Those cases, by code."""
    apart = cases_apart(scope, period, rows, report_id).subquery()
    first = select(CaseEvent.recorded_at).where(CaseEvent.case_id == Case.id, CaseEvent.number == 1)
    chosen = select(
        *(apart.c.case_id, apart.c.code, apart.c.was_sent),
        *(Case.received_at, Case.ended_at, Case.annulled_at),
        first.correlate(Case).scalar_subquery(),
    ).outerjoin(Case, Case.id == apart.c.case_id)
    page = chosen.order_by(apart.c.code).limit(limit).offset(offset)
    return [CaseApart(*row) for row in db.session.execute(page)]
