"""Files as rows of cells: told apart by content, and refused in one sentence when they cannot be read."""

# ruff: noqa: DTZ001  spreadsheets write times without a zone
from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from app.cases.importing import formats
from app.cases.importing.formats import BadFile, opened
from app.cases.importing.header import SheetTable, find_tables
from app.cases.importing.mapping import find_mapping
from tests.cases.importing.exports import HEADINGS, NOWHERE, csv_file, row, text_of, xlsx_file

IGATE = find_mapping("igate", NOWHERE)
FILES = Path(__file__).parent / "files"


def read(path: Path, name: str = "") -> tuple[SheetTable, list[tuple[int, list[Any]]]]:
    with opened(path, name) as source:
        table = find_tables(source, IGATE, name or path.name).first
        return table, list(table.rows)


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(BadFile) as caught, opened(path, **options) as source:
        list(find_tables(source, IGATE, path.name).first.rows)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1258"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_in_any_encoding_and_with_any_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = text_of([row(applicant="Nguyen Van A")], delimiter=delimiter)
    if encoding == "cp1258":  # that code page writes tones as marks of their own
        text = "".join(_for_cp1258(letter) for letter in text)
    path = tmp_path / "danh-sach.csv"
    path.write_bytes(text.encode(encoding))
    table, rows = read(path)
    assert set(table.columns) >= {"code", "received_at", "promised_at", "unit", "status"}
    assert rows[0][0] == 2
    assert rows[0][1][0] == "H32.12-240603-0001"


def _for_cp1258(letter: str) -> str:
    import unicodedata

    try:
        letter.encode("cp1258")
    except UnicodeEncodeError:
        base, *marks = unicodedata.normalize("NFD", letter)
        shapes = [mark for mark in marks if mark in "\u0302\u0306\u031b"]
        tones = [mark for mark in marks if mark not in shapes]
        return unicodedata.normalize("NFC", base + "".join(shapes)) + "".join(tones)
    return letter


def test_headings_with_stray_spaces_and_decomposed_letters_are_recognised(tmp_path: Path) -> None:
    import unicodedata

    odd = [unicodedata.normalize("NFD", f"  {heading.replace(' ', '  ')}\u00a0") for heading in HEADINGS]
    path = tmp_path / "nfd.csv"
    path.write_text(text_of([row()], odd), encoding="utf-8")
    table, _rows = read(path)
    assert {"code", "received_at", "officer", "status"} <= set(table.columns)


