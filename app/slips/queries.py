"""What slips and the register are filled from, read within the reader's scope in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, literal, select, tuple_

from app.cases.balance import Balance
from app.cases.case_page import CaseView
from app.cases.explanations.models import Apology
from app.cases.handling import asked_documents
from app.cases.models import Case, CaseDocument, CaseEvent, CaseStage, Consultation, Payment
from app.cases.population import fee_known, return_told, sets_told, visible_to
from app.cases.service import events_of
from app.cases.timeline import Event, corrected
from app.cases.vocabulary import EventKind
from app.core.calendar import WorkingCalendar
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Person, Unit
from app.procedures.models import CopyKind, Procedure, ProcedureDocument, ProcedureVersion
from app.slips.labels import FROM_2025, SlipKind
from app.slips.models import Slip
from app.slips.values import CaseOnPaper, Handed, House, Letter, MissingDocument, RegisterLine, Said, Stay
from app.slips.values import NamedPerson as Applicant
from app.web.due import kept
from app.web.extensions import db

READ_AT_ONCE = 1_000  # lines of the register


def house(site: str, department: str, place: str, calendar: WorkingCalendar) -> House:
    """The body that gives the slips."""
    desk = select(Unit.name).where(Unit.site == site, Unit.is_desk, Unit.valid_to.is_(None)).order_by(Unit.path)
    return House(department, db.session.scalar(desk.limit(1)) or "", place, calendar.hours.spans[-1][1])


def cases_on_paper(scope: Scope, case_ids: Sequence[int], zone: ZoneInfo) -> list[CaseOnPaper]:
    """Those cases, in that order. NotFound when one is outside the scope."""
    ids = list(dict.fromkeys(case_ids))
    rows: dict[int, Any] = {row[0].id: row for row in db.session.execute(_cases(scope, ids))}
    if len(rows) != len(ids):
        raise NotFound("Không tìm thấy hồ sơ này.")
    parts = _Parts(ids, zone)
    return [_case_on_paper(parts, *rows[case_id]) for case_id in ids]


def _cases(scope: Scope, ids: Collection[int]) -> Any:
    return (
        select(Case, Procedure.code, ProcedureVersion.name, ProcedureVersion.time_amount, ProcedureVersion.time_unit)
        .add_columns(ProcedureVersion.details_known, Unit.name)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .join(Unit, Unit.id == Case.unit_id)
        .where(Case.id.in_(ids), Case.site == scope.site, visible_to(scope))
    )


class _Parts:
    """What belongs to those cases, by case, with instants on the site's clock."""

    def __init__(self, ids: Collection[int], zone: ZoneInfo) -> None:
        self.zone = zone
        self.events = {case_id: corrected(events) for case_id, events in events_of(ids).items()}
        self.recorders = self._recorders(ids)
        self.handed: dict[int, list[Handed]] = defaultdict(list)
        self.missing: dict[int, list[MissingDocument]] = defaultdict(list)
        self._documents(ids)
        self.stays = self._stays(ids)
        self.letters = self._letters(ids)
        receipts = select(Slip).where(Slip.case_id.in_(ids), Slip.kind == SlipKind.RECEIPT)
        self.earlier_numbers = {each.case_id: each.text for each in db.session.scalars(receipts)}
        self.consulted: dict[int, list[str]] = defaultdict(list)
        asked = select(Consultation.case_id, Unit.name).join(Unit, Unit.id == Consultation.unit_id)
        for case_id, unit in db.session.execute(
            asked.where(Consultation.case_id.in_(ids)).order_by(Consultation.number)
        ):
            self.consulted[case_id].append(unit)
        self.payments: dict[int, list[Payment]] = defaultdict(list)
        for payment in db.session.scalars(select(Payment).where(Payment.case_id.in_(ids))):
            self.payments[payment.case_id].append(payment)

    def local(self, at: datetime) -> datetime:
        """On the site's clock."""
        return at.astimezone(self.zone)

    def local_or_none(self, at: datetime | None) -> datetime | None:
        """The same for what may not have happened."""
        return None if at is None else self.local(at)

    def told(self, due_at: datetime | None) -> datetime | None:
        """A promised time as people are told it."""
        return None if due_at is None else self.local(site_calendar().told_as(due_at))

    def amended_on(self, case_id: int) -> date | None:
        """The day on which what was written down at reception was last put right."""
        found = (self.local(event.at).date() for event in self.events[case_id] if event.kind is EventKind.AMENDED)
        return max(found, default=None)

    def said(self, case_id: int, kind: EventKind) -> tuple[Said, ...]:
        """Every standing event of a kind, in the order they happened."""
        return tuple(self._said(case_id, event) for event in self.events[case_id] if event.kind is kind)

    def _said(self, case_id: int, event: Event) -> Said:
        name, phone = self.recorders.get((case_id, event.number), ("", ""))
        asked = tuple(asked_for(each.name, each.kind, each.quantity) for each in asked_documents(event.data))
        until = date.fromisoformat(event.data["until"]) if event.data.get("until") else None
        return Said(self.local(event.at), event.note, event.actor or name, phone, event.number, asked, until)

    @staticmethod
    def _recorders(ids: Collection[int]) -> dict[tuple[int, int], tuple[str, str]]:
        kinds = (EventKind.RECEIVED, EventKind.SUPPLEMENT_REQUESTED, EventKind.REFUSED, EventKind.STOPPED)
        rows = (
            select(CaseEvent.case_id, CaseEvent.number, Person.full_name, Person.phone)
            .join(Person, Person.id == CaseEvent.recorded_by_id)
            .where(CaseEvent.case_id.in_(ids), CaseEvent.kind.in_(kinds))
        )
        return {(case_id, number): (name, phone) for case_id, number, name, phone in db.session.execute(rows)}

    def _documents(self, ids: Collection[int]) -> None:
        rows = (
            select(CaseDocument, ProcedureDocument.copy_kind, ProcedureDocument.quantity)
            .outerjoin(ProcedureDocument, ProcedureDocument.id == CaseDocument.procedure_document_id)
            .where(CaseDocument.case_id.in_(ids))
            .order_by(CaseDocument.case_id, CaseDocument.position)
        )
        for document, kind, quantity in db.session.execute(rows):
            counts = (document.originals, document.certified, document.copies, document.electronic)
            self.handed[document.case_id].append(
                Handed(document.name, *counts, required=document.required, note=document.note)
            )
            if document.required and not document.received:
                self.missing[document.case_id].append(asked_for(document.name, kind, quantity or 1))

    def _stays(self, ids: Collection[int]) -> dict[int, list[Stay]]:
        found: dict[int, list[Stay]] = defaultdict(list)
        rows = (
            select(CaseStage, Unit.name, Unit.is_desk)
            .join(Unit, Unit.id == CaseStage.unit_id)
            .where(CaseStage.case_id.in_(ids))
            .order_by(CaseStage.case_id, CaseStage.number)
        )
        for stay, unit, at_desk in db.session.execute(rows):
            times = (
                self.local(stay.started_at),
                self.local_or_none(stay.due_at),
                self.local_or_none(stay.ended_at),
            )
            found[stay.case_id].append(Stay(stay.name, unit, at_desk, stay.officer, stay.allowance, *times))
        return found

    def _letters(self, ids: Collection[int]) -> dict[int, list[Letter]]:
        found: dict[int, list[Letter]] = defaultdict(list)
        rows = select(Apology).where(Apology.case_id.in_(ids)).order_by(Apology.sent_at, Apology.id)
        for each in db.session.scalars(rows):
            found[each.case_id].append(
                Letter(
                    each.number,
                    self.local(each.sent_at),
                    each.reason,
                    each.signer,
                    each.wrong,
                    self.told(each.old_due_at),
                    self.told(each.new_due_at),
                    in_time=kept(each.old_due_at, each.sent_at),
                )
            )
        return found


