"""Trying a backup: all that bringing it back would ask of it, in a folder of its own; the site stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from app.organisation import audit, backup, restoring
from app.organisation.access import Actor, site
from app.organisation.backup import DATABASES, RESTORING, BackupRefused, Manifest
from app.organisation.models import AuditEntry
from app.organisation.permissions import Capability, needs
from app.web.extensions import db
from app.web.private_files import working_folder


@dataclass(frozen=True, slots=True)
class BackupTried:
    """A backup that would come back: when it was made (UTC), and what it holds; `cases` None: not counted (PostgreSQL
    tells only after it was brought back)."""

    file: str
    made_at: datetime
    files: int
    tables: int
    cases: int | None


@needs(Capability.KEEP_SITE)
def try_backup(by: Actor, file: Path) -> BackupTried:
    """Unpack a backup, hold every file against its hash, and read its database. Raises BackupRefused."""
    if not file.is_file():
        raise BackupRefused("Không có tệp sao lưu %(file)s.", file=file)
    instance = Path(current_app.instance_path)
    with working_folder(RESTORING, instance) as folder:
        manifest = backup.unpack(file, folder)
        backup.refuse_others(manifest)
        tables, cases = _read(folder / DATABASES[manifest.database], manifest)
    with audit.transaction():
        audit.record(
            by, "try_backup", "backup", file.name[:64], files=len(manifest.files), made_at=manifest.made_at, rows=cases
        )
    return BackupTried(file.name, manifest.made_at, len(manifest.files), tables, cases)


def _read(database: Path, manifest: Manifest) -> tuple[int, int | None]:
    if manifest.database == "postgresql":
        return restoring.tables_in(db.engine.url, database), None
    backup.refuse_damaged(database)
    with backup.bare_sqlite(database) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0]
        cases = connection.execute("SELECT count(*) FROM cases WHERE site = ?", (site(),)).fetchone()[0]
    return int(tables), int(cases)


def backups() -> list[Path]:
    """The backups in the folder of the settings, the newest first; none where no folder is set."""
    folder = current_app.config["SETTINGS"].backup_folder
    if folder is None or not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.name.endswith(backup.ENDINGS) and path.is_file()]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def newest_of(actions: tuple[str, ...]) -> dict[str, AuditEntry]:
    """The newest entry of the trail of each of these verbs."""
    found = {}
    for action in actions:
        chosen = select(AuditEntry).where(AuditEntry.site == site(), AuditEntry.action == action)
        if (entry := db.session.scalar(chosen.order_by(AuditEntry.number.desc()).limit(1))) is not None:
            found[action] = entry
    return found
