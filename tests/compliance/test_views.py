"""The pages of the compliance room: who may open what, what they say, and the answers given on them."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from app import jobs
from app.compliance import packs, queries
from app.compliance.models import CheckRun, Violation, ViolationMove
from app.compliance.models import ViolationState as State
from app.extensions import db
from app.organisation.models import Person, Role
from app.periods import Period
from tests.clock import at
from tests.compliance.month import BAC_GIANG, DEPARTMENT, INSPECTOR, PROVINCE, Month, check, make_june
from tests.factories import EVERYWHERE, make_person, pay

SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def month(session: Any) -> Month:
    return make_june()


@pytest.fixture
def judged(month: Month) -> int:
    """June, judged; the number of the run."""
    run = check().run
    assert run is not None
    return run.id


@pytest.fixture
def inspector(month: Month, sign_in: SignIn) -> FlaskClient:
    return sign_in(make_person(month.units["VP"], Role.INSPECTOR))


@pytest.fixture
def as_head(month: Month, sign_in: SignIn) -> Callable[[str], FlaskClient]:
    """The head of a unit, signed in on the one client there is."""
    return lambda unit: sign_in(make_person(month.units[unit], Role.HEAD))


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


def text_of(page: Any) -> str:
    """What a reader sees, white space made single."""
    assert page.status_code == 200, page.status_code
    without_markup = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page.get_data(as_text=True), flags=re.S)
    return re.sub(r"\s+", " ", without_markup).replace(" .", ".").replace(" ,", ",")


def violation(rule: str, unit: str = "NCC") -> Violation:
    found = db.session.query(Violation).filter(Violation.key.contains(f"/{rule}/{unit}/")).one()
    db.session.refresh(found)
    return found


def table(answer: Any) -> list[dict[str, str]]:
    """A CSV download as rows."""
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


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


# --- the matrix -------------------------------------------------------------------------------------------------


def test_the_matrix_shows_the_latest_month_with_idle_units_too(judged: int, inspector: FlaskClient) -> None:
    answer = inspector.get("/kiem-tra")
    page = text_of(answer)
    assert "Kết quả kiểm tra tháng 6/2024" in page
    for unit in ("Phòng Lao động – Việc làm", "Phòng Người có công", "Trung tâm Dịch vụ việc làm"):
        assert unit in page
    body = answer.get_data(as_text=True)
    assert f"/kiem-tra/{judged}/{PROVINCE}/khp-2c.2/LDVL" in body
    assert "Cải cách hành chính năm 2024 - Sở LĐTBXH Khánh Hòa" in page  # a plan over its rules


def test_a_cell_says_its_verdict_in_words_and_figures_not_by_colour_alone(judged: int, inspector: FlaskClient) -> None:
    body = inspector.get("/kiem-tra").get_data(as_text=True)
    cell = re.search(
        rf'<td[^>]*><a class="cell" href="/kiem-tra/{judged}/{PROVINCE}/khp-2c.2/LDVL".*?</td>', body, re.S
    )
    assert cell is not None
    assert "Vi phạm" in cell[0]
    assert "35%" in cell[0]
    assert "Còn thiếu 1 giao dịch" in cell[0]
    assert "#x" in cell[0]  # its symbol


def test_a_month_not_checked_yet_offers_to_check_it(judged: int, inspector: FlaskClient) -> None:
    page = inspector.get("/kiem-tra?period=2024-05")
    assert "Tháng 5/2024 chưa được kiểm tra" in text_of(page)
    assert "/kiem-tra/chay?period=2024-05" in page.get_data(as_text=True)


def test_a_period_is_read_as_officials_write_it_and_nonsense_is_said_to_be_so(
    judged: int, inspector: FlaskClient
) -> None:
    check(Period.parse("2024-Q2"))
    assert "Kết quả kiểm tra quý II/2024" in text_of(inspector.get("/kiem-tra?period=Quý II/2024"))
    page = text_of(inspector.get("/kiem-tra?period=tháng mười ba"))
    assert "Không đọc được kỳ" in page
    assert "Tháng 6/2024" in page


def test_the_matrix_before_any_run_says_so(inspector: FlaskClient) -> None:
    assert "Tháng 6/2024 chưa được kiểm tra" in text_of(inspector.get("/kiem-tra"))


def test_a_partial_run_does_not_stand_for_the_month_but_is_pointed_at(judged: int, inspector: FlaskClient) -> None:
    part = check(unit_codes=["LDVL"]).run
    assert part is not None
    page = inspector.get("/kiem-tra")
    assert "Phòng Người có công" in text_of(page)
    assert "Có lần kiểm tra một phần mới hơn" in text_of(page)
    shown = text_of(inspector.get(f"/kiem-tra?run={part.id}"))
    assert "chỉ gồm một phần" in shown
    assert "Phòng Người có công" not in shown


def test_an_unknown_run_is_404(judged: int, inspector: FlaskClient) -> None:
    for address in ("/kiem-tra?run=99999", "/kiem-tra/99999", "/kiem-tra/so-sanh?b=99999", "/kiem-tra/so-sanh"):
        assert inspector.get(address).status_code == 404, address


# --- a result explained -----------------------------------------------------------------------------------------


def explained(client: FlaskClient, run: int, pack: str, rule: str, unit: str) -> str:
    return text_of(client.get(f"/kiem-tra/{run}/{pack}/{rule}/{unit}"))


def test_a_failed_result_names_the_law_the_figure_and_what_is_missing(judged: int, inspector: FlaskClient) -> None:
    page = explained(inspector, judged, PROVINCE, "khp-2c.2", "LDVL")
    assert "tỷ lệ giao dịch thanh toán trực tuyến đạt trên 35%" in page
    assert "Kế hoạch cải cách hành chính tỉnh Khánh Hòa năm 2024" in page
    assert "Có 7 trên 20 giao dịch, tức 35%; yêu cầu trên 35%." in page
    assert "Bằng đúng chỉ tiêu thì chưa đạt" in page
    assert "Còn thiếu 1 giao dịch" in page
    assert "từ ngày 01/01/2024" in page  # the parameter's date


def test_the_two_plans_are_shown_side_by_side_where_they_disagree(judged: int, inspector: FlaskClient) -> None:
    page = explained(inspector, judged, PROVINCE, "khp-2c.2", "LDVL")
    assert "Cùng số liệu này theo văn bản khác" in page
    assert "từ 35% trở lên" in page
    assert "KHD-2C.2" in page
    assert "Cả hai cách đọc đều được giữ" in page


def test_a_failed_result_leads_to_its_cases_and_its_violation(judged: int, inspector: FlaskClient) -> None:
    body = inspector.get(f"/kiem-tra/{judged}/{BAC_GIANG}/bg-5.1/NCC").get_data(as_text=True)
    for name in ("late", "open_overdue"):
        assert re.search(rf'href="/ho-so\?[^"]*list={name}', body), name
    assert f"/kiem-tra/vi-pham/{violation('bg-5.1').id}" in body


@pytest.mark.parametrize(
    ("pack", "rule", "unit", "words"),
    [
        (DEPARTMENT, "khd-2c.2", "LDVL", "Đơn vị đạt yêu cầu."),
        (DEPARTMENT, "khd-2c.2", "NCC", "Nhưng có 2 hồ sơ"),
        (DEPARTMENT, "khd-2c.2", "NCC", "Đây chưa phải là vi phạm"),
        (DEPARTMENT, "khd-2c.2", "TTDVVL", "không phát sinh giao dịch nào"),
        (DEPARTMENT, "khd-2c.2", "TTDVVL", "không phải là thiếu dữ liệu"),
        (BAC_GIANG, "bg-5.2", "NCC", "Có 0 trên 2 hồ sơ, tức 0%; yêu cầu từ 100% trở lên."),
    ],
)
def test_every_verdict_is_explained_in_a_sentence(
    judged: int, inspector: FlaskClient, pack: str, rule: str, unit: str, words: str
) -> None:
    assert words in explained(inspector, judged, pack, rule, unit)


def test_a_result_shows_the_months_before(judged: int, inspector: FlaskClient) -> None:
    check(Period.parse("2024-05"))
    page = explained(inspector, judged, PROVINCE, "khp-2c.2", "LDVL")
    assert "Các kỳ trước" in page
    assert "Tháng 5/2024" in page


def test_an_unknown_cell_is_404(judged: int, inspector: FlaskClient) -> None:
    for cell in (f"{PROVINCE}/khp-2c.2/KHONGCO", f"{PROVINCE}/no-such/LDVL", "no-pack/khp-2c.2/LDVL"):
        assert inspector.get(f"/kiem-tra/{judged}/{cell}").status_code == 404, cell


def test_the_old_run_speaks_in_the_words_it_used(
    judged: int, inspector: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app import facts
    from app.compliance.loader import pack_from_texts

    now = packs.folder_packs()
    province = packs.pack(PROVINCE)
    texts = {name: text for name, text in province.texts.items() if name != "tests.yaml"}
    texts["rules.yaml"] = texts["rules.yaml"].replace("Tỷ lệ giao dịch thanh toán trực tuyến", "Tên gọi mới")
    renamed = pack_from_texts(texts, facts.catalogue())
    monkeypatch.setattr(packs, "folder_packs", lambda: tuple(renamed if p.id == PROVINCE else p for p in now))
    assert "Tên gọi mới" not in explained(inspector, judged, PROVINCE, "khp-2c.2", "LDVL")
    newer = check().run
    assert newer is not None
    assert "Tên gọi mới" in explained(inspector, newer.id, PROVINCE, "khp-2c.2", "LDVL")


# --- running ----------------------------------------------------------------------------------------------------


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Background work is finished before the page answers."""

    class Now(threading.Thread):
        def start(self) -> None:
            self.run()

    monkeypatch.setattr(jobs.threading, "Thread", Now)


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
    class Never(threading.Thread):
        def start(self) -> None:
            """It waits for ever."""

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
    from app.compliance import service

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
    assert {"kind": "payment", "unit": "LDVL", "period": "2024-06", "eligible": 20, "online": 7, "due": 1} in told


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
    assert "1 đã hết" in page
    assert "0 mới" in page
    assert "8 / 21" in page
    assert "Chỉ khác số liệu" in page  # the Department's rule: passed before and after
    same = text_of(inspector.get(f"/kiem-tra/so-sanh?a={later.id}&b={later.id}"))
    assert "Không kết quả nào thay đổi" in same
    assert "Không có lần kiểm tra nào trước đó" in text_of(inspector.get(f"/kiem-tra/so-sanh?b={judged}"))


