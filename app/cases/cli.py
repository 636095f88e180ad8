"""`flask cases`: taking cases in from files, and what was taken in before."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import gettext as _
from tabulate import tabulate

from app.cases import verifying
from app.cases.actions import life_page
from app.cases.exchange.cli import exchange
from app.cases.importing import queries
from app.cases.importing.mapping import available, find_mapping
from app.cases.importing.report import ImportReport, write_errors
from app.cases.importing.service import Upload, import_file, mappings_folder
from app.cases.intake.cli import receive
from app.core.errors import N_, DomainError
from app.organisation.access import whole_site
from app.organisation.commands import COMMAND, clear_errors, echo_json, refusing
from app.web.command_faults import BadInput, note
from app.web.formats import counted, in_both, label, sentence, show_datetime, show_number

LISTED = 1000  # differences told; the rest is counted
SHOWN = 20  # refused rows listed on the screen; the rest are in the errors file

cases = AppGroup("cases", help=N_("Hồ sơ."))


@cases.command(
    "import",
    help=N_(
        "Nhập hồ sơ từ tệp CSV, XLSX, XLS.\n\nDòng sai được báo riêng và không cản dòng khác. Nhập "
        "lại cùng một tệp không làm thay đổi gì."
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping", required=True, metavar="NAME_OR_FILE", help=N_("Tên ánh xạ (igate, coselog…), hoặc tệp YAML.")
)
@click.option("--dry-run", is_flag=True, help=N_("Chỉ xem trước, không ghi gì."))
@click.option("--mend-letters", is_flag=True, help=N_("Đọc lại tên viết bằng bảng mã cũ (TCVN3, VNI)."))
@click.option("--reopened", is_flag=True, help=N_("Hồ sơ đã kết thúc mà tệp ghi đang xử lý là được mở lại."))
@click.option(
    "--errors", type=click.Path(path_type=Path), metavar="OUT.csv", help=N_("Ghi các dòng bị từ chối vào đây.")
)
@click.option("--format", "shown", type=click.Choice(["text", "json"]), default="text", show_default=True)
def import_cases(
    file: Path, mapping: str, dry_run: bool, mend_letters: bool, reopened: bool, errors: Path | None, shown: str
) -> None:
    if errors is not None:
        _check_writable(errors)
    with clear_errors():
        chosen = find_mapping(mapping, mappings_folder())
        upload = Upload(file, file.name)
        report = import_file(
            *(whole_site(), COMMAND, upload, chosen),
            dry_run=dry_run,
            mends=mend_letters,
            reopens=reopened,
            progress=_progress(),
        )
    if errors is not None:
        write_errors(report.refused, errors)
    if shown == "json":
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(file.name, report, dry_run)


def _check_writable(path: Path) -> None:
    """Before anything is imported: afterwards it would be too late to say that the errors cannot be written."""
    try:
        path.open("a").close()
    except OSError as error:
        raise BadInput(_("Không ghi được tệp %(file)s.", file=path)) from error


def _progress() -> Callable[[int, int, int], None] | None:
    """One line on the terminal that is written over; nothing where nobody looks."""
    if not sys.stderr.isatty():
        return None

    def show(rows: int, done: int, total: int) -> None:
        share = f" · {done * 100 // total} %" if total else ""
        read = counted("%(n)s dòng", rows)
        click.echo(f"\r{read}{share}   ", err=True, nl=False)

    return show


def _print(name: str, report: ImportReport, dry_run: bool) -> None:
    if sys.stderr.isatty():
        note("")
    click.echo(
        _(
            "%(file)s: %(rows)s dòng; hồ sơ mới %(new)s, có thay đổi %(changed)s, không đổi %(unchanged)s; "
            "sự kiện mới %(events)s; dòng bị từ chối %(refused)s.",
            file=name,
            rows=report.rows,
            new=report.cases_new,
            changed=report.cases_changed,
            unchanged=report.cases_unchanged,
            events=report.events_new,
            refused=len(report.refused),
        )
    )
    for notice in report.notices():
        click.echo(f"  {notice}")
    for number, refusal in enumerate(report.refused):
        if number == SHOWN:
            note(counted("… và %(n)s dòng nữa: dùng --errors để ghi hết ra tệp.", len(report.refused) - SHOWN))
            break
        place = f"{name}:{refusal.row}" + (f" {refusal.column}" if refusal.column else "")
        note(f"{place}: {refusal.reason}")
    if dry_run:
        note(_("Chỉ xem trước: chưa ghi gì vào cơ sở dữ liệu."))


@cases.command("imports", help=N_("Các lần nhập gần đây."))
@click.option("--format", "shown", type=click.Choice(["table", "json"]), default="table", show_default=True)
def list_imports(shown: str) -> None:
    found = queries.recent_imports(whole_site())
    if shown == "json":
        echo_json([queries.as_json(record) for record in found])
        return
    rows = [
        (r.id, show_datetime(r.started_at), r.file_name, r.mapping, label(r.state), r.rows, r.cases_new,
         r.cases_changed, r.cases_unchanged, r.refused_count)
        for r in found
    ]  # fmt: skip
    headings = [_("Số"), _("Lúc"), _("Tệp"), _("Ánh xạ"), _("Trạng thái"), _("Dòng"), _("Mới"), _("Thay đổi"),
                _("Không đổi"), _("Từ chối")]  # fmt: skip
    click.echo(tabulate(rows, headings, disable_numparse=True))


@cases.command(
    "verify",
    help=N_(
        "Đối chiếu hồ sơ với sự kiện của nó.\n\nMã thoát là 1 khi có hồ sơ mà trạng thái, ngày, "
        "bước, tạm dừng hay khoản thu đã lưu khác với các sự kiện."
    ),
)
@click.option("--format", "shown", type=click.Choice(["text", "json"]), default="text", show_default=True)
@refusing
def verify_cases(shown: str) -> None:
    so_far, kept, number = verifying.Refolding(), [], 0
    for number, found in enumerate(verifying.differences(whole_site(), so_far), 1):
        if number <= LISTED:
            note(_difference(found))
            kept.append({name: _json_value(value) for name, value in asdict(found).items()})
    if shown == "json":
        echo_json({"cases": so_far.cases, "differences": kept, "differences_in_all": number})
    else:
        said = _(
            "Đã đối chiếu hồ sơ với sự kiện của chúng: %(cases)s hồ sơ, %(differences)s chỗ khác.",
            cases=show_number(so_far.cases),
            differences=show_number(number),
        )
        click.echo(said)
    if number:
        raise SystemExit(1)


def _difference(found: verifying.DerivedDifference) -> str:
    place = found.table if found.number is None else f"{found.table} {found.number}"
    said = {"case": found.case, "place": f"{place} {found.field}".strip()}
    if isinstance(found.folded, Exception):
        message = _("%(case)s: các sự kiện không ghép được với nhau: %(why)s", **said, why=_json_value(found.folded))
    elif found.field:
        both = {"stored": _json_value(found.stored), "folded": _json_value(found.folded)}
        message = _("%(case)s: %(place)s đã lưu %(stored)s, theo sự kiện là %(folded)s.", **said, **both)
    elif found.folded:
        message = _("%(case)s: %(place)s phải có mà không có.", **said)
    else:
        message = _("%(case)s: %(place)s không do sự kiện nào mà có.", **said)
    return str(message)


def _json_value(value: object) -> object:
    if isinstance(value, DomainError):
        return sentence(value)
    return str(value) if isinstance(value, Exception | Decimal | datetime | StrEnum) else value


@cases.command("life", help=N_("Việc gì được ghi khi hồ sơ ở trạng thái nào: trang docs/case-life.md."))
def show_life() -> None:
    click.echo(life_page(label), nl=False)


@cases.command("mappings", help=N_("Các ánh xạ dùng được."))
def list_mappings() -> None:
    for mapping in available(mappings_folder()):
        click.echo(f"{mapping.name}\t{in_both(mapping.title) if mapping.title else mapping.name}")


cases.add_command(receive)
cases.add_command(exchange)
