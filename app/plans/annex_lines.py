"""An annex whose table was lost when its text was taken: each cell is a line that begins with a tab.

A row is five cells: its number, what is to be done, the product, the deadline, and who answers for it. Lines that
do not begin with a tab go on with the cell before them. A heading stands once for each column. Where a line begins
with a space before its tab, the cell before it (the number) is not in the text; numerals of groups are then
restored by their order, and only by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.errors import N_
from app.plans.annex_rows import AnnexRow, Finding, Group, is_number, is_roman, roman
from app.plans.responsibility import split_responsible
from app.text import tidy

_CELLS = ("text", "product", "deadline", "responsible")


@dataclass(slots=True)
class _Block:
    """Cells that belong together. `lost` when the cell that should open it is not in the text."""

    line: int
    lost: bool = False
    cells: list[str] = field(default_factory=list)


def read(lines: list[str], start: int) -> tuple[list[AnnexRow], list[Group], list[Finding]]:
    """The rows and groups after the annex's title, and what does not fit."""
    reader = _Reader()
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
class _Reader:
    rows: list[AnnexRow] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
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
        self._open_group(Group(roman(self.main), names[0], block.line))

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
        self._open_group(Group(roman(self.main), name, block.line, restored=True))

    def _open_group(self, group: Group) -> None:
        self.groups.append(group)
        self.expected = 1

    def _unnamed_first_group(self, line: int) -> None:
        """The document's first heading is lost with the header of its table."""
        self.main = 1
        self.groups.append(Group(roman(1), "", line, restored=True))

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
        self.findings.append(Finding(block.line, message, params))

    def _remark(self, block: _Block, message: str, **params: object) -> None:
        self.findings.append(Finding(block.line, message, params, blocking=False))


def _is_heading(cells: list[str]) -> bool:
    """A heading is one text in capitals, repeated across its columns."""
    return len(set(cells)) == 1 and cells[0] == cells[0].upper() and not is_number(cells[0])
