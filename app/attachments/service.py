"""What can be done with a case's files: attach, use an earlier one again, remove. Each is one transaction.

A case is digitised when every required document of its checklist has a file: the event is then recorded in the same
transaction, once. Removing a file later does not undo it: what happened stays, and a mistake is put right by a
correction of that event.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app.attachments import queries
from app.attachments.checking import Checked, FileKind, check, tidy_name
from app.attachments.models import Attachment, AttachmentKind, StoredFile
from app.attachments.previews import turn
from app.attachments.signatures.legal_value import follow_signature
from app.attachments.signatures.outcomes import LookedInto
from app.attachments.signatures.roots import look_into
from app.attachments.splitting import in_short, shared_out, taken_out
from app.attachments.store import Incoming, Store, StoreCheck, store_failed
from app.cases import kept_files
from app.cases import service as cases
from app.cases.models import Case, CaseDocument
from app.cases.population import changeable_by
from app.cases.vocabulary import EventKind
from app.core.errors import N_, Conflict, DomainError, NotFound
from app.core.text import checked_reason, tidy
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, for_everybody, needs
from app.web import extensions
from app.web.extensions import db

MEGABYTE = 1024 * 1024
SHOWN_NAME = 120  # characters of a refused file's name, which may be anything
_DIGITISED = N_("Đủ tệp của các giấy tờ bắt buộc.")
_RESULT = N_("Đã đính kèm tệp kết quả.")
_CHECKING = Path("previews", ".checking")  # one document is looked at at a time: a picture may take 160 MB


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as somebody sent it: the name it had with them, and its content."""

    name: str
    stream: BinaryIO


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that was not taken, and why."""

    name: str
    error: DomainError


@dataclass(slots=True)
class UploadOutcome:
    """What came of several files: those kept, those refused, and the events that followed from them."""

    kept: list[Attachment] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    recorded: list[EventKind] = field(default_factory=list)


@for_everybody
def report_damaged(by: Actor, file: queries.StoredFileSeen) -> None:
    """Somebody asked for a file that is damaged or gone: once a day in the audit trail, each time in the log."""
    current_app.logger.error("%s %s (%s) is damaged or missing", file.record_kind, file.id, file.sha256)
    with transaction():
        if not queries.reported_today(file.record_kind, file.id):
            audit.record(by, "find_damaged_file", file.record_kind, file.id, **file.owner, sha256=file.sha256)


def store() -> Store:
    return Store(Path(current_app.instance_path) / "attachments")


def largest_file() -> int:
    """Bytes that one file may have."""
    settings = current_app.config["SETTINGS"]
    return min(int(settings.attachment_mb), int(settings.max_upload_mb)) * MEGABYTE


def largest_sending() -> int:
    """Megabytes that may be sent at once."""
    return int(current_app.config["SETTINGS"].max_upload_mb)


def allowed_kinds() -> list[str]:
    """The kinds of files that the site takes, words of FileKind."""
    return str(current_app.config["SETTINGS"].attachment_kinds).split(",")


def examined(path: Path, name: str) -> Checked:
    """A file that has arrived, looked into: what it is, and what the signatures in it say. Raises DomainError."""
    with turn(Path(current_app.instance_path) / _CHECKING):
        checked = check(path, name, allowed_kinds())
        return replace(checked, signatures=signatures_of(path, checked.kind))


def signatures_of(path: Path, kind: FileKind) -> LookedInto | None:
    """What the signatures in a file say; None for the kinds whose signatures are not read. A picture bears none."""
    if kind is FileKind.PDF:
        return look_into(path)
    return None if kind in (FileKind.DOCX, FileKind.XLSX) else LookedInto()


def keep_signatures(row: StoredFile, found: LookedInto | None) -> None:
    """With the file."""
    row.signature, row.signatures = (found.outcome, found.kept()) if found else (None, {})


@needs(Capability.HANDLE_CASES)
def attach(
    scope: Scope,
    by: Actor,
    case_id: int,
    uploads: Iterable[UploadedFile],
    *,
    kind: AttachmentKind = AttachmentKind.COMPONENT,
    document_id: int | None = None,
) -> UploadOutcome:
    """Attach files to a case, or to one document of its checklist. Each good one is kept, each bad one told.

    Raises NotFound outside the person's scope, and DomainError where no such file can be attached now.
    """
    _document(_case(scope, case_id), kind, document_id)
    outcome = UploadOutcome()
    for upload in uploads:
        try:
            with store().receiving(upload.stream, largest_file()) as incoming:
                checked = examined(incoming.path, upload.name)
                _keep(outcome, scope, by, case_id, kind, document_id, incoming, checked)
        except DomainError as error:
            outcome.refused.append(RefusedFile(tidy(upload.name)[:SHOWN_NAME], error))
    return outcome


@needs(Capability.HANDLE_CASES)
def attach_parts(
    scope: Scope, by: Actor, case_id: int, upload: UploadedFile, wanted: Mapping[int, str], *, leave_rest: bool = False
) -> UploadOutcome:
    """Take one scan of several papers apart and attach each part to its paper: all of them, or nothing.

    `wanted`: document -> its pages as typed (`1-3, 5`). Raises DomainError for what is no PDF, a page that is not
    there, of two papers, or of none (unless `leave_rest`).
    """
    _case(scope, case_id)
    outcome = UploadOutcome()
    with ExitStack() as open_files:
        whole = open_files.enter_context(store().receiving(upload.stream, largest_file()))
        checked = examined(whole.path, upload.name)
        if checked.kind is not FileKind.PDF or not checked.pages:
            raise DomainError("Chỉ chia được tệp PDF nhiều trang cho các giấy tờ.", field="file")
        parts = shared_out(wanted, checked.pages, leave_rest=leave_rest)
        stem, ready = checked.name.removesuffix(".pdf"), []
        for document_id, pages in parts.items():
            part = open_files.enter_context(store().receiving(taken_out(whole.path, pages), largest_file()))
            name = tidy_name(_("%(file)s (trang %(pages)s)", file=stem, pages=in_short(pages)) + ".pdf", FileKind.PDF)
            ready.append((document_id, part, Checked(FileKind.PDF, name, len(pages), look_into(part.path))))
        with transaction():
            case = _case(scope, case_id, lock=True)
            for document_id, part, _each in ready:  # before any file is kept
                _document(case, AttachmentKind.COMPONENT, document_id)
                _refuse_twice(case, AttachmentKind.COMPONENT, document_id, part.sha256)
            for document_id, part, each in ready:
                _keep(outcome, scope, by, case_id, AttachmentKind.COMPONENT, document_id, part, each)
    return outcome


def _keep(
    outcome: UploadOutcome,
    scope: Scope,
    by: Actor,
    case_id: int,
    kind: AttachmentKind,
    document_id: int | None,
    incoming: Incoming,
    checked: Checked,
) -> None:
    try:
        with transaction():
            case = _case(scope, case_id, lock=True)
            document = _document(case, kind, document_id)
            _refuse_twice(case, kind, document_id, incoming.sha256)
            row = _row(case, by, kind, document_id, checked.name, checked.kind.media_type, incoming.size)
            row.sha256, row.pages = incoming.sha256, checked.pages
            keep_signatures(row, checked.signatures)
            db.session.add(row)
            db.session.flush()
            name = document.name if document else ""
            audit.record(
                by,
                "attach_file",
                "case",
                case.code,
                file=row.file_name,
                document=name,
                file_kind=kind,
                sha256=row.sha256,
            )
            recorded = _record_what_follows(scope, by, case, kind, row)
            incoming.keep()  # last: before it nothing is written, after it nothing is left to fail but the commit
    except OperationalError as error:
        raise database_full(error) from error
    outcome.kept.append(row)
    outcome.recorded.extend(recorded)


@needs(Capability.HANDLE_CASES)
def reuse_file(
    scope: Scope, by: Actor, case_id: int, attachment_id: int, document_id: int | None = None
) -> tuple[Attachment, list[EventKind]]:
    """Attach to a case what was digitised for an earlier case of the same applicant; the content stays stored once.

    Raises NotFound for a file the person may not see, DomainError for one of somebody else.
    """
    source = queries.one_file(scope, attachment_id)
    with transaction():
        case = _case(scope, case_id, lock=True)
        document = _document(case, AttachmentKind.COMPONENT, document_id)
        owner = db.session.scalar(select(Case.id_number).where(Case.id == source.case_id))
        if not case.id_number or owner != case.id_number or source.case_id == case.id:
            raise DomainError("Chỉ dùng lại được tệp từ hồ sơ khác của chính người nộp này (cùng số định danh).")
        _refuse_twice(case, AttachmentKind.COMPONENT, document_id, source.sha256)
        row = _row(case, by, AttachmentKind.COMPONENT, document_id, source.file_name, source.media_type, source.size)
        row.sha256, row.pages, row.reused_from_id = source.sha256, source.pages, source.id
        keep_signatures(row, source.looked_into)
        db.session.add(row)
        case.reused = True
        db.session.flush()
        audit.record(
            by,
            "reuse_file",
            "case",
            case.code,
            file=row.file_name,
            document=document.name if document else "",
            from_case=source.case_code,
            sha256=row.sha256,
        )
        recorded = _record_what_follows(scope, by, case, AttachmentKind.COMPONENT, row)
    return row, recorded


@needs(Capability.HANDLE_CASES)
def remove_file(scope: Scope, by: Actor, attachment_id: int, reason: str) -> Attachment:
    """Take a file off its case. The row stays, with who did it and why; so does what was recorded because of it.

    Raises NotFound, DomainError without a reason, Conflict when somebody else removed it meanwhile.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do gỡ tệp."))
    with transaction():
        row = db.session.get(Attachment, attachment_id, populate_existing=True)
        if row is None:
            raise NotFound("Không tìm thấy tệp này.")
        case = _case(scope, row.case_id, lock=True)
        db.session.refresh(row)
        if row.removed_at is not None:
            raise Conflict("Tệp này đã được gỡ.")
        row.removed_at, row.removed_by_id, row.removed_reason = extensions.now(), by.person_id, reason
        audit.record(
            by, "remove_file", "case", case.code, file=row.file_name, reason=row.removed_reason, sha256=row.sha256
        )
    return row


