"""Annexes of plans (phụ lục nhiệm vụ), read from the text of the document into rows.

Two layouts are known: a table whose cells are parted by tabs under a header, and the same table as text from which
the header is lost and each cell is a line of its own. A row that does not fit, cut in two or short of a cell, is a
finding with its line; then nothing of the annex may be loaded. What is odd but leaves each row whole (a printed
number used twice, a group whose numeral is lost) is a remark, and the rows stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.core.errors import N_, DomainError
from app.core.text import fold, tidy
from app.tasks.assigning import split_responsible

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV")


@dataclass(frozen=True, slots=True)
class AnnexRow:
    """A task as the annex has it. `row` counts from 1 through the whole annex; `number` is as printed, after its
    group: "III.B.2". An empty `text` or `product` is a cell that the document does not have."""

    row: int
    number: str
    section: str
    text: str
    product: str
    lead: str
    cooperating: str
    deadline: str
    source_line: int


@dataclass(frozen=True, slots=True)
class AnnexGroup:
    """A heading of the annex: "III.B", "Rà soát đánh giá TTHC". `restored` when the numeral is not in the text."""

    number: str
    name: str
    source_line: int
    restored: bool = False


@dataclass(frozen=True, slots=True)
class AnnexFinding:
    """Something about a line of the document. `message` is the Vietnamese msgid, `params` fills its placeholders."""

    line: int
    message: str
    params: Mapping[str, object] = field(default_factory=dict)
    blocking: bool = True

    def as_error(self) -> DomainError:
        """As a sentence that a view can translate."""
        return DomainError(self.message, field="document", **self.params)

    def __str__(self) -> str:
        return str(self.as_error())


def roman(number: int) -> str:
    """I to XV."""
    return _ROMAN[number - 1] if 1 <= number <= len(_ROMAN) else str(number)


def is_roman(text: str) -> bool:
    """Whether a cell is a Roman numeral."""
    return text in _ROMAN


def is_number(text: str) -> bool:
    """Whether a cell is the printed number of a row."""
    return re.fullmatch(r"\d{1,3}\.?", text) is not None


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


def find_header(lines: list[str], start: int) -> Header | None:
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


def read_table(lines: list[str], header: Header) -> tuple[list[AnnexRow], list[AnnexGroup], list[AnnexFinding]]:
    """The rows and groups under a header, and what does not fit."""
    index, columns, width = header
    reader = _TableReader(columns, width)
    for number, line in enumerate(lines[index + 1 :], index + 2):
        if line.strip():
            reader.take(number, line)
    return reader.rows, reader.groups, reader.findings


@dataclass(slots=True)
class _TableReader:
    columns: Mapping[str, int]
    width: int
    rows: list[AnnexRow] = field(default_factory=list)
    groups: list[AnnexGroup] = field(default_factory=list)
    findings: list[AnnexFinding] = field(default_factory=list)
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
                AnnexFinding(
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
                    AnnexFinding(
                        line,
                        "Nhóm %(number)s không theo thứ tự: đáng lẽ là %(next)s.",
                        {"number": cell, "next": roman(self.main)},
                    )
                )
        else:
            self.findings.append(AnnexFinding(line, "Nhóm %(number)s không theo thứ tự.", {"number": cell}))
        self.expected = 1
        self.groups.append(AnnexGroup(self._prefix(), name, line))

    def _prefix(self) -> str:
        return ".".join(filter(None, (roman(self.main) if self.main else "", self.letter)))

    def _row(self, line: int, cells: list[str]) -> None:
        number = int(cells[0].rstrip("."))
        if not self.width - 1 <= len(cells) <= self.width:
            self.findings.append(
                AnnexFinding(
                    line,
                    "Dòng số %(number)s có %(cells)s ô, trong khi bảng có %(width)s cột: dòng bị cắt hoặc thừa ô.",
                    {"number": cells[0], "cells": len(cells), "width": self.width},
                )
            )
            return
        self.findings.extend(self._missing(line, cells))
        if number != self.expected:
            self.findings.append(
                AnnexFinding(
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

    def _missing(self, line: int, cells: list[str]) -> Iterator[AnnexFinding]:
        for name, meant in _NEEDED.items():
            if not self._cell(cells, name):
                yield AnnexFinding(
                    line,
                    "Dòng số %(number)s thiếu ô “%(cell)s”.",
                    {"number": cells[0], "cell": meant},
                )

    def _cell(self, cells: list[str], name: str) -> str:
        position = self.columns.get(name)
        return "" if position is None or position >= len(cells) else cells[position]

    def _within(self) -> list[AnnexGroup]:
        """The groups that the next row stands in, the widest first."""
        here = self._prefix()
        return [group for group in self.groups if here == group.number or here.startswith(group.number + ".")]


_CELLS = ("text", "product", "deadline", "responsible")


@dataclass(slots=True)
class _Block:
    """Cells that belong together. `lost` when the cell that should open it is not in the text."""

    line: int
    lost: bool = False
    cells: list[str] = field(default_factory=list)


def read_lines(lines: list[str], start: int) -> tuple[list[AnnexRow], list[AnnexGroup], list[AnnexFinding]]:
    """The rows and groups after the annex's title, and what does not fit."""
    reader = _LineReader()
    for block in _blocks(lines, start):
        reader.take(block)
    return reader.rows, reader.groups, reader.findings


