"""How a case goes through hands between its reception and its end; each function is one act, as in `service`.

Taking it in hand, sending it back to an earlier stage, asking another unit, the signature. Who
may: people whose scope covers the unit that answers for the case or the one that has it; a unit that was asked for
its opinion may give it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import func, literal, select

from app.cases import service
from app.cases.models import Case, CaseDocument
from app.cases.population import on_desk_of
from app.cases.timeline import Event, Recorded, corrected
from app.cases.vocabulary import EventKind
from app.core.errors import N_, DomainError, NotAllowed, NotFound
from app.core.text import tidy
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar, today
from app.organisation.lineage import in_being
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.procedures.models import CopyKind, ProcedureDocument
from app.web import extensions
from app.web.due import missed
from app.web.extensions import db

GIVEN_BACK = N_("Hoàn tác việc nhận xử lý")  # as the reason stands in the record
ANSWER_IN = 2  # working days in which another unit is asked to answer, unless somebody says otherwise


class ColleagueHasIt(DomainError):
    """Somebody else has the case in hand, with an account or by name alone; whoever takes it over names them."""

    def __init__(self, officer: str) -> None:
        super().__init__(
            N_("%(officer)s đang xử lý hồ sơ này; hãy xác nhận nếu bạn nhận thay."), field="instead", officer=officer
        )


@needs(Capability.HANDLE_CASES)
def take_over(scope: Scope, by: Actor, case_id: int, *, instead_of: str = "", **kwargs: Any) -> Case:
    """Somebody of the unit that has the case takes it in hand (nhận xử lý), also from the colleague they name.

    NotAllowed for people of other units; ColleagueHasIt for a case in the hands of somebody who is not `instead_of`.
    """
    found = db.session.execute(
        select(
            *(Case.holder_unit_id, Case.holder_id, Case.officer, Case.revision, Case.remarks_from, Case.remarks_to)
        ).where(Case.id == case_id, Case.site == scope.site, on_desk_of(scope))
    ).first()
    if found is None:
        raise NotFound("Không tìm thấy hồ sơ này.")
    if by.person_id is None or found.holder_unit_id != by.unit_id:
        raise NotAllowed("Chỉ cán bộ của đơn vị đang giữ hồ sơ được nhận xử lý.")
    data: dict[str, Any] = {"officer": by.name, "person_id": by.person_id}
    if found.officer and found.holder_id != by.person_id:
        data["instead_of"] = found.officer
        if not service.moved_on(found, kwargs.get("revision")) and tidy(instead_of) != found.officer:
            raise ColleagueHasIt(found.officer)
    return service.record(scope, by, case_id, EventKind.TAKEN_OVER, data=data, **kwargs)


def may_give_back(events: Sequence[Recorded], person_id: int | None) -> Recorded | None:
    """The taking over that this person may take back: the last thing that happened to the case; None otherwise."""
    last = events[-1] if events else None
    mine = last is not None and last.kind is EventKind.TAKEN_OVER and last.data.get("person_id") == person_id
    return last if mine and person_id is not None else None


@needs(Capability.HANDLE_CASES)
def give_back(scope: Scope, by: Actor, case_id: int, *, revision: int | None = None) -> Case:
    """Take back one's own taking over, while nothing else has happened: the case is with whoever had it before."""
    case = service.case_for_change(scope, case_id, revision)
    taken = may_give_back(service.events_of([case_id])[case_id], by.person_id)
    if taken is None:
        raise DomainError("Chỉ người vừa nhận hồ sơ hoàn tác được việc nhận, khi chưa ghi việc nào khác.")
    return service.correct(scope, by, case_id, taken.number, void=True, reason=GIVEN_BACK, revision=case.revision)


@needs(Capability.HANDLE_CASES)
def return_to_stage(
    scope: Scope, by: Actor, case_id: int, *, position: int, note: str, officer: str = "", **kwargs: Any
) -> Case:
    """Send a case back to an earlier stage (trả lại bước trước), saying why. The clock goes on."""
    _needed(note, N_("Hãy ghi lý do trả lại."))
    data: dict[str, Any] = {"position": position}
    if tidy(officer):
        data["officer"] = tidy(officer)
    return service.record(scope, by, case_id, EventKind.RETURNED, note=note, data=data, **kwargs)


