"""Reads of attachments: the section of a case, one file, what can be used again, what the store should hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, cast, literal, select, union
from sqlalchemy.orm import aliased

from app.attachments.models import Attachment, AttachmentKind, EvidenceFile, StoredFile
from app.attachments.signatures.outcomes import LookedInto
from app.cases.kept_files import ReusableDocument
from app.cases.models import Case, CaseDocument, is_one_of
from app.cases.population import visible_to
from app.core.errors import NotFound
from app.core.text import fold
from app.organisation.access import Scope, site
from app.organisation.calendars import site_calendar, today
from app.organisation.models import AuditEntry, Person
from app.procedures.models import ProcedureVersion
from app.web.extensions import db

MOST_OFFERED = 50  # earlier files of one applicant, the newest
PREVIEWED = ("application/pdf", "image/jpeg", "image/png", "image/tiff")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFileSeen:
    """A stored file with the names a reader needs, whatever it is a file of. `bound`: whose addresses it has, and what
    they call its id; `owner`: whose it is, for the trail."""

    bound: ClassVar[tuple[str, str]]
    record_kind: ClassVar[str]

    id: int
    file_name: str
    media_type: str
    size: int  # bytes
    sha256: str
    pages: int | None
    added_at: datetime
    added_by: str
    removed_at: datetime | None
    removed_by: str
    removed_reason: str
    signatures: Mapping[str, Any]  # LookedInto.kept

    @property
    def owner(self) -> Mapping[str, str]:
        raise NotImplementedError

    @property
    def looked_into(self) -> LookedInto | None:
        """What the signatures in it say; None where nobody has looked."""
        return LookedInto.of(self.signatures) if self.signatures else None

    @property
    def is_picture(self) -> bool:
        """It has a small picture of itself."""
        return self.media_type.startswith("image/")

    @property
    def can_be_previewed(self) -> bool:
        """A browser shows it, or a picture of it."""
        return self.media_type in PREVIEWED


_KEPT = (
    *("id", "file_name", "media_type", "size", "sha256", "pages", "added_at", "removed_at", "removed_reason"),
    "signatures",
)


def kept_of(row: StoredFile, added_by: str | None, removed_by: str | None) -> dict[str, Any]:
    """What `StoredFileSeen` says of a row, by those names."""
    kept = {name: getattr(row, name) for name in _KEPT}
    return kept | {"added_by": added_by or "", "removed_by": removed_by or ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSeen(StoredFileSeen):
    """An attachment. `reused_from`: the code of the case it was digitised for; `shared_reason`: why it stands for this
    paper too."""

    bound = ("attachments", "attachment_id")
    record_kind = "attachment"

    case_id: int
    case_code: str
    document_id: int | None
    kind: AttachmentKind
    reused_from: str
    shared_reason: str

    @property
    def owner(self) -> Mapping[str, str]:
        return {"case": self.case_code}


@dataclass(slots=True)
class DocumentLine:
    """A document of the checklist with its files, and the applicant's earlier files of the same name."""

    document: CaseDocument
    files: list[FileSeen] = field(default_factory=list)
    offers: list[ReusableDocument] = field(default_factory=list)
    elsewhere: dict[int, str] = field(default_factory=dict)  # files that count for another paper, by its name

    @property
    def is_missing(self) -> bool:
        """Required, and nothing of it is digitised but what counts for another paper."""
        return self.document.required and all(file.id in self.elsewhere for file in self.files)


@dataclass(slots=True)
class FilesOfCase:
    """Everything the section on the case's page shows."""

    lines: list[DocumentLine]
    results: list[FileSeen]
    others: list[FileSeen]
    removed: list[FileSeen]
    offers: list[ReusableDocument]

    @property
    def count(self) -> int:
        return sum(len(line.files) for line in self.lines) + len(self.results) + len(self.others)

    @property
    def may_issue(self) -> bool:
        """A result is attached, and it is not known that it has no legal value."""
        found = [each.looked_into for each in self.results]
        return any(each is None or not each.denies for each in found)

    @property
    def required(self) -> int:
        """Documents that the file must hold."""
        return sum(line.document.required for line in self.lines)

    @property
    def missing(self) -> int:
        """Required documents without a file."""
        return sum(line.is_missing for line in self.lines)


_DOCUMENTS = (
    select(CaseDocument)
    .where(CaseDocument.site == bindparam("site"), CaseDocument.case_id == bindparam("case_id"))
    .order_by(CaseDocument.position)
)