def _blocks(lines: list[str], start: int) -> Iterator[_Block]:
    block: _Block | None = None
    after_gap = False
    for number, raw in enumerate(lines[start + 1 :], start + 2):
        text = tidy(raw)
        if not text:
            after_gap = True
            continue
        is_cell, lost = raw[:1].isspace() and "\t" in raw[:3], raw.startswith(" ")
        if is_cell and (lost or (after_gap and (is_number(text) or is_roman(text)))):
            if block:
                yield block
            block = _Block(number, lost)
        if block is None:
            after_gap = False
            continue  # the annex's own title
        if is_cell:
            block.cells.append(text)
        elif block.cells:
            block.cells[-1] += "\n" + text
        after_gap = False
    if block:
        yield block


@dataclass(slots=True)
class _LineReader:
    rows: list[AnnexRow] = field(default_factory=list)
    groups: list[AnnexGroup] = field(default_factory=list)
    findings: list[AnnexFinding] = field(default_factory=list)
    main: int = 0
    expected: int = 1

    def take(self, block: _Block) -> None:
        first = block.cells[0]
        if block.lost and _is_heading(block.cells):
            self._lost_heading(block)
        elif block.lost:
            self._lost_row(block)
        elif is_roman(first):
            self._heading(block)
        else:
            self._row(block)

    def _heading(self, block: _Block) -> None:
        numeral, names = block.cells[0], block.cells[1:]
        if not self.main:
            self._unnamed_first_group(block.line)
        if not names or not _is_heading(names):
            self._fault(block, N_("Nhóm %(number)s không có tên, hoặc lẫn với dòng khác."), number=numeral)
            return
        self.main += 1
        if numeral != roman(self.main):
            self._fault(
                block,
                N_("Nhóm %(number)s không theo thứ tự: đáng lẽ là %(next)s."),
                number=numeral,
                next=roman(self.main),
            )
        self._open_group(AnnexGroup(roman(self.main), names[0], block.line))

    def _lost_heading(self, block: _Block) -> None:
        name = block.cells[0]
        if self.groups and self.groups[-1].name == name and self.expected == 1:
            return  # the same heading, once more
        self.main += 1
        self._remark(
            block,
            N_("Số của nhóm “%(name)s” không có trong văn bản; theo thứ tự là %(number)s."),
            name=name,
            number=roman(self.main),
        )
        self._open_group(AnnexGroup(roman(self.main), name, block.line, restored=True))

    def _open_group(self, group: AnnexGroup) -> None:
        self.groups.append(group)
        self.expected = 1

    def _unnamed_first_group(self, line: int) -> None:
        """The document's first heading is lost with the header of its table."""
        self.main = 1
        self.groups.append(AnnexGroup(roman(1), "", line, restored=True))

    def _lost_row(self, block: _Block) -> None:
        """The annex's first row: the header, its number and its text were lost together."""
        if self.rows or len(block.cells) != len(_CELLS) - 1:
            self._fault(block, N_("Dòng này mất số thứ tự: có thể một dòng bị cắt làm hai."))
            return
        self._unnamed_first_group(block.line)
        self._remark(
            block,
            N_(
                "Đầu bảng, tên nhóm I, số thứ tự và nội dung của dòng đầu không có trong văn bản; còn lại sản phẩm, "
                "thời gian và trách nhiệm."
            ),
        )
        self._add(block.line, 1, ["", *block.cells])

    def _row(self, block: _Block) -> None:
        number, cells = block.cells[0].rstrip("."), block.cells[1:]
        if not self.main:
            self._unnamed_first_group(block.line)
        if len(cells) != len(_CELLS):
            self._fault(
                block,
                N_("Dòng số %(number)s có %(cells)s ô, đáng lẽ có %(width)s: dòng bị cắt, thiếu hoặc thừa ô."),
                number=number,
                cells=len(block.cells),
                width=len(_CELLS) + 1,
            )
            self.expected = int(number) + 1
            return
        if int(number) > self.expected:
            self._fault(
                block,
                N_("Số thứ tự %(number)s không nối tiếp: đáng lẽ là %(next)s."),
                number=number,
                next=self.expected,
            )
        self._add(block.line, int(number), cells)

    def _add(self, line: int, number: int, cells: list[str]) -> None:
        text, product, deadline, responsible = cells
        lead, cooperating = split_responsible(responsible)
        section = self.groups[-1].name if self.groups else ""
        self.rows.append(
            AnnexRow(
                len(self.rows) + 1,
                f"{roman(self.main)}.{number}",
                section,
                text,
                product,
                lead,
                cooperating,
                deadline,
                line,
            )
        )
        self.expected = number + 1

    def _fault(self, block: _Block, message: str, **params: object) -> None:
        self.findings.append(AnnexFinding(block.line, message, params))

    def _remark(self, block: _Block, message: str, **params: object) -> None:
        self.findings.append(AnnexFinding(block.line, message, params, blocking=False))


