"""Closing a period (chốt): its official run, made once; answers are due from that day on."""

from __future__ import annotations

from dataclasses import dataclass

from app.compliance import notices
from app.compliance.evaluation.results import Judgement
from app.compliance.models import CheckRun, MonthClosing
from app.compliance.months import queries
from app.compliance.runs.service import CheckReport, Progress, run_check
from app.core.errors import Conflict, DomainError
from app.core.periods import Period
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db
from app.web.formats import show_datetime


@needs(Capability.CLOSE_MONTHS)
def close(by: Actor, period: Period, progress: Progress = lambda done, total, doing: None) -> CheckReport:
    """Judge a period for good: every pack and unit, the run kept as the official one, in one transaction with it.

    Raises DomainError for a period that is not over or whose forerunner is not closed, Conflict for one closed already,
    also by somebody who was quicker: nothing is written then.
    """
    refuse_to_close(period)
    return run_check(by, period, progress=progress, settle=_Settling(by, period))


@dataclass(frozen=True, slots=True)
class _Settling:
    by: Actor
    period: Period

    def __call__(self, run: CheckRun, judgement: Judgement) -> None:
        refuse_to_close(self.period)  # nobody else writes now
        queries.ask(run, judgement)
        closing = MonthClosing(
            site=site(),
            period=self.period.key,
            number=len(queries.closings(self.period)) + 1,
            run_id=run.id,
            closed_at=extensions.now(),
            person_id=self.by.person_id,
            actor=self.by.signs(Capability.CLOSE_MONTHS),
        )
        db.session.add(closing)
        db.session.flush()
        audit.record(self.by, "close_month", "period", self.period.key, run=run.id, number=closing.number)
        notices.month_closed(self.by.person_id, run, closing)


def refuse_to_close(period: Period) -> None:
    """Raises what closing the period would raise now, before anything is judged."""
    if period.bounds(site_calendar().zone)[1] > extensions.now():
        raise DomainError(
            "%(period)s chưa hết, chưa chốt được: hãy đợi qua ngày %(day)s.",
            field="period",
            period=period.label("vi"),
            day=f"{period.last:%d/%m/%Y}",
        )
    closed = queries.closed_periods()
    if (done := closed.get(period.key)) is not None:
        raise Conflict(
            "%(period)s đã được %(who)s chốt lúc %(at)s (lần kiểm tra %(run)s).",
            field="period",
            period=period.label("vi"),
            who=done.actor,
            at=show_datetime(done.closed_at),
            run=done.run_id,
        )
    before = period.previous()
    earlier = any(other.kind is period.kind and other.first < period.first for other in map(Period.parse, closed))
    if earlier and before.key not in closed:
        raise DomainError("Chưa chốt %(before)s: hãy chốt theo thứ tự.", field="period", before=before.label("vi"))
