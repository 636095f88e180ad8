"""The pages of plan tasks: reading, acting for one's unit, judging, and loading a document."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.organisation.models import Person, Role, Unit
from app.tasks import service
from app.tasks.models import PlanTask
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE, make_person
from tests.tasks.tasks import load, make_labour_department, part_of, task_of

SignIn = Callable[[Person], FlaskClient]
NUMBER = "III.B.1"


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_labour_department()


@pytest.fixture
def as_(units: dict[str, Unit], sign_in: SignIn) -> Callable[..., FlaskClient]:
    """Somebody of a unit, in a role."""
    return lambda role, unit="LDVL": sign_in(make_person(units[unit], role))


def address(verb: str, unit: str = "LDVL", number: str = NUMBER) -> str:
    part = part_of(number, unit)
    return f"/ke-hoach/nhiem-vu/{part.task_id}/{part.id}/{verb}"


def test_a_stranger_reads_nothing(client: FlaskClient, units: dict[str, Unit]) -> None:
    load()
    pages = ("", ".csv", "/nguy-co", "/nap", f"/{task_of(NUMBER).id}")
    for page in pages:
        assert "/dang-nhap" in client.get(f"/ke-hoach/nhiem-vu{page}").location, page


def test_the_list_shows_deadline_reading_and_state(units: dict[str, Unit], as_: Any) -> None:
    load()
    page = as_(Role.INSPECTOR).get("/ke-hoach/nhiem-vu?unit=NCC").text
    assert "Trước ngày 01/6/2024" in page
    assert "đến hết 31/05/2024" in page
    assert "Quá hạn" in page
    assert "Phòng Kế hoạch" not in page[page.index("<tbody") : page.index("</tbody")]


def test_what_waits_for_a_person_can_be_filtered(units: dict[str, Unit], as_: Any) -> None:
    load()
    client = as_(Role.INSPECTOR)
    assert "2 nhiệm vụ chờ xác định" in client.get("/ke-hoach/nhiem-vu").text
    body = client.get("/ke-hoach/nhiem-vu?state=attention").text
    rows = body[body.index("<tbody") : body.index("</tbody")]
    assert rows.count("<tr") == 2
    assert "Chờ xác định: Người có công" in rows


def test_the_list_of_what_is_at_risk_leaves_out_what_is_not(units: dict[str, Unit], as_: Any) -> None:
    load()
    page = as_(Role.INSPECTOR).get("/ke-hoach/nhiem-vu/nguy-co").text
    rows = page[page.index("<tbody") : page.index("</tbody")]
    assert "III.B.1" in rows  # past its last day
    assert "III.A.1" in rows  # due on 31 July, not begun on 1 July
    assert "I.1<" not in rows  # due in December
    assert "Thường xuyên" not in rows


def test_the_file_has_every_line_of_the_list(units: dict[str, Unit], as_: Any) -> None:
    load()
    text = as_(Role.INSPECTOR).get("/ke-hoach/nhiem-vu.csv?plan=bg-2024").get_data(as_text=True).removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["Số"] for row in rows} == {"I.1", "I.2", "I.3", "II.1", "IV.1"} | {
        f"III.{n}" for n in ("A.1", "A.2", "A.3", "B.1", "B.2")
    }
    late = next(row for row in rows if (row["Số"], row["Đơn vị chủ trì"]) == ("III.B.2", "Phòng Người có công"))
    assert (late["Ngày cuối cùng"], late["Tình trạng"]) == ("31/05/2024", "Quá hạn")


def test_a_head_does_the_whole_of_a_task_and_an_inspector_accepts_it(units: dict[str, Unit], sign_in: SignIn) -> None:
    load()
    head, inspector = make_person(units["LDVL"], Role.HEAD), make_person(units["VP"], Role.INSPECTOR)
    task = f"/ke-hoach/nhiem-vu/{task_of(NUMBER).id}"
    client = sign_in(head)
    assert "Bắt đầu triển khai" in client.get(task).text
    assert client.post(address("bat-dau"), data={"on": "02/05/2024"}).location == task
    progress = {"on": "20/05/2024", "percent": "60", "note": "Đã rà soát 6 thủ tục", "document": "15/BC-LĐVL"}
    assert client.post(address("tien-do"), data=progress).location == task
    assert "60 %; Đã rà soát 6 thủ tục; minh chứng: 15/BC-LĐVL" in client.get(task).text
    assert client.post(address("nop-ket-qua"), data={"on": "04/06/2024", "note": "Xong"}).location == task
    assert "Sau hạn 4 ngày" in client.get(task).text
    client = sign_in(inspector)
    assert client.post(address("dat"), data={"on": "05/06/2024"}).location == task
    assert part_of(NUMBER, "LDVL").accepted is True


def test_an_adjustment_is_asked_for_by_the_head_and_granted_by_an_inspector(
    units: dict[str, Unit], sign_in: SignIn
) -> None:
    load()
    head, inspector = make_person(units["LDVL"], Role.HEAD), make_person(units["VP"], Role.INSPECTOR)
    asked = {"on": "20/05/2024", "wanted": "30/06/2024", "reason": "Chờ hướng dẫn của Bộ"}
    sign_in(head).post(address("dieu-chinh"), data=asked)
    client = sign_in(inspector)
    assert "Chờ quyết định điều chỉnh" in client.get(f"/ke-hoach/nhiem-vu/{task_of(NUMBER).id}").text
    assert 'value="30/06/2024"' in client.get(address("chap-nhan-dieu-chinh")).text
    client.post(address("chap-nhan-dieu-chinh"), data={"on": "21/05/2024", "due_on": "15/06/2024"})
    assert part_of(NUMBER, "LDVL").due_on == date(2024, 6, 15)


def test_what_a_service_refuses_stands_on_the_form_that_was_typed(units: dict[str, Unit], as_: Any) -> None:
    load()
    answer = as_(Role.HEAD).post(address("bat-dau"), data={"on": "02/07/2024", "note": "Giao tổ soạn thảo"})
    assert answer.status_code == 422
    assert "Ngày 02/07/2024 chưa tới." in answer.text
    assert "Giao tổ soạn thảo" in answer.text


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"on": "31/02/2024", "percent": "50", "note": "x"}, "Không có ngày này."),
        ({"on": "20/05/2024", "percent": "150", "note": "x"}, "Tiến độ là một số từ 0 đến 100."),
        ({"on": "20/05/2024", "percent": "50", "note": ""}, "Không được để trống."),
    ],
)
def test_a_slip_of_the_keyboard_is_told(units: dict[str, Unit], as_: Any, typed: dict[str, str], told: str) -> None:
    load()
    service.start(EVERYWHERE, CLERK, part_of(NUMBER, "LDVL").id, on=date(2024, 4, 1))
    answer = as_(Role.HEAD).post(address("tien-do"), data=typed)
    assert answer.status_code == 422
    assert told in answer.text
    assert part_of(NUMBER, "LDVL").percent == 0


def test_a_head_finds_no_door_to_another_units_task(units: dict[str, Unit], as_: Any) -> None:
    load()
    client = as_(Role.HEAD, "NCC")
    assert client.post(address("bat-dau", "LDVL"), data={"on": "02/05/2024"}).status_code == 404
    page = client.get(f"/ke-hoach/nhiem-vu/{task_of(NUMBER).id}").text
    assert "Phòng Người có công</h2>" in page
    assert "Phòng Lao động – Việc làm</h2>" not in page
    assert "Còn 1 đơn vị khác cùng chủ trì." in page


def test_a_second_browser_that_shows_an_older_state_is_told(units: dict[str, Unit], as_: Any) -> None:
    load()
    seen = part_of(NUMBER, "LDVL").revision
    service.start(EVERYWHERE, CLERK, part_of(NUMBER, "LDVL").id, on=date(2024, 4, 1))
    answer = as_(Role.HEAD).post(address("nop-ket-qua"), data={"on": "20/05/2024", "note": "x", "seen": str(seen)})
    assert answer.status_code == 422
    assert "vừa được người khác cập nhật" in answer.text


def test_an_inspector_confirms_or_enters_a_deadline(units: dict[str, Unit], as_: Any) -> None:
    load()
    client, task = as_(Role.INSPECTOR), task_of("III.A.3")
    page = f"/ke-hoach/nhiem-vu/{task.id}"
    client.post(f"{page}/xac-nhan-thoi-han")
    assert task_of("III.A.3").confirmed_by
    assert client.post(f"{page}/thoi-han", data={"due_on": "31/12/2024", "note": ""}).status_code == 422
    typed = {"due_on": "31/12/2024", "note": "Hết năm kế hoạch"}
    assert client.post(f"{page}/thoi-han", data=typed).location == page
    assert part_of("III.A.3", "LDVL").due_on == date(2024, 12, 31)
    assert "Hết năm kế hoạch" in client.get(page).text


def test_an_inspector_says_who_an_unknown_name_means(units: dict[str, Unit], as_: Any) -> None:
    load()
    client, task = as_(Role.INSPECTOR), task_of("I.3")
    page = f"/ke-hoach/nhiem-vu/{task.id}"
    assert "Không đơn vị nào của Sở có tên “Người có công”" in client.get(page).text
    neither = client.post(f"{page}/chu-tri", data={"name": "Người có công"})
    assert neither.status_code == 422
    assert "Hãy chọn đơn vị, hoặc ghi rõ là cơ quan ngoài Sở." in neither.text
    assert (
        client.post(f"{page}/chu-tri", data={"name": "Người có công", "units": str(units["NCC"].id)}).location == page
    )
    assert part_of("I.3", "NCC").due_on == date(2024, 7, 31)
    outside = task_of("III.A.2")
    typed = {"name": outside.unresolved[0], "outside": "yes"}
    client.post(f"/ke-hoach/nhiem-vu/{outside.id}/chu-tri", data=typed)
    assert "Ngoài phạm vi Sở" in client.get(f"/ke-hoach/nhiem-vu/{outside.id}").text


def test_a_document_is_looked_at_before_it_is_loaded(units: dict[str, Unit], as_: Any) -> None:
    client = as_(Role.ADMIN)
    preview = client.get("/ke-hoach/nhiem-vu/nap?document=khp-2024&assigned_on=05/01/2024").text
    assert "Số thứ tự V.4 đã có ở dòng 319 của văn bản" in preview
    assert "30/06/2024 là Chủ Nhật" in preview
    assert "Nạp 61 nhiệm vụ" in preview
    assert db.session.scalar(select(func.count()).select_from(PlanTask)) == 0
    loaded = client.post("/ke-hoach/nhiem-vu/nap", data={"document": "khp-2024", "assigned_on": "2024-01-05"})
    assert loaded.location == "/ke-hoach/nhiem-vu?plan=khp-2024"
    assert db.session.scalar(select(func.count()).select_from(PlanTask)) == 61
    again = client.get("/ke-hoach/nhiem-vu/nap?document=khp-2024&assigned_on=05/01/2024").text
    assert "đã được nạp và không có gì thay đổi" in again


@pytest.mark.parametrize(
    "typed",
    [{"document": "dn-2024", "assigned_on": "05/01/2024"}, {"document": "khp-2024", "assigned_on": "05/01/2025"}],
)
def test_what_cannot_be_loaded_is_told(units: dict[str, Unit], as_: Any, typed: dict[str, str]) -> None:
    answer = as_(Role.ADMIN).post("/ke-hoach/nhiem-vu/nap", data=typed)
    assert answer.status_code == 422
    assert db.session.scalar(select(func.count()).select_from(PlanTask)) == 0


@pytest.mark.parametrize("path", ["/ke-hoach/nhiem-vu/999999", "/ke-hoach/nhiem-vu/1/1/khac"])
def test_what_does_not_exist_is_not_found(units: dict[str, Unit], as_: Any, path: str) -> None:
    assert as_(Role.INSPECTOR).get(path).status_code == 404
