"""Slips made ready to be drawn: the right form for each case, with its number; the lists of what was handed over; and
slips for somebody whose file was not taken in, filled from what was typed into the intake form.

A receipt bears the number that its case was given in the register at reception. The other slips' is given when
somebody who may act on the case first draws the slip, and stays with it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from app.cases.bulk.models import BulkAction, BulkCase, BulkCaseState
from app.cases.intake.contents import COUNTS
from app.cases.intake.refusals import refusal
from app.cases.models import Case, CaseDocument, CaseEvent, CaseStage
from app.cases.numbering import lock_counter, raise_counter
from app.cases.vocabulary import EventKind, ReturnMethod
from app.core.calendar import TimeUnit, WorkingCalendar
from app.core.errors import DomainError, NotFound
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.procedures.models import ProcedureVersion
from app.slips import content, queries
from app.slips.content.internal import HandedOver, hand_over_list
from app.slips.document import PrintedSlip
from app.slips.labels import SlipKind, circular_on, short_day
from app.slips.models import Slip
from app.slips.queries import DocumentAsked, ProcedureAsked, RegisterFilter, asked_for
from app.slips.values import CaseOnPaper, House, Letter, MissingDocument, NamedPerson, Said
from app.web import extensions
from app.web.extensions import db
from app.web.forms import number_in

# Slips made ready to be drawn: the right form for each case, with its number; and the lists of what was handed over.
#
# A receipt bears the number that its case was given in the register at reception. The other slips' is given when
# somebody who may act on the case first draws the slip, and stays with it.

MOST_AT_ONCE = 200  # slips printed together
MOST_LINES = 5_000  # lines of a register on paper
MOST_ROWS = 200_000  # lines of a register as a spreadsheet
SIGNS = {SlipKind.SUPPLEMENT: "HDHS", SlipKind.STOP: "TB"}


@dataclass(frozen=True, slots=True)
class Press:
    """What every slip is printed with: the body, its clock, and from a case's code what the QR code says and the line
    that tells how to look it up ("" where nobody can)."""

    house: House
    zone: ZoneInfo
    address: Callable[[str], str]
    lookup: Callable[[str], str]


class NothingToPrint(NotFound):
    """The case has no such slip: nothing of the kind has happened to it."""


@dataclass(frozen=True, slots=True)
class Sheaf:
    """Slips to be drawn, and the cases left out of them: code and why."""

    documents: Sequence[PrintedSlip]
    left_out: Sequence[tuple[str, DomainError]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One slip: what it tells, and under which source its number is kept ("" for a slip without one)."""

    case: CaseOnPaper
    told: Said | Letter | None
    source: str
    year: int


@needs(Capability.HANDLE_CASES)
def slips(
    scope: Scope,
    by: Actor | None,
    case_ids: Sequence[int],
    kind: SlipKind,
    press: Press,
    nth: int | None = None,
) -> Sheaf:
    """The slips of a kind for those cases. `nth` tells which supplement or letter, from 1; else the last one.

    `by` None gives no new numbers. NotFound outside the scope.
    """
    if not case_ids:
        raise DomainError("Hãy chọn ít nhất một hồ sơ.", field="cases")
    if len(set(case_ids)) > MOST_AT_ONCE:
        raise DomainError("Mỗi lần in nhiều nhất %(most)s phiếu.", field="cases", most=MOST_AT_ONCE)
    wanted, left_out = [], []
    for case in queries.cases_on_paper(scope, case_ids, press.zone):
        try:
            wanted.append(_wanted(case, kind, nth))
        except DomainError as error:
            left_out.append((case.code, error))
    numbers = _numbers(scope, by, kind, wanted)
    documents = [_document(each, kind, press, numbers.get(each.source, "")) for each in wanted]
    return Sheaf(documents, left_out)


@needs(Capability.HANDLE_CASES)
def slip(
    scope: Scope, by: Actor | None, case_id: int, kind: SlipKind, press: Press, nth: int | None = None
) -> PrintedSlip:
    """One slip. NothingToPrint when the case has none of the kind."""
    sheaf = slips(scope, by, [case_id], kind, press, nth)
    if sheaf.left_out:
        raise sheaf.left_out[0][1]
    return sheaf.documents[0]


