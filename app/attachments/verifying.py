"""Whether the kept files are what their names say (each lies under the hash of its content), and looking again into
the signatures of what is stored."""

from __future__ import annotations

import typing
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, func, literal, or_, select, union_all

from app.attachments import queries
from app.attachments.checking import kind_of_media_type
from app.attachments.models import Attachment, AttachmentKind, EvidenceFile
from app.attachments.service import keep_signatures, signatures_of, store
from app.attachments.signatures.legal_value import against, follow_signature
from app.attachments.signatures.outcomes import SignatureOutcome
from app.cases.models import Case
from app.core.errors import N_, DomainError
from app.organisation import audit, backup
from app.organisation.access import Actor, site, whole_site
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, needs
from app.organisation.verifying import Broken
from app.web.extensions import db
from app.web.formats import sentence

# Whether the kept files are what their names say: each lies under the hash of its content.


def files(connection: Connection, counts: Counter[str]) -> Iterator[Broken]:
    """Every file that a record knows, removed ones too: each content read once."""
    of_cases = (
        select(Attachment.sha256, Attachment.size, literal("case").label("kind"), Case.code.label("name"))
        .join(Case, Case.id == Attachment.case_id)
        .where(Attachment.site == site())
    )
    of_evidence = select(
        EvidenceFile.sha256, EvidenceFile.size, cast(EvidenceFile.of, String).label("kind"), EvidenceFile.holder
    ).where(EvidenceFile.site == site())
    known = union_all(of_cases, of_evidence).order_by("sha256", "kind", "name")
    kept = store()
    rows = connection.execute(known.execution_options(yield_per=1000))
    for sha256, of_file in groupby(rows, key=lambda row: row.sha256):
        counts["files"] += 1
        sizes, owners = set(), []
        for row in of_file:
            sizes.add(row.size)
            owners.append((row.kind, row.name))
        state = kept.state_of(sha256)
        if state is None:
            yield _broken(sha256, owners, missing=True)
        elif not state.whole or sizes != {state.size}:
            yield _broken(sha256, owners, missing=False)


def _broken(sha256: str, owners: Sequence[tuple[str, str]], *, missing: bool) -> Broken:
    cases = list(dict.fromkeys(name for kind, name in owners if kind == "case"))
    proves = list(dict.fromkeys(name for kind, name in owners if kind != "case"))
    where: dict[str, Any] = {"file": sha256, "cases": cases} | ({"evidence_of": proves} if proves else {})
    if cases:
        message = N_("Thiếu tệp %(file)s của hồ sơ %(case)s.") if missing else CHANGED_OF_CASE
        return Broken("files", where, DomainError(message, file=sha256, case=", ".join(cases[:5])))
    message = N_("Thiếu tệp minh chứng %(file)s của %(of)s.") if missing else CHANGED_EVIDENCE
    return Broken("files", where, DomainError(message, file=sha256, of=", ".join(proves[:5])))


CHANGED_OF_CASE = N_("Tệp %(file)s của hồ sơ %(case)s đã bị thay đổi.")
CHANGED_EVIDENCE = N_("Tệp minh chứng %(file)s của %(of)s đã bị thay đổi.")
MOST_CODES = 5  # cases, or things proven, named of one file


class LostFile(DomainError):
    """An attached file that is not there any more, or is not what was attached."""


def check() -> Callable[[Mapping[str, str]], list[DomainError]]:
    """The records now; and what of them is not in the backup as it should be."""
    recorded = sorted(queries.recorded_files(site()))

    def look(sums: Mapping[str, str]) -> list[DomainError]:
        found = {sha256: sums.get(f"{backup.FILES}/{_place(sha256)}") for sha256 in recorded}
        bad = [sha256 for sha256 in recorded if found[sha256] != sha256]
        owners = queries.owners_of(site(), bad) if bad else {}
        return [_lost(sha256, owners.get(sha256, []), missing=found[sha256] is None) for sha256 in bad]

    return look