def files_of_case(scope: Scope, case_id: int, id_number: str) -> FilesOfCase:
    """The files of a case by the documents of its checklist. Three queries; the case is within the scope already."""
    documents = db.session.scalars(_DOCUMENTS, {"site": scope.site, "case_id": case_id})
    lines = {document.id: DocumentLine(document) for document in documents}
    seen = FilesOfCase(list(lines.values()), [], [], [], [])
    here: set[str] = set()
    for file in _seen(_files(and_(Attachment.site == scope.site, Attachment.case_id == case_id))):
        if file.removed_at is not None:
            seen.removed.append(file)
            continue
        here.add(file.sha256)
        if file.kind is AttachmentKind.RESULT:
            seen.results.append(file)
        elif file.document_id in lines:
            lines[file.document_id].files.append(file)
        else:
            seen.others.append(file)
    counts_for = counted_for(
        (each.document.required, each.document.position, file.id, file.sha256, file.shared_reason)
        for each in seen.lines
        for file in each.files
    )
    names = {each.document.position: each.document.name for each in seen.lines}
    for line in seen.lines:
        line.elsewhere = {file.id: names[counts_for[file.id]] for file in line.files if file.id in counts_for}
    if id_number:
        _offer(seen, scope, case_id, id_number, here)
    return seen


def counted_for(files: Iterable[tuple[bool, int, int, str, str]]) -> dict[int, int]:
    """Files that count for another paper of their case already: id -> place of that paper.

    `files` are (whether the paper is required, its place, the file's id, its hash, why it stands for this paper too).
    The same content counts once, for the first required paper, unless somebody says why it is another one as well.
    """
    first: dict[str, int] = {}
    found: dict[int, int] = {}
    for _required, position, key, sha256, why in sorted(files, key=lambda each: (not each[0], *each[1:3])):
        place = first.setdefault(sha256, position)
        if place != position and not why:
            found[key] = place
    return found


def _offer(seen: FilesOfCase, scope: Scope, case_id: int, id_number: str, here: set[str]) -> None:
    """Earlier files of the applicant that the case does not have yet; those of the same document at its line."""
    by_name: dict[str, list[ReusableDocument]] = {}
    for sha256, offer in _earlier_files(scope, id_number, case_id):
        if sha256 not in here:
            here.add(sha256)
            seen.offers.append(offer)
            by_name.setdefault(fold(offer.name), []).append(offer)
    for line in seen.lines:
        if not line.files:
            line.offers = by_name.get(fold(line.document.name), [])[:3]


def earlier_files(scope: Scope, id_number: str, except_case: int | None = None) -> list[ReusableDocument]:
    """What was digitised for cases of this identity number that the scope may look into, the newest first."""
    return [offer for _sha256, offer in _earlier_files(scope, id_number, except_case)] if id_number else []


def _earlier_files(scope: Scope, id_number: str, except_case: int | None) -> list[tuple[str, ReusableDocument]]:
    a = Attachment
    found = (
        select(
            *(a.sha256, a.id, CaseDocument.name, ProcedureVersion.name, a.file_name, a.media_type, a.size),
            *(Case.id, Case.code, a.added_at),
        )
        .join(Case, Case.id == a.case_id)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .outerjoin(CaseDocument, CaseDocument.id == a.document_id)
        .where(Case.site == scope.site, is_one_of(Case.id_number, [id_number]), visible_to(scope))
        .where(a.removed_at.is_(None), a.kind != AttachmentKind.OTHER)
        .order_by(a.added_at.desc(), a.id.desc())
        .limit(MOST_OFFERED)
    )
    if except_case is not None:
        found = found.where(Case.id != except_case)
    return [
        (sha256, ReusableDocument(key, document or procedure, *rest))
        for sha256, key, document, procedure, *rest in db.session.execute(found)
    ]


def one_file(scope: Scope, attachment_id: int, *, removed: bool = False) -> FileSeen:
    """A file of a case that the scope may look into. NotFound outside it, and for a removed one unless asked for."""
    wanted = and_(Attachment.id == attachment_id, Case.site == scope.site, visible_to(scope))
    found = _seen(_files(wanted))
    if not found or (found[0].removed_at is not None and not removed):
        raise NotFound("Không tìm thấy tệp này.")
    return found[0]


