"""What the signatures in the files of a case's result mean for the case: whether its electronic result has legal value
(Decree 45/2020/NĐ-CP art. 14(3))."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from app.attachments.models import Attachment, AttachmentKind
from app.attachments.signatures.outcomes import LookedInto
from app.cases import service as cases
from app.cases.kept_files import witnesses
from app.cases.models import Case, CaseEvent
from app.cases.population import changeable_by
from app.cases.vocabulary import EventKind
from app.core.errors import N_, DomainError, NotFound
from app.organisation.access import Actor, Scope
from app.organisation.permissions import Capability, needs
from app.web.extensions import db

_AGAIN = N_("Chữ ký trong tệp kết quả được xem lại.")
_SIGNED = N_("Chữ ký số trong tệp kết quả hợp lệ.")
_NOT_SIGNED = N_("Chữ ký số trong tệp kết quả không hợp lệ hoặc không có.")


@needs(Capability.HANDLE_CASES)
def follow_signature(scope: Scope, by: Actor, attachment_id: int, *, at: datetime | None = None) -> list[EventKind]:
    """A file of the case's result was added: within the same transaction, its signature counts as the electronic result
    with legal value, or what somebody ticked before, or a file of other software told, counts no more: the same as
    where the result was here first. The events recorded. Raises NotFound.

    `at`: it was added then, and is looked into again."""
    case = db.session.scalar(
        select(Case)
        .join(Attachment, Attachment.case_id == Case.id)
        .where(Attachment.id == attachment_id, Case.site == scope.site)
    )
    if case is None or not changeable_by(scope, case):
        raise NotFound("Không tìm thấy tệp này.")
    found = _results(case.id)
    if any(each.signature and each.signature.holds for each in found):
        if case.electronic_result_at is not None:
            return []
        cases.record(scope, by, case.id, EventKind.ISSUED_ELECTRONIC, note=_SIGNED, at=at, reason=_AGAIN if at else "")
        return [EventKind.ISSUED_ELECTRONIC]
    ticked = _ticked(case) if case.electronic_result_at is not None and all(map(_denies, found)) else None
    if ticked is None:
        return []
    cases.correct(scope, by, case.id, ticked, reason=_NOT_SIGNED, void=True)
    return [EventKind.CORRECTED]


def against(case_ids: Collection[int]) -> dict[int, DomainError]:
    """Why the files of a case's result have no legal value, by case; of one without a file, or with one that may have,
    nothing is said."""
    chosen = select(Attachment).where(Attachment.case_id.in_(case_ids), *_RESULT)
    by_case: dict[int, list[Attachment]] = {}
    for row in db.session.scalars(chosen.order_by(Attachment.id)):
        by_case.setdefault(row.case_id, []).append(row)
    return {case_id: _why(found[-1]) for case_id, found in by_case.items() if all(map(_denies, found))}


def _why(row: Attachment) -> DomainError:
    return DomainError(
        "Tệp kết quả “%(file)s” không có giá trị pháp lý theo chữ ký số: %(why)s",
        file=row.file_name,
        why=LookedInto.of(row.signatures).advice,
    )


_RESULT = (Attachment.kind == AttachmentKind.RESULT, Attachment.removed_at.is_(None))


def _results(case_id: int) -> list[Attachment]:
    chosen = select(Attachment).where(Attachment.case_id == case_id, *_RESULT)
    return list(db.session.scalars(chosen.order_by(Attachment.id)))


def _denies(row: Attachment) -> bool:
    return bool(row.signatures) and LookedInto.of(row.signatures).denies


def _ticked(case: Case) -> int | None:
    """The event by which somebody said so last, here or in a file of other software."""
    chosen = select(CaseEvent.number).where(CaseEvent.case_id == case.id, CaseEvent.kind == EventKind.ISSUED_ELECTRONIC)
    number: int | None = db.session.scalar(chosen.order_by(CaseEvent.number.desc()).limit(1))
    return number


witnesses.append(against)
