"""Files as rows of cells: CSV, XLSX and XLS, told apart by what is in them. Pure.

A file that cannot be read is one BadFile sentence. Rows come one at a time with the number that a spreadsheet
shows, so that memory does not grow with the file (old XLS, at most 65,536 rows, is read whole).

Cells are read as a person reads the sheet: a cell merged over several rows says the same in each of them, and the
escapes of the program that wrote the file are undone. What a person sees otherwise is told beside the rows: sheets
and rows that are hidden, formulas that nobody has worked out (`UNCOMPUTED`).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Self

from app.cases.importing.sheet_scan import Merge, SheetScan, scan_sheet
from app.cases.importing.values import EXCEL_START, START_OF_1904, UNCOMPUTED, Uncomputed
from app.core.errors import DomainError

if TYPE_CHECKING:  # heavy: loaded by whoever opens such a file
    import openpyxl
    import xlrd


class BadFile(DomainError):
    """A file that cannot be taken in at all; the message names it."""

    def __init__(self, message: str, /, **params: object) -> None:
        super().__init__(message, field="file", **params)


DELIMITERS = (",", ";", "\t", "|")
LONGEST_LINE = 1024 * 1024  # characters
LONGEST_CELL = 128 * 1024
_CHUNK = 1024 * 1024
SOUND = 20  # well written letters beyond ASCII for each broken one, in a text that is UTF-8 but for some cut letters


class TextSource:
    """An open file of one table, read from its first byte to its last."""

    alternatives = False
    several = False

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name, self.size = path, name, path.stat().st_size
        self.file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.file:
            self.file.close()

    def progress(self) -> tuple[int, int]:
        """Bytes read, of all."""
        return (self.file.tell() if self.file and not self.file.closed else 0), self.size


class CsvSource(TextSource):
    """An open CSV file."""

    alternatives = True
    legacy = False
    """Neither UTF-8 nor UTF-16: read with Windows' Vietnamese code page."""

    def sheets(self) -> Iterator[Worksheet]:
        """The file under each delimiter that it may have, likeliest first."""
        encoding = self._encoding()
        for delimiter in self._delimiters(encoding):
            yield Worksheet("", self._rows(encoding, delimiter))

    def _encoding(self) -> str:
        with self.path.open("rb") as file:
            if wide := _wide_encoding(file.read(4096)):
                return wide
            file.seek(0)
            decoder = codecs.getincrementaldecoder("utf-8")("strict")
            try:
                while chunk := file.read(_CHUNK):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                if self._is_cut_utf8(file):
                    return "utf-8-sig"
                self.legacy = True
                return "cp1258"
        return "utf-8-sig"

    def _is_cut_utf8(self, file: BinaryIO) -> bool:
        """Whether a file that is not UTF-8 is so but for some letters that a program has cut in two: their rows are
        refused (the letter reads U+FFFD), the others are good."""
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        broken = beyond = 0
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            broken += text.count("\ufffd")
            beyond += len(text) - len(text.encode("ascii", "ignore"))
        return beyond - broken >= SOUND * broken

    def _delimiters(self, encoding: str) -> list[str]:
        """Likeliest first: by how often each stands in the first lines."""
        with self.path.open("rb") as file:
            start = file.read(64 * 1024).decode(encoding, errors="ignore")
        return sorted(DELIMITERS, key=lambda d: -start.count(d))

    def _rows(self, encoding: str, delimiter: str) -> Iterator[tuple[int, list[Any]]]:
        if self.file:
            self.file.close()
        self.file = self.path.open("rb", buffering=256 * 1024)
        csv.field_size_limit(LONGEST_CELL)
        number = 0
        try:
            for number, cells in enumerate(csv.reader(self._lines(self.file, encoding), delimiter=delimiter), 1):
                yield number, cells
        except UnicodeDecodeError as exc:
            raise wrong_encoding(self.name) from exc
        except csv.Error as exc:
            raise BadFile(
                "Tệp “%(name)s” hỏng ở sau dòng %(row)s: dấu ngoặc kép không khép hoặc ô quá dài.",
                name=self.name,
                row=number,
            ) from exc

    def _lines(self, file: BinaryIO, encoding: str) -> Iterator[str]:
        text = io.TextIOWrapper(file, encoding=encoding, errors="strict" if self.legacy else "replace", newline="")
        try:
            while line := text.readline(LONGEST_LINE):
                if len(line) >= LONGEST_LINE:
                    raise BadFile("Tệp “%(name)s” có dòng quá dài, không phải là bảng CSV.", name=self.name)
                if "\x00" in line:
                    raise BadFile("Tệp “%(name)s” có dữ liệu nhị phân, không phải là CSV.", name=self.name)
                yield line
        finally:
            if not file.closed:
                text.detach()


