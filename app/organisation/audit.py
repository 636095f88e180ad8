"""The audit trail: every change of state leaves an entry, and the entries are chained.

Each entry's hash covers the hash before it, so that an entry changed, removed or slipped in later breaks the
chain from there on; `verify` finds the first break. Where the trail ends is kept beside it (`AuditHead`) and the
next entry goes on from there, so that an end that was cut off is missed and stays missing. Entries are written in
the transaction of the change itself: there is no change without its entry, and no entry without its change.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import RLock, Thread
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, func, insert, select, text, update
from sqlalchemy.orm import scoped_session

from app.core.uptime import since_boot
from app.organisation.access import Actor, site
from app.organisation.models import AuditEntry, AuditHead
from app.organisation.permissions import exercised
from app.organisation.restoring import refuse_while_half_restored
from app.organisation.site_code import refuse_another
from app.web import extensions
from app.web.extensions import db, snapshot

START = "0" * 64
PATIENCE = 15.0  # seconds to wait for other writers; then the database is asked, which waits as long
CLOCK_STEP = timedelta(minutes=5)
"""How far a clock may be set back while it is kept right: entries then bear the time of the one before."""
_UNDER_WAY = "transaction"
TURN = "-turn"
"""Ends the name of the file, beside the embedded database, whose lock is the turn to write."""
_WRITER, _turns = RLock(), 0

before_writing: list[Callable[[], None]] = [refuse_another]
"""Asked before each transaction; raises a DomainError when nothing may be written now (also clock.check)."""


@contextmanager
def transaction(*, asked: bool = True) -> Iterator[scoped_session[Any]]:
    """One change of state: everything inside is written together, or not at all.

    A verb called within another verb's transaction joins it, and is written with it or not at all. `asked` False:
    what may be written even when nothing else may.
    """
    marks = db.session().info
    if marks.get(_UNDER_WAY):
        yield db.session
        return
    refuse_while_half_restored()
    with _in_turn():
        marks[_UNDER_WAY] = True
        try:
            if asked:
                check_may_write()
            yield db.session
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
        finally:
            marks.pop(_UNDER_WAY, None)


def check_may_write() -> None:
    """Raises what a transaction would raise now, before long work whose end is one."""
    for ask in before_writing:
        ask()


@contextmanager
def _in_turn() -> Iterator[None]:
    """SQLite has one writer, and whoever waits for it looks again at intervals that grow: under several clerks at once
    somebody always waits a second. They wait for each other here instead, and go on at once: the threads of this
    process, then the one of them whose turn it is and those of other processes, commands too."""
    if db.engine.dialect.name != "sqlite":
        yield
        return
    if not _WRITER.acquire(timeout=PATIENCE):
        yield
        return
    global _turns
    _turns += 1
    try:
        with _before_other_processes() if _turns == 1 else nullcontext():
            yield
    finally:
        _turns -= 1
        _WRITER.release()


@contextmanager
def _before_other_processes() -> Iterator[None]:
    """Hold a lock on a file beside the database, or go on without when it is not to be had in time: a command that
    somebody suspended keeps it. The system takes it away with a process.

    Opened each time: a lock belongs to the opening, and copies of a process would share it.
    """
    database = db.engine.url.database
    handle = -1
    with suppress(OSError):  # a folder that cannot be written: the database says so
        if database and database != ":memory:":
            handle = os.open(f"{database}{TURN}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _lock(handle)
    try:
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def _lock(handle: int) -> None:
    """The system wakes who waits for a lock, but knows no patience: a thread waits in this one's place. One whose wait
    was given up lets go of the lock when it gets it: nothing else has it open any more."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiter = Thread(target=fcntl.flock, args=(handle, fcntl.LOCK_EX), name="turn to write", daemon=True)
        waiter.start()
        waiter.join(PATIENCE)


LONGEST_NAME = 64


