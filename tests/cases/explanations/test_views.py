"""The pages of explanations and apologies: who sees what, and what each may do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.cases.explanations import service
from app.cases.explanations.models import Apology, Explanation, FaultSource
from app.cases.explanations.service import record_fault
from app.cases.models import Case
from app.organisation.access import Actor, scope_of
from app.organisation.calendars import today
from app.organisation.models import Person, Role, Unit
from app.web.extensions import db
from tests.clock import at
from tests.factories import make_department, make_person, make_version, receive

LIST = "/ho-so/giai-trinh?period=2024-06"
SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def late(units: dict[str, Unit]) -> list[Case]:
    """A late case of LDVL and one of NCC; it is Monday 1 July."""
    versions = [make_version(units[code], days=2) for code in ("LDVL", "NCC")]
    return [receive(version, at("2024-06-03 08:00"), applicant="Trần Thị Hoa") for version in versions]


@pytest.fixture
def head(units: dict[str, Unit]) -> Person:
    return make_person(units["LDVL"], Role.HEAD, full_name="Lê Văn Trưởng")


def text(answer: Any) -> str:
    return str(answer.get_data(as_text=True))


def test_a_head_sees_and_explains_only_their_units_cases(late: list[Case], head: Person, sign_in: SignIn) -> None:
    client = sign_in(head)
    shown = text(client.get(LIST))
    assert late[0].code in shown
    assert late[1].code not in shown
    assert client.get(f"/ho-so/{late[1].id}/giai-trinh").status_code == 404
    answer = client.post(LIST, data={"cases": [late[0].id], "text": "Thiếu người.\n\nĐã bổ sung."})
    assert (answer.status_code, answer.location) == (302, LIST)
    assert db.session.query(Explanation).one().text == "Thiếu người.\n\nĐã bổ sung."
    assert "Đã gửi Văn phòng Sở" in text(client.get(LIST))


def test_nothing_chosen_keeps_what_was_written(late: list[Case], head: Person, sign_in: SignIn) -> None:
    answer = sign_in(head).post(LIST, data={"text": "Thiếu người."})
    assert answer.status_code == 422
    assert "Hãy chọn ít nhất một hồ sơ." in text(answer)
    assert "Thiếu người." in text(answer)


def test_in_place_the_form_and_its_answer_are_fragments(late: list[Case], head: Person, sign_in: SignIn) -> None:
    client, address = sign_in(head), f"/ho-so/{late[0].id}/giai-trinh"
    htmx = {"HX-Request": "true"}
    form = text(client.get(address, headers=htmx))
    assert "<html" not in form
    assert "<textarea" in form
    empty = client.post(address, data={"text": ""}, headers=htmx)
    assert (empty.status_code, "Không được để trống" in text(empty)) == (422, True)
    done = client.post(address, data={"text": "Thiếu người."}, headers=htmx)
    assert (done.status_code, "<textarea" in text(done)) == (200, False)
    assert "hx-swap-oob" in text(done)


def test_the_office_receives_and_the_director_decides(
    late: list[Case], units: dict[str, Unit], head: Person, sign_in: SignIn
) -> None:
    (sent,) = service.explain(scope_of(head), Actor.of(head), [late[0].id], "Thiếu người.")
    address = f"/ho-so/{late[0].id}/giai-trinh"
    office = sign_in(make_person(units["VP"], Role.DESK))
    assert "Văn phòng Sở nhận các giải trình" in text(office.get(LIST))
    office.post("/ho-so/giai-trinh/tiep-nhan", data={"explanations": [sent.id]})
    assert db.session.get_one(Explanation, sent.id).office_received_at
    decision = f"{address}/{sent.id}/quyet-dinh"
    assert office.post(decision, data={"accepted": "yes", "revision": 2}).status_code == 403
    inspector = sign_in(make_person(units["VP"], Role.INSPECTOR))
    assert "quyet-dinh" not in text(inspector.get(address))
    assert inspector.post(decision, data={"accepted": "yes", "revision": 2}).status_code == 403
    director = sign_in(make_person(units["SO"], Role.DIRECTOR))
    assert director.post(decision, data={"accepted": "no", "revision": 2}).status_code == 422
    assert director.post(decision, data={"accepted": "no", "revision": "x", "words": "Lại."}).status_code == 422
    answer = director.post(decision, data={"accepted": "no", "revision": 2, "words": "Nêu rõ trách nhiệm."})
    assert answer.status_code == 302
    assert "Nêu rõ trách nhiệm." in text(director.get(address))
    assert "Nêu rõ trách nhiệm." in text(sign_in(head).get(address))


def test_the_desk_may_not_receive_for_the_director(
    late: list[Case], units: dict[str, Unit], head: Person, sign_in: SignIn
) -> None:
    (sent,) = service.explain(scope_of(head), Actor.of(head), [late[0].id], "Thiếu người.")
    sign_in(make_person(units["MC"], Role.DESK)).post("/ho-so/giai-trinh/tiep-nhan", data={"explanations": [sent.id]})
    assert db.session.get_one(Explanation, sent.id).office_received_at is None


def test_the_list_is_printed_and_taken_away_whole(
    late: list[Case], units: dict[str, Unit], head: Person, sign_in: SignIn
) -> None:
    service.explain(scope_of(head), Actor.of(head), [late[0].id], "=Thiếu người.")
    client = sign_in(make_person(units["VP"], Role.INSPECTOR))
    paper = text(client.get("/ho-so/giai-trinh/in?period=2024-06"))
    assert "2 hồ sơ quá hạn; 1 hồ sơ đã giải trình, 1 hồ sơ chưa giải trình" in paper
    rows = text(client.get("/ho-so/giai-trinh.csv?period=2024-06")).splitlines()
    assert len(rows) == 3
    assert any("'=Thiếu người." in row for row in rows)
    owed = text(client.get("/ho-so/giai-trinh.csv?period=2024-06&state=missing")).splitlines()
    assert [late[1].code in row for row in owed[1:]] == [True]


@pytest.mark.parametrize("query", ["period=2024-13", "period=2024-06&unit=abc&state=khac&after=x"])
def test_an_address_typed_wrong_is_answered_with_a_page(
    late: list[Case], head: Person, sign_in: SignIn, query: str
) -> None:
    assert sign_in(head).get(f"/ho-so/giai-trinh?{query}").status_code in (200, 404)


def test_an_apology_is_written_shown_on_the_case_and_printed(late: list[Case], head: Person, sign_in: SignIn) -> None:
    client, address = sign_in(head), f"/ho-so/{late[0].id}/xin-loi"
    page = text(client.get(address))
    assert f'value="{late[0].revision}"' in page
    values = {"number": "12/PXL", "signer": "Lê Văn Trưởng", "reason": "Thiếu người.", "revision": late[0].revision}
    unsaid = client.post(address, data=values | {"new_day": "03/07/2024"})
    assert (unsaid.status_code, "Hãy chọn xin lỗi vì việc gì." in text(unsaid)) == (422, True)
    values["about"] = "lateness"
    refused = client.post(address, data=values | {"new_day": "01/07/2024"})
    assert (refused.status_code, "phải sau hôm nay" in text(refused)) == (422, True)
    assert client.post(address, data=values | {"new_day": "03/07/2024"}).status_code == 302
    sent = db.session.query(Apology).one()
    assert sent.new_due_at == at("2024-07-03 23:59:59")
    assert "Hẹn trả lại 03/07/2024" in text(client.get(f"/ho-so/{late[0].id}"))
    printed = f"/ho-so/{late[0].id}/phieu/xin-loi?lan=1"
    assert printed in text(client.get(address))
    letter = text(client.get(printed))
    assert "sẽ trả kết quả giải quyết hồ sơ cho Ông/Bà/Tổ chức vào 17 giờ 00 phút, ngày 03 tháng 7 năm 2024" in letter
    assert "Trần Thị Hoa" in letter


def test_the_form_asks_which_mistakes_a_letter_is_about(late: list[Case], head: Person, sign_in: SignIn) -> None:
    client, address = sign_in(head), f"/ho-so/{late[0].id}/xin-loi"
    assert "Sai sót được xin lỗi" not in text(client.get(address))
    for what in ("Sai họ tên.", "Sai ngày sinh."):
        record_fault(scope_of(head), Actor.of(head), late[0].id, found_on=today(), source=FaultSource.UNIT, what=what)
    page = text(client.get(address))
    assert page.count('checked id="faults') == 2, "both wait for a letter; what this one is for is asked"
    values = {"number": "12/PXL", "signer": "Lê Văn Trưởng", "reason": "Nhầm.", "revision": late[0].revision}
    values |= {"about": "mistake", "faults": "2"}
    assert client.post(address, data=values | {"faults": "7"}).status_code == 422
    assert client.post(address, data=values).status_code == 302
    assert db.session.query(Apology).one().faults == [2]
    page = text(client.get(address))
    assert "Sai sót trong giải quyết" in page
    assert page.count("Sai ngày sinh.") == 2  # in the list of letters, and to be ticked again
    assert page.count('checked id="faults') == 1
    printed = text(client.get(f"/ho-so/{late[0].id}/phieu/xin-loi?lan=1"))
    assert "đã có sai sót" in printed


def test_nobody_apologises_for_another_units_case(
    late: list[Case], units: dict[str, Unit], head: Person, sign_in: SignIn
) -> None:
    client = sign_in(head)
    assert client.get(f"/ho-so/{late[1].id}/xin-loi").status_code == 404
    inspector = sign_in(make_person(units["VP"], Role.INSPECTOR))
    assert inspector.get(f"/ho-so/{late[0].id}/xin-loi").status_code == 403
