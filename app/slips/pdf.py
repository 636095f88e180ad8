"""Papers as PDF: pages with the Vietnamese typeface embedded, only the glyphs used of it.

Laid out here rather than by fpdf2's own tables: a register of some thousands of lines is a matter of seconds, rows
that belong together stay together, and what is too long for its place is broken, never printed over something else.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest

from fpdf import FPDF
from fpdf.fonts import TTFFont

from app.slips import drawing
from app.slips.document import (
    MOTTO,
    NATION,
    Align,
    Cell,
    FormHead,
    Letterhead,
    Paper,
    PrintedSlip,
    Row,
    Signature,
    SlipParagraph,
    SlipTable,
    StyledText,
)
from app.slips.drawing import STYLES, font_file
from app.slips.labels import long_day

_WORDS = re.compile(r"\n| +|[^\n ]+")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ANOTHER = str.maketrans({"\u2011": "-", "\t": " ", "\r": " "})  # the typeface has no hyphen that does not break


def printable(words: str) -> str:
    """The words in one Unicode form, without what no typeface draws."""
    return _UNPRINTABLE.sub("", unicodedata.normalize("NFC", words).translate(_ANOTHER))


class Measure:
    """Width of words in a style, and their lines in a place of some width: each measured and broken once."""

    def __init__(self, width: Callable[[str, str], float]) -> None:
        self._width = width
        self._known: dict[tuple[str, str], float] = {}
        self._broken: dict[tuple[str, bool, bool, float], list[TextLine]] = {}

    def __call__(self, words: str, style: str) -> float:
        known = self._known.get((words, style))
        if known is None:
            if len(self._known) > 50_000:
                self._known.clear()
            known = self._known[words, style] = self._width(words, style)
        return known

    def lines(self, run: StyledText, width: float) -> list[TextLine]:
        """The lines of a cell: a table says few things again and again. Nobody changes what is given."""
        asked = run.text, run.bold, run.italic, width
        broken = self._broken.get(asked)
        if broken is None:
            if len(self._broken) > 20_000:
                self._broken.clear()
            broken = self._broken[asked] = wrap((run,), width, self)
        return broken


@dataclass(slots=True)
class Segment:
    """Words of a line in one style."""

    words: str
    style: str
    width: float


@dataclass(slots=True)
class TextLine:
    """One line as it is drawn."""

    segments: list[Segment] = field(default_factory=list)
    width: float = 0.0

    def add(self, words: str, style: str, width: float) -> None:
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


def wrap(runs: Iterable[StyledText], width: float, measure: Measure, first: float = 0.0) -> list[TextLine]:
    """The lines of a paragraph of that width; the first one is shorter by `first`. A word too long is broken."""
    lines = [TextLine()]
    room = width - first
    for run in runs:
        style = ("B" if run.bold else "") + ("I" if run.italic else "")
        for word in _WORDS.findall(printable(run.text)):
            if word == "\n":
                lines.append(TextLine())
                room = width
                continue
            for piece in _pieces(word, style, width, measure):
                length = measure(piece, style)
                if lines[-1].width + length > room + 1e-9 and lines[-1].segments and not piece.isspace():
                    lines.append(TextLine())
                    room = width
                if piece.isspace() and not lines[-1].segments:
                    continue
                lines[-1].add(piece, style, length)
    for line in lines:
        line.trim(measure)
    return lines


def balanced(runs: Iterable[StyledText], width: float, measure: Measure) -> list[TextLine]:
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
    """The word, or as much of it as fits a line each time: up to a hyphen or a stroke, where there is one."""
    while len(word) > 1 and measure(word, style) > width:
        end, used = 0, 0.0
        while end < len(word) and (used := used + measure(word[end], style)) <= width:
            end += 1
        end = max(word.rfind("-", 0, end), word.rfind("/", 0, end)) + 1 or max(end, 1)
        yield word[:end]
        word = word[end:]
    if word:
        yield word


@dataclass(slots=True)
class Placed:
    """A cell with its place in its group of rows."""

    x: float
    y: float
    width: float
    height: float
    lines: list[TextLine]
    align: Align
    middle: bool


class TableGrid:
    """A table of a width in millimetres: its rows in groups that share a cell, each laid out when it is reached."""

    PAD = 0.9  # between a cell's border and its words

    @dataclass(slots=True)
    class Group:
        """Rows that may not be parted, and their height."""

        cells: list[Placed]
        height: float

    def __init__(self, table: SlipTable, width: float, size: float, step: float, measure: Measure) -> None:
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

    def _lines(self, cell: Cell, column: int) -> list[TextLine]:
        if not cell.text:
            return [TextLine()]
        width = self.edges[column + cell.columns] - self.edges[column] - 2 * self.PAD
        return self.measure.lines(StyledText(cell.text, cell.bold, cell.italic), width / self.size)

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


MM = 25.4 / 72  # a point in millimetres
LEADING = 1.22  # from line to line, of the size of the text
QR_SIDE = {True: 26.0, False: 20.0}  # on large paper, on small
SIGNING = {True: 22.0, False: 12.0}  # left free above a signer's name
_THIN, _RULE = 0.15, 0.25
_FONT = "slip"


def render(documents: Iterable[PrintedSlip]) -> bytes:
    """The papers one after another, each from a new page."""
    pdf = FPDF(unit="mm")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.set_lang("vi-VN")
    pdf.set_creator("Đúng Hạn")
    for style in STYLES:
        pdf.add_font(_FONT, style, font_file(style))
    measure, ink = Measure(partial(_width, pdf)), Ink(pdf)
    title = ""
    for document in documents:
        _Drawing(pdf, ink, measure, document).draw()
        title = title or document.heading
    pdf.set_title(title)
    out = io.BytesIO()
    pdf.output(out)
    return out.getvalue()


def _width(pdf: FPDF, words: str, style: str) -> float:
    """Width of the words at one point, in millimetres."""
    font = pdf.fonts[f"{_FONT}{style}"]
    assert isinstance(font, TTFFont)
    return sum(map(font.cw.__getitem__, map(ord, words))) / 1000 / pdf.k


class Ink:
    """Words and boxes on the present page, each an operator of its content.

    They are what `FPDF.text` and `FPDF.rect` write. A report of three hundred units has four hundred thousand of them,
    and most of their words stand on it again and again: their glyphs are looked up once.
    """

    def __init__(self, pdf: FPDF) -> None:
        self.pdf = pdf
        self._glyphs: dict[tuple[str, str], bytes] = {}
        self._content = bytearray()
        self._font = "", 0.0

    def new_page(self, width: float, height: float) -> None:
        self.pdf.add_page(format=(width, height))
        content = self.pdf.pages[self.pdf.page].contents
        assert isinstance(content, bytearray)
        self._content, self._font = content, ("", 0.0)

    def words(self, words: str, x: float, baseline: float, style: str, size: float) -> None:
        """Words in a style and a size in points, from x on."""
        if self._font != (style, size):  # a page is told of each font once
            self.pdf.set_font(_FONT, style, size)
            self.pdf.text(x, baseline, words)
            self._font = style, size
            return
        glyphs = self._glyphs.get((words, style))
        if glyphs is None:
            if len(self._glyphs) > 50_000:
                self._glyphs.clear()
            font = self.pdf.fonts[f"{_FONT}{style}"]
            assert isinstance(font, TTFFont)
            glyphs = self._glyphs[words, style] = f" Td {font.encode_text(words)} ET\n".encode("latin1")
        k = self.pdf.k
        self._content += b"BT %.2f %.2f" % (x * k, (self.pdf.h - baseline) * k) + glyphs

    def box(self, x: float, y: float, width: float, height: float) -> None:
        """A border; x and y are of its upper left corner."""
        k = self.pdf.k
        self._content += b"%.2f %.2f %.2f %.2f re S\n" % (x * k, (self.pdf.h - y) * k, width * k, -height * k)


class _Drawing:
    """One paper being drawn: `y` is how far down its present page is filled."""

    def __init__(self, pdf: FPDF, ink: Ink, measure: Measure, document: PrintedSlip) -> None:
        self.pdf, self.ink, self.measure, self.document = pdf, ink, measure, document
        self.paper = document.paper
        self.size = document.points
        self.large = self.paper is not Paper.A5
        self.signing = SIGNING[self.large] * document.scale
        self.top, self.right, self.bottom, self.left = self.paper.margins
        self.floor = self.paper.height - self.bottom
        self.pages = 0
        self.y = 0.0

    def draw(self) -> None:
        self._new_page()
        self._form()
        match self.document.letterhead:
            case Letterhead() as head:
                self._letterhead(head)
            case FormHead() as head:
                self._form_head(head)
        self._title()
        blocks = self.document.blocks
        for block, following in zip_longest(blocks, blocks[1:]):
            if isinstance(block, SlipTable):
                self._table(block)
            else:
                self._text(block, following)
        self._signatures(self.document.signatures, self.document.recipients)
        self._notes(self.document.notes)

    # Pages

    def _new_page(self) -> None:
        self.ink.new_page(self.paper.width, self.paper.height)
        self.pdf.set_line_width(_THIN)
        self.pages += 1
        self.y = float(self.top)
        if self.pages > 1:  # Decree 30/2020/NĐ-CP: in the middle of the upper margin, from the second page on
            self._words(str(self.pages), self.paper.width / 2, self.top / 2 + 1, "", self.size, Align.CENTER)
        if self.document.stamp:
            self._words(self.document.stamp, self.left, self.top / 2 + 1, "B", self.size)

    def _room(self, height: float) -> bool:
        """A new page when this one has not so much room left. Whether one was begun."""
        if self.y + height <= self.floor or self.y <= self.top:
            return False
        self._new_page()
        return True

    # Words

    def _words(self, words: str, x: float, baseline: float, style: str, size: float, align: Align = Align.LEFT) -> None:
        if align is not Align.LEFT:
            width = self.measure(words, style) * size
            x -= width / 2 if align is Align.CENTER else width
        self.ink.words(words, x, baseline, style, size)

    def _line(self, line: TextLine, x: float, y: float, width: float, size: float, align: Align = Align.LEFT) -> None:
        """A line of segments whose top is at y."""
        free = width - line.width * size
        at = x + (free / 2 if align is Align.CENTER else free if align is Align.RIGHT else 0)
        for segment in line.segments:
            self._words(segment.words, at, y + size * MM * 0.95, segment.style, size)
            at += segment.width * size

    def _column(
        self, words: str, x: float, y: float, width: float, size: float, *, style: str = "", align: Align = Align.CENTER
    ) -> float:
        """Words broken to a width, in the middle into lines of about one length; where they end."""
        breaking = balanced if align is Align.CENTER else wrap
        for line in breaking(_runs(words, style), width / size, self.measure):
            self._line(line, x, y, width, size, align)
            y += size * MM * LEADING
        return y

    # Parts

    def _form(self) -> None:
        if not self.document.form:
            return
        self._words(self.document.form, self.paper.width - self.right, self.y - 1.5, "I", self.size * 0.75, Align.RIGHT)
        self.y += 0.5

    def _letterhead(self, head: Letterhead) -> None:
        gap = 4.0
        left = (self.paper.inner_width - gap) * (0.43 if self.paper is Paper.A4 else 0.4)
        x, width = self.left + left + gap, self.paper.inner_width - gap - left
        size = min(self.size * 0.95, width / self.measure(NATION, "B") * 0.995)
        start, line = self.y, size * MM * LEADING
        y = self._column(head.parent.upper(), self.left, start, left, size) if head.parent else start
        y = self._column(head.unit.upper(), self.left, y, left, size, style="B")
        self._rule(self.left + left / 2, y + 0.7, left * 0.36)
        y += 2.2
        if head.number:
            y = self._column(f"Số: {head.number}", self.left, y, left, size)
        if head.subject:
            y = self._column(head.subject, self.left, y, left, size)
        self._words(NATION, x + width / 2, start + size * MM * 0.95, "B", size, Align.CENTER)
        motto = size * 1.05
        self._words(MOTTO, x + width / 2, start + line + motto * MM * 0.95, "B", motto, Align.CENTER)
        under = start + line + motto * MM * LEADING
        self._rule(x + width / 2, under + 0.7, self.measure(MOTTO, "B") * motto)
        under += 2.2
        if head.day:
            under = self._column(_place_and_day(head), x, under, width, size, style="I")
        self.y = max(y, under) + 2

    def _form_head(self, head: FormHead) -> None:
        width, size = self.paper.inner_width / 2, self.size * 0.9
        ends = []
        for lines, x, align in ((head.left, self.left, Align.LEFT), (head.right, self.left + width, Align.RIGHT)):
            y = self.y
            for words in lines:
                y = self._column(words, x, y, width, size, align=align)
            ends.append(y)
        self.y = max(ends) + 1

    def _rule(self, middle: float, y: float, width: float) -> None:
        self.pdf.set_line_width(_RULE)
        self.pdf.line(middle - width / 2, y, middle + width / 2, y)
        self.pdf.set_line_width(_THIN)

    def _title(self) -> None:
        side = QR_SIDE[self.large] if self.document.qr else 0.0
        width, start = self.paper.inner_width - 2 * side, self.y
        if side:
            self._qr(self.document.qr, self.paper.width - self.right - side, start, side)
        official = self.document.official
        size = self.size * (14 / 13 if official else 1.15)
        y = start + (2.5 if side else 1)
        for words in self.document.title.split("\n"):
            y = self._column(words, self.left + side, y, width, size, style="B")
        for words in self.document.under_title:
            y = self._column(words, self.left + side, y + 0.6, width, self.size, style="B")
        if official and isinstance(self.document.letterhead, Letterhead):
            self._rule(self.left + width / 2, y + 0.7, width * 0.3)
            y += 2.5
        self.y = max(y, start + side) + 1.5

    def _qr(self, data: str, x: float, y: float, side: float) -> None:
        count, stretches = drawing.qr_modules(data)
        module = side / count
        for column, row, length in stretches:
            self.pdf.rect(x + column * module, y + row * module, length * module, module, style="F")

    def _text(self, text: SlipParagraph, following: SlipParagraph | SlipTable | None = None) -> None:
        indent = (10.0 if self.large else 6.0) if text.first_line else 0.0
        step = self.size * MM * LEADING
        width = float(self.paper.inner_width)
        official = self.document.official
        if text.keep:
            head = self._grid(following).head().height if isinstance(following, SlipTable) else 0.0
            self._room(head + step * 4)
        lines = wrap(text.runs, width / self.size, self.measure, first=indent / self.size)
        for n, line in enumerate(lines):
            self._room(step)
            x = self.left + (indent if n == 0 else 0)
            if official and text.first_line and n < len(lines) - 1:
                self._justified(line, x, self.y, self.left + width - x)
            else:
                self._line(line, x, self.y, width, self.size, text.align)
            self.y += step
        self.y += 6 * MM if official else self.size * MM * 0.16

    def _justified(self, line: TextLine, x: float, y: float, width: float) -> None:
        """A line as wide as its paragraph: what is free goes between its words."""
        words = [(word, each.style) for each in line.segments for word in _WORDS.findall(each.words)]
        gaps = sum(word.isspace() for word, _style in words)
        more = (width - line.width * self.size) / gaps if gaps else 0.0
        for word, style in words:
            if not word.isspace():
                self._words(word, x, y + self.size * MM * 0.95, style, self.size)
            x += self.measure(word, style) * self.size + (more if word.isspace() else 0)

    def _grid(self, table: SlipTable) -> TableGrid:
        size = self.size * table.scale
        return TableGrid(table, self.paper.inner_width, size, size * MM * LEADING, self.measure)

    def _table(self, table: SlipTable) -> None:
        size, grid = self.size * table.scale, self._grid(table)
        self.y += 0.8
        head = grid.head()
        for group in grid.groups(self.floor - self.top - head.height - 1):
            new = self._room(group.height + (head.height if head and not grid.begun else 0))
            if new or not grid.begun:
                self._cells(head, size)
            grid.begun = True
            self._cells(group, size)
        if not grid.begun:
            self._cells(head, size)
        self.y += 1.8

    def _cells(self, group: TableGrid.Group, size: float) -> None:
        step = size * MM * LEADING
        for cell in group.cells:
            x, y = self.left + cell.x, self.y + cell.y
            self.ink.box(x, y, cell.width, cell.height)
            down = (cell.height - len(cell.lines) * step) / 2 if cell.middle else TableGrid.PAD
            for line in cell.lines:
                self._line(line, x + TableGrid.PAD, y + down, cell.width - 2 * TableGrid.PAD, size, cell.align)
                down += step
        self.y += group.height

    def _signatures(self, signatures: tuple[Signature, ...], recipients: tuple[str, ...]) -> None:
        if not signatures:
            return
        columns = len(signatures) + bool(recipients)
        width = self.paper.inner_width / columns
        step = self.size * MM * LEADING
        self._room(step * 4 + self.signing + 2)
        self.y += 2
        start, ends = self.y, [self.y]
        if recipients:
            y = self._column("Nơi nhận:", self.left, start, width, self.size * 0.85, style="BI", align=Align.LEFT)
            for each in recipients:
                y = self._column(each, self.left, y, width, self.size * 0.82, align=Align.LEFT)
            ends.append(y)
        for n, signature in enumerate(signatures, bool(recipients)):
            x = self.left + n * width
            y = self._column(signature.title, x, start, width, self.size, style="B")
            y = self._column(signature.hint, x, y, width, self.size * 0.92, style="I") + self.signing
            ends.append(self._column(signature.name, x + 2, y, width - 4, self.size, style="B"))
        self.y = max(ends) + 1

    def _notes(self, notes: tuple[str, ...]) -> None:
        size = self.size * 0.78
        step = size * MM * LEADING
        lines = [
            line for words in notes for line in wrap(_runs(words, "I"), self.paper.inner_width / size, self.measure)
        ]
        self._room(len(lines) * step + 1)
        self.y += 1
        for line in lines:
            self._room(step)
            self._line(line, self.left, self.y, self.paper.inner_width, size)
            self.y += step


def _runs(words: str, style: str) -> tuple[StyledText, ...]:
    return (StyledText(words, bold="B" in style, italic="I" in style),)


def _place_and_day(head: Letterhead) -> str:
    return f"{head.place}, {long_day(head.day)}" if head.day else head.place
