"""Lists as files: what a spreadsheet must show as it is, and must never run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import exports
from app.exports import csv_lines, write_xlsx
from app.organisation.access import Actor
from app.organisation.calendars import add_site_days
from app.organisation.models import Person, Role
from tests.clock import at
from tests.factories import make_department, make_person, make_version

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", '=HYPERLINK("http://x","y")')


def written(*rows: list[Any], header: tuple[str, ...] = ("A", "B")) -> Any:
    file = io.BytesIO()
    write_xlsx(file, header, rows)
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
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(f"{path}.xlsx").data))["Sheet"]
    found = [row[column - 1].value for row in sheet.iter_rows(min_row=2) if row[column - 1].value]
    assert found
    assert all(isinstance(value, datetime) for value in found)
    lines = list(csv.reader(io.StringIO(client.get(f"{path}.csv").get_data(as_text=True))))[1:]
    assert all(re.fullmatch(r"\d\d/\d\d/\d{4}( \d\d:\d\d)?|", line[column - 1]) for line in lines)
