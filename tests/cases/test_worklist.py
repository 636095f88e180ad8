"""The worklist as a clerk meets it: what is mine, taking a case in hand, and what would be forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from app.cases import handling, service, worklist
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.cases.worklist import Attention
from app.organisation.access import Actor, Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Role
from app.web.extensions import db
from tests.cases.test_views import Office, SignIn
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, SITE, finish, happen, make_person, receive

HERE = "/ho-so/viec-hom-nay"


@pytest.fixture
def office(session: Any) -> Office:
    return Office()


def events() -> int:
    return db.session.scalar(select(func.count()).select_from(CaseEvent)) or 0


def nobodys(office: Office, applicant: str = "Nguyễn Văn A") -> Case:
    """A case with the desk, in nobody's hands."""
    case = receive(office.permit, at("2024-06-28 08:00"), applicant)
    return service.hand_over(EVERYWHERE, CLERK, case.id, unit_code="MC")


def test_a_case_is_taken_in_hand_from_the_list_with_one_key(office: Office, sign_in: SignIn) -> None:
    case = nobodys(office)
    client = sign_in(office.clerk)
    page = client.get(HERE).get_data(as_text=True)
    assert f'action="/ho-so/{case.id}/nhan-xu-ly"' in page
    assert page.count('data-shortcut="h"') == 1
    answer = client.post(
        f"/ho-so/{case.id}/nhan-xu-ly", data={"revision": case.revision, "whose": "mine"}, follow_redirects=True
    )
    page = answer.get_data(as_text=True)
    assert "Bạn đã nhận xử lý hồ sơ" in page
    assert answer.request.query_string == b"whose=mine"
    assert f'action="/ho-so/{case.id}/nhan-xu-ly"' not in page
    assert db.session.get_one(Case, case.id, populate_existing=True).holder_id == office.clerk.id


def test_the_second_who_takes_it_is_told_and_nothing_is_overwritten(office: Office, sign_in: SignIn) -> None:
    case = nobodys(office)
    seen = case.revision
    other = make_person(office.units["MC"], full_name="Người nhanh tay")
    handling.take_over(EVERYWHERE, Actor.of(other), case.id, revision=seen)
    before = events()
    page = sign_in(office.clerk).post(
        f"/ho-so/{case.id}/nhan-xu-ly", data={"revision": seen}, follow_redirects=True
    ).get_data(as_text=True)  # fmt: skip
    assert "vừa được người khác cập nhật" in page
    assert "Người nhanh tay" in page
    assert events() == before


def test_taking_a_colleagues_case_is_asked_by_name_and_undone(office: Office, sign_in: SignIn) -> None:
    """The colleague has no account: a name alone is somebody."""
    case = receive(office.permit, at("2024-06-28 08:00"))
    case = service.hand_over(EVERYWHERE, CLERK, case.id, unit_code="MC", officer="Lê Thị Giấy")
    client = sign_in(office.clerk)
    page = client.get(HERE).get_data(as_text=True)
    assert 'data-shortcut="h"' not in page
    assert f'href="/ho-so/{case.id}/ghi/taken_over"' in page
    asked = client.post(f"/ho-so/{case.id}/nhan-xu-ly", data={"revision": case.revision})
    assert asked.location == f"/ho-so/{case.id}/ghi/taken_over"
    form = client.get(asked.location).get_data(as_text=True)
    assert "Lê Thị Giấy đang xử lý hồ sơ này." in form
    typed = {"revision": case.revision, "officer": "Lê Thị Giấy"}
    refused = client.post(asked.location, data=typed)
    assert (refused.status_code, "hãy xác nhận nếu bạn nhận thay" in refused.text) == (422, True)
    page = client.post(asked.location, data=typed | {"instead": "y"}, follow_redirects=True).text
    assert "Bạn vừa nhận hồ sơ này thay Lê Thị Giấy." in page
    revision = db.session.get_one(Case, case.id, populate_existing=True).revision
    client.post(f"/ho-so/{case.id}/nhan-xu-ly/tra-lai", data={"revision": revision})
    back = db.session.get_one(Case, case.id, populate_existing=True)
    assert (back.officer, back.holder_id) == ("Lê Thị Giấy", None)


