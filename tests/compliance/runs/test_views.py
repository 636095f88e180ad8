"""Running a check on the page, the runs there were, and two of them side by side."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from app.compliance import queries
from app.compliance.models import CheckRun
from app.organisation.models import Role
from app.web import jobs
from app.web.extensions import db
from tests.clock import at
from tests.compliance.conftest import SignIn
from tests.compliance.month import BAC_GIANG, PROVINCE, Month, check
from tests.compliance.pages import table, text_of
from tests.factories import EVERYWHERE, make_person, pay

# --- running ----------------------------------------------------------------------------------------------------


def test_an_inspector_runs_the_month_and_lands_on_its_matrix(
    month: Month, inspector: FlaskClient, at_once: None
) -> None:
    started = inspector.post("/kiem-tra/chay", data={"period": "Tháng 6/2024"})
    assert started.status_code == 302
    landed = inspector.get(started.location)
    run = db.session.query(CheckRun).one()
    assert (run.period, run.limited) == ("2024-06", False)
    assert urlsplit(landed.location).path == "/kiem-tra"
    assert f"run={run.id}" in landed.location
    assert run.actor.startswith("Cán bộ")


def test_htmx_is_told_to_go_to_the_matrix_when_the_run_is_done(
    month: Month, inspector: FlaskClient, at_once: None
) -> None:
    started = inspector.post("/kiem-tra/chay", data={"period": "2024-06"})
    answer = inspector.get(started.location, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].startswith("/kiem-tra?run=")


def test_progress_is_a_page_without_javascript_and_a_fragment_with_it(
    month: Month, inspector: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = []

    class Never(threading.Thread):
        def start(self) -> None:
            """It waits for ever, and holds its job meanwhile."""
            waiting.append(self)

    monkeypatch.setattr(jobs.threading, "Thread", Never)
    address = inspector.post("/kiem-tra/chay", data={"period": "2024-06"}).location
    page = inspector.get(address).get_data(as_text=True)
    assert "<html" in page
    assert "Xem tiến độ" in page
    fragment = inspector.get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in fragment
    assert f'hx-get="{urlsplit(address).path}"' in fragment


def test_somebody_elses_job_is_not_found(month: Month, inspector: FlaskClient, at_once: None, sign_in: SignIn) -> None:
    address = inspector.post("/kiem-tra/chay", data={"period": "2024-06"}).location
    other = sign_in(make_person(month.units["VP"], Role.INSPECTOR))
    assert other.get(address).status_code == 404


def test_one_pack_and_one_unit_may_be_run_at_any_time(month: Month, inspector: FlaskClient, at_once: None) -> None:
    inspector.post("/kiem-tra/chay", data={"period": "2024-06", "packs": [BAC_GIANG], "units": ["NCC"]})
    run = db.session.query(CheckRun).one()
    assert ([used["id"] for used in run.packs], run.units, run.limited) == ([BAC_GIANG], ["NCC"], True)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"period": "tháng mười ba"}, "Không đọc được kỳ"),
        ({"period": ""}, "Không được để trống"),
        ({"period": "8/2024"}, "chưa bắt đầu"),
        ({"period": "6/2019"}, "Không có bộ quy tắc nào đang áp dụng"),
        ({"period": "6/2024", "packs": ["no-such-pack"]}, "Không có bộ quy tắc “no-such-pack”"),
        ({"period": "6/2024", "units": ["KHONGCO"]}, "Không có đơn vị mang mã “KHONGCO”"),
    ],
)
def test_what_cannot_be_run_is_said_on_the_form_which_keeps_what_was_typed(
    month: Month, inspector: FlaskClient, typed: dict[str, Any], words: str
) -> None:
    answer = inspector.post("/kiem-tra/chay", data=typed)
    body = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert words in body
    assert f'value="{typed["period"]}"' in body
    assert db.session.query(CheckRun).count() == 0


def test_a_run_that_fails_says_so_and_leaves_nothing(
    month: Month, inspector: FlaskClient, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.compliance.runs import service

    def breaks(*_args: Any) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(service, "raise_violations", breaks)
    address = inspector.post("/kiem-tra/chay", data={"period": "2024-06"}).location
    page = text_of(inspector.get(address))
    assert "Không kiểm tra được" in page
    assert "Chạy lại" in page
    assert db.session.query(CheckRun).count() == 0


# --- runs -------------------------------------------------------------------------------------------------------


def test_the_list_of_runs_leads_to_each(judged: int, inspector: FlaskClient) -> None:
    check(pack_ids=[BAC_GIANG])
    body = inspector.get("/kiem-tra/cac-lan?period=2024-06").get_data(as_text=True)
    assert f"/kiem-tra?run={judged}" in body
    assert "Một phần" in body
    assert "Chưa có lần kiểm tra nào" in text_of(inspector.get("/kiem-tra/cac-lan?before=99999"))


def test_a_runs_page_shows_what_it_was_told(judged: int, inspector: FlaskClient) -> None:
    page = text_of(inspector.get(f"/kiem-tra/{judged}"))
    assert "Những gì bộ máy quy tắc được cho biết" in page
    assert "Giao dịch thanh toán trong kỳ của các thủ tục đủ điều kiện thanh toán trực tuyến" in page
    run = queries.the_run(EVERYWHERE, judged)
    assert run.facts_hash[:19] in page
    told = json.loads(inspector.get(f"/kiem-tra/{judged}/du-kien.json").data)
    figures = {"eligible": 20, "online": 7, "due": 1, "unknown_due": 0}
    assert {"kind": "payment", "unit": "LDVL", "period": "2024-06", **figures} in told


def test_what_it_was_told_of_single_things_is_read_as_people_write_it(
    judged: int, inspector: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    envelope = {"unit": "LDVL", "period": "2024-06"}
    fault = {"subject": "H1", "found_on": "2024-06-12", "source": "complaint", "what": "Sai tên"}
    failed = {"subject": "bac-giang-2024/bg-5.3", "periods": 2, "listed": "2024-05, 2024-04"}
    told = [{"kind": "case_fault", **envelope, **fault}, {"kind": "earlier_failure", **envelope, **failed}]
    monkeypatch.setattr(queries, "evidence_of", lambda _scope, _run: told)
    page = text_of(inspector.get(f"/kiem-tra/{judged}"))
    assert "Ngày phát hiện sai sót Do đâu phát hiện Sai sót" in page
    assert "case_fault.found_on, case_fault.source, case_fault.what" in page
    assert "H1 LDVL 12/06/2024 Giải quyết khiếu nại Sai tên" in page
    assert "BG-5.3 (bac-giang-2024) LDVL 2 Tháng 5/2024, Tháng 4/2024" in page


def test_figures_that_contradict_each_other_are_a_warning(
    judged: int, inspector: FlaskClient, as_head: Callable[[str], FlaskClient]
) -> None:
    run = queries.the_run(EVERYWHERE, judged)
    run.findings = [{"pack": PROVINCE, "rule": "khp-2c.2", "unit": "LDVL", "numerator": 21, "denominator": 20}]
    db.session.commit()
    assert "21 trên 20" in text_of(inspector.get(f"/kiem-tra/{judged}"))
    assert "21 trên 20" not in text_of(as_head("NCC").get(f"/kiem-tra/{judged}"))


def test_a_runs_results_are_downloaded(judged: int, inspector: FlaskClient) -> None:
    rows = table(inspector.get(f"/kiem-tra/{judged}/ket-qua.csv"))
    row = next(each for each in rows if (each["Quy tắc"], each["Mã đơn vị"]) == ("khp-2c.2", "LDVL"))
    assert (row["Kết quả"], row["Tử số"], row["Mẫu số"], row["Giá trị"]) == ("Vi phạm", "7", "20", "35%")
    assert (row["Chỉ tiêu"], row["Còn thiếu"]) == ("trên 35%", "1")
    told = json.loads(inspector.get(f"/kiem-tra/{judged}/ket-qua.json").data)
    assert told["run"] == judged
    assert len(told["results"]) == len(rows)


def test_two_runs_side_by_side(judged: int, month: Month, inspector: FlaskClient) -> None:
    pay(month.permit, at("2024-06-07 08:00"))
    later = check().run
    assert later is not None
    page = text_of(inspector.get(f"/kiem-tra/so-sanh?b={later.id}"))
    assert f"So sánh lần {judged} với lần {later.id}" in page
    assert "2 đã hết" in page  # LDVL's part and the Department's sum
    assert "0 mới" in page
    assert "8 / 21" in page
    assert "Chỉ khác số liệu" in page  # the Department's rule: passed before and after
    same = text_of(inspector.get(f"/kiem-tra/so-sanh?a={later.id}&b={later.id}"))
    assert "Không kết quả nào thay đổi" in same
    assert "Không có lần kiểm tra nào trước đó" in text_of(inspector.get(f"/kiem-tra/so-sanh?b={judged}"))