def _is_heading(cells: list[str]) -> bool:
    """A heading is one text in capitals, repeated across its columns."""
    return len(set(cells)) == 1 and cells[0] == cells[0].upper() and not is_number(cells[0])


@dataclass(frozen=True, slots=True)
class Annex:
    """The rows of an annex in their order, and what was found about it. Lines are counted from 1."""

    rows: tuple[AnnexRow, ...]
    groups: tuple[AnnexGroup, ...]
    findings: tuple[AnnexFinding, ...]

    @property
    def faults(self) -> tuple[AnnexFinding, ...]:
        """What keeps the annex from being loaded."""
        return tuple(finding for finding in self.findings if finding.blocking)

    @property
    def remarks(self) -> tuple[AnnexFinding, ...]:
        """What a person should know; the rows stand."""
        return tuple(finding for finding in self.findings if not finding.blocking)


class AnnexError(DomainError):
    """The annex cannot be loaded: `findings` says what is wrong with it, each with its line."""

    def __init__(self, findings: tuple[AnnexFinding, ...]) -> None:
        first = findings[0]
        super().__init__(N_("Dòng %(line)s: %(finding)s"), field="document", line=first.line, finding=first.as_error())
        self.findings = findings


def read_annex(text: str) -> Annex:
    """Read the annex of a document. DomainError if the document has none."""
    lines = text.splitlines()
    start = _title(lines)
    if start is None:
        raise DomainError("Văn bản không có phụ lục nhiệm vụ.", field="document")
    annex = Annex(*_parts(lines, start))
    if not annex.rows and not annex.findings:
        raise DomainError("Phụ lục không có nhiệm vụ nào.", field="document")
    return annex


def _parts(
    lines: list[str], start: int
) -> tuple[tuple[AnnexRow, ...], tuple[AnnexGroup, ...], tuple[AnnexFinding, ...]]:
    header = find_header(lines, start)
    found = read_table(lines, header) if header else read_lines(lines, start)
    rows, groups, findings = found
    return tuple(rows), tuple(groups), (*findings, *_repeated(rows))


def _title(lines: list[str]) -> int | None:
    """Where the last line PHỤ LỤC stands that opens an annex."""
    titles = [index for index, line in enumerate(lines) if fold(line) == "phu luc"]
    return titles[-1] if titles else None


def _repeated(rows: list[AnnexRow]) -> Iterator[AnnexFinding]:
    """Printed numbers used twice within a group."""
    seen: dict[str, AnnexRow] = {}
    for row in rows:
        if row.number in seen:
            yield AnnexFinding(
                row.source_line,
                "Số thứ tự %(number)s đã có ở dòng %(first)s của văn bản; hai nhiệm vụ được giữ riêng.",
                {"number": row.number, "first": seen[row.number].source_line},
                blocking=False,
            )
        seen.setdefault(row.number, row)
