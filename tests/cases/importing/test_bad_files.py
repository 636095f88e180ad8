"""Siblings of the bad files that people have sent, kind by kind: what a person reads in each, worked out by hand.

Only the readers are asked, without a database; one file of each kind goes through the pages in `test_views.py`.
"""

# ruff: noqa: DTZ001  spreadsheets write times without a zone
from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl.utils.datetime import MAC_EPOCH, to_excel

from app.cases.importing.formats import BadFile, opened
from app.cases.importing.header import find_tables
from app.cases.importing.mapping import find_mapping
from app.cases.importing.row_parsing import ParsedRow, RowReader
from app.core.errors import DomainError
from tests.cases.importing.exports import HEADINGS, NOWHERE, only, rewritten, row, sheet, text_of

IGATE = find_mapping("igate", NOWHERE)
FILES = Path(__file__).parent / "files"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2024, 7, 1, 1, tzinfo=UTC)

Cells = Sequence[Any]


@dataclass
class Reading:
    """What was read of a file: its cases, the numbers of rows passed over, and of refused ones with their reason."""

    cases: list[ParsedRow] = field(default_factory=list)
    passed: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)

    @property
    def codes(self) -> list[str]:
        return [said.code for said in self.cases]

    def days(self, name: str = "received") -> list[str]:
        """As the site's clock tells them."""
        moments = (getattr(said, name) for said in self.cases)
        return [f"{each.at.astimezone(ZONE):%d/%m/%Y %H:%M}" if each else "" for each in moments]


def read(path: Path, name: str = "") -> Reading:
    found = Reading()
    with opened(path, name) as source:
        for table in find_tables(source, IGATE, name or path.name):
            reader = RowReader(IGATE, table, ZONE, NOW)
            for number, cells in table.rows:
                if not any(cell not in (None, "") for cell in cells):
                    continue
                if reader.passes_over(cells):
                    found.passed.append(number)
                    continue
                try:
                    found.cases.append(reader.read(cells)[0])
                except DomainError as error:
                    found.refused.append((number, str(error)))
    return found


def refusal(path: Path, name: str = "") -> str:
    with pytest.raises(BadFile) as caught:
        read(path, name)
    return str(caught.value)


# --- workbooks that count their days from 1904


def macintosh(book: Any) -> None:
    book.epoch = MAC_EPOCH


def days_of_1904(day: datetime) -> float:
    return float(to_excel(day, MAC_EPOCH))


MORNING, PROMISED = datetime(2024, 6, 3, 8, 30), datetime(2024, 6, 10)
JUNE = ("03/06/2024 08:30", "10/06/2024 00:00")


@pytest.mark.parametrize(
    ("received", "promised"),
    [
        (MORNING, PROMISED),
        (days_of_1904(MORNING), int(days_of_1904(PROMISED))),
        (MORNING, int(days_of_1904(PROMISED))),
        ("03/06/2024 08:30", days_of_1904(PROMISED)),
        (days_of_1904(MORNING), "2024-06-10"),
    ],
    ids=["dates", "numbers", "a date and a number", "a text and a number", "a number and a text"],
)
def test_days_of_a_1904_workbook(tmp_path: Path, received: object, promised: object) -> None:
    found = read(sheet(tmp_path, HEADINGS, row(received=received, promised=promised), change=macintosh))
    assert (*found.days(), *found.days("promised")) == JUNE


@pytest.mark.parametrize("told", [b'date1904="true"', b"date1904='1'"])
def test_a_1904_workbook_however_its_writer_says_so(tmp_path: Path, told: bytes) -> None:
    path = sheet(tmp_path, HEADINGS, row(received=MORNING, promised=PROMISED), change=macintosh)
    fresh = rewritten(path, lambda _name, part: re.sub(rb'date1904="[^"]*"', told, part))
    assert told in zipfile.ZipFile(fresh).read("xl/workbook.xml")
    assert (*read(fresh).days(), *read(fresh).days("promised")) == JUNE


