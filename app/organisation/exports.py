"""Lists as files that people open in a spreadsheet. Every CSV file and workbook of the site is written here.

A text that a spreadsheet would run as a formula stays a text, in a heading as in a cell: what is listed was typed by
citizens, or was read from somebody's file. Numbers, days and instants are what they are.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request, send_file, stream_with_context
from flask_babel import gettext as _
from sqlalchemy import select

from app.organisation import audit
from app.organisation.access import Actor, actor, site
from app.organisation.calendars import site_calendar, today
from app.organisation.models import AuditEntry
from app.organisation.permissions import for_everybody
from app.web import extensions
from app.web.extensions import db
from app.web.formats import local, show_date, show_datetime, show_number

if TYPE_CHECKING:
    from xlsxwriter import Workbook

    from app.organisation.sheets import SheetForm


HIDDEN = "…"
MOST_FILTERS = 20
_FREE_TEXT = frozenset({"q", "text", "search", "subject", "name", "applicant", "code", "ma"})
_CODED = re.compile(r"(?![0-9.+\-]{9,})[A-Za-z0-9_.:,+\-]{1,32}|\d{4}-\d\d(-\d\d)?")


@for_everybody
def record_export(
    by: Actor, list_name: str, filters: Mapping[str, str], rows: int, form: str, *, broken_off: bool = False
) -> None:
    """A list has left the site as a file. `rows`: lines below the header, of those that were sent."""
    more = {"broken_off": True} if broken_off else {}
    with audit.transaction():
        audit.record(
            by, "export_list", "list", list_name[:64], filter=told(filters), rows=rows, file_format=form, **more
        )


@for_everybody
def record_opening(by: Actor, name: str, paper: str, kind: str = "case") -> None:
    """Somebody opened a paper of a case, or of another kind of record. One entry a person, record and day: it names
    the first paper."""
    if _opened_today(by, kind, name):
        return
    with audit.transaction():
        audit.record(by, "open_papers", kind, name, paper=paper)


@for_everybody
def record_sheaf(by: Actor, paper: str, case_codes: list[str]) -> None:
    """Somebody drew the papers of several cases at once: one entry, with their codes."""
    with audit.transaction():
        audit.record(by, "print_slips", "slip", paper, rows=len(case_codes), cases=case_codes)


def told(filters: Mapping[str, str]) -> dict[str, str]:
    """What a list was narrowed by. Words that somebody typed are left out."""
    return {
        name[:32]: value if name not in _FREE_TEXT and _CODED.fullmatch(value) else HIDDEN
        for name, value in list(filters.items())[:MOST_FILTERS]
        if value
    }


def _opened_today(by: Actor, kind: str, name: str) -> bool:
    found = select(AuditEntry.id).where(
        AuditEntry.site == site(),
        AuditEntry.subject_kind == kind,
        AuditEntry.subject_id == audit.name_in_trail(name),
        AuditEntry.action == "open_papers",
        AuditEntry.person_id == by.person_id,
        AuditEntry.at >= site_calendar().start_of_day(today()),
    )
    return db.session.scalar(found.limit(1)) is not None


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_575  # below the header of one sheet; what is more goes on to the next
REMEMBERED = 8192  # texts whose cells are kept while a list is written
LONGEST_TEXT = 32_767  # characters in a cell
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# How a formula begins: also in the wide forms that East Asian keyboards write and Excel reads as the narrow ones, and
# behind what does not show.
_FORMULA = re.compile(r"[\s\x00-\x1f\xa0\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")


def csv_response(
    name: str, header: Sequence[str], rows: Iterable[Sequence[object]], title: str, about: str = ""
) -> Response:
    """A list as a file: CSV, sent as its rows come, UTF-8 with a byte-order mark so that Excel reads the diacritics.

    Asked for under an address that ends in .xlsx (see `beside_each_csv`), the same rows as a workbook, with the list's
    title above them and what it was narrowed by (`about`, in words).
    """
    if request.path.endswith(".xlsx"):
        return xlsx_response(name, header, rows, title, about)
    lines = _into_the_trail(csv_lines, header, rows, name, "csv")
    response = Response(stream_with_context(lines), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
    return response


def file_response(content: bytes | str, name: str, media_type: str, *, inline: bool = False) -> Response:
    """A file made at once, under a name with its ending; `inline`: a browser shows it."""
    response = Response(content, mimetype=media_type)
    response.headers.set("Content-Disposition", "inline" if inline else "attachment", filename=name)
    return response


def report_response(content: bytes, name: str, ending: str, media_type: str, rows: int = 1) -> Response:
    """The same of a list or a report, which the trail tells of: by its name, and how many rows left."""
    trace_export(actor(), name, rows, ending)
    return file_response(content, f"{name}.{ending}", media_type)


class _Counted:
    """Rows on their way out, and how many went."""

    def __init__(self, rows: Iterable[Sequence[object]]) -> None:
        self.rows, self.count = rows, 0

    def __iter__(self) -> Iterator[Sequence[object]]:
        for row in self.rows:
            self.count += 1
            yield row


def _into_the_trail(
    lines: Callable[[Sequence[object], Iterable[Sequence[object]]], Iterator[str]],
    header: Sequence[object],
    rows: Iterable[Sequence[object]],
    name: str,
    form: str,
) -> Iterator[str]:
    """The pieces of the file; the last goes out when the trail has its entry, as has a list broken off on the way."""
    counted, by, last = _Counted(rows), actor(), ""
    try:
        for piece in lines(header, counted):
            if last:
                yield last
            last = piece
    except GeneratorExit:
        trace_export(by, name, counted.count, form, broken_off=True)
        raise
    trace_export(by, name, counted.count, form)
    yield last


@for_everybody
def trace_export(by: Actor, name: str, rows: int, form: str, *, broken_off: bool = False) -> None:
    """Note in the audit trail that this request's list was taken. `name`: the file's."""
    record_export(by, name, request.args.to_dict(), rows, form, broken_off=broken_off)


def beside_each_csv(app: Flask) -> None:
    """Every list that can be had as CSV can be had as a workbook, at the same address but for its ending."""
    known = {rule.rule for rule in app.url_map.iter_rules()}
    for rule in list(app.url_map.iter_rules()):
        address = rule.rule.removesuffix(".csv") + ".xlsx"
        if rule.rule.endswith(".csv") and address not in known:
            app.add_url_rule(address, f"{rule.endpoint}_xlsx", app.view_functions[rule.endpoint])


def csv_lines(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The text of such a file, in pieces."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(map(as_text, header))
    for row in rows:
        writer.writerow([as_text(value) if isinstance(value, str) else _shown(value) for value in row])
        if buffer.tell() > 32_000:
            yield _taken(buffer)
    yield _taken(buffer)


def csv_text(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """The text of a file for programs: no byte-order mark, lines end in a line feed, values are as Python writes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(map(as_text, header))
    writer.writerows([as_text(value) for value in row] for row in rows)
    return buffer.getvalue()