def name_in_trail(subject_id: object) -> str:
    """What an entry calls its subject. A name of more than 64 characters (a violation's, of a pack with a long name)
    ends in a sum that tells it from others."""
    name = str(subject_id)
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 13]}~{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def record(by: Actor, action: str, subject_kind: str, subject_id: object, **details: Any) -> AuditEntry:
    """Add an entry within the current transaction. `action` is the service's verb."""
    one_at_a_time(f"audit {site()}")  # two entries must not follow the same one
    last, known = _last(), head()
    previous = known or last
    now = extensions.now().replace(microsecond=0)
    if previous and now < previous.at <= now + CLOCK_STEP:
        now = previous.at
    if (used := exercised()) is not None and by.acts_for is not None and by.delegated(used):
        details["acting_for"] = by.acts_for
    entry = AuditEntry(
        site=site(),
        number=max(last.number if last else 0, known.number if known else 0) + 1,
        at=now,
        person_id=by.person_id,
        actor=by.name,
        action=action,
        subject_kind=subject_kind,
        subject_id=name_in_trail(subject_id),
        details=json.loads(json.dumps(details, default=str, ensure_ascii=False)),
        previous_hash=previous.hash if previous else START,
    )
    entry.hash = entry_hash(entry)
    db.session.add(entry)
    db.session.flush()
    _move_head(entry, is_there=known is not None)
    return entry


@dataclass(frozen=True, slots=True)
class Head:
    """Where a trail ends: the number and hash of its newest entry, and when that was written (UTC).

    `boot` and `uptime` (seconds) are of the machine that wrote it: see `uptime.since_boot`.
    """

    number: int
    hash: str
    at: datetime
    boot: str = ""
    uptime: int = 0


def head() -> Head | None:
    """Where the trail of the site ends; None before its first entry. What is anchored outside is this."""
    found = db.session.execute(_HEAD, {"site": site()}).first()
    return Head(*found) if found else None


def _last() -> Head | None:
    """The newest entry that is there."""
    found = db.session.execute(_NEWEST, {"site": site()}).first()
    return Head(*found) if found else None


# Asked with every change: put together once.
_HEAD = select(AuditHead.number, AuditHead.hash, AuditHead.at, AuditHead.boot, AuditHead.uptime).where(
    AuditHead.site == bindparam("site")
)
_NEWEST = (
    select(AuditEntry.number, AuditEntry.hash, AuditEntry.at)
    .where(AuditEntry.site == bindparam("site"))
    .order_by(AuditEntry.number.desc())
    .limit(1)
)
_BECOME_THE_WRITER = text("UPDATE audit_entries SET number = number WHERE id = -1")


def _move_head(entry: AuditEntry, *, is_there: bool) -> None:
    boot, uptime = since_boot()
    values = {"number": entry.number, "hash": entry.hash, "at": entry.at, "boot": boot, "uptime": uptime}
    if is_there:
        db.session.execute(update(AuditHead).where(AuditHead.site == entry.site).values(**values))
    else:
        db.session.execute(insert(AuditHead).values(site=entry.site, **values))


def one_at_a_time(what: str) -> None:
    """Wait for every transaction that has asked for the same: what is read from here on still holds when it is written.

    PostgreSQL keeps a lock of that name until the transaction ends. SQLite has one writer, whatever it writes: a
    statement that changes nothing makes this transaction the writer, until it ends, before it reads.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:what))"), {"what": what})
    else:
        db.session.flush()
        db.session.execute(_BECOME_THE_WRITER)


def entry_hash(entry: Any) -> str:
    """The hash of an entry, or of a row with its columns, as it must be."""
    content = [
        entry.site,
        entry.number,
        entry.at.isoformat(),
        entry.person_id,
        entry.actor,
        entry.action,
        entry.subject_kind,
        entry.subject_id,
        entry.details,
        entry.previous_hash,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """Whether the chain holds: `broken_at` is the number of the first entry that does not fit, or None.

    `missing`: there is no entry of that number; the trail was cut off before it.
    """

    entries: int
    broken_at: int | None
    missing: bool = False


def verify() -> ChainCheck:
    """Walk the whole chain of the site, and see that it ends where it should."""
    with snapshot() as connection:
        return walk(connection)


def walk(connection: Connection) -> ChainCheck:
    """`verify` at the instant that the connection sees, a thousand entries at a time."""
    previous, entries = START, 0
    known = connection.execute(select(AuditHead.number, AuditHead.hash).where(AuditHead.site == site())).first()
    chosen = select(cast(Table, AuditEntry.__table__)).where(AuditEntry.site == site()).order_by(AuditEntry.number)
    for entry in connection.execute(chosen.execution_options(yield_per=1000)):
        if entry.number != entries + 1 or entry.previous_hash != previous or entry_hash(entry) != entry.hash:
            return ChainCheck(entries, entry.number)
        previous, entries = entry.hash, entry.number
    ends_at, hash = known or (0, START)
    if entries < ends_at:
        return ChainCheck(entries, entries + 1, missing=True)
    if entries > ends_at:
        return ChainCheck(entries, ends_at + 1)
    return ChainCheck(entries, None if previous == hash else entries)


def holds(number: int, hash: str) -> bool:
    """Whether the trail has this entry with this hash: what an anchor says."""
    found = select(AuditEntry.hash).where(AuditEntry.site == site(), AuditEntry.number == number)
    return db.session.scalar(found) == hash


def count() -> int:
    """Number of entries of the site."""
    return db.session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.site == site())) or 0
