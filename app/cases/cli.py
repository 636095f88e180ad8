"""`flask cases`: taking cases in, from JSON with all that the intake page takes; messages in the national shape, in
and out, for a province's adapter; and what was taken in before."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import AppGroup
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tabulate import tabulate

from app.cases import exchange as messages_exchanged
from app.cases import service, verifying
from app.cases.actions import life_page
from app.cases.exchange import log_of, messages_of
from app.cases.importing import queries
from app.cases.importing.mapping import available, find_mapping
from app.cases.importing.report import ImportReport, RowsSeen, write_errors
from app.cases.importing.service import Upload, import_file, mappings_folder
from app.cases.intake.contents import Applicant, HandedIn
from app.cases.models import Case
from app.cases.vocabulary import Channel, ReturnMethod
from app.core.errors import N_, DomainError
from app.core.periods import Period
from app.core.text import fold
from app.organisation.access import whole_site
from app.organisation.calendars import site_calendar
from app.organisation.commands import COMMAND, echo_json
from app.organisation.exports import record_export
from app.procedures.models import ProcedureVersion
from app.procedures.queries import version_at_desk, version_on
from app.web import extensions
from app.web.command_faults import BadInput, note
from app.web.formats import counted, in_both, label, sentence, show_datetime, show_number

# `flask cases receive`: a case taken in from JSON, with all that the intake page takes; answers with JSON.
#
#     {"procedure": "1.010833", "applicant": "Trần Văn Bình", "id_number": "...", "phone": "...", "address": "...",
#      "email": "...", "owner": "...", "channel": "in_person", "return_method": "post", "sets": 1, "content": "...",
#      "exemption": "Hộ nghèo", "documents": [{"name": "Đơn đề nghị", "originals": 1}, ...], "incomplete": false,
#      "received_at": "2024-07-01T08:00+07:00", "reason": "...", "note": "...", "code": "...", "other_code": "...",
#      "token": "..."}
#
# Only `procedure` and `applicant` are needed. Documents and exemptions are named as the procedure names them; without
# `documents` nobody says what was handed in. `token` makes it safe to send the same case twice.


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DocumentSaid(_Strict):
    """A document handed in, by the name the procedure gives it; any other name is a further document."""

    name: str
    originals: int = 0
    certified: int = 0
    copies: int = 0
    electronic: int = 0
    note: str = ""


class CaseSaid(_Strict):
    """A case to take in."""

    procedure: str
    applicant: str
    id_number: str = ""
    phone: str = ""
    address: str = ""
    email: str = ""
    owner: str = ""
    channel: Channel = Channel.IN_PERSON
    return_method: ReturnMethod = ReturnMethod.IN_PERSON
    sets: int = 1
    content: str = ""
    exemption: str = ""
    documents: list[DocumentSaid] | None = None
    incomplete: bool = False
    received_at: datetime | None = None
    reason: str = ""
    note: str = ""
    code: str | None = None
    other_code: str = ""
    token: str = Field("", max_length=64)


@click.command("receive", help=N_("Tiếp nhận một hồ sơ từ tệp JSON (hoặc đầu vào chuẩn)."))
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
def receive(file: Any) -> None:
    said = _read(file.read())
    case = take_in(said)
    echo_json(_case_json(case))


def take_in(said: CaseSaid) -> Case:
    """Take the case in. DomainError as the service raises it, or for a name that the procedure does not know."""
    at = said.received_at
    if at is not None and at.tzinfo is None:
        raise DomainError("Thời điểm phải ghi cả múi giờ, ví dụ 2024-07-01T08:00+07:00.", field="received_at")
    day = site_calendar().local_day(at or extensions.now())
    version = version_at_desk(whole_site(), version_on(whole_site(), said.procedure, day).id)
    assert version is not None  # the whole site covers it
    who = ("applicant", "id_number", "phone", "address", "email", "owner")
    return service.receive_case(
        whole_site(),
        COMMAND,
        version_id=version.id,
        applicant=Applicant(*(getattr(said, name) for name in who)),
        channel=said.channel,
        received_at=at,
        reason=said.reason,
        note=said.note,
        content=said.content,
        sets=said.sets,
        return_method=said.return_method,
        exemption=_exemption(version, said.exemption),
        documents=None if said.documents is None else [_handed_in(version, one) for one in said.documents],
        incomplete=said.incomplete,
        code=said.code,
        other_code=said.other_code,
        token=said.token,
    )


def _read(text: str) -> CaseSaid:
    try:
        return CaseSaid.model_validate(json.loads(text))
    except json.JSONDecodeError as error:
        raise BadInput(
            _("JSON: dòng %(line)s, cột %(column)s: %(why)s", line=error.lineno, column=error.colno, why=error.msg)
        ) from error
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput("\n".join(lines)) from error


def _exemption(version: ProcedureVersion, name: str) -> int | None:
    if not name.strip():
        return None
    known = {fold(exemption.name): exemption.id for exemption in version.exemptions}
    if fold(name) not in known:
        raise DomainError("Thủ tục này không có đối tượng miễn, giảm “%(name)s”.", field="exemption", name=name[:80])
    return known[fold(name)]


def _handed_in(version: ProcedureVersion, said: DocumentSaid) -> HandedIn:
    known: Mapping[str, int] = {fold(document.name): document.id for document in version.documents}
    return HandedIn(known.get(fold(said.name)), **said.model_dump())


def _case_json(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "code": case.code,
        "status": case.status.value,
        "received_at": case.received_at.isoformat(),
        "promised_at": case.promised_at.isoformat() if case.promised_at else None,
        "fee_due": case.fee_due,
        "exemption": case.exemption,
    }


# `flask cases exchange`: messages in the national shape, in and out, for a province's adapter.

exchange = AppGroup("exchange", help=N_("Trao đổi hồ sơ dạng JSON theo khuôn dạng quốc gia."))


@exchange.command(
    "in",
    help=N_(
        "Nhận hồ sơ từ tệp JSON hoặc đầu vào chuẩn.\n\nKết quả là JSON. Gửi lại cùng thông điệp "
        "không làm thay đổi gì; thông điệp sai bị từ chối riêng, có nêu chỗ sai."
    ),
)
@click.argument("file", metavar="FILE|-")
@click.option("--dry-run", is_flag=True, help=N_("Chỉ xem trước, không ghi gì."))
def take_messages_in(file: str, dry_run: bool) -> None:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise BadInput(_("Không đọc được tệp %(file)s.", file=file)) from error
    except UnicodeDecodeError as error:
        raise BadInput(_("Tệp %(file)s không phải văn bản UTF-8.", file=file)) from error
    name = "exchange.json" if file == "-" else Path(file).name
    echo_json(
        messages_exchanged.take_messages(whole_site(), COMMAND, messages_of(text), name, dry_run=dry_run).as_json()
    )


@exchange.command("out", help=N_("Ghi hồ sơ ra, mỗi dòng một thông điệp JSON."))
@click.option("--period", metavar="2024-06", help=N_("Hồ sơ tiếp nhận hoặc còn mở trong kỳ."))
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help=N_("Có việc mới ghi từ lúc này."))
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help=N_("Tệp ghi ra; không nêu: đầu ra chuẩn.")
)
@click.option("--xes", "as_log", is_flag=True, help=N_("Ghi thành nhật ký sự kiện XES, mỗi hồ sơ một vết."))
def give_out(period: str | None, since: datetime | None, output: Path | None, as_log: bool) -> None:
    zone = ZoneInfo(current_app.config["SETTINGS"].zone)
    which = [messages_exchanged.in_period(*Period.parse(period).bounds(zone))] if period else []
    which += [messages_exchanged.told_since(since.replace(tzinfo=zone).astimezone(UTC))] if since else []
    count = 0
    with ExitStack() as stack:
        try:
            out = stack.enter_context(output.open("w", encoding="utf-8")) if output else None
        except OSError as error:
            raise BadInput(_("Không ghi được tệp %(file)s.", file=output)) from error
        if as_log:
            for part in log_of(whole_site(), *which):
                count += part.startswith("<trace")
                click.echo(part, file=out, nl=False)
            record_export(COMMAND, "exchange", {"period": period or "", "since": f"{since or ''}"}, count, "xes")
            return
        for message in messages_exchanged.messages_from(whole_site(), *which):
            click.echo(json.dumps(message, ensure_ascii=False), file=out)
            count += 1
    record_export(COMMAND, "exchange", {"period": period or "", "since": f"{since or ''}"}, count, "json")


# `flask cases`: taking cases in from files, and what was taken in before.

LISTED = 1000  # differences told; the rest is counted
SHOWN = 20  # different reasons for refusing rows that are listed on the screen; the rest are in the errors file

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
        if unread := report.unread_said():
            note(unread)
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
    for notice in filter(None, (report.unread_said(), *report.notices())):
        click.echo(f"  {notice}")
    told: dict[tuple[str, str], RowsSeen] = {}
    for refusal in report.refused:
        if (why := (refusal.column, refusal.reason)) in told or len(told) < SHOWN:
            told.setdefault(why, RowsSeen()).add(str(refusal.row))
    for (column, reason), seen in told.items():
        rows = counted("%(n)s dòng", seen.count) if seen.count > 1 else ""
        place = f"{name}:{seen}" + (f" ({rows})" if rows else "") + (f" {column}" if column else "")
        note(f"{place}: {reason}")
    if left := len(report.refused) - sum(seen.count for seen in told.values()):
        note(counted("… và %(n)s dòng nữa: dùng --errors để ghi hết ra tệp.", left))
    if report.reopenable:
        n = report.reopenable
        note(counted("%(n)s dòng là của hồ sơ có thể đã được mở lại: nếu đúng vậy, nhập lại với --reopened.", n))
    if report.mendable:
        n = report.mendable
        note(counted("%(n)s dòng có tên viết bằng bảng mã cũ đọc lại được: nhập lại với --mend-letters.", n))
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