# --- violations -------------------------------------------------------------------------------------------------


def test_the_list_shows_figure_target_shortfall_and_the_day_to_answer(judged: int, inspector: FlaskClient) -> None:
    page = text_of(inspector.get(f"/kiem-tra/vi-pham?pack={PROVINCE}"))
    for words in ("35%", "7 / 20", "trên 35%", "1 giao dịch", "Chưa giải trình", "08/07/2024", "Mới"):
        assert words in page, words
    assert "BG-5.2" not in page


def test_the_list_leaves_out_what_is_gone_until_asked(judged: int, month: Month, inspector: FlaskClient) -> None:
    pay(month.permit, at("2024-06-07 08:00"))
    check()
    assert "KHP-2C.2" not in text_of(inspector.get("/kiem-tra/vi-pham"))
    for change in ("gone", "every"):
        assert "KHP-2C.2" in text_of(inspector.get(f"/kiem-tra/vi-pham?change={change}"))


def test_a_filter_that_is_none_of_the_list_filters_nothing(judged: int, inspector: FlaskClient) -> None:
    page = text_of(inspector.get("/kiem-tra/vi-pham?severity=worst&unit=abc&state=1&period=x&pack=y&change=z"))
    assert "BG-5.2" in page


def test_an_unanswered_violation_past_its_day_is_marked(
    judged: int, inspector: FlaskClient, freeze: Callable[[str], Any]
) -> None:
    freeze("2024-07-08 17:00")
    assert "Quá hạn giải trình" not in text_of(inspector.get("/kiem-tra/vi-pham"))
    freeze("2024-07-09 08:00")
    assert "Quá hạn giải trình" in text_of(inspector.get("/kiem-tra/vi-pham"))