def test_a_number_of_1904_in_a_workbook_of_1900_is_another_day(tmp_path: Path) -> None:
    """45446 is 03/06/2024 from 1900; from 1904 the same number would be four years and a day later."""
    found = read(sheet(tmp_path, HEADINGS, row(received=45446, promised="10/06/2024")))
    assert found.days() == ["03/06/2024 00:00"]


def test_an_old_xls_of_1904(tmp_path: Path) -> None:
    """Its record DATEMODE says so; the days it then means are 1,462 later, in 2028: after today, so refused."""
    at_1900 = (FILES / "igate.xls").read_bytes()
    assert at_1900.count(b"\x22\x00\x02\x00\x00\x00") == 1
    path = tmp_path / "cu.xls"
    path.write_bytes(at_1900.replace(b"\x22\x00\x02\x00\x00\x00", b"\x22\x00\x02\x00\x01\x00"))
    assert read(FILES / "igate.xls").days()[0] == "03/06/2024 08:30"
    with opened(path) as source:
        table = find_tables(source, IGATE, path.name).first
        first = next(table.rows)[1][table.columns["received_at"][0][1][0]]
    assert first == datetime(2024, 6, 3, 8, 30) + timedelta(days=1462)


# --- workbooks of the strict kind

TRANSITIONAL = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/main"


def strict(name: str, part: bytes) -> bytes:
    return part.replace(TRANSITIONAL, STRICT)


def strict_with_prefixes(name: str, part: bytes) -> bytes:
    if name != "xl/workbook.xml":
        return strict(name, part)
    part = part.replace(b"xmlns=", b"xmlns:x=")
    return re.sub(rb"<(/?)(\w+)", rb"<\1x:\2", strict(name, part))


def strict_and_says_so(name: str, part: bytes) -> bytes:
    return strict(name, part).replace(b"<workbook ", b'<workbook conformance="strict" ')


def strict_with_its_relations(name: str, part: bytes) -> bytes:
    return strict(name, part).replace(
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
    )


@pytest.mark.parametrize("kind", [strict, strict_with_prefixes, strict_and_says_so, strict_with_its_relations])
@pytest.mark.parametrize("name", ["danh-sach.xlsx", "danh-sach.xlsm", "không đuôi"])
def test_strict_workbooks(tmp_path: Path, kind: Callable[[str, bytes], bytes], name: str) -> None:
    said = refusal(rewritten(sheet(tmp_path, HEADINGS, row()), kind), name)
    assert said.startswith(f"Tệp “{name}”")
    assert "Strict Open XML" in said
    assert "lưu lại thành" in said, "what to do"


def test_a_plain_workbook_that_speaks_of_the_strict_kind(tmp_path: Path) -> None:
    assert read(sheet(tmp_path, HEADINGS, row(applicant=STRICT.decode()))).codes == ["H32.12-240603-0001"]


# --- web pages named like workbooks

EXCELS = 'MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related; boundary="----=_N"\r\n\r\n'
BROWSERS = (
    "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://motcua.example/ho-so\r\n"
    "Subject: =?utf-8?Q?Danh_s=C3=A1ch?=\r\nDate: Mon, 3 Jun 2024 08:30:00 +0700\r\nMIME-Version: 1.0\r\n"
)
EXPLORERS = "From: \r\nSubject: Danh\r\n\tsach\r\nDate: Mon, 3 Jun 2024\r\nMIME-Version: 1.0\r\n"
ENGINES = "X-Generator: report\nmime-version: 1.0\ncontent-type: multipart/related\n"


