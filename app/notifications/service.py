"""Making reminders, sending them by mail, and having seen them. Nobody is told the same thing twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.cases.population import horizon
from app.notifications import queries
from app.notifications.models import Reminder
from app.notifications.queries import ReminderLine
from app.notifications.steps import AHEAD, step_of
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.models import Person
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db

BATCH = 1_000
MAILED_WITHIN = timedelta(days=3)  # older word is not sent when mail is turned on, or has been down

Send = Callable[[Person, Sequence[ReminderLine]], None]
"""Sends one digest; raises OSError (smtplib's errors are) when it cannot."""


@dataclass(slots=True)
class ReminderOutcome:
    """What a run did: reminders made, digests sent, and whom nothing could be sent to, with why."""

    made: int = 0
    mailed: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


@needs(Capability.KEEP_SITE)
def make(scope: Scope, by: Actor) -> int:
    """Tell the holder and the head of each open case that falls due. Returns how many things were newly said.

    Runs as often as one likes: what was said of a due day is not said again, also by another process at the same time.
    """
    now, calendar = extensions.now(), site_calendar()
    staff = queries.staff(scope)
    with transaction() as session:
        rows = (
            {
                "site": scope.site,
                "person_id": person_id,
                "case_id": pending.case_id,
                "step": step,
                "due_at": pending.late_after,
                "made_at": now,
            }
            for pending in queries.pending_cases(scope, horizon(calendar, now, AHEAD))
            if (step := step_of(pending, calendar, now))
            for person_id in sorted(staff.told_of(pending))
        )
        made = 0
        while batch := list(islice(rows, BATCH)):
            made += _add_new(session, batch)
        if made:
            audit.record(by, "make_reminders", "reminder", str(calendar.local_day(now)), made=made)
    return made


def _add_new(session: Any, rows: list[dict[str, Any]]) -> int:
    told = select(Reminder.person_id, Reminder.case_id, Reminder.step, Reminder.due_at)
    said = set(map(tuple, session.execute(told.where(Reminder.case_id.in_({row["case_id"] for row in rows})))))
    new = [row for row in rows if (row["person_id"], row["case_id"], row["step"], row["due_at"]) not in said]
    if not new:
        return 0
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    session.execute(dialect.insert(Reminder).on_conflict_do_nothing(), new)  # another run may be at it too
    return len(new)


def mail(scope: Scope, send: Send) -> ReminderOutcome:
    """Send each person one digest of what was newly said. Marked as sent before it goes: rather never than twice."""
    since, outcome = extensions.now() - MAILED_WITHIN, ReminderOutcome()
    for person in queries.people_to_mail(scope, since):
        claimed_at = _claim(person, since)
        if not (news := queries.claimed(person.id, claimed_at)):
            continue
        try:
            send(person, news)
            outcome.mailed += 1
        except OSError as error:
            _release(person, claimed_at)
            outcome.failed.append((person.username, why_not_sent(error)))
    return outcome


def why_not_sent(error: OSError) -> str:
    """Why a mail did not go, without the addresses that a mail server repeats in its answer."""
    import smtplib  # only where mail is sent

    match error:
        case smtplib.SMTPRecipientsRefused(recipients=dict() as refused):
            return "SMTP " + ", ".join(sorted({str(code) for code, _said in refused.values()}))
        case smtplib.SMTPResponseException(smtp_code=code):
            return f"SMTP {code}"
    return str(error)


def _claim(person: Person, since: datetime) -> datetime:
    """Mark what is to be sent as sent, from now on no other process's; returns the mark."""
    mark = extensions.now()
    unsent = (Reminder.person_id == person.id, Reminder.mailed_at.is_(None), Reminder.made_at >= since)
    with transaction() as session:
        session.execute(update(Reminder).where(*unsent).values(mailed_at=mark))
    return mark


def _release(person: Person, mark: datetime) -> None:
    sent = (Reminder.person_id == person.id, Reminder.mailed_at == mark)
    with transaction() as session:
        session.execute(update(Reminder).where(*sent).values(mailed_at=None))


@needs(Capability.HANDLE_CASES)
def mark_seen(by: Actor, ids: Sequence[int] | None = None) -> int:
    """The person has looked at those reminders, or at all of theirs. Returns how many were new."""
    unseen = update(Reminder).where(Reminder.person_id == by.person_id, Reminder.seen_at.is_(None))
    if ids is not None:
        unseen = unseen.where(Reminder.id.in_(ids))
    with transaction() as session:
        return len(session.scalars(unseen.values(seen_at=extensions.now()).returning(Reminder.id)).all())


@needs(Capability.HANDLE_CASES)
def want_mail(by: Actor, wanted: bool) -> None:
    """The person wants the daily digest by mail, or no longer."""
    with transaction() as session:
        session.execute(update(Person).where(Person.id == by.person_id).values(reminded_by_mail=wanted))
        audit.record(by, "want_mail", "person", by.name, wanted=wanted)