def test_the_list_is_downloaded_as_filtered(judged: int, inspector: FlaskClient) -> None:
    rows = table(inspector.get(f"/kiem-tra/vi-pham.csv?pack={BAC_GIANG}"))
    assert {row["Quy tắc"] for row in rows} == {"bg-5.1", "bg-5.2", "bg-stage"}
    row = next(each for each in rows if each["Quy tắc"] == "bg-5.2")
    assert (row["Mã đơn vị"], row["Giá trị"], row["Còn thiếu"], row["Hạn giải trình"]) == (
        "NCC",
        "0%",
        "2",
        "08/07/2024",
    )


def test_a_heads_own_page_says_what_to_do_first(judged: int, as_head: Callable[[str], FlaskClient]) -> None:
    page = text_of(as_head("NCC").get("/kiem-tra/vi-pham/cua-don-vi"))
    opened = db.session.query(Violation).filter(Violation.key.contains("/NCC/")).count()
    assert f"Tháng 6/2024: {opened} vi phạm mới, 0 còn tồn tại, 0 đã hết." in page
    assert "Cần giải trình" in page
    assert "Thiếu dữ liệu" in page  # no payment recorded: no violation, but to be seen
    assert "Chưa phải vi phạm" in page
    assert "Phòng Lao động – Việc làm" not in page.split("Cần giải trình")[1]


