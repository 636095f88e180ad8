"""Workbooks and texts are read as a person reads them, or refused for what they are; no row and no sheet vanishes."""

# ruff: noqa: DTZ001  spreadsheets write times without a zone
from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import MAC_EPOCH, to_excel

from app.cases.importing.formats import BadFile, opened
from app.cases.importing.sheet_scan import scan_sheet
from app.cases.models import Case
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from tests.cases.importing.exports import (
    HEADINGS,
    assert_adds_up,
    csv_file,
    reasons,
    rewritten,
    row,
    take,
    text_of,
    xlsx_file,
)
from tests.clock import at

Sheets = dict[str, Sequence[Sequence[Any]]]


def workbook(folder: Path, sheets: Sheets, change: Callable[[Any], object] = lambda book: None) -> Path:
    """A workbook of several sheets, each with its rows; `change` does to it what the test is about."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for cells in rows:
            sheet.append(list(cells))
    change(book)
    book.save(folder / "danh-sach.xlsx")
    return folder / "danh-sach.xlsx"


def cases() -> dict[str, Case]:
    db.session.expire_all()
    return {case.code: case for case in db.session.query(Case)}


# --- sheets


def test_every_sheet_is_read_and_named(tmp_path: Path, permit: ProcedureVersion) -> None:
    may = [HEADINGS, row(code="T-1")]
    june = [["DANH SÁCH THÁNG 6"], [], HEADINGS, row(code="T-2"), row(code="T-3", status="lạ")]
    report = take(workbook(tmp_path, {"Tháng 5": may, "Tháng 6": june, "Ghi chú": [["Lập ngày 1/7"]]}))
    assert set(cases()) == {"T-1", "T-2"}
    assert report.rows == 3
    assert_adds_up(report)
    (refused,) = report.refused
    assert refused.row == 5
    assert refused.reason.startswith("Trang tính “Tháng 6”: ")
    assert "Đã đọc trang tính: “Tháng 5”, “Tháng 6”." in report.notices()
    assert "Không đọc trang tính không có dòng tiêu đề: “Ghi chú”." in report.notices()


def test_columns_may_stand_elsewhere_in_the_next_sheet(tmp_path: Path, permit: ProcedureVersion) -> None:
    turned = [list(reversed(HEADINGS)), list(reversed(row(code="T-2")))]
    take(workbook(tmp_path, {"A": [HEADINGS, row(code="T-1")], "B": turned}))
    assert {case.applicant for case in cases().values()} == {"Trần Văn Bình"}
    assert len(cases()) == 2


def test_a_hidden_sheet_is_not_read_and_is_named(tmp_path: Path, permit: ProcedureVersion) -> None:
    sheets: Sheets = {"Tháng 5": [HEADINGS, row(code="T-1")], "Nháp": [HEADINGS, row(code="T-2")]}

    def hide(book: Any) -> None:
        book["Nháp"].sheet_state = "hidden"

    report = take(workbook(tmp_path, sheets, hide))
    assert set(cases()) == {"T-1"}
    assert "Không đọc trang tính đang ẩn: “Nháp”." in report.notices()


def test_a_file_of_hidden_sheets_alone_says_so(tmp_path: Path, permit: ProcedureVersion) -> None:
    sheets: Sheets = {"Bìa": [], "Nháp": [HEADINGS, row()]}

    def hide(book: Any) -> None:
        book["Nháp"].sheet_state = "veryHidden"

    with pytest.raises(BadFile, match=r"chỉ có trang tính đang ẩn \(Nháp\)"):
        take(workbook(tmp_path, sheets, hide))


def test_hidden_rows_are_read_and_told(tmp_path: Path, permit: ProcedureVersion) -> None:
    def hide(book: Any) -> None:
        book["A"].row_dimensions[3].hidden = True

    report = take(workbook(tmp_path, {"A": [HEADINGS, row(code="T-1"), row(code="T-2")]}, hide))
    assert set(cases()) == {"T-1", "T-2"}
    assert "Trang tính “A” có 1 dòng đang ẩn (dòng 3): vẫn được đọc." in report.notices()


# --- cells that say something for others


def test_a_cell_merged_over_rows_says_the_same_in_each(tmp_path: Path, permit: ProcedureVersion) -> None:
    rows = [HEADINGS, row(code="T-1"), row(code="T-2", unit=None, promised=None), row(code="T-3", unit=None)]

    def merge(book: Any) -> None:
        book["A"].merge_cells("D2:D4")
        book["A"].merge_cells("F2:F3")

    take(workbook(tmp_path, {"A": rows}, merge))
    assert {case.unit_id for case in cases().values()} == {permit.unit_id}
    assert cases()["T-2"].due_at == cases()["T-1"].due_at == at("2024-06-10 23:59:59")


def test_a_header_of_two_rows_is_read_as_one(tmp_path: Path, permit: ProcedureVersion) -> None:
    above = [heading if not heading.startswith("Ngày") else None for heading in HEADINGS]
    above[HEADINGS.index("Ngày tiếp nhận")] = "Thời gian"
    below = [heading if heading.startswith("Ngày") else None for heading in HEADINGS]
    take(workbook(tmp_path, {"A": [above, below, row(code="T-1")]}))
    assert cases()["T-1"].received_at == at("2024-06-03 08:30")


def test_a_merged_header_of_two_rows_is_read_as_one(tmp_path: Path, permit: ProcedureVersion) -> None:
    above = [heading if not heading.startswith("Ngày") else None for heading in HEADINGS]
    below = [heading if heading.startswith("Ngày") else None for heading in HEADINGS]

    def merge(book: Any) -> None:
        for position, heading in enumerate(HEADINGS):
            if not heading.startswith("Ngày"):
                letter = chr(ord("A") + position)
                book["A"].merge_cells(f"{letter}1:{letter}2")

    take(workbook(tmp_path, {"A": [above, below, row(code="T-1")]}, merge))
    assert set(cases()) == {"T-1"}


@pytest.mark.parametrize("field", ["code", "received", "promised", "status"])
def test_a_formula_that_nobody_worked_out_is_refused(tmp_path: Path, permit: ProcedureVersion, field: str) -> None:
    path = xlsx_file(tmp_path, HEADINGS, row(code="T-1"), row(**{"code": "T-2", field: '="T-"&"2"'}))
    report = take(path)
    assert set(cases()) == {"T-1"}
    assert [reason for _row, _column, reason in reasons(report)] == [
        "Ô là công thức chưa có giá trị. Hãy mở tệp bằng Excel, lưu lại rồi nhập."
    ]


def test_a_formula_that_gave_an_empty_text_is_an_empty_cell(tmp_path: Path, permit: ProcedureVersion) -> None:
    path = xlsx_file(tmp_path, HEADINGS, row(code="T-1", ended="THE-END"))

    def change(name: str, part: bytes) -> bytes:
        if not name.startswith("xl/worksheets"):
            return part
        return re.sub(rb'<c r="G2"[^>]*>.*?</c>', b'<c r="G2" t="str"><f>IF(1,"")</f><v></v></c>', part)

    report = take(rewritten(path, change))
    assert list(report.refused) == []
    assert cases()["T-1"].ended_at is None


def test_the_escapes_of_the_writing_program_are_undone(tmp_path: Path, permit: ProcedureVersion) -> None:
    path = xlsx_file(
        tmp_path,
        HEADINGS,
        row(code="T-1_x000D_", applicant="Người_x000D_\nThử _x005F_x0041_", status="Đang xử lý_x000d_"),
    )
    take(path)
    assert cases()["T-1"].applicant == "Người Thử _x0041_"


# --- days


def test_numbers_of_a_1904_workbook_mean_its_own_days(tmp_path: Path, permit: ProcedureVersion) -> None:
    received, promised = (to_excel(day, MAC_EPOCH) for day in (datetime(2024, 6, 3, 8, 30), datetime(2024, 6, 10)))

    def old_macintosh(book: Any) -> None:
        book.epoch = MAC_EPOCH

    rows = [HEADINGS, row(code="T-1", received=received, promised=promised)]
    take(workbook(tmp_path, {"A": rows}, old_macintosh))
    assert cases()["T-1"].received_at == at("2024-06-03 08:30")
    assert cases()["T-1"].due_at == at("2024-06-10 23:59:59")


def test_a_column_whose_days_may_be_months_is_not_guessed_at(tmp_path: Path, permit: ProcedureVersion) -> None:
    report = take(
        xlsx_file(
            tmp_path,
            HEADINGS,
            row(code="T-1", received=datetime(2024, 3, 6, 8, 30), promised="20/06/2024"),
            row(code="T-2", received="13/06/2024 08:30", promised="20/06/2024"),
        )
    )
    assert set(cases()) == {"T-2"}
    ((number, column, reason),) = reasons(report)
    assert (number, column) == (2, "Ngày tiếp nhận")
    assert "bảng tính ghi 06/03/2024, nhưng có thể là 03/06/2024" in reason


@pytest.mark.parametrize(
    "other",
    [datetime(2024, 6, 13, 8, 30), "04/06/2024 08:30"],
    ids=["a date after the twelfth", "a text before the thirteenth"],
)
def test_one_day_that_cannot_be_a_month_clears_the_column(
    tmp_path: Path, permit: ProcedureVersion, other: object
) -> None:
    rows = [row(code="T-1", received=datetime(2024, 6, 3, 8, 30), promised="20/06/2024")]
    rows += [row(code="T-2", received="13/06/2024 08:30", promised="20/06/2024")]
    take(xlsx_file(tmp_path, HEADINGS, *rows, row(code="T-3", received=other, promised="20/06/2024")))
    assert set(cases()) == {"T-1", "T-2", "T-3"}


# --- rows that are no cases


def test_totals_headings_and_signatures_are_passed_over_and_told(tmp_path: Path, permit: ProcedureVersion) -> None:
    signatures: list[Any] = [None] * len(HEADINGS)
    signatures[0], signatures[4] = "Người lập biểu", "Thủ trưởng đơn vị"
    report = take(
        xlsx_file(
            tmp_path,
            HEADINGS,
            row(code="T-1"),
            HEADINGS,
            row(code="T-2"),
            ["Tổng cộng: 2 hồ sơ"],
            ["", "Cộng", 2],
            signatures,
            row(code="", applicant="Vũ Văn Ba"),
        )
    )
    assert report.rows == 3
    assert_adds_up(report)
    assert [number for number, _column, _reason in reasons(report)] == [8]  # a case without a code is no footer
    assert "4 dòng không phải hồ sơ (tiêu đề nhắc lại, dòng tổng, chữ ký) (dòng 3, 5, 6, 7)." in report.notices()


# --- identities


@pytest.mark.parametrize("code", ["2.40603E+13", "2,40603e13", 24060300000000190.0, 2406030000000019])
def test_a_code_of_which_a_spreadsheet_lost_digits_is_refused(
    tmp_path: Path, permit: ProcedureVersion, code: object
) -> None:
    report = take(xlsx_file(tmp_path, HEADINGS, row(code=code)))
    assert cases() == {}
    assert "đã bị bảng tính làm tròn" in reasons(report)[0][2]


@pytest.mark.parametrize(("phone", "kept"), [(912345678, "0912345678"), ("9.12345678E+08", "0912345678")])
def test_a_number_that_lost_nothing_is_taken(
    tmp_path: Path, permit: ProcedureVersion, phone: object, kept: str
) -> None:
    take(xlsx_file(tmp_path, HEADINGS, row(code=24060300000019, phone=phone)))
    assert cases()["24060300000019"].phone == kept


def test_a_phone_that_lost_digits_is_refused(tmp_path: Path, permit: ProcedureVersion) -> None:
    report = take(csv_file(tmp_path, row(phone="9,00E+08")))
    assert cases() == {}
    assert reasons(report)[0][1] == "Số điện thoại"


CODE = "H32.12-240603-0001"
SPELLINGS = [
    "H32.12-240603-0001\u200b",
    "\ufeffH32.12-240603-0001",
    "H32.12\u2011240603\u20110001",
    "H32.12–240603–0001",
    "h32.12-240603-0001",
    "H32.12 -240603-0001",
    "\u041d32.12-240603-0001",
    "Ｈ32.12-240603-0001",
]


def test_one_code_however_it_is_written_is_one_case(tmp_path: Path, permit: ProcedureVersion) -> None:
    report = take(csv_file(tmp_path, *(row(code=code) for code in [CODE, *SPELLINGS])))
    assert list(cases()) == [CODE]
    assert report.rows == 1 + len(SPELLINGS)
    assert_adds_up(report)
    assert any("6 dòng viết mã khác với hồ sơ đã có" in notice for notice in report.notices())


@pytest.mark.parametrize("code", SPELLINGS)
def test_a_later_file_finds_the_case_by_another_spelling(tmp_path: Path, permit: ProcedureVersion, code: str) -> None:
    take(csv_file(tmp_path, row(code=code), name="mot.csv"))
    (written,) = cases()
    take(csv_file(tmp_path, row(code=CODE, status="Đã có kết quả", ended="05/06/2024"), name="hai.csv"))
    assert list(cases()) == [written]
    assert cases()[written].result_at is not None


def test_codes_that_differ_otherwise_are_different_cases(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, *(row(code=code) for code in ("T-1", "T-11", "T1-1", "Đ-1", "D-1"))))
    assert set(cases()) == {"T-1", "T-11", "T1-1", "Đ-1", "D-1"}


# --- letters


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("NguyÔn V¨n Thö", "Nguyễn Văn Thử"),
        ("Nguyeãn Vaên Thöû", "Nguyễn Văn Thử"),
        ("Nguyá»…n VÄƒn Thá»\xad", "Nguyễn Văn Thử"),
        ("TrÇn ThÞ H\xad¬ng", "Trần Thị Hương"),
    ],
    ids=["TCVN3", "VNI", "UTF-8 read as Latin", "TCVN3 with a soft hyphen"],
)
def test_names_in_old_letters_wait_for_a_person_to_agree(
    tmp_path: Path, permit: ProcedureVersion, name: str, meant: str
) -> None:
    path = xlsx_file(tmp_path, HEADINGS, row(code="T-1", applicant=name), row(code="T-2"))
    report = take(path)
    assert set(cases()) == {"T-2"}
    assert report.mendable == 1
    assert f"đúng ra là “{meant}”" in reasons(report)[0][2]
    report = take(path, mends=True)
    assert cases()["T-1"].applicant == meant
    assert any("đã đọc lại theo Unicode" in notice for notice in report.notices())


def test_a_name_that_lost_its_marks_is_refused_and_cannot_be_put_right(
    tmp_path: Path, permit: ProcedureVersion
) -> None:
    report = take(csv_file(tmp_path, row(applicant="Nguy?n V?n Th?")), mends=True)
    assert cases() == {}
    assert report.mendable == 0
    assert "đã mất dấu" in reasons(report)[0][2]


@pytest.mark.parametrize("name", ["Müller Anna", "José García", "Nguyễn Thị Thuý Quỳnh", "H'Hen Niê", "Ðỗ Thị Thử"])
def test_names_that_are_sound_or_foreign_are_kept_as_written(
    tmp_path: Path, permit: ProcedureVersion, name: str
) -> None:
    take(csv_file(tmp_path, row(applicant=name)))
    (case,) = cases().values()
    assert case.applicant == name


def test_the_icelandic_letter_is_read_as_the_one_it_looks_like(tmp_path: Path, permit: ProcedureVersion) -> None:
    take(csv_file(tmp_path, row(status="Ðang xử lý", applicant="Ðỗ Thị Thử")))
    (case,) = cases().values()
    assert "do thi thu" in case.search_text


def test_one_letter_cut_in_two_costs_its_row_alone(tmp_path: Path, permit: ProcedureVersion) -> None:
    whole = text_of([row(code="T-1"), row(code="T-2", applicant="Lê Thị X\u1ebf"), row(code="T-3")]).encode()
    path = tmp_path / "cut.csv"
    path.write_bytes(whole.replace("X\u1ebf".encode(), b"X\xe1\xba"))
    report = take(path)
    assert set(cases()) == {"T-1", "T-3"}
    assert "chữ đã hỏng" in reasons(report)[0][2]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_read(tmp_path: Path, permit: ProcedureVersion, encoding: str) -> None:
    path = tmp_path / "rong.csv"
    path.write_bytes(text_of([row(code="T-1")]).encode(encoding))
    take(path)
    assert cases()["T-1"].applicant == "Trần Văn Bình"


# --- files that are something else


@pytest.mark.parametrize(
    "start",
    ["<div><table><tr><td>Số hồ sơ", "<!-- xuất --><table>", "<html>", "\n <TABLE border=1>", "<?xml version='1.0'?>"],
)
@pytest.mark.parametrize("name", ["a.xls", "a.csv"])
def test_a_page_named_like_a_spreadsheet_is_named_for_what_it_is(tmp_path: Path, start: str, name: str) -> None:
    (tmp_path / name).write_text(start + "</td></tr></table></div>", encoding="utf-8")
    with pytest.raises(BadFile, match="là trang HTML hoặc XML"), opened(tmp_path / name):
        pass


def test_a_saved_web_page_is_named_for_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_text("MIME-Version: 1.0\nContent-Type: multipart/related\n\n<html>", encoding="utf-8")
    with pytest.raises(BadFile, match="MHTML"), opened(tmp_path / "a.xls"):
        pass


def test_a_strict_workbook_is_refused_for_what_it_is(tmp_path: Path) -> None:
    path = rewritten(
        xlsx_file(tmp_path, HEADINGS, row()),
        lambda _name, part: part.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        ),
    )
    with pytest.raises(BadFile, match="Strict Open XML"), opened(path):
        pass


def test_the_scan_finds_the_same_however_the_sheet_is_cut_into_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    from app.cases.importing import sheet_scan

    rows = b"".join(
        b'<row r="%d"%s><c r="A%d" t="s"><v>1</v></c><c r="B%d">%s</c></row>'
        % (n, b' hidden="1"' if n % 7 == 0 else b"", n, n, b"<f>A1</f><v/>" if n % 5 == 0 else b"<f>A1</f><v>3</v>")
        for n in range(1, 200)
    )
    sheet = (
        b"<worksheet><sheetData>"
        + rows
        + b'</sheetData><mergeCells><mergeCell ref="AA3:AA9"/></mergeCells></worksheet>'
    )
    whole = scan_sheet(io.BytesIO(sheet))
    assert whole.hidden_count == 28
    assert list(whole.uncomputed) == list(range(5, 200, 5))
    assert whole.uncomputed[5] == [1]
    assert whole.merges == [(3, 26, 9)]
    for size in (1, 17, 64, 1000):
        monkeypatch.setattr(sheet_scan, "CHUNK", size)
        parts = scan_sheet(io.BytesIO(sheet))
        assert (parts.hidden_count, dict(parts.uncomputed)) == (whole.hidden_count, dict(whole.uncomputed))
        assert set(parts.merges) == set(whole.merges)
