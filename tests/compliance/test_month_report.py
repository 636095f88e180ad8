"""The report of a month's check: one content as page, PDF, Word and workbook; every number a list; sums that do not
come out are said."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import update

from app.compliance.models import CheckResult, Violation, ViolationState
from app.compliance.queries import ResultRow, UnitRef
from app.organisation.models import AuditEntry, Person, Role
from app.procedures.models import ProcedureVersion
from app.reporting.month.figures import imbalances
from app.reporting.paper_parts import DRAFT, abbreviated
from app.rulepacks.language import JudgedAs, Status
from app.web.extensions import db
from app.web.formats import sentence
from tests.clock import at
from tests.compliance.month import Month
from tests.compliance.pages import text_of
from tests.factories import make_person, receive

ADDRESS = "/kiem-tra/thang/2024-06/bao-cao"
LINKED = re.compile(r'<a href="([^"]+)">(?:<strong>)?([\d.]+)(?:</strong>)?</a>')


def statuses() -> dict[str, int]:
    counted: dict[str, int] = {}
    for (status,) in db.session.query(CheckResult.status):
        counted[status] = counted.get(status, 0) + 1
    return counted


def test_a_closed_month_is_told_alike_on_the_page_in_pdf_word_and_excel(
    closed: int,
    inspector: FlaskClient,
) -> None:
    counts = statuses()
    said = (
        f"{counts['pass']} kết quả đạt, {counts['fail']} vi phạm",
        "Kết quả kiểm tra việc thực hiện các kế hoạch tháng 6/2024",
        f"lần kiểm tra chính thức số {closed}, Trần Thị Thanh Tra chốt ngày",
        "Tháng 5/2024 chưa được kiểm tra",
        "BG-5.1",
    )
    page = text_of(inspector.get(ADDRESS))
    pdf = PdfReader(io.BytesIO(inspector.get(f"{ADDRESS}.pdf").data))
    in_pdf = re.sub(r"\s+", " ", " ".join(each.extract_text() for each in pdf.pages))
    word = docx.Document(io.BytesIO(inspector.get(f"{ADDRESS}.docx").data))
    in_word = re.sub(
        r"\s+", " ", " ".join(each.text or "" for each in word.element.body.iter() if each.tag.endswith("}t"))
    )
    book = openpyxl.load_workbook(io.BytesIO(inspector.get(f"{ADDRESS}.xlsx").data))
    assert book.sheetnames == ["Báo cáo", "Phụ lục I - Vi phạm", "Phụ lục II - Chi tiết"]
    cells = [cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row]
    in_book = " ".join(str(cell) for cell in cells)
    for words in said:
        for where in (page, in_pdf, in_word, in_book):
            assert words in where, (words, where[:2000])
    total = ("Cộng", counts["pass"], counts["fail"])
    assert [row[:3] for row in book["Báo cáo"].iter_rows(values_only=True) if row[0] == "Cộng"][:2] == [total, total]
    assert DRAFT not in page + in_pdf + in_word + in_book
    first = pdf.pages[0].mediabox
    assert (round(float(first.width)), round(float(first.height))) == (595, 842)  # A4, standing; annexes lie
    assert round(float(pdf.pages[-1].mediabox.width)) == 842
    section = word.sections[0]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(each.mm) for each in margins if each is not None] == [20, 15 + 5, 30, 15]
    assert {entry.details["file_format"] for entry in db.session.query(AuditEntry).filter_by(action="export_list")} == {
        "pdf", "docx", "xlsx"
    }  # fmt: skip


def test_what_is_not_closed_is_a_draft_on_every_page(judged: int, inspector: FlaskClient) -> None:
    page = text_of(inspector.get(ADDRESS))
    assert DRAFT in page and "kỳ chưa chốt" in page
    for each in PdfReader(io.BytesIO(inspector.get(f"{ADDRESS}.pdf").data)).pages:
        assert DRAFT in each.extract_text()
    word = docx.Document(io.BytesIO(inspector.get(f"{ADDRESS}.docx").data))
    for header in (word.sections[0].first_page_header, word.sections[0].header):
        assert DRAFT in " ".join(each.text for each in header.paragraphs)


def test_every_number_leads_to_a_list_of_as_many(closed: int, inspector: FlaskClient) -> None:
    numbers = {(address.replace("&amp;", "&"), int(n.replace(".", ""))) for address, n in LINKED.findall(
        inspector.get(ADDRESS).get_data(as_text=True)
    )}  # fmt: skip
    assert len(numbers) > 15
    for address, n in sorted(numbers):
        listed = inspector.get(address).get_data(as_text=True)
        count = re.search(r'table-count">\(([\d.]+)\)', listed)
        assert (int(count[1].replace(".", "")) if count else listed.count('<th scope="row"')) == n, address


def test_answers_and_their_decisions_are_told(closed: int, inspector: FlaskClient) -> None:
    db.session.execute(update(Violation).where(Violation.rule == "bg-5.2").values(state=ViolationState.ACCEPTED))
    db.session.commit()
    book = openpyxl.load_workbook(io.BytesIO(inspector.get(f"{ADDRESS}.xlsx").data))
    rows = list(book["Báo cáo"].iter_rows(values_only=True))
    head = next(n for n, row in enumerate(rows) if row[0] == "Đơn vị" and "Đã chấp nhận giải trình" in row)
    total = next(row for row in rows[head:] if row[0] == "Cộng")
    accepted = db.session.query(Violation).filter_by(rule="bg-5.2").count()
    assert accepted > 0
    assert total[rows[head].index("Đã chấp nhận giải trình")] == accepted
    assert total[len([each for each in rows[head] if each]) - 1] == db.session.query(Violation).count()


def test_the_running_month_s_warnings_stand_in_the_report_of_the_one_before(
    closed: int, month: Month, inspector: FlaskClient, freeze: Callable[[str], Any]
) -> None:
    """A case of NCC's received on 1 July 2024 at 08:00 is due on the 8th: five working days ahead."""
    version = db.session.get_one(ProcedureVersion, month.late.version_id)
    receive(version, at("2024-07-01 08:00"), "Vũ Thị Bảy")
    freeze("2024-07-03 08:00")
    told = text_of(inspector.get(ADDRESS))
    assert "Chưa có số liệu tạm tính của tháng 7/2024" in told
    head = "Đơn vị Chỉ tiêu khó đạt Không còn kịp Hồ sơ sắp quá hạn Việc đến hạn"
    assert f"{head} {month.units['NCC'].name} 0 0 1 0" in told
    freeze("2024-08-03 08:00")
    assert head not in text_of(inspector.get(ADDRESS))


