"""`flask plans load-scores`, `flask plans scores`: score tables on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from flask_babel import gettext as _

from app.core.errors import N_, DomainError
from app.organisation.access import whole_site
from app.organisation.commands import COMMAND, echo_json, echo_rows
from app.scorecards import queries
from app.scorecards.arithmetic import TABLE, FindingKind, ScoreFinding, audit
from app.scorecards.labels import finding_sentence
from app.scorecards.loading import LoadedTable, load_table
from app.scorecards.reading import Unreadable, document_text, read_statement, read_table, write_points
from app.tasks.cli import plans
from app.tasks.loading import code_of
from app.web.command_faults import BadInput, note
from app.web.formats import sentence

Read = TypeVar("Read")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@plans.command("load-scores", help=N_("Nạp bảng điểm từ phụ lục của kế hoạch; nạp lại cùng tệp thì không đổi gì."))
@click.argument("file", type=FILE)
@click.option("--text", "plan", type=FILE, help=N_("Văn bản kế hoạch, có câu nêu điểm và thứ hạng năm trước."))
@click.option(
    "--table",
    "code",
    default="",
    help=N_("Mã của bảng (mặc định: văn bản đã biết có đúng nội dung này, nếu không thì tên tệp)."),
)
@click.option("--dry-run", is_flag=True, help=N_("Chỉ đọc thử, không ghi."))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def load_scores(file: Path, plan: Path | None, code: str, dry_run: bool, form: str) -> None:
    table = _read(file, read_table)
    stated = _read(plan, read_statement) if plan else None
    source = (plan or file).name
    code = code or code_of(_read(file, str)) or file.stem
    loaded = load_table(COMMAND, code, table, stated, source=source, keep=not dry_run)
    findings = audit(table.criteria, stated)
    if form == "json":
        echo_json(_as_json(loaded, findings))
        return
    for number, name in loaded.unmapped:
        note(_("Tiêu chí %(n)s: không có đơn vị “%(name)s”; hãy gắn đơn vị trên trang của bảng.", n=number, name=name))
    for finding in findings:
        note(f"{_place(finding, file, plan)}: {finding_sentence(finding)}")
    click.echo(
        _(
            "Bảng %(table)s, năm %(year)s: %(new)s tiêu chí mới, %(changed)s thay đổi, %(gone)s bị bỏ, "
            "%(unchanged)s không đổi; %(findings)s chỗ không khớp trong văn bản.",
            table=loaded.table,
            year=loaded.year,
            new=loaded.new,
            changed=len(loaded.changed),
            gone=len(loaded.gone),
            unchanged=loaded.unchanged,
            findings=len(findings),
        )
    )


@plans.command("scores", help=N_("Bảng điểm: điểm tối đa, năm trước, mục tiêu, tự chấm và còn thiếu."))
@click.option("--table", "code", default="", help=N_("Mã của bảng (mặc định: bảng của năm gần nhất)."))
@click.option("--unit", default="", help=N_("Mã đơn vị chủ trì."))
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def show_scores(code: str, unit: str, form: str) -> None:
    known = queries.tables(whole_site())
    if not known:
        raise BadInput(_("Chưa có bảng điểm nào. Hãy nạp bằng `flask plans load-scores TỆP`."))
    table = queries.score_table(whole_site(), code or known[0][0], unit)
    rows = [
        {
            "number": row.number,
            "name": row.name,
            "maximum": write_points(row.maximum),
            "last_score": write_points(row.last_score),
            "target": write_points(row.target),
            "score": None if row.score is None else write_points(row.score),
            "gap": None if row.gap is None else write_points(row.gap),
            "lead": row.lead.code if row.lead else row.lead_text,
        }
        for row in table.rows
    ]
    headings = {
        "number": "STT",
        "name": _("Tiêu chí"),
        "maximum": _("Tối đa"),
        "last_score": _("Năm trước"),
        "target": _("Mục tiêu"),
        "score": _("Tự chấm"),
        "gap": _("Còn thiếu"),
        "lead": _("Chủ trì"),
    }
    echo_rows(rows, headings, form)


def _read(file: Path, reader: Callable[[str], Read]) -> Read:
    """What a file says; its problems come with its name, a line for each."""
    try:
        return reader(document_text(file.read_bytes()))
    except Unreadable as error:
        raise BadInput("\n".join(f"{file.name}: {sentence(problem)}" for problem in error.problems)) from error
    except (OSError, DomainError) as error:
        raise BadInput(f"{file.name}: {sentence(error) if isinstance(error, DomainError) else error}") from error


def _place(finding: ScoreFinding, table: Path, plan: Path | None) -> str:
    """The file and line of a finding; those on the whole, and on fields of the text only, are the plan's."""
    of_text = finding.number == TABLE or (finding.kind is FindingKind.FIELD_MISSING and finding.found is None)
    file = plan if of_text and plan is not None else table
    return f"{file.name}:{finding.line}" if finding.line else file.name


def _as_json(loaded: LoadedTable, findings: tuple[ScoreFinding, ...]) -> dict[str, Any]:
    return {
        "table": loaded.table,
        "year": loaded.year,
        "new": loaded.new,
        "changed": list(loaded.changed),
        "gone": list(loaded.gone),
        "unchanged": loaded.unchanged,
        "unmapped": [{"number": number, "name": name} for number, name in loaded.unmapped],
        "findings": [
            {
                "kind": finding.kind.value,
                "number": finding.number,
                "column": finding.column.value if finding.column else None,
                "stated": None if finding.stated is None else write_points(finding.stated),
                "found": None if finding.found is None else write_points(finding.found),
                "line": finding.line,
                "sentence": finding_sentence(finding),
            }
            for finding in findings
        ],
    }
