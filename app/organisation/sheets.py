"""A small workbook as a person fills it in: named sheets, each with a line of headings and rows below it.

Read from its bytes, whole, within bounds; written as a template to fill in. Larger lists of other software are read by
`cases.importing`. And what came of the rows of any file that is taken whole or not at all (`FileRowsReport`).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from flask_babel import force_locale, get_locale

from app.core.errors import DomainError, N_n
from app.core.text import fold, tidy
from app.organisation import audit
from app.organisation.models import Unit
from app.web.extensions import LOCALES
from app.web.formats import label, sentence

LARGEST = 1_000_000  # bytes
_UNPACKED = 40_000_000
MOST_ROWS = 5000
_HEADING_WITHIN = 10  # lines above the headings that may say something else

Read = TypeVar("Read")
Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column: the key it has in a row, its heading, whether a row must fill it, and what may stand there."""

    key: str
    heading: str
    needed: bool = False
    words: tuple[str, ...] = ()
    width: int = 18


@dataclass(frozen=True, slots=True)
class SheetForm:
    """A sheet of the workbook; `needed`: a file without it is refused."""

    name: str
    columns: tuple[SheetColumn, ...]
    needed: bool = True

    def heading(self, key: str) -> str:
        """What the column is called; the key itself where there is none."""
        return next((column.heading for column in self.columns if column.key == key), key)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row with something in it: its sheet, its number as the spreadsheet shows it, its texts by column."""

    sheet: SheetForm
    number: int
    cells: Mapping[str, str]

    def text(self, key: str) -> str:
        """What stands there; empty where nothing does."""
        return self.cells.get(key, "")

    def read(self, key: str, how: Callable[[str], Read]) -> Read | None:
        """What stands there, read so; None where nothing does. A refusal names the column."""
        if not (text := self.text(key)):
            return None
        try:
            return how(text)
        except DomainError as error:
            raise DomainError(error.message, field=key, **error.params) from error

    def refuse_gaps(self) -> None:
        """DomainError where a needed cell is empty."""
        for column in self.sheet.columns:
            if column.needed and not self.text(column.key):
                raise DomainError("Chưa ghi gì ở cột này.", field=column.key)


@dataclass(frozen=True, slots=True)
class SheetFault:
    """What is wrong, and where a person looks for it."""

    sheet: str
    row: int
    column: str
    error: DomainError


@dataclass(slots=True)
class SheetFaults:
    """Everything wrong with a file, in the order in which it was found."""

    found: list[SheetFault] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)
    """Fields of services that are columns of another name."""

    def add(self, row: SheetRow, error: DomainError) -> None:
        key = self.names.get(error.field or "", error.field or "")
        column = row.sheet.heading(key) if key else ""
        self.found.append(SheetFault(row.sheet.name, row.number, column, error))

    @contextmanager
    def noting(self, row: SheetRow) -> Iterator[None]:
        """What is wrong with one row keeps nobody from hearing what is wrong with the next."""
        try:
            yield
        except DomainError as error:
            self.add(row, error)


NOTHING_TAKEN = N_n("Chưa nhận gì từ tệp: còn %(n)s chỗ sai, chỗ đầu ở trang “%(sheet)s” dòng %(row)s.")


class FaultyFile(DomainError):
    """A file with rows that cannot be taken: nothing of it was."""

    def __init__(self, faults: Sequence[SheetFault]) -> None:
        first = faults[0]
        super().__init__(NOTHING_TAKEN, n=len(faults), sheet=first.sheet, row=first.row)
        self.faults = tuple(faults)


class _Undone(Exception):
    """Ends a transaction that only looked."""


@contextmanager
def looking_only() -> Iterator[None]:
    """A transaction of which nothing stays, however it ends: what taking a file would do is what doing it does."""
    try:
        with audit.transaction():
            yield
            raise _Undone
    except _Undone:
        pass


def read_workbook(content: bytes, sheets: Sequence[SheetForm]) -> dict[str, list[SheetRow]]:
    """The rows of each sheet, by its name. Raises DomainError (file) for what is no such workbook."""
    _refuse_large(content)
    import openpyxl  # heavy: only for whoever brings a file

    assert openpyxl.DEFUSEDXML, "openpyxl must parse with defusedxml"
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        there = {fold(sheet.title): sheet for sheet in book.worksheets}
        if not any(fold(sheet.name) in there for sheet in sheets):
            raise DomainError(
                "Tệp không có trang tính “%(sheet)s”.",
                field="file",
                sheet="”, “".join(sheet.name for sheet in sheets),
            )
        found = {sheet.name: list(_rows(sheet, there.get(fold(sheet.name)))) for sheet in sheets}
    except DomainError:
        raise
    except Exception as error:  # whatever the library says of a damaged file, people hear one sentence
        raise DomainError("Tệp bị hỏng, không đọc được: hãy lưu lại thành .xlsx rồi gửi.", field="file") from error
    book.close()
    if not any(found.values()):
        raise DomainError("Tệp chưa có dòng nào dưới dòng tiêu đề.", field="file")
    return found


def _refuse_large(content: bytes) -> None:
    if not content:
        raise DomainError("Tệp rỗng.", field="file")
    if len(content) > LARGEST:
        raise DomainError("Tệp quá lớn, tối đa %(most)s MB.", field="file", most=LARGEST // 1_000_000)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names, unpacked = archive.namelist(), sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        names, unpacked = [], 0
    if "xl/workbook.xml" not in names:
        raise DomainError("Tệp không phải là bảng tính Excel (.xlsx): hãy dùng tệp mẫu tải ở trang này.", field="file")
    if unpacked > _UNPACKED:
        raise DomainError("Tệp giải nén ra lớn bất thường: không đọc.", field="file")


def _rows(sheet: SheetForm, there: Any) -> Iterator[SheetRow]:
    if there is None:
        if sheet.needed:
            raise DomainError("Tệp không có trang tính “%(sheet)s”.", field="file", sheet=sheet.name)
        return
    lines = ((number, [_text(cell) for cell in line]) for number, line in enumerate(_lines(there), 1))
    keys = _headings(sheet, lines)
    for count, (number, cells) in enumerate(((n, cells) for n, cells in lines if any(cells)), 1):
        if count > MOST_ROWS:
            raise DomainError(
                "Trang tính “%(sheet)s” có quá %(most)s dòng.", field="file", sheet=sheet.name, most=MOST_ROWS
            )
        yield SheetRow(sheet, number, {key: text for key, text in zip(keys, cells, strict=False) if key and text})


def _lines(there: Any) -> Iterator[Sequence[object]]:
    there.reset_dimensions()  # what a sheet says of its own size is not believed
    yield from there.iter_rows(values_only=True)


def _headings(sheet: SheetForm, lines: Iterator[tuple[int, list[str]]]) -> list[str]:
    """The keys of the columns, from the first line that has all that are needed; the lines are read up to there."""
    known = {fold(text): column.key for column in sheet.columns for text in (column.heading, column.key)}
    needed = [column for column in sheet.columns if column.needed]
    best: list[str] = []
    for _line, (_number, cells) in zip(range(_HEADING_WITHIN), lines, strict=False):
        keys = [known.get(fold(cell), "") for cell in cells]
        if all(column.key in keys for column in needed):
            if doubled := next((key for key in keys if key and keys.count(key) > 1), ""):
                raise DomainError(
                    "Trang tính “%(sheet)s” có hai cột “%(column)s”.",
                    field="file",
                    sheet=sheet.name,
                    column=sheet.heading(doubled),
                )
            return keys
        best = max(best, keys, key=lambda each: sum(map(bool, each)))
    missing = [column.heading for column in needed if column.key not in best]
    raise DomainError(
        "Trang tính “%(sheet)s” thiếu cột: %(columns)s.", field="file", sheet=sheet.name, columns=", ".join(missing)
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Có" if value else "Không"
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "\n".join(tidy(line) for line in str(value).splitlines()).strip()


def read_yes_no(text: str) -> bool:
    """Có / không, yes / no, 1 / 0, x."""
    folded = fold(text)
    if folded in ("co", "yes", "true", "1", "x"):
        return True
    if folded in ("khong", "no", "false", "0"):
        return False
    raise DomainError("Không hiểu “%(text)s”: hãy ghi Có hoặc Không.", text=tidy(text)[:40])


def read_word(words: type[Word], text: str) -> Word:
    """A word of a vocabulary: by its code, or by what a reader of either language sees for it."""
    if (found := _words(words, get_locale().language if get_locale() else "vi").get(fold(text))) is not None:
        return words(found)
    raise DomainError(
        "Không hiểu “%(text)s”: hãy ghi một trong %(words)s.",
        text=tidy(text)[:40],
        words=", ".join(label(word) for word in words),
    )


def _words(words: type[Word], locale: str) -> dict[str, str]:
    known = {fold(word.value): word.value for word in words}
    for language in (*(each for each in LOCALES if each != locale), locale):
        with force_locale(language):
            known |= {fold(label(word)): word.value for word in words}
    return known


@dataclass(frozen=True, slots=True)
class RefusedFileRow:
    """A row that was not taken. `row` as the spreadsheet numbers it; `column` is empty for the whole row."""

    row: int
    column: str
    error: DomainError


@dataclass(slots=True)
class FileRowsReport:
    """What came of every row of a file. Where any is refused, none is new: nothing is written."""

    rows: int = 0
    new: int = 0
    unchanged: int = 0
    refused: list[RefusedFileRow] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As commands print it."""
        refused = [{"row": each.row, "column": each.column, "reason": sentence(each.error)} for each in self.refused]
        return {"rows": self.rows, "new": self.new, "unchanged": self.unchanged, "refused": refused}


