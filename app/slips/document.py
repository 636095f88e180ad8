"""A paper before it is drawn: what stands on it and in which order, for a page, a Word document and a PDF alike. Pure.

Lengths are millimetres. Texts are Vietnamese whatever the reader's language: these are official papers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
DOTS = "……………………"  # to be filled in by hand


class Paper(Enum):
    """A sheet as it lies: width, height, margins (top, right, bottom, left), and the size of its text in points."""

    A5 = (148, 210, (9, 10, 9, 12), 9.5)
    A4 = (210, 297, (20, 15, 20, 30), 13.0)
    A4_LANDSCAPE = (297, 210, (12, 12, 12, 12), 10.0)
    A4_ANNEX = (297, 210, (20, 15, 20, 30), 13.0)

    def __init__(self, width: int, height: int, margins: tuple[int, int, int, int], points: float) -> None:
        self.width = width
        self.height = height
        self.margins = margins
        self.points = points

    @property
    def inner_width(self) -> int:
        """Between the margins."""
        return self.width - self.margins[1] - self.margins[3]


class Align(StrEnum):
    """Where a text stands between its edges."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class StyledText:
    """Words in one style."""

    text: str
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class SlipParagraph:
    """A paragraph. `first_line` is indented as in a letter; `keep` stays on the page of what follows, as a heading."""

    runs: tuple[StyledText, ...]
    align: Align = Align.LEFT
    first_line: bool = False
    keep: bool = False

    @property
    def plain(self) -> str:
        """Its words without their style."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; its lines are separated by \\n. `rows` and `columns` are what it spans.

    `value` is what a spreadsheet holds instead of the words, `link` the address to which they lead on a page.
    """

    text: str = ""
    align: Align = Align.LEFT
    bold: bool = False
    italic: bool = False
    rows: int = 1
    columns: int = 1
    least: int = 0  # height, where something is to be signed
    value: int | float | date | None = None
    link: str = ""


Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class SlipTable:
    """A table whose head is repeated on every page. `widths` are shares; `scale` is of the paper's size of text.

    `rows` may be any iterable, read once: a register has thousands.
    """

    widths: tuple[float, ...]
    head: tuple[Row, ...]
    rows: Iterable[Row]
    scale: float = 0.9


@dataclass(frozen=True, slots=True)
class Signature:
    """Where somebody signs: in what quality, how, and the name below."""

    title: str
    hint: str = "(Ký và ghi rõ họ tên)"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The head (Decree 30/2020/NĐ-CP): the body on the left; the nation, its motto, place and day on the right."""

    unit: str
    parent: str = ""
    number: str = ""
    subject: str = ""  # of a letter, under its number
    place: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class FormHead:
    """The head of a statistical form: the form and its circular on the left, who reports to whom on the right."""

    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PrintedSlip:
    """One paper. `form` tells the form and its circular; `qr` is what the QR code says, "" for none. An annex has no
    head of its own."""

    paper: Paper
    form: str
    letterhead: Letterhead | FormHead | None
    title: str
    under_title: tuple[str, ...]
    qr: str
    blocks: tuple[SlipParagraph | SlipTable, ...]
    signatures: tuple[Signature, ...] = ()
    recipients: tuple[str, ...] = ()  # Nơi nhận
    notes: tuple[str, ...] = ()  # below the signatures, small
    code: str = ""  # of the case, for the name of a file
    scale: float = 1.0  # of the paper's size of text: a long receipt is set smaller, to stay on its sheet
    official: bool = False  # a document by Decree 30/2020/NĐ-CP: its title, a line beneath, 6 points between paragraphs
    stamp: str = ""  # on each of its pages: that it is a draft
    name: str = ""  # of its sheet in a workbook

    @property
    def heading(self) -> str:
        """What it is, in one line: its title with what stands under it."""
        return " ".join(" ".join((self.title, *self.under_title)).split())

    @property
    def points(self) -> float:
        """Size of its text."""
        return self.paper.points * self.scale
