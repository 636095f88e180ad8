"""The pages and commands of duties: who may enter, what they show, what they refuse."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.obligations import queries, service, surveys
from app.obligations.models import BodyKind, FilingKind
from app.organisation.models import Person, Role, Unit
from tests.factories import CLERK, EVERYWHERE, make_department, make_person

As = Callable[..., FlaskClient]
PAGES = (
    "nghia-vu",
    "nghia-vu/van-ban-chi-dao",
    "nghia-vu/phan-anh-kien-nghi",
    "nghia-vu/khao-sat",
    "nghia-vu/chi-tieu-truc-tuyen",
)
FORMS = ("nghia-vu/ghi", "nghia-vu/phan-anh-kien-nghi/ghi", "nghia-vu/khao-sat/ghi", "nghia-vu/khao-sat/nhap")
ASSIGNING = ("nghia-vu/van-ban-chi-dao/giao", "nghia-vu/chi-tieu-truc-tuyen/giao")


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return make_department()


@pytest.fixture
def as_(units: dict[str, Unit], sign_in: Callable[[Person], FlaskClient]) -> As:
    """Somebody of a unit, in a role."""
    return lambda role, unit="LDVL": sign_in(make_person(units[unit], role))


def get(client: FlaskClient, page: str) -> str:
    answer = client.get(f"/ke-hoach/{page}")
    assert answer.status_code == 200, (page, answer.status_code)
    return answer.text


def rows_of(client: FlaskClient, page: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(get(client, page).lstrip("\ufeff"))))


def report(unit: Unit, title: str = "") -> Any:
    return service.hand_in(
        EVERYWHERE,
        CLERK,
        unit_id=unit.id,
        kind=FilingKind.MONTHLY_REPORT,
        period="2024-05",
        filed_on=date(2024, 6, 5),
        title=title,
    )


def test_every_list_its_file_and_every_form_opens(as_: As) -> None:
    client = as_(Role.HEAD, "VP")
    for page in (*PAGES, *(f"{page}.csv" for page in PAGES), *FORMS, *ASSIGNING):
        assert client.get(f"/ke-hoach/{page}").status_code == 200, page


def test_a_head_sees_their_own_unit_the_office_sees_all(units: dict[str, Unit], as_: As) -> None:
    report(units["LDVL"], "Báo cáo của phòng Việc làm")
    other = report(units["NCC"], "Báo cáo của phòng Người có công")
    client = as_(Role.HEAD)
    own = get(client, "nghia-vu?nam=2024") + get(client, "nghia-vu.csv?nam=2024")
    assert "Báo cáo của phòng Việc làm" in own and "Người có công" not in own
    assert client.get(f"/ke-hoach/nghia-vu/{other.id}/rut").status_code == 404
    assert "Báo cáo của phòng Người có công" in get(as_(Role.HEAD, "VP"), "nghia-vu?nam=2024")


def test_a_report_is_handed_in_on_its_page_and_withdrawn_with_a_reason(units: dict[str, Unit], as_: As) -> None:
    client = as_(Role.HEAD)
    said = {"unit_id": units["LDVL"].id, "period": "2024-05", "filed_on": "05/06/2024", "document": "12/BC-LĐVL"}
    assert client.post("/ke-hoach/nghia-vu/ghi?loai=monthly_report&nam=2024", data=said).status_code == 302
    again = client.post("/ke-hoach/nghia-vu/ghi?loai=monthly_report&nam=2024", data=said)
    assert again.status_code == 422 and "đã nộp cho kỳ này ngày 05/06/2024" in again.text
    (filing,) = queries.filings(EVERYWHERE, FilingKind.MONTHLY_REPORT, 2024)
    page = get(client, "nghia-vu?loai=monthly_report&nam=2024")
    assert "05/06" in page and "12/BC-LĐVL" in page and "Chưa nộp" in page
    assert client.post(f"/ke-hoach/nghia-vu/{filing.id}/rut", data={"reason": ""}).status_code == 422
    assert client.post(f"/ke-hoach/nghia-vu/{filing.id}/rut", data={"reason": "sai số liệu"}).status_code == 302
    assert "sai số liệu" in get(client, "nghia-vu?loai=monthly_report&nam=2024")


def test_a_long_list_says_that_it_is_cut_and_the_csv_is_whole(
    units: dict[str, Unit], as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 1)
    client = as_(Role.ADMIN)
    for code in ("LDVL", "NCC"):
        report(units[code], f"Báo cáo {code}")
    page = get(client, "nghia-vu?nam=2024")
    assert "chỉ hiện 1 dòng đầu trong 2" in page
    assert len(rows_of(client, "nghia-vu.csv?nam=2024")) == 3
    own = get(client, f"nghia-vu?nam=2024&don_vi={units['LDVL'].id}")
    assert "Báo cáo LDVL<td" in own and "chỉ hiện" not in own


def test_every_kind_of_filing_has_its_page_and_form(as_: As) -> None:
    client = as_(Role.ADMIN)
    for kind in FilingKind:
        get(client, f"nghia-vu?loai={kind}&nam=2024")
        form = get(client, f"nghia-vu/ghi?loai={kind}&nam=2024")
        assert ('name="period"' in form) == (kind not in (FilingKind.NEWS_ITEM, FilingKind.DIALOGUE)), kind
    get(client, "nghia-vu?loai=khong-co&nam=abc")


def test_a_directive_is_given_on_its_page_and_done_by_the_unit(units: dict[str, Unit], as_: As) -> None:
    said = {
        "number": "45/CV-UBND",
        "issuer": "UBND tỉnh",
        "received_on": "03/06/2024",
        "due_on": "14/06/2024",
        "summary": "Rà soát thủ tục",
        "unit_ids": [units["LDVL"].id, units["NCC"].id],
    }
    assert as_(Role.INSPECTOR).post("/ke-hoach/nghia-vu/van-ban-chi-dao/giao", data=said).status_code == 302
    own, other = sorted(queries.directives(EVERYWHERE), key=lambda one: one.unit.code)
    client = as_(Role.HEAD)
    assert "Quá hạn 17 ngày" in get(client, "nghia-vu/van-ban-chi-dao")
    done = {"done_on": "12/06/2024", "result": "Đã rà soát", "revision": 1}
    assert client.post(f"/ke-hoach/nghia-vu/van-ban-chi-dao/{own.id}/xong", data=done).status_code == 302
    assert client.post(f"/ke-hoach/nghia-vu/van-ban-chi-dao/{other.id}/xong", data=done).status_code == 404
    assert "Đã rà soát" in get(client, "nghia-vu/van-ban-chi-dao")
    assert "Đã rà soát" not in get(client, "nghia-vu/van-ban-chi-dao?con_lai=1")


def test_a_petition_is_received_without_a_due_day_and_answered(units: dict[str, Unit], as_: As) -> None:
    client = as_(Role.HEAD)
    said = {"unit_id": units["LDVL"].id, "received_on": "03/06/2024", "content": "<b>Chậm</b> trả kết quả"}
    assert client.post("/ke-hoach/nghia-vu/phan-anh-kien-nghi/ghi", data=said).status_code == 302
    (petition,) = queries.petitions(EVERYWHERE)
    page = get(client, "nghia-vu/phan-anh-kien-nghi")
    assert "PA2024-0001" in page and "24/06/2024" in page and "Quá hạn 7 ngày" in page and "<b>Chậm</b>" not in page
    answer = {"answered_on": "26/06/2024", "answer": "Công văn 5/CV"}
    assert client.post(f"/ke-hoach/nghia-vu/phan-anh-kien-nghi/{petition.id}/tra-loi", data=answer).status_code == 302
    assert "Chậm 2 ngày" in get(client, "nghia-vu/phan-anh-kien-nghi")


def test_a_survey_with_more_satisfied_than_answered_stays_on_the_form(units: dict[str, Unit], as_: As) -> None:
    client = as_(Role.HEAD)
    said = {"unit_id": units["LDVL"].id, "round": "Đợt 1", "body": "administrative", "held_on": "30/06/2024"}
    numbers = {"asked": "100", "answered": "80", "satisfied": "81"}
    refused = client.post("/ke-hoach/nghia-vu/khao-sat/ghi", data=said | numbers)
    assert refused.status_code == 422
    assert "Số phiếu hài lòng (81) nhiều hơn số phiếu thu về (80)." in refused.text
    assert client.post("/ke-hoach/nghia-vu/khao-sat/ghi", data=said | numbers | {"satisfied": "70"}).status_code == 302
    assert "87,5" in get(client, "nghia-vu/khao-sat?nam=2024")


def test_the_csv_of_surveys_can_be_taken_in_again(units: dict[str, Unit], as_: As) -> None:
    numbers = surveys.SurveyResult(
        units["LDVL"].id, "Đợt 1", BodyKind.PUBLIC_SERVICE, date(2024, 6, 30), 100, 80, 70, "Phiếu"
    )
    surveys.record_survey(EVERYWHERE, CLERK, numbers)
    content = as_(Role.ADMIN).get("/ke-hoach/nghia-vu/khao-sat.csv?nam=2024").data
    taken = surveys.import_surveys(EVERYWHERE, CLERK, content)
    assert (taken.rows, taken.unchanged, taken.refused) == (1, 1, [])


def test_an_uploaded_file_shows_the_rows_that_were_refused(units: dict[str, Unit], as_: As) -> None:
    head = "unit,round,body,held_on,asked,answered,satisfied\n"
    rows = "LDVL,Đợt 1,hành chính,30/06/2024,100,80,70\nNCC,Đợt 1,hành chính,30/06/2024,100,80,70\n"
    upload = {"file": (io.BytesIO((head + rows).encode()), "khao-sat.csv")}
    page = as_(Role.HEAD).post("/ke-hoach/nghia-vu/khao-sat/nhap", data=upload)
    assert page.status_code == 422
    assert "Chưa ghi gì: 1 trên 2 dòng sai." in page.text
    assert "Bạn chỉ ghi được việc của đơn vị mình." in page.text
    assert as_(Role.HEAD).post("/ke-hoach/nghia-vu/khao-sat/nhap", data={}).status_code == 422


def test_a_target_is_assigned_on_its_page(units: dict[str, Unit], as_: As) -> None:
    client = as_(Role.ADMIN)
    said = {
        "unit_id": units["LDVL"].id,
        "year": "2024",
        "percent": "60",
        "assigned_on": "01/03/2024",
        "document": "QĐ 10",
    }
    assert client.post("/ke-hoach/nghia-vu/chi-tieu-truc-tuyen/giao", data=said).status_code == 302
    assert client.post("/ke-hoach/nghia-vu/chi-tieu-truc-tuyen/giao", data=said | {"percent": "350"}).status_code == 422
    table = {row[0]: row[2] for row in rows_of(client, "nghia-vu/chi-tieu-truc-tuyen.csv?nam=2024")[1:]}
    assert table[units["LDVL"].name] == "60"
    assert table[units["NCC"].name] == ""


def test_the_commands_take_surveys_and_list_filings(app: Flask, units: dict[str, Unit], tmp_path: Path) -> None:
    report(units["LDVL"])
    file = tmp_path / "khao-sat.csv"
    file.write_text(
        "unit;round;body;held_on;asked;answered;satisfied\n"
        "LDVL;Đợt 1;hành chính;30/06/2024;100;80;70\n"
        "LDVL;Đợt 2;hành chính;30/06/2024;100;80;81\n",
        "utf-8",
    )
    runner = app.test_cli_runner()
    taken = runner.invoke(args=["plans", "surveys", str(file), "--format", "json"])
    assert taken.exit_code == 2
    told = json.loads(taken.stdout)
    assert (told["rows"], told["new"], [row["row"] for row in told["refused"]]) == (2, 0, [3])
    assert "81" in taken.stderr
    missing = runner.invoke(args=["plans", "surveys", str(tmp_path / "none.csv")])
    assert missing.exit_code == 2 and "không đọc được" in missing.stderr
    listed = json.loads(runner.invoke(args=["plans", "filings", "--year", "2024", "--format", "json"]).stdout)
    assert [(row["unit"], row["kind"], row["period"]) for row in listed] == [("LDVL", "monthly_report", "2024-05")]


def test_the_columns_that_the_import_page_names_are_taken_in(units: dict[str, Unit], as_: As) -> None:
    from app.obligations.views import _SURVEY_COLUMNS

    client = as_(Role.INSPECTOR, "VP")
    page = get(client, "nghia-vu/khao-sat/nhap")
    assert all(name in page for name, _meaning, _example in _SURVEY_COLUMNS)
    rows = [[column[0] for column in _SURVEY_COLUMNS], [column[2] for column in _SURVEY_COLUMNS]]
    text = "\n".join(",".join(row) for row in rows)
    upload = {"file": (io.BytesIO(text.encode()), "mau.csv")}
    answer = client.post("/ke-hoach/nghia-vu/khao-sat/nhap", data=upload)
    assert "1 dòng: 1 mới, 0 đã có." in answer.text