def test_a_head_without_violations_is_told_so_calmly(judged: int, as_head: Callable[[str], FlaskClient]) -> None:
    page = text_of(as_head("TTDVVL").get("/kiem-tra/vi-pham/cua-don-vi"))
    assert "Tháng 6/2024: không có vi phạm nào." in page
    assert "Không còn vi phạm nào phải giải trình" in page


def test_a_heads_page_before_any_run(month: Month, as_head: Callable[[str], FlaskClient]) -> None:
    assert "Chưa có kỳ nào được kiểm tra" in text_of(as_head("NCC").get("/kiem-tra/vi-pham/cua-don-vi"))


def test_a_violations_page_names_the_law_the_remedy_the_cases_and_the_runs(judged: int, inspector: FlaskClient) -> None:
    found = violation("bg-5.2")
    answer = inspector.get(f"/kiem-tra/vi-pham/{found.id}")
    page = text_of(answer)
    for words in ("coi như hồ sơ quá hạn", "Cách khắc phục", f"Lần kiểm tra {judged}: mới", found.key, "0 / 2"):
        assert words in page, words
    assert re.search(r'href="/ho-so\?[^"]*list=resolved_not_closed[^"]*"', answer.get_data(as_text=True))


def send(client: FlaskClient, found: Violation, to: str, reason: str = "Cán bộ quên kết thúc hồ sơ.") -> Any:
    data = {"to": to, "reason": reason, "revision": str(found.revision)}
    return client.post(f"/kiem-tra/vi-pham/{found.id}", data=data)


def test_a_violation_is_explained_returned_and_accepted_on_the_page(
    judged: int, month: Month, sign_in: SignIn, as_head: Callable[[str], FlaskClient]
) -> None:
    watcher = make_person(month.units["VP"], Role.INSPECTOR)
    steps = [
        (lambda: as_head("NCC"), "explained", "Gửi giải trình"),
        (lambda: sign_in(watcher), "returned", "Trả lại, yêu cầu giải trình lại"),
        (lambda: as_head("NCC"), "explained", "Gửi giải trình"),
        (lambda: sign_in(watcher), "accepted", "Chấp nhận giải trình"),
        (lambda: sign_in(watcher), "remedied", "Xác nhận đã khắc phục"),
    ]
    for sign, to, verb in steps:
        client, found = sign(), violation("bg-5.2")
        assert verb in text_of(client.get(f"/kiem-tra/vi-pham/{found.id}"))
        answer = send(client, found, to, f"Lời ghi khi chuyển sang {to}")
        assert answer.status_code == 302
        assert f"Lời ghi khi chuyển sang {to}" in text_of(client.get(answer.location))
    assert violation("bg-5.2").state is State.REMEDIED
    assert db.session.query(ViolationMove).count() == len(steps)


def test_nobody_is_shown_a_form_for_what_is_not_theirs_to_do(
    judged: int, inspector: FlaskClient, as_head: Callable[[str], FlaskClient], month: Month, sign_in: SignIn
) -> None:
    found = violation("bg-5.2")
    assert "<textarea" not in inspector.get(f"/kiem-tra/vi-pham/{found.id}").get_data(as_text=True)
    admin = sign_in(make_person(month.units["VP"], Role.ADMIN))
    assert "<textarea" not in admin.get(f"/kiem-tra/vi-pham/{found.id}").get_data(as_text=True)
    assert "<textarea" in as_head("NCC").get(f"/kiem-tra/vi-pham/{found.id}").get_data(as_text=True)


@pytest.mark.parametrize(
    ("to", "reason", "words"),
    [
        ("explained", "   ", "Hãy ghi nội dung giải trình"),
        ("accepted", "Tự chấp nhận", "Không thể chuyển vi phạm từ “Chưa giải trình” sang “Đã chấp nhận giải trình”."),
        ("nonsense", "Chữ đã gõ", "Yêu cầu không đầy đủ"),
    ],
)
def test_a_refused_answer_is_said_on_the_page_and_changes_nothing(
    judged: int, as_head: Callable[[str], FlaskClient], to: str, reason: str, words: str
) -> None:
    answer = send(as_head("NCC"), violation("bg-5.2"), to, reason)
    assert answer.status_code == 422
    body = answer.get_data(as_text=True)
    assert words in body
    assert reason.strip() in body
    assert violation("bg-5.2").state is State.OPEN


