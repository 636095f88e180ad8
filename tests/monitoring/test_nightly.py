"""The embedded database knows of its rows what it plans its queries by."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import text

from app.monitoring.health import count_rows
from app.organisation import schedule
from tests.factories import make_unit


def test_rows_are_counted_each_night(app: Flask, session: Any) -> None:
    assert "count" in [routine.name for routine in schedule.planned()]
    make_unit("LDVL")
    session.commit()
    count_rows()
    if session.get_bind().dialect.name == "sqlite":
        counted = "SELECT stat FROM sqlite_stat1 WHERE tbl = 'units' AND idx = 'ix_units_site_path'"
        assert session.scalar(text(counted)).split()[0] == str(session.scalar(text("SELECT count(*) FROM units")))
