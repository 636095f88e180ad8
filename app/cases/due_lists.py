"""Lists by how open cases stand today: due, overdue, waiting too long, not closed, not collected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_

from app.cases import population
from app.cases.models import Case
from app.cases.population import Bucket
from app.core.calendar import WorkingCalendar

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
class ListMoment:
    """From when the lists are seen (UTC), and the site's patience with applicants in days."""

    calendar: WorkingCalendar
    now: datetime
    paused_days: int


def condition(which: DueList, moment: ListMoment, days: int) -> ColumnElement[bool]:
    """SQL: the case is in that list. `days` are working days ahead, for DUE_SOON."""
    calendar, now, is_open = moment.calendar, moment.now, population.missing(Case.ended_at)
    match which:
        case DueList.DUE_TODAY:
            return and_(is_open, population.in_bucket(Case, Bucket.TODAY, calendar, now))
        case DueList.DUE_SOON:
            return and_(is_open, population.due_within(Case, now, population.horizon(calendar, now, days)))
        case DueList.OVERDUE:
            return and_(is_open, population.in_bucket(Case, Bucket.OVERDUE, calendar, now))
        case DueList.PAUSED_LONG:
            return and_(population.paused_long(Case, calendar, now, moment.paused_days))
        case DueList.NOT_CLOSED:
            return and_(population.unclosed(Case))
    return and_(population.to_collect(Case, now))


def since(which: DueList) -> Any:
    """The instant that the list is sorted by, the earliest first."""
    match which:
        case DueList.PAUSED_LONG:
            return Case.paused_at
        case DueList.NOT_CLOSED | DueList.TO_COLLECT:
            return Case.result_at
    return Case.late_after
