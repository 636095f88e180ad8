"""The pages of the compliance room: who may open what, where they stand in the menu, and the rules read aloud."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.compliance.adoption import repository
from app.compliance.models import CheckRun
from app.compliance.models import ViolationState as State
from app.organisation.models import Role
from app.web.extensions import db
from tests.compliance.conftest import SignIn
from tests.compliance.month import BAC_GIANG, DEPARTMENT, PROVINCE, Month
from tests.compliance.pages import text_of, violation
from tests.factories import adopt_packs, make_department, make_person

# --- who may open what ------------------------------------------------------------------------------------------

READ = [
    "/kiem-tra",
    "/kiem-tra/cac-lan",
    "/kiem-tra/{run}",
    "/kiem-tra/{run}/ket-qua.csv",
    "/kiem-tra/{run}/ket-qua.json",
    "/kiem-tra/{run}/du-kien.json",
    "/kiem-tra/so-sanh?b={run}",
    "/kiem-tra/vi-pham",
    "/kiem-tra/vi-pham.csv",
    "/kiem-tra/quy-tac",
    f"/kiem-tra/quy-tac/{PROVINCE}/khp-2c.2",
]


@pytest.mark.parametrize("address", [*READ, "/kiem-tra/chay", "/kiem-tra/vi-pham/cua-don-vi"])
def test_a_stranger_is_sent_to_sign_in_and_desk_staff_are_refused(
    judged: int, month: Month, client: FlaskClient, sign_in: SignIn, address: str
) -> None:
    stranger = client.get(address.format(run=judged))
    assert stranger.status_code == 302
    desk = sign_in(make_person(month.units["MC"], Role.DESK)).get(address.format(run=judged))
    assert desk.status_code == 403


@pytest.mark.parametrize("role", [Role.HEAD, Role.INSPECTOR, Role.ADMIN])
def test_heads_inspectors_and_administrators_read(judged: int, month: Month, sign_in: SignIn, role: Role) -> None:
    reader = sign_in(make_person(month.units["LDVL"], role))
    for address in READ:
        assert reader.get(address.format(run=judged)).status_code == 200, address


def test_only_inspectors_and_administrators_run(month: Month, as_head: Callable[[str], FlaskClient]) -> None:
    head = as_head("LDVL")
    assert head.get("/kiem-tra/chay").status_code == 403
    assert head.post("/kiem-tra/chay", data={"period": "6/2024"}).status_code == 403
    assert db.session.query(CheckRun).count() == 0


def test_another_units_violation_and_result_do_not_exist_for_a_head(
    judged: int, as_head: Callable[[str], FlaskClient]
) -> None:
    head, theirs = as_head("LDVL"), violation("bg-5.2").id
    assert head.get(f"/kiem-tra/vi-pham/{theirs}").status_code == 404
    answer = {"to": "explained", "reason": "Thay cho đơn vị khác", "revision": "1"}
    assert head.post(f"/kiem-tra/vi-pham/{theirs}", data=answer).status_code == 404
    assert head.get(f"/kiem-tra/{judged}/{BAC_GIANG}/bg-5.2/NCC").status_code == 404
    assert violation("bg-5.2").state is State.OPEN


def test_a_head_sees_nothing_of_other_units_anywhere(judged: int, as_head: Callable[[str], FlaskClient]) -> None:
    head = as_head("LDVL")
    for address in READ[:-2]:
        body = head.get(address.format(run=judged)).get_data(as_text=True)
        assert "NCC" not in body, address
        assert "Phòng Người có công" not in body, address


def test_a_head_of_the_department_sees_every_unit_below(judged: int, as_head: Callable[[str], FlaskClient]) -> None:
    page = text_of(as_head("SO").get("/kiem-tra"))
    assert "Phòng Người có công" in page
    assert "Trung tâm Dịch vụ việc làm" in page


# --- the menu ---------------------------------------------------------------------------------------------------


def menu_line(client: FlaskClient, address: str) -> list[str]:
    """The lines of the main menu that are marked as the page's own."""
    page = client.get(address).get_data(as_text=True)
    menu = page[page.index('<nav class="side"') :].partition("</nav>")[0]
    return re.findall(r'href="([^"]+)"[^>]*aria-current="page"', menu)