@needs(Capability.HANDLE_CASES)
def confirm_shared_file(scope: Scope, by: Actor, attachment_id: int, reason: str) -> list[EventKind]:
    """A file that is attached to another paper stands for this one too: say why, and it counts. The events recorded.

    Raises NotFound, DomainError without a reason that says something.
    """
    reason = checked_reason(reason, missing=N_("Hãy ghi vì sao một tệp dùng cho hai giấy tờ."))
    with transaction():
        row = db.session.get(Attachment, attachment_id, populate_existing=True)
        if row is None or row.removed_at is not None:
            raise NotFound("Không tìm thấy tệp này.")
        case = _case(scope, row.case_id, lock=True)
        row.shared_reason = reason
        db.session.flush()
        audit.record(by, "confirm_shared_file", "case", case.code, file=row.file_name, reason=reason, sha256=row.sha256)
        return _record_what_follows(scope, by, case, row.kind, row)


def verify(site: str) -> StoreCheck:
    """Compare the store with the records: every file there, and unchanged."""
    return store().verify(queries.recorded_files(site))


@needs(Capability.KEEP_SITE)
def delete_orphans(by: Actor, site: str) -> list[Path]:
    """Delete what no record knows and what was left unfinished; what is younger than an hour may still be getting its
    record, and stays. Returns what was deleted. Raises what is raised when the clock, which says
    how old a file is, is not to be trusted."""
    audit.check_may_write()
    verdict = verify(site)
    gone = [*verdict.orphans, *verdict.leftovers]
    if gone:
        with transaction():
            audit.record(by, "delete_orphan_files", "attachment", "", files=[path.name for path in gone])
            for path in gone:
                path.unlink(missing_ok=True)
    return gone