def asked_for(name: str, kind: CopyKind | None, quantity: int) -> MissingDocument:
    """A missing document in the kind the procedure asks for; an electronic one may be an original on paper."""
    if kind is CopyKind.CERTIFIED:
        return MissingDocument(name, certified=quantity)
    if kind is CopyKind.COPY:
        return MissingDocument(name, copies=quantity)
    return MissingDocument(name, originals=quantity)


@dataclass(frozen=True, slots=True)
class DocumentAsked:
    """A document that a procedure asks for."""

    id: int
    name: str
    required: bool
    kind: CopyKind
    quantity: int


@dataclass(frozen=True, slots=True)
class ProcedureAsked:
    """A procedure version as a slip before any case names it."""

    code: str
    name: str
    unit: str
    documents: tuple[DocumentAsked, ...]


def procedure_asked(scope: Scope, version_id: int) -> ProcedureAsked | None:
    """The procedure version with the documents it asks for; None outside the scope."""
    found = db.session.execute(
        select(Procedure.code, ProcedureVersion.name, Unit.name)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .join(Unit, Unit.id == ProcedureVersion.unit_id)
        .where(ProcedureVersion.id == version_id, Procedure.site == scope.site, scope.within(Unit.id))
    ).first()
    if found is None:
        return None
    d = ProcedureDocument
    rows = select(d.id, d.name, d.required, d.copy_kind, d.quantity).where(d.version_id == version_id)
    documents = tuple(DocumentAsked(*row) for row in db.session.execute(rows.order_by(d.position)))
    return ProcedureAsked(*found, documents)


