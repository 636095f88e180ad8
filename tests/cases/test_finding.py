"""The search field of every page."""

from __future__ import annotations

from typing import Any

import pytest

from app.organisation.models import Role
from tests.clock import at
from tests.factories import make_department, make_person, make_version, receive

AS_HTMX = {"HX-Request": "true"}


@pytest.fixture
def desk(session: Any, sign_in: Any) -> dict[str, Any]:
    """A clerk and a head signed in, and a case of each of two units."""
    units = make_department()
    ours, theirs = make_version(units["LDVL"]), make_version(units["NCC"], name="Xác nhận người có công")
    when = at("2024-06-24 08:00")
    return {
        "clerk": make_person(units["MC"], Role.DESK),
        "head": make_person(units["LDVL"], Role.HEAD),
        "ours": receive(ours, when, "Nguyễn Thị Đào", phone="0912345678"),
        "theirs": receive(theirs, when, "Nguyễn Văn Mười"),
    }


def test_cases_are_offered_while_typing(desk: dict[str, Any], sign_in: Any) -> None:
    page = sign_in(desk["clerk"]).get("/ho-so/tim/nhanh?q=nguyen", headers=AS_HTMX).text
    assert page.index(desk["theirs"].code) < page.index(desk["ours"].code)
    assert f'href="/ho-so/{desk["ours"].id}"' in page
    assert 'role="option"' in page


def test_nothing_typed_offers_nothing_and_what_is_unknown_is_said(desk: dict[str, Any], sign_in: Any) -> None:
    client = sign_in(desk["clerk"])
    assert client.get("/ho-so/tim/nhanh?q=", headers=AS_HTMX).text.strip() == ""
    assert "Không tìm thấy hồ sơ nào phù hợp" in client.get("/ho-so/tim/nhanh?q=zzzz", headers=AS_HTMX).text


def test_a_mistake_is_named_beside_what_was_found(desk: dict[str, Any], sign_in: Any) -> None:
    client = sign_in(desk["clerk"])
    offered = client.get("/ho-so/tim/nhanh?q=nguyne+dao", headers=AS_HTMX).text
    assert "gần giống: nguyen" in offered
    assert desk["ours"].code in offered
    listed = client.get("/ho-so?q=nguyne+dao").text
    assert "gần giống: nguyen" in listed
    assert desk["ours"].code in listed


def test_a_head_is_offered_the_cases_of_their_unit_only(desk: dict[str, Any], sign_in: Any) -> None:
    page = sign_in(desk["head"]).get("/ho-so/tim/nhanh?q=nguyen", headers=AS_HTMX).text
    assert desk["ours"].code in page
    assert desk["theirs"].code not in page


def test_without_htmx_the_address_leads_to_the_list(desk: dict[str, Any], sign_in: Any) -> None:
    answer = sign_in(desk["clerk"]).get("/ho-so/tim/nhanh?q=nguyen")
    assert answer.status_code == 302
    assert answer.location == "/ho-so?q=nguyen"
