"""What openpyxl does not tell of a sheet that it reads row by row: merged cells, hidden rows, formulas without their
values. Found in the sheet's XML as it streams by, before its rows are read. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import IO, NamedTuple

CHUNK = 1024 * 1024
SHOWN = 5
MOST_MERGES = 200_000
MOST_FORMULAS = 1_000_000
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_HIDDEN = re.compile(rb"""\bhidden=["'](?:1|true)["']""")
_NUMBER = re.compile(rb"""\br=["'](\d+)["']""")
_CELL = re.compile(rb"""<(?:\w+:)?c\b([^>]*)>(.*?)</(?:\w+:)?c>""", re.DOTALL)
_PLACE = re.compile(rb"""\br=["']([A-Z]+)\d+["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>[^<]|<(?:\w+:)?is\b")
_TEXT = re.compile(rb"""\bt=["']str["']""")  # a formula's text, which may be empty
_MERGE = re.compile(rb"""<(?:\w+:)?mergeCell\b[^>]*\bref=["']([A-Z]+)(\d+):([A-Z]+)(\d+)["']""")


class Merge(NamedTuple):
    """Cells merged into one; rows from 1, columns from 0."""

    first_row: int
    first_column: int
    last_row: int


@dataclass(slots=True)
class SheetScan:
    """What was found. `uncomputed`: columns (from 0) of formulas without a value, by row."""

    merges: list[Merge] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_count: int = 0
    uncomputed: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))


def scan_sheet(source: IO[bytes]) -> SheetScan:
    """Read a sheet's XML through; memory does not grow with it but for what is found."""
    scan, rest, row, formulas = SheetScan(), b"", 0, 0
    while chunk := source.read(CHUNK):
        text = rest + chunk
        whole = _last_end(text)
        row, formulas = _scan_rows(text[:whole], row, formulas, scan)
        rest = text[whole:]
        if whole == 0 and len(rest) > CHUNK:  # below the rows, or one row of megabytes
            _scan_merges(rest, scan)
            rest = rest[-1024:]
    _scan_rows(rest, row, formulas, scan)
    _scan_merges(rest, scan)
    return scan


def _last_end(text: bytes) -> int:
    """Where the last row that is whole ends."""
    end = max(text.rfind(b"</row>"), text.rfind(b":row>"))
    return 0 if end < 0 else text.index(b">", end) + 1


def _scan_rows(text: bytes, row: int, formulas: int, scan: SheetScan) -> tuple[int, int]:
    """Rows of a part; returns the last row's number, and how many formulas were looked at."""
    hides, counts = _HIDDEN.search(text), _FORMULA.search(text)
    if not hides and not counts and b" r=" in text:
        return row, formulas  # every row says its own number, so none needs to be counted
    starts = list(_ROW.finditer(text))
    ends = [*(following.start() for following in starts[1:]), len(text)]
    for start, end in zip(starts, ends, strict=False):
        number = _NUMBER.search(start[1])
        row = int(number[1]) if number else row + 1
        if hides and _HIDDEN.search(start[1]):
            scan.hidden_count += 1
            if len(scan.hidden_rows) < SHOWN:
                scan.hidden_rows.append(row)
        if counts and formulas < MOST_FORMULAS:
            body = text[start.end() : end]
            if _FORMULA.search(body):
                formulas += 1
                _scan_formulas(body, row, scan)
    return row, formulas


def _scan_formulas(body: bytes, row: int, scan: SheetScan) -> None:
    for position, (attributes, inside) in enumerate(_CELL.findall(body)):
        if _FORMULA.search(inside) and not _VALUE.search(inside) and not _TEXT.search(attributes):
            place = _PLACE.search(attributes)
            scan.uncomputed[row].append(_column(place[1]) if place else position)


def _scan_merges(text: bytes, scan: SheetScan) -> None:
    for left, top, _right, bottom in _MERGE.findall(text):
        if len(scan.merges) < MOST_MERGES:
            scan.merges.append(Merge(int(top), _column(left), int(bottom)))


def _column(letters: bytes) -> int:
    """A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
