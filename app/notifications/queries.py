"""What the room reads: the open cases that fall due, who may be told, and what a person has been told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from app.cases.models import Case
from app.notifications.models import Reminder, ReminderStep
from app.notifications.steps import Colleague, Pending, Staff
from app.organisation.access import Scope
from app.organisation.models import Person, Unit
from app.organisation.permissions import ROLES, Capability
from app.organisation.queries import LEADING
from app.procedures.models import ProcedureVersion
from app.web.due import due_by
from app.web.extensions import db

PAGE = 200


@dataclass(frozen=True, slots=True)
class ReminderLine:
    """A reminder as its reader sees it. Instants are UTC."""

    id: int
    case_id: int
    code: str
    applicant: str
    procedure_name: str
    unit_name: str
    officer: str
    step: ReminderStep
    due_at: datetime
    made_at: datetime
    seen_at: datetime | None


def pending_cases(scope: Scope, until: datetime) -> Iterator[Pending]:
    """Open cases due up to that moment whose clock runs."""
    rows = db.session.execute(
        select(Case.id, Case.late_after, Case.result_at.is_not(None), Case.holder_unit_id, Case.holder_id, Case.officer)
        .where(Case.site == scope.site, Case.ended_at.is_(None), due_by(Case.late_after, until))
        .order_by(Case.id)
    )
    for case_id, late_after, resolved, unit_id, holder_id, officer in rows:
        assert late_after is not None
        yield Pending(case_id, late_after, bool(resolved), unit_id, holder_id, officer)


def staff(scope: Scope) -> Staff:
    """Everybody who handles cases or heads a unit that does."""
    people = db.session.execute(
        select(Person.id, Person.full_name, Person.unit_id, Person.role).where(
            Person.site == scope.site, Person.active, Person.role.in_(ROLES[Capability.HANDLE_CASES] | set(LEADING))
        )
    )
    paths = {path: key for key, path in db.session.execute(select(Unit.id, Unit.path).where(Unit.site == scope.site))}
    colleagues = [Colleague(key, name, unit_id, role in LEADING) for key, name, unit_id, role in people]
    return Staff(colleagues, {key: _upwards(path, paths) for path, key in paths.items()})


def _upwards(path: str, paths: dict[str, int]) -> list[int]:
    parts = path.strip("/").split("/")
    above = ("/" + "/".join(parts[:length]) + "/" for length in range(len(parts), 0, -1))
    return [paths[each] for each in above if each in paths]


def unseen(person_id: int) -> int:
    """How many reminders of still open cases the person has not looked at."""
    counted = select(func.count()).select_from(Reminder).join(Case, Case.id == Reminder.case_id)
    return db.session.scalar(counted.where(*_standing(person_id), Reminder.seen_at.is_(None))) or 0


def inbox(person_id: int, limit: int = PAGE) -> Sequence[ReminderLine]:
    """What the person has been told of cases that are still open: the latest word on each, the most urgent first."""
    latest = (
        select(func.max(Reminder.id))
        .join(Case, Case.id == Reminder.case_id)
        .where(*_standing(person_id))
        .group_by(Reminder.case_id)
    )
    rows = db.session.execute(_reminder_columns(latest).order_by(Reminder.due_at, Reminder.id).limit(limit))
    return [ReminderLine(*row) for row in rows]


def claimed(person_id: int, mark: datetime) -> Sequence[ReminderLine]:
    """What was marked as sent to the person at that moment, of cases still open."""
    wanted = (
        select(Reminder.id)
        .join(Case, Case.id == Reminder.case_id)
        .where(*_standing(person_id), Reminder.mailed_at == mark)
    )
    return [
        ReminderLine(*row)
        for row in db.session.execute(_reminder_columns(wanted).order_by(Reminder.due_at, Reminder.id))
    ]


def people_to_mail(scope: Scope, since: datetime) -> Sequence[Person]:
    """Who has something to be sent, wants mail, and has an address."""
    waiting = select(Reminder.person_id).where(Reminder.mailed_at.is_(None), Reminder.made_at >= since)
    wanted = select(Person).where(
        Person.site == scope.site, Person.active, Person.reminded_by_mail, Person.email != "", Person.id.in_(waiting)
    )
    return db.session.scalars(wanted.order_by(Person.id)).all()


def _standing(person_id: int) -> tuple[ColumnElement[bool], ...]:
    """Reminders that still say something: the case is open, and due when the reminder says."""
    return (
        Reminder.person_id == person_id,
        Case.ended_at.is_(None),
        or_(Case.late_after == Reminder.due_at, Reminder.step == ReminderStep.NOT_CLOSED),
    )


def _reminder_columns(ids: Select[int]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(Reminder.id, Case.id, Case.code, Case.applicant, ProcedureVersion.name, Unit.name, Case.officer),
            *(Reminder.step, Reminder.due_at, Reminder.made_at, Reminder.seen_at),
        )
        .join(Case, Case.id == Reminder.case_id)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(Unit, Unit.id == Case.holder_unit_id)
        .where(Reminder.id.in_(ids))
    )
