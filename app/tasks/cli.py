"""`flask plans`: tasks, duties and score tables on the command line. A part adds its commands to `plans`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.core.errors import N_, DomainError
from app.organisation.access import whole_site
from app.organisation.calendars import today
from app.organisation.commands import COMMAND, echo_json, echo_rows
from app.tasks import queries
from app.tasks.annexes import AnnexError, AnnexRow
from app.tasks.labels import COLUMNS
from app.tasks.loading import LoadReport, code_of, documents_with_tasks, load_tasks
from app.web.command_faults import BadInput, note
from app.web.formats import counted, in_both, label, sentence, show_date, show_number

plans = AppGroup("plans", help=N_("Nhiệm vụ, nghĩa vụ định kỳ và bảng chấm điểm của các kế hoạch."))


LARGEST = 5_000_000  # bytes; the annexes of the plans have some fifty thousand
DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])


@plans.command("load", help=N_("Nạp phụ lục nhiệm vụ của một kế hoạch từ văn bản của nó: tất cả, hoặc không gì cả."))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--plan",
    default="",
    metavar=N_("MÃ"),
    help=N_("Mã văn bản (mặc định: văn bản đã biết có đúng nội dung này, nếu không thì tên tệp)."),
)
@click.option(
    "--assigned", type=DAY, metavar=N_("NGÀY"), help=N_("Ngày giao nhiệm vụ (mặc định: ngày ban hành, hoặc hôm nay).")
)
@click.option("--dry-run", is_flag=True, help=N_("Chỉ xem, không ghi gì."))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def load(file: Path, plan: str, assigned: Any, dry_run: bool, form: str) -> None:
    text = _text(file)
    code = plan or code_of(text) or file.stem
    if len(code) > 32:
        raise BadInput(_("--plan: mã “%(code)s” dài quá 32 ký tự.", code=code))
    day = assigned.date() if assigned else _issued(code) or today()
    try:
        report = load_tasks(COMMAND, code, text, assigned_on=day, dry_run=dry_run)
    except AnnexError as error:
        raise BadInput("\n".join(f"{file}:{f.line}: {sentence(f.as_error())}" for f in error.findings)) from error
    except DomainError as error:
        raise BadInput(f"{file}: {sentence(error)}") from error
    for line in _notes(report, file):
        note(line)
    if form == "json":
        echo_json(_report_json(report))
    else:
        click.echo(_report_lines(report, dry_run))


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST:
            size = show_number(file.stat().st_size)
            raise BadInput(
                _(
                    "%(file)s: tệp quá lớn (%(size)s byte), đây không phải văn bản của một kế hoạch.",
                    file=file,
                    size=size,
                )
            )
        return file.read_text("utf-8-sig")
    except OSError as error:
        raise BadInput(_("%(file)s: không đọc được tệp.", file=file)) from error
    except UnicodeDecodeError as error:
        raise BadInput(
            _("%(file)s: không phải văn bản UTF-8 (byte thứ %(at)s).", file=file, at=error.start + 1)
        ) from error


def _issued(code: str) -> date | None:
    return next((document.issued for document in documents_with_tasks() if document.code == code), None)


def _notes(report: LoadReport, file: Path) -> list[str]:
    """Remarks on the document, and what waits for a person."""
    remarks = [f"{file}:{finding.line}: {sentence(finding.as_error())}" for finding in report.remarks]
    unread = [f"{file}:{w.row.source_line}: {w.row.number}: {in_both(w.reading.said)}" for w in report.unread]
    numbers = Counter(wanted.row.number for wanted in report.wanted)
    unknown = [
        _(
            "%(place)s: chưa rõ đơn vị “%(name)s”, cần người xác định.",
            place=f"{file}:{row.source_line}: {_printed(row, numbers)}",
            name=name,
        )
        for row, name in report.unknown
    ]
    kept = [_("%(number)s: không còn trong văn bản nhưng đã có việc, được giữ lại.", number=n) for n in report.kept]
    return [*remarks, *unread, *unknown, *kept]


def _printed(row: AnnexRow, numbers: Counter[str]) -> str:
    """A row's number, with its first words where the annex prints that number twice."""
    return row.number if numbers[row.number] == 1 else f"{row.number} ({_short(row.text)})"


def _report_lines(report: LoadReport, dry_run: bool) -> str:
    lines = [
        f"{change.number}: {COLUMNS[change.field]}: “{change.before}” → “{change.after}”" for change in report.changed
    ]
    lines += [
        _("%(number)s: %(unit)s chỉ phối hợp, không còn chủ trì.", number=number, unit=unit)
        for number, unit in report.helping
    ]
    lines.append(
        counted(
            "%(plan)s: %(n)s nhiệm vụ; mới %(new)s, thay đổi %(changed)s, giữ nguyên %(unchanged)s, đã bỏ %(removed)s; "
            "ngoài phạm vi Sở %(outside)s.",
            len(report.wanted),
            plan=report.plan,
            new=len(report.new),
            changed=len({change.number for change in report.changed}),
            unchanged=len(report.unchanged),
            removed=len(report.removed),
            outside=len(report.outside),
        )
    )
    return "\n".join([*lines, *([_("Chưa ghi gì.")] if dry_run else [])])


def _report_json(report: LoadReport) -> dict[str, Any]:
    return {
        "plan": report.plan,
        "rows": len(report.wanted),
        "new": report.new,
        "changed": [
            {"number": c.number, "field": c.field, "before": c.before, "after": c.after} for c in report.changed
        ],
        "unchanged": len(report.unchanged),
        "removed": report.removed,
        "kept": report.kept,
        "outside": [wanted.row.number for wanted in report.outside],
        "unread": [{"number": w.row.number, "deadline": w.row.deadline, **w.reading.said} for w in report.unread],
        "unknown": [{"number": row.number, "line": row.source_line, "name": name} for row, name in report.unknown],
        "findings": [{"line": f.line, "finding": str(f)} for f in report.remarks],
    }


HEADINGS = {
    "plan": N_("Kế hoạch"),
    "number": N_("Số"),
    "unit": N_("Đơn vị"),
    "deadline": N_("Thời hạn"),
    "due": N_("Ngày cuối cùng"),
    "state": N_("Tình trạng"),
    "text": N_("Nội dung"),
}


@plans.command("tasks", help=N_("Liệt kê nhiệm vụ của các kế hoạch và tình trạng hôm nay."))
@click.option("--plan", default="", metavar=N_("MÃ"), help=N_("Chỉ kế hoạch này."))
@click.option("--unit", default="", metavar=N_("MÃ"), help=N_("Chỉ đơn vị này."))
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def tasks(plan: str, unit: str, form: str) -> None:
    lines = queries.all_task_lines(whole_site(), queries.TaskFilters(today=today(), plan=plan, unit=unit))
    echo_rows(_rows(list(lines), form), {name: _(text) for name, text in HEADINGS.items()}, form)


def _rows(lines: Sequence[queries.TaskLine], form: str) -> list[dict[str, Any]]:
    shown = form == "table"
    return [
        {
            "plan": line.task.plan,
            "number": line.task.number,
            "unit": line.part.unit.code if line.part else None,
            "deadline": line.task.deadline_text,
            "due": show_date(line.due_on) if shown else line.due_on and line.due_on.isoformat(),
            "state": (label(line.state) if shown else line.state.value) if line.state else None,
            "text": _short(line.task.text or line.task.product) if shown else line.task.text,
        }
        for line in lines
    ]


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