@needs(Capability.HANDLE_CASES)
def consult(
    scope: Scope, by: Actor, case_id: int, *, unit_code: str, note: str, due_day: date | None = None, **kwargs: Any
) -> Case:
    """Ask another unit for its opinion (lấy ý kiến đơn vị phối hợp) until the end of a day. The clock goes on."""
    _needed(note, N_("Hãy ghi nội dung lấy ý kiến."))
    unit = db.session.scalar(select(Unit).where(Unit.site == scope.site, Unit.code == unit_code))
    if unit is None:
        raise DomainError("Không có đơn vị mang mã %(code)s.", field="unit_code", code=unit_code)
    in_being(unit, today(), "unit_code")
    if unit.id == db.session.scalar(select(Case.holder_unit_id).where(Case.id == case_id, Case.site == scope.site)):
        raise DomainError("Hồ sơ đang ở chính %(unit)s; hãy chọn đơn vị khác.", field="unit_code", unit=unit.name)
    data: dict[str, Any] = {"unit_id": unit.id}
    if due_day is not None:
        if missed(due_day, today()):
            raise DomainError("Hạn trả lời không được trước hôm nay.", field="due_day")
        data["due_at"] = site_calendar().end_of_day(due_day).isoformat()
    return service.record(scope, by, case_id, EventKind.CONSULTED, note=note, data=data, **kwargs)


@needs(Capability.HANDLE_CASES)
def answer_consultation(scope: Scope, by: Actor, case_id: int, *, number: int, note: str, **kwargs: Any) -> Case:
    """The opinion asked for by the event of that number (trả lời ý kiến phối hợp)."""
    _needed(note, N_("Hãy ghi ý kiến trả lời."))
    return service.record(scope, by, case_id, EventKind.CONSULT_ANSWERED, note=note, data={"number": number}, **kwargs)


@needs(Capability.HANDLE_CASES)
def sign(
    scope: Scope, by: Actor, case_id: int, *, signer: str, number: str, signed_on: date | None = None, **kwargs: Any
) -> Case:
    """The result is signed (ký kết quả): by whom, under which number, on which day (today unless given)."""
    signed_on = signed_on or today()
    if not tidy(signer):
        raise DomainError("Hãy ghi người ký.", field="signer")
    if signed_on > today():
        raise DomainError("Ngày ký không được ở tương lai.", field="signed_on")
    data = {"signer": tidy(signer), "number": tidy(number), "signed_on": signed_on.isoformat()}
    return service.record(scope, by, case_id, EventKind.SIGNED, data=data, **kwargs)


def proposed_answer_day(now: datetime | None = None) -> date:
    """The day by which another unit is asked to answer, unless somebody says otherwise."""
    calendar = site_calendar()
    return calendar.add_working_days(calendar.local_day(now or extensions.now()), ANSWER_IN)


def proposed_supplement_day() -> date:
    """The day until which an applicant may bring what is asked for, unless somebody says otherwise: after it a case
    has waited too long."""
    return today() + timedelta(days=current_app.config["SETTINGS"].paused_days)


def _needed(note: str, missing: str) -> None:
    if not tidy(note):
        raise DomainError(missing, field="note")


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
    scope: Scope,
    by: Actor,
    case_id: int,
    *,
    note: str,
    documents: Sequence[int | None] = (),
    until: date | None = None,
    **kwargs: Any,
) -> Case:
    """Ask the applicant for what is missing or wrong (yêu cầu bổ sung, hoàn thiện): the clock stops.

    `documents` are places on the case's checklist; the note gives the reasons; `until` is the last day for bringing
    it. DomainError at `documents` for a place that the checklist does not have, at `until` for a day that is over.
    """
    if not tidy(note):
        raise DomainError("Hãy ghi lý do, nội dung cần bổ sung.", field="note")
    if until is not None and missed(until, today()):
        raise DomainError("Hạn bổ sung không được trước hôm nay.", field="until")
    if db.session.scalar(select(Case.id).where(Case.id == case_id, Case.site == scope.site, on_desk_of(scope))) is None:
        raise NotFound("Không tìm thấy hồ sơ này.")
    data: dict[str, Any] = {"documents": _named(documents_to_ask(case_id), documents)} if documents else {}
    if until is not None:
        data["until"] = until.isoformat()
    return service.record(scope, by, case_id, EventKind.SUPPLEMENT_REQUESTED, note=note, data=data, **kwargs)


