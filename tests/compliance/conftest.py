"""Fixtures of the tests about compliance."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.compliance.models import CheckRun
from app.compliance.months.closing import close
from app.organisation.models import Person, Role
from app.web import jobs
from app.web.extensions import db
from tests.compliance.first_month import write_first_month
from tests.compliance.month import INSPECTOR, JUNE, Month, check, make_june
from tests.factories import adopt_packs, make_person
from tests.grounds import Grounds

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture(scope="session")
def first_month_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rules folder with the rules about cases and payments only."""
    return write_first_month(tmp_path_factory.mktemp("rules"))


@pytest.fixture(autouse=True)
def _judged_by_the_first_month(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever judges a recorded month here is judged by those; the shipped packs have tests of their own."""
    if "month" in request.fixturenames:
        app, rules = request.getfixturevalue("app"), request.getfixturevalue("first_month_rules")
        settings = app.config["SETTINGS"].model_copy(update={"rules": rules})
        monkeypatch.setitem(app.config, "SETTINGS", settings)


@pytest.fixture
def month(request: pytest.FixtureRequest, ground: Grounds) -> Month:
    """June 2024, recorded, in a Department that has adopted the packs; judged or closed if so asked."""
    june = ground(make_month)
    for asked, make in (("judged", judge), ("closed", close_june)):
        if asked in request.fixturenames:
            ground(make)
    return june


def make_month() -> Month:
    june = make_june()
    adopt_packs()
    return june


def judge() -> None:
    check()


def close_june() -> None:
    close(INSPECTOR, JUNE)


@pytest.fixture
def judged(month: Month) -> int:
    """June, judged; the number of the run."""
    return last_run()


@pytest.fixture
def closed(month: Month) -> int:
    """June, closed; the number of its official run."""
    return last_run()


def last_run() -> int:
    run = db.session.scalar(select(func.max(CheckRun.id)))
    assert run is not None
    return run


@pytest.fixture
def inspector(month: Month, sign_in: SignIn) -> FlaskClient:
    """An inspector, signed in."""
    return sign_in(make_person(month.units["VP"], Role.INSPECTOR))


@pytest.fixture
def as_head(month: Month, sign_in: SignIn) -> Callable[[str], FlaskClient]:
    """The head of a unit, signed in on the one client there is."""
    return lambda unit: sign_in(make_person(month.units[unit], Role.HEAD))


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Background work is finished before the page answers."""

    class Now(threading.Thread):
        def start(self) -> None:
            self.run()

    monkeypatch.setattr(jobs.threading, "Thread", Now)
