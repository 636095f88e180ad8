"""Which row of a sheet is its header, and which column is what. Pure.

Headings are compared folded: stray and doubled spaces, decomposed Unicode, case and diacritics make no
difference. Title rows above the header are passed over.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice, zip_longest
from typing import Any, Protocol

from app.cases.importing.formats import BadFile, Cell, CsvSource, Rows, SheetSource, Worksheet, wrong_encoding
from app.cases.importing.values import EXCEL_START
from app.core.text import fold, tidy

LOOK_AT = 60  # rows in which the header must be
LOOK_AHEAD = 500  # rows by which a column of days is judged
MONTHS = 12
DAYS = ("received_at", "promised_at", "ended_at", "event_at", "paid_at")  # fields that hold days
_DAY_FIRST = re.compile(r"\s*(\d{1,2})[/.\-]\d{1,2}[/.\-]\d{4}")
_GARBLED = ("á»", "áº", "Æ°", "Ä‘")  # UTF-8 that was once read as Latin


Columns = dict[str, list[tuple[str, list[int]]]]  # field -> headings as written, each with its positions


class NoHeader(BadFile):
    """A table that can be read, but no row of it has the columns that are needed."""


class HeaderSpec(Protocol):
    """What is looked for in a header: the fields, the headings each may have (best first), and those it must have."""

    @property
    def name(self) -> str: ...

    @property
    def columns(self) -> dict[str, list[str]]: ...

    @property
    def headings(self) -> dict[str, list[str]]:
        """The columns' headings, folded."""
        ...

    @property
    def needed(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class SheetTable:
    """A sheet whose header was found. `columns`: field -> [(heading as written, positions)], best heading first.

    `start` is the day that the number 0 means in it; `doubtful` are the positions of columns of days in which a
    spreadsheet may have taken days for months (see `_doubtful`).
    """

    headings: list[str]  # as the report names them: repeated ones are numbered
    columns: Columns
    rows: Rows  # those below the header
    header_row: int
    name: str = ""
    start: datetime = EXCEL_START
    doubtful: frozenset[int] = frozenset()
    hidden_rows: tuple[int, ...] = ()
    hidden_count: int = 0
    written: frozenset[int] = frozenset()  # positions of the columns that have a heading

    @property
    def unread(self) -> list[str]:
        """The headings of columns that nothing is made of."""
        read = {place for columns in self.columns.values() for _heading, places in columns for place in places}
        return [heading for place, heading in enumerate(self.headings) if place not in read and place in self.written]

    def heading(self, field: str) -> str:
        """The heading of a field, for the report; empty when the file has no such column."""
        return self.columns[field][0][0] if field in self.columns else ""


@dataclass(slots=True)
class Tables:
    """The tables of a file, one after another, and the sheets that have none: all of them, when it was read through."""

    first: SheetTable
    following: Iterator[SheetTable]
    passed_over: list[str] = field(default_factory=list)  # sheets without such a header
    hidden: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[SheetTable]:
        yield self.first
        yield from self.following


def find_tables(source: SheetSource, mapping: HeaderSpec, name: str) -> Tables:
    """Every sheet that is shown and has a header row with what the mapping needs. Raises BadFile when none has."""
    search = _Search(mapping)
    passed_over: list[str] = []
    hidden: list[str] = []

    def tables() -> Iterator[SheetTable]:
        for sheet in source.sheets():
            if sheet.hidden:
                hidden.append(sheet.name)
            elif table := search.table(sheet):
                yield table
                if source.alternatives:
                    return
            elif not source.alternatives:
                passed_over.append(sheet.name)

    following = tables()
    first = next(following, None)
    if first is None:
        raise search.failure(source, name, hidden)
    return Tables(first, following, passed_over, hidden)


class _Search:
    """The looking for headers in the sheets of one file, and what is said when there is none."""

    def __init__(self, mapping: HeaderSpec) -> None:
        self.mapping = mapping
        self.best, self.anything, self.garbled = list(mapping.needed), False, False

    def table(self, sheet: Worksheet) -> SheetTable | None:
        """The sheet's table. A header of two rows, groups above and columns below them, is read as one."""
        above: list[str] = []
        for number, cells in islice(sheet.rows, LOOK_AT):
            texts = [_text(cell) for cell in cells]
            alone = self._columns(texts)
            both = [low or high for low, high in zip_longest(texts, above, fillvalue="")]
            joined = self._columns(both) if above else None
            if joined is not None and (alone is None or len(joined) > len(alone)):
                texts, alone = both, joined
            if alone is not None:
                return self._found(sheet, *self._with_next(sheet, texts, alone), number)
            above = texts
        return None

    def _with_next(self, sheet: Worksheet, texts: list[str], columns: Columns) -> tuple[list[str], Columns]:
        """With what the next row adds, where groups stand above columns that need not be there: no row of a case, as
        the columns that must be there say nothing in it."""
        following = next(sheet.rows, None)
        if following is None:
            return texts, columns
        below = [_text(cell) for cell in following[1]]
        needed = {place for name in self.mapping.needed for _h, places in columns[name] for place in places}
        if not any(below[place] for place in needed if place < len(below)):
            both = [low or high for low, high in zip_longest(below, texts, fillvalue="")]
            joined = _columns(both, self.mapping)
            if len(joined) > len(columns):
                return both, joined
        sheet.rows = chain([following], sheet.rows)
        return texts, columns

    def _columns(self, texts: list[str]) -> Columns | None:
        columns = _columns(texts, self.mapping)
        missing = [name for name in self.mapping.needed if name not in columns]
        self.best = min(self.best, missing, key=len)
        self.anything = self.anything or any(texts)
        self.garbled = self.garbled or any(sign in text for text in texts for sign in _GARBLED)
        return None if missing else columns

    def _found(self, sheet: Worksheet, texts: list[str], columns: Columns, number: int) -> SheetTable:
        first, rows = _looked_ahead(sheet.rows)
        days = {place for name in DAYS for _h, places in columns.get(name, ()) for place in places}
        doubtful = (place for place in days if _doubtful([cells[place] for _n, cells in first if place < len(cells)]))
        return SheetTable(
            _named(texts),
            columns,
            rows,
            number,
            sheet.name,
            sheet.start,
            frozenset(doubtful),
            tuple(sheet.hidden_rows),
            sheet.hidden_count,
            frozenset(place for place, text in enumerate(texts) if text),
        )

    def failure(self, source: SheetSource, name: str, hidden: list[str]) -> BadFile:
        """Why nothing can be read."""
        if not self.anything:
            if hidden:
                return BadFile(
                    "Tệp “%(name)s” chỉ có trang tính đang ẩn (%(sheets)s). Hãy cho hiện trang cần nhập rồi nhập lại.",
                    name=name,
                    sheets=", ".join(hidden),
                )
            return BadFile("Tệp “%(name)s” không có dòng nào.", name=name)
        nothing = len(self.best) == len(self.mapping.needed)
        if nothing and isinstance(source, CsvSource) and (self.garbled or source.legacy):
            return wrong_encoding(name)
        return NoHeader(
            "Tệp “%(name)s” không có dòng tiêu đề với cột %(columns)s mà loại tệp “%(mapping)s” cần.",
            name=name,
            columns=", ".join(f"“{self.mapping.columns[each][0]}”" for each in self.best),
            mapping=self.mapping.name,
        )


def _looked_ahead(rows: Rows) -> tuple[list[tuple[int, list[Cell]]], Rows]:
    """The first rows, and all of them. Where the file breaks among the first, whoever reads all of them is told."""
    first: list[tuple[int, list[Cell]]] = []
    try:
        first.extend(islice(rows, LOOK_AHEAD))
    except BadFile as error:
        return first, _broken_after(first, error)
    return first, chain(first, rows)


def _broken_after(first: Iterable[tuple[int, list[Cell]]], error: BadFile) -> Rows:
    yield from first
    raise error


def _doubtful(cells: list[Any]) -> bool:
    """Whether a spreadsheet set to months first seems to have read a column of days first: what could be a month
    became a date with day and month changed, the rest stayed text. So every date is of a day up to 12, every text of
    one above.
    """
    days = [cell.day for cell in cells if isinstance(cell, datetime)]
    texts = [int(found[1]) for cell in cells if isinstance(cell, str) and (found := _DAY_FIRST.match(cell))]
    return bool(days and texts) and max(days) <= MONTHS < min(texts)


def _text(cell: Any) -> str:
    return "" if cell is None else tidy(str(cell)[:300])


def _columns(texts: list[str], mapping: HeaderSpec) -> Columns:
    found: dict[str, list[int]] = {}
    written: dict[str, str] = {}
    for position, text in enumerate(texts):
        if key := fold(text):
            found.setdefault(key, []).append(position)
            written.setdefault(key, text)
    columns = {}
    for name, headings in mapping.headings.items():
        if present := [(written[key], found[key]) for key in dict.fromkeys(headings) if key in found]:
            columns[name] = present
    return columns


def _named(texts: list[str]) -> list[str]:
    """Headings as keys of a row: every column has one, and repeated ones are numbered."""
    seen: Counter[str] = Counter()
    named = []
    for position, text in enumerate(texts, 1):
        name = text or f"Cột {position}"
        seen[name] += 1
        named.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return named
