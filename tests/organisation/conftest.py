"""What the tests of the organisation share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from app.organisation import passwords
from app.organisation.models import Person, Role, Unit
from tests.factories import make_department, make_person


@pytest.fixture(autouse=True)
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is slow on purpose; not in tests."""
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def department(session: Any) -> dict[str, Unit]:
    """SO over VP (with the desk MC), LDVL, NCC and TTDVVL."""
    return make_department()


@pytest.fixture
def admin(department: dict[str, Unit]) -> Person:
    """The administrator."""
    return make_person(department["SO"], Role.ADMIN, "quantri", full_name="Trần Quản Trị")


@pytest.fixture
def as_admin(admin: Person, sign_in: Callable[[Person], FlaskClient]) -> FlaskClient:
    """A browser on which the administrator is signed in."""
    return sign_in(admin)
