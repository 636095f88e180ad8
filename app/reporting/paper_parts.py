"""What the papers of this room share: whose they are, headings, paragraphs, cells with a number and where it leads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from app.organisation.access import site
from app.organisation.profile import profile
from app.organisation.queries import the_director
from app.slips.content.parts import CENTER, in_official_lines
from app.slips.document import (
    Align,
    Cell,
    Letterhead,
    Paper,
    PrintedSlip,
    Row,
    Signature,
    SlipParagraph,
    SlipTable,
    StyledText,
)
from app.slips.labels import long_day
from app.web.formats import show_number

DRAFT = "DỰ THẢO – số liệu tạm tính"
_WORD = re.compile(r"[^\W\d_]+")
_SMALL = {"và", "tỉnh", "thành", "phố", "của"}


@dataclass(frozen=True, slots=True)
class ReportHouse:
    """The Department as it signs: `sign` is its abbreviation in a document's number, `director` who signs, "" where
    nobody or several have that role."""

    department: str
    parent: str
    place: str
    sign: str
    director: str

    def head(self, day: date) -> Letterhead:
        """The head of its report, the number left to be entered by the clerk of records."""
        number = f"        /BC-{self.sign}"
        return Letterhead(in_official_lines(self.department), self.parent, number, place=self.place, day=day)


def house() -> ReportHouse:
    """This site's."""
    name, place = profile().name, profile().place
    city = place.casefold().startswith(("thành phố", "tp"))
    parent = f"UBND {place}" if city else f"UBND tỉnh {place}"
    return ReportHouse(name, parent, place, abbreviated(name), the_director(site()))


def abbreviated(name: str) -> str:
    """`SLĐTBXH` for Sở Lao động – Thương binh và Xã hội; what it is of (tỉnh …) is left out."""
    short = re.split(r"\s+(?:tỉnh|thành phố)\s+", name, maxsplit=1)[0]
    return "".join(word[0].upper() for word in _WORD.findall(short) if word not in _SMALL)


Block = SlipParagraph | SlipTable
_RECIPIENTS = ("- Giám đốc, các Phó Giám đốc Sở;", "- Các phòng, đơn vị thuộc Sở;", "- Lưu: VT, VP.")


def report(
    house: ReportHouse,
    day: date,
    title: str,
    body: Iterable[Block],
    *,
    name: str = "Báo cáo",
    paper: Paper = Paper.A4,
    to: Sequence[str] = (),
    stamp: str = "",
) -> PrintedSlip:
    """A report of the Department, signed by its Director; `name` is its sheet's, `to` who gets it besides the house."""
    return PrintedSlip(
        paper,
        "",
        house.head(day),
        "BÁO CÁO",
        (title,),
        "",
        tuple(body),
        (Signature("GIÁM ĐỐC", "", house.director),),
        (*to, *_RECIPIENTS),
        official=True,
        stamp=stamp,
        name=name,
    )


def annex(
    house: ReportHouse, day: date, which: int, title: str, sheet: str, blocks: Iterable[Block], *, stamp: str = ""
) -> PrintedSlip:
    """An annex of such a report, wide."""
    of = f"(Kèm theo Báo cáo số …… /BC-{house.sign} {long_day(day)} của {house.department})"
    return PrintedSlip(
        Paper.A4_ANNEX,
        "",
        None,
        f"Phụ lục {'I' * which}\n{title.upper()}",
        (),
        "",
        (centred(of, italic=True), *blocks),
        official=True,
        stamp=stamp,
        name=f"Phụ lục {'I' * which} - {sheet}",
    )


def heading(words: str) -> SlipParagraph:
    """`I. TÌNH HÌNH CHUNG`, on the page of what follows."""
    return SlipParagraph((StyledText(words, bold=True),), keep=True)


def said(words: str, *, italic: bool = False, keep: bool = False) -> SlipParagraph:
    """A paragraph of the body; `keep`: on the page of the table that it introduces."""
    return SlipParagraph((StyledText(words, italic=italic),), first_line=True, keep=keep)


def centred(words: str, *, italic: bool = False, bold: bool = False) -> SlipParagraph:
    return SlipParagraph((StyledText(words, bold, italic),), Align.CENTER)


def number(n: int, link: str = "", *, bold: bool = False) -> Cell:
    """A count; what is behind it is a click away, unless it is nothing."""
    return Cell(show_number(n), CENTER, bold=bold, value=n, link=link if n else "")


def words(text: str, link: str = "", *, bold: bool = False, align: Align = Align.LEFT) -> Cell:
    return Cell(text, align, bold=bold, link=link)


def across(text: str, columns: int) -> Row:
    """A line of a table that names the lines below it."""
    return (Cell(text, bold=True, columns=columns),)


def numbered(rows: Sequence[Row]) -> list[Row]:
    """The rows with their number in front."""
    return [(Cell(str(n), CENTER, value=n), *row) for n, row in enumerate(rows, 1)]