def _place(sha256: str) -> str:
    return f"attachments/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _lost(sha256: str, owners: Sequence[tuple[str, str]], *, missing: bool) -> LostFile:
    codes = [name for kind, name in owners if kind == "case"]
    names = codes or [name for _kind, name in owners]
    told = {"file": _place(sha256), "of": ", ".join(names[:MOST_CODES]) + (", …" if len(names) > MOST_CODES else "")}
    if codes:
        told["cases"] = told.pop("of")
        if missing:
            return LostFile("Thiếu tệp %(file)s của hồ sơ %(cases)s.", **told)
        return LostFile("Tệp %(file)s của hồ sơ %(cases)s đã bị hỏng hoặc bị sửa.", **told)
    if missing:
        return LostFile("Thiếu tệp minh chứng %(file)s của %(of)s.", **told)
    return LostFile("Tệp minh chứng %(file)s của %(of)s đã bị hỏng hoặc bị sửa.", **told)


backup.CHECKS.append(check)


# Looking into signatures of what is stored: files from before signatures were looked into, and those whose word may
# be another since the site's certificates or lists were.


@dataclass(slots=True)
class LookedAgain:
    """How many files were looked into; how many say something else now; cases whose electronic result counts since,
    cases that were said to have one though its file bears no signature that holds; and what could not be done."""

    files: int = 0
    changed: int = 0
    issued: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def counts(site: str) -> dict[SignatureOutcome | None, int]:
    """Stored PDFs by what their signatures say; None: not looked into yet."""
    found: dict[SignatureOutcome | None, int] = {}
    for table in (Attachment, EvidenceFile):
        chosen = (
            select(table.signature, func.count())
            .where(table.site == site, table.removed_at.is_(None), table.media_type == "application/pdf")
            .group_by(table.signature)
        )
        for outcome, number in db.session.execute(chosen):
            found[outcome] = found.get(outcome, 0) + number
    return found


@needs(Capability.KEEP_SITE)
def look_again(by: Actor, site: str, *, doubted: bool = False) -> LookedAgain:
    """Look into the files that nobody has looked into yet; `doubted`: and again into those whose signature was not
    trusted, or not known to stand. One transaction a file."""
    done = LookedAgain()
    for table in (Attachment, EvidenceFile):
        for key in db.session.scalars(select(table.id).where(_wanted(table, site, doubted)).order_by(table.id)).all():
            _one(by, table, key, done)
    return done


def _wanted(table: type[Attachment | EvidenceFile], site: str, doubted: bool) -> ColumnElement[bool]:
    asked: ColumnElement[bool] = table.signature.is_(None)
    if doubted:
        asked = or_(asked, table.signature.in_((SignatureOutcome.UNTRUSTED, SignatureOutcome.UNCHECKED)))
    pictures_too = or_(table.media_type == "application/pdf", table.media_type.like("image/%"))
    return (table.site == site) & table.removed_at.is_(None) & pictures_too & asked


def _one(by: Actor, table: type[Attachment | EvidenceFile], key: int, done: LookedAgain) -> None:
    sha256, media_type = db.session.execute(select(table.sha256, table.media_type).where(table.id == key)).one()
    kind = kind_of_media_type(media_type)
    try:
        store().check(sha256)
        found = signatures_of(store().path(sha256), kind) if kind else None
        if found is None:
            return
        with transaction() as session:
            row = typing.cast(Attachment | EvidenceFile, session.get_one(table, key, populate_existing=True))
            was = row.signature
            keep_signatures(row, found)
            session.flush()
            subject = "attachment" if table is Attachment else "evidence_file"
            told = {"file": row.file_name, "sha256": sha256, "signature": found.outcome}
            audit.record(by, "look_into_signatures", subject, str(key), **told)
            if isinstance(row, Attachment) and row.kind is AttachmentKind.RESULT:
                _follow(by, row, done)
        done.files += 1
        done.changed += was is not found.outcome
    except DomainError as error:
        done.failed.append(f"{key}: {sentence(error)}")


def _follow(by: Actor, row: Attachment, done: LookedAgain) -> None:
    case = db.session.get_one(Case, row.case_id)
    if case.electronic_result_at is not None:
        if against([case.id]):
            done.doubtful.append(case.code)
    elif row.signature and row.signature.holds and case.returns_result:
        follow_signature(whole_site(), by, row.id, at=row.added_at)
        done.issued.append(case.code)
