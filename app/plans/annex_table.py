"""An annex as a table: a header of tab-parted cells, group lines, one line a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.plans.annex_rows import AnnexRow, Finding, Group, is_number, is_roman, roman
from app.text import fold, tidy

_COLUMNS = {
    "text": ("noi dung", "nhiem vu"),
    "product": ("san pham", "ket qua"),
    "lead": ("chu tri",),
    "cooperating": ("phoi hop",),
    "deadline": ("thoi gian", "tien do", "thoi han"),
}
_NEEDED = {"text": "nội dung nhiệm vụ", "lead": "đơn vị chủ trì", "deadline": "thời gian hoàn thành"}
Header = tuple[int, Mapping[str, int], int]
"""Index of the header's line, position of each column, number of cells."""


def header(lines: list[str], start: int) -> Header | None:
    """The header after a line, if there is one: a line of cells that names the task, its lead and its time."""
    for index in range(start, len(lines)):
        cells = [fold(cell) for cell in lines[index].split("\t")]
        columns = {
            name: position
            for position, cell in reversed(list(enumerate(cells)))
            for name, words in _COLUMNS.items()
            if any(word in cell for word in words)
        }
        if _NEEDED.keys() <= columns.keys() and len(cells) > len(_NEEDED):
            return index, columns, len(cells)
    return None


def read(lines: list[str], header: Header) -> tuple[list[AnnexRow], list[Group], list[Finding]]:
    """The rows and groups under a header, and what does not fit."""
    index, columns, width = header
    reader = _Reader(columns, width)
    for number, line in enumerate(lines[index + 1 :], index + 2):
        if line.strip():
            reader.take(number, line)
    return reader.rows, reader.groups, reader.findings


@dataclass(slots=True)
class _Reader:
    columns: Mapping[str, int]
    width: int
    rows: list[AnnexRow] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    main: int = 0  # the Roman numeral last read
    letter: str = ""  # the letter last read under it
    expected: int = 1  # the row's number that comes next

    def take(self, line: int, raw: str) -> None:
        cells = [tidy(cell) for cell in raw.split("\t")]
        filled = [cell for cell in cells[1:] if cell]
        if self._is_header(cells):
            return  # the header again, on a new page
        if is_number(cells[0]):
            self._row(line, cells)
        elif len(filled) == 1 and self._is_next_group(cells[0]):
            self._group(line, cells[0], filled[0])
        else:
            self.findings.append(
                Finding(
                    line,
                    "Dòng này không mở đầu bằng số thứ tự và không phải tên nhóm: có thể một dòng bị cắt làm hai.",
                )
            )

    def _is_header(self, cells: list[str]) -> bool:
        return all(
            position < len(cells) and any(word in fold(cells[position]) for word in _COLUMNS[name])
            for name, position in self.columns.items()
        )

    def _is_next_group(self, cell: str) -> bool:
        return is_roman(cell) or (len(cell) == 1 and "A" <= cell <= "Z")

    def _group(self, line: int, cell: str, name: str) -> None:
        """A letter after its forerunner is a group within the Roman one; C and D are letters, not numerals."""
        if cell == (chr(ord(self.letter) + 1) if self.letter else "A"):
            self.letter = cell
        elif is_roman(cell):
            self.main, self.letter = self.main + 1, ""
            if cell != roman(self.main):
                self.findings.append(
                    Finding(
                        line,
                        "Nhóm %(number)s không theo thứ tự: đáng lẽ là %(next)s.",
                        {"number": cell, "next": roman(self.main)},
                    )
                )
        else:
            self.findings.append(Finding(line, "Nhóm %(number)s không theo thứ tự.", {"number": cell}))
        self.expected = 1
        self.groups.append(Group(self._prefix(), name, line))

    def _prefix(self) -> str:
        return ".".join(filter(None, (roman(self.main) if self.main else "", self.letter)))

    def _row(self, line: int, cells: list[str]) -> None:
        number = int(cells[0].rstrip("."))
        if not self.width - 1 <= len(cells) <= self.width:
            self.findings.append(
                Finding(
                    line,
                    "Dòng số %(number)s có %(cells)s ô, trong khi bảng có %(width)s cột: dòng bị cắt hoặc thừa ô.",
                    {"number": cells[0], "cells": len(cells), "width": self.width},
                )
            )
            return
        self.findings.extend(self._missing(line, cells))
        if number != self.expected:
            self.findings.append(
                Finding(
                    line,
                    "Số thứ tự %(number)s không nối tiếp: đáng lẽ là %(next)s.",
                    {"number": number, "next": self.expected},
                    blocking=number > self.expected,
                )
            )
        self.expected = number + 1
        self.rows.append(
            AnnexRow(
                len(self.rows) + 1,
                ".".join(filter(None, (self._prefix(), str(number)))),
                " / ".join(group.name for group in self._within()),
                **{name: self._cell(cells, name) for name in _COLUMNS},
                source_line=line,
            )
        )

    def _missing(self, line: int, cells: list[str]) -> Iterator[Finding]:
        for name, meant in _NEEDED.items():
            if not self._cell(cells, name):
                yield Finding(
                    line,
                    "Dòng số %(number)s thiếu ô “%(cell)s”.",
                    {"number": cells[0], "cell": meant},
                )

    def _cell(self, cells: list[str], name: str) -> str:
        position = self.columns.get(name)
        return "" if position is None or position >= len(cells) else cells[position]

    def _within(self) -> list[Group]:
        """The groups that the next row stands in, the widest first."""
        here = self._prefix()
        return [group for group in self.groups if here == group.number or here.startswith(group.number + ".")]