def _case(scope: Scope, case_id: int, *, lock: bool = False) -> Case:
    """A case that the person may change, as for every event. Locked, nobody else writes to it until the end."""
    if lock:
        db.session.execute(update(Case).where(Case.id == case_id).values(revision=Case.revision))
    case = db.session.scalar(
        select(Case).where(Case.id == case_id, Case.site == scope.site).execution_options(populate_existing=True)
    )
    if case is None or not changeable_by(scope, case):
        raise NotFound("Không tìm thấy hồ sơ này.")
    return case


def _document(case: Case, kind: AttachmentKind, document_id: int | None) -> CaseDocument | None:
    """The document that a file is of. Raises DomainError where a file of this kind cannot be attached."""
    if kind is AttachmentKind.RESULT and case.result_at is None:
        raise DomainError("Hồ sơ chưa có kết quả; hãy ghi “Có kết quả giải quyết” rồi mới đính kèm tệp kết quả.")
    if document_id is None:
        return None
    document = db.session.scalar(
        select(CaseDocument).where(CaseDocument.id == document_id, CaseDocument.case_id == case.id)
    )
    if document is None or kind is not AttachmentKind.COMPONENT:
        raise DomainError("Hồ sơ không có giấy tờ này; hãy tải lại trang rồi chọn lại.", field="document")
    return document