def wrong_encoding(name: str) -> BadFile:
    """The sentence for a text in an encoding that is not read here."""
    return BadFile(
        "Tệp “%(name)s” không phải bảng mã UTF-8 (có thể là TCVN3, VNI hoặc đã hỏng dấu). "
        "Hãy mở tệp gốc và lưu lại dưới dạng “CSV UTF-8” hoặc .xlsx.",
        name=name,
    )


Cell = str | int | float | bool | datetime | date | time | timedelta | Uncomputed | None
Rows = Iterator[tuple[int, list[Cell]]]

MEGABYTE = 1024 * 1024
LARGEST_FILE = 1024 * MEGABYTE
LARGEST_XLSX = 1536 * MEGABYTE  # unpacked: a full sheet of a million rows is about 600 MB
LARGEST_SHARED_STRINGS = 256 * MEGABYTE  # openpyxl holds them in memory
MOST_PARTS = 2_000
DENSEST = 150  # unpacked bytes per packed byte; real sheets pack 8 to 30 times
SMALL = 20 * MEGABYTE  # unpacked: whatever its density, it hurts nobody

warnings.filterwarnings("ignore", module=r"openpyxl\.")  # of styles and validations, which an import does not read

_NAMES = {"xes": "XES", "csv": "CSV", "xlsx": "Excel (.xlsx)", "xls": "Excel 97-2003 (.xls)"}
_ENDINGS = {".xes": "xes", ".csv": "csv", ".txt": "csv", ".tsv": "csv", ".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLD_SHEETS = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x10\x00", b"\x09\x08\x08\x00")
_FOREIGN = {
    b"%PDF": "PDF",
    b"\x89PNG": "ảnh PNG",
    b"\xff\xd8\xff": "ảnh JPEG",
    b"GIF8": "ảnh GIF",
    b"{\\rtf": "văn bản RTF",
    b"\x1f\x8b": "tệp nén GZIP",
    b"Rar!": "tệp nén RAR",
    b"7z\xbc\xaf": "tệp nén 7z",
    b"SQLite": "cơ sở dữ liệu SQLite",
    b"MZ": "chương trình",
    b"\x7fELF": "chương trình",
}


@dataclass(slots=True)
class Worksheet:
    """A sheet: its name ("" for a CSV) and its rows. `start` is the day that its number 0 means.

    `hidden_rows` are those that the spreadsheet does not show: the first few, and how many (known from the start).
    """

    name: str
    rows: Rows
    hidden: bool = False
    start: datetime = EXCEL_START
    hidden_rows: list[int] = field(default_factory=list)
    hidden_count: int = 0


class SheetSource(Protocol):
    """An open file and its sheets. `alternatives`: they are ways in which one table may be read, as of a CSV;
    `several`: more than one sheet is shown."""

    alternatives: bool

    @property
    def several(self) -> bool: ...

    def sheets(self) -> Iterator[Worksheet]: ...

    def progress(self) -> tuple[int, int]:
        """How much was read, and of how much (bytes or rows); a total of 0 is unknown."""
        ...


