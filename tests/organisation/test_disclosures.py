"""Who took a list out of the site, or opened somebody's papers, is in the audit trail, with the count and no name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.organisation import exports
from app.organisation.exports import csv_response
from app.organisation.models import AuditEntry, Person, Role
from app.web.extensions import db
from tests.clock import at
from tests.factories import make_department, make_person, make_version, receive
from tests.tables import digests

TELLS_OF_NOBODY = {"/thu-tuc/mau.xlsx"}  # an empty workbook, to be filled in
NAME, PHONE = "Nguyễn Thị Hường", "0905123456"


def exported() -> list[AuditEntry]:
    found = select(AuditEntry).where(AuditEntry.action == "export_list").order_by(AuditEntry.number)
    return list(db.session.scalars(found))


@pytest.fixture
def client(session: Any, sign_in: Callable[[Person], FlaskClient]) -> FlaskClient:
    """An administrator, with three cases to export."""
    units = make_department()
    version = make_version(units["LDVL"])
    for day in (3, 4, 5):
        receive(version, at(f"2024-06-0{day} 08:30"), NAME, phone=PHONE)
    return sign_in(make_person(units["SO"], Role.ADMIN))


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_an_export_is_in_the_trail_with_its_filter_and_its_count_but_without_what_was_typed(
    client: FlaskClient, ending: str
) -> None:
    for query in ({}, {"q": NAME}, {"q": PHONE}, {"unit": "LDVL", "since": "2024-06-04"}):
        answer = client.get(f"/ho-so.{ending}", query_string=query)
        assert answer.status_code == 200 and answer.data
    told = [(entry.subject_id, entry.details["rows"], entry.details["filter"]) for entry in exported()]
    assert [(rows, filters) for _name, rows, filters in told[:3]] == [(3, {}), (3, {"q": "…"}), (3, {"q": "…"})]
    assert told[3][2] == {"unit": "LDVL", "since": "2024-06-04"}
    assert {entry.details["file_format"] for entry in exported()} == {ending}
    assert NAME not in str(told) and PHONE not in str(told)
    assert "Tải danh sách" in client.get("/nhat-ky").text


def test_every_list_that_can_be_had_as_a_file_is_traced(app: Flask, client: FlaskClient) -> None:
    ways = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.endswith((".csv", ".xlsx")) and "<" not in rule.rule and rule.rule not in TELLS_OF_NOBODY
    ]
    assert len(ways) > 30
    for way in ways:
        before = len(exported())
        answer = client.get(way)
        told = before + 1 if answer.status_code == 200 else before  # 404: there is no such list yet
        assert (answer.status_code in (200, 404), bool(answer.data), len(exported())) == (True, True, told), way


def test_nothing_but_the_trail_is_changed(client: FlaskClient) -> None:
    trail = {"audit_entries", "audit_heads"}
    before = digests(but=trail)
    client.get("/ho-so.csv")
    assert digests(but=trail) == before


def test_a_list_is_not_sent_whole_when_its_entry_cannot_be_written(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError("no entry")

    monkeypatch.setattr(exports, "record_export", fail)
    with pytest.raises(RuntimeError):
        client.get("/ho-so.csv")


def test_a_download_broken_off_tells_how_many_rows_had_left(app: Flask, client: FlaskClient, session: Any) -> None:
    from flask_login import login_user

    def rows() -> Iterator[list[str]]:
        for n in range(10_000):
            yield [f"{n} " + "x" * 100]

    who = session.scalars(select(Person)).first()
    with app.test_request_context("/ho-so.csv"):
        login_user(who)
        pieces = csv_response("thu", ["A"], rows(), "Thử").response
        next(iter(pieces))  # type: ignore[arg-type]
        pieces.close()  # type: ignore[union-attr]
    entry = exported()[-1]
    assert entry.details["broken_off"] is True
    assert 0 < entry.details["rows"] < 10_000


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("LDVL", "LDVL"), ("2024-06-03", "2024-06-03"), ("2024-06", "2024-06"), ("12", "12"),
        ("0905123456", "…"), ("079123456789", "…"), ("+84905123456", "…"), (NAME, "…"), ("nguyen van a", "…"),
    ],
)  # fmt: skip
def test_what_may_stand_in_the_trail_of_a_filter(value: str, told: str) -> None:
    assert exports.told({"unit": value}) == {"unit": told}
    assert exports.told({"q": value}) == {"q": "…"}
