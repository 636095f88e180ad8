"""The pages of the room: who sees what, steps recorded in place, refusals on the form that was typed."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.core.calendar import TimeUnit
from app.organisation.models import Person, Role, Unit
from app.publications import catalogue_service, service
from app.publications import clocks as allowances
from app.publications.catalogue_service import Findings
from app.publications.clocks import Allowed, PublicationStep
from app.publications.models import CatalogueCheck, ProcedureReview, Publication, PublicationTrack
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE, make_person, make_version
from tests.publications.conftest import Open, june

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def inspector(units: dict[str, Unit], sign_in: SignIn) -> FlaskClient:
    return sign_in(make_person(units["VP"], Role.INSPECTOR))


@pytest.fixture
def as_head(units: dict[str, Unit], sign_in: SignIn) -> Callable[[str], FlaskClient]:
    return lambda code: sign_in(make_person(units[code], Role.HEAD))


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that allows 3 + 2 working days, 5 in all and 5 jointly."""
    days = {PublicationStep.DIVISION: 3, PublicationStep.OFFICE: 2, PublicationStep.WHOLE: 5, PublicationStep.JOINT: 5}

    def source(track: PublicationTrack, step: PublicationStep, day: date) -> list[Allowed]:
        return [Allowed(days[step], TimeUnit.WORKING_DAYS, "Kế hoạch 38")]

    monkeypatch.setattr(allowances, "sources", [source])


def typed(units: dict[str, Unit], **changes: str) -> dict[str, str]:
    return {
        "track": "catalogue",
        "decision": "512/QĐ-BLĐTBXH công bố thủ tục lĩnh vực Việc làm",
        "printed_on": "28/05/2024",
        "arrived_on": "03/06/2024",
        "division_id": str(units["LDVL"].id),
        "office_id": str(units["VP"].id),
        "procedures": "",
    } | changes


def rows_of(page: str, title: str) -> list[str]:
    section = page.split(f'aria-label="{title}"', 1)[1].split("</section>", 1)[0]
    body = section.partition("<tbody>")[2]
    return [re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", row)).strip() for row in re.split("<tr[^>]*>", body)[1:]]


def step_form(made: Publication, step: str, day: str) -> dict[str, str]:
    return {f"{step}-on": day, f"{step}-note": "", f"{step}-revision": str(made.revision)}


def test_strangers_and_the_desk_see_nothing(client: FlaskClient, units: dict[str, Unit], sign_in: SignIn) -> None:
    paths = ("/cong-bo", "/cong-bo.csv", "/cong-bo/ghi", "/cong-bo/kiem-tra-danh-muc", "/cong-bo/ra-soat")
    for path in paths:
        assert client.get(path).status_code in (302, 401), path
    desk = sign_in(make_person(units["LDVL"], Role.DESK))
    for path in paths:
        assert desk.get(path).status_code == 403, path


def test_a_decision_is_recorded_and_its_page_shows_the_running_clock(
    inspector: FlaskClient, units: dict[str, Unit], freeze: Callable[[str], Any]
) -> None:
    freeze("2024-06-06 09:00")
    make_version(units["LDVL"], code="1.000459", name="Cấp giấy phép lao động")
    answer = inspector.post("/cong-bo/ghi", data=typed(units, procedures="1.000459 – Cấp giấy phép lao động"))
    assert answer.status_code == 302
    page = inspector.get(answer.location).text
    assert rows_of(page, "Đồng hồ từng bước")[0].startswith(
        "Phòng chuyên môn Phòng Lao động – Việc làm 03/06/2024 đang chạy 3 3"
    )
    assert rows_of(page, "Thủ tục") == ["1.000459 Cấp giấy phép lao động"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"arrived_on": "27/05/2024"}, "không được trước ngày ghi trên quyết định (28/05/2024)"),
        ({"arrived_on": "31/06/2024"}, "Không có ngày này"),
        ({"arrived_on": "02/07/2024"}, "Ngày 02/07/2024 chưa đến"),
        ({"arrived_on": ""}, "Hãy ghi ngày quyết định đến Sở"),
        ({"track": ""}, "Hãy chọn"),
        ({"division_id": ""}, "Hãy chọn phòng chuyên môn"),
        ({"procedures": "9.999999"}, "Danh mục không có thủ tục 9.999999"),
        ({"decision": "  "}, "Hãy ghi số, ký hiệu và tên quyết định"),
    ],
)
def test_what_is_refused_stays_on_the_form_with_a_sentence(
    inspector: FlaskClient, units: dict[str, Unit], changes: dict[str, str], sentence: str
) -> None:
    answer = inspector.post("/cong-bo/ghi", data=typed(units, note="Giữ nguyên chữ này", **changes))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Giữ nguyên chữ này" in answer.text
    assert db.session.scalar(select(func.count(Publication.id))) == 0