@pytest.mark.parametrize("address", ["quy-tac", "bo-quy-tac", "bo-quy-tac/tai-len", "thu", "mien-ap-dung"])
def test_pages_of_the_packs_light_their_own_line_of_the_menu(inspector: FlaskClient, address: str) -> None:
    assert menu_line(inspector, f"/kiem-tra/{address}") == ["/kiem-tra/quy-tac"]


def test_pages_of_the_checks_light_the_line_of_the_checks(inspector: FlaskClient, judged: int) -> None:
    for address in ("/kiem-tra", f"/kiem-tra/{judged}", "/kiem-tra/cac-lan"):
        assert menu_line(inspector, address) == ["/kiem-tra"]


# --- rules ------------------------------------------------------------------------------------------------------


def test_the_plans_are_shown_with_their_documents_and_dated_figures(inspector: FlaskClient) -> None:
    page = text_of(inspector.get("/kiem-tra/quy-tac"))
    for words in (
        "Kế hoạch cải cách hành chính tỉnh Khánh Hòa năm 2024",
        "3049/QĐ-UBND",
        "tỷ lệ giao dịch thanh toán trực tuyến đạt từ 35%",
        "số …/QĐ-SLĐTBXH (bản chưa ghi số); ngày ghi trên văn bản: …/01/2024",
        "ngày 29 tháng 02 năm 2023 (ngày ghi trên văn bản, không có thật)",
        "5 ngày làm việc",
        "Đang áp dụng",
    ):
        assert words in page, words


def test_a_rule_is_read_aloud(inspector: FlaskClient) -> None:
    page = text_of(inspector.get(f"/kiem-tra/quy-tac/{PROVINCE}/khp-2c.2"))
    for words in ("trên 35%", "Yêu cầu", "mục I.2.c, từ ngày 01/01/2024", "từ 35% trở lên"):
        assert words in page, words
    assert inspector.get("/kiem-tra/quy-tac/no-such/khp-2c.2").status_code == 404
    assert inspector.get(f"/kiem-tra/quy-tac/{PROVINCE}/no-such").status_code == 404


def test_a_rule_with_a_condition_says_when_it_is_broken(session: Any, sign_in: SignIn) -> None:
    inspector = sign_in(make_person(make_department()["VP"], Role.INSPECTOR))
    page = text_of(inspector.get(f"/kiem-tra/quy-tac/{BAC_GIANG}/bg-5.4"))
    assert "Vi phạm khi “Hồ sơ quá hạn trong kỳ của cán bộ" in page


def test_a_plan_of_another_year_is_shown_as_not_in_force(inspector: FlaskClient, freeze: Callable[[str], Any]) -> None:
    freeze("2025-03-01 08:00")
    page = text_of(inspector.get("/kiem-tra/quy-tac"))
    assert "Không áp dụng hôm nay" in page
    assert "Đang áp dụng" not in page


def test_a_plan_that_the_site_keeps_on_says_by_which_decision(
    inspector: FlaskClient, freeze: Callable[[str], Any]
) -> None:
    freeze("2025-03-01 08:00")
    going_on = {"since": date(2024, 2, 1), "until": date(2099, 12, 31)}
    adopt_packs(repository.pack(DEPARTMENT), **going_on, reason="Công văn 12: tiếp tục thực hiện")
    page = text_of(inspector.get("/kiem-tra/quy-tac"))
    assert "Cơ quan áp dụng từ 01/02/2024 đến 31/12/2099: Công văn 12: tiếp tục thực hiện" in page
    assert page.count("Đang áp dụng") == 1
