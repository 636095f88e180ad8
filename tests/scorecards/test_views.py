"""The score table's pages: the tree, scoring in place, who may see what, loading, and live figures beside it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.compliance.runs import service as checks
from app.core import facts
from app.core.periods import Period
from app.organisation.models import Person, Role, Unit
from app.reporting.registered import bearings
from app.scorecards import queries
from app.scorecards.models import YearResult
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE, adopt_packs, make_person, make_version
from tests.scorecards.score_samples import ANNEX, CODE, PLAN, criterion, line, load_real, score_department, table_of

TABLE = "/ke-hoach/bang-diem"
SignIn = Callable[[Person], FlaskClient]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return score_department()


@pytest.fixture
def inspector(units: dict[str, Unit], sign_in: SignIn) -> FlaskClient:
    return sign_in(make_person(units["VP"], Role.INSPECTOR))


def address(number: str, rest: str = "") -> str:
    return f"{TABLE}/{criterion(number).id}{rest}"


def words(answer: Any) -> str:
    """What a reader sees of a page."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def given(**changes: str) -> dict[str, str]:
    return {"score": "1,5", "evidence": "Báo cáo 12/BC", "revision": "1"} | changes


def test_the_table_shows_every_criterion_and_every_finding(inspector: FlaskClient) -> None:
    load_real()
    page = words(inspector.get(TABLE))
    for number in queries.criteria_by_number(CODE):
        assert f" {number}. " in page
    assert "Số liệu trong văn bản không khớp (13)" in page
    assert "Tiêu chí 6.1, mục tiêu: ghi 3, nhưng tổng các tiêu chí thành phần là 4. (dòng 45 của văn bản)" in page
    assert "Toàn bảng, điểm năm trước: lời văn ghi 89,42, nhưng các lĩnh vực trong bảng cộng lại 89,43." in page
    assert "Xếp thứ 11/22" in page and "từ thứ 10 trở lên" in page


def test_before_any_table_is_loaded_the_page_says_so(inspector: FlaskClient) -> None:
    assert "Chưa có bảng điểm nào" in words(inspector.get(TABLE))
    assert inspector.get(f"{TABLE}.csv").status_code == 404


def test_the_list_as_filtered_is_exported(inspector: FlaskClient) -> None:
    load_real()
    rows = list(csv.reader(io.StringIO(inspector.get(f"{TABLE}.csv?unit=GDNN").text.lstrip("\ufeff"))))
    assert [row[0] for row in rows] == ["STT", "7", "7.2", "7.3"]
    assert rows[2][2:5] == ["4", "3,33", "4"]


def test_scoring_opens_in_the_row_s_place(inspector: FlaskClient) -> None:
    load_real()
    number = criterion("6.1.2").id
    part = inspector.get(address("6.1.2", "/cham"), headers=HTMX).text
    assert part.lstrip().startswith(f'<tr id="criterion-{number}"')
    assert f'<tr id="score-{number}">' in part and "<html" not in part


def test_after_scoring_the_table_is_filtered_as_before(inspector: FlaskClient) -> None:
    load_real()
    page = unescape(inspector.get(f"{TABLE}?unit=KHTC").text)
    scoring = address("6.1.2", f"/cham?table={CODE}&unit=KHTC")
    assert f'hx-get="{scoring}"' in page
    assert inspector.post(scoring, data=given()).headers["Location"] == f"{TABLE}?table={CODE}&unit=KHTC"


def test_without_scripts_scoring_is_a_page_of_its_own(inspector: FlaskClient) -> None:
    load_real()
    page = inspector.get(address("6.1.2", "/cham")).text
    assert "<html" in page and 'name="evidence"' in page