def test_heads_of_both_units_take_it_from_hand_to_hand(
    opened: Open, units: dict[str, Unit], as_head: Callable[[str], FlaskClient]
) -> None:
    made = opened()
    path = f"/cong-bo/{made.id}"
    division = as_head("LDVL")
    page = division.get(path).text
    assert f'action="{path}/ban-giao"' in page
    assert "/hoan-thanh" not in page
    assert division.post(f"{path}/ban-giao", data=step_form(made, "hand_over", "06/06/2024")).status_code == 302
    assert "/hoan-thanh" not in division.get(path).text
    office = as_head("VP")
    assert f'action="{path}/hoan-thanh"' in office.get(path).text
    assert office.post(f"{path}/hoan-thanh", data=step_form(made, "finish", "10/06/2024")).status_code == 302
    assert office.post(f"{path}/cong-khai", data=step_form(made, "make_public", "14/06/2024")).status_code == 302
    page = office.get(path).text
    clocks = rows_of(page, "Đồng hồ từng bước")
    assert [re.findall(r"\d\d/06/2024", clock) for clock in clocks] == [
        ["03/06/2024", "06/06/2024"],
        ["06/06/2024", "10/06/2024"],
        ["03/06/2024", "10/06/2024"],
    ]
    told = ("Ghi quyết định phải công bố", "Bàn giao cho Văn phòng", "Trình, hoàn thành", "Công khai thủ tục")
    history = rows_of(page, "Quá trình")
    assert len(history) == len(told)
    assert all(action in row for action, row in zip(told, history, strict=True))


def test_a_step_that_contradicts_the_dates_is_refused_on_the_page_itself(opened: Open, inspector: FlaskClient) -> None:
    made = opened()
    answer = inspector.post(f"/cong-bo/{made.id}/ban-giao", data=step_form(made, "hand_over", "02/06/2024"))
    assert answer.status_code == 422
    assert "Ngày bàn giao (02/06/2024) không được trước ngày nhận quyết định (03/06/2024)" in answer.text
    assert 'value="02/06/2024"' in answer.text


def test_a_stale_page_does_not_overwrite(opened: Open, inspector: FlaskClient) -> None:
    made = opened()
    stale = step_form(made, "hand_over", "06/06/2024")
    service.correct(
        EVERYWHERE, CLERK, made.id, dates=service.Dates(arrived_on=june(4)), decision=made.decision, reason="ghi nhầm"
    )
    answer = inspector.post(f"/cong-bo/{made.id}/ban-giao", data=stale)
    assert answer.status_code == 422
    assert "Đã có người khác sửa" in answer.text


def test_a_head_does_not_see_or_touch_another_unit_s_publication(
    opened: Open, as_head: Callable[[str], FlaskClient]
) -> None:
    made = opened()
    head = as_head("NCC")
    assert made.decision not in head.get("/cong-bo").text
    for path in ("", "/dinh-chinh", "/huy"):
        assert head.get(f"/cong-bo/{made.id}{path}").status_code == 404
    assert head.post(f"/cong-bo/{made.id}/ban-giao", data=step_form(made, "hand_over", "06/06/2024")).status_code == 404


def test_the_head_of_the_office_sees_every_unit_and_the_head_of_the_desk_does_not(
    opened: Open, units: dict[str, Unit], as_head: Callable[[str], FlaskClient]
) -> None:
    for unit in ("LDVL", "NCC"):
        make_version(units[unit])
    assert len(rows_of(as_head("VP").get("/cong-bo/kiem-tra-danh-muc").text, "Theo đơn vị, Tháng 7/2024")) == 2
    assert "Theo đơn vị" in (page := as_head("MC").get("/cong-bo/kiem-tra-danh-muc").text)
    assert "Phòng Người có công" not in page


