"""The case's page: each event has its own form, its key, and the right words afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.cases import handling, service
from app.cases.models import Case, CaseEvent, Consultation
from app.cases.vocabulary import EventKind, PaymentChannel, ReturnMethod
from app.web.extensions import db
from tests.cases.test_views import Office, SignIn
from tests.clock import at
from tests.factories import CLERK, EVERYWHERE, finish, happen, pay, receive


@pytest.fixture
def office(session: Any) -> Office:
    return Office()


@pytest.fixture
def case(office: Office) -> Case:
    """A case in the division's hands, officer named."""
    taken = receive(office.permit, at("2024-06-28 08:00"))
    when = at("2024-06-28 09:00")
    return service.hand_over(EVERYWHERE, CLERK, taken.id, officer="Võ Thị Mai", at=when, reason="ghi bù")


def events() -> int:
    return db.session.scalar(select(func.count()).select_from(CaseEvent)) or 0


def record(client: FlaskClient, case: Case, kind: str, **data: object) -> str:
    fields = {"revision": case.revision, "seen": events()} | data
    answer = client.post(f"/ho-so/{case.id}/ghi/{kind}", data=fields, follow_redirects=True)
    return answer.get_data(as_text=True)


def timeline(page: str) -> str:
    return page.split("Diễn biến")[1]


def test_a_case_is_sent_back_with_a_reason_to_one_of_the_earlier_stages(
    office: Office, case: Case, sign_in: SignIn
) -> None:
    client = sign_in(office.head)
    form = client.get(f"/ho-so/{case.id}/ghi/returned").get_data(as_text=True)
    assert "1. Tiếp nhận – Bộ phận Một cửa" in form
    assert "2. Thẩm định" not in form.split('id="action"')[1].split("</form>")[0]
    before = events()
    assert "Không được để trống" in record(client, case, "returned", position=1, note="")
    assert "Hãy chọn một giá trị" in record(client, case, "returned", position=3, note="Nhầm")
    assert events() == before
    record(client, case, "returned", position=1, note="Thiếu bản chính giấy khám sức khỏe")
    page = sign_in(office.clerk).get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert "Trả lại bước trước" in timeline(page)
    assert "Đến bước 1: Tiếp nhận" in timeline(page)
    assert "Thiếu bản chính giấy khám sức khỏe" in timeline(page)


def test_stages_still_to_come_are_shown_again_after_a_return(office: Office, case: Case, sign_in: SignIn) -> None:
    handling.return_to_stage(EVERYWHERE, CLERK, case.id, position=1, note="Thiếu giấy tờ")
    page = sign_in(office.clerk).get(f"/ho-so/{case.id}").get_data(as_text=True)
    steps = page.split("Các bước xử lý")[1].split("Diễn biến")[0]
    assert steps.count("Tiếp nhận") >= 2
    assert steps.count("Thẩm định") >= 2
    assert "Trả kết quả" in steps


def test_another_unit_is_asked_and_the_answer_stands_beside_the_question(
    office: Office, case: Case, sign_in: SignIn
) -> None:
    client = sign_in(office.head)
    form = client.get(f"/ho-so/{case.id}/ghi/consulted").get_data(as_text=True)
    assert 'value="03/07/2024"' in form  # two working days on
    choices = form.split('name="unit_code"')[1].split("</select>")[0]
    assert "Phòng Người có công" in choices
    assert "Phòng Lao động – Việc làm" not in choices  # has it itself
    before = events()
    record(client, case, "consulted", unit_code="", note="Xin ý kiến")
    record(client, case, "consulted", unit_code="NCC", note="Xin ý kiến", due_day="31/02/2024")
    record(client, case, "consulted", unit_code="NCC", note="Xin ý kiến", due_day="01/01/2024")
    assert events() == before
    page = record(client, case, "consulted", unit_code="NCC", note="Có trùng đối tượng không?", due_day="03/07/2024")
    assert "Chờ ý kiến" in page
    assert "Phòng Người có công, trả lời trước hết ngày 03/07/2024" in timeline(page)
    number = db.session.scalars(select(Consultation.number)).one()
    current = db.session.get_one(Case, case.id, populate_existing=True)
    page = record(client, current, "consult_answered", number=number, note="Đã nhận công văn: không trùng.")
    assert "Chờ ý kiến" not in page
    assert "Đã nhận công văn: không trùng." in timeline(page)


def test_the_signature_is_written_out_and_asked_for_again_only_after_a_return(
    office: Office, case: Case, sign_in: SignIn
) -> None:
    client = sign_in(office.head)
    before = events()
    assert "Không được để trống" in record(client, case, "signed", signer="")
    assert events() == before
    page = record(client, case, "signed", signer="Nguyễn Văn An", number="12/GP-SLĐTBXH", signed_on="28/06/2024")
    assert "Số 12/GP-SLĐTBXH, Nguyễn Văn An ký ngày 28/06/2024" in timeline(page)
    assert "/ghi/signed" not in page
    handling.return_to_stage(EVERYWHERE, CLERK, case.id, position=1, note="Sai tên")
    service.hand_over(EVERYWHERE, CLERK, case.id)
    assert "/ghi/signed" in client.get(f"/ho-so/{case.id}").get_data(as_text=True)