def _refuse_twice(case: Case, kind: AttachmentKind, document_id: int | None, sha256: str) -> None:
    """A second click, or the same scan chosen again."""
    same = select(Attachment.file_name).where(
        Attachment.case_id == case.id,
        Attachment.sha256 == sha256,
        Attachment.kind == kind,
        Attachment.document_id.is_(None) if document_id is None else Attachment.document_id == document_id,
        Attachment.removed_at.is_(None),
    )
    if (name := db.session.scalar(same)) is not None:
        raise Conflict("Tệp giống hệt đã được đính kèm ở mục này với tên “%(file)s”; không cần tải lại.", file=name)


def _row(
    case: Case, by: Actor, kind: AttachmentKind, document_id: int | None, name: str, media_type: str, size: int
) -> Attachment:
    return Attachment(
        site=case.site,
        case_id=case.id,
        document_id=document_id,
        kind=kind,
        file_name=name,
        media_type=media_type,
        size=size,
        added_at=extensions.now(),
        added_by_id=by.person_id,
    )


def _record_what_follows(scope: Scope, by: Actor, case: Case, kind: AttachmentKind, row: Attachment) -> list[EventKind]:
    """The case's file, or its result, is digitised by this: within the same transaction, once."""
    if kind is AttachmentKind.RESULT:
        recorded = []
        if case.result_digitised_at is None and case.returns_result:
            cases.record(scope, by, case.id, EventKind.RESULT_DIGITISED, note=_RESULT)
            recorded.append(EventKind.RESULT_DIGITISED)
        return recorded + (follow_signature(scope, by, row.id) if case.returns_result else [])
    required, missing = queries.required_without_file(case.id)
    if case.files_digitised_at is None and required and not missing:
        cases.record(scope, by, case.id, EventKind.FILES_DIGITISED, note=_DIGITISED)
        return [EventKind.FILES_DIGITISED]
    return []


def database_full(error: OperationalError) -> Exception:
    """A disk that is full may stop the database instead of the file."""
    if "disk is full" in str(error.orig) or getattr(error.orig, "sqlstate", "") == "53100":
        return store_failed(OSError(errno.ENOSPC, ""))
    return error


class _Keeper:
    """What taking in asks of this room: see app/cases/kept_files.py."""

    def documents(
        self, scope: Scope, id_number: str, *, except_case: int | None = None
    ) -> Sequence[kept_files.ReusableDocument]:
        """What was digitised for this identity number, the newest first."""
        return queries.earlier_files(scope, id_number, except_case)

    def attach(self, scope: Scope, by: Actor, case_id: int, chosen: Mapping[int, int]) -> None:
        """Attach to a case what was chosen: id of its CaseDocument -> id of the earlier attachment."""
        for document_id, attachment_id in chosen.items():
            reuse_file(scope, by, case_id, attachment_id, document_id)


kept_files.keepers.append(_Keeper())
