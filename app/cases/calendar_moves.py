"""Which open cases another working calendar would give another deadline: foreseen before anybody makes the change."""

from __future__ import annotations

from sqlalchemy import or_, select

from app.cases.models import Case
from app.cases.service import events_of
from app.cases.terms import terms_of, versions_by_id
from app.cases.timeline import project
from app.extensions import db
from app.organisation.access import whole_site
from app.organisation.calendars import CalendarChange, MovedDeadline, on_calendar_considered
from app.organisation.models import Unit

BATCH = 500  # cases folded at once


def moved_deadlines(change: CalendarChange) -> list[MovedDeadline]:
    """The open cases whose deadline would move, the earliest deadline first.

    A deadline that lies before the first day of the change stays where it is, so only later ones are folded again.
    """
    first = min(change.before.start_of_day(min(change.days)), change.after.start_of_day(min(change.days)))
    open_cases = select(Case.id).where(
        Case.site == whole_site().site, Case.ended_at.is_(None), or_(Case.due_at >= first, Case.paused_at.is_not(None))
    )
    ids = list(db.session.scalars(open_cases))
    moved = [each for start in range(0, len(ids), BATCH) for each in _moved(ids[start : start + BATCH], change)]
    return sorted(moved, key=lambda each: (each.before, each.code))


def _moved(ids: list[int], change: CalendarChange) -> list[MovedDeadline]:
    events = events_of(ids)
    cases = db.session.execute(
        select(Case.id, Case.code, Case.applicant, Case.version_id, Case.due_at, Unit.name)
        .join(Unit, Unit.id == Case.holder_unit_id)
        .where(Case.id.in_(ids))
    ).all()
    versions = versions_by_id(version_id for _id, _code, _who, version_id, _due, _unit in cases)
    moved = []
    for case_id, code, who, version_id, before, unit in cases:
        after = project(terms_of(versions[version_id]), events[case_id], change.after).due_at
        if before is not None and after is not None and before != after:
            moved.append(MovedDeadline(code, who, unit, before, after))
    return moved


on_calendar_considered.append(moved_deadlines)