def test_an_answer_to_what_somebody_else_just_moved_keeps_the_words_typed(
    judged: int, month: Month, sign_in: SignIn, as_head: Callable[[str], FlaskClient]
) -> None:
    found = violation("bg-5.2")
    first = {"to": "explained", "reason": "Người thứ nhất giải trình", "revision": str(found.revision)}
    second = {**first, "reason": "Người thứ hai đang gõ dở"}
    assert as_head("NCC").post(f"/kiem-tra/vi-pham/{found.id}", data=first).status_code == 302
    answer = as_head("NCC").post(f"/kiem-tra/vi-pham/{found.id}", data=second)
    body = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "vừa được người khác cập nhật" in body
    assert "Người thứ hai đang gõ dở" in body
    assert "Người thứ nhất giải trình" in body
    assert db.session.query(ViolationMove).count() == 1


def test_an_explanation_after_its_day_is_marked_late(
    judged: int, as_head: Callable[[str], FlaskClient], freeze: Callable[[str], Any]
) -> None:
    found = violation("bg-5.2")
    freeze("2024-07-10 08:00")
    head = as_head("NCC")
    assert "Đã quá hạn giải trình (08/07/2024)" in text_of(head.get(f"/kiem-tra/vi-pham/{found.id}"))
    send(head, found, "explained")
    assert "Đã giải trình (sau hạn 08/07/2024)" in text_of(head.get(f"/kiem-tra/vi-pham/{found.id}"))


def test_a_gone_violation_says_so_and_keeps_its_last_figures(judged: int, month: Month, inspector: FlaskClient) -> None:
    pay(month.permit, at("2024-06-07 08:00"))
    later = check().run
    assert later is not None
    page = text_of(inspector.get(f"/kiem-tra/vi-pham/{violation('khp-2c.2', 'LDVL').id}"))
    assert f"Lần kiểm tra {later.id} không còn thấy vi phạm này" in page
    assert "7 / 20" in page
    assert f"Lần kiểm tra {later.id}: đã hết" in page


# --- rules ------------------------------------------------------------------------------------------------------


def test_the_plans_are_shown_with_their_documents_and_dated_figures(inspector: FlaskClient) -> None:
    page = text_of(inspector.get("/kiem-tra/quy-tac"))
    for words in (
        "Kế hoạch cải cách hành chính tỉnh Khánh Hòa năm 2024",
        "3049/QĐ-UBND",
        "tỷ lệ giao dịch thanh toán trực tuyến đạt từ 35%",
        "số …/QĐ-SLĐTBXH (bản chưa ghi số); ngày ghi trên văn bản: …/01/2024",
        "29/02/2023",  # Bắc Giang's impossible date, as printed
        "5 ngày làm việc",
        "Đang áp dụng",
    ):
        assert words in page, words


def test_a_rule_is_read_aloud(inspector: FlaskClient) -> None:
    page = text_of(inspector.get(f"/kiem-tra/quy-tac/{PROVINCE}/khp-2c.2"))
    for words in ("trên 35%", "Vi phạm khi", "online_payment_rate", "từ 35% trở lên"):
        assert words in page or words == "Vi phạm khi", words
    assert inspector.get("/kiem-tra/quy-tac/no-such/khp-2c.2").status_code == 404
    assert inspector.get(f"/kiem-tra/quy-tac/{PROVINCE}/no-such").status_code == 404


def test_a_plan_of_another_year_is_shown_as_not_in_force(inspector: FlaskClient, freeze: Callable[[str], Any]) -> None:
    freeze("2025-03-01 08:00")
    page = text_of(inspector.get("/kiem-tra/quy-tac"))
    assert "Không áp dụng hôm nay" in page
    assert "Đang áp dụng" not in page


def test_a_plan_that_the_site_keeps_on_says_by_which_decision(
    inspector: FlaskClient, freeze: Callable[[str], Any]
) -> None:
    freeze("2025-03-01 08:00")
    packs.adopt(INSPECTOR, DEPARTMENT, date(2024, 1, 1), None, "Công văn 12: tiếp tục thực hiện")
    page = text_of(inspector.get("/kiem-tra/quy-tac"))
    assert "Cơ quan áp dụng từ 01/01/2024 đến khi có quyết định khác: Công văn 12: tiếp tục thực hiện" in page
    assert page.count("Đang áp dụng") == 1
