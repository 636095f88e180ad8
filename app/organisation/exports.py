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
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request, send_file, stream_with_context
from sqlalchemy import select

from app.organisation import audit
from app.organisation.access import Actor, actor, site
from app.organisation.calendars import site_calendar, today
from app.organisation.models import AuditEntry
from app.organisation.permissions import for_everybody
from app.web.extensions import db
from app.web.formats import local, show_date, show_datetime, show_number

if TYPE_CHECKING:
    from openpyxl import Workbook


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
def record_opening(by: Actor, case_code: str, paper: str) -> None:
    """Somebody opened a paper of a case. One entry a person, case and day: it names the first paper."""
    if _opened_today(by, case_code):
        return
    with audit.transaction():
        audit.record(by, "open_papers", "case", case_code, paper=paper)


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


def _opened_today(by: Actor, case_code: str) -> bool:
    found = select(AuditEntry.id).where(
        AuditEntry.site == site(),
        AuditEntry.subject_kind == "case",
        AuditEntry.subject_id == case_code,
        AuditEntry.action == "open_papers",
        AuditEntry.person_id == by.person_id,
        AuditEntry.at >= site_calendar().start_of_day(today()),
    )
    return db.session.scalar(found.limit(1)) is not None


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_575  # below the header of one sheet; what is more goes on to the next
LONGEST_TEXT = 32_767  # characters in a cell
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# How a formula begins: also in the wide forms that East Asian keyboards write and Excel reads as the narrow ones, and
# behind what does not show.
_FORMULA = re.compile(r"[\s\x00-\x1f\xa0\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A list as a file: CSV, sent as its rows come, UTF-8 with a byte-order mark so that Excel reads the diacritics.

    Asked for under an address that ends in .xlsx (see `beside_each_csv`), the same rows as a workbook.
    """
    if request.path.endswith(".xlsx"):
        return xlsx_response(name, header, rows)
    lines = _into_the_trail(csv_lines, header, rows, name, "csv")
    response = Response(stream_with_context(lines), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
    return response


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


def xlsx_response(name: str, header: Sequence[object], rows: Iterable[Sequence[object]]) -> Response:
    """An Excel download: days, instants (on the site's clock) and numbers as such, every text a text.

    The sheet is written to a temporary file as its rows come, so that memory does not grow with it.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed when it has been sent
    counted = _Counted(rows)
    write_xlsx(file, header, counted)
    trace_export(actor(), name, counted.count, "xlsx")
    file.seek(0)
    return send_file(file, mimetype=XLSX, as_attachment=True, download_name=f"{name}.xlsx")


def write_xlsx(file: Any, header: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Write such a workbook to an open binary file."""
    from openpyxl import Workbook  # heavy: only for whoever wants a workbook

    book = Workbook(write_only=True)
    sheet, below = _sheet(book, header), 0
    for row in rows:
        if below == MOST_ROWS:
            sheet, below = _sheet(book, header), 0
        sheet.append([_xlsx_cell(sheet, value) for value in row])
        below += 1
    book.save(file)


def _sheet(book: Workbook, header: Sequence[object]) -> Any:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet: Any = book.create_sheet()
    sheet.freeze_panes = "A2"
    cells = []
    for position, heading in enumerate(header, 1):
        cell = _text_cell(sheet, str(heading))
        cell.font = Font(bold=True)
        cells.append(cell)
        sheet.column_dimensions[get_column_letter(position)].width = min(max(len(str(heading)) + 2, 12), 40)
    sheet.append(cells)
    return sheet


def _xlsx_cell(sheet: Any, value: object) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, str):
        return _text_cell(sheet, value) if value.startswith("#") or _is_formula(value) else _text(value)
    if isinstance(value, datetime):  # before date: an instant is one too
        cell = WriteOnlyCell(sheet, local(value).replace(tzinfo=None, microsecond=0) if value.tzinfo else value)
        cell.number_format = "dd/mm/yyyy hh:mm"
        return cell
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet)
        cell.value = value
        cell.number_format = "dd/mm/yyyy"
        return cell
    if isinstance(value, int) and not isinstance(value, bool):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = "#,##0"
        return cell
    return value if value is None or isinstance(value, (float, Decimal)) else _text(str(value))


def _text_cell(sheet: Any, value: str) -> Any:
    """A text whatever it looks like: a formula, or one of Excel's errors (#REF!)."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, _text(value))
    cell.data_type = "s"
    cell.quotePrefix = _is_formula(value)  # also when somebody opens the cell and presses Enter
    return cell


def _text(value: str) -> str:
    return _NOT_IN_XML.sub(" ", value)[:LONGEST_TEXT]