def _wanted(case: CaseOnPaper, kind: SlipKind, nth: int | None) -> _Wanted:
    if kind in (SlipKind.RECEIPT, SlipKind.CONTROL):
        return _Wanted(case, None, "", case.received_on.year)
    told = _slip_content(case, kind, nth)
    if kind is SlipKind.STOP:
        circular_on(told.at.date()).number(kind)  # NoSuchForm before 2025
    number = told.number if isinstance(told, Said) else 0
    return _Wanted(case, told, f"case:{case.id}:{number}", told.at.year)


def _slip_content(case: CaseOnPaper, kind: SlipKind, nth: int | None) -> Said | Letter:
    every: dict[SlipKind, Sequence[Said | Letter]] = {
        SlipKind.SUPPLEMENT: case.supplements,
        SlipKind.REFUSAL: [case.refusal] if case.refusal else [],
        SlipKind.APOLOGY: case.letters,
        SlipKind.STOP: [case.stop] if case.stop else [],
    }
    found = every.get(kind, [])
    position = len(found) if nth is None else nth
    if not 1 <= position <= len(found):
        raise NothingToPrint("Hồ sơ không có phiếu này để in.")
    return found[position - 1]


def _document(each: _Wanted, kind: SlipKind, press: Press, number: str) -> PrintedSlip:
    """The slip, marked where the one printed before says something else."""
    printed, case = _drawn(each, kind, press, number), each.case
    marks = []
    if case.amended_on:
        marks.append(f"(Thông tin đã sửa ngày {short_day(case.amended_on)}, thay cho bản in trước ngày này)")
    if case.annulled_on:
        marks.append(f"(HỒ SƠ ĐÃ HỦY ngày {short_day(case.annulled_on)})")
    return replace(printed, under_title=(*printed.under_title, *marks)) if marks else printed


def _drawn(each: _Wanted, kind: SlipKind, press: Press, number: str) -> PrintedSlip:
    case, house, qr = each.case, press.house, press.address(each.case.code)
    match kind, each.told:
        case SlipKind.RECEIPT, _:
            return content.receipt(case, house, qr, press.lookup(case.code))
        case SlipKind.SUPPLEMENT, Said() as asked:
            return content.supplement(case, asked, house, qr, number)
        case SlipKind.REFUSAL, Said() as refused:
            return content.refusal(case, refused, house, qr)
        case SlipKind.APOLOGY, Letter() as letter:
            return content.apology(case, letter, house, qr)
        case SlipKind.STOP, Said() as stopped:
            return content.stop_notice(case, stopped, house, qr, number)
        case _:
            return content.control(case, house, qr)


# Numbers


def _numbers(scope: Scope, by: Actor | None, kind: SlipKind, wanted: Sequence[_Wanted]) -> dict[str, str]:
    """The number of each source that has one or gets one now."""
    if kind not in SIGNS or not wanted:
        return {}
    found = given_numbers(scope.site, kind, [each.source for each in wanted])
    new = [each for each in wanted if each.source not in found and by and scope.covers(*each.case.unit_ids)]
    if new and by:
        with transaction():
            found |= give_numbers(scope.site, by, kind, [(each.source, each.case.id, each.year) for each in new])
    return found


@needs(Capability.HANDLE_CASES)
def give_numbers(
    site: str, by: Actor, kind: SlipKind, sources: Sequence[tuple[str, int | None, int]]
) -> dict[str, str]:
    """Numbers for slips that have none: (source, case id, year) each. Within a transaction of the caller's.

    The counter is locked before it is looked whether somebody else has just given one: no number is lost or doubled.
    """
    sign = SIGNS[kind]
    given: dict[str, str] = {}
    for year in sorted({year for _source, _case_id, year in sources}):
        of_year = {source: case_id for source, case_id, of in sources if of == year}
        counter = (site, f"phieu/{sign}", date(year, 1, 1))
        last = lock_counter(*counter)
        known = given_numbers(site, kind, of_year)
        new = {source: case_id for source, case_id in of_year.items() if source not in known}
        for number, (source, case_id) in enumerate(new.items(), last + 1):
            slip = Slip(
                site=site,
                kind=kind,
                source=source,
                case_id=case_id,
                sign=sign,
                year=year,
                number=number,
                given_at=extensions.now(),
                person_id=by.person_id,
            )
            db.session.add(slip)
            known[source] = slip.text
        raise_counter(*counter, by=len(new))
        given |= known
    audit.record(by, "number_slips", "slip", kind.value, numbers=sorted(given.values()))
    return given


