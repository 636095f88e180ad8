"""Which periods are closed, and who is asked to answer: nobody before a period is closed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from app.compliance.evaluation.results import Judgement
from app.compliance.models import CheckRun, MonthClosing, Violation, ViolationState
from app.core.periods import Period
from app.organisation import audit
from app.organisation.access import site
from app.organisation.calendars import site_calendar
from app.rulepacks.language import Status
from app.web.extensions import db

_UNANSWERED = (ViolationState.OPEN, ViolationState.RETURNED)


def one_at_a_time() -> None:
    """Wait for whoever writes a run, closes, seals or opens a period of the site just now."""
    audit.one_at_a_time(f"months {site()}")


def closings(period: Period | None = None) -> Sequence[MonthClosing]:
    """Every closing, of one period or of all, the earliest first."""
    chosen = select(MonthClosing).where(MonthClosing.site == site())
    if period is not None:
        chosen = chosen.where(MonthClosing.period == period.key)
    return db.session.scalars(chosen.order_by(MonthClosing.id)).all()


def standing(period: Period) -> MonthClosing | None:
    """The closing that holds; None where the period was never closed, or was opened again."""
    last = next(reversed(closings(period)), None)
    return last if last is not None and last.reopened_at is None else None


def closed_periods() -> dict[str, MonthClosing]:
    """The closings that hold, by period."""
    last = {each.period: each for each in closings()}
    return {period: each for period, each in last.items() if each.reopened_at is None}


def ask_nobody(run: CheckRun) -> None:
    """What a run found before the period is closed has no day by which to answer."""
    db.session.execute(
        update(Violation)
        .where(Violation.site == run.site, Violation.period == run.period, Violation.last_run_id == run.id)
        .where(Violation.state.in_(_UNANSWERED))
        .values(answer_due=None)
    )


def ask(run: CheckRun, judgement: Judgement) -> None:
    """From the day of the official run on, what it found is to be answered."""
    calendar = site_calendar()
    since = calendar.local_day(run.started_at)
    days = {(each.pack, each.rule): each.answer_days for each in judgement.results if each.status is Status.FAIL}
    for (pack, rule), allowed in sorted(days.items()):
        db.session.execute(
            update(Violation)
            .where(Violation.site == run.site, Violation.period == run.period, Violation.last_run_id == run.id)
            .where(Violation.pack == pack, Violation.rule == rule, Violation.state.in_(_UNANSWERED))
            .values(answer_due=calendar.add_working_days(since, allowed))
        )
