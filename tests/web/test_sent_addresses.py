"""Whatever arguments and parts a browser sends to an address, and it is every address: none breaks."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from app.organisation.models import Person, Role, Unit
from app.web.security import SentParameters
from tests.addresses import LONG, address, argument_names, field_names, rule_of, rules
from tests.clock import at
from tests.factories import make_department, make_person, make_version, receive

ODD = (
    "9" * 300,
    str(2**31),
    "  ",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59-14:00~99999999999999999999",
    "a\x00b\u202ec" + "b" * 1_000,
    "a " * 950,  # words: each may become a condition
)
OF_THE_DATABASE = (ODD[0], ODD[1], ODD[6], ODD[7])
"""Those that break a database, if they break: numbers that are too great for its columns, a letter that it has not, and
as many conditions as words. Dates, and what is asked of a record that is not there, break before, in what reads them:
on one database as on the other."""


@pytest.fixture
def department(session: object) -> dict[str, Unit]:
    """The small Department of the factories."""
    return make_department()


def test_words_of_url_for_in_an_address_say_nothing(
    department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    client = sign_in(make_person(department["MC"], Role.INSPECTOR))
    plain, asked = client.get("/ho-so?q=an"), "endpoint=x&_scheme=http&_method=POST&_external=1&_anchor=a&_root=b&q=an"
    answer = client.get(f"/ho-so?{asked}")
    assert (plain.status_code, answer.status_code) == (200, 200)
    links = [re.findall(r'href="(/ho-so[^"]*)"', page.text) for page in (plain, answer)]
    assert "/ho-so?q=an&amp;due=due_today" in links[0]
    assert links[0] == links[1]


def test_no_address_breaks_at_odd_arguments(
    department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient], app: Flask
) -> None:
    roles = (Role.INSPECTOR, Role.ADMIN)  # what the one may not open, the other may: people, sessions, set-up
    (client, keeper), broken = [sign_in(make_person(department["MC"], role)) for role in roles], []
    receive(make_version(department["LDVL"]), at("2024-06-03 08:00"))
    embedded = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    values, nothing_read = (ODD, (403,)) if embedded else (OF_THE_DATABASE, (403, 404))
    for rule in rules(app, "GET"):
        door, names = address(app, rule, "1"), argument_names(app, rule)
        asks = keeper if client.get(door).status_code == 403 else client
        for odd in values:
            status = asks.get(door, query_string=dict.fromkeys(names, odd)).status_code
            if status >= 500:
                broken.append((door, odd[:40]))
            if status in nothing_read or not names:  # seven times the same would be asked
                break
    for name in sorted(argument_names(app, rule_of(app, "cases.list"))):
        for odd in values:
            if client.get("/ho-so", query_string={name: odd}).status_code >= 500:
                broken.append((name, odd[:40]))
    assert not broken
    assert client.get("/ho-so", query_string={"q": LONG}).status_code == 414


def test_no_address_breaks_at_odd_parts(
    department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient], app: Flask
) -> None:
    client, broken = sign_in(make_person(department["MC"], Role.INSPECTOR)), []
    doors, reached = app.url_map.bind("localhost"), 0
    for method in ("GET", "POST"):
        for rule in rules(app, method):
            for part in (str(2**31 - 1), "9" * 300, "b" * 300, "a%00b%E2%80%AE") if rule.arguments else ():
                door = address(app, rule, part)
                if not doors.test(unquote(door), method):
                    continue  # a number is asked for: no view is reached, and one page says so for all
                reached += 1
                if client.open(door, method=method).status_code >= 500:
                    broken.append((method, rule.rule, part[:40]))
    assert reached > 200
    assert not broken


def test_the_names_of_arguments_are_found(app: Flask) -> None:
    """What the tests above stand on."""
    assert {"q", "since", "until", "after", "before", "sort"} <= argument_names(app, rule_of(app, "cases.list"))
    assert {"token"} <= field_names(app, rule_of(app, "cases.keep_draft"))
    assert MultiDict(SentParameters([("a", "1"), ("a", "2")])).getlist("a") == ["1", "2"]
