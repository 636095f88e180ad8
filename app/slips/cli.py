"""`flask slips`: a slip of one case, or the register, as a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.cases.search import case_with_code
from app.core.errors import N_, NotFound
from app.organisation.access import whole_site
from app.organisation.calendars import site_calendar
from app.organisation.commands import COMMAND
from app.organisation.exports import record_export, record_opening
from app.slips import queries, service
from app.slips.labels import OF_ONE_CASE, SlipKind, circular_on
from app.slips.printing import RENDERERS, press
from app.slips.queries import RegisterFilter
from app.web.command_faults import BadInput, note
from app.web.formats import counted

slips = AppGroup("slips", help=N_("Biểu mẫu một cửa."))
ENDINGS = click.Choice(list(RENDERERS))
OUTPUT = click.Path(dir_okay=False, writable=True, path_type=Path)


@slips.command(
    "make",
    help=N_(
        "In một phiếu của hồ sơ CODE.\n\nSố mẫu theo bộ biểu mẫu của ngày tiếp nhận hồ sơ: trước "
        "15/9/2025 là Thông tư 01/2018, sau đó là 03/2025."
    ),
)
@click.argument("code")
@click.option("--form", "form", required=True, metavar="FORM", help=N_("01 … 06, hoặc tên: tiep-nhan, bo-sung, …"))
@click.option("--nth", type=click.IntRange(1), metavar="N", help=N_("Lần thứ mấy, nếu có nhiều phiếu."))
@click.option("--format", "ending", type=ENDINGS, default="pdf", show_default=True)
@click.option("--output", required=True, type=OUTPUT, help=N_("Tệp ghi ra."))
def make(code: str, form: str, nth: int | None, ending: str, output: Path) -> None:
    scope = whole_site()
    case_id = case_with_code(scope, code)
    if case_id is None:
        raise NotFound("Không có hồ sơ mang mã %(code)s.", code=code)
    printed_with = press()
    case = queries.cases_on_paper(scope, [case_id], printed_with.zone)[0]
    kind = SlipKind(form) if form in set(OF_ONE_CASE) else circular_on(case.received_on).kind(form.zfill(2))
    if kind is SlipKind.REGISTER:
        raise BadInput(_("Sổ theo dõi hồ sơ in bằng lệnh `flask slips register`."))
    document = service.slip(scope, COMMAND, case_id, kind, printed_with, nth)
    _write(output, RENDERERS[ending]([document]))
    record_opening(COMMAND, document.code, kind.value)


@slips.command("register", help=N_("In sổ theo dõi hồ sơ."))
@click.option("--from", "since", required=True, type=click.DateTime(["%Y-%m-%d", "%d/%m/%Y"]), help=N_("Từ ngày."))
@click.option("--to", "until", required=True, type=click.DateTime(["%Y-%m-%d", "%d/%m/%Y"]), help=N_("Đến ngày."))
@click.option("--unit", default="", metavar="CODE", help=N_("Mã đơn vị."))
@click.option("--procedure", default="", metavar="CODE", help=N_("Mã thủ tục."))
@click.option("--format", "ending", type=ENDINGS, default="pdf", show_default=True)
@click.option("--output", required=True, type=OUTPUT, help=N_("Tệp ghi ra."))
def write_register(since: datetime, until: datetime, unit: str, procedure: str, ending: str, output: Path) -> None:
    scope, calendar = whole_site(), site_calendar()
    found = queries.unit_named(scope, unit) if unit else None
    if unit and found is None:
        raise NotFound("Không có đơn vị mang mã %(code)s.", code=unit)
    names = dict(queries.procedures_received(scope))
    if procedure and procedure not in names:
        raise NotFound("Không có thủ tục mang mã %(code)s.", code=procedure)
    chosen = RegisterFilter(
        since=since.date(), until=until.date(), unit_id=found[0] if found else None, procedure=procedure
    )
    count = service.check_register(scope, chosen, calendar)
    narrowed = ((f"Đơn vị: {found[1]}",) if found else ()) + (
        (f"Thủ tục: {names[procedure]} ({procedure})",) if procedure else ()
    )
    _write(output, RENDERERS[ending]([service.register(scope, chosen, calendar, press().house, narrowed)]))
    filters = {"since": f"{chosen.since}", "until": f"{chosen.until}", "unit": unit, "procedure": procedure}
    record_export(COMMAND, output.name, filters, count, ending)
    note(counted("%(n)s hồ sơ.", count))


def _write(output: Path, data: bytes) -> None:
    try:
        output.write_bytes(data)
    except OSError as error:
        raise BadInput(_("Không ghi được tệp %(file)s.", file=output)) from error
    click.echo(str(output))
