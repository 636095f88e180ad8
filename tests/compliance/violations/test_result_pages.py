"""The matrix of a month, and each of its results explained."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask.testing import FlaskClient

from app.compliance.adoption import repository
from app.core.periods import Period
from tests.compliance.month import BAC_GIANG, DEPARTMENT, PROVINCE, check
from tests.compliance.pages import text_of, violation

# --- the matrix -------------------------------------------------------------------------------------------------
from tests.factories import adopt_packs


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
    cell = re.search(rf'<td[^>]*><a href="/kiem-tra/{judged}/{PROVINCE}/khp-2c.2/LDVL".*?</a>', body, re.S)
    assert cell is not None
    assert "Vi phạm" in cell[0]
    assert "35%" in cell[0]
    assert "Còn thiếu 1 giao dịch" in cell[0]
    assert "i-x" in cell[0]  # its symbol


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
    for address in ("/kiem-tra?run=99999", "/kiem-tra/99999", "/kiem-tra/so-sanh?b=99999"):
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


def test_a_case_is_named_once_at_the_head_of_its_line(judged: int, inspector: FlaskClient) -> None:
    """Its code is the link; the title of its page, which begins with the code, tells only the rest below."""
    body = inspector.get(f"/kiem-tra/{judged}/{BAC_GIANG}/bg-5.2/NCC").get_data(as_text=True)
    head = re.search(
        r'<th scope="row"><a class="code" href="/ho-so/\d+">([^<]+)</a><span class="sub">([^<]+)</span>', body
    )
    assert head is not None
    assert head.groups() == ("H32.12-240603-0002", "Lê Văn Năm")


@pytest.mark.parametrize(
    ("pack", "rule", "unit", "words"),
    [
        (DEPARTMENT, "khd-2c.2", "LDVL", "Đơn vị đạt yêu cầu."),
        (DEPARTMENT, "khd-2c.2", "NCC", "Nhưng có 2 hồ sơ"),
        (DEPARTMENT, "khd-2c.2", "NCC", "Đây chưa phải là vi phạm"),
        (DEPARTMENT, "khd-2c.2", "TTDVVL", "không phát sinh giao dịch nào"),
        (DEPARTMENT, "khd-2c.2", "TTDVVL", "không phải là thiếu dữ liệu"),
        (BAC_GIANG, "bg-5.2", "NCC", "Có 0 trên 1 hồ sơ, tức 0%; yêu cầu từ 100% trở lên."),
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


def test_the_old_run_speaks_in_the_words_it_used(judged: int, inspector: FlaskClient) -> None:
    from app.core import facts
    from app.rulepacks.loader import pack_from_texts

    province = repository.pack(PROVINCE)
    texts = {name: text for name, text in province.texts.items() if name != "tests.yaml"}
    texts["rules.yaml"] = texts["rules.yaml"].replace("Tỷ lệ giao dịch thanh toán trực tuyến", "Tên gọi mới")
    adopt_packs(pack_from_texts(texts, facts.catalogue()), since=date(2024, 6, 1))
    assert "Tên gọi mới" not in explained(inspector, judged, PROVINCE, "khp-2c.2", "LDVL")
    newer = check().run
    assert newer is not None
    assert "Tên gọi mới" in explained(inspector, newer.id, PROVINCE, "khp-2c.2", "LDVL")
