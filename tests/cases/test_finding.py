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
        "permit": ours,
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


def test_a_number_that_one_case_has_opens_it_and_one_of_several_lists_them(desk: dict[str, Any], sign_in: Any) -> None:
    client = sign_in(desk["clerk"])
    end = desk["ours"].code.split("-", 1)[1]
    for typed in ("0912345678", "0912 345 678", "+84912345678", end, end.replace("-", "")):
        assert client.get("/ho-so/tim", query_string={"q": typed}).location == f"/ho-so/{desk['ours'].id}", typed
    assert client.get("/ho-so/tim", query_string={"q": "nguyen dao"}).location.startswith("/ho-so?q=")
    second = receive(desk["permit"], at("2024-06-25 08:00"), "Nguyễn Thị Đào", phone="0912345678")
    assert client.get("/ho-so/tim?q=0912345678").location == "/ho-so?q=0912345678"
    offered = client.get(f"/ho-so/tim/nhanh?q={second.code.split('-', 1)[1].replace('-', '')}", headers=AS_HTMX).text
    assert second.code in offered
    assert (
        sign_in(desk["head"]).get(f"/ho-so/tim?q={desk['theirs'].code.split('-', 1)[1]}").location.startswith("/ho-so?")
    )


def test_a_filter_that_cannot_be_is_told_beside_the_list_and_makes_no_file(desk: dict[str, Any], sign_in: Any) -> None:
    client = sign_in(desk["clerk"])
    page = client.get("/ho-so?since=32/13/2026", headers=AS_HTMX).text
    state = page.split('id="filter-state"')[1].split("</div>")[0]
    assert "Tiếp nhận từ: Không có ngày này." in state
    assert "Bộ lọc này chưa áp dụng." in state
    answer = client.get("/ho-so.csv?since=32/13/2026", follow_redirects=True)
    assert "Chưa xuất tệp" in answer.text
    assert answer.request.path == "/ho-so"


def test_without_htmx_the_address_leads_to_the_list(desk: dict[str, Any], sign_in: Any) -> None:
    answer = sign_in(desk["clerk"]).get("/ho-so/tim/nhanh?q=nguyen")
    assert answer.status_code == 302
    assert answer.location == "/ho-so?q=nguyen"
