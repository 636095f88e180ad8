"""Breaking words into lines, and the rows of a table into what stays together. Pure: widths come from a function.

Widths are millimetres for a text of one point, so that a word is measured once for every size.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from app.slips.document import Align, Cell, Row, Run, Table

_WORDS = re.compile(r"\n| +|[^\n ]+")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ANOTHER = str.maketrans({"\u2011": "-", "\t": " ", "\r": " "})  # the typeface has no hyphen that does not break


def printable(words: str) -> str:
    """The words in one Unicode form, without what no typeface draws."""
    return _UNPRINTABLE.sub("", unicodedata.normalize("NFC", words).translate(_ANOTHER))


class Measure:
    """Width of words in a style, each word measured once."""

    def __init__(self, width: Callable[[str, str], float]) -> None:
        self._width = width
        self._known: dict[tuple[str, str], float] = {}

    def __call__(self, words: str, style: str) -> float:
        known = self._known.get((words, style))
        if known is None:
            if len(self._known) > 50_000:
                self._known.clear()
            known = self._known[words, style] = self._width(words, style)
        return known


@dataclass(slots=True)
class Segment:
    """Words of a line in one style."""

    words: str
    style: str
    width: float


@dataclass(slots=True)
class Line:
    """One line as it is drawn."""

    segments: list[Segment] = field(default_factory=list)
    width: float = 0.0

    def add(self, words: str, style: str, width: float) -> None:
        """More words at its end."""
        if self.segments and self.segments[-1].style == style:
            self.segments[-1].words += words
            self.segments[-1].width += width
        else:
            self.segments.append(Segment(words, style, width))
        self.width += width

    def trim(self, measure: Measure) -> None:
        """No spaces at its end."""
        while self.segments and (last := self.segments[-1]).words.endswith(" "):
            kept = last.words.rstrip(" ")
            spaces = measure(" ", last.style) * (len(last.words) - len(kept))
            last.words, last.width, self.width = kept, last.width - spaces, self.width - spaces
            if kept:
                return
            self.segments.pop()


def wrap(runs: Iterable[Run], width: float, measure: Measure, first: float = 0.0) -> list[Line]:
    """The lines of a paragraph of that width; the first one is shorter by `first`. A word too long is broken."""
    lines = [Line()]
    room = width - first
    for run in runs:
        style = ("B" if run.bold else "") + ("I" if run.italic else "")
        for word in _WORDS.findall(printable(run.text)):
            if word == "\n":
                lines.append(Line())
                room = width
                continue
            for piece in _pieces(word, style, width, measure):
                length = measure(piece, style)
                if lines[-1].width + length > room + 1e-9 and lines[-1].segments and not piece.isspace():
                    lines.append(Line())
                    room = width
                if piece.isspace() and not lines[-1].segments:
                    continue
                lines[-1].add(piece, style, length)
    for line in lines:
        line.trim(measure)
    return lines


def balanced(runs: Iterable[Run], width: float, measure: Measure) -> list[Line]:
    """The same lines, no fewer and no more, of about one length: a heading leaves no word alone."""
    runs = tuple(runs)
    lines = wrap(runs, width, measure)
    narrow, wide = 0.0, width
    for _n in range(8 if len(lines) > 1 else 0):
        middle = (narrow + wide) / 2
        tried = wrap(runs, middle, measure)
        if len(tried) == len(lines):
            lines, wide = tried, middle
        else:
            narrow = middle
    return lines


def _pieces(word: str, style: str, width: float, measure: Measure) -> Iterator[str]:
    """The word, or as much of it as fits a line each time."""
    while len(word) > 1 and measure(word, style) > width:
        end, used = 0, 0.0
        while end < len(word) and (used := used + measure(word[end], style)) <= width:
            end += 1
        yield word[: max(end, 1)]
        word = word[max(end, 1) :]
    if word:
        yield word


@dataclass(slots=True)
class Placed:
    """A cell with its place in its group of rows."""

    x: float
    y: float
    width: float
    height: float
    lines: list[Line]
    align: Align
    middle: bool


class Grid:
    """A table of a width in millimetres: its rows in groups that share a cell, each laid out when it is reached."""

    PAD = 0.9  # between a cell's border and its words

    @dataclass(slots=True)
    class Group:
        """Rows that may not be parted, and their height."""

        cells: list[Placed]
        height: float

    def __init__(self, table: Table, width: float, size: float, step: float, measure: Measure) -> None:
        self.table, self.size, self.step, self.measure = table, size, step, measure
        share = width / sum(table.widths)
        self.edges = [0.0]
        for each in table.widths:
            self.edges.append(self.edges[-1] + each * share)
        self.begun = False

    def head(self) -> Group:
        """The rows repeated on every page."""
        return self._group(list(self.table.head), middle=True)

    def groups(self, tallest: float) -> Iterator[Group]:
        """The other rows, in their groups; a row taller than a page is cut into several."""
        for rows in _together(self.table.rows):
            group = self._group(rows)
            if group.height > tallest and len(rows) == 1:
                yield from self._cut(group, tallest)
            else:
                yield group

    def _group(self, rows: list[Row], *, middle: bool = False) -> Group:
        placed = list(_columns(rows, len(self.table.widths)))
        lines = [self._lines(cell, column) for _row, column, cell in placed]
        needed = [
            max(len(each) * self.step + 2 * self.PAD, float(cell.least))
            for each, (_row, _column, cell) in zip(lines, placed, strict=True)
        ]
        heights = [0.0] * len(rows)
        for (row, _column, cell), height in sorted(zip(placed, needed, strict=True), key=lambda each: each[0][2].rows):
            missing = height - sum(heights[row : row + cell.rows])
            if missing > 0:
                heights[row + cell.rows - 1] += missing
        cells = [
            Placed(
                self.edges[column],
                sum(heights[:row]),
                self.edges[column + cell.columns] - self.edges[column],
                sum(heights[row : row + cell.rows]),
                each,
                cell.align,
                middle,
            )
            for each, (row, column, cell) in zip(lines, placed, strict=True)
        ]
        return self.Group(cells, sum(heights))

    def _lines(self, cell: Cell, column: int) -> list[Line]:
        if not cell.text:
            return [Line()]
        width = self.edges[column + cell.columns] - self.edges[column] - 2 * self.PAD
        return wrap((Run(cell.text, cell.bold, cell.italic),), width / self.size, self.measure)

    def _cut(self, group: Group, tallest: float) -> Iterator[Group]:
        most = max(int((tallest - 2 * self.PAD) / self.step), 1)
        longest = max(len(cell.lines) for cell in group.cells)
        for start in range(0, longest, most):
            parts = [cell.lines[start : start + most] for cell in group.cells]
            height = max(map(len, parts)) * self.step + 2 * self.PAD
            yield self.Group(
                [
                    Placed(cell.x, 0.0, cell.width, height, part, cell.align, cell.middle)
                    for cell, part in zip(group.cells, parts, strict=True)
                ],
                height,
            )


def _together(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows that a cell spans come together."""
    group: list[Row] = []
    left = 0
    for row in rows:
        group.append(row)
        left = max(left - 1, max((cell.rows for cell in row), default=1) - 1)
        if left == 0:
            yield group
            group = []
    if group:
        yield group


def _columns(rows: list[Row], count: int) -> Iterator[tuple[int, int, Cell]]:
    """Each cell with its row and its first column."""
    taken: set[tuple[int, int]] = set()
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while (number, column) in taken:
                column += 1
            if column + cell.columns > count:
                raise ValueError("a row has more cells than the table has columns")
            yield number, column, cell
            taken.update((number + down, column + over) for down in range(cell.rows) for over in range(cell.columns))
            column += cell.columns