def test_days_are_shown_beside_what_the_plan_allows(
    opened: Open, inspector: FlaskClient, freeze: Callable[[str], Any], plan: None
) -> None:
    made = opened()
    freeze("2024-06-05 09:00")
    assert "Còn 1 ngày làm việc" in (page := inspector.get(f"/cong-bo/{made.id}").text)
    assert "đến hết 06/06/2024" in page
    freeze("2024-07-01 08:00")
    service.hand_over(EVERYWHERE, CLERK, made.id, on=june(7))
    service.finish(EVERYWHERE, CLERK, made.id, on=june(10))
    division, office, whole = rows_of(inspector.get(f"/cong-bo/{made.id}").text, "Đồng hồ từng bước")
    assert "Quá 1 ngày làm việc" in division
    assert "Đúng hạn" in office
    assert "Đúng hạn" in whole


@pytest.mark.parametrize(
    ("arrived", "sentence"),
    [(6, "Đến khi còn 2 ngày"), (10, "Đến đúng ngày hết hạn"), (12, "Đến khi đã quá hạn 2 ngày")],
)
def test_an_early_number_shows_what_was_left_when_it_arrived(
    opened: Open, inspector: FlaskClient, plan: None, arrived: int, sentence: str
) -> None:
    made = opened(PublicationTrack.EARLY_NUMBER, arrived_on=june(arrived))
    page = inspector.get(f"/cong-bo/{made.id}").text
    assert sentence in page
    assert "hạn cuối 10/06/2024" in page


def test_without_a_plan_the_page_shows_the_days_alone(
    opened: Open, inspector: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowances, "sources", [])
    made = opened(PublicationTrack.EARLY_NUMBER, arrived_on=june(12))
    page = inspector.get(f"/cong-bo/{made.id}").text
    assert "đã qua 7 ngày làm việc (9 ngày kể cả ngày nghỉ)" in page
    assert "theo bộ quy tắc" in page


def test_a_correction_is_typed_seen_in_the_history_and_needs_its_reason(opened: Open, inspector: FlaskClient) -> None:
    made = opened()
    form = {"decision": made.decision, "arrived_on": "04/06/2024", "revision": str(made.revision), "reason": ""}
    assert inspector.post(f"/cong-bo/{made.id}/dinh-chinh", data=form).status_code == 422
    form["reason"] = "Văn thư nhập lại ngày đến"
    assert inspector.post(f"/cong-bo/{made.id}/dinh-chinh", data=form).status_code == 302
    history = rows_of(inspector.get(f"/cong-bo/{made.id}").text, "Quá trình")
    assert "Ngày đến trên hệ thống quản lý văn bản: 03/06/2024 → 04/06/2024" in history[-1]
    assert "Văn thư nhập lại ngày đến" in history[-1]


def test_one_recorded_by_mistake_is_withdrawn_with_a_reason(opened: Open, inspector: FlaskClient) -> None:
    made = opened()
    assert inspector.post(f"/cong-bo/{made.id}/huy", data={"reason": ""}).status_code == 422
    assert inspector.post(f"/cong-bo/{made.id}/huy", data={"reason": "Ghi nhầm"}).status_code == 302
    assert inspector.get(f"/cong-bo/{made.id}").status_code == 404


def test_the_list_is_filtered_sorted_and_taken_away_as_csv(opened: Open, inspector: FlaskClient) -> None:
    opened(decision="512/QĐ-BLĐTBXH Việc làm")
    opened(PublicationTrack.PROCESS, division="NCC", decision="88/QĐ-UBND Người có công")
    title = "Quyết định phải công bố"
    assert len(rows_of(inspector.get("/cong-bo").text, title)) == 2
    for narrowed in ("q=nguoi+co+cong", "track=process", "unit=NCC"):
        assert [row.split()[0] for row in rows_of(inspector.get(f"/cong-bo?{narrowed}").text, title)] == ["CB-2"]
    assert "Không có quyết định nào phù hợp" in inspector.get("/cong-bo?stage=published").text
    assert [row.split()[0] for row in rows_of(inspector.get("/cong-bo?sort=code").text, title)] == ["CB-1", "CB-2"]
    table = list(csv.reader(io.StringIO(inspector.get("/cong-bo.csv?sort=code").data.decode("utf-8-sig"))))
    assert table[1][:4] == ["CB-1", "512/QĐ-BLĐTBXH Việc làm", "Công bố danh mục thủ tục", "Phòng Lao động – Việc làm"]
    assert table[1][9] == "20"  # working days with the division from 3 June to 1 July


