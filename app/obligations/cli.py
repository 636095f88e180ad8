"""`flask plans surveys FILE` and `flask plans filings`: duties on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from app.core.errors import DomainError
from app.obligations import queries, surveys
from app.obligations.models import FilingKind
from app.organisation.access import whole_site
from app.organisation.calendars import today
from app.organisation.commands import COMMAND, echo_json, echo_rows, refusing
from app.tasks.cli import plans
from app.web.command_faults import BadInput, note
from app.web.formats import label, sentence, show_date


@plans.command("surveys")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Chỉ xem, không ghi gì.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@refusing
def import_surveys(file: Path, dry_run: bool, form: str) -> None:
    """Nhập kết quả khảo sát hài lòng từ tệp CSV: tất cả, hoặc không gì cả; dòng sai được kể kèm lý do."""
    try:
        with file.open("rb") as opened:
            content = opened.read(surveys.LARGEST + 1)
    except OSError as error:
        raise BadInput(f"{file}: không đọc được tệp.") from error
    try:
        report = surveys.import_surveys(whole_site(), COMMAND, content, dry_run=dry_run)
    except DomainError as error:
        raise BadInput(f"{file}: {sentence(error)}") from error
    for refusal in report.refused:
        note(f"{file}:{refusal.row}: {refusal.column}: {sentence(refusal.error)}")
    if form == "json":
        echo_json(_survey_report_json(report))
    else:
        told = f"{report.rows} dòng: {report.new} mới, {report.unchanged} đã có, {len(report.refused)} sai."
        click.echo(told + (" Chưa ghi gì." if dry_run or report.refused else ""))
    if report.refused:
        raise click.exceptions.Exit(BadInput.exit_code)


def _survey_report_json(report: surveys.SurveyReport) -> dict[str, Any]:
    refused = [{"row": r.row, "column": r.column, "reason": sentence(r.error)} for r in report.refused]
    return {"rows": report.rows, "new": report.new, "unchanged": report.unchanged, "refused": refused}


HEADINGS = {
    "kind": "Loại",
    "unit": "Đơn vị",
    "period": "Kỳ",
    "filed_on": "Ngày nộp",
    "title": "Tên, nội dung",
    "document": "Văn bản",
    "withdrawn": "Lý do rút",
}


@plans.command("filings")
@click.option("--year", type=click.IntRange(2000, 2100), metavar="NĂM", help="Năm (mặc định: năm nay).")
@click.option("--kind", type=click.Choice([kind.value for kind in FilingKind]), help="Chỉ loại này.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
@refusing
def filings(year: int | None, kind: str | None, form: str) -> None:
    """Liệt kê báo cáo, danh mục, tin bài, đối thoại đã ghi trong năm."""
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
    echo_rows(rows, HEADINGS, form)
