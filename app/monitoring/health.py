"""Whether the site is well (its database answers and is at the newest migration, has room, the clock goes right), and
what keeps it so: backups, mail, planned runs, rows counted each night."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.organisation import clock, schedule
from app.organisation.access import Scope
from app.organisation.models import AuditEntry, PlannedRun
from app.organisation.restore_trial import backups, newest_of
from app.organisation.schedule import Routine, add_routine
from app.web import extensions
from app.web.extensions import db
from app.web.serving import migration_heads


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: `name` is database, migration, disk or clock; `why` says in English what is wrong."""

    name: str
    well: bool
    why: str = ""


def look() -> list[Check]:
    """Every check, in the order of what hangs on what. Raises nothing: what cannot be looked at is not well."""
    return [_try(name, check) for name, check in _CHECKS.items()]


def _try(name: str, check: Callable[[], str]) -> Check:
    try:
        why = check()
    except (SQLAlchemyError, OSError):
        why = "cannot be read"
    finally:
        db.session.rollback()
    return Check(name, not why, why)


def _database() -> str:
    db.session.execute(text("SELECT 1"))
    return ""


def _migration() -> str:
    current, newest = migration_heads()
    return "" if current == newest else "the database is not at the newest migration"


def _disk() -> str:
    settings = current_app.config["SETTINGS"]
    free = shutil.disk_usage(Path(current_app.instance_path)).free // 2**20
    return "" if free >= settings.least_free_mb else f"{free} MiB free, {settings.least_free_mb} wanted"


def _clock() -> str:
    return "" if clock.standing().refused is None else "nothing is written: the clock does not fit the newest entry"


_CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migration": _migration,
    "disk": _disk,
    "clock": _clock,
}


# What keeps a site going, as its administrator sees it: backups, mail, planned runs, room on the disk.

STALE = timedelta(days=2)
"""A backup older than this is told as too old."""
KEPT = ("make_backup", "try_backup", "send_test_mail")


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A backup in the folder of the settings: its size in bytes, when it was written."""

    name: str
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Storage:
    """Bytes: of the disk, of the database, of attached files."""

    free: int
    total: int
    database: int
    attachments: int


@dataclass(frozen=True, slots=True)
class Upkeep:
    """How the site is kept. `last`: the newest entries of KEPT by their verb; `stale`: no backup of the last days."""

    checks: Sequence[Check]
    last: dict[str, AuditEntry]
    stale: bool
    folder: Path | None
    files: Sequence[BackupFile]
    planned: Sequence[tuple[Routine, PlannedRun | None]]
    storage: Storage


def upkeep(scope: Scope) -> Upkeep:
    last, runs = newest_of(KEPT), schedule.runs(scope)
    made = last.get("make_backup")
    return Upkeep(
        checks=look(),
        last=last,
        stale=made is None or extensions.now() - made.at > STALE,
        folder=current_app.config["SETTINGS"].backup_folder,
        files=[_file(path) for path in backups()[:10]],
        planned=[(routine, runs.get(routine.name)) for routine in schedule.planned()],
        storage=_storage(),
    )


def _file(path: Path) -> BackupFile:
    seen = path.stat()
    return BackupFile(path.name, seen.st_size, datetime.fromtimestamp(seen.st_mtime, extensions.now().tzinfo))


def _storage() -> Storage:
    instance = Path(current_app.instance_path)
    disk = shutil.disk_usage(instance)
    if db.engine.dialect.name == "postgresql":
        database = int(db.session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    else:
        main = Path(str(db.engine.url.database))
        parts = [main, main.with_name(main.name + "-wal")]
        database = sum(part.stat().st_size for part in parts if part.is_file())
    held = sum(path.stat().st_size for path in (instance / "attachments").rglob("*") if path.is_file())
    return Storage(disk.free, disk.total, database, held)


# Each night the embedded database counts its rows anew, by which it plans its queries.

LOOKED_AT = 2000
"""Entries of each index: enough to tell a good index from a bad one, and soon done however many there are."""


def count_rows() -> None:
    """A site that grew since its last upgrade would read every case for a few. PostgreSQL does it by itself."""
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            connection.execute(text(f"PRAGMA analysis_limit = {LOOKED_AT}"))
            connection.execute(text("ANALYZE"))
            connection.commit()


add_routine(Routine("count", (time(3),), count_rows))