def test_a_check_is_ticked_and_shown_in_its_month(
    inspector: FlaskClient, units: dict[str, Unit], as_head: Callable[[str], FlaskClient]
) -> None:
    make_version(units["LDVL"])
    form = {"unit_id": str(units["LDVL"].id), "checked_on": "03/06/2024", "publication_id": ""}
    answer = inspector.post("/cong-bo/kiem-tra-danh-muc/ghi", data=form)
    assert answer.status_code == 422
    assert "Hãy đánh dấu ít nhất một nơi" in answer.text
    form |= {"portal": "y", "one_stop": "y", "website": "y", "defects": "Sai mức phí của 1.000459"}
    answer = inspector.post("/cong-bo/kiem-tra-danh-muc/ghi", data=form)
    assert answer.location == "/cong-bo/kiem-tra-danh-muc?ky=2024-06"
    page = inspector.get(answer.location).text
    assert rows_of(page, "Theo đơn vị, Tháng 6/2024") == [
        "Phòng Lao động – Việc làm 1 1 1 1 1 03/06/2024 1 Đã kiểm tra"
    ]
    assert "Sai mức phí của 1.000459" in rows_of(page, "Sai sót chưa được cập nhật lại")[0]
    assert "Chưa kiểm tra" in rows_of(inspector.get("/cong-bo/kiem-tra-danh-muc").text, "Theo đơn vị, Tháng 7/2024")[0]
    made = db.session.scalars(select(CatalogueCheck)).one()
    answer = inspector.post(f"/cong-bo/kiem-tra-danh-muc/{made.id}/cap-nhat-lai", data={"fixed_on": "02/06/2024"})
    assert (answer.status_code, "không được trước ngày kiểm tra (03/06/2024)" in answer.text) == (422, True)
    answer = inspector.post(f"/cong-bo/kiem-tra-danh-muc/{made.id}/cap-nhat-lai", data={"fixed_on": "05/06/2024"})
    assert answer.status_code == 302
    table = csv.reader(io.StringIO(inspector.get("/cong-bo/kiem-tra-danh-muc.csv?ky=2024-06").data.decode("utf-8-sig")))
    assert list(table)[1][:7] == [
        *("Phòng Lao động – Việc làm", "03/06/2024", "Có", "Có", "Có", "", "Sai mức phí của 1.000459")
    ]
    assert as_head("NCC").get(f"/cong-bo/kiem-tra-danh-muc/{made.id}/xoa").status_code == 404


def test_a_check_removed_is_gone_from_its_month(inspector: FlaskClient, units: dict[str, Unit]) -> None:
    ticks = {"portal": True, "one_stop": True, "website": False}
    made = catalogue_service.record_check(EVERYWHERE, CLERK, unit_id=units["LDVL"].id, checked_on=june(3), **ticks)
    assert "Chưa đủ ba nơi" in inspector.get("/cong-bo/kiem-tra-danh-muc?ky=2024-06").text
    path = f"/cong-bo/kiem-tra-danh-muc/{made.id}/xoa"
    assert inspector.post(path, data={"reason": ""}).status_code == 422
    assert inspector.post(path, data={"reason": "Ghi nhầm"}).status_code == 302
    assert "Chưa đủ ba nơi" not in inspector.get("/cong-bo/kiem-tra-danh-muc?ky=2024-06").text


def test_what_was_made_public_asks_for_its_check(opened: Open, inspector: FlaskClient) -> None:
    made = opened()
    service.hand_over(EVERYWHERE, CLERK, made.id, on=june(4))
    service.finish(EVERYWHERE, CLERK, made.id, on=june(5))
    service.make_public(EVERYWHERE, CLERK, made.id, on=june(27))
    waiting = rows_of(inspector.get("/cong-bo/kiem-tra-danh-muc").text, "Đã công khai, chưa kiểm tra lại")
    assert "27/06/2024 2 ngày làm việc" in waiting[0]
    page = inspector.get(f"/cong-bo/kiem-tra-danh-muc/ghi?unit={made.division_id}&publication={made.id}").text
    assert f'<option selected value="{made.id}">' in page


