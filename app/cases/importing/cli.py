"""`flask import`: preview a file, carry the preview out, look at an import, undo it, and the names it was told."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext as _

from app.cases.importing import names, queries
from app.cases.importing.mapping import find_mapping
from app.cases.importing.models import Import, ImportNameKind
from app.cases.importing.preview import preview_of
from app.cases.importing.report import ImportReport, RefusedRow
from app.cases.importing.service import Upload, import_file, mappings_folder, preview
from app.cases.importing.tasks import keep_upload, kept_upload
from app.cases.importing.undo import CasesTouched, touched_cases, undo_import
from app.core.errors import N_, DomainError
from app.organisation.access import whole_site
from app.organisation.commands import COMMAND, echo_json
from app.web.command_faults import note

imports = AppGroup("import", help=N_("Nhập hồ sơ từ tệp: xem trước, nhập, xem lại, hoàn tác."))


@imports.command(
    "preview",
    help=N_(
        "Xem trước một tệp, chưa ghi hồ sơ nào.\n\nTên chưa biết được hỏi, không tự tạo: trả lời "
        "bằng `flask import names tell`. Kết quả là JSON."
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mapping", required=True, metavar="NAME", help=N_("Tên ánh xạ: igate, coselog… hoặc của cơ quan."))
@click.option("--mend-letters", is_flag=True, help=N_("Đọc lại tên viết bằng bảng mã cũ."))
@click.option("--reopened", is_flag=True, help=N_("Hồ sơ đã kết thúc mà tệp ghi đang xử lý là được mở lại."))
def preview_file(file: Path, mapping: str, mend_letters: bool, reopened: bool) -> None:
    chosen = find_mapping(mapping, mappings_folder())
    with _opened(file) as stream:
        sha256 = keep_upload(stream)
    upload = kept_upload(sha256, file.name)
    number = preview(whole_site(), COMMAND, upload, chosen, mends=mend_letters, reopens=reopened)
    echo_json(_import_json(queries.one_import(whole_site(), number)) | _preview_json(number))


@imports.command("run", help=N_("Nhập một tệp, hoặc bản xem trước mang số ấy."))
@click.argument("source", metavar="FILE_OR_NUMBER")
@click.option("--mapping", metavar="NAME", help=N_("Cần khi nêu một tệp."))
@click.option("--ask", is_flag=True, help=N_("Tên chưa biết thì từ chối dòng, không tự tạo."))
def run(source: str, mapping: str | None, ask: bool) -> None:
    if source.isdecimal() and mapping is None:
        record = queries.one_import(whole_site(), int(source))
        chosen = find_mapping(record.mapping, mappings_folder())
        upload = kept_upload(record.sha256, record.file_name)
        report = import_file(
            whole_site(),
            COMMAND,
            upload,
            chosen,
            previewed=record.id,
            asks=True,
            mends=record.mends,
            reopens=record.reopens,
        )
    elif mapping is None:
        raise DomainError("Hãy nêu ánh xạ: --mapping.")
    else:
        chosen = find_mapping(mapping, mappings_folder())
        report = import_file(whole_site(), COMMAND, Upload(Path(source), Path(source).name), chosen, asks=ask)
    echo_json(_report(report))


@imports.command("undo", help=N_("Hoàn tác cả lần nhập."))
@click.argument("number", type=int)
def undo(number: int) -> None:
    try:
        echo_json(asdict(undo_import(whole_site(), COMMAND, number)))
    except CasesTouched as error:
        for case in error.touched:
            note(f"{case.code}\t{case.touch}")
        raise


@imports.command("show", help=N_("Một lần nhập: kết quả, từng hồ sơ, dòng bị từ chối."))
@click.argument("number", type=int)
def show(number: int) -> None:
    record = queries.one_import(whole_site(), number)
    after, cases = 0, []
    while page := queries.done_cases(record, after, 1000):
        after = page[-1].key
        cases += [_case(case) for case in page]
    touched = [asdict(case) for case in touched_cases(whole_site(), number)]
    echo_json(_import_json(record) | {"cases": cases, "touched": touched})


@imports.group("names", cls=AppGroup, invoke_without_command=True, help=N_("Tên gọi đã ghi nhớ."))
@click.pass_context
def remembered(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        echo_json([_name(told) for told in names.told_names(whole_site())])


@remembered.command(
    "tell", help=N_("Cho biết một tên là đơn vị, thủ tục mang mã nào (trạng thái, cột: từ nào); không nêu mã: tạo mới.")
)
@click.argument("mapping")
@click.argument("kind", type=click.Choice([kind.value for kind in ImportNameKind]))
@click.argument("name")
@click.argument("code", required=False)
def tell(mapping: str, kind: str, name: str, code: str | None) -> None:
    of_kind = ImportNameKind(kind)
    target = names.chosen(code, names.choices(whole_site(), of_kind)).id if code else None
    names.remember_name(whole_site(), COMMAND, find_mapping(mapping, mappings_folder()), of_kind, name, target)
    note(_("Đã ghi nhớ."))


@remembered.command("forget", help=N_("Bỏ ghi nhớ tên gọi mang số ấy."))
@click.argument("number", type=int)
def forget(number: int) -> None:
    names.forget_name(whole_site(), COMMAND, number)
    note(_("Đã bỏ ghi nhớ."))


def _opened(file: Path) -> Any:
    try:
        return file.open("rb")
    except OSError as error:
        raise DomainError("Không đọc được tệp “%(name)s”.", name=file.name) from error


def _import_json(record: Import) -> dict[str, Any]:
    refused = [_refusal(refusal) for refusal in queries.refusals(record)]
    return queries.as_json(record) | {"notices": record.notices, "refused": refused}


def _preview_json(number: int) -> dict[str, Any]:
    foreseen = preview_of(number)
    return {
        "new": [asdict(case) for case in foreseen.new],
        "changed": [asdict(case) for case in foreseen.moved],
        "unchanged": [{"code": code, "status": status} for code, status in foreseen.unchanged],
        "unknown_names": [asdict(asked) for asked in foreseen.asked],
        "unread_columns": foreseen.unread,
    }


def _report(report: ImportReport) -> dict[str, Any]:
    refused = [_refusal(refusal) for refusal in report.refused]
    said = {"notices": report.notices(), "refused": refused, "unread_columns": report.unread}
    return {"id": report.import_id} | report.counts() | said


def _refusal(refusal: RefusedRow) -> dict[str, Any]:
    shown = {"row": refusal.row, "column": refusal.column, "reason": refusal.reason}
    return shown if refusal.recorded is None else shown | {"said": refusal.said, "recorded": refusal.recorded}


def _case(case: queries.DoneCase) -> dict[str, Any]:
    values = asdict(case)
    del values["key"]
    return values


def _name(told: names.RememberedName) -> dict[str, Any]:
    record, target = told.record, told.stands_for
    plain = {"id": record.id, "mapping": record.mapping, "kind": record.kind.value, "name": record.name}
    return plain | {"code": (target.code or target.id) if target else None}
