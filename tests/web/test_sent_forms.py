"""Whatever a browser sends in a form, and it is every form: none breaks, and nothing too long is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Enum, String, select

from app.core.text import visible
from app.organisation.models import Person, Role, Unit
from app.web.extensions import db
from tests.addresses import LONG, address, field_names, rules
from tests.clock import at
from tests.factories import make_department, make_person, make_version, receive


@pytest.fixture
def department(session: object) -> dict[str, Unit]:
    """The small Department of the factories."""
    return make_department()


@pytest.mark.parametrize("role", [Role.DESK, Role.ADMIN])
def test_no_form_breaks_at_odd_fields_and_none_is_stored(
    role: Role, department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient], app: Flask
) -> None:
    client, broken = sign_in(make_person(department["MC"], role)), []
    receive(make_version(department["LDVL"]), at("2024-06-03 08:00"))
    for rule in rules(app, "POST"):
        for sent in (LONG, "9" * 300, "0001-01-01", "a\x00b"):
            answer = client.post(address(app, rule, "1"), data=dict.fromkeys(field_names(app, rule), sent))
            if answer.status_code >= 500:
                broken.append((rule.rule, sent[:20]))
    assert not broken
    assert_short()


def test_a_draft_without_its_token_or_too_long_is_told_on_a_page(
    department: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]
) -> None:
    client = sign_in(make_person(department["MC"], Role.DESK))
    for data in ({"note": "a"}, {"token": "t" * 22, "note": "b" * 250_000}, {"token": "t" * 100, "note": "a"}):
        answer = client.post("/ho-so/tiep-nhan/nhap", data=data)
        assert answer.status_code == 400
        assert "Bản nháp này không lưu được" in answer.text
    assert client.post("/ho-so/tiep-nhan/nhap", data={"note": "b" * 600_000}).status_code == 413


def assert_short() -> None:
    """Nothing in the database is longer than its column says, or cannot be seen."""
    for table in db.metadatas[None].sorted_tables:
        columns = [c for c in table.columns if isinstance(c.type, String) and not isinstance(c.type, Enum)]
        for row in db.session.execute(select(*columns)) if columns else ():
            for column, value in zip(columns, row, strict=True):
                if value is not None:
                    assert len(value) <= (column.type.length or 10_000), (table.name, column.name)
                    assert visible(value) == value
