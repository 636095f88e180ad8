"""Lists by how open cases stand today: due, overdue, waiting too long, not closed, not collected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_

from app.calendar import WorkingCalendar
from app.cases.models import Case
from app.cases.vocabulary import ReturnMethod

COLLECTED_WITHIN = timedelta(days=365)  # a result nobody came for in a year is no longer waited for
MOST_DAYS = 60


class DueList(StrEnum):
    """What a clerk looks for in the morning."""

    DUE_TODAY = "due_today"
    DUE_SOON = "due_soon"  # from today within so many working days
    OVERDUE = "overdue"
    PAUSED_LONG = "paused_long"  # waiting for the applicant longer than the site allows
    NOT_CLOSED = "not_closed"  # has its result, still open on the software
    TO_COLLECT = "to_collect"  # its result waits at the desk


@dataclass(frozen=True, slots=True)
class Moment:
    """From when the lists are seen (UTC), and the site's patience with applicants in days."""

    calendar: WorkingCalendar
    now: datetime
    paused_days: int


def condition(which: DueList, moment: Moment, days: int) -> ColumnElement[bool]:
    """SQL: the case is in that list. `days` are working days ahead, for DUE_SOON."""
    calendar, now = moment.calendar, moment.now
    today = calendar.local_day(now)
    is_open = Case.ended_at.is_(None)
    match which:
        case DueList.DUE_TODAY:
            return and_(is_open, Case.due_at >= now, Case.due_at <= calendar.end_of_day(today))
        case DueList.DUE_SOON:
            last = calendar.end_of_day(calendar.add_working_days(today, days))
            return and_(is_open, Case.due_at >= now, Case.due_at <= last)
        case DueList.OVERDUE:
            return and_(is_open, Case.due_at < now)
        case DueList.PAUSED_LONG:
            return and_(is_open, Case.paused_at < calendar.start_of_day(today - timedelta(days=moment.paused_days)))
        case DueList.NOT_CLOSED:
            return and_(is_open, Case.result_at.is_not(None))
    return and_(
        Case.result_at > now - COLLECTED_WITHIN,
        Case.delivered_at.is_(None),
        Case.returns_result,
        Case.return_method == ReturnMethod.IN_PERSON,
    )


def since(which: DueList) -> Any:
    """The instant that the list is sorted by, the earliest first."""
    match which:
        case DueList.PAUSED_LONG:
            return Case.paused_at
        case DueList.NOT_CLOSED | DueList.TO_COLLECT:
            return Case.result_at
    return Case.due_at
