"""Fixtures of the tests about compliance."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.compliance.months.closing import close
from app.organisation.models import Person, Role
from app.web import jobs
from tests.compliance.first_month import write_first_month
from tests.compliance.month import INSPECTOR, JUNE, Month, check, make_june
from tests.factories import adopt_packs, make_person

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
def month(session: Any) -> Month:
    """June 2024, recorded, in a Department that has adopted the packs."""
    june = make_june()
    adopt_packs()
    return june


@pytest.fixture
def judged(month: Month) -> int:
    """June, judged; the number of the run."""
    run = check().run
    assert run is not None
    return run.id


@pytest.fixture
def closed(month: Month) -> int:
    """June, closed; the number of its official run."""
    run = close(INSPECTOR, JUNE).run
    assert run is not None
    return run.id


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
