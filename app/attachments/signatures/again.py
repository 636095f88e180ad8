"""Looking into signatures of what is stored: files from before signatures were looked into, and those whose word may be
another since the site's certificates or lists were."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import ColumnElement, func, or_, select

from app.attachments.checking import kind_of_media_type
from app.attachments.models import Attachment, AttachmentKind, EvidenceFile
from app.attachments.service import keep_signatures, signatures_of, store
from app.attachments.signatures.legal_value import against, follow_signature
from app.attachments.signatures.outcomes import SignatureOutcome
from app.cases.models import Case
from app.core.errors import DomainError
from app.organisation import audit
from app.organisation.access import Actor, whole_site
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, needs
from app.web.extensions import db
from app.web.formats import sentence


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
            row = cast(Attachment | EvidenceFile, session.get_one(table, key, populate_existing=True))
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
        if against(case.id) is not None:
            done.doubtful.append(case.code)
    elif row.signature and row.signature.holds and case.returns_result:
        follow_signature(whole_site(), by, row.id, at=row.added_at)
        done.issued.append(case.code)