def test_a_score_is_taken_and_the_table_shows_it_with_its_gap(inspector: FlaskClient) -> None:
    load_real()
    answer = inspector.post(address("6.1.2", "/cham"), data=given(), follow_redirects=True)
    assert "Đã ghi điểm tự chấm 1,5 cho tiêu chí 6.1.2." in words(answer)
    assert criterion("6.1.2").self_score == 150
    assert "Còn thiếu 0,5 điểm" in words(inspector.get(address("6.1.2")))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"score": "2.5"}, "Điểm “2.5” viết dấu chấm; hãy viết dấu phẩy thập phân: “2,5”."),
        ({"score": "3"}, "Điểm tự chấm 3 cao hơn điểm tối đa 2 của tiêu chí."),
        ({"score": " "}, "Chưa ghi điểm."),
        ({"evidence": ""}, "Không được để trống."),
        ({"evidence": "  "}, "Hãy ghi tài liệu kiểm chứng"),
        ({"revision": "7"}, "vừa được người khác thay đổi"),
    ],
)
def test_a_refused_score_stands_on_the_form_with_what_was_typed(
    inspector: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    load_real()
    answer = inspector.post(address("6.1.2", "/cham"), data=given(**changes), headers=HTMX)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == f"#score-{criterion('6.1.2').id}"
    assert sentence in words(answer)
    assert f'value="{given(**changes)["score"]}"' in answer.text
    assert criterion("6.1.2").self_score is None


def test_a_head_sees_and_scores_only_what_their_unit_leads(units: dict[str, Unit], sign_in: SignIn) -> None:
    load_real()
    head = sign_in(make_person(units["GDNN"], Role.HEAD))
    page = words(head.get(TABLE))
    assert "7.3. Tỷ lệ TTHC" in page and "7.1." not in page and "6.1.2." not in page
    assert head.post(address("7.3", "/cham"), data=given()).status_code == 302
    for rest in ("", "/cham", "/so-lieu"):
        assert head.get(address("7.1", rest)).status_code == 404
    assert head.post(address("7.1", "/cham"), data=given()).status_code == 404
    assert criterion("7.1").self_score is None


def test_desk_staff_and_strangers_see_no_table(units: dict[str, Unit], sign_in: SignIn, client: FlaskClient) -> None:
    load_real()
    assert client.get(TABLE).status_code == 302
    assert sign_in(make_person(units["MC"], Role.DESK)).get(TABLE).status_code == 403


@pytest.mark.parametrize("page", ["/ket-qua", "/nap"])
def test_heads_neither_load_nor_record_results(units: dict[str, Unit], sign_in: SignIn, page: str) -> None:
    load_real()
    head = sign_in(make_person(units["VP"], Role.HEAD))
    assert head.get(TABLE + page).status_code == 403
    assert head.post(address("7.2", "/chu-tri"), data={"unit": units["VP"].id}).status_code == 403


def test_a_lead_can_be_mapped_by_hand(units: dict[str, Unit], inspector: FlaskClient) -> None:
    load_real()
    assert "Không có đơn vị “Trung tâm Dịch vụ việc”" in words(inspector.get(address("7.2")))
    data = {"unit": str(units["TTDVVL"].id), "revision": "1"}
    assert inspector.post(address("7.2", "/chu-tri"), data=data).status_code == 302
    assert criterion("7.2").lead_unit_id == units["TTDVVL"].id


def test_the_year_s_result_is_recorded(inspector: FlaskClient) -> None:
    load_real()
    data = {"score": "91,5", "rank": "10", "ranked": "22", "source": "Quyết định 9/QĐ-UBND"}
    assert "Xếp thứ 10/22" in words(inspector.post(f"{TABLE}/ket-qua", data=data, follow_redirects=True))
    assert db.session.query(YearResult).filter_by(year=2024).one().score == 9150


def test_a_result_that_cannot_be_stays_on_the_form(inspector: FlaskClient) -> None:
    load_real()
    data = {"score": "91,5", "rank": "mười", "ranked": "22", "source": "QĐ"}
    answer = inspector.post(f"{TABLE}/ket-qua", data=data)
    assert answer.status_code == 422 and "Hãy ghi một số nguyên." in words(answer)
    assert db.session.query(YearResult).filter_by(year=2024).count() == 0


def files(annex: bytes, text: bytes | None = None, action: str = "load") -> dict[str, Any]:
    data: dict[str, Any] = {"code": CODE, "action": action, "annex": (io.BytesIO(annex), "phu-luc.txt")}
    return data | ({"text": (io.BytesIO(text), "ke-hoach.txt")} if text is not None else {})


def test_a_table_is_tried_and_then_loaded_from_its_documents(inspector: FlaskClient) -> None:
    tried = inspector.post(f"{TABLE}/nap", data=files(ANNEX.read_bytes(), PLAN.read_bytes(), "try"))
    assert tried.status_code == 200 and "Đọc thử: chưa ghi gì" in words(tried)
    assert "Số liệu trong văn bản không khớp (13)" in words(tried)
    assert queries.tables(EVERYWHERE) == []
    done = inspector.post(f"{TABLE}/nap", data=files(ANNEX.read_bytes(), PLAN.read_bytes()), follow_redirects=True)
    assert "32 tiêu chí mới" in words(done)
    assert queries.tables(EVERYWHERE) == [(CODE, 2024)]


def test_a_document_with_a_row_cut_in_two_is_refused_and_nothing_is_half_loaded(inspector: FlaskClient) -> None:
    cut = table_of(line("1"), "1.1\tTiêu chí\t3", "\t2\t3\tLàm\tVP\t\t", line("1.2"))
    answer = inspector.post(f"{TABLE}/nap", data=files(cut.encode()))
    assert answer.status_code == 422
    assert "Dòng 5 và 6: một dòng của bảng bị cắt làm đôi" in words(answer)
    assert queries.tables(EVERYWHERE) == []


def test_a_plan_s_text_that_cannot_be_read_refuses_the_table_too(inspector: FlaskClient) -> None:
    answer = inspector.post(f"{TABLE}/nap", data=files(ANNEX.read_bytes(), b"khong co gi"))
    assert answer.status_code == 422 and "Không thấy câu nào" in words(answer)
    assert queries.tables(EVERYWHERE) == []


# Live figures


def test_figures_of_the_latest_check_are_offered_as_evidence(units: dict[str, Unit], inspector: FlaskClient) -> None:
    load_real()
    make_version(units["LDVL"], fee=600_000, eligible=True, deployed_from=None)
    make_version(units["LDVL"], fee=600_000, eligible=True)
    adopt_packs()
    checks.run_check(CLERK, Period.parse("2024-06"))
    page = inspector.get(address("7.3", "/so-lieu"))
    assert "0 % (0/2)" in words(page) and "Tháng 6/2024" in words(page)
    link = unescape(re.search(r'href="([^"]*evidence=[^"]*)"', page.text)[1])  # type: ignore[index]
    assert "0 % (0/2), Tháng 6/2024 (lần kiểm tra số" in words(inspector.get(link))
    assert criterion("7.3").self_score is None


def test_without_a_check_the_page_says_there_are_no_figures(inspector: FlaskClient) -> None:
    load_real()
    assert "Chưa có lần kiểm tra nào trong năm" in words(inspector.get(address("7.3", "/so-lieu")))


def test_a_criterion_that_no_figure_bears_on_is_offered_nothing(inspector: FlaskClient) -> None:
    load_real()
    assert inspector.get(address("5", "/so-lieu")).text.strip() == ""


def test_every_figure_bears_on_a_criterion_of_the_real_table(units: dict[str, Unit]) -> None:
    load_real()
    known = queries.criteria_by_number(CODE)
    assert all(bearing.criterion in known for bearing in bearings() if bearing.table == CODE)


def test_every_figure_names_fields_that_its_kind_of_fact_has(app: Any) -> None:
    known = facts.catalogue()
    named = [(bearing, known[bearing.fact]) for bearing in bearings() if bearing.fact in known]
    assert {"timeliness", "digitisation", "catalogue_payment"} <= {bearing.fact for bearing, _kind in named}
    for bearing, kind in named:
        assert kind.field(bearing.count), bearing
        assert bearing.among is None or kind.field(bearing.among), bearing
