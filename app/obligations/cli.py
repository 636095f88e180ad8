"""`flask plans surveys FILE` and `flask plans filings`: duties on the command line."""

from __future__ import annotations

from pathlib import Path

import click
from flask_babel import gettext as _

from app.core.errors import N_, DomainError
from app.obligations import queries, surveys
from app.obligations.models import FilingKind
from app.organisation.access import whole_site
from app.organisation.calendars import today
from app.organisation.commands import COMMAND, echo_json, echo_rows
from app.tasks.cli import plans
from app.web.command_faults import BadInput, note
from app.web.formats import counted, label, sentence, show_date


@plans.command(
    "surveys",
    help=N_("Nhập kết quả khảo sát hài lòng từ tệp CSV: tất cả, hoặc không gì cả; dòng sai được kể kèm lý do."),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help=N_("Chỉ xem, không ghi gì."))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def import_surveys(file: Path, dry_run: bool, form: str) -> None:
    try:
        with file.open("rb") as opened:
            content = opened.read(surveys.LARGEST + 1)
    except OSError as error:
        raise BadInput(_("%(file)s: không đọc được tệp.", file=file)) from error
    try:
        report = surveys.import_surveys(whole_site(), COMMAND, content, dry_run=dry_run)
    except DomainError as error:
        raise BadInput(f"{file}: {sentence(error)}") from error
    for refusal in report.refused:
        note(f"{file}:{refusal.row}: {refusal.column}: {sentence(refusal.error)}")
    if form == "json":
        echo_json(report.as_json())
    else:
        counts = {"new": report.new, "unchanged": report.unchanged, "refused": len(report.refused)}
        told = counted("%(n)s dòng: mới %(new)s, đã có %(unchanged)s, sai %(refused)s.", report.rows, **counts)
        click.echo(" ".join([told, *([_("Chưa ghi gì.")] if dry_run or report.refused else [])]))
    if report.refused:
        raise click.exceptions.Exit(BadInput.exit_code)


HEADINGS = {
    "kind": N_("Loại"),
    "unit": N_("Đơn vị"),
    "period": N_("Kỳ"),
    "filed_on": N_("Ngày nộp"),
    "title": N_("Tên, nội dung"),
    "document": N_("Văn bản"),
    "withdrawn": N_("Lý do rút"),
}


@plans.command("filings", help=N_("Liệt kê báo cáo, danh mục, tin bài, đối thoại đã ghi trong năm."))
@click.option("--year", type=click.IntRange(2000, 2100), metavar=N_("NĂM"), help=N_("Năm (mặc định: năm nay)."))
@click.option("--kind", type=click.Choice([kind.value for kind in FilingKind]), help=N_("Chỉ loại này."))
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def filings(year: int | None, kind: str | None, form: str) -> None:
    found = queries.filings(whole_site(), FilingKind(kind) if kind else None, year or today().year)
    shown = form == "table"
    rows = [
        {
            "kind": label(filing.kind) if shown else filing.kind.value,
            "unit": filing.unit.code,
            "period": filing.period or None,
            "filed_on": show_date(filing.filed_on) if shown else filing.filed_on.isoformat(),
            "title": filing.title,
            "document": filing.document or None,
            "withdrawn": filing.withdrawal or None,
        }
        for filing in found
    ]
    echo_rows(rows, {name: _(text) for name, text in HEADINGS.items()}, form)
