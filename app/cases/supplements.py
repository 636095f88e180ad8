"""What an applicant is asked to hand in or put right (yêu cầu bổ sung, hoàn thiện hồ sơ), by the case's checklist.

The documents asked for are kept with the event as they were asked for then: the slip printed from it stays the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal, select

from app.cases import service
from app.cases.models import Case, CaseDocument
from app.cases.search import seen_by
from app.cases.timeline import Event, corrected
from app.cases.vocabulary import EventKind
from app.errors import DomainError, NotFound
from app.extensions import db
from app.organisation.access import Actor, Scope
from app.organisation.permissions import Capability, needs
from app.procedures.models import CopyKind, ProcedureDocument
from app.text import tidy


@dataclass(frozen=True, slots=True)
class DocumentToAsk:
    """A document of the case's checklist, in the kind and number the procedure asks for (no kind: not in its list).

    `is_missing`: required, nothing of it was handed in, and nobody asked for it before and got it.
    """

    position: int
    name: str
    required: bool
    kind: CopyKind | None
    quantity: int
    is_missing: bool


@dataclass(frozen=True, slots=True)
class AskedDocument:
    """A document that a request names, in the kind and number asked for."""

    name: str
    kind: CopyKind | None
    quantity: int


def documents_to_ask(case_id: int) -> list[DocumentToAsk]:
    """The checklist of a case in order. Where nobody noted what was handed in: the procedure's, nothing missing."""
    d, asked = CaseDocument, ProcedureDocument
    handed_in = d.originals + d.certified + d.copies + d.electronic
    noted = (
        select(d.position, d.name, d.required, asked.copy_kind, func.coalesce(asked.quantity, 1), handed_in)
        .outerjoin(asked, asked.id == d.procedure_document_id)
        .where(d.case_id == case_id)
        .order_by(d.position)
    )
    listed = (
        select(asked.position, asked.name, asked.required, asked.copy_kind, asked.quantity, literal(1))
        .join(Case, Case.version_id == asked.version_id)
        .where(Case.id == case_id)
        .order_by(asked.position)
    )
    rows = db.session.execute(noted).all() or db.session.execute(listed).all()
    supplied = _supplied(service.events_of([case_id])[case_id])
    return [
        DocumentToAsk(position, name, required, kind, quantity, required and not number and name not in supplied)
        for position, name, required, kind, quantity, number in rows
    ]


@needs(Capability.HANDLE_CASES)
def request_supplement(
    scope: Scope, by: Actor, case_id: int, *, note: str, documents: Sequence[int | None] = (), **kwargs: Any
) -> Case:
    """Ask the applicant for what is missing or wrong (yêu cầu bổ sung, hoàn thiện): the clock stops.

    `documents` are places on the case's checklist; the note gives the reasons. DomainError at `documents` for a place
    that the checklist does not have.
    """
    if not tidy(note):
        raise DomainError("Hãy ghi lý do, nội dung cần bổ sung.", field="note")
    if db.session.scalar(select(Case.id).where(Case.id == case_id, Case.site == scope.site, seen_by(scope))) is None:
        raise NotFound("Không tìm thấy hồ sơ này.")
    data = {"documents": _named(documents_to_ask(case_id), documents)} if documents else {}
    return service.record(scope, by, case_id, EventKind.SUPPLEMENT_REQUESTED, note=note, data=data, **kwargs)


def asked_documents(data: Mapping[str, Any]) -> tuple[AskedDocument, ...]:
    """The documents that a request names, by what is kept with its event; none when it was put in words only."""
    return tuple(
        AskedDocument(each["name"], CopyKind(each["kind"]) if each["kind"] else None, each["quantity"])
        for each in data.get("documents", ())
    )


def _named(checklist: Iterable[DocumentToAsk], positions: Sequence[int | None]) -> list[dict[str, Any]]:
    known = {document.position: document for document in checklist}
    if not known.keys() >= set(positions):
        raise DomainError("Hãy chọn giấy tờ trong thành phần hồ sơ.", field="documents")
    chosen = (document for position, document in known.items() if position in positions)
    return [{"name": d.name, "kind": d.kind.value if d.kind else None, "quantity": d.quantity} for d in chosen]


def _supplied(events: Iterable[Event]) -> set[str]:
    """Names of the documents that were asked for before the applicant last supplemented the file."""
    asked: set[str] = set()
    supplied: set[str] = set()
    for event in corrected(events):
        if event.kind is EventKind.SUPPLEMENT_REQUESTED:
            asked |= {document.name for document in asked_documents(event.data)}
        elif event.kind is EventKind.SUPPLEMENTED:
            supplied |= asked
    return supplied