def given_numbers(site: str, kind: SlipKind, sources: Collection[str]) -> dict[str, str]:
    """The number of each of these sources that has one."""
    rows = select(Slip).where(Slip.site == site, Slip.kind == kind, Slip.source.in_(sources))
    return {each.source: each.text for each in db.session.scalars(rows)}


# The register


def check_register(scope: Scope, chosen: RegisterFilter, calendar: WorkingCalendar, most: int = MOST_LINES) -> int:
    """How many lines the register has. DomainError for a span that cannot be, or with more lines than fit."""
    if chosen.since > chosen.until:
        raise DomainError("Ngày đầu phải trước hoặc bằng ngày cuối.", field="since")
    count = queries.register_count(scope, chosen, calendar, most)
    if count > most:
        raise DomainError(
            "Khoảng này có hơn %(most)s hồ sơ; hãy chọn khoảng ngày ngắn hơn, một đơn vị hoặc một thủ tục.",
            field="until",
            most=most,
        )
    return count


def register(
    scope: Scope,
    chosen: RegisterFilter,
    calendar: WorkingCalendar,
    house: House,
    narrowed: tuple[str, ...] = (),
) -> PrintedSlip:
    """The register as a paper; its lines are read as they are drawn."""
    lines = queries.register_lines(scope, chosen, calendar)
    return content.register(lines, house, chosen.since, chosen.until, narrowed)


# The lists with which many cases are handed over at once: one for each unit that received some.

HANDED = (BulkCaseState.DONE, BulkCaseState.KEPT)


def hand_over_lists(action: BulkAction, giver: str, giving: str, press: Press) -> list[PrintedSlip]:
    """The papers of an action that handed cases over; what was taken back is on none. NothingToPrint without any."""
    d = CaseDocument
    handed_in = func.sum(d.originals + d.certified + d.copies + d.electronic)
    papers = select(handed_in).where(d.case_id == Case.id).correlate(Case).scalar_subquery()
    entered = (
        select(CaseStage.unit_id)
        .where(CaseStage.case_id == CaseEvent.case_id, CaseStage.started_at == CaseEvent.at)
        .order_by(CaseStage.number.desc())
        .limit(1)
        .correlate(CaseEvent)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Case.code, Case.applicant, ProcedureVersion.name, papers, Case.due_at, Unit.name)
        .select_from(BulkCase)
        .join(Case, Case.id == BulkCase.case_id)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(CaseEvent, (CaseEvent.case_id == Case.id) & (CaseEvent.number == BulkCase.event_number))
        .join(Unit, Unit.id == func.coalesce(entered, Case.holder_unit_id))
        .where(BulkCase.action_id == action.id, BulkCase.state.in_(HANDED), Case.site == action.site)
        .order_by(Unit.name, BulkCase.position)
    )
    lists: dict[str, list[HandedOver]] = defaultdict(list)
    calendar = site_calendar()
    for code, applicant, procedure, count, due_at, unit in rows:
        day = None if due_at is None else calendar.local_day(due_at)
        lists[unit].append(HandedOver(code, applicant, procedure, int(count or 0), day))
    if action.kind != EventKind.HANDED_OVER or not lists:
        raise NothingToPrint("Lần làm này không bàn giao hồ sơ nào.")
    at = action.done_at.astimezone(press.zone)
    return [
        hand_over_list(lines, press.house, at=at, giver=giver, giving=giving, receiving=receiving, note=action.note)
        for receiving, lines in lists.items()
    ]


# A slip for somebody whose file was not taken in: filled from what the clerk has typed into the intake form, or from
# the register of refusals.
#
# The number belongs to the draft (source "draft:PERSON:TOKEN"): printed again, also amended, it is the same slip.