@pytest.mark.parametrize("start", [EXCELS, BROWSERS, EXPLORERS, ENGINES, "\ufeff" + EXCELS])
@pytest.mark.parametrize("name", ["a.xls", "a.xlsx", "a.csv"])
def test_web_pages_saved_whole(tmp_path: Path, start: str, name: str) -> None:
    (tmp_path / name).write_text(start + "------=_N\n<html><table><tr><td>Số hồ sơ</td></tr></table></html>")
    assert "MHTML" in refusal(tmp_path / name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize(
    "start",
    [
        "<div><table>",
        "<!-- xuất lúc 08:30 --><table>",
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel">',
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook>',
        "<!DOCTYPE HTML><style>td{mso-number-format:'@'}</style>",
    ],
    ids=["div", "comment", "Excel's", "XML of 2003", "style"],
)
def test_web_pages_named_xls(tmp_path: Path, start: str, encoding: str) -> None:
    (tmp_path / "a.xls").write_bytes(f"{start}<tr><td>Số hồ sơ</td><td>Ngày tiếp nhận</td></tr>".encode(encoding))
    assert "là trang HTML hoặc XML" in refusal(tmp_path / "a.xls")


def test_a_list_whose_first_heading_reads_like_a_letters_head(tmp_path: Path) -> None:
    headings = ["Date: ghi sổ", *HEADINGS]
    path = tmp_path / "so.csv"
    path.write_text(text_of([["", *row()]], headings), encoding="utf-8")
    assert read(path).codes == ["H32.12-240603-0001"]


# --- merged cells

DEPARTMENT = "Sở Lao động – Thương binh và Xã hội"  # what the next best column says of a row whose division is blank


@pytest.mark.parametrize(
    ("rows", "merged", "units"),
    [
        ([row(), row(unit=None), row(unit=None)], ["D2:D4"], ["Phòng LDVL"] * 3),
        (
            [row(), row(unit=None), row(unit="Phòng NCC"), row(unit=None)],
            ["D2:D3", "D4:D5"],
            ["Phòng LDVL", "Phòng LDVL", "Phòng NCC", "Phòng NCC"],
        ),
        ([row(), row(unit=None), only(A="Tổng cộng: 2")], ["D2:D4"], ["Phòng LDVL"] * 2),
        ([row(unit=None), row(unit=None)], ["D2:D3"], [DEPARTMENT] * 2),
        ([row(), row(unit=None), row(unit=None)], ["D2:D3"], ["Phòng LDVL", "Phòng LDVL", DEPARTMENT]),
    ],
    ids=["one for all", "one after another", "down to the total", "of nothing", "and a blank below it"],
)
def test_units_merged_over_rows(tmp_path: Path, rows: list[Cells], merged: list[str], units: list[str]) -> None:
    assert [said.unit for said in read(sheet(tmp_path, HEADINGS, *rows, merged=merged)).cases] == units


def test_days_and_codes_merged_over_rows(tmp_path: Path) -> None:
    rows = [row(), row(promised=None, code="T-2"), row(code=None, received=None, promised=None)]
    found = read(sheet(tmp_path, HEADINGS, *rows, merged=["F2:F3", "A3:A4", "E3:E4"]))
    assert found.codes == ["H32.12-240603-0001", "T-2", "T-2"]
    assert found.days("promised") == ["10/06/2024 00:00", "10/06/2024 00:00", ""]


def test_a_title_merged_across_the_sheet(tmp_path: Path) -> None:
    rows = [only(A="DANH SÁCH HỒ SƠ"), only(A="Tháng 6 năm 2024"), HEADINGS, row(unit="Phòng NCC")]
    found = read(sheet(tmp_path, *rows, merged=["A1:L1", "A2:L2"]))
    assert [(said.code, said.unit) for said in found.cases] == [("H32.12-240603-0001", "Phòng NCC")]


# --- headings of two rows

TIMES = [heading for heading in HEADINGS if heading.startswith("Ngày")]
UPPER = ["Thời gian" if heading == TIMES[0] else None if heading in TIMES else heading for heading in HEADINGS]
LOWER = [heading if heading in TIMES else None for heading in HEADINGS]
PERSON_UPPER = [{"Chủ hồ sơ": "Người nộp", "Số điện thoại": None}.get(heading, heading) for heading in HEADINGS]
PERSON_LOWER = [heading if heading in ("Chủ hồ sơ", "Số điện thoại") else None for heading in HEADINGS]
DOWN = [f"{letter}1:{letter}2" for letter in "ABCDHIJKL"]


@pytest.mark.parametrize(
    ("above", "merged"),
    [
        ([UPPER, LOWER], ["E1:G1"]),
        ([UPPER, LOWER], ["E1:G1", *DOWN]),
        ([only(A="DANH SÁCH HỒ SƠ"), [], UPPER, LOWER], ["A1:L1", "E3:G3"]),
        ([UPPER, LOWER, list(range(1, 13))], ["E1:G1"]),
        ([only(A="Hồ sơ", E="Thời gian", I="Người nộp"), HEADINGS], ["A1:D1", "E1:G1", "I1:J1"]),
    ],
    ids=["groups", "and merged down", "below a title", "with numbers below", "groups above every heading"],
)
def test_headings_of_two_rows(tmp_path: Path, above: list[Cells], merged: list[str]) -> None:
    found = read(sheet(tmp_path, *above, row(), merged=merged))
    assert (*found.days(), *found.days("promised")) == JUNE
    assert [(said.code, said.applicant, said.phone) for said in found.cases] == [
        ("H32.12-240603-0001", "Trần Văn Bình", "0912345678")
    ]
    assert found.refused == []


def test_a_group_over_columns_that_need_not_be_there(tmp_path: Path) -> None:
    """The upper row alone would do: what stands in the lower one is read all the same."""
    found = read(sheet(tmp_path, PERSON_UPPER, PERSON_LOWER, row(), merged=["I1:J1"]))
    assert [(said.code, said.applicant, said.phone) for said in found.cases] == [
        ("H32.12-240603-0001", "Trần Văn Bình", "0912345678")
    ]


# --- rows that are no cases


@pytest.mark.parametrize(
    "cells",
    [
        only(A="Tổng cộng: 2 hồ sơ"),
        only(A="TỔNG CỘNG", L=2),
        only(B="Cộng", F=2),
        only(D="Tổng số: 2 hồ sơ"),
        only(A="Người lập biểu", E="Thủ trưởng đơn vị"),
        only(A="NGƯỜI LẬP BIỂU", E="TRƯỞNG PHÒNG", I="GIÁM ĐỐC"),
        only(A="(Ký, ghi rõ họ tên)", I="(Ký, đóng dấu)"),
        only(G="Bắc Giang, ngày 30 tháng 6 năm 2024"),
        only(E="Bắc Giang, ngày 30 tháng 6 năm 2024"),
        only(E="Bắc Giang, ngày ... tháng ... năm 2024"),
        only(A="Trang 1/3"),
        only(A="Ghi chú: không tính hồ sơ rút"),
        only(A="Người xuất: Lê Thị Hoa", E="Ngày xuất: 01/07/2024"),
        only(A="In lúc 01/07/2024 08:00"),
        HEADINGS,
        [heading.upper() for heading in HEADINGS],
        [f"({n})" for n in range(1, 13)],
        list(range(1, 13)),
        ["A", "B", *range(1, 11)],
    ],
)
def test_rows_of_a_printed_list_that_are_no_cases(tmp_path: Path, cells: Cells) -> None:
    found = read(sheet(tmp_path, HEADINGS, row(code="T-1"), cells, row(code="T-2")))
    assert (found.codes, found.passed, found.refused) == (["T-1", "T-2"], [3], [])


def test_names_below_the_signatures(tmp_path: Path) -> None:
    """Only there is a name where codes stand no case; a row of a case that follows ends it."""
    signatures = [only(A="Người lập biểu", I="Giám đốc"), only(A="(Ký tên)", I="(Ký, đóng dấu)")]
    names = only(A="Lê Thị Hoa", I="Trần Văn Nam")
    found = read(sheet(tmp_path, HEADINGS, row(code="T-1"), *signatures, names, row(code="T-2"), names))
    assert (found.codes, found.passed) == (["T-1", "T-2"], [3, 4, 5])
    assert found.refused == [(7, "Thiếu ngày tiếp nhận.")]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (row(code=""), "Thiếu mã hồ sơ."),
        (row(received=""), "Thiếu ngày tiếp nhận."),
        (only(A="H32.12-240603-0009"), "Thiếu ngày tiếp nhận."),
        (only(E="03/06/2024", F="10/06/2024"), "Thiếu mã hồ sơ."),
        (row(code="7", received=5), "Năm của “5” không hợp lý."),
    ],
    ids=["no code", "no day", "a code alone", "days alone", "a number for a day"],
)
def test_cases_that_lack_something_are_told_and_not_passed_over(tmp_path: Path, cells: Cells, reason: str) -> None:
    found = read(sheet(tmp_path, HEADINGS, row(code="T-1"), cells))
    assert (found.codes, found.passed, found.refused) == (["T-1"], [], [(3, reason)])


