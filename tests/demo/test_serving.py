"""`flask serve`: never on an old database; with --demo everything is ready to be tried."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest
import waitress
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, select

from app.cases.models import Case
from app.compliance.models import CheckRun
from app.compliance.queries.runs import latest_run, results_of
from app.compliance.runs.verification import verify_run
from app.compliance.violations.raising import is_provisional
from app.compliance.warnings import provisional_run
from app.core.periods import Period
from app.demo import cli
from app.demo.departments import ACCOUNTS, PASSWORD
from app.organisation.access import whole_site
from app.rulepacks.language import Status
from app.web import serving
from app.web.extensions import db
from app.web.turns import Dispatcher
from tests.factories import make_department

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What waitress was asked to serve, in this process; it returns at once."""
    asked: list[dict[str, Any]] = []

    def create_server(_app: Flask, sockets: list[socket.socket], _dispatcher: Dispatcher, **options: Any) -> Any:
        bound = [each.getsockname() for each in sockets]
        asked.append(options | {"bound": bound, "threads": len(_dispatcher.threads)})
        return SimpleNamespace(run=lambda: _dispatcher.shutdown())

    monkeypatch.setattr(waitress, "create_server", create_server)
    monkeypatch.setattr(serving, "processes_of", lambda _app: 1)
    monkeypatch.setattr(cli, "DEMO_CASES", 600)
    return asked


def test_a_demonstration_is_loaded_checked_and_served(app: Flask, session: Any, served: list[dict[str, Any]]) -> None:
    done = app.test_cli_runner().invoke(args=["serve", "--demo", "--port", "8123"])
    assert done.exit_code == 0, done.output
    largest = 2 * 64 * 1024 * 1024  # bytes; above it a request is refused before it is read
    asked = {"bound": [("127.0.0.1", 8123)], "threads": 8, "ident": None, "max_request_body_size": largest}
    assert served == [asked | {"clear_untrusted_proxy_headers": False}], "app.web.client_address judges them alone"
    assert db.session.scalar(select(func.count()).select_from(Case)) == 600
    run = latest_run(whole_site(), Period.parse("2024-06"))
    assert run is not None and not run.limited
    warned = provisional_run(whole_site())
    assert warned is not None and warned.period == "2024-07" and is_provisional(warned)
    statuses = {row.status for row in results_of(whole_site(), run.id)}
    assert statuses >= {Status.PASS, Status.FAIL, Status.NO_DATA, Status.NOT_APPLICABLE}
    assert verify_run(run.id).disagreements == (), "a whole month, judged again from what the run kept"
    assert "http://127.0.0.1:8123" in done.stderr and PASSWORD in done.stderr
    assert all(account.username in done.stderr for account in ACCOUNTS)


def test_a_second_start_loads_and_checks_nothing_again(app: Flask, session: Any, served: list[dict[str, Any]]) -> None:
    for _ in range(2):
        assert app.test_cli_runner().invoke(args=["serve", "--demo"]).exit_code == 0
    assert db.session.scalar(select(func.count()).select_from(Case)) == 600
    periods = db.session.scalars(select(CheckRun.period).order_by(CheckRun.id)).all()
    assert periods == ["2024-06", "2024-07"], "the month checked, and early warning of the running one"


def test_a_site_with_its_own_units_is_served_as_it_is(app: Flask, session: Any, served: list[dict[str, Any]]) -> None:
    make_department()
    done = app.test_cli_runner().invoke(args=["serve", "--demo"])
    assert done.exit_code == 0 and len(served) == 1
    assert db.session.scalar(select(func.count()).select_from(Case)) == 0


def test_without_demo_no_account_is_printed(app: Flask, session: Any, served: list[dict[str, Any]]) -> None:
    done = app.test_cli_runner().invoke(args=["serve"], env={"HOST": "0.0.0.0", "PORT": "8124"})
    assert done.exit_code == 0 and PASSWORD not in done.stderr
    assert served[0]["bound"] == [("0.0.0.0", 8124)]
    assert db.session.scalar(select(func.count()).select_from(CheckRun)) == 0


def test_an_old_database_is_not_served(app: Flask, session: Any, served: list[dict[str, Any]]) -> None:
    db.session.remove()
    downgrade(revision="-1")
    try:
        done = app.test_cli_runner().invoke(args=["serve"])
    finally:
        upgrade()
    assert done.exit_code == 2 and served == []
    assert "db upgrade" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_an_address_in_use_is_one_clear_line(app: Flask, session: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = app.test_cli_runner().invoke(args=["serve", "--port", str(port)])
    assert done.exit_code == 2
    assert f"127.0.0.1:{port}" in done.stderr.strip().splitlines()[-1]
