"""A write that fails leaves no name, identity number or phone in the log, nor on standard error."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel
from sqlalchemy import text

from app.organisation.models import Person, Role
from app.web import jobs
from app.web.extensions import db
from app.web.logs import FORMAT, Discreet
from tests.factories import SITE, make_department, make_person

NAME, NUMBER, PHONE = "Nguyễn Thị Hường", "079183001234", "0905123456"
SECRETS = (NAME, NUMBER, PHONE, "Hường")


@pytest.fixture
def log(app: Flask) -> Any:
    """All that the site logs, as it would be written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Discreet(FORMAT))
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def nothing_told(written: str) -> None:
    assert [secret for secret in SECRETS if secret in written] == []


def test_a_statement_that_the_database_refuses_is_logged_without_its_values(
    app: Flask, session: Any, log: Any, caplog: pytest.LogCaptureFixture
) -> None:
    unit = make_department()["SO"]
    make_person(unit, Role.ADMIN, "quantri")
    values = {"site": SITE, "full_name": NAME, "username": "quantri", "password_hash": NUMBER, "phone": PHONE}
    for more in ({"unit_id": unit.id, "role": Role.ADMIN}, {"unit_id": unit.id, "role": Role.ADMIN, "username": None}):
        try:
            db.session.add(Person(**values | more))
            db.session.commit()
        except Exception:
            db.session.rollback()
            app.logger.exception("a write failed")
    for statement in (
        "INSERT INTO site_days (site, day, working, name, reason) VALUES (:a, '2024-01-01', NULL, :b, :c)",
        "SELECT CAST(:a AS integer) FROM khong_co_bang",
        "SELECT CAST(CAST(:b AS varchar) AS integer), CAST(:c AS varchar), CAST(:a AS varchar)",
    ):
        try:
            db.session.execute(text(statement), {"a": NAME, "b": NAME, "c": PHONE})
        except Exception:
            app.logger.exception("a read failed")
        db.session.rollback()
    written = log.getvalue()
    assert written.count("Traceback") >= 4 and "IntegrityError" in written
    nothing_told(written)
    nothing_told(str([record.exc_info[1] for record in caplog.records if record.exc_info]))


def test_what_python_and_pydantic_quote_of_a_value_is_not_logged(app: Flask, log: Any) -> None:
    class Form(BaseModel):
        age: int

    for fail in (
        lambda: int(NAME),
        lambda: {}[NAME],
        lambda: Form(age=NAME),  # type: ignore[arg-type]
        lambda: (NAME + "\ud800").encode(),
        lambda: int(PHONE + "x"),
    ):
        try:
            fail()
        except Exception:
            app.logger.exception("a fault with %s", PHONE)
    assert log.getvalue().count("Traceback") == 5
    nothing_told(log.getvalue())


def test_a_job_that_fails_tells_neither_the_log_nor_the_reader(session: Any, log: Any) -> None:
    from tests.web.test_jobs import wait

    def work(_job: jobs.Job) -> None:
        raise ValueError(f"không đọc được {NAME!r} {PHONE}")

    status = wait(jobs.start("thử", work))
    assert "mã" in status.error
    nothing_told(status.error + log.getvalue())


def test_no_engine_shows_its_parameters(app: Flask, session: Any) -> None:
    assert db.engine.hide_parameters
