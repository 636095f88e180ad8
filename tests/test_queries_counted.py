"""Every page asks the database a fixed number of questions, however many rows there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import event

from app.demo.loading import load
from app.organisation import passwords
from app.organisation.access import Actor
from app.organisation.models import Role
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.conftest import signed_in
from tests.grounds import wipe
from tests.test_routes_walked import address, ids, rules, somebody

FEW, MANY = 60, 420


@contextmanager
def a_department(cases: int) -> Iterator[None]:
    load(Actor("Lệnh trên máy chủ"), cases=cases, seed=1, until=at("2024-06-30 12:00").date())
    yield
    db.session.rollback()
    db.session.remove()
    wipe()


def asked(app: Flask, role: Role) -> dict[str, int]:
    """Statements by endpoint, each page asked for twice: what a process reads once is read by then."""
    client, values, found = signed_in(app.test_client(), somebody(role)), ids(), dict[str, int]()
    statements: list[str] = []

    def count(_c: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        statements.append(sql)

    event.listen(db.engine, "after_cursor_execute", count)
    try:
        for rule in rules(app, "GET"):
            for _turn in range(2):
                statements.clear()
                answer = client.get(address(rule, values))
                answer.close()
            if answer.status_code == 200 and answer.mimetype == "text/html":
                found[rule.endpoint] = len(statements)
    finally:
        event.remove(db.engine, "after_cursor_execute", count)
    return found


def test_a_page_asks_as_much_of_few_rows_as_of_many(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "now", lambda: at("2024-07-01 08:00"))
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    counted: list[dict[str, int]] = []
    with app.app_context():
        for cases in (FEW, MANY):
            with a_department(cases):
                counted.append(asked(app, Role.INSPECTOR))
    few, many = counted
    assert len(few) > 40
    more = {page: (few[page], many[page]) for page in few.keys() & many if many[page] > few[page] + MOST_MORE}
    assert more == {}
    assert {page: n for page, n in many.items() if n > MOST_OF.get(page, MOST)} == {}


MOST = 20
"""Statements of one page."""
MOST_OF = {"reporting.obligations": 36}
"""What is handed in is asked once for every period; what is counted and checked, as a check would: for the month and
the one before, each on its own snapshot."""
MOST_MORE = 2
"""A page with nothing of a kind does not ask further about it."""