def read_unit(text: str, units: Mapping[str, Unit]) -> Unit:
    """The unit of that code or name; `units` are known by both, folded. DomainError if there is none."""
    unit = units.get(fold(text))
    if unit is None:
        raise DomainError("Không có đơn vị “%(name)s”.", name=tidy(text)[:60])
    return unit


def csv_rows(
    content: bytes, words: Mapping[str, Collection[str]], needed: Collection[str]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each filled row of a CSV (UTF-8; comma, semicolon or tab) by column, with its number in the spreadsheet. `words`:
    what each column may be called, folded. Raises DomainError (file)."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DomainError("Tệp không phải CSV mã UTF-8.", field="file") from error
    lines = text.splitlines()
    delimiter = max(",;\t", key=lines[0].count) if lines else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    keys = {word: name for name, known in words.items() for word in known}
    try:
        names = [keys.get(key := fold(cell), key) for cell in next(reader, [])]
        if missing := [name for name in needed if name not in names]:
            raise DomainError("Tệp thiếu cột: %(columns)s.", field="file", columns=", ".join(missing))
        for cells in reader:
            if any(map(tidy, cells)):
                yield reader.line_num, dict(zip(names, map(tidy, cells), strict=False))
    except csv.Error as error:
        raise DomainError("Dòng %(row)s: không đọc được.", field="file", row=reader.line_num) from error
