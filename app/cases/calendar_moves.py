"""What another working calendar does to the deadlines of open cases: foreseen before the change, written with it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.cases import population
from app.cases.models import Case
from app.cases.rows import case_row, terms_of, versions_by_id
from app.cases.service import Stored, events_of, replace_derived, stored_derived
from app.cases.timeline import CaseState, project
from app.organisation import audit
from app.organisation.access import Actor, Scope, whole_site
from app.organisation.calendars import (
    CalendarChange,
    MovedDeadline,
    on_calendar_changed,
    on_calendar_considered,
    site_calendar,
)
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.web.extensions import db

BATCH = 500  # cases folded at once


def moved_deadlines(change: CalendarChange) -> list[MovedDeadline]:
    """The open cases whose deadline would move, the earliest deadline first.

    A deadline that lies before the first day of the change stays where it is, so only later ones are folded again.
    """
    first = min(change.before.start_of_day(min(change.days)), change.after.start_of_day(min(change.days)))
    open_cases = select(Case.id).where(
        Case.site == whole_site().site, Case.ended_at.is_(None), population.may_move(Case, first)
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


@needs(Capability.KEEP_CALENDAR)
def rederive_open(scope: Scope, by: Actor) -> int:
    """Fold every open case again, after the calendar changed. Returns how many due dates moved.

    Within the transaction of the change; the audit entries say which case's due date moved from when to when.
    """
    moved = 0
    open_ids = list(db.session.scalars(select(Case.id).where(Case.site == scope.site, Case.ended_at.is_(None))))
    for start in range(0, len(open_ids), BATCH):
        changed = _rederive(open_ids[start : start + BATCH])
        if changed:
            audit.record(by, "rederive_open", "case", "", changed=changed)
        moved += len(changed)
    return moved


def _rederive(case_ids: list[int]) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Fold those cases again and write what came out otherwise. Due dates that moved: code -> before, after."""
    # Cases before their events: whatever is recorded from here on raises their revision, and is not overwritten.
    cases = list(db.session.scalars(select(Case).where(Case.id.in_(case_ids))))
    calendar, events, stored = site_calendar(), events_of(case_ids), stored_derived(case_ids)
    versions = versions_by_id(case.version_id for case in cases)
    moved = {}
    for case in cases:
        state, before = project(terms_of(versions[case.version_id]), events[case.id], calendar), case.due_at
        if _stands(case, state, stored[case.id]):
            continue
        replace_derived(case, state, stored[case.id])
        if case.due_at != before:
            moved[case.code] = (before, case.due_at)
    db.session.flush()
    return moved


def _stands(case: Case, state: CaseState, stored: Stored) -> bool:
    """Whether the case, its stays and its promises are written as the fold now gives them."""
    stays = {number: (stay["due_at"], stay["used"]) for number, stay in stored["case_stages"].items()}
    promises = {number: (made["due_at"], made["late_after"]) for number, made in stored["case_promises"].items()}
    return (
        stays == {stay.number: (stay.due_at, stay.used) for stay in state.stays}
        and promises == {made.number: (made.due_at, made.late_after) for made in state.promises}
        and all(getattr(case, name) == value for name, value in case_row(state).items())
    )


def _follow_calendar(change: CalendarChange) -> None:
    rederive_open(whole_site(), change.by)


on_calendar_considered.append(moved_deadlines)
on_calendar_changed.append(_follow_calendar)
