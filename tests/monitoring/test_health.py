"""`/healthz`: well when all is well, and naming what is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.monitoring import health
from app.organisation import audit
from app.organisation.access import Actor
from app.web import extensions
from app.web.extensions import db


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_site_that_is_well_says_so_to_anybody(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok",
        "checks": {"database": "ok", "migration": "ok", "disk": "ok", "clock": "ok"},
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_an_old_database_is_named(client: FlaskClient, session: Any) -> None:
    newest = session.scalar(text("SELECT version_num FROM alembic_version"))
    try:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        session.commit()
        answer = client.get("/healthz")
    finally:
        session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})
        session.commit()
    assert answer.status_code == 503
    assert answer.json["status"] == "failing"
    assert answer.json["checks"]["migration"] == "the database is not at the newest migration"
    assert answer.json["checks"]["database"] == "ok"


def test_a_full_disk_is_named(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _path: Usage(2**40, 2**40 - 2**20, 2**20))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["checks"]["disk"]) == (503, "1 MiB free, 512 wanted")


def test_a_clock_behind_the_trail_is_named(client: FlaskClient, session: Any, freeze: Callable[..., Any]) -> None:
    with audit.transaction():
        audit.record(Actor("Người thử"), "try", "test", 1)
    freeze(extensions.now() - timedelta(days=1))
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json["checks"]["clock"] == "nothing is written: the clock does not fit the newest entry"


def test_a_database_that_is_gone_is_named_and_is_no_error(app: Flask, tmp_path: Path) -> None:
    from app import create_app

    # Another site whose database cannot be reached: a folder stands where the file should be.
    (tmp_path / "gone.sqlite3").mkdir()
    gone = create_app(database_url=f"sqlite:///{tmp_path}/gone.sqlite3", instance=tmp_path, secret_key="test")
    answer = gone.test_client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json["checks"] | {"disk": ""} == {
        **dict.fromkeys(("database", "migration", "clock"), "cannot be read"),
        "disk": "",
    }
    with gone.app_context():
        db.engine.dispose()
