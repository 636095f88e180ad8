"""Every page asks the database a fixed number of questions, however many rows there are.

Few rows against many on the embedded database: what a page asks is written by the views, and by the database only where
the two search and count differently. For that the same pages are counted on PostgreSQL once, among few rows, which are
more than a page may ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


class Counted:
    """Statements of a role's pages, by endpoint."""

    def __init__(self, app: Flask, role: Role) -> None:
        self.app, self.role, self.files = app, role, set[str]()

    def pages(self, enough: Callable[[str], int]) -> dict[str, int]:
        """Each page is asked for twice, as what a process reads once is read by then; or once, where that is `enough`
        already. A file is no page, whatever it is made of."""
        client, values, found = signed_in(self.app.test_client(), somebody(self.role)), ids(), dict[str, int]()
        statements: list[str] = []

        def count(_c: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
            statements.append(sql)

        event.listen(db.engine, "after_cursor_execute", count)
        try:
            for rule in rules(self.app, "GET"):
                for _turn in range(0 if rule.rule in self.files else 2):
                    statements.clear()
                    answer = client.get(address(rule, values))
                    answer.close()
                    if answer.status_code == 200 and answer.mimetype != "text/html":
                        self.files.add(rule.rule)
                    if answer.status_code != 200 or answer.mimetype != "text/html":
                        break
                    found[rule.endpoint] = len(statements)
                    if len(statements) <= enough(rule.endpoint):
                        break
        finally:
            event.remove(db.engine, "after_cursor_execute", count)
        return found


def test_a_page_asks_as_much_of_few_rows_as_of_many(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "now", lambda: at("2024-07-01 08:00"))
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    counted, embedded = Counted(app, Role.INSPECTOR), app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    with app.app_context():
        with a_department(FEW):
            few = counted.pages(lambda page: 0 if embedded else most_of(page))
        many = few
        if embedded:
            with a_department(MANY):
                many = counted.pages(lambda page: min(few.get(page, MOST) + MOST_MORE, most_of(page)))
    assert len(few) > 40
    more = {page: (few[page], many[page]) for page in few.keys() & many if many[page] > few[page] + MOST_MORE}
    assert more == {}
    assert {page: n for page, n in many.items() if n > most_of(page)} == {}


MOST = 20
"""Statements of one page."""
MOST_OF = {"reporting.obligations": 36, "reporting.reform_reports": 36, "reporting.reform_report": 36}
"""What is handed in is asked once for every period; what is counted and checked, as a check would: for the month and
the one before, each on its own snapshot. The reform report asks every source of facts that it tells of."""
MOST_MORE = 2
"""A page with nothing of a kind does not ask further about it."""


def most_of(page: str) -> int:
    """Statements that the page of that endpoint may send."""
    return MOST_OF.get(page, MOST)
