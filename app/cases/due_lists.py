"""Lists by how open cases stand today: due, overdue, waiting too long, not closed, not collected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from app.cases import population
from app.cases.models import Case
from app.cases.population import Bucket
from app.core.calendar import WorkingCalendar
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.web.extensions import db

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


MOST_NAMED = 5
"""Cases that `due_by_holder` names of each unit; the list has all."""


@dataclass(frozen=True, slots=True)
class HeldAndDue:
    """Cases that a unit has and that will soon be overdue: how many, and the first of them, the most urgent first."""

    unit: Unit
    number: int
    first: tuple[Case, ...]


def number_due(scope: Scope, moment: ListMoment, days: int) -> int:
    """How many cases the scope lists as due within so many working days."""
    soon = Case.site == scope.site, condition(DueList.DUE_SOON, moment, days), population.on_desk_of(scope)
    return db.session.scalar(select(func.count()).select_from(Case).where(*soon)) or 0


def due_by_holder(scope: Scope, moment: ListMoment, days: int) -> list[HeldAndDue]:
    """The cases that the scope lists as due within so many working days, by the unit that has them, the most first."""
    soon = Case.site == scope.site, condition(DueList.DUE_SOON, moment, days), population.on_desk_of(scope)
    counted = select(Case.holder_unit_id, func.count()).where(*soon).group_by(Case.holder_unit_id)
    numbers = dict(db.session.execute(counted).all())
    rank = func.row_number().over(partition_by=Case.holder_unit_id, order_by=(Case.late_after, Case.id))
    ranked = select(Case.id, rank.label("rank")).where(*soon).subquery()
    chosen = (
        select(Case, Unit)
        .join(ranked, ranked.c.id == Case.id)
        .join(Unit, Unit.id == Case.holder_unit_id)
        .where(ranked.c.rank <= MOST_NAMED)
        .order_by(Case.late_after, Case.id)
    )
    first: dict[int, tuple[Unit, list[Case]]] = {}
    for each, unit in db.session.execute(chosen):
        first.setdefault(unit.id, (unit, []))[1].append(each)
    held = [HeldAndDue(unit, numbers[unit_id], tuple(some)) for unit_id, (unit, some) in first.items()]
    return sorted(held, key=lambda each: (-each.number, each.unit.path))
