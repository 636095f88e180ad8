"""Fixtures of the tests about compliance."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compliance.first_month import write_first_month


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
