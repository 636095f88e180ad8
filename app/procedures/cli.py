"""`flask procedures`: the catalogue on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click
from flask.cli import AppGroup
from flask_babel import gettext as _
from tabulate import tabulate

from app.core.calendar import TimeUnit
from app.core.errors import N_, DomainError
from app.core.text import fold
from app.organisation.access import whole_site
from app.organisation.calendars import today
from app.organisation.commands import COMMAND, csv_text, echo_json
from app.organisation.queries import units_in_being_by_key
from app.organisation.sheets import FaultyFile, FileRowsReport, read_word
from app.procedures import queries
from app.procedures.catalogue_file import HEADINGS, Defaults, flat, import_catalogue, plain, read_day
from app.procedures.catalogue_workbook import take_catalogue
from app.procedures.labels import time_allowed
from app.procedures.models import Level
from app.web.command_faults import BadInput, note
from app.web.formats import counted, read_amount, sentence

Read = TypeVar("Read")

NO_FIELD, NO_UNIT = N_("%(option)s: không có lĩnh vực “%(text)s”."), N_("%(option)s: không có đơn vị “%(text)s”.")

procedures = AppGroup("procedures", help=N_("Danh mục thủ tục hành chính."))


@procedures.command("list", help=N_("Liệt kê danh mục."))
@click.option("--search", default="", help=N_("Mã hoặc vài từ của tên."))
@click.option("--field", "field_", default="", help=N_("Lĩnh vực."))
@click.option("--unit", default="", help=N_("Mã đơn vị chịu trách nhiệm."))
@click.option("--level", type=click.Choice([level.value for level in Level]), help=N_("Mức độ dịch vụ công."))
@click.option("--on", "day", default="", metavar=N_("NGÀY"), help=N_("Có hiệu lực ngày này (mặc định: hôm nay)."))
@click.option("--all", "every", is_flag=True, help=N_("Cả thủ tục không có hiệu lực ngày đó."))
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def list_procedures(search: str, field_: str, unit: str, level: str | None, day: str, every: bool, form: str) -> None:
    on = _read("--on", day, read_day) or today()
    known = {name: name for name, _count in queries.fields_in_use(whole_site())}
    field = _one_of("--field", field_, {fold(name): name for name in known}, NO_FIELD)
    code = _one_of("--unit", unit, {k: u.code for k, u in units_in_being_by_key().items()}, NO_UNIT)
    asked = queries.ProcedureFilters(on=on, text=search, field=field, unit=code, every=every)
    rows = queries.catalogue(whole_site(), replace(asked, level=Level(level)) if level else asked)
    parts = queries.parts_of([row.version_id for row in rows]) if form != "table" else {}
    if form == "json":
        echo_json([plain(row, parts[row.version_id]) for row in rows])
    elif form == "csv":
        click.echo(csv_text((flat(row, parts[row.version_id]) for row in rows), list(HEADINGS)), nl=False)
    else:
        shown = [(r.code, r.name, r.field, r.unit_code, time_allowed(r.time_amount, r.time_unit), r.fee) for r in rows]
        headings = (_("Mã"), _("Tên thủ tục"), _("Lĩnh vực"), _("Đơn vị"), _("Thời hạn"), _("Phí (đồng)"))
        texts = [0, 1, 2, 3, 4] if shown else True  # of columns by number tabulate knows none where there is no row
        click.echo(tabulate(shown, headings, disable_numparse=texts, maxcolwidths=[None, 60]))
        note(counted("%(n)s thủ tục", len(rows)))


@procedures.command(
    "import",
    help=N_(
        "Nhập thủ tục mới: từ tệp CSV (cột code, name, field và tùy chọn; dòng sai bị từ chối riêng), hoặc từ "
        "bảng tính .xlsx theo mẫu (cả tệp hoặc không gì cả)."
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--unit", default="", help=N_("Đơn vị chịu trách nhiệm của dòng không ghi cột unit."))
@click.option("--time", "time_amount", default="", help=N_("Thời hạn của dòng không ghi cột time_amount."))
@click.option(
    "--time-unit",
    type=click.Choice([unit.value for unit in TimeUnit]),
    default=TimeUnit.WORKING_DAYS.value,
    show_default=True,
    help=N_("Đơn vị thời gian của dòng không ghi cột time_unit."),
)
@click.option(
    "--level", type=click.Choice([level.value for level in Level]), default=Level.PARTIAL.value, show_default=True
)
@click.option(
    "--from", "in_force_from", default="", metavar=N_("NGÀY"), help=N_("Có hiệu lực từ ngày (mặc định: hôm nay).")
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def import_procedures(
    file: Path, unit: str, time_amount: str, time_unit: str, level: str, in_force_from: str, form: str
) -> None:
    if file.suffix.lower() == ".xlsx":
        _import_workbook(file, form)
        return
    units = units_in_being_by_key()
    code = _one_of("--unit", unit, {key: key for key in units}, NO_UNIT)
    defaults = Defaults(
        unit=units[code] if code else None,
        time_amount=_read("--time", time_amount, read_amount),
        time_unit=read_word(TimeUnit, time_unit),
        level=read_word(Level, level),
        in_force_from=_read("--from", in_force_from, read_day) or today(),
    )
    outcome = import_catalogue(COMMAND, whole_site(), file, defaults, units)
    _report(outcome, file.name, form)


def _import_workbook(file: Path, form: str) -> None:
    """All of it or nothing, by the template of the page."""
    if not file.is_file():
        raise DomainError("Không có tệp %(file)s.", file=file.name)
    try:
        taken = take_catalogue(COMMAND, whole_site(), file.read_bytes(), file_name=file.name)
    except FaultyFile as error:
        for fault in error.faults:
            note(f"{file.name}: {fault.sheet}:{fault.row} {fault.column}: {sentence(fault.error)}")
        raise
    rows, new = len(taken.procedures) + taken.known, len(taken.procedures)
    _report(FileRowsReport(rows=rows, new=new, unchanged=taken.known), file.name, form)


def _report(outcome: FileRowsReport, file: str, form: str) -> None:
    for refusal in outcome.refused:
        place = f"{file}:{refusal.row}" + (f" {refusal.column}" if refusal.column else "")
        note(f"{place}: {sentence(refusal.error)}")
    if form == "json":
        echo_json(outcome.as_json())
        return
    click.echo(
        counted(
            "%(n)s dòng: thủ tục mới %(new)s, không đổi %(unchanged)s, bị từ chối %(refused)s.",
            outcome.rows,
            new=outcome.new,
            unchanged=outcome.unchanged,
            refused=len(outcome.refused),
        )
    )


def _read(option: str, text: str, read: Callable[[str], Read]) -> Read | None:
    """What an option says; None when it was not given."""
    try:
        return read(text) if text else None
    except DomainError as error:
        raise BadInput(f"{option}: {sentence(error)}") from error


def _one_of(option: str, text: str, known: dict[str, str], unknown: str) -> str:
    """The known name that was meant, whatever case and diacritics; empty when nothing was asked for."""
    if text and fold(text) not in known:
        raise BadInput(_(unknown, option=option, text=text))
    return known.get(fold(text), "") if text else ""