@contextmanager
def opened(path: Path, name: str = "", largest: int = LARGEST_FILE) -> Iterator[SheetSource]:
    """Open a file by its content. `name` is what its owner calls it. Raises BadFile."""
    name = name or path.name
    kind = kind_of(path, name, largest)
    if kind == "csv":
        with CsvSource(path, name) as source:
            yield source
    elif kind == "xes":
        from app.cases.importing.xes import XesSource

        with XesSource(path, name) as log:
            yield log
    elif kind == "xlsx":
        _check_zip(path, name)
        with _xlsx(path, name) as xlsx:
            yield xlsx
    else:
        yield _xls(path, name)


def kind_of(path: Path, name: str, largest: int = LARGEST_FILE) -> str:
    """csv, xes, xlsx or xls. Raises BadFile for anything else, and for a file that is not what its name says."""
    if not path.is_file():
        raise BadFile("Không có tệp “%(name)s”.", name=name)
    size = path.stat().st_size
    if size == 0:
        raise BadFile("Tệp “%(name)s” rỗng.", name=name)
    if size > largest:
        limit = f"{largest // MEGABYTE} MB"
        raise BadFile("Tệp “%(name)s” quá lớn: tối đa %(limit)s. Hãy chia nhỏ rồi nhập.", name=name, limit=limit)
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as exc:
        raise BadFile("Không mở được tệp “%(name)s”.", name=name) from exc
    kind = _kind(head, path, name)
    claimed = _ENDINGS.get(Path(name).suffix.lower())
    if claimed and claimed != kind:
        raise BadFile(
            "Tệp “%(name)s” thật ra là %(kind)s, không phải %(claimed)s. Hãy đổi đuôi tệp cho đúng rồi nhập lại.",
            name=name,
            kind=_NAMES[kind],
            claimed=_NAMES[claimed],
        )
    return kind


def _kind(head: bytes, path: Path, name: str) -> str:
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_zip(path, name)
    if head.startswith(_OLE):
        return _kind_of_ole(path, name)
    if head.startswith(_OLD_SHEETS):
        return "xls"
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise _foreign(name, what)
    wide = _wide_encoding(head)
    if b"\x00" in head and not wide:
        raise _foreign(name, "dữ liệu nhị phân")
    start = (head.decode(wide, "ignore").encode() if wide else head).lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<") and _LOG.search(start):
        return "xes"
    if _MARKUP.match(start):
        raise BadFile(
            "Tệp “%(name)s” là trang HTML hoặc XML đặt tên như bảng tính. "
            "Hãy mở bằng Excel, lưu lại thành .xlsx rồi nhập.",
            name=name,
        )
    if _MAIL.match(start):
        raise BadFile(
            "Tệp “%(name)s” là trang web lưu trọn (MHTML) đặt tên như bảng tính. "
            "Hãy mở bằng Excel, lưu lại thành .xlsx rồi nhập.",
            name=name,
        )
    return "csv"


_LOG = re.compile(rb"<log\s[^>]*\bxes\.")
_MARKUP = re.compile(rb"<(?:[A-Za-z!?]|--)")  # no cell begins so
_MAIL = re.compile(
    rb"(?:(?:From|Date|Subject|X-[\w-]+)\s*:.*\n(?:[ \t].*\n)*)*"
    rb"(?:MIME-Version|Content-Type|Content-Location|Snapshot-Content-Location)\s*:",
    re.IGNORECASE,
)  # as browsers and Excel begin one


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 with its mark, or without one where every other byte of the beginning is nought."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) < len(head) // 4 or min(even, odd) > len(head) // 50:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _foreign(name: str, what: str) -> BadFile:
    return BadFile("Tệp “%(name)s” là %(what)s, không phải bảng tính CSV, XLSX hay XLS.", name=name, what=what)


