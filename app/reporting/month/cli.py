"""`flask check report`: the report of a month's check as a file."""

from __future__ import annotations

from pathlib import Path

import click
from flask_babel import gettext as _

from app.compliance.cli import period_of
from app.compliance.months import queries
from app.compliance.months.cli import check
from app.core.errors import N_
from app.organisation.access import whole_site
from app.organisation.commands import refusing
from app.reporting.month import making
from app.slips.printing import TYPES
from app.web.command_faults import BadInput, note

__all__ = ["check"]


@check.command("report", help=N_("Lập báo cáo kiểm tra của một kỳ."))
@click.option("--period", "period_text", required=True, help="2024-06, 2024-Q2, 2024-H1, 2024, last-month")
@click.option("--format", "ending", type=click.Choice(sorted(TYPES)), default="pdf", show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help=N_("Tệp sẽ ghi."))
@refusing
def check_report(period_text: str, ending: str, out: Path) -> None:
    if out.exists():
        raise BadInput(_("Tệp %(file)s đã có; hãy chọn tên khác.", file=out))
    period = period_of(period_text)
    made = making.content(whole_site(), period, ending)
    try:
        out.write_bytes(made)
    except OSError as error:
        raise BadInput(_("Không ghi được tệp %(file)s: %(why)s.", file=out, why=error.strerror)) from error
    click.echo(str(out))
    if queries.standing(period) is None:
        note(_("Kỳ chưa chốt: báo cáo là dự thảo, số liệu tạm tính."))