def files_of(scope: Scope, case_id: int) -> list[FileSeen]:
    """Every file of a case, removed ones too, in the order they came."""
    return _seen(_files(and_(Attachment.case_id == case_id, Case.site == scope.site, visible_to(scope))))


def case_with_code(scope: Scope, code: str) -> Case:
    """The case with exactly this code. Raises NotFound."""
    case = db.session.scalar(select(Case).where(Case.site == scope.site, Case.code == code, visible_to(scope)))
    if case is None:
        raise NotFound("Không tìm thấy hồ sơ mang mã %(code)s.", code=code)
    return case


def document_at(case_id: int, position: int) -> int:
    """Id of the document at that place of the case's checklist, from 1. Raises NotFound."""
    found = db.session.scalar(
        select(CaseDocument.id).where(CaseDocument.case_id == case_id, CaseDocument.position == position)
    )
    if found is None:
        raise NotFound("Hồ sơ không có giấy tờ số %(position)s.", position=position)
    return found


def required_without_file(case_id: int) -> tuple[int, int]:
    """Required documents of a case, and how many of them have no file but what counts for another paper."""
    d, a = CaseDocument, Attachment
    rows = db.session.execute(
        select(d.required, d.position, a.id, a.sha256, a.shared_reason)
        .outerjoin(a, and_(a.document_id == d.id, a.removed_at.is_(None)))
        .where(d.case_id == case_id)
    ).all()
    elsewhere = counted_for((*row,) for row in rows if row.id is not None)
    required = {row.position for row in rows if row.required}
    digitised = {row.position for row in rows if row.id is not None and row.id not in elsewhere}
    return len(required), len(required - digitised)


def reported_today(record_kind: str, file_id: int) -> bool:
    """Whether the audit trail says already that the file was found damaged today."""
    found = select(AuditEntry.id).where(
        AuditEntry.site == site(),
        AuditEntry.subject_kind == record_kind,
        AuditEntry.subject_id == str(file_id),
        AuditEntry.action == "find_damaged_file",
        AuditEntry.at >= site_calendar().start_of_day(today()),
    )
    return db.session.scalar(found.limit(1)) is not None


def recorded_files(site: str) -> dict[str, int]:
    """What the store has to hold: hash -> size in bytes. Removed files stay in the record, and in the store."""
    found: dict[str, int] = {}
    for table in (Attachment, EvidenceFile):
        rows = db.session.execute(select(table.sha256, table.size).where(table.site == site).distinct())
        found |= {row.sha256: row.size for row in rows}
    return found


def owners_of(site: str, hashes: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Whose files have one of these hashes: (kind, name), of a case its code."""
    of_cases = (
        select(Attachment.sha256, literal("case").label("kind"), Case.code.label("name"))
        .join(Case, Case.id == Attachment.case_id)
        .where(Attachment.site == site, Attachment.sha256.in_(hashes))
    )
    of_evidence = select(EvidenceFile.sha256, cast(EvidenceFile.of, String).label("kind"), EvidenceFile.holder).where(
        EvidenceFile.site == site, EvidenceFile.sha256.in_(hashes)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for sha256, kind, name in db.session.execute(union(of_cases, of_evidence).order_by("kind", "name")):
        found.setdefault(sha256, []).append((kind, name))
    return found


_adder, _remover, _source, _source_case = aliased(Person), aliased(Person), aliased(Attachment), aliased(Case)
_FILES = (  # put together once: every page of a case asks it
    select(Attachment, Case.code, _adder.full_name, _remover.full_name, _source_case.code)
    .join(Case, Case.id == Attachment.case_id)
    .outerjoin(_adder, _adder.id == Attachment.added_by_id)
    .outerjoin(_remover, _remover.id == Attachment.removed_by_id)
    .outerjoin(_source, _source.id == Attachment.reused_from_id)
    .outerjoin(_source_case, _source_case.id == _source.case_id)
    .order_by(Attachment.id)
    .execution_options(populate_existing=True)
)


def _files(condition: ColumnElement[bool]) -> Select[Attachment, str, str, str, str]:
    return _FILES.where(condition)


def _seen(found: Select[Attachment, str, str, str, str]) -> list[FileSeen]:
    return [
        FileSeen(
            **kept_of(a, adder, remover),
            case_id=a.case_id,
            case_code=code,
            document_id=a.document_id,
            kind=a.kind,
            reused_from=source or "",
            shared_reason=a.shared_reason,
        )
        for a, code, adder, remover, source in db.session.execute(found)
    ]
