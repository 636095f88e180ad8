"""Exports of other software, made up for tests: say only what the test is about."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl

from app.cases.importing.mapping import find_mapping
from app.cases.importing.report import ImportReport
from app.cases.importing.service import Upload, import_file
from app.organisation.access import Actor, Scope
from tests.factories import SITE

CLERK = Actor("Nguyễn Thị Lan")
NOWHERE = Path("/nonexistent")

HEADINGS = [
    *("Số hồ sơ", "Tên thủ tục hành chính", "Tên lĩnh vực", "Phòng ban", "Ngày tiếp nhận", "Ngày hẹn trả"),
    *("Ngày kết thúc xử lý", "Cơ quan/đơn vị", "Chủ hồ sơ", "Số điện thoại", "Cán bộ xử lý hiện tại"),
    "Trạng thái hồ sơ",
]
ROW = {
    "Số hồ sơ": "H32.12-240603-0001",
    "Tên thủ tục hành chính": "Cấp giấy phép lao động",
    "Tên lĩnh vực": "Việc làm",
    "Phòng ban": "Phòng LDVL",
    "Ngày tiếp nhận": "03/06/2024 08:30:00",
    "Ngày hẹn trả": "10/06/2024",
    "Ngày kết thúc xử lý": "",
    "Cơ quan/đơn vị": "Sở Lao động – Thương binh và Xã hội",
    "Chủ hồ sơ": "Trần Văn Bình",
    "Số điện thoại": "0912345678",
    "Cán bộ xử lý hiện tại": "Lê Thị Hoa",
    "Trạng thái hồ sơ": "Đang xử lý",
}
SHORT = {
    "code": "Số hồ sơ",
    "procedure": "Tên thủ tục hành chính",
    "unit": "Phòng ban",
    "received": "Ngày tiếp nhận",
    "promised": "Ngày hẹn trả",
    "ended": "Ngày kết thúc xử lý",
    "applicant": "Chủ hồ sơ",
    "phone": "Số điện thoại",
    "officer": "Cán bộ xử lý hiện tại",
    "status": "Trạng thái hồ sơ",
}


def row(**changes: Any) -> list[Any]:
    """A row of the list export: an open case received on 3 June 2024, with some cells changed."""
    cells = ROW | {SHORT[name]: value for name, value in changes.items()}
    return [cells[heading] for heading in HEADINGS]


def closed(**changes: Any) -> list[Any]:
    """A row of a case that was closed on 7 June 2024."""
    return row(**{"ended": "07/06/2024 16:00:00", "status": "Đã trả kết quả"} | changes)


def text_of(rows: Iterable[Sequence[Any]], headings: Sequence[str] = HEADINGS, delimiter: str = ",") -> str:
    """The rows as CSV text under their header."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([headings, *rows])
    return out.getvalue()


def csv_file(folder: Path, *rows: Sequence[Any], name: str = "igate.csv", encoding: str = "utf-8-sig") -> Path:
    """The rows as the one-stop software writes them: CSV with a byte-order mark."""
    path = folder / name
    path.write_bytes(text_of(rows).encode(encoding))
    return path


def xlsx_file(folder: Path, *rows: Sequence[Any], name: str = "igate.xlsx") -> Path:
    """A workbook of these rows, the header among them."""
    book = openpyxl.Workbook()
    for cells in rows:
        book.active.append(list(cells))
    book.save(folder / name)
    return folder / name


def sheet(
    folder: Path, *rows: Sequence[Any], merged: Sequence[str] = (), change: Callable[[Any], object] = lambda book: None
) -> Path:
    """A workbook of one sheet."""
    book = openpyxl.Workbook()
    for cells in rows:
        book.active.append(list(cells))
    for place in merged:
        book.active.merge_cells(place)
    change(book)
    book.save(folder / "danh-sach.xlsx")
    return folder / "danh-sach.xlsx"


def rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """The workbook with its parts changed by hand, as another program would have written them."""
    fresh = path.with_name("viet-lai.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(fresh, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return fresh


def only(**cells: Any) -> list[Any]:
    """A row with a few cells filled, by the letters of their columns."""
    return [cells.get(chr(ord("A") + place)) for place in range(len(HEADINGS))]


def take(path: Path, mapping: str = "igate", **options: Any) -> ImportReport:
    """Import a file as the command does."""
    return import_file(Scope(SITE), CLERK, Upload(path, path.name), find_mapping(mapping, NOWHERE), **options)


def reasons(report: ImportReport) -> list[tuple[int, str, str]]:
    """(row, column, reason) of the refused rows."""
    return [(refusal.row, refusal.column, refusal.reason) for refusal in report.refused]


def assert_adds_up(report: ImportReport) -> None:
    """No row vanishes."""
    assert report.rows == report.rows_new + report.rows_changed + report.rows_unchanged + len(report.refused)


LOG = [
    *("case:channel", "case:concept:name", "case:deadline", "case:department", "case:enddate", "case:startdate"),
    *("concept:instance", "concept:name", "org:group", "org:resource", "time:timestamp"),
]


def log_row(code: str, task: int, name: str, at: str, **changes: str) -> list[str]:
    """A row of an event log: an activity of a case received on 11 October 2011."""
    cells = {
        "case:channel": "Internet",
        "case:concept:name": code,
        "case:deadline": "2011-12-06 13:41:31.788000+01:00",
        "case:department": "General",
        "case:enddate": "2011-10-18 13:56:55.943000+02:00",
        "case:startdate": "2011-10-11 13:42:22.688000+02:00",
        "concept:instance": f"task-{task}",
        "concept:name": name,
        "org:group": "EMPTY",
        "org:resource": "Resource21",
        "time:timestamp": at,
    } | {f"case:{key}": value for key, value in changes.items()}
    return [cells[heading] for heading in LOG]


def log_file(folder: Path, *rows: Sequence[str], name: str = "receipt.csv") -> Path:
    """An event log."""
    path = folder / name
    path.write_text(text_of(rows, LOG), encoding="utf-8")
    return path