def test_a_head_is_not_offered_the_cases_of_other_units(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-28 08:00"))  # with the desk
    client = sign_in(office.head)
    assert "nhan-xu-ly" not in client.get(HERE).get_data(as_text=True)
    client.post(f"/ho-so/{case.id}/nhan-xu-ly", data={"revision": case.revision})
    assert db.session.get_one(Case, case.id, populate_existing=True).holder_id is None


def test_mine_are_those_i_have_in_hand(office: Office, sign_in: SignIn) -> None:
    mine, unit = (nobodys(office, name) for name in ("Của Tôi", "Của Đơn Vị"))
    client = sign_in(office.clerk)
    client.post(f"/ho-so/{mine.id}/nhan-xu-ly", data={"revision": mine.revision})
    page = client.get(f"{HERE}?whose=mine").get_data(as_text=True)
    assert "Của Tôi" in page
    assert unit.applicant not in page
    page = client.get(HERE).get_data(as_text=True)
    assert "Của Tôi" in page
    assert unit.applicant in page


def nagged(units: dict[str, Any], *codes: str) -> dict[Attention, int]:
    desk = Scope(SITE, frozenset(units[code].id for code in codes))
    return worklist.attention_counts(desk, site_calendar(), at("2024-07-01 08:00"))


def test_what_would_be_forgotten_is_counted_and_listed(office: Office, freeze: Any) -> None:
    unclosed = happen(receive(office.permit, at("2024-06-24 08:00")), EventKind.RESOLVED, at("2024-06-25 08:00"))
    finish(receive(office.permit, at("2024-06-24 08:00")), at("2024-06-25 08:00"))
    long = receive(office.permit, at("2024-05-20 08:00"))
    happen(long, EventKind.SUPPLEMENT_REQUESTED, at("2024-05-31 08:00"))
    just = receive(office.permit, at("2024-05-20 08:00"))
    happen(just, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-01 08:00"))
    asked = receive(office.permit, at("2024-06-24 08:00"))
    handling.consult(EVERYWHERE, CLERK, asked.id, unit_code="NCC", note="Xin ý kiến")
    assert nagged(office.units, "MC") == {Attention.UNCLOSED: 1, Attention.STALLED: 1, Attention.ASKED: 0}
    assert nagged(office.units, "NCC") == {Attention.UNCLOSED: 0, Attention.STALLED: 0, Attention.ASKED: 1}
    for unit, pile, case in (
        ("MC", Attention.UNCLOSED, unclosed), ("MC", Attention.STALLED, long), ("NCC", Attention.ASKED, asked),
    ):  # fmt: skip
        desk = Scope(SITE, frozenset({office.units[unit].id}))
        page = worklist.worklist(desk, site_calendar(), at("2024-07-01 08:00"), pile)
        assert [line.case.code for line in page.lines] == [case.code]


def test_a_case_about_which_a_unit_is_asked_twice_waits_for_it_once(office: Office) -> None:
    case = receive(office.permit, at("2024-06-24 08:00"))
    for question in ("Xin ý kiến", "Xin ý kiến thêm"):
        handling.consult(EVERYWHERE, CLERK, case.id, unit_code="NCC", note=question)
    assert nagged(office.units, "NCC")[Attention.ASKED] == 1


def test_the_menu_says_how_much_waits_until_it_is_done(office: Office, sign_in: SignIn) -> None:
    case = happen(receive(office.permit, at("2024-06-24 08:00")), EventKind.RESOLVED, at("2024-06-25 08:00"))
    client = sign_in(office.clerk)
    badge = '<span class="side-badge">1</span>'
    page = client.get("/ho-so").get_data(as_text=True)
    assert badge in page.split("Việc hôm nay")[1].split("</li>")[0]
    page = client.get(HERE).get_data(as_text=True)
    assert f"{HERE}?bucket=unclosed" in page
    assert case.code in client.get(f"{HERE}?bucket=unclosed").get_data(as_text=True)
    service.record(EVERYWHERE, CLERK, case.id, EventKind.CLOSED)
    page = client.get(HERE).get_data(as_text=True)
    assert badge not in page.split("Việc hôm nay")[1].split("</li>")[0]
    assert f"{HERE}?bucket=unclosed" not in page


def test_the_unit_that_is_asked_finds_the_question_and_answers_it(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-24 08:00"))
    handling.consult(EVERYWHERE, CLERK, case.id, unit_code="NCC", note="Hộ này có công không?")
    client = sign_in(office.other_head)
    assert case.code in client.get(f"{HERE}?bucket=asked").get_data(as_text=True)
    page = client.get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert "Hộ này có công không?" in page
    assert "/ghi/consult_answered" in page
    assert "/ghi/handed_over" not in page
    assert "dinh-chinh" not in page
    assert client.get(f"/ho-so/{case.id}/ghi/handed_over").status_code == 403
    assert client.get(f"/ho-so/{case.id}/dinh-chinh/1").status_code == 403
    form = client.get(f"/ho-so/{case.id}/ghi/consult_answered").get_data(as_text=True)
    assert "Hộ này có công không?" in form
    number = events()
    data = {"number": number, "note": "Không có công."}
    answer = client.post(f"/ho-so/{case.id}/ghi/consult_answered", data=data, follow_redirects=True)
    assert "Không có công." in answer.get_data(as_text=True) or answer.request.path == HERE
    page = client.get(f"/ho-so/{case.id}").get_data(as_text=True)  # it may still read what it answered
    assert "Không có công." in page
    assert "/ghi/" not in page
    assert case.code not in client.get(f"{HERE}?bucket=asked").get_data(as_text=True)


def test_a_unit_that_was_never_asked_finds_nothing(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-24 08:00"))
    handling.consult(EVERYWHERE, CLERK, case.id, unit_code="NCC", note="Xin ý kiến")
    stranger = make_person(office.units["TTDVVL"], Role.HEAD)
    client = sign_in(stranger)
    assert client.get(f"/ho-so/{case.id}").status_code == 404
    assert client.get(f"/ho-so/{case.id}/ghi/consult_answered").status_code == 404
    assert case.code not in client.get(f"{HERE}?bucket=asked").get_data(as_text=True)
