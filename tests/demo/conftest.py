"""The demonstration, loaded once on each database for all the tests of this folder that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from argon2 import PasswordHasher
from flask import Flask

from app.demo.loading import LoadSummary, load
from app.organisation import passwords
from app.organisation.access import Actor
from app.web import extensions
from tests.clock import at
from tests.grounds import Grounds, wipe

CASES = 1_500
UNTIL = date(2024, 6, 30)
BY = Actor("test")


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing that costs nothing."""
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def thirteen_months() -> LoadSummary:
    return load(BY, cases=CASES, seed=1, until=UNTIL)


@pytest.fixture(scope="module")
def demonstration(app: Flask, grounds: Grounds) -> Iterator[LoadSummary]:
    """Thirteen months until 30 June 2024, within the application's context."""
    with pytest.MonkeyPatch.context() as patch, app.app_context():
        patch.setattr(extensions, "now", lambda: at("2024-07-01 08:00"))
        patch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield grounds.of_all(thirteen_months)
        extensions.db.session.remove()
        wipe()
