"""Closings are found by the index of what ended, whatever the database knows of its rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import sqlite

from app.cases import closings
from app.core.facts import FactQuery
from app.core.periods import Period
from app.organisation.calendars import site_calendar
from app.web.extensions import Base, db

JUNE = Period.parse("2024-06")


@pytest.mark.parametrize("counted", [False, True], ids=["rows not counted", "counted while empty"])
def test_what_was_not_closed_on_its_day_is_a_range_of_one_index(
    applications: Callable[[str], Flask], counted: bool
) -> None:
    with applications("sqlite").app_context():
        start, end = JUNE.bounds(site_calendar().zone)
        query = FactQuery("TEST", JUNE, start, end, end, None, end, None)
        asked = closings._not_on_its_day(db.session.connection(), query, {1: "LDVL"}, site_calendar())
        db.session.rollback()
    with create_engine("sqlite://").connect() as connection:
        Base.metadata.create_all(connection)
        if counted:
            connection.execute(text("ANALYZE"))
        for branch in asked.selects:
            sql = branch.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
            (of_cases,) = [row.detail for row in plan if "cases" in row.detail]
            assert "ix_cases_ended_cover (site=? AND unit_id=? AND ended_at" in of_cases
