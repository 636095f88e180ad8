"""What lies on a unit's desk: its open cases by urgency, and how many of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select

from app.calendar import WorkingCalendar
from app.cases.keyset import Cursor, Keyset
from app.cases.models import Case
from app.cases.queries import PAGE, Line, Page, rows
from app.cases.standing import SOON
from app.extensions import db
from app.organisation.access import Scope
from app.organisation.models import Person, Role, Unit


class Bucket(StrEnum):
    """The piles on a unit's desk."""

    OVERDUE = "overdue"
    TODAY = "today"
    SOON = "soon"
    LATER = "later"
    PAUSED = "paused"


def desk_of(scope: Scope, who: Person) -> Scope:
    """Whose desk a person looks after: their unit and those below; inspectors and administrators see all desks."""
    if scope.unit_ids is not None or who.role not in (Role.DESK, Role.HEAD):
        return scope
    below = select(Unit.id).where(Unit.site == who.site, Unit.path.startswith(who.unit.path, autoescape=True))
    return replace(scope, unit_ids=frozenset(db.session.scalars(below)))


def bucket_counts(desk: Scope, calendar: WorkingCalendar, now: datetime) -> dict[Bucket, int]:
    """How many open cases are in each pile of those desks: one query over the open cases alone."""
    columns = [func.sum(case((_in_bucket(b, calendar, now), 1), else_=0)).label(b.value) for b in Bucket]
    row = db.session.execute(_on_desk(desk, *columns)).one()
    return {bucket: int(row._mapping[bucket.value] or 0) for bucket in Bucket}


def worklist(
    desk: Scope,
    calendar: WorkingCalendar,
    now: datetime,
    bucket: Bucket | None = None,
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
    limit: int = PAGE,
) -> Page:
    """The open cases on those desks, the most urgent first; those whose clock is stopped are a pile apart."""
    keyset = Keyset(after, before, limit, ascending=True)
    since = Case.received_at if bucket is Bucket.PAUSED else Case.due_at
    pile = _in_bucket(bucket, calendar, now) if bucket else Case.due_at.is_not(None)
    query = keyset.cut(_on_desk(desk, since, Case.id).where(pile), since, Case.id)
    ids, first, last = keyset.page([(at, key) for at, key in db.session.execute(query)])
    return Page([Line(row) for row in rows(ids)], first, last)


def _on_desk(desk: Scope, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Of the open cases on those desks.

    SQLite would look up the open cases of the whole site first; told that openness decides little, it takes the
    index of the desk, which holds open cases alone.
    """
    is_open: ColumnElement[bool] = Case.ended_at.is_(None)
    if db.engine.dialect.name == "sqlite":
        is_open = func.likely(is_open)
    return select(*columns).where(Case.site == desk.site, desk.within(Case.holder_unit_id), is_open)


def _in_bucket(bucket: Bucket, calendar: WorkingCalendar, now: datetime) -> ColumnElement[bool]:
    today = calendar.local_day(now)
    tonight = calendar.end_of_day(today)
    soon = calendar.end_of_day(calendar.add_working_days(today, SOON))
    match bucket:
        case Bucket.OVERDUE:
            return Case.due_at < now
        case Bucket.TODAY:
            return and_(Case.due_at >= now, Case.due_at <= tonight)
        case Bucket.SOON:
            return and_(Case.due_at > tonight, Case.due_at <= soon)
        case Bucket.LATER:
            return Case.due_at > soon
    return Case.due_at.is_(None)
