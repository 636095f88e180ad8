"""What the pages and the commands of this room share: the press of this site, and papers as files.

A slip's QR code is the case code, which a scanner types at any desk; with the public page, its address for this case.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from flask import current_app

from app.cases.lookup import PATH, check_letters, public_address
from app.organisation.access import site
from app.organisation.calendars import site_calendar
from app.organisation.exports import XLSX, LaidSheet, SheetCell, write_laid_sheets
from app.organisation.profile import profile
from app.slips.document import Align, Cell, FormHead, Letterhead, PrintedSlip, SlipTable
from app.slips.queries import house
from app.slips.service import Press


def _pdf(documents: Iterable[PrintedSlip]) -> bytes:
    from app.slips import pdf  # heavy: only for whoever prints

    return pdf.render(documents)


def _word(documents: Iterable[PrintedSlip]) -> bytes:
    from app.slips import word

    return word.render(documents)


def _workbook(documents: Iterable[PrintedSlip]) -> bytes:

    return render(documents)


RENDERERS: dict[str, Callable[[Iterable[PrintedSlip]], bytes]] = {"pdf": _pdf, "docx": _word, "xlsx": _workbook}
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": XLSX,
}


def press() -> Press:
    """What this site prints its slips with."""
    settings = current_app.config["SETTINGS"]
    ours = profile()
    body = house(site(), ours.name, ours.place, site_calendar())
    zone = ZoneInfo(settings.zone)
    if not settings.public_lookup:
        return Press(body, zone, lambda code: code, lambda _code: "")
    letters = check_letters()
    page = settings.site_address.split("://", 1)[1].rstrip("/") + PATH
    return Press(
        body,
        zone,
        lambda code: public_address(settings.site_address, code, letters(code)),
        lambda code: f"Mã tra cứu: {letters(code)[:4]} {letters(code)[4:]} (tại {page})",
    )


# Papers as workbooks: a sheet each, its tables with numbers that can be added up.

WIDTH = 110.0  # letters from edge to edge


def render(documents: Iterable[PrintedSlip]) -> bytes:
    """The papers, each on a sheet of its own."""
    file = io.BytesIO()
    write_laid_sheets(file, [_sheet(document) for document in documents])
    return file.getvalue()


def _sheet(document: PrintedSlip) -> LaidSheet:
    """The columns are those of its table with most; what is no table goes across all of them."""
    tables = [block for block in document.blocks if isinstance(block, SlipTable)]
    widest = max(tables, key=lambda table: len(table.widths), default=None)
    shares = widest.widths if widest is not None else (1.0,)
    widths = [max(WIDTH * share / sum(shares), 6.0) for share in shares]
    return LaidSheet(document.name or document.title, widths, list(_lines(document, len(widths))))


def _lines(document: PrintedSlip, columns: int) -> Iterator[tuple[SheetCell, ...]]:
    head = document.letterhead
    if isinstance(head, FormHead):
        yield from (_across(words, columns) for words in (*head.left, *head.right))
    elif isinstance(head, Letterhead):
        yield from (_across(words, columns) for words in (head.parent, head.unit, f"Số: {head.number}") if words)
    if document.stamp:
        yield _across(document.stamp, columns, bold=True)
    for words in (*document.title.split("\n"), *document.under_title):
        yield _across(words, columns, bold=True, center=True)
    for block in document.blocks:
        yield ()
        if isinstance(block, SlipTable):
            yield from (_row(row) for row in block.head)
            yield from (_row(row) for row in block.rows)
        else:
            bold = bool(block.runs) and all(run.bold for run in block.runs)
            yield _across(block.plain, columns, bold=bold, center=block.align is Align.CENTER)
    yield from (_across(note, columns) for note in document.notes)


def _across(words: str, columns: int, *, bold: bool = False, center: bool = False) -> tuple[SheetCell, ...]:
    return (SheetCell(words, columns=columns, bold=bold, center=center),)


def _row(row: tuple[Cell, ...]) -> tuple[SheetCell, ...]:
    return tuple(map(_cell, row))


def _cell(cell: Cell) -> SheetCell:
    value = cell.text if cell.value is None else cell.value
    laid = SheetCell(value, cell.rows, cell.columns, cell.bold, cell.italic, border=True)
    return replace(laid, center=cell.align is Align.CENTER)