def as_text(value: object) -> object:
    """A text that a spreadsheet would run as a formula is made a text again with an apostrophe."""
    return "'" + value if isinstance(value, str) and _is_formula(value) else value


def _is_formula(text: str) -> bool:
    return _FORMULA.match(text) is not None


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        return show_datetime(value)
    if isinstance(value, date):
        return show_date(value)
    if isinstance(value, Decimal):
        return show_number(value)
    return "" if value is None else value


def xlsx_response(
    name: str, header: Sequence[object], rows: Iterable[Sequence[object]], title: str = "", about: str = ""
) -> Response:
    """An Excel download: days, instants (on the site's clock) and numbers as such, every text a text.

    The sheet is written to a temporary file as its rows come, so that memory does not grow with it.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed when it has been sent
    counted = _Counted(rows)
    write_xlsx(file, header, counted, title, (about, _taken_at()) if title else ())
    trace_export(actor(), name, counted.count, "xlsx")
    file.seek(0)
    return send_file(file, mimetype=XLSX, as_attachment=True, download_name=f"{name}.xlsx")


def _taken_at() -> str:
    return str(_("Lập lúc %(at)s", at=show_datetime(extensions.now())))


def write_xlsx(
    file: Any, header: Sequence[object], rows: Iterable[Sequence[object]], title: str = "", about: Sequence[str] = ()
) -> None:
    """Write such a workbook to an open binary file. Above the header stand the title and what is said `about` the
    list, where given; the header stays in sight, has filters, and columns are as wide as what stands in them."""
    from xlsxwriter import Workbook  # heavy: only for whoever wants a workbook

    book = Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    writer = _Sheets(book, [str(heading) for heading in header], title, [each for each in about if each])
    for row in rows:
        writer.append(row)
    writer.close()


_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
_LONGEST_SHEET_NAME = 31


class _Sheets:
    """A list in a workbook: one sheet after another, as far as each goes."""

    def __init__(self, book: Workbook, header: list[str], title: str, about: list[str]) -> None:
        self.book, self.header, self.title, self.about = book, header, title, about
        self.bold, self.large = book.add_format({"bold": True}), book.add_format({"bold": True, "font_size": 14})
        self.formats = {
            datetime: book.add_format({"num_format": "dd/mm/yyyy hh:mm"}),
            date: book.add_format({"num_format": "dd/mm/yyyy"}),
            int: book.add_format({"num_format": "#,##0"}),
        }
        self.quoted = book.add_format({"quote_prefix": True})
        self.quoted_heading = book.add_format({"quote_prefix": True, "bold": True})
        self.texts: dict[str, tuple[str, int]] = {}
        self.number = 0
        self._begin()

    def append(self, row: Sequence[object]) -> None:
        if self.row - self.top > MOST_ROWS:
            self._end()
            self._begin()
        self.sheet.write_cells(self.row, list(map(self._cell, count(), row)))
        self.row += 1

    def close(self) -> None:
        self._end()
        self.book.close()

    def _begin(self) -> None:
        self.number += 1
        name = _NOT_IN_SHEET_NAMES.sub(" ", self.title).strip("' ") or "Sheet"
        ending = f" {self.number}" if self.number > 1 else ""
        from app.organisation.streamed_sheet import StreamedSheet

        named = name[: _LONGEST_SHEET_NAME - len(ending)].strip() + ending
        self.sheet: StreamedSheet = self.book.add_worksheet(named, StreamedSheet)
        self.row = 0
        for text, font in [(self.title, self.large), *((each, None) for each in self.about)]:
            if self.title:
                self.sheet.write_string(self.row, 0, _text(text), font)
                self.row += 1
        self.row += bool(self.title)
        self.top = self.row
        self.widths = [0] * len(self.header)
        for column, heading in enumerate(self.header):
            font = self.quoted_heading if _is_formula(heading) else self.bold
            self.sheet.write_string(self.row, column, _text(heading), font)
            self._widen(column, len(heading))
        self.row += 1
        self.sheet.freeze_panes(self.row, 0)

    def _end(self) -> None:
        if self.header:
            self.sheet.autofilter(self.top, 0, max(self.row - 1, self.top), len(self.header) - 1)
        for column, width in enumerate(self.widths):
            self.sheet.set_column(column, column, min(max(width + 2, _NARROWEST), _WIDEST))

    def _cell(self, column: int, value: object) -> str | None:
        if value is None or value == "":
            return None
        if isinstance(value, str):
            cell, letters = self.texts.get(value) or self._text(value)
            self._widen(column, letters)
            return cell
        if isinstance(value, datetime):  # before date: an instant is one too
            shown = local(value).replace(tzinfo=None, microsecond=0) if value.tzinfo else value
            self._widen(column, len("dd/mm/yyyy hh:mm"))
            return self.sheet.day(shown, self.formats[datetime])
        if isinstance(value, date):
            self._widen(column, len("dd/mm/yyyy"))
            return self.sheet.day(value, self.formats[date])
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
            self._widen(column, len(f"{value:,}"))
            return self.sheet.number(value, self.formats.get(type(value)))
        return self._cell(column, str(value))

    def _text(self, value: str) -> tuple[str, int]:
        """The cell of a text and how wide it is. Lists say the same things over and over."""
        if len(self.texts) >= REMEMBERED:
            self.texts.clear()
        text = _text(value)
        found = self.texts[value] = self.sheet.text(text, self.quoted if _is_formula(text) else None), len(text)
        return found

    def _widen(self, column: int, letters: int) -> None:
        if column < len(self.widths) and letters > self.widths[column]:
            self.widths[column] = letters


_NARROWEST, _WIDEST = 8, 60  # letters


@dataclass(frozen=True, slots=True)
class SheetCell:
    """A cell of a sheet laid out as on paper: `rows` and `columns` are what it spans."""

    value: object
    rows: int = 1
    columns: int = 1
    bold: bool = False
    italic: bool = False
    center: bool = False
    border: bool = False


@dataclass(frozen=True, slots=True)
class LaidSheet:
    """A sheet as a paper has it: lines of cells from the left, `widths` of the columns in letters."""

    name: str
    widths: Sequence[float]
    lines: Iterable[Sequence[SheetCell]]


def write_laid_sheets(file: Any, sheets: Iterable[LaidSheet]) -> None:
    """Write such sheets to an open binary file: numbers and days as such, every text a text."""
    from xlsxwriter import Workbook

    book = Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False})
    formats: _Formats = {}
    taken: set[str] = set()
    for number, laid in enumerate(sheets, 1):
        name = _NOT_IN_SHEET_NAMES.sub(" ", laid.name).strip("' ")[:_LONGEST_SHEET_NAME] or f"Sheet {number}"
        if name.casefold() in taken:
            name = f"{name[: _LONGEST_SHEET_NAME - 4]} {number}"
        taken.add(name.casefold())
        sheet = book.add_worksheet(name)
        for column, width in enumerate(laid.widths):
            sheet.set_column(column, column, width)
        spanned: set[tuple[int, int]] = set()
        for row, line in enumerate(laid.lines):
            column = 0
            if len(line) == 1 and len(text := str(line[0].value)) > sum(laid.widths):  # merged cells do not grow
                sheet.set_row(row, 16 * -(-len(text) // int(sum(laid.widths))))
            for cell in line:
                while (row, column) in spanned:
                    column += 1
                _lay(book, sheet, formats, row, column, cell)
                if cell.rows > 1:
                    down = range(row + 1, row + cell.rows)
                    spanned |= {(r, c) for r in down for c in range(column, column + cell.columns)}
                column += cell.columns
    book.close()


_Formats = dict[tuple[object, ...], Any]


def _lay(book: Workbook, sheet: Any, formats: _Formats, row: int, column: int, of: SheetCell) -> None:
    value = of.value
    shape = "dd/mm/yyyy" if isinstance(value, date) else "#,##0" if isinstance(value, int) else ""
    if not shape and isinstance(value, (float, Decimal)):
        shape = "0.00%"
    quoted = isinstance(value, str) and _is_formula(value)
    key = (of.bold, of.italic, of.center, of.border, shape, quoted)
    if key not in formats:
        look = {"bold": of.bold, "italic": of.italic, "text_wrap": True, "valign": "top", "quote_prefix": quoted}
        look |= {"align": "center"} if of.center else {}
        look |= {"border": 1} if of.border else {}
        look |= {"num_format": shape} if shape else {}
        formats[key] = book.add_format(look | {"font_name": "Times New Roman", "font_size": 12})
    style = formats[key]
    if of.rows > 1 or of.columns > 1:
        sheet.merge_range(row, column, row + of.rows - 1, column + of.columns - 1, "", style)
    if value is None or value == "":
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, style)
    elif isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        sheet.write_number(row, column, value, style)
    else:
        sheet.write_string(row, column, _text(str(value)), style)


def _text(value: str) -> str:
    return _NOT_IN_XML.sub(" ", value.replace("\r\n", "\n").replace("\r", "\n"))[:LONGEST_TEXT]


# A workbook to fill in


MOST_TO_FILL_IN = 5000
"""Rows for which the words of a column can be chosen."""


def write_template(
    sheets: Sequence[SheetForm], rows: Mapping[str, Sequence[Sequence[object]]], told: Sequence[str]
) -> bytes:
    """An empty workbook to fill in: headings (needed ones starred in their note), lists to choose from, `rows` that are
    there already by the sheet's name, and a last sheet that tells how."""
    from xlsxwriter import Workbook  # heavy: only for whoever wants one

    file = io.BytesIO()
    book = Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False})
    bold, plain = book.add_format({"bold": True, "bg_color": "#e8e4d8", "border": 1}), book.add_format()
    for sheet in sheets:
        page = book.add_worksheet(sheet.name)
        page.freeze_panes(1, 0)
        for number, column in enumerate(sheet.columns):
            page.write_string(0, number, column.heading, bold)
            page.set_column(number, number, column.width)
            if column.needed:
                page.write_comment(0, number, _("Phải ghi"))
            if column.words:
                page.data_validation(
                    1, number, MOST_TO_FILL_IN, number, {"validate": "list", "source": list(column.words)}
                )
        for line, row in enumerate(rows.get(sheet.name, ()), 1):
            for number, value in enumerate(row):
                _fill(page, line, number, value, plain)
    page = book.add_worksheet(_("Hướng dẫn"))
    page.set_column(0, 0, 110, book.add_format({"text_wrap": True}))
    for line, text in enumerate(told):
        page.write_string(line, 0, text)
    book.close()
    return file.getvalue()


def _fill(page: Any, line: int, number: int, value: object, plain: Any) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        page.write_number(line, number, value, plain)
    elif value is not None and value != "":
        page.write_string(line, number, str(value), plain)