# --- texts with the escapes of the program that wrote them


@pytest.mark.parametrize("escape", ["_x000D_", "_x000d_", "_x000A_", "_x0009_", "_x00A0_", "_x000D__x000A_"])
def test_escapes_in_headings_and_cells(tmp_path: Path, escape: str) -> None:
    headings = [heading + escape for heading in HEADINGS]
    cells = row(code=f"T-1{escape}", status=f"Đang{escape}xử lý", applicant=f"Trần{escape}Văn Bình{escape}")
    found = read(sheet(tmp_path, headings, cells))
    assert [(said.code, said.applicant) for said in found.cases] == [("T-1", "Trần Văn Bình")]


@pytest.mark.parametrize("name", ["_x005F_x000D_", "x_000D_", "_xZZZZ_"])
def test_what_only_looks_like_an_escape_is_kept(tmp_path: Path, name: str) -> None:
    found = read(sheet(tmp_path, HEADINGS, row(applicant=f"Trần {name}")))
    assert [said.applicant for said in found.cases] == [f"Trần {name.replace('_x005F_', '_')}"]


# --- rows and sheets that are hidden


@pytest.mark.parametrize("hides", [b'hidden="1"', b"hidden='true'", b'hidden="1" outlineLevel="1" collapsed="1"'])
def test_hidden_rows_however_their_writer_says_so(tmp_path: Path, hides: bytes) -> None:
    """By hand, by a filter or folded into a group: they are read, and told."""
    path = sheet(tmp_path, HEADINGS, row(code="T-1"), row(code="T-2"))
    fresh = rewritten(path, lambda _name, part: part.replace(b'<row r="3"', b'<row r="3" ' + hides))
    assert read(fresh).codes == ["T-1", "T-2"]
    with opened(fresh) as source:
        table = find_tables(source, IGATE, "a.xlsx").first
    assert (table.hidden_rows, table.hidden_count) == ((3,), 1)


