"""The pages of the cases room, as a clerk, a head and a stranger meet them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, update

from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.organisation.models import Person, Role
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from tests.clock import at
from tests.factories import SITE, finish, happen, make_department, make_person, make_version, pay, receive

SignIn = Callable[[Person], FlaskClient]


class Office:
    """A small Department at work: a desk, two divisions with a head each, one procedure of each."""

    def __init__(self) -> None:
        self.units = make_department()
        desk, ldvl, ncc = self.units["MC"], self.units["LDVL"], self.units["NCC"]
        self.clerk = make_person(desk, Role.DESK, "motcua", full_name="Lê Thu Hà")
        self.head = make_person(ldvl, Role.HEAD, "truongphong.ldvl")
        self.other_head = make_person(ncc, Role.HEAD, "truongphong.ncc")
        self.inspector = make_person(self.units["SO"], Role.INSPECTOR, "thanhtra")
        self.admin = make_person(self.units["SO"], Role.ADMIN, "quantri")
        self.permit = make_version(
            ldvl,
            ("Tiếp nhận", desk, 0.5),
            ("Thẩm định", ldvl, 3.5),
            ("Trả kết quả", desk, 1),
            code="1.000105",
            name="Cấp giấy phép lao động cho người nước ngoài",
            fee=600_000,
            eligible=True,
        )
        self.honour = make_version(
            ncc, ("Xét duyệt", ncc, 5), code="1.010801", name="Cấp giấy xác nhận người có công", field="Người có công"
        )


@pytest.fixture
def office(session: Any) -> Office:
    return Office()


def intake_data(office: Office, **changed: object) -> dict[str, object]:
    return {
        "version_id": office.permit.id,
        "applicant": "Nguyễn Thị Đào",
        "phone": "0912345678",
        "channel": "in_person",
        "token": "form-1",
    } | changed


def cases_in_store() -> int:
    return db.session.scalar(select(func.count()).select_from(Case)) or 0


def test_a_clerk_takes_a_case_in_and_sees_its_code_and_promise(office: Office, sign_in: SignIn, freeze: Any) -> None:
    freeze("2024-04-26 09:00")
    answer = sign_in(office.clerk).post("/ho-so/tiep-nhan", data=intake_data(office), follow_redirects=True)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Đã tiếp nhận hồ sơ H32.12-240426-0001, hẹn trả ngày 07/05/2024." in page
    assert "Tiếp nhận hồ sơ khác" in page
    assert "Nguyễn Thị Đào" in page


def test_choosing_a_procedure_shows_the_promise_and_why_at_once(office: Office, sign_in: SignIn, freeze: Any) -> None:
    freeze("2024-04-26 09:00")
    url = f"/ho-so/tiep-nhan/hen-tra?version_id={office.permit.id}"
    page = sign_in(office.clerk).get(url, headers={"HX-Request": "true"}).get_data(as_text=True)
    for words in (
        "07/05/2024",
        "5 ngày làm việc từ 26/04/2024",
        "nghỉ 30/04",
        "04/05",
        "không tính 3 ngày Thứ Bảy",
        "600.000 đ",
        "Thẩm định",
    ):
        assert words in page
    assert "<html" not in page


def test_a_promise_in_the_past_is_worked_out_from_the_moment_typed(office: Office, sign_in: SignIn) -> None:
    url = f"/ho-so/tiep-nhan/hen-tra?version_id={office.permit.id}&at=07/02/2024+08:00"
    assert "21/02/2024" in sign_in(office.clerk).get(url).get_data(as_text=True)


def test_without_scripts_procedures_are_found_by_letters_without_diacritics(office: Office, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    page = client.get("/ho-so/tiep-nhan?q=nguoi co cong").get_data(as_text=True)
    assert "1.010801" in page
    assert "1.000105" not in page


def test_another_moment_of_reception_offers_the_procedures_in_force_then(office: Office, sign_in: SignIn) -> None:
    db.session.execute(
        update(ProcedureVersion).where(ProcedureVersion.id == office.honour.id).values(in_force_to=date(2024, 1, 31))
    )
    db.session.commit()
    client, address = sign_in(office.clerk), f"/ho-so/tiep-nhan/hen-tra?version_id={office.permit.id}&at="
    offered = re.compile(r'<select id="version_id" hx-swap-oob="innerHTML">(.*?)</select>', re.DOTALL)
    by_at = {"HX-Request": "true", "HX-Trigger-Name": "at"}
    then = offered.search(client.get(f"{address}30/01/2024+08:00", headers=by_at).get_data(as_text=True))
    later = offered.search(client.get(f"{address}01/02/2024+08:00", headers=by_at).get_data(as_text=True))
    assert then and later
    assert ("1.010801" in then[1], "1.010801" in later[1]) == (True, False)
    assert f'value="{office.permit.id}" selected' in later[1]


def test_an_error_keeps_everything_that_was_typed(office: Office, sign_in: SignIn) -> None:
    data = intake_data(office, applicant="", address="12 Trần Phú, Nha Trang", at="29/02/2023 08:00")
    answer = sign_in(office.clerk).post("/ho-so/tiep-nhan", data=data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert cases_in_store() == 0
    assert "Không được để trống." in page
    assert "Không có thời điểm này." in page
    for typed in ("12 Trần Phú, Nha Trang", "29/02/2023 08:00", "0912345678"):
        assert f'value="{typed}"' in page
    assert f'value="{office.permit.id}" selected' in page


def test_a_back_dated_intake_needs_a_reason(office: Office, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    answer = client.post("/ho-so/tiep-nhan", data=intake_data(office, at="24/06/2024 08:00"))
    assert answer.status_code == 422
    assert "Sự kiện ghi lùi ngày phải có lý do." in answer.get_data(as_text=True)
    data = intake_data(office, at="24/06/2024 08:00", reason="Mất điện")
    page = client.post("/ho-so/tiep-nhan", data=data, follow_redirects=True).get_data(as_text=True)
    assert "Ghi lùi ngày" in page
    assert "Mất điện" in page


def test_a_form_sent_twice_makes_one_case(office: Office, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    answers = [client.post("/ho-so/tiep-nhan", data=intake_data(office)) for _ in range(2)]
    assert cases_in_store() == 1
    assert answers[0].location == answers[1].location
    again = intake_data(office, token="form-2", sure="y", seen="version_id")  # the same person, on purpose
    client.post("/ho-so/tiep-nhan", data=again)
    assert [case.code[-4:] for case in db.session.scalars(select(Case).order_by(Case.id))] == ["0001", "0002"]


def test_a_division_takes_in_its_own_procedures_only(office: Office, sign_in: SignIn) -> None:
    answer = sign_in(office.other_head).post("/ho-so/tiep-nhan", data=intake_data(office))
    assert answer.status_code == 422
    assert "Không tìm thấy thủ tục này." in answer.get_data(as_text=True)
    assert cases_in_store() == 0


def test_inspectors_and_administrators_look_but_do_not_act(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-24 08:00"))
    for person in (office.inspector, office.admin):
        client = sign_in(person)
        page = client.get(f"/ho-so/{case.id}").get_data(as_text=True)
        assert case.code in page
        assert f"/ho-so/{case.id}/ghi/" not in page
        assert "dinh-chinh" not in page
        assert client.get("/ho-so/tiep-nhan").status_code == 403
        assert client.post(f"/ho-so/{case.id}/ghi/handed_over", data={"position": 2}).status_code == 403
        assert client.post(f"/ho-so/{case.id}/dinh-chinh/1", data={"reason": "ghi nhầm"}).status_code == 403


def test_a_unit_head_meets_no_case_of_another_unit_anywhere(office: Office, sign_in: SignIn) -> None:
    mine = receive(office.permit, at("2024-06-24 08:00"), "Trần Văn Bình")
    theirs = receive(office.honour, at("2024-06-24 08:00"), "Trần Văn Cường")
    client = sign_in(office.head)
    assert client.get(f"/ho-so/{mine.id}").status_code == 200
    assert client.get(f"/ho-so/{theirs.id}").status_code == 404
    assert client.get(f"/ho-so/ma/{theirs.code}").status_code == 404
    assert client.post(f"/ho-so/{theirs.id}/ghi/noted", data={"note": "x"}).status_code == 404
    assert client.post(f"/ho-so/{theirs.id}/dinh-chinh/1", data={"reason": "ghi nhầm"}).status_code == 404
    for url in (
        "/ho-so",
        "/ho-so?q=tran+van",
        f"/ho-so?q={theirs.code}",
        "/ho-so?unit=NCC",
        "/ho-so.csv",
        "/ho-so?list=received&period=2024-06",
        "/ho-so.csv?list=received&period=2024-06&unit=NCC",
        "/ho-so/viec-hom-nay",
    ):
        page = client.get(url).get_data(as_text=True)
        assert "Cường" not in page, url
    assert "Bình" in client.get("/ho-so?q=tran+van").get_data(as_text=True)


def test_a_unit_sees_a_case_that_was_with_it_but_may_no_longer_act(office: Office, sign_in: SignIn) -> None:
    shared = make_version(office.units["NCC"], ("Thẩm định", office.units["LDVL"], 1), ("Trả", office.units["NCC"], 1))
    case = receive(shared, at("2024-06-24 08:00"))
    client = sign_in(office.head)
    assert "/ghi/handed_over" in client.get(f"/ho-so/{case.id}").get_data(as_text=True)
    happen(case, EventKind.HANDED_OVER, at("2024-06-25 08:00"))
    assert "/ghi/" not in client.get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert client.post(f"/ho-so/{case.id}/ghi/noted", data={"note": "x"}).status_code == 403


def test_a_copy_that_came_later_is_told_by_how_much_and_left_out_of_a_list_that_allows_it(
    office: Office, sign_in: SignIn
) -> None:
    case = happen(receive(office.permit, at("2024-06-24 08:00")), EventKind.RESOLVED, at("2024-06-26 08:00"))
    happen(case, EventKind.ISSUED_ELECTRONIC, at("2024-06-28 08:00"))
    client = sign_in(office.head)

    def page(address: str) -> str:
        return unescape(client.get(address).get_data(as_text=True))

    assert "28/06/2024 08:00 · sau ngày có kết quả 2 ngày làm việc" in page(f"/ho-so/{case.id}")
    behind = "/ho-so?list=not_electronic&period=2024-06"
    for more, there in (("", True), ("&allowed=1", True), ("&allowed=2", False), ("&allowed=-1", True)):
        assert (case.code in page(behind + more)) is there, more
    assert "Tháng 6/2024; không kể trường hợp muộn không quá 2 ngày làm việc" in page(f"{behind}&allowed=2")
    assert case.code not in page("/ho-so.csv?list=not_electronic&period=2024-06&allowed=2")


def test_handing_over_takes_two_clicks(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-28 08:00"))
    client = sign_in(office.clerk)
    url = f"/ho-so/{case.id}/ghi/handed_over"
    fragment = client.get(url, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in fragment
    assert '<option selected value="2">' in fragment
    data = {"position": "2", "revision": str(case.revision), "seen": "1"}
    page = client.post(url, data=data, follow_redirects=True).get_data(as_text=True)
    assert "Đã ghi: Chuyển xử lý – Phòng Lao động – Việc làm." in page
    assert "Đến bước 2: Thẩm định – Phòng Lao động – Việc làm" in page


def test_without_scripts_an_action_is_a_page(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-28 08:00"))
    page = sign_in(office.clerk).get(f"/ho-so/{case.id}/ghi/paid").get_data(as_text=True)
    assert "<html" in page
    assert 'value="600.000"' in page


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("supplement_requested", {"note": "Thiếu bản sao hộ chiếu"}),
        ("paid", {"amount": "600.000", "channel": "online", "transaction_number": "GD77"}),
        ("files_digitised", {}),
        ("resolved", {"because": "Khẩn cấp theo chỉ đạo"}),
        ("refused", {"note": "Không đủ điều kiện"}),
        ("noted", {"note": "Đã gọi điện cho công dân"}),
    ],
)
def test_every_event_can_be_recorded_from_the_page(
    office: Office, sign_in: SignIn, kind: str, data: dict[str, str]
) -> None:
    case = receive(office.permit, at("2024-06-28 08:00"))
    answer = sign_in(office.clerk).post(f"/ho-so/{case.id}/ghi/{kind}", data=data, follow_redirects=True)
    assert answer.status_code == 200
    recorded = db.session.scalars(
        select(CaseEvent.kind).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    ).all()
    assert EventKind(kind) in recorded
    for typed in filter(None, (data.get("note"), data.get("transaction_number"))):
        assert typed in answer.get_data(as_text=True)


def test_what_is_missing_is_said_at_the_field_and_nothing_is_recorded(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-28 08:00"))
    client = sign_in(office.clerk)
    for kind, data, words in (
        ("supplement_requested", {}, "Không được để trống."),
        ("paid", {"amount": "600.000", "channel": "online"}, "Thanh toán trực tuyến phải có mã giao dịch."),
        ("paid", {"amount": "sáu trăm", "channel": "in_person"}, "không phải là số tiền"),
        ("handed_over", {"position": "2", "at": "27/06/2024 08:00", "reason": "ghi bù"}, "không thể xảy ra trước"),
        ("handed_over", {"position": "9"}, "Hãy chọn một giá trị trong danh sách."),
        ("resolved", {"at": "29/06/2024 08:00"}, "Sự kiện ghi lùi ngày phải có lý do."),
        ("resolved", {"at": "29/06/2025 08:00"}, "Thời điểm không được ở tương lai."),
        ("closed", {}, "Không thể ghi “Kết thúc hồ sơ” khi hồ sơ đang ở trạng thái “Đã tiếp nhận”."),
    ):
        answer = client.post(f"/ho-so/{case.id}/ghi/{kind}", data=data)
        assert answer.status_code == 422, kind
        assert words in answer.get_data(as_text=True), kind
    assert db.session.scalar(select(func.count()).where(CaseEvent.case_id == case.id)) == 1


def test_unknown_events_and_cases_are_not_found(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-28 08:00"))
    client = sign_in(office.clerk)
    for url in (
        f"/ho-so/{case.id}/ghi/danced",
        "/ho-so/999999",
        f"/ho-so/{case.id}/dinh-chinh/7",
        "/ho-so?list=nothing",
        "/ho-so?list=late&list=stage_over",
        "/ho-so?list=late&period=2024-13",
    ):
        assert client.get(url).status_code == 404, url
    assert client.post(f"/ho-so/{case.id}/ghi/corrected").status_code == 404


def test_two_clerks_conflict_and_the_second_keeps_the_text_and_learns_who(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-28 08:00"))
    looked_at = {"revision": str(case.revision), "seen": "1"}
    colleague = make_person(office.units["MC"], Role.DESK, full_name="Phạm Văn Khoa")
    sign_in(colleague).post(f"/ho-so/{case.id}/ghi/signed", data={"signer": "Lê Minh Tuấn"} | looked_at)
    client, url = sign_in(office.clerk), f"/ho-so/{case.id}/ghi/supplement_requested"
    answer = client.post(url, data={"note": "Thiếu hộ chiếu"} | looked_at)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Phạm Văn Khoa ghi “Ký kết quả giải quyết”" in page
    assert "Thiếu hộ chiếu</textarea>" in page
    db.session.expire_all()
    again = {"note": "Thiếu hộ chiếu", "revision": str(db.session.get(Case, case.id).revision), "seen": "2"}
    assert f'value="{again["revision"]}"' in page
    assert client.post(url, data=again).status_code == 302


def test_a_correction_strikes_the_wrong_event_through_and_keeps_it(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-24 08:00"))
    happen(case, EventKind.RESOLVED, at("2024-06-26 08:00"))
    client = sign_in(office.clerk)
    url = f"/ho-so/{case.id}/dinh-chinh/2"
    assert "<html" not in client.get(url, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert client.post(url, data={"at": "27/06/2024 09:00"}).status_code == 422
    data = {"at": "27/06/2024 09:00", "reason": "Bấm nhầm hồ sơ"}
    page = client.post(url, data=data, follow_redirects=True).get_data(as_text=True)
    assert "event-corrected" in page
    assert "26/06/2024 08:00" in page
    assert "đúng là 27/06/2024 09:00. Lý do: Bấm nhầm hồ sơ" in page
    page = client.post(url, data={"void": "y", "reason": "Nhầm hồ sơ khác"}, follow_redirects=True).get_data(
        as_text=True
    )
    assert "việc này không xảy ra. Lý do: Nhầm hồ sơ khác" in page
    assert "Đã tiếp nhận" in page


def test_the_case_page_says_where_time_was_lost_and_whose(office: Office, sign_in: SignIn, freeze: Any) -> None:
    case = receive(office.permit, at("2024-06-03 08:00"))
    happen(case, EventKind.HANDED_OVER, at("2024-06-03 09:00"), data={"position": 2, "officer": "Võ Thị Mai"})
    freeze("2024-06-13 10:00")
    page = sign_in(office.clerk).get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert "Quá hạn 3 ngày làm việc" in page
    assert "Bước 2 “Thẩm định”: Phòng Lao động – Việc làm, Võ Thị Mai" in page


def test_the_case_page_tells_every_promise_and_which_was_broken(office: Office, sign_in: SignIn, freeze: Any) -> None:
    case = receive(office.permit, at("2024-06-03 08:00"))
    due = at("2024-06-28 23:59:59").isoformat()
    happen(case, EventKind.PROMISE_MOVED, at("2024-06-20 09:00"), data={"promised_at": due})
    freeze("2024-06-24 10:00")
    page = sign_in(office.clerk).get(f"/ho-so/{case.id}").get_data(as_text=True)
    assert "Các lần hẹn trả" in page
    assert page.count("Không giữ được từ") == 1
    assert "Phần mềm một cửa cho ngày" in page


def test_working_days_left_are_written_out(office: Office, sign_in: SignIn, freeze: Any) -> None:
    case = receive(office.permit, at("2024-06-27 08:00"))
    client = sign_in(office.clerk)
    freeze("2024-07-02 10:00")
    assert "Còn 2 ngày làm việc" in client.get(f"/ho-so/{case.id}").get_data(as_text=True)
    freeze("2024-07-04 10:00")
    assert "Đến hạn hôm nay" in client.get(f"/ho-so/{case.id}").get_data(as_text=True)


def test_a_case_page_takes_the_same_few_queries_however_long_its_life(office: Office, sign_in: SignIn) -> None:
    short, long = receive(office.permit, at("2024-06-03 08:00")), receive(office.permit, at("2024-06-03 08:00"))
    for day in range(4, 20):
        happen(long, EventKind.NOTED, at(f"2024-06-{day:02} 08:00"), note="đang xem")
        pay(long, at(f"2024-06-{day:02} 09:00"))
    client = sign_in(office.clerk)
    client.get("/ho-so")  # what a process reads once is read by then
    counts = [queries_of(lambda case=case: client.get(f"/ho-so/{case.id}")) for case in (short, long)]
    assert counts[0] == counts[1] <= 20  # what other rooms show included


def test_lists_take_the_same_few_queries_however_many_lines(office: Office, sign_in: SignIn) -> None:
    client = sign_in(office.clerk)
    urls = ("/ho-so", "/ho-so?q=tran", "/ho-so/viec-hom-nay", "/ho-so?list=received&period=2024-06")
    receive(office.permit, at("2024-06-24 08:00"))
    client.get(urls[0])  # what a process reads once is read by then
    few = [queries_of(lambda url=url: client.get(url)) for url in urls]
    for _ in range(10):
        receive(office.permit, at("2024-06-24 08:00"))
    assert [queries_of(lambda url=url: client.get(url)) for url in urls] == few
    # The search reads its index, the notes, both systems' codes and the procedures first; lists ask what was cut off.
    assert all(count <= most for count, most in zip(few, (17, 21, 15, 16), strict=True)), few


def queries_of(act: Callable[[], Any]) -> int:
    """How many statements it sends to the database."""
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    db.session.expire_all()
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert act().status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(statements)


def test_the_worklist_shows_the_most_urgent_first_and_counts_each_pile(
    office: Office, sign_in: SignIn, freeze: Any
) -> None:
    for day, name in (
        ("2024-06-03", "Quá Hạn"),
        ("2024-06-24", "Hôm Nay"),
        ("2024-06-26", "Ngày Kia"),
        ("2024-06-28", "Còn Lâu"),
    ):
        receive(office.permit, at(f"{day} 08:00"), name)
    paused = receive(office.permit, at("2024-06-28 08:00"), "Chờ Bổ Sung")
    happen(paused, EventKind.SUPPLEMENT_REQUESTED, at("2024-06-28 09:00"))
    finish(receive(office.permit, at("2024-06-03 08:00"), "Đã Xong"), at("2024-06-04 08:00"))
    freeze("2024-07-01 08:00")
    client = sign_in(office.clerk)
    page = client.get("/ho-so/viec-hom-nay").get_data(as_text=True)
    names = ("Quá Hạn", "Hôm Nay", "Ngày Kia", "Còn Lâu")
    places = [page.index(f"{name}") for name in ("Quá Hạn", "Hôm Nay", "Ngày Kia", "Còn Lâu")]
    assert places == sorted(places), names
    assert "Đã Xong" not in page
    assert "Chờ Bổ Sung</" not in page
    assert "Chờ Bổ Sung" in client.get("/ho-so/viec-hom-nay?bucket=paused").get_data(as_text=True)
    only = client.get("/ho-so/viec-hom-nay?bucket=today").get_data(as_text=True)
    assert "Hôm Nay" in only
    assert "Ngày Kia" not in only


def test_a_case_moves_from_the_desk_to_the_division_and_its_worklist_with_it(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-28 08:00"))
    assert case.code not in sign_in(office.head).get("/ho-so/viec-hom-nay").get_data(as_text=True)
    happen(case, EventKind.HANDED_OVER, at("2024-06-28 09:00"))
    assert case.code in sign_in(office.head).get("/ho-so/viec-hom-nay").get_data(as_text=True)
    assert case.code not in sign_in(office.clerk).get("/ho-so/viec-hom-nay").get_data(as_text=True)


def test_a_whole_code_in_the_search_box_leads_straight_to_the_case(office: Office, sign_in: SignIn) -> None:
    case = receive(office.permit, at("2024-06-28 08:00"))
    client = sign_in(office.clerk)
    assert client.get(f"/ho-so/tim?q={case.code.lower()}").location == f"/ho-so/{case.id}"
    assert client.get("/ho-so/tim?q=tran+van").location == "/ho-so?q=tran+van"


def test_the_csv_holds_what_the_list_shows_and_keeps_its_filters(office: Office, sign_in: SignIn) -> None:
    receive(office.permit, at("2024-06-24 08:00"), "=HYPERLINK(1)", phone="0912345678")
    receive(office.permit, at("2024-05-06 08:00"), "Tháng Năm")
    receive(office.honour, at("2024-06-24 08:00"), "Người Có Công")
    client = sign_in(office.clerk)
    answer = client.get("/ho-so.csv?unit=LDVL&since=2024-06-01&until=2024-06-30")
    text = answer.get_data(as_text=True)
    assert answer.mimetype == "text/csv"
    assert text.startswith("\ufeffMã hồ sơ,Người nộp,")
    assert len(text.splitlines()) == 2
    assert "'=HYPERLINK(1)" in text
    assert "0912345678" in text
    assert "24/06/2024 08:00" in text


def test_filters_narrow_the_list_and_a_wrong_one_says_so(office: Office, sign_in: SignIn) -> None:
    receive(office.permit, at("2024-06-24 08:00"), "Giấy Phép")
    closed = finish(receive(office.honour, at("2024-06-24 08:00"), "Có Công"), at("2024-06-25 08:00"))
    client = sign_in(office.clerk)
    for query, shown, hidden in (
        ("status=closed", "Có Công", "Giấy Phép"),
        ("procedure=1.000105", "Giấy Phép", "Có Công"),
        ("unit=NCC", "Có Công", "Giấy Phép"),
        ("channel=in_person&status=received", "Giấy Phép", "Có Công"),
        ("q=co+cong", "Có Công", "Giấy Phép"),
        ("q=giay&field=Việc+làm", "Giấy Phép", "Có Công"),
        (f"q={closed.code}", "Có Công", "Giấy Phép"),
    ):
        page = client.get(f"/ho-so?{query}").get_data(as_text=True).split('id="cases"')[1]
        assert shown in page, query
        assert hidden not in page, query
    assert "Không có ngày này" in client.get("/ho-so?since=31/02/2024").get_data(as_text=True)


def test_strangers_are_sent_to_sign_in(office: Office, client: FlaskClient) -> None:
    case = receive(office.permit, at("2024-06-24 08:00"))
    for url in (
        "/ho-so",
        f"/ho-so/{case.id}",
        "/ho-so.csv",
        "/ho-so/tiep-nhan",
        "/ho-so/viec-hom-nay",
        "/ho-so/tim?q=a",
    ):
        assert client.get(url).status_code in (302, 401), url
    assert case.site == SITE