KINDS = (SlipKind.SUPPLEMENT,)
_ROW = re.compile(r"documents-(\d{1,3})-(\w+)")

Typed = MultiDict[str, str]


@needs(Capability.RECEIVE_CASES)
def slip_of_draft(
    scope: Scope,
    by: Actor,
    typed: Typed,
    token: str,
    kind: SlipKind,
    press: Press,
    phone: str = "",
    *,
    numbered: bool = False,
) -> PrintedSlip:
    """The request for a supplement of a file that is only typed. `phone` is the clerk's own.

    `numbered` gives the request its number, when it has none yet.
    """
    now = extensions.now().astimezone(press.zone)
    version_id = number_in(typed.get("version_id"))
    procedure = None if version_id is None else queries.procedure_asked(scope, version_id)
    case = _case(typed, procedure, now)
    told = Said(now, typed.get("note", ""), by.name, phone)
    if kind is not SlipKind.SUPPLEMENT:
        raise NothingToPrint("Hồ sơ chưa tiếp nhận không có phiếu này để in.")
    source = f"draft:{by.person_id}:{token}"
    numbers = given_numbers(scope.site, kind, [source])
    if numbered and not numbers:
        with transaction():
            numbers = give_numbers(scope.site, by, kind, [(source, None, now.year)])
    return content.supplement(case, told, press.house, "", numbers.get(source, ""))


def slip_of_refusal(scope: Scope, refusal_id: int, press: Press) -> PrintedSlip:
    """The slip of a file refused at the counter, as the register has it. NotFound outside the scope."""
    made, code, name = refusal(scope, refusal_id)
    at = made.refused_at.astimezone(press.zone)
    names = ("content", "owner", "applicant", "id_number", "phone", "email", "address")
    typed: Typed = MultiDict({each: getattr(made, each) for each in names})
    case = _case(typed, ProcedureAsked(code, name, "", ()), at)
    told = Said(at, made.reason, made.officer, made.phone_of_officer)
    drawn = content.refusal(case, told, press.house, "")
    return replace(drawn, under_title=(*drawn.under_title, f"(Số {made.shown_number} trong sổ từ chối tiếp nhận)"))


def missing_of(typed: Typed, documents: tuple[DocumentAsked, ...]) -> tuple[MissingDocument, ...]:
    """The required documents of which the checklist counts none, in the kind and number asked for."""
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for name, value in typed.items():
        if found := _ROW.fullmatch(name):
            rows[found[1]][found[2]] = value.strip()
    handed = {
        row.get("document_id", "")
        for row in rows.values()
        if any(row.get(count, "").strip("0").isdecimal() for count in COUNTS)
    }
    return tuple(
        asked_for(each.name, each.kind, each.quantity)
        for each in documents
        if each.required and str(each.id) not in handed
    )


def _case(typed: Typed, procedure: ProcedureAsked | None, now: datetime) -> CaseOnPaper:
    """What there is of a case before it is one: nothing is promised, no code is given."""
    words = {name: " ".join(typed.get(name, "").split()) for name in ("content", "owner", "applicant")}
    details = {name: " ".join(typed.get(name, "").split()) for name in ("id_number", "phone", "email", "address")}
    return CaseOnPaper(
        id=0,
        code="",
        person=NamedPerson(words["applicant"], words["owner"], **details),
        procedure_code=procedure.code if procedure else "",
        procedure=procedure.name if procedure else "",
        content=words["content"],
        unit=procedure.unit if procedure else "",
        unit_ids=(),
        time_amount=Decimal(0),
        time_unit=TimeUnit.WORKING_DAYS,
        received_at=now,
        received_by="",
        register_year=None,
        register_number=None,
        earlier_number="",
        promised_at=None,
        due_at=None,
        result_at=None,
        sets=1,
        return_method=ReturnMethod.IN_PERSON,
        fee_due=0,
        paid=0,
        exemption="",
        documents=(),
        missing=missing_of(typed, procedure.documents) if procedure else (),
        stays=(),
        consulted=(),
        supplements=(),
        refusal=None,
        stop=None,
        letters=(),
    )