def _case_on_paper(
    parts: _Parts,
    case: Case,
    procedure_code: str,
    procedure: str,
    amount: Any,
    unit: Any,
    looked_at: bool,
    unit_name: str,
) -> CaseOnPaper:
    received = parts.said(case.id, EventKind.RECEIVED)[0]
    refused, stopped = (parts.said(case.id, kind) for kind in (EventKind.REFUSED, EventKind.STOPPED))
    return CaseOnPaper(
        id=case.id,
        code=case.code,
        person=Applicant(case.applicant, case.owner, case.id_number, case.phone, case.email, case.address),
        procedure_code=procedure_code,
        procedure=procedure,
        content=case.content,
        unit=unit_name,
        unit_ids=(case.unit_id, case.holder_unit_id),
        time_amount=amount,
        time_unit=unit,
        received_at=received.at,
        received_by=received.by,
        register_year=case.register_year,
        register_number=case.register_number,
        earlier_number=parts.earlier_numbers.get(case.id, ""),
        promised_at=parts.told(case.promised_at),
        due_at=parts.told(case.due_at),
        result_at=parts.local_or_none(case.result_at),
        sets=case.sets if sets_told(case) else None,
        return_method=case.return_method if return_told(case) else None,
        fee_due=case.fee_due if fee_known(case.fee_due, looked_at) else None,
        paid=Balance.of(case.fee_due, parts.payments[case.id]).kept,
        exemption=case.exemption,
        documents=tuple(parts.handed[case.id]),
        missing=tuple(parts.missing[case.id]),
        stays=tuple(parts.stays[case.id]),
        consulted=tuple(parts.consulted[case.id]),
        supplements=parts.said(case.id, EventKind.SUPPLEMENT_REQUESTED),
        refusal=refused[-1] if refused else None,
        stop=stopped[-1] if stopped else None,
        letters=tuple(parts.letters[case.id]),
        amended_on=parts.amended_on(case.id),
        annulled_on=None if case.annulled_at is None else parts.local(case.annulled_at).date(),
    )


# The register


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFilter:
    """Which cases stand in a register: received within these days, both included; of a unit, of a procedure."""

    since: date
    until: date
    unit_id: int | None = None
    procedure: str = ""  # code


def register_count(scope: Scope, chosen: RegisterFilter, calendar: WorkingCalendar, most: int) -> int:
    """How many cases it holds, counted as far as one more than `most`."""
    some = select(literal(1)).select_from(Case).where(*_in_register(scope, chosen, calendar)).limit(most + 1)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def register_lines(scope: Scope, chosen: RegisterFilter, calendar: WorkingCalendar) -> Iterator[RegisterLine]:
    """Its lines in their order, the first one first, read a thousand at a time."""
    wanted = _in_register(scope, chosen, calendar)
    after: tuple[int, int] | None = None
    receipt = and_(Slip.case_id == Case.id, Slip.site == Case.site, Slip.kind == SlipKind.RECEIPT)
    while True:
        query = (
            select(Case.register_year, Case.register_number, Case.received_at, Case.code, ProcedureVersion.name)
            .add_columns(Case.sets, Case.applicant)
            .add_columns(Case.address, Case.phone, Unit.name, Case.promised_at, Case.due_at, Case.delivered_at)
            .add_columns(Case.return_method, Case.status, Case.ended_at, Slip.number, Slip.sign)
            .add_columns(Case.import_id, Case.knows)
            .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
            .join(Unit, Unit.id == Case.unit_id)
            .outerjoin(Slip, receipt)
            .where(*wanted)
            .order_by(Case.register_year, Case.register_number)
            .limit(READ_AT_ONCE)
        )
        if after:
            query = query.where(tuple_(Case.register_year, Case.register_number) > tuple_(*map(literal, after)))
        rows = db.session.execute(query).all()
        amended = _amended(scope.site, [row.code for row in rows])
        for row in rows:
            at = amended.get(row.code)
            line = _register_line(row, calendar)
            yield replace(line, amended_on=calendar.local_day(at)) if at else line
        if len(rows) < READ_AT_ONCE:
            return
        after = (rows[-1].register_year, rows[-1].register_number)


