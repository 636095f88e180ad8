"""Whether the site is well: its database answers and is at the newest migration, has room, the clock goes right."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.organisation import clock
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
