"""Filters saved under a name belong to one person and one list."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import Conflict, DomainError, NotFound
from app.desk.service import MOST_FILTERS, remove_filter, save_filter, saved_filters, without_place
from app.organisation.access import Actor
from app.organisation.models import Person, Role
from tests.factories import make_department, make_person


@pytest.fixture
def clerk(session: Any) -> Person:
    return make_person(make_department()["MC"], Role.DESK)


def who(person: Person) -> Actor:
    return Actor.of(person)


def test_a_filter_keeps_what_is_looked_for_and_not_where_one_was() -> None:
    assert without_place("q=&unit=LDVL&after=2024~3&due=overdue&list=late&list=overdue") == (
        "unit=LDVL&due=overdue&list=late&list=overdue"
    )
    assert without_place("after=x&q=") == ""


def test_filters_are_kept_in_order_and_are_ones_own(clerk: Person, session: Any) -> None:
    colleague = make_person(clerk.unit, Role.DESK)
    save_filter(who(clerk), "cases.list", " Quá hạn  phòng LĐ ", "due=overdue&unit=LDVL")
    kept = save_filter(who(clerk), "cases.list", "Hôm nay", "due=due_today")
    assert [(each.name, each.query) for each in saved_filters(who(clerk), "cases.list")] == [
        ("Quá hạn phòng LĐ", "due=overdue&unit=LDVL"),
        ("Hôm nay", "due=due_today"),
    ]
    assert saved_filters(who(colleague), "cases.list") == []
    with pytest.raises(NotFound):
        remove_filter(who(colleague), kept.id)
    remove_filter(who(clerk), kept.id)
    assert len(saved_filters(who(clerk), "cases.list")) == 1


@pytest.mark.parametrize(
    ("name", "query", "kind"),
    [
        ("", "unit=A", DomainError),
        ("x", "q=", DomainError),
        ("x" * 121, "unit=A", DomainError),
        ("Cũ", "a=1", Conflict),
    ],
)
def test_what_cannot_be_saved_is_said(clerk: Person, name: str, query: str, kind: type[Exception]) -> None:
    save_filter(who(clerk), "cases.list", "Cũ", "unit=B")
    with pytest.raises(kind):
        save_filter(who(clerk), "cases.list", name, query)


def test_there_is_an_end_to_them(clerk: Person) -> None:
    for number in range(MOST_FILTERS):
        save_filter(who(clerk), "cases.list", f"Bộ lọc {number}", f"unit={number}")
    with pytest.raises(DomainError, match="chỉ lưu được"):
        save_filter(who(clerk), "cases.list", "Một nữa", "unit=X")


def test_on_the_page(clerk: Person, sign_in: Any) -> None:
    client = sign_in(clerk)
    assert "Lưu bộ lọc này" not in client.get("/ho-so").text
    assert "Lưu bộ lọc này" in client.get("/ho-so?due=overdue").text
    answer = client.post(
        "/bo-loc", data={"page": "cases.list", "name": "Trễ <b>hạn</b>", "query": "due=overdue&after=1"}
    )
    assert answer.location == "/ho-so?due=overdue"
    page = client.get("/ho-so?due=overdue").text
    assert "Trễ &lt;b&gt;hạn&lt;/b&gt;" in page
    assert 'aria-current="page">Trễ' in page
    assert client.post("/bo-loc", data={"page": "elsewhere", "name": "x", "query": "a=1"}).status_code == 404
    kept = saved_filters(who(clerk), "cases.list")[0]
    client.post(f"/bo-loc/{kept.id}/xoa")
    assert saved_filters(who(clerk), "cases.list") == []