def asked_documents(data: Mapping[str, Any]) -> tuple[AskedDocument, ...]:
    """The documents that a request names, by what is kept with its event; none when it was put in words only."""
    return _documents(data.get("documents", ()))


def documents_come(data: Mapping[str, Any]) -> tuple[AskedDocument, ...]:
    """Of the documents that were asked for, those that came with a supplement."""
    return _documents(data.get("came", ()))


def _documents(kept: Iterable[Mapping[str, Any]]) -> tuple[AskedDocument, ...]:
    return tuple(
        AskedDocument(each["name"], CopyKind(each["kind"]) if each["kind"] else None, each["quantity"]) for each in kept
    )


def documents_awaited(events: Iterable[Event]) -> list[AskedDocument]:
    """What the applicant was asked for and has not brought, in the order in which it was asked for."""
    awaited: dict[str, AskedDocument] = {}
    for event in corrected(events):
        if event.kind is EventKind.SUPPLEMENT_REQUESTED:
            awaited |= {each.name: each for each in asked_documents(event.data)}
        elif event.kind is EventKind.SUPPLEMENTED:
            gone = documents_come(event.data) if "came" in event.data else tuple(awaited.values())
            for each in gone:
                awaited.pop(each.name, None)
    return list(awaited.values())


@needs(Capability.HANDLE_CASES)
def take_supplement(
    scope: Scope, by: Actor, case_id: int, *, came: Sequence[str] = (), note: str = "", **kwargs: Any
) -> Case:
    """The applicant supplemented the file (đã bổ sung hồ sơ): the clock runs again.

    `came` are names of documents that were asked for; each is counted among the papers of the case in the kind and
    number asked for. Where documents were asked for by name, somebody says which of them came, or why none did.
    """
    with transaction():
        case = service.case_for_change(scope, case_id, kwargs.get("revision"))
        awaited = {each.name: each for each in documents_awaited(service.events_of([case_id])[case_id])}
        if not awaited.keys() >= set(came):
            raise DomainError("Hãy chọn giấy tờ đã được yêu cầu bổ sung.", field="came")
        if awaited and not came and not tidy(note):
            raise DomainError(
                "Hãy đánh dấu giấy tờ đã nhận bổ sung; nếu không nhận giấy tờ nào, hãy ghi rõ ở ý kiến.", field="came"
            )
        chosen = [each for name, each in awaited.items() if name in came]
        data = {"came": [_kept(each) for each in chosen]} if awaited else {}
        _count_among_papers(case, chosen)
        return service.record(scope, by, case_id, EventKind.SUPPLEMENTED, note=note, data=data, **kwargs)


_COLUMN = {
    CopyKind.ORIGINAL: "originals",
    CopyKind.CERTIFIED: "certified",
    CopyKind.COPY: "copies",
    CopyKind.ELECTRONIC: "electronic",
}


def _count_among_papers(case: Case, came: Sequence[AskedDocument]) -> None:
    wanted = select(CaseDocument).where(CaseDocument.case_id == case.id).order_by(CaseDocument.position)
    papers = list(db.session.scalars(wanted))
    known = {paper.name: paper for paper in papers}
    last = papers[-1].position if papers else 0
    for n, each in enumerate((one for one in came if one.name not in known), last + 1):
        known[each.name] = CaseDocument(
            site=case.site, case_id=case.id, position=n, name=each.name, required=False,
            originals=0, certified=0, copies=0, electronic=0, note="",
        )  # fmt: skip
        db.session.add(known[each.name])
    for each in came:
        column = _COLUMN[each.kind or CopyKind.ORIGINAL]
        setattr(known[each.name], column, getattr(known[each.name], column) + each.quantity)
    db.session.flush()


def _kept(document: AskedDocument) -> dict[str, Any]:
    kind = document.kind.value if document.kind else None
    return {"name": document.name, "kind": kind, "quantity": document.quantity}


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
            came = {each.name for each in documents_come(event.data)}
            supplied |= came if "came" in event.data else asked
    return supplied
