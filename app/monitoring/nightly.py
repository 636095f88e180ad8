"""Each night the embedded database counts its rows anew, by which it plans its queries."""

from __future__ import annotations

from datetime import time

from sqlalchemy import text

from app.organisation.schedule import Routine, add_routine
from app.web.extensions import db

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
