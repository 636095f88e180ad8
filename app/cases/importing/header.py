"""Which row of a sheet is its header, and which column is what. Pure.

Headings are compared folded: stray and doubled spaces, decomposed Unicode, case and diacritics make no
difference. Title rows above the header are passed over.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from app.cases.importing.readers import BadFile, CsvSource, Rows, SheetSource, wrong_encoding
from app.core.text import fold, tidy

LOOK_AT = 60  # rows in which the header must be
_GARBLED = ("á»", "áº", "Æ°", "Ä‘")  # UTF-8 that was once read as Latin


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
    """A sheet whose header was found. `columns`: field -> [(heading as written, positions)], best heading first."""

    headings: list[str]  # as the report names them: repeated ones are numbered
    columns: dict[str, list[tuple[str, list[int]]]]
    rows: Rows  # those below the header
    header_row: int

    def heading(self, field: str) -> str:
        """The heading of a field, for the report; empty when the file has no such column."""
        return self.columns[field][0][0] if field in self.columns else ""


def find_table(source: SheetSource, mapping: HeaderSpec, name: str) -> SheetTable:
    """The first sheet with a header row that has what the mapping needs. Raises BadFile."""
    needed = mapping.needed
    best, anything, garbled = list(needed), False, False
    for _sheet, rows in source.sheets():
        for number, cells in islice(rows, LOOK_AT):
            texts = [_text(cell) for cell in cells]
            columns = _columns(texts, mapping)
            missing = [field for field in needed if field not in columns]
            if not missing:
                return SheetTable(_named(texts), columns, rows, number)
            best = min(best, missing, key=len)
            anything = anything or any(texts)
            garbled = garbled or any(sign in text for text in texts for sign in _GARBLED)
    if not anything:
        raise BadFile("Tệp “%(name)s” không có dòng nào.", name=name)
    if len(best) == len(needed) and isinstance(source, CsvSource) and (garbled or source.legacy):
        raise wrong_encoding(name)
    raise BadFile(
        "Tệp “%(name)s” không có dòng tiêu đề với cột %(columns)s mà ánh xạ “%(mapping)s” cần.",
        name=name,
        columns=", ".join(f"“{mapping.columns[field][0]}”" for field in best),
        mapping=mapping.name,
    )


def _text(cell: Any) -> str:
    return "" if cell is None else tidy(str(cell)[:300])


def _columns(texts: list[str], mapping: HeaderSpec) -> dict[str, list[tuple[str, list[int]]]]:
    found: dict[str, list[int]] = {}
    written: dict[str, str] = {}
    for position, text in enumerate(texts):
        if key := fold(text):
            found.setdefault(key, []).append(position)
            written.setdefault(key, text)
    columns = {}
    for field, headings in mapping.headings.items():
        if present := [(written[key], found[key]) for key in dict.fromkeys(headings) if key in found]:
            columns[field] = present
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