def test_taking_over_is_offered_to_the_unit_that_has_the_case_until_it_is_done(
    office: Office, case: Case, sign_in: SignIn
) -> None:
    assert "/ghi/taken_over" not in sign_in(office.clerk).get(f"/ho-so/{case.id}").get_data(as_text=True)
    client = sign_in(office.head)
    assert "/ghi/taken_over" in client.get(f"/ho-so/{case.id}").get_data(as_text=True)
    page = record(client, case, "taken_over", officer="Võ Thị Mai", instead="y")
    assert "Nhận xử lý" in timeline(page)
    assert "/ghi/taken_over" not in page


def test_two_clerks_on_one_case_the_second_is_told_and_keeps_what_was_typed(
    office: Office, case: Case, sign_in: SignIn
) -> None:
    seen = case.revision
    client = sign_in(office.head)
    happen(case, EventKind.TAKEN_OVER, at("2024-07-01 08:00"), data={"officer": "Võ Thị Mai"})
    before = events()
    page = client.post(
        f"/ho-so/{case.id}/ghi/returned",
        data={"revision": seen, "seen": before - 1, "position": 1, "note": "Chữ của người sau"},
    ).get_data(as_text=True)
    assert "Trong lúc bạn nhập, hồ sơ đã thay đổi" in page
    assert "Chữ của người sau" in page
    assert events() == before


@pytest.mark.parametrize("kind", ["handed_over", "taken_over", "returned", "consulted", "signed"])
def test_a_closed_case_takes_nothing_more_and_says_so(office: Office, case: Case, sign_in: SignIn, kind: str) -> None:
    finish(case, at("2024-06-30 08:00"))
    client = sign_in(office.clerk)
    before = events()
    data = {"note": "Ghi thêm", "signer": "A", "unit_code": "NCC", "position": 2, "revision": case.revision}
    answer = client.post(f"/ho-so/{case.id}/ghi/{kind}", data=data)
    page = answer.get_data(as_text=True)
    assert answer.status_code in (200, 403, 422)
    assert events() == before
    if kind == "handed_over":
        assert "Không thể ghi “Chuyển xử lý” khi hồ sơ đang ở trạng thái “Đã kết thúc”." in page
    assert f"/ghi/{kind}" not in client.get(f"/ho-so/{case.id}").get_data(as_text=True)


@pytest.mark.parametrize("kind", ["refused", "withdrawn", "stopped"])
def test_an_end_without_result_needs_a_reason(office: Office, case: Case, sign_in: SignIn, kind: str) -> None:
    client = sign_in(office.head)
    before = events()
    assert "Không được để trống" in record(client, case, kind, note="")
    assert events() == before
    assert "Lý do của việc này" in timeline(record(client, case, kind, note="Lý do của việc này"))


def test_money_given_back_stands_in_the_timeline_and_is_not_recorded_here(
    office: Office, case: Case, sign_in: SignIn
) -> None:
    pay(case, at("2024-06-28 10:00"))
    number = events()
    data = {"payment": number, "amount": 200_000}
    service.record(EVERYWHERE, CLERK, case.id, EventKind.REFUNDED, note="Nộp thừa", data=data)
    client = sign_in(office.head)
    page = client.get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert "200.000 đ của khoản 600.000 đ thu ngày 28/06/2024" in timeline(page).replace("\xa0", " ")
    void = client.post(f"/ho-so/{case.id}/dinh-chinh/{number}", data={"void": "y", "reason": "Ghi nhầm"})
    assert "hãy đính chính việc hoàn trả trước" in void.get_data(as_text=True)


def test_a_result_that_waits_to_be_closed_is_said_on_the_page(office: Office, case: Case, sign_in: SignIn) -> None:
    happen(case, EventKind.RESOLVED, at("2024-06-30 08:00"))
    page = sign_in(office.clerk).get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert "nhưng chưa kết thúc trên phần mềm" in page


def test_money_is_asked_for_while_some_is_owed(office: Office, case: Case, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    asked = f"/ho-so/{case.id}/ghi/paid"
    assert asked in client.get(f"/ho-so/{case.id}").get_data(as_text=True)
    pay(case, at("2024-06-28 10:00"), PaymentChannel.IN_PERSON, case.fee_due - 1)
    assert asked in client.get(f"/ho-so/{case.id}").get_data(as_text=True)
    pay(case, at("2024-06-28 10:00"), PaymentChannel.IN_PERSON, 1)
    assert asked not in client.get(f"/ho-so/{case.id}").get_data(as_text=True)


def test_the_page_tells_what_was_said_at_intake(office: Office, case: Case, sign_in: SignIn) -> None:
    case.owner, case.email, case.return_method = "Công ty Hoa Ban", "hoaban@example.com", ReturnMethod.POST
    db.session.commit()
    page = sign_in(office.clerk).get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert "Công ty Hoa Ban" in page
    assert "hoaban@example.com" in page
    assert "Qua bưu chính công ích" in page