# --- formulas that nobody has worked out


@pytest.mark.parametrize("field", ["code", "received", "promised", "ended", "status", "unit", "procedure", "phone"])
def test_formulas_without_values(tmp_path: Path, field: str) -> None:
    found = read(sheet(tmp_path, HEADINGS, row(code="T-1"), row(**{"code": "T-2", field: "=A1&B1"})))
    assert found.codes == ["T-1"]
    assert [(number, "công thức chưa có giá trị" in reason) for number, reason in found.refused] == [(3, True)]


# --- days and months that a spreadsheet changed


@pytest.mark.parametrize(
    ("received", "promised", "refused"),
    [
        ([datetime(2024, 3, 6), "13/06/2024"], ["20/06/2024", "20/06/2024"], [2]),
        ([datetime(2024, 3, 6), "2024-06-13"], ["20/06/2024", "20/06/2024"], []),
        (["03/06/2024", "13/06/2024"], [datetime(2024, 10, 6), "20/06/2024"], [2]),
        ([datetime(2024, 3, 6), datetime(2024, 4, 6)], ["20/06/2024", "20/06/2024"], []),
        ([datetime(2024, 3, 6), "14.06.2024"], ["20/06/2024", "21-06-2024"], [2]),
    ],
    ids=["reception", "a text that says its order", "the promise", "no text beside them", "with dots"],
)
def test_days_of_which_a_spreadsheet_may_have_made_months(
    tmp_path: Path, received: list[Any], promised: list[Any], refused: list[int]
) -> None:
    rows = [row(code=f"T-{n}", received=r, promised=p) for n, (r, p) in enumerate(zip(received, promised, strict=True))]
    found = read(sheet(tmp_path, HEADINGS, *rows))
    assert [number for number, _reason in found.refused] == refused
    assert all("Không rõ ngày hay tháng" in reason for _number, reason in found.refused)