def test_title_rows_and_empty_rows_and_columns_around_the_table_are_passed_over(tmp_path: Path) -> None:
    padded = [[None, *cells] for cells in (HEADINGS, row())]
    path = xlsx_file(tmp_path, ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"], [], ["DANH SÁCH HỒ SƠ"], [], *padded)
    table, rows = read(path)
    assert table.header_row == 5
    assert rows[0][0] == 6
    assert rows[0][1][table.columns["code"][0][1][0]] == "H32.12-240603-0001"


def test_the_older_shape_of_the_export_is_recognised(tmp_path: Path) -> None:
    older = {"Ngày hẹn trả": "Hạn xử lý", "Trạng thái hồ sơ": "Trạng thái"}
    path = tmp_path / "cu.csv"
    path.write_text(text_of([row()], [older.get(heading, heading) for heading in HEADINGS]), encoding="utf-8")
    table, _rows = read(path)
    assert table.heading("promised_at") == "Hạn xử lý"
    assert table.heading("status") == "Trạng thái"


def test_the_sheet_with_the_table_is_found_among_others(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Hướng dẫn"])
    sheet = book.create_sheet("Danh sách")
    sheet.append(HEADINGS)
    sheet.append(row())
    book.save(tmp_path / "hai.xlsx")
    assert len(read(tmp_path / "hai.xlsx")[1]) == 1


def test_xlsx_gives_real_dates_beside_dates_as_text(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, HEADINGS, row(received=datetime(2024, 6, 3, 8, 30)), row())
    table, rows = read(path)
    received = table.columns["received_at"][0][1][0]
    assert [cells[received] for _number, cells in rows] == [datetime(2024, 6, 3, 8, 30), "03/06/2024 08:30:00"]


def test_a_formula_gives_the_value_that_was_saved_with_it(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, HEADINGS, row(phone=912345678))
    fresh = tmp_path / "cong-thuc.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(fresh, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"<v>912345678</v>", b"<f>A1+B1</f><v>912345678</v>"))
    table, rows = read(fresh)
    assert rows[0][1][table.columns["phone"][0][1][0]] == 912345678


def test_old_xls_is_read() -> None:
    table, rows = read(FILES / "igate.xls")
    assert table.header_row == 3
    assert [number for number, _cells in rows] == [4, 5]
    assert rows[0][1][table.columns["received_at"][0][1][0]] == datetime(2024, 6, 3, 8, 30)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rong.csv").touch()
    assert refusal(tmp_path / "rong.csv") == "Tệp “rong.csv” rỗng."


def test_a_sheet_without_rows_is_refused(tmp_path: Path) -> None:
    assert "không có dòng nào" in refusal(xlsx_file(tmp_path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "Không có tệp" in refusal(tmp_path / "khong-co.csv")


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = csv_file(tmp_path, *[row()] * 100)
    assert "quá lớn" in refusal(path, largest=1000)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.xlsx", b"%PDF-1.7 ..."),
        ("a.xlsx", b"\x89PNG\r\n\x1a\n...."),
        ("a.csv", b"\x7fELF\x00\x00"),
        ("a.xls", b"<html><table><tr><td>S\xe1\xbb\x91 h\xe1\xbb\x93 s\xc6\xa1</td></tr></table></html>"),
        ("a.csv", b"abc\x00\x01\x02def"),
        ("a.xlsx", b"PK\x03\x04broken"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600),
        ("a.xlsx", "Số hồ sơ,Ngày tiếp nhận\n1,03/06/2024\n".encode()),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    sentence = refusal(tmp_path / name)
    assert sentence.startswith(f"Tệp “{name}”")
    assert "\n" not in sentence


def test_a_workbook_named_csv_is_refused(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, HEADINGS, row())
    assert "thật ra là Excel" in refusal(path.rename(tmp_path / "igate.csv"))


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, HEADINGS, *[row()] * 50)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    path.write_bytes(whole[: start + 80] + b"\x00" * 40 + whole[start + 120 :])
    assert "hỏng" in refusal(path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, HEADINGS, row())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.xml", b"\x00" * (64 * formats.MEGABYTE))
    assert path.stat().st_size < formats.MEGABYTE
    assert "lớn bất thường" in refusal(path)


def test_an_xml_bomb_is_refused(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, HEADINGS, row())
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cccccccccc"><!ENTITY d "&b;&b;&b;">]>'
    sheet = f'{bomb}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    sheet += '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&d;</t></is></c></row></sheetData></worksheet>'
    fresh = tmp_path / "bom.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(fresh, "w") as new:
        for name in old.namelist():
            new.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else old.read(name))
    assert "hỏng" in refusal(fresh)


def test_a_text_in_a_font_encoding_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "tcvn3.csv"
    path.write_bytes(b"S\xe8 h\xe5 s\xac,Ng\xb5y ti\xd5p nh\xcbn\n1,03/06/2024\n")
    assert "không phải bảng mã UTF-8" in refusal(path)


def test_a_text_whose_diacritics_were_garbled_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hong-dau.csv"
    path.write_text(text_of([row()]).encode().decode("latin-1"), encoding="utf-8")
    assert "đã hỏng dấu" in refusal(path)


def test_a_file_without_the_needed_columns_names_them(tmp_path: Path) -> None:
    path = tmp_path / "thieu.csv"
    path.write_text("Số hồ sơ,Chủ hồ sơ\n1,Lan\n", encoding="utf-8")
    assert "“Ngày tiếp nhận”" in refusal(path)
    assert "“Số hồ sơ”" not in refusal(path)


def test_a_quote_that_never_ends_does_not_swallow_the_file(tmp_path: Path) -> None:
    path = csv_file(tmp_path, *[row()] * 3)
    with path.open("a", encoding="utf-8") as file:
        file.write('"' + "x" * (formats.LONGEST_CELL + 10))
    assert "sau dòng 4" in refusal(path)


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "mot-dong.csv"
    path.write_text("Số hồ sơ,Ngày tiếp nhận\n" + "x" * (formats.LONGEST_LINE + 10), encoding="utf-8")
    assert "dòng quá dài" in refusal(path)
