"""What keeps a site going, as its administrator sees it: backups, mail, planned runs, room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flask import current_app
from sqlalchemy import text

from app.monitoring import health
from app.monitoring.health import Check
from app.organisation import schedule
from app.organisation.access import Scope
from app.organisation.models import AuditEntry, PlannedRun
from app.organisation.restore_trial import backups, newest_of
from app.organisation.schedule import Routine
from app.web import extensions
from app.web.extensions import db

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
    """As it stands now."""
    last, runs = newest_of(KEPT), schedule.runs(scope)
    made = last.get("make_backup")
    return Upkeep(
        checks=health.look(),
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
