"""`flask attachments`: attach files from the command line, list a case's, and look whether the store is whole."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.attachments import queries, service
from app.attachments.models import AttachmentKind
from app.attachments.service import UploadedFile
from app.core.errors import N_
from app.organisation.access import site, whole_site
from app.organisation.commands import COMMAND, echo_json, echo_rows
from app.web import extensions
from app.web.command_faults import BadInput, note
from app.web.formats import label, sentence, show_datetime

attachments = AppGroup("attachments", help=N_("Tệp đính kèm của hồ sơ."))


@attachments.command(
    "add",
    help=N_(
        "Đính kèm tệp vào hồ sơ mang mã CODE.\n\nTệp nào hỏng được báo riêng và không cản tệp "
        "khác; khi có tệp bị từ chối, mã thoát là 1."
    ),
)
@click.argument("code")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--document", type=int, metavar="N", help=N_("Số thứ tự giấy tờ trong hồ sơ."))
@click.option("--result", is_flag=True, help=N_("Là tệp kết quả giải quyết."))
def add(code: str, files: tuple[Path, ...], document: int | None, result: bool) -> None:
    if result and document is not None:
        raise BadInput(_("Chỉ dùng một trong hai: --document hoặc --result."))
    case = queries.case_with_code(whole_site(), code)
    document_id = None if document is None else queries.document_at(case.id, document)
    outcome = service.UploadOutcome()
    for path in files:
        try:
            with path.open("rb") as stream:
                one = service.attach(
                    whole_site(),
                    COMMAND,
                    case.id,
                    [UploadedFile(path.name, stream)],
                    kind=AttachmentKind.RESULT if result else AttachmentKind.COMPONENT,
                    document_id=document_id,
                )
        except OSError as error:
            raise BadInput(_("Không đọc được tệp %(file)s.", file=path)) from error
        outcome.kept += one.kept
        outcome.refused += one.refused
        outcome.recorded += one.recorded
    for refused in outcome.refused:
        note(f"{refused.name}: {sentence(refused.error)}")
    echo_json(
        {
            "case": code,
            "kept": [{"id": row.id, "file": row.file_name, "sha256": row.sha256} for row in outcome.kept],
            "refused": [{"file": r.name, "why": sentence(r.error)} for r in outcome.refused],
            "recorded": [event.value for event in outcome.recorded],
        }
    )
    if outcome.refused:
        sys.exit(1)


@attachments.command("list", help=N_("Các tệp của hồ sơ mang mã CODE, cả tệp đã gỡ."))
@click.argument("code")
@click.option("--format", "shown", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def list_files(code: str, shown: str) -> None:
    case = queries.case_with_code(whole_site(), code)
    found = queries.files_of(whole_site(), case.id)
    if shown == "json":
        echo_json([asdict(file) for file in found])
        return
    rows = [
        {
            "id": file.id,
            "kind": label(file.kind),
            "file": file.file_name,
            "type": file.media_type,
            "size": file.size,
            "added": show_datetime(file.added_at),
            "removed": show_datetime(file.removed_at),
            "sha256": file.sha256,
        }
        for file in found
    ]
    headers = {
        "id": _("Số"),
        "kind": _("Loại"),
        "file": _("Tệp"),
        "type": _("Định dạng"),
        "size": _("Byte"),
        "added": _("Đính kèm lúc"),
        "removed": _("Gỡ lúc"),
        "sha256": "SHA-256",
    }
    echo_rows(rows, headers, shown)


@attachments.command(
    "verify", help=N_("Đối chiếu kho tệp với hồ sơ.\n\nMã thoát là 1 khi có tệp thiếu hoặc bị thay đổi.")
)
@click.option("--delete-orphans", is_flag=True, help=N_("Xóa tệp không thuộc hồ sơ nào."))
def verify(delete_orphans: bool) -> None:
    verdict = service.verify(site())
    store, bad = service.store(), [*verdict.missing, *verdict.damaged]
    owners = queries.owners_of(site(), bad) if bad else {}
    for sha256 in bad:
        what = _("thiếu tệp") if sha256 in verdict.missing else _("tệp bị thay đổi")
        note(f"{what}: {store.path(sha256)} ({', '.join(name for _kind, name in owners.get(sha256, []))})")
    deleted = service.delete_orphans(COMMAND, site()) if delete_orphans else []
    echo_json(
        {
            "files": verdict.files,
            "missing": verdict.missing,
            "damaged": verdict.damaged,
            "orphans": [str(path) for path in verdict.orphans],
            "leftovers": [str(path) for path in verdict.leftovers],
            "deleted": [str(path) for path in deleted],
        }
    )
    if not verdict.sound:
        sys.exit(1)


@attachments.command(
    "signatures",
    help=N_(
        "Xem chữ ký số trong các tệp đã lưu mà chưa ai xem.\n\nKết quả điện tử có chữ ký hợp lệ được ghi vào diễn biến "
        "của hồ sơ. Mã thoát là 1 khi có tệp không xem được."
    ),
)
@click.option("--doubted", is_flag=True, help=N_("Cả tệp có chữ ký chưa tin cậy hoặc chưa xác minh thu hồi."))
def signatures(doubted: bool) -> None:
    from app.attachments.verifying import look_again

    done = look_again(COMMAND, site(), doubted=doubted)
    echo_json(asdict(done))
    if done.failed:
        sys.exit(1)


@attachments.command(
    "roots",
    help=N_("Chứng thư tin cậy và danh sách thu hồi của cơ quan.\n\nMã thoát là 1 khi có tệp không dùng được."),
)
@click.option("--format", "shown", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def roots(shown: str) -> None:
    from app.attachments.signatures.roots import folder, trusted

    seen = trusted(folder(), extensions.now())
    rows = [
        {
            "file": each.file,
            "kind": label(each.kind),
            "name": each.name,
            "issuer": each.issuer,
            "since": show_datetime(each.since),
            "until": show_datetime(each.until),
            "fingerprint": each.fingerprint,
            "wrong": sentence(each.wrong) if each.wrong else "",
        }
        for each in seen
    ]
    if shown == "json":
        echo_json({"folder": str(folder()), "files": rows})
    else:
        headers = {"file": _("Tệp"), "kind": _("Loại"), "name": _("Tên"), "issuer": _("Nơi cấp"), "since": _("Từ")}
        headers |= {"until": _("Đến"), "fingerprint": "SHA-256", "wrong": _("Cần sửa")}
        echo_rows(rows, headers, shown)
    if any(each.serious for each in seen):
        sys.exit(1)