def test_a_review_is_recorded_corrected_approved_and_counted(inspector: FlaskClient, units: dict[str, Unit]) -> None:
    for code in ("1.001", "1.002"):
        make_version(units["LDVL"], code=code, name=f"Thủ tục {code}")
    form = {"procedure": "1.001", "reviewed_on": "03/06/2024", "restructured": "y", "fields_before": "hai chục"}
    answer = inspector.post("/cong-bo/ra-soat/ghi", data=form)
    assert answer.status_code == 422
    assert "Hãy nhập một số nguyên" in answer.text
    assert "hai chục" in answer.text
    form |= {"fields_before": "20", "fields_after": "15", "proposal": "Bỏ bản sao có chứng thực"}
    assert inspector.post("/cong-bo/ra-soat/ghi", data=form).status_code == 302
    made = db.session.scalars(select(ProcedureReview)).one()
    page = inspector.get("/cong-bo/ra-soat").text
    assert rows_of(page, "Theo đơn vị") == ["Phòng Lao động – Việc làm 2 1 50 % 0 1 20 → 15 25 % –"]
    assert "giảm 25 %" in rows_of(page, "Các lần rà soát")[0]
    del form["procedure"]
    corrected = inspector.post(
        f"/cong-bo/ra-soat/{made.id}", data=form | {"fields_after": "22", "reason": "Đếm lại tờ khai"}
    )
    assert corrected.status_code == 302
    assert "tăng 10 %" in rows_of(inspector.get("/cong-bo/ra-soat").text, "Các lần rà soát")[0]
    path = f"/cong-bo/ra-soat/{made.id}/phe-duyet"
    assert inspector.post(path, data={"simplification_approved_on": "05/06/2024", "decision": ""}).status_code == 422
    approved = inspector.post(path, data={"simplification_approved_on": "05/06/2024", "decision": "7/QĐ-UBND"})
    assert approved.status_code == 302
    table = list(csv.reader(io.StringIO(inspector.get("/cong-bo/ra-soat.csv?nam=2024").data.decode("utf-8-sig"))))
    assert table[1][0] == "1.001"
    assert table[1][9:11] == ["05/06/2024", "7/QĐ-UBND"]
    assert "Chưa ghi lần rà soát nào" in inspector.get("/cong-bo/ra-soat?nam=2023").text
    assert inspector.post(f"/cong-bo/ra-soat/{made.id}/xoa", data={"reason": "Ghi nhầm"}).status_code == 302
    assert db.session.scalar(select(func.count(ProcedureReview.id))) == 0


def test_a_head_reviews_own_procedures_only(as_head: Callable[[str], FlaskClient], units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.001", name="Cấp giấy phép")
    head = as_head("NCC")
    assert "1.001" not in head.get("/cong-bo/ra-soat/ghi").text
    answer = head.post("/cong-bo/ra-soat/ghi", data={"procedure": "1.001", "reviewed_on": "03/06/2024"})
    assert answer.status_code == 422
    assert "Thủ tục 1.001 do Phòng Lao động – Việc làm chịu trách nhiệm." in answer.text


def test_nonsense_in_an_address_shows_the_present(inspector: FlaskClient) -> None:
    for path in (
        *("/cong-bo?track=x&stage=y&unit=z&sort=w&after=-3", "/cong-bo/kiem-tra-danh-muc?ky=tháng 13"),
        *("/cong-bo/kiem-tra-danh-muc?ky=2031-01", "/cong-bo/ra-soat?nam=abc", "/cong-bo/ra-soat?nam=9999"),
    ):
        assert inspector.get(path).status_code == 200, path
    assert inspector.get("/cong-bo/999999").status_code == 404


def test_the_commands_print_what_the_pages_show(app: Flask, opened: Open, units: dict[str, Unit]) -> None:
    make_version(units["LDVL"], code="1.001")
    opened()
    catalogue_service.record_review(EVERYWHERE, CLERK, procedure="1.001", findings=Findings(reviewed_on=june(3)))
    runner = app.test_cli_runner()

    def printed(*arguments: str) -> Any:
        return json.loads(runner.invoke(args=["publications", *arguments, "--format", "json"]).stdout)

    assert [(row["code"], row["working_days"], row["stage"]) for row in printed("list")] == [
        ("CB-1", 20, "with_division")
    ]
    assert [(row["unit"], row["checks"]) for row in printed("checks", "--period", "2024-06")] == [("LDVL", 0)]
    assert [(row["unit"], row["reviewed"]) for row in printed("reviews", "--period", "2024-06")] == [("LDVL", 1)]
    for arguments in (
        ["list"],
        ["checks", "--period", "2024-06"],
        ["reviews", "--period", "2024-Q2", "--format", "csv"],
    ):
        assert runner.invoke(args=["publications", *arguments]).exit_code == 0
    refused = runner.invoke(args=["publications", "checks", "--period", "tháng 13"])
    assert refused.exit_code == 2
    assert "tháng 13" in refused.stderr
