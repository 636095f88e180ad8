"""The audit trail: every change of state leaves an entry, and the entries are chained.

Each entry's hash covers the hash before it, so that an entry changed, removed or slipped in later breaks the
chain from there on; `verify` finds the first break. Entries are written in the transaction of the change
itself: there is no change without its entry, and no entry without its change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import scoped_session

from app import extensions
from app.extensions import db
from app.organisation.access import Actor, site
from app.organisation.models import AuditEntry
from app.organisation.restoring import refuse_while_half_restored

START = "0" * 64
PATIENCE = 15.0  # seconds to wait for this process's other writers; then the database is asked, which waits as long
_UNDER_WAY = "transaction"
_WRITER = RLock()


@contextmanager
def transaction() -> Iterator[scoped_session[Any]]:
    """One change of state: everything inside is written together, or not at all.

    A verb called within another verb's transaction joins it, and is written with it or not at all.
    """
    marks = db.session().info
    if marks.get(_UNDER_WAY):
        yield db.session
        return
    refuse_while_half_restored()
    with _in_turn():
        marks[_UNDER_WAY] = True
        try:
            yield db.session
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
        finally:
            marks.pop(_UNDER_WAY, None)


@contextmanager
def _in_turn() -> Iterator[None]:
    """SQLite has one writer, and whoever waits for it looks again at intervals that grow: under several clerks at once
    somebody always waits a second. The threads of this process wait for each other here instead, and go on at once."""
    if db.engine.dialect.name != "sqlite":
        yield
        return
    mine = _WRITER.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if mine:
            _WRITER.release()


def record(by: Actor, action: str, subject_kind: str, subject_id: object, **details: Any) -> AuditEntry:
    """Add an entry within the current transaction. `action` is the service's verb."""
    one_at_a_time(f"audit {site()}")  # two entries must not follow the same one
    last = db.session.execute(
        select(AuditEntry.number, AuditEntry.hash)
        .where(AuditEntry.site == site())
        .order_by(AuditEntry.number.desc())
        .limit(1)
    ).first()
    entry = AuditEntry(
        site=site(),
        number=last.number + 1 if last else 1,
        at=extensions.now().replace(microsecond=0),
        person_id=by.person_id,
        actor=by.name,
        action=action,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        details=json.loads(json.dumps(details, default=str, ensure_ascii=False)),
        previous_hash=last.hash if last else START,
    )
    entry.hash = _hash(entry)
    db.session.add(entry)
    db.session.flush()
    return entry


def one_at_a_time(what: str) -> None:
    """Wait for every transaction that has asked for the same: what is read from here on still holds when it is written.

    PostgreSQL keeps a lock of that name until the transaction ends. SQLite has one writer, whatever it writes: a
    statement that changes nothing makes this transaction the writer, until it ends, before it reads.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": what})
    else:
        db.session.flush()
        db.session.execute(text("UPDATE audit_entries SET number = number WHERE id = -1"))


def _hash(entry: AuditEntry) -> str:
    content = [
        entry.site,
        entry.number,
        _instant(entry.at),
        entry.person_id,
        entry.actor,
        entry.action,
        entry.subject_kind,
        entry.subject_id,
        entry.details,
        entry.previous_hash,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _instant(value: datetime) -> str:
    return value.isoformat()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds: `broken_at` is the number of the first entry that does not fit, or None."""

    entries: int
    broken_at: int | None


def verify() -> Verdict:
    """Walk the whole chain of the site, a thousand entries at a time."""
    previous, expected = START, 1
    entries = select(AuditEntry).where(AuditEntry.site == site()).order_by(AuditEntry.number)
    for entry in db.session.scalars(entries.execution_options(yield_per=1000)):
        if entry.number != expected or entry.previous_hash != previous or _hash(entry) != entry.hash:
            return Verdict(expected - 1, entry.number)
        previous, expected = entry.hash, expected + 1
    return Verdict(expected - 1, None)


def count() -> int:
    """Number of entries of the site."""
    return db.session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.site == site())) or 0