def _kind_of_zip(path: Path, name: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as exc:
        raise _broken(name) from exc
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "word/document.xml" in names:
        raise _foreign(name, "văn bản Word")
    raise _foreign(name, "tệp nén ZIP")


def _kind_of_ole(path: Path, name: str) -> str:
    with path.open("rb") as file:
        inside = file.read(4 * MEGABYTE)
    if "EncryptedPackage".encode("utf-16-le") in inside:
        raise BadFile("Tệp “%(name)s” có mật khẩu. Hãy bỏ mật khẩu rồi nhập lại.", name=name)
    if "WordDocument".encode("utf-16-le") in inside:
        raise _foreign(name, "văn bản Word")
    return "xls"


def _broken(name: str) -> BadFile:
    return BadFile("Tệp “%(name)s” bị hỏng, không đọc được. Hãy xuất lại từ phần mềm.", name=name)


# XLSX


def _check_zip(path: Path, name: str) -> None:
    """Refuse what would fill the memory or the disk once unpacked, before anything is unpacked."""
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    unpacked, packed = sum(p.file_size for p in parts), sum(p.compress_size for p in parts)
    shared = sum(p.file_size for p in parts if p.filename.lower().endswith("sharedstrings.xml"))
    bomb = (
        unpacked > LARGEST_XLSX
        or shared > LARGEST_SHARED_STRINGS
        or len(parts) > MOST_PARTS
        or (unpacked > SMALL and unpacked > DENSEST * max(packed, 1))
    )
    if bomb:
        raise BadFile(
            "Tệp “%(name)s” giải nén ra %(size)s MB, lớn bất thường: không đọc. Hãy xuất lại dưới dạng CSV.",
            name=name,
            size=max(1, unpacked // MEGABYTE),
        )


@dataclass
class _Workbook:
    book: openpyxl.Workbook
    name: str
    row: int = 0
    total: int = 0

    alternatives = False

    @property
    def several(self) -> bool:
        return sum(sheet.sheet_state == "visible" for sheet in self.book.worksheets) > 1

    def sheets(self) -> Iterator[Worksheet]:
        from openpyxl.utils.datetime import MAC_EPOCH
        from openpyxl.worksheet._read_only import ReadOnlyWorksheet

        for sheet in self.book.worksheets:
            if isinstance(sheet, ReadOnlyWorksheet):
                yield self._sheet(sheet, MAC_EPOCH)

    def _sheet(self, sheet: Any, mac_epoch: datetime) -> Worksheet:
        if sheet.sheet_state != "visible":
            return Worksheet(sheet.title, iter(()), hidden=True)
        self.total = sheet.max_row or 0
        sheet.reset_dimensions()  # exports often state a wrong one
        with _or_broken(self.name), sheet._get_source() as source:
            scan = scan_sheet(source)
        told = Worksheet(sheet.title, self._rows(sheet, scan), False, EXCEL_START, scan.hidden_rows, scan.hidden_count)
        if self.book.epoch == mac_epoch:
            told.start = START_OF_1904
        return told

    def _rows(self, sheet: Any, scan: SheetScan) -> Rows:
        merged = _Merged(scan.merges)
        with _or_broken(self.name):
            for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                self.row = number
                row = [_unescaped(cell) if isinstance(cell, str) and "_x" in cell else cell for cell in cells]
                for column in scan.uncomputed.get(number, ()):
                    if column < len(row) and row[column] is None:
                        row[column] = UNCOMPUTED
                yield number, merged.filled(number, row)

    def progress(self) -> tuple[int, int]:
        return self.row, max(self.total, self.row) if self.total else 0


def _refuse_strict(path: Path, name: str) -> None:
    """openpyxl finds no sheet in a workbook of the strict kind."""
    with _or_broken(name), zipfile.ZipFile(path) as archive, archive.open("xl/workbook.xml") as workbook:
        if b"http://purl.oclc.org/ooxml/" in workbook.read(64 * 1024):
            raise BadFile(
                "Tệp “%(name)s” được lưu ở dạng “Strict Open XML”, không đọc được. "
                "Hãy mở bằng Excel, lưu lại thành “Excel Workbook (.xlsx)” rồi nhập.",
                name=name,
            )


class _Merged:
    """Cells merged over several rows, each row asked once, from the top: the value of the first stands in all."""

    def __init__(self, merges: list[Merge]) -> None:
        self._coming = sorted((merge for merge in merges if merge.last_row > merge.first_row), reverse=True)
        self._open: list[tuple[int, int, Cell]] = []  # last row, column, value

    def filled(self, row: int, cells: list[Cell]) -> list[Cell]:
        """The row with what its merged cells say."""
        if self._open:
            self._open = [each for each in self._open if each[0] >= row]
            for _last, column, value in self._open:
                if column >= len(cells):
                    cells.extend([None] * (column + 1 - len(cells)))
                if cells[column] is None:
                    cells[column] = value
        while self._coming and self._coming[-1].first_row <= row:
            merge = self._coming.pop()
            if merge.first_row == row and merge.first_column < len(cells):
                self._open.append((merge.last_row, merge.first_column, cells[merge.first_column]))
        return cells


_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def _unescaped(text: str) -> str:
    """Without the escapes of characters that XML cannot hold (ECMA-376, 22.9.2.19): _x000D_ ends a line."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


@contextmanager
def _xlsx(path: Path, name: str) -> Iterator[SheetSource]:
    import openpyxl

    assert openpyxl.DEFUSEDXML, "openpyxl must parse with defusedxml"
    _refuse_strict(path, name)
    with path.open("rb") as file:  # not by its path: the library goes by the ending, which an upload's own file lacks
        with _or_broken(name):
            # Formulas give the value that was worked out when the file was saved.
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            yield _Workbook(book, name)
        finally:
            book.close()


@contextmanager
def _or_broken(name: str) -> Iterator[None]:
    """Whatever the libraries say of a damaged file, people hear one sentence."""
    try:
        yield
    except (BadFile, GeneratorExit, MemoryError):
        raise
    except Exception as exc:
        raise _broken(name) from exc


# XLS


@dataclass
class _OldWorkbook:
    book: xlrd.book.Book
    row: int = 0
    total: int = 0

    alternatives = False

    @property
    def several(self) -> bool:
        return sum(sheet.visibility == 0 for sheet in self.book.sheets()) > 1

    def sheets(self) -> Iterator[Worksheet]:
        for sheet in self.book.sheets():
            if sheet.visibility != 0:
                yield Worksheet(sheet.name, iter(()), hidden=True)
                continue
            self.total = sheet.nrows
            hidden = sorted(index + 1 for index, row in sheet.rowinfo_map.items() if row.hidden)
            told = Worksheet(sheet.name, self._rows(sheet), hidden_rows=hidden[:5], hidden_count=len(hidden))
            if self.book.datemode == 1:
                told.start = START_OF_1904
            yield told

    def _rows(self, sheet: xlrd.sheet.Sheet) -> Rows:
        merged = _Merged([Merge(top + 1, left, bottom) for top, bottom, left, _right in sheet.merged_cells])
        for index in range(sheet.nrows):
            self.row = index + 1
            yield index + 1, merged.filled(index + 1, [self._value(cell) for cell in sheet.row(index)])

    def _value(self, cell: xlrd.sheet.Cell) -> Cell:
        import xlrd

        if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
            return None
        if cell.ctype == xlrd.XL_CELL_DATE:
            try:
                return xlrd.xldate_as_datetime(float(cell.value), self.book.datemode)
            except (ValueError, OverflowError):
                return float(cell.value)
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(int(cell.value), "#ERR")
        value: Cell = cell.value
        return value

    def progress(self) -> tuple[int, int]:
        return self.row, self.total


def _xls(path: Path, name: str) -> SheetSource:
    import xlrd

    with _or_broken(name):
        # With what a sheet looks like: merged cells and hidden rows are told so only.
        book = xlrd.open_workbook(str(path), logfile=io.StringIO(), formatting_info=True)
    return _OldWorkbook(book)