def _amended(site: str, codes: Sequence[str]) -> dict[str, datetime]:
    """When what was written down of the cases of those codes at reception was last put right."""
    e = CaseEvent
    latest = select(Case.code, func.max(e.at)).join(e, e.case_id == Case.id)
    latest = latest.where(Case.site == site, Case.code.in_(codes), e.kind == EventKind.AMENDED)
    return dict(db.session.execute(latest.group_by(Case.code)).all())


def _register_line(row: Any, calendar: WorkingCalendar) -> RegisterLine:
    year, place, received, code, procedure, sets, applicant, address, phone, unit = row[:10]
    promised, due, delivered, method, status, ended, number, sign = row[10:18]

    def day(at: datetime | None) -> date | None:
        return None if at is None else calendar.local_day(at)

    return RegisterLine(
        code,
        procedure,
        sets if sets_told(row) else None,
        applicant,
        address,
        phone,
        unit,
        calendar.local_day(received),
        day(due or promised),
        day(promised),
        day(delivered),
        method if return_told(row) else None,
        status,
        day(ended),
        year,
        place,
        f"{number}/{sign}" if number else "",
    )


def _in_register(scope: Scope, chosen: RegisterFilter, calendar: WorkingCalendar) -> Iterable[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [
        Case.site == scope.site,
        scope.within(Case.unit_id),
        Case.received_at >= calendar.start_of_day(chosen.since),
        Case.received_at < calendar.start_of_day(chosen.until + timedelta(days=1)),
    ]
    if chosen.unit_id is not None:
        wanted.append(Case.unit_id == chosen.unit_id)
    if chosen.procedure:
        of_it = select(ProcedureVersion.id).join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        wanted.append(
            Case.version_id.in_(of_it.where(Procedure.site == scope.site, Procedure.code == chosen.procedure))
        )
    return wanted


def unit_named(scope: Scope, code: str) -> tuple[int, str] | None:
    """Id and name of the unit with that code, within the scope."""
    found = select(Unit.id, Unit.name).where(Unit.site == scope.site, Unit.code == code, scope.within(Unit.id))
    row = db.session.execute(found).first()
    return (row.id, row.name) if row else None


def procedures_received(scope: Scope) -> list[tuple[str, str]]:
    """The procedures that a register may be narrowed to: code and newest name, by code."""
    newest = select(ProcedureVersion.procedure_id, func.max(ProcedureVersion.number).label("number"))
    last = newest.group_by(ProcedureVersion.procedure_id).subquery()
    rows = (
        select(Procedure.code, ProcedureVersion.name)
        .join(last, last.c.procedure_id == Procedure.id)
        .join(
            ProcedureVersion,
            and_(ProcedureVersion.procedure_id == Procedure.id, ProcedureVersion.number == last.c.number),
        )
        .where(Procedure.site == scope.site, scope.within(ProcedureVersion.unit_id))
        .order_by(Procedure.code)
    )
    return [(code, name) for code, name in db.session.execute(rows)]


# Which slips make sense for a case as it stands: what its page offers to print.

_TELLS = {
    EventKind.SUPPLEMENT_REQUESTED: SlipKind.SUPPLEMENT,
    EventKind.REFUSED: SlipKind.REFUSAL,
    EventKind.APOLOGISED: SlipKind.APOLOGY,
    EventKind.STOPPED: SlipKind.STOP,
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A slip to print. `nth` tells which of several, from 1; None where there is one."""

    kind: SlipKind
    nth: int | None = None


def menu_of(view: CaseView) -> list[Offer]:
    """The slips of a case: its receipt and control slip always, the others for what has happened to it."""
    told: dict[SlipKind, int] = {}
    calendar = site_calendar()
    for each in view.corrected:
        slip = None if each.void else _TELLS.get(each.event.kind)
        if slip and not (slip is SlipKind.STOP and calendar.local_day(each.at) < FROM_2025):
            told[slip] = told.get(slip, 0) + 1
    offers = [Offer(SlipKind.RECEIPT)]
    for slip in _TELLS.values():
        count = told.get(slip, 0)
        offers += [Offer(slip)] if count == 1 else [Offer(slip, nth) for nth in range(1, count + 1)]
    return [*offers, Offer(SlipKind.CONTROL)]
