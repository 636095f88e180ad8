"""The site and the browser of these tests: made once; each test gets visitors of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser

from app.organisation import passwords
from app.web import extensions
from tests.browser.site import Site, Visitor, chromium, make_site, served
from tests.clock import at
from tests.grounds import one_at_a_time
from tests.needs import missing

NOW = at("2024-07-01 08:00")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    try:
        with chromium() as running:
            yield running
    except LookupError as error:
        missing(str(error))


@contextmanager
def morning() -> Iterator[None]:
    """The clock stopped at NOW, and passwords hashed cheaply: what their hashing costs is no matter of the pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extensions, "now", lambda: NOW)
        patch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def a_year(of_the_run: Path) -> Path:
    """A site on 1 July 2024 with a year of demonstration cases: made once, as it takes long."""
    folder = of_the_run / "year"
    with one_at_a_time(folder), morning():
        if not folder.exists():
            half = folder.with_name("half a year")
            half.mkdir()
            make_site(half, cases=1_500, until=date(2024, 7, 1))
            half.rename(folder)
    return folder


@pytest.fixture(scope="module")
def site(a_year: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A copy of it, served to one file of tests."""
    with morning(), served(shutil.copytree(a_year, tmp_path_factory.mktemp("site") / "instance")) as running:
        yield running


@pytest.fixture
def visit(site: Site, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Bring a visitor, signed in as somebody. Afterwards no page may have complained."""
    here: list[Visitor] = []

    def arrive(username: str | None = None, size: dict[str, int] | None = None) -> Visitor:
        visitor = Visitor.arrive(site, browser, size)
        here.append(visitor)
        if username:
            visitor.sign_in(username)
        return visitor

    yield arrive
    complaints: list[Any] = [complaint for visitor in here for complaint in visitor.complaints]
    for visitor in here:
        visitor.leave()
    assert not complaints, complaints
