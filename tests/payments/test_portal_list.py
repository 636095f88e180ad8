"""Reading the payment portal's list: which column is what, what each line says, what is refused and why."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.cases.importing.formats import BadFile, opened
from app.cases.importing.header import find_tables
from app.cases.importing.mapping import BadMapping
from app.payments.portal_list import (
    BUILT_IN,
    OF_THE_SITE,
    PortalPayment,
    RefusedLine,
    portal_columns,
    read_columns,
    read_lines,
)
from tests.clock import ZONE, at

HEADER = ["Mã giao dịch", "Mã hồ sơ", "Số tiền", "Thời gian thanh toán"]
NOW = at("2024-07-01 08:00")


def read(path: Path) -> list[PortalPayment | RefusedLine]:
    columns = read_columns(BUILT_IN)
    with opened(path) as source:
        return list(read_lines(find_tables(source, columns, path.name).first, columns, ZONE, NOW))


def csv_file(folder: Path, *lines: str, header: str = ";".join(HEADER)) -> Path:
    path = folder / "cong.csv"
    path.write_text("\n".join([header, *lines]), encoding="utf-8-sig")
    return path


def xlsx_file(folder: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    path = folder / "cong.xlsx"
    book.save(path)
    return path


def refusal(line: PortalPayment | RefusedLine) -> tuple[int, str, str]:
    assert isinstance(line, RefusedLine)
    return line.row, line.column, str(line.error)


def test_a_line_of_a_csv_is_a_payment(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "GD001;H32.12-240628-0001;600.000;28/06/2024 09:15:30")
    assert read(path) == [PortalPayment(2, "GD001", "H32.12-240628-0001", 600_000, at("2024-06-28 09:15:30"))]


def test_headings_are_known_without_diacritics_case_or_order_below_a_title(tmp_path: Path) -> None:
    path = xlsx_file(
        tmp_path,
        ["DANH SÁCH GIAO DỊCH"],
        [],
        ["STT", "THOI GIAN  GIAO DICH", "so ho so", "Số tiền (VNĐ)", "Ma GD"],
        [1, datetime.fromisoformat("2024-06-28 09:15"), "H32.12-240628-0001", 600_000, "GD001"],
    )
    assert read(path) == [PortalPayment(4, "GD001", "H32.12-240628-0001", 600_000, at("2024-06-28 09:15"))]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        *(("600000", 600_000), ("600.000", 600_000), ("600,000 đ", 600_000), ("1.200.000 VND", 1_200_000)),
        *(("600.000,00", 600_000), ("600000.0", 600_000), ("15.000", 15_000)),
    ],
)
def test_money_is_read_as_portals_write_it(tmp_path: Path, written: str, amount: int) -> None:
    (line,) = read(csv_file(tmp_path, f"GD1;HS1;{written};28/06/2024"))
    assert isinstance(line, PortalPayment)
    assert line.amount == amount


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (";HS1;600000;28/06/2024", "Mã giao dịch", "Thiếu mã giao dịch."),
        ("GD1;;600000;28/06/2024", "Mã hồ sơ", "Thiếu mã hồ sơ."),
        ("GD1;HS1;;28/06/2024", "Số tiền", "Thiếu số tiền."),
        ("GD1;HS1;sáu trăm;28/06/2024", "Số tiền", "“sáu trăm” không phải là số tiền. Hãy ghi như 600.000."),
        ("GD1;HS1;0;28/06/2024", "Số tiền", "Số tiền phải lớn hơn 0 và không quá 10 tỷ đồng."),
        ("GD1;HS1;-600000;28/06/2024", "Số tiền", "“-600000” không phải là số tiền. Hãy ghi như 600.000."),
        ("GD1;HS1;600000;", "Thời gian thanh toán", "Thiếu thời gian thanh toán."),
        ("GD1;HS1;600000;31/02/2024", "Thời gian thanh toán", "Không có ngày hoặc giờ “31/02/2024”."),
        ("GD1;HS1;600000;02/07/2024", "Thời gian thanh toán", "Thời gian thanh toán ở tương lai."),
        (
            "1.23457E+15;HS1;600000;28/06/2024",
            "Mã giao dịch",
            "“1.23457E+15” đã bị bảng tính làm tròn, không còn đủ chữ số. Hãy để cột này là văn bản khi xuất.",
        ),
    ],
)
def test_a_bad_line_is_refused_with_its_column_and_never_stops_the_others(
    tmp_path: Path, line: str, column: str, reason: str
) -> None:
    bad, good = read(csv_file(tmp_path, line, "GD2;HS2;600000;28/06/2024"))
    assert refusal(bad) == (2, column, reason)
    assert isinstance(good, PortalPayment)


def test_the_cells_of_a_refused_line_are_kept(tmp_path: Path) -> None:
    (line,) = read(csv_file(tmp_path, "GD1;HS1;x;28/06/2024"))
    assert isinstance(line, RefusedLine)
    assert line.cells == {
        "Mã giao dịch": "GD1",
        "Mã hồ sơ": "HS1",
        "Số tiền": "x",
        "Thời gian thanh toán": "28/06/2024",
    }


def test_a_transaction_number_that_a_spreadsheet_made_a_number_keeps_its_digits(tmp_path: Path) -> None:
    rows = [[240628000001.0, "HS1", 600_000.0, "28/06/2024"], [1234567890123456, "HS2", 1, "28/06/2024"]]
    short, long = read(xlsx_file(tmp_path, HEADER, *rows))
    assert isinstance(short, PortalPayment)
    assert short.transaction_number == "240628000001"
    assert refusal(long)[:2] == (3, "Mã giao dịch")


def test_a_number_beyond_counting_is_refused(tmp_path: Path) -> None:
    (line,) = read(csv_file(tmp_path, "9E999;HS1;600000;28/06/2024"))
    assert refusal(line)[:2] == (2, "Mã giao dịch")


def test_transactions_that_did_not_go_through_are_refused(tmp_path: Path) -> None:
    header = ";".join([*HEADER, "Trạng thái giao dịch"])
    lines = [f"GD{n};HS{n};600000;28/06/2024;{said}" for n, said in enumerate(("THÀNH CÔNG", "Thất bại", ""), 1)]
    paid, failed, silent = read(csv_file(tmp_path, *lines, header=header))
    assert isinstance(paid, PortalPayment)
    assert refusal(failed) == (3, "Trạng thái giao dịch", "Giao dịch không thành công: trạng thái “Thất bại”.")
    assert refusal(silent)[1] == "Trạng thái giao dịch"


def test_empty_lines_and_totals_are_no_lines(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "GD1;HS1;600000;28/06/2024", ";;;", "Tổng cộng;;600000;", ";Tổng;600000;")
    assert len(read(path)) == 1


def test_a_list_without_the_columns_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="“Mã hồ sơ”"):
        read(csv_file(tmp_path, "GD1;600000;28/06/2024", header="Mã giao dịch;Số tiền;Thời gian thanh toán"))


def test_a_page_named_as_a_sheet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cong.xls"
    path.write_text("<html><table><tr><td>Mã giao dịch</td></tr></table></html>", encoding="utf-8")
    with pytest.raises(BadFile, match="HTML"):
        read(path)


def test_a_site_names_its_own_columns(tmp_path: Path) -> None:
    own = BUILT_IN.read_text(encoding="utf-8").replace("[Mã hồ sơ, ", "[Mã thanh toán hồ sơ, ")
    (tmp_path / OF_THE_SITE).write_text(own, encoding="utf-8")
    assert portal_columns(tmp_path).columns["case_code"][0] == "Mã thanh toán hồ sơ"
    assert portal_columns(tmp_path / "none").columns["case_code"][0] == "Mã hồ sơ"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns: {}", "thiếu cột 'transaction_number'"),
        ("columns: {colour: [Màu]}", "không có trường 'colour'"),
        ("[", "không phải YAML đúng"),
        ("- a", "phải là các cặp khóa"),
    ],
)
def test_wrong_columns_of_a_site_are_said_with_file_and_field(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / OF_THE_SITE).write_text(text, encoding="utf-8")
    with pytest.raises(BadMapping, match=said):
        portal_columns(tmp_path)
