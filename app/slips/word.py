"""Papers as Word documents: the same content, open to amendment, with the Vietnamese typeface embedded.

The words are set in Times New Roman, as Decree 30/2020/NĐ-CP prescribes; Liberation Serif, which has its widths, is
embedded and named as what stands in for it where a machine has none. The body is written as WordprocessingML
(ECMA-376 part 1, §17): python-docx keeps the package, but a register's thousands of cells would take it minutes.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import docx
from docx.document import Document as Package
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from lxml import etree  # type: ignore[import-untyped]

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
from app.slips.drawing import FAMILY, OFFICIAL, STYLES, obfuscated
from app.slips.labels import long_day
from app.slips.pdf import printable

TWIPS = 1440 / 25.4  # a millimetre
_EMBED = {"": "Regular", "B": "Bold", "I": "Italic", "BI": "BoldItalic"}
_OBFUSCATED = "application/vnd.openxmlformats-officedocument.obfuscatedFont"
_BORDERS = "".join(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>' for side in (
    "top", "left", "bottom", "right", "insideH", "insideV"))  # fmt: skip
_NO_BORDERS = re.sub('w:val="single" w:sz="4"', 'w:val="nil"', _BORDERS)
_HERE = "papers"
LONGEST_TITLE = 255  # letters that a Word document's properties hold
_SURROGATES = re.compile("[\ud800-\udfff\ufffe\uffff]")


def render(documents: Iterable[PrintedSlip]) -> bytes:
    """The papers one after another, each in a section of its own."""
    package, papers = docx.Document(), list(documents)
    _embed_fonts(package)
    last = package.element.body.sectPr
    last.addprevious(etree.Comment(_HERE))
    if papers:
        _number_pages(package, papers[0].points, next((each.stamp for each in papers if each.stamp), ""))
        package.core_properties.title = papers[0].heading[:LONGEST_TITLE]
    numbering = "".join(
        f'<w:headerReference w:type="{each.get(qn("w:type"))}" r:id="{each.rId}"/>' for each in last.headerReference_lst
    )
    written: list[str] = []
    for n, document in enumerate(papers):
        if n:
            written.append(_section_break(papers[n - 1].paper, numbering if n == 1 else ""))
        written += _Writing(package, document).parts()
    ending = _section(papers[-1].paper if papers else Paper.A4, numbering if len(papers) < 2 else "")
    last.getparent().replace(last, _element(ending))
    package.core_properties.author = "Đúng Hạn"
    package.core_properties.language = "vi-VN"
    return _with_body(package, written)


def _with_body(package: Package, written: Iterable[str]) -> bytes:
    """The file, what is written put in its place as it is: read into a tree, the report of a large Department would be
    a gigabyte."""
    saved, out = io.BytesIO(), io.BytesIO()
    package.save(saved)
    with zipfile.ZipFile(saved) as without, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as whole:
        for entry in without.infolist():
            before, here, after = without.read(entry).partition(f"<!--{_HERE}-->".encode())
            with whole.open(entry, "w") as file:
                file.write(before)
                if here:
                    for part in written:
                        file.write(part.encode())
                file.write(after)
    return out.getvalue()


def _element(xml: str) -> Any:
    return parse_xml(xml.replace(">", f" {nsdecls('w', 'r', 'wp', 'a', 'pic')}>", 1))


def _twips(millimetres: float) -> int:
    return round(millimetres * TWIPS)


# Pages


def _section(paper: Paper, numbering: str = "") -> str:
    """`numbering` is of the first; the others go on by it."""
    top, right, bottom, left = map(_twips, paper.margins)
    lying = ' w:orient="landscape"' if paper.width > paper.height else ""
    return (
        f'<w:sectPr>{numbering}<w:pgSz w:w="{_twips(paper.width)}" w:h="{_twips(paper.height)}"{lying}/>'
        f'<w:pgMar w:top="{top}" w:right="{right}" w:bottom="{bottom}" w:left="{left}" w:header="{_twips(5)}" '
        f'w:footer="{_twips(5)}" w:gutter="0"/><w:pgNumType w:start="1"/><w:titlePg/></w:sectPr>'
    )


def _section_break(paper: Paper, numbering: str) -> str:
    spacing = '<w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>'
    return f"<w:p><w:pPr>{spacing}{_section(paper, numbering)}</w:pPr></w:p>"


def _number_pages(package: Package, points: float, stamp: str) -> None:
    """In the middle of the upper margin, from a paper's second page on (Decree 30/2020/NĐ-CP); a draft's stamp on every
    page."""
    section = package.sections[0]
    half = round(points * 2) or 26
    style = f'<w:rPr><w:sz w:val="{half}"/><w:szCs w:val="{half}"/></w:rPr>'
    section.header.is_linked_to_previous = False
    paragraph = section.header.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph._p.append(_element(f'<w:fldSimple w:instr="PAGE"><w:r>{style}<w:t>2</w:t></w:r></w:fldSimple>'))
    if stamp:
        section.first_page_header.is_linked_to_previous = False
        for header in (section.header, section.first_page_header):
            line = header.add_paragraph() if header is section.header else header.paragraphs[0]
            run = line.add_run(stamp)
            run.bold, run.font.size = True, Pt(points)


# Fonts


def _embed_fonts(package: Package) -> None:
    """The four styles in the font table, obfuscated as the standard asks, beside the official typeface."""
    document = package.part
    table = document.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    embedded = ""
    for number, style in enumerate(STYLES, 1):
        key, font = obfuscated(style)
        part = Part(PackURI(f"/word/fonts/font{number}.odttf"), _OBFUSCATED, font, document.package)
        relation = table.relate_to(part, RELATIONSHIP_TYPE.FONT)
        embedded += f'<w:embed{_EMBED[style]} r:id="{relation}" w:fontKey="{key}"/>'
    about = '<w:charset w:val="00"/><w:family w:val="roman"/><w:pitch w:val="variable"/>'
    table._blob = (  # python-docx keeps this part as bytes and has no other way to change it
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f"<w:fonts {nsdecls('w', 'r')}>"
        f'<w:font w:name="{OFFICIAL}"><w:altName w:val="{FAMILY}"/>{about}</w:font>'
        f'<w:font w:name="{FAMILY}"><w:altName w:val="{OFFICIAL}"/>{about}{embedded}</w:font></w:fonts>'
    ).encode()
    settings = package.settings.element
    for name in ("w:saveSubsetFonts", "w:embedTrueTypeFonts"):
        settings.insert(1, OxmlElement(name))
    style = package.styles["Normal"].element.get_or_add_rPr()
    fonts = style.get_or_add_rFonts()
    for name in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{name}"), OFFICIAL)
    for language in package.styles.element.iter(qn("w:lang")):  # or Word underlines every word as English
        language.set(qn("w:val"), "vi-VN")
    for theme in ("asciiTheme", "hAnsiTheme", "cstheme", "eastAsiaTheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)


# Parts


class _Writing:
    """One paper as elements of a document's body, in order."""

    _picture = count(1)

    def __init__(self, package: Package, document: PrintedSlip) -> None:
        self.package, self.document, self.paper = package, document, document.paper
        self.size = document.points
        self.large = self.paper is not Paper.A5

    def parts(self) -> Iterator[str]:
        """The whole paper; between two tables stands a paragraph, or Word would make one of them."""
        document = self.document
        if document.form:
            yield self._paragraph((StyledText(document.form, italic=True),), Align.RIGHT, scale=0.75)
        match document.letterhead:
            case Letterhead() as head:
                yield self._letterhead(head)
                yield self._gap(2)
            case FormHead() as head:
                yield self._form_head(head)
                yield self._gap(2)
        yield self._title()
        yield self._gap(2)
        for block in document.blocks:
            if isinstance(block, SlipTable):
                yield self._table(block)
                yield self._gap(3)
            else:
                yield self._text(block)
        if document.signatures:
            yield self._gap(3)
            yield self._signatures(document.signatures, document.recipients)
            yield self._gap(1)
        for note in document.notes:
            yield self._paragraph((StyledText(note, italic=True),), scale=0.78)

    def _paragraph(
        self,
        runs: Iterable[StyledText],
        align: Align | str = Align.LEFT,
        *,
        scale: float = 1.0,
        indent: float = 0,
        after: float = 0,
        keep: bool = False,
    ) -> str:
        first = f'<w:ind w:firstLine="{_twips(indent)}"/>' if indent else ""
        together = "<w:keepNext/>" if keep else ""
        written = "".join(self._run(run, self.size * scale) for run in runs)
        return (
            f'<w:p><w:pPr>{together}<w:spacing w:before="0" w:after="{_twips(after)}" w:line="240" '
            f'w:lineRule="auto"/>{first}<w:jc w:val="{align}"/></w:pPr>{written}</w:p>'
        )

    def _run(self, run: StyledText, points: float) -> str:
        style = ("<w:b/>" if run.bold else "") + ("<w:i/>" if run.italic else "")
        half = max(round(points * 2), 2)
        lines = _SURROGATES.sub("", printable(run.text)).split("\n")
        words = "<w:br/>".join(f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in lines)
        return f'<w:r><w:rPr>{style}<w:sz w:val="{half}"/><w:szCs w:val="{half}"/></w:rPr>{words}</w:r>'

    def _gap(self, millimetres: float) -> str:
        return (
            f'<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="{_twips(millimetres)}" w:lineRule="exact"/>'
            '<w:rPr><w:sz w:val="2"/></w:rPr></w:pPr></w:p>'
        )

    def _text(self, text: SlipParagraph) -> str:
        indent = (10.0 if self.large else 6.0) if text.first_line else 0
        align = "both" if text.first_line else text.align
        after = 6 / 72 * 25.4 if self.document.official else 1.2 if self.large else 0.6
        return self._paragraph(text.runs, align, indent=indent, after=after, keep=text.keep)

    def _grid(self, widths: Iterable[float], rows: str, *, borders: str = _NO_BORDERS) -> str:
        widths = list(widths)
        columns = "".join(f'<w:gridCol w:w="{_twips(width)}"/>' for width in widths)
        return (
            f'<w:tbl><w:tblPr><w:tblW w:w="{_twips(sum(widths))}" w:type="dxa"/><w:tblBorders>{borders}</w:tblBorders>'
            '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="51" w:type="dxa"/><w:right w:w="51" '
            f'w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>{columns}</w:tblGrid>{rows}</w:tbl>'
        )

    @staticmethod
    def _cell(width: float, inside: str, more: str = "") -> str:
        return f'<w:tc><w:tcPr><w:tcW w:w="{_twips(width)}" w:type="dxa"/>{more}</w:tcPr>{inside}</w:tc>'

    def _centred(self, words: str, *, bold: bool = False, italic: bool = False, scale: float = 1.0) -> str:
        return self._paragraph((StyledText(words, bold, italic),), Align.CENTER, scale=scale)

    def _form_head(self, head: FormHead) -> str:
        half = self.paper.inner_width / 2
        cells = ""
        for lines, align in ((head.left, Align.LEFT), (head.right, Align.RIGHT)):
            inside = "".join(self._paragraph((StyledText(words),), align, scale=0.9) for words in lines)
            cells += self._cell(half, inside or "<w:p/>")
        return self._grid((half, half), f"<w:tr>{cells}</w:tr>")

    def _letterhead(self, head: Letterhead) -> str:
        width = self.paper.inner_width
        left = width * (0.42 if self.large else 0.39)
        scale = 12 / 13 if self.document.official else {Paper.A5: 0.9, Paper.A4: 0.87}.get(self.paper, 1.0)
        parent = head.parent.upper().split("\n") if head.parent else []
        body = "".join(self._centred(line, scale=scale) for line in parent)
        body += "".join(self._centred(line, bold=True, scale=scale) for line in head.unit.upper().split("\n"))
        body += self._ruled(left, left * 0.36)
        for words in filter(None, (f"Số: {head.number}" if head.number else "", head.subject)):
            body += self._centred(words, scale=scale)
        motto = 62.0 if self.paper is Paper.A4 else 45.0
        nation = self._centred(NATION, bold=True, scale=scale) + self._centred(MOTTO, bold=True, scale=scale * 1.05)
        nation += self._ruled(width - left, motto)
        if head.day:
            nation += self._centred(f"{head.place}, {long_day(head.day)}", italic=True, scale=scale)
        cells = self._cell(left, body) + self._cell(width - left, nation)
        return self._grid((left, width - left), f"<w:tr>{cells}</w:tr>")

    @staticmethod
    def _ruled(width: float, rule: float) -> str:
        """An empty paragraph with a line over its middle part."""
        side = _twips((width - rule) / 2 - 1)
        return (
            '<w:p><w:pPr><w:pBdr><w:top w:val="single" w:sz="6" w:space="1" w:color="000000"/></w:pBdr>'
            f'<w:spacing w:before="20" w:after="0" w:line="80" w:lineRule="exact"/><w:ind w:left="{side}" '
            f'w:right="{side}"/><w:rPr><w:sz w:val="4"/></w:rPr></w:pPr></w:p>'
        )

    def _title(self) -> str:
        document, width = self.document, self.paper.inner_width
        side = (26.0 if self.large else 20.0) if document.qr else 0.0
        scale = 14 / 13 if document.official else 1.15
        words = "".join(self._centred(line, bold=True, scale=scale) for line in document.title.split("\n"))
        words += "".join(self._centred(line, bold=True) for line in document.under_title)
        if document.official and isinstance(document.letterhead, Letterhead):
            words += self._ruled(width, width * 0.3)
        if not side:
            return self._grid((width,), f"<w:tr>{self._cell(width, words)}</w:tr>")
        middle = '<w:vAlign w:val="center"/>'
        cells = (
            self._cell(side, self._paragraph(()))
            + self._cell(width - 2 * side, words, middle)
            + self._cell(side, f'<w:p><w:pPr><w:jc w:val="right"/></w:pPr><w:r>{self._qr(side - 2)}</w:r></w:p>')
        )
        return self._grid((side, width - 2 * side, side), f"<w:tr>{cells}</w:tr>")

    def _qr(self, side: float) -> str:
        relation, _image = self.package.part.get_or_add_image(io.BytesIO(drawing.qr_png(self.document.qr)))
        number, length = next(self._picture), int(Mm(side))
        size = f'cx="{length}" cy="{length}"'
        return (
            f'<w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent {size}/>'
            f'<wp:docPr id="{number}" name="QR {number}" descr={quoteattr("Mã QR: " + self.document.qr)}/>'
            f'<a:graphic {nsdecls("a", "pic")}><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
            f'<pic:pic><pic:nvPicPr><pic:cNvPr id="{number}" name="qr.qr_png"/><pic:cNvPicPr/></pic:nvPicPr>'
            f'<pic:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
            f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/>'
            "</a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>"
        )

    def _table(self, table: SlipTable) -> str:
        share = self.paper.inner_width / sum(table.widths)
        widths = [width * share for width in table.widths]
        out = io.StringIO()
        spans: dict[int, tuple[int, int, float]] = {}  # column -> rows still spanned, columns, width
        for row in table.head:
            out.write(self._row(row, widths, table.scale, spans, head=True))
        for row in table.rows:
            out.write(self._row(row, widths, table.scale, spans))
        return self._grid(widths, out.getvalue(), borders=_BORDERS)

    def _row(
        self,
        row: Row,
        widths: list[float],
        scale: float,
        spans: dict[int, tuple[int, int, float]],
        *,
        head: bool = False,
    ) -> str:
        cells, left, column, least = "", list(row), 0, max((cell.least for cell in row), default=0)
        while column < len(widths):
            if column in spans:
                rows, columns, width = spans.pop(column)
                cells += self._cell(width, "<w:p/>", self._spanning(columns) + "<w:vMerge/>")
                if rows > 1:
                    spans[column] = (rows - 1, columns, width)
                column += columns
                continue
            cell = left.pop(0)
            width = sum(widths[column : column + cell.columns])
            more = self._spanning(cell.columns)
            if cell.rows > 1:
                more += '<w:vMerge w:val="restart"/>'
                spans[column] = (cell.rows - 1, cell.columns, width)
            more += '<w:vAlign w:val="center"/>' if head else ""
            cells += self._cell(width, self._in_cell(cell, scale), more)
            column += cell.columns
        height = f'<w:trHeight w:val="{_twips(least)}" w:hRule="atLeast"/>' if least else ""
        repeated = "<w:tblHeader/>" if head else ""
        return f"<w:tr><w:trPr><w:cantSplit/>{height}{repeated}</w:trPr>{cells}</w:tr>"

    @staticmethod
    def _spanning(columns: int) -> str:
        return f'<w:gridSpan w:val="{columns}"/>' if columns > 1 else ""

    def _in_cell(self, cell: Cell, scale: float) -> str:
        runs = (StyledText(cell.text, cell.bold, cell.italic),) if cell.text else ()
        return self._paragraph(runs, cell.align, scale=scale)

    def _signatures(self, signatures: tuple[Signature, ...], recipients: tuple[str, ...]) -> str:
        width = self.paper.inner_width / (len(signatures) + bool(recipients))
        cells = ""
        if recipients:
            words = self._paragraph((StyledText("Nơi nhận:", bold=True, italic=True),), scale=0.85)
            words += "".join(self._paragraph((StyledText(each),), scale=0.82) for each in recipients)
            cells += self._cell(width, words)
        for each in signatures:
            inside = self._centred(each.title, bold=True) + self._centred(each.hint, italic=True, scale=0.92)
            inside += self._gap(22 if self.large else 12) + self._centred(each.name, bold=True)
            cells += self._cell(width, inside)
        columns = [width] * (len(signatures) + bool(recipients))
        return self._grid(columns, f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr>")
