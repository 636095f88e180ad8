"""Lists as files: what a spreadsheet must show as it is, and must never run."""

from __future__ import annotations

import ast
import csv
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl.utils.escape import unescape

from app.cases.importing.report import RefusedRow, error_table, write_errors
from app.organisation import exports
from app.organisation.access import Actor
from app.organisation.calendars import add_site_days
from app.organisation.exports import csv_lines, csv_text, write_xlsx
from app.organisation.models import Person, Role
from app.web.settings import ROOT
from tests.clock import at
from tests.factories import make_department, make_person, make_version

FORMULAS = (
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\ufeff =1+1", '=HYPERLINK("http://x","y")'),
    *("＝1+1", "＋1", "－1", "＠SUM(A1)"),
)
WRITERS = {"writer", "DictWriter", "Workbook", "WriteOnlyCell", "QUOTE_NONE"}
LIBRARIES = {"csv", "openpyxl", "xlsxwriter"}


def written(
    *rows: list[Any], header: tuple[str, ...] = ("A", "B"), title: str = "", about: tuple[str, ...] = ()
) -> Any:
    file = io.BytesIO()
    write_xlsx(file, header, rows, title, about)
    return openpyxl.load_workbook(file)


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_like_a_formula_is_a_text_in_excel(app: Flask, text: str) -> None:
    with app.app_context():
        cell = written([text])["Sheet"]["A2"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert cell.value.strip() == text.strip()


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_like_a_formula_is_a_text_in_csv(text: str) -> None:
    assert "'" + text in "".join(csv_lines(["A"], [[text]])).replace('""', '"')
    assert "'" + text in csv_text(["A"], [[text]]).replace('""', '"')


@pytest.mark.parametrize("text", FORMULAS)
def test_a_heading_like_a_formula_is_a_text(app: Flask, text: str) -> None:
    with app.app_context():
        cell = written(["a"], header=(text,))["Sheet"]["A1"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    for whole in ("".join(csv_lines([text], [])), csv_text([text], [])):
        assert "'" + text in whole.replace('""', '"')


def test_a_text_like_an_error_of_excel_is_a_text(app: Flask) -> None:
    with app.app_context():
        cell = written(["#REF!"])["Sheet"]["A2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("#REF!", "s", False)


def test_a_negative_number_stays_a_number(app: Flask) -> None:
    with app.app_context():
        cells = written([-5, Decimal("-1.5"), -0.5])["Sheet"][2]
        lines = "".join(csv_lines(["A", "B", "C"], [[-5, Decimal("-1.5"), -0.5]]))
    assert [cell.value for cell in cells] == [-5, -1.5, -0.5]
    assert [cell.data_type for cell in cells] == ["n", "n", "n"]
    assert next(csv.reader(lines.splitlines()[1:])) == ["-5", "-1,5", "-0.5"]
    assert csv_text(["A"], [[-5]]).splitlines() == ["A", "-5"]


WRITES_FOR_PEOPLE = ROOT / "app" / "organisation" / "exports.py"
READ_BACK = ROOT / "app" / "cases" / "exchange.py"
"""What it writes is read at once by the reader of imports, and gone: nobody opens it, and an apostrophe would stay."""


def test_every_file_for_a_spreadsheet_is_written_by_one_module() -> None:
    """What writes CSV or workbooks elsewhere would have to think of formulas again."""
    elsewhere = []
    for path in (ROOT / "app").rglob("*.py"):
        if path in (WRITES_FOR_PEOPLE, READ_BACK):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            of_csv = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "csv"
            named = [node.attr] if of_csv else []
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in LIBRARIES:
                named = [name.name for name in node.names]
            if isinstance(node, ast.Call) and "openpyxl.Workbook" in ast.unparse(node.func):
                named = ["Workbook"]
            elsewhere += [f"{path.relative_to(ROOT)}:{node.lineno}" for name in named if name in WRITERS]
    assert elsewhere == []


def test_a_poisoned_heading_comes_back_as_a_text_with_the_refused_rows(tmp_path: Path, app: Flask) -> None:
    poison = "=cmd|'/C calc'!A1"
    refusals = [RefusedRow(2, poison, "Sai", {poison: "+84", "Mã": "H1"})]
    with app.app_context():
        write_errors(refusals, tmp_path / "errors.csv")
        lines = error_table(refusals)
        sheet = written(*lines, header=tuple(next(lines)))["Sheet"]  # type: ignore[arg-type]
    rows = list(csv.reader((tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="")))
    assert rows[0][4] == "'" + poison
    assert (rows[1][1], rows[1][4]) == ("'" + poison, "'+84")
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} <= {"s", "n"}


def test_days_instants_and_numbers_are_such_in_excel(app: Flask) -> None:
    with app.app_context():
        sheet = written([date(2024, 6, 3), at("2024-06-03 14:30"), 600_000, Decimal("1.5"), None, "012"])["Sheet"]
    values = [cell.value for cell in sheet[2]]
    days = [datetime.fromisoformat("2024-06-03"), datetime.fromisoformat("2024-06-03 14:30")]
    assert values == [*days, 600_000, 1.5, None, "012"]
    assert [cell.number_format for cell in sheet[2]][:3] == ["dd/mm/yyyy", "dd/mm/yyyy hh:mm", "#,##0"]


def test_what_a_workbook_cannot_hold_does_not_break_it(app: Flask) -> None:
    with app.app_context():
        sheet = written(["a\x00b\x1fc", "d" * 40_000])["Sheet"]
    assert sheet["A2"].value == "a b c"
    assert len(sheet["B2"].value) == 32_767


def test_every_letter_comes_back_as_it_was(app: Flask) -> None:
    texts = ["<b>Lan & Hùng</b>", "  thụt vào", "hai\ndòng", "_x0041_", "“ngoặc”", "'", "𠀀", "1e5"]
    with app.app_context():
        sheet = written(texts)["Sheet"]
    assert [unescape(cell.value) for cell in sheet[2]] == texts  # as a spreadsheet reads `_x005F_`


def test_spaces_at_the_ends_of_a_text_are_kept(app: Flask) -> None:
    file = io.BytesIO()
    with app.app_context():
        write_xlsx(file, ["A"], [["  thụt vào"]])
    sheet = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml").decode()
    assert '<t xml:space="preserve">  thụt vào</t>' in sheet  # else a spreadsheet reads it without them


def test_where_nothing_is_known_there_is_no_cell(app: Flask) -> None:
    with app.app_context():
        sheet = written(["a", "", None, "d"], [None, None], ["x", "y"])["Sheet"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        ["a", None, None, "d"],
        [None, None, None, None],
        ["x", "y", None, None],
    ]
    assert all(cell.data_type == "n" for cell in (sheet["B2"], sheet["C2"]))  # a filter offers one blank, not two


def test_many_different_texts_are_not_all_kept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "REMEMBERED", 2)
    with app.app_context():
        sheet = written(*([f"H{number}", "LDVL", date(2024, 6, 1 + number)] for number in range(9)))["Sheet"]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == [f"H{number}" for number in range(9)]
    assert [row[1].value for row in sheet.iter_rows(min_row=2)] == ["LDVL"] * 9


def test_a_list_has_its_title_its_filters_and_a_header_that_stays(app: Flask) -> None:
    long_name = "Cấp giấy phép lao động cho người nước ngoài làm việc tại Việt Nam"
    with app.app_context():
        book = written(
            ["H1", long_name], ["H2", "x"], title="Hồ sơ: quá hạn/chưa trả", about=("Phòng: LDVL", "Lập lúc …")
        )
    (sheet,) = book.worksheets
    assert sheet.title == "Hồ sơ  quá hạn chưa trả"
    assert [sheet.cell(row, 1).value for row in range(1, 8)] == [
        *("Hồ sơ: quá hạn/chưa trả", "Phòng: LDVL", "Lập lúc …", None, "A", "H1", "H2")
    ]
    assert sheet.freeze_panes == "A6"
    assert sheet.auto_filter.ref == "A5:B7"
    assert sheet.column_dimensions["B"].width >= 60
    assert sheet.column_dimensions["A"].width < 12


def test_rows_beyond_one_sheet_go_on_to_the_next(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 2)
    with app.app_context():
        book = written([1], [2], [3])
    assert [[row[0].value for row in sheet.iter_rows()] for sheet in book.worksheets] == [["A", 1, 2], ["A", 3]]


@pytest.mark.parametrize(
    ("path", "column"), [("/nhat-ky", 2), ("/nguoi-dung", 6), ("/lich-lam-viec", 1), ("/thu-tuc", 12)]
)
def test_a_day_is_a_day_in_the_workbook_and_written_our_way_in_csv(
    session: Any, sign_in: Callable[[Person], FlaskClient], path: str, column: int
) -> None:
    units = make_department()
    make_version(units["LDVL"])
    add_site_days(Actor("Lan"), first=date(2024, 7, 5), working=False, name="Nghỉ bù", reason="Mất điện")
    client = sign_in(make_person(units["MC"], Role.ADMIN, last_signed_in_at=at("2024-06-28 08:00")))
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{path}.xlsx").data)).active
    assert sheet is not None
    found = [row[column - 1].value for row in sheet.iter_rows(min_row=5) if row[column - 1].value]
    assert found
    assert all(isinstance(value, datetime) for value in found)
    lines = list(csv.reader(io.StringIO(client.get(f"{path}.csv").get_data(as_text=True))))[1:]
    assert all(re.fullmatch(r"\d\d/\d\d/\d{4}( \d\d:\d\d)?|", line[column - 1]) for line in lines)