def cell(
    unit: str, status: Status, figures: tuple[int, int] | None = None, judged_as: JudgedAs | None = None
) -> ResultRow:
    n, d = figures or (None, None)
    share = Fraction(n, d) if n is not None and d else None
    place = UnitRef(1, unit, unit, "")
    return ResultRow("p", "r-1", unit, place, status, "", n, d, share, None, None, None, {}, judged_as=judged_as)


def test_a_sum_that_does_not_come_out_is_said_with_what_breaks_it(app: Flask) -> None:
    """7 of 41 for the Department: 7 of 21 and 0 of 20 come to it, 7 of 21 and 0 of 19 do not."""
    whole = cell("SO", Status.FAIL, (7, 41), JudgedAs.WHOLE)
    parts = [cell("LDVL", Status.PASS, (7, 21), JudgedAs.PART), cell("NCC", Status.PASS, (0, 20), JudgedAs.PART)]
    assert list(imbalances([whole, *parts], [], answered=False)) == []
    parts[1] = cell("NCC", Status.PASS, (0, 19), JudgedAs.PART)
    told = list(imbalances([whole, *parts], []))
    with app.test_request_context():
        assert [sentence(each.said) for each in told] == [
            "Kết quả không đạt là 1, vi phạm là 0; không đạt mà không có vi phạm: R-1 SO.",
            "R-1: cả Sở 7 / 41, cộng các đơn vị 7 / 40 (LDVL 7 / 21, NCC 0 / 19).",
        ]
    assert told[1].cells == (("p", "r-1", "SO"), ("p", "r-1", "LDVL"), ("p", "r-1", "NCC"))


def test_a_broken_sum_stands_in_the_report(closed: int, inspector: FlaskClient) -> None:
    assert "Số liệu khớp nhau" in text_of(inspector.get(ADDRESS))
    lost = db.session.query(Violation).filter_by(rule="bg-5.2").first()
    assert lost is not None
    lost.gone_run_id = closed
    db.session.commit()
    page = text_of(inspector.get(ADDRESS))
    assert "không đạt mà không có vi phạm: BG-5.2 NCC" in page and "Số liệu khớp nhau" not in page


def test_a_large_report_is_made_in_a_job(
    closed: int,
    inspector: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from app.reporting.month import making

    monkeypatch.setattr(making, "LARGE", 2)
    page = inspector.get(ADDRESS).get_data(as_text=True)
    assert "Phụ lục III" not in page and "KẾT QUẢ CỦA TỪNG ĐƠN VỊ SO VỚI CHỈ TIÊU" not in page
    started = inspector.post(f"{ADDRESS}.pdf")
    assert started.status_code == 303
    for _turn in range(300):
        answer = inspector.get(started.location).get_data(as_text=True)
        if "/tep" in answer or "Không lập được" in answer:
            break
    made = inspector.get(f"{started.location}/tep")
    assert "SO VỚI CHỈ TIÊU" in "".join(each.extract_text() for each in PdfReader(io.BytesIO(made.data)).pages)


def test_nothing_to_report_and_nobody_else_s_business(
    month: Month,
    sign_in: Callable[[Person], FlaskClient],
    app: Flask,
    tmp_path: Path,
) -> None:
    inspector = sign_in(make_person(month.units["VP"], Role.INSPECTOR))
    answer = inspector.get(ADDRESS)
    assert answer.status_code == 404 and "Tháng 6/2024 chưa được kiểm tra" in answer.get_data(as_text=True)
    assert inspector.get("/kiem-tra/thang/2024-99/bao-cao").status_code == 404
    assert inspector.get("/kiem-tra/thang/bao-cao/abc").status_code == 404
    assert sign_in(make_person(month.units["NCC"], Role.HEAD)).get(ADDRESS).status_code == 403


def test_the_command_writes_it_once(closed: int, app: Flask, tmp_path: Path) -> None:
    from app.reporting.cli import check

    out = tmp_path / "r.docx"
    words = ["report", "--period", "2024-06", "--format", "docx", "--out", str(out)]
    told = app.test_cli_runner().invoke(check, words)
    assert told.exit_code == 0 and docx.Document(str(out)).tables
    again = app.test_cli_runner().invoke(check, words)
    assert again.exit_code == 2


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("Sở Lao động – Thương binh và Xã hội", "SLĐTBXH"),
        ("Sở Nội vụ tỉnh Khánh Hòa", "SNV"),
    ],
)
def test_the_abbreviation_of_a_department(name: str, sign: str) -> None:
    assert abbreviated(name) == sign
