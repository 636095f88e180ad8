"""Everything the page of one case shows, read in a fixed number of queries however long its life was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from app.cases import population
from app.cases.amendments import Formerly, formerly
from app.cases.balance import Balance
from app.cases.models import Case, CaseEvent, CasePause, CasePromise, CaseStage, Consultation, Payment
from app.cases.rows import terms_of
from app.cases.standing import CaseStanding, Promise, promise, standing_of
from app.cases.timeline import CorrectedEvent, Pause, StageStay, Terms, as_corrected, used_in_stage, whole
from app.cases.vocabulary import ENDED, EventKind, PromiseCause
from app.core.calendar import WorkingCalendar
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.models import Person, Unit
from app.procedures.models import ProcedureVersion
from app.web.due import due_after
from app.web.extensions import db


@dataclass(frozen=True, slots=True)
class EventSeen:
    """An event with the names a reader needs. `corrects` is the number of the event it puts right."""

    number: int
    kind: EventKind
    at: datetime
    recorded_at: datetime
    actor: str
    recorded_by: str
    unit_name: str
    note: str
    data: dict[str, Any]
    corrects: int | None


@dataclass(frozen=True, slots=True)
class StageLine:
    """A stage as the page shows it: a stay in it, or one still to come. Times in the procedure's unit."""

    position: int
    name: str
    unit: str
    officer: str
    allowance: Decimal | int
    state: str  # waiting, current, done
    started_at: datetime | None = None
    used: Decimal | None = None
    due_at: datetime | None = None
    late: bool = False
    early: bool = False  # done on a day before its last one

    @property
    def over(self) -> Decimal:
        """By how much the allowance was overrun."""
        return max((self.used or Decimal(0)) - self.allowance, Decimal(0))


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """A date promised for the case, or that the clock was stopped (`due_at` None): since when, why, by whom.

    `broken_on`: the site's day on which it was broken; None while it is not.
    """

    since: datetime
    due_at: datetime | None
    cause: PromiseCause
    who: str
    broken_on: date | None


@dataclass(frozen=True, slots=True)
class ConsultationQuestion:
    """A question put to another unit, by the event of that number; instants in UTC."""

    number: int
    unit_id: int
    unit: str
    asked_at: datetime
    due_at: datetime | None
    answered_at: datetime | None
    question: str
    answer: str
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case with its life. `case` has its version, stages and units loaded."""

    case: Case
    standing: CaseStanding
    promise: Promise
    events: Sequence[EventSeen]
    stages: Sequence[StageLine]
    payments: Sequence[Payment]
    questions: Sequence[ConsultationQuestion] = ()
    promises: Sequence[PromiseLine] = ()

    @property
    def signature(self) -> EventSeen | None:
        """The signature of the result as it stands; sent back to an earlier stage, a case is signed again."""
        found = None
        for each in self.corrected:
            if each.event.kind in (EventKind.SIGNED, EventKind.RETURNED) and not each.void:
                found = each.event if each.event.kind is EventKind.SIGNED else None
        return found

    @property
    def corrected(self) -> list[CorrectedEvent[EventSeen]]:
        """The events in the order in which they were recorded, each with what was put right of it."""
        return as_corrected(self.events)

    @property
    def balance(self) -> Balance:
        """What is owed for the case and what was paid."""
        return Balance.of(self.case.fee_due, self.payments)

    def may_answer(self, scope: Scope) -> list[ConsultationQuestion]:
        """The open questions that somebody with this scope may answer: those put to their unit, or all where they
        may change the case (an answer that came on paper)."""
        if self.case.ended_at is not None:
            return []
        all_of_them = self.may_change(scope)
        return [q for q in self.questions if q.answered_at is None and (all_of_them or scope.covers(q.unit_id))]

    @property
    def late_stages(self) -> list[StageLine]:
        """The stays that took longer than allowed: where the time was lost, and whose."""
        return [stage for stage in self.stages if stage.late]

    @property
    def formerly(self) -> Formerly:
        """What stood in the case's fields until somebody put them right."""
        return formerly(self.events)

    @property
    def annulment(self) -> EventSeen | None:
        """How the case was annulled; None while it stands."""
        if self.case.annulled_at is None:
            return None
        return next(each.event for each in reversed(self.corrected) if each.event.kind is EventKind.ANNULLED)

    @property
    def seen(self) -> int:
        """Number of the last event: what the reader has seen."""
        return self.events[-1].number if self.events else 0

    def since(self, number: int) -> list[EventSeen]:
        """The events recorded after the one of that number."""
        return [event for event in self.events if event.number > number]

    def event(self, number: int) -> EventSeen:
        """The event of that number. NotFound if there is none."""
        for event in self.events:
            if event.number == number:
                return event
        raise NotFound("Không tìm thấy sự kiện cần đính chính.")

    def may_change(self, scope: Scope) -> bool:
        """Whether somebody with this scope may record something, as the services decide it."""
        return bool(population.changeable_by(scope, self.case))


def case_view(scope: Scope, case_id: int, calendar: WorkingCalendar, now: datetime, locale: str = "vi") -> CaseView:
    """The case with its life, at an instant. NotFound outside the scope.

    A unit sees the cases it answers for, those it has, and those that were with it in some stage.
    """
    case = _case(scope, case_id)
    terms = terms_of(case.version)
    events, stays, pauses = _events(case), _stays(case), _pauses(case)
    payments = db.session.scalars(_PAYMENTS, {"case_id": case.id})
    return CaseView(
        case,
        standing_of(case, calendar, now),
        _promise(case, terms, events, pauses, calendar, locale),
        events,
        _stage_lines(case, terms, stays, pauses, calendar, now),
        payments.all(),
        _questions(case, now),
        _promises(case, events, calendar, now),
    )


# Every page of a case asks these: put together once.
_OF_CASE: BindParameter[int] = bindparam("case_id")
_holder, _wrong = aliased(Unit), aliased(CaseEvent)
_CASE = (
    select(Case)
    .join(Case.version)
    .join(_holder, Case.holder_unit)
    .options(
        contains_eager(Case.version).selectinload(ProcedureVersion.stages),
        contains_eager(Case.holder_unit.of_type(_holder)),
        joinedload(Case.unit),
    )
    .where(Case.id == _OF_CASE, Case.site == bindparam("site"))
    .execution_options(populate_existing=True)
)
_EVENTS = (
    select(
        *(CaseEvent.number, CaseEvent.kind, CaseEvent.at, CaseEvent.recorded_at, CaseEvent.actor),
        *(Person.full_name, Unit.name, CaseEvent.note, CaseEvent.data, _wrong.number),
    )
    .outerjoin(Person, Person.id == CaseEvent.recorded_by_id)
    .outerjoin(Unit, Unit.id == CaseEvent.unit_id)
    .outerjoin(_wrong, _wrong.id == CaseEvent.corrects_id)
    .where(CaseEvent.case_id == _OF_CASE)
    .order_by(CaseEvent.number)
)
_PAYMENTS = select(Payment).where(Payment.case_id == _OF_CASE).order_by(Payment.event_number)
_PROMISES = select(CasePromise).where(CasePromise.case_id == _OF_CASE).order_by(CasePromise.number)
_QUESTIONS = (
    select(
        *(Consultation.number, Consultation.unit_id, Unit.name, Consultation.asked_at, Consultation.due_at),
        *(Consultation.answered_at, Consultation.question, Consultation.answer),
    )
    .join(Unit, Unit.id == Consultation.unit_id)
    .where(Consultation.case_id == _OF_CASE)
    .order_by(Consultation.number)
)
_STAYS = (
    select(CaseStage, Unit.name)
    .join(Unit, Unit.id == CaseStage.unit_id)
    .where(CaseStage.case_id == _OF_CASE)
    .order_by(CaseStage.number)
    .execution_options(populate_existing=True)
)
_PAUSES = (
    select(CasePause.started_at, CasePause.ended_at, CasePause.reason)
    .where(CasePause.case_id == _OF_CASE)
    .order_by(CasePause.number)
)


def _case(scope: Scope, case_id: int) -> Case:
    case = db.session.scalar(_CASE.where(population.visible_to(scope)), {"case_id": case_id, "site": scope.site})
    if case is None:
        raise NotFound("Không tìm thấy hồ sơ này.")
    return case


def _events(case: Case) -> list[EventSeen]:
    return [
        EventSeen(number, kind, at, recorded_at, actor, who or "", unit or "", note, data, corrects)
        for number, kind, at, recorded_at, actor, who, unit, note, data, corrects in db.session.execute(
            _EVENTS, {"case_id": case.id}
        )
    ]


def _promises(case: Case, events: Sequence[EventSeen], calendar: WorkingCalendar, now: datetime) -> list[PromiseLine]:
    recorded_by = {event.number: event.recorded_by for event in events}
    return [
        PromiseLine(
            each.since,
            each.due_at,
            each.cause,
            each.actor or recorded_by.get(each.event_number, ""),
            population.became_overdue(each.late_after, calendar)
            if each.late_after is not None and population.broken(each, case, now)
            else None,
        )
        for each in db.session.scalars(_PROMISES, {"case_id": case.id})
    ]


def _questions(case: Case, now: datetime) -> list[ConsultationQuestion]:
    rows = db.session.execute(_QUESTIONS, {"case_id": case.id})
    return [ConsultationQuestion(*row, population.answer_overdue(row, now)) for row in rows]


def _stays(case: Case) -> list[tuple[CaseStage, str]]:
    return [(stay, unit) for stay, unit in db.session.execute(_STAYS, {"case_id": case.id})]


def _pauses(case: Case) -> list[Pause]:
    rows = db.session.execute(_PAUSES, {"case_id": case.id})
    return [Pause(started, ended, reason) for started, ended, reason in rows]


def _stage_lines(
    case: Case,
    terms: Terms,
    stays: Sequence[tuple[CaseStage, str]],
    pauses: Sequence[Pause],
    calendar: WorkingCalendar,
    now: datetime,
) -> list[StageLine]:
    lines = [_stay_line(terms, stay, unit, pauses, calendar, now) for stay, unit in stays]
    if case.status in ENDED:
        return lines
    reached = lines[-1].position if lines else 0  # sent back, it has the later stages before it again
    return lines + [
        StageLine(stage.position, stage.name, stage.unit.name, "", whole(stage.allowance), "waiting")
        for stage in case.version.stages
        if stage.position > reached
    ]


def _stay_line(
    terms: Terms, stay: CaseStage, unit: str, pauses: Sequence[Pause], calendar: WorkingCalendar, now: datetime
) -> StageLine:
    used, until = stay.used, stay.ended_at or now
    if stay.ended_at is None:
        mine = [p for p in pauses if p.started_at >= stay.started_at]
        open_stay = StageStay(
            stay.number, stay.position, stay.name, stay.unit_id, stay.officer, whole(stay.allowance), stay.started_at
        )
        used = used_in_stage(terms, calendar, open_stay, mine, until)
    return StageLine(
        stay.position,
        stay.name,
        unit,
        stay.officer,
        whole(stay.allowance),
        "done" if stay.ended_at else "current",
        stay.started_at,
        used,
        stay.due_at,
        late=population.late(stay, now),
        early=stay.due_at is not None
        and stay.ended_at is not None
        and due_after(calendar.local_day(stay.due_at), calendar.local_day(stay.ended_at)),
    )


def _promise(
    case: Case,
    terms: Terms,
    events: Sequence[EventSeen],
    pauses: Sequence[Pause],
    calendar: WorkingCalendar,
    locale: str,
) -> Promise:
    if any("promised_at" in event.data for event in events):
        return Promise(case.received_at, terms.amount, terms.unit, case.due_at, from_outside=True)
    spans = [(pause.started_at, pause.ended_at) for pause in pauses]
    return promise(
        calendar, case.received_at, terms.amount, terms.unit, pauses=spans, mode=terms.pause_mode, locale=locale
    )


class SectionPlace(StrEnum):
    """Where on the page."""

    ACTIONS = "actions"  # among the buttons at its head
    BELOW = "below"  # after the stages


@dataclass(frozen=True, slots=True)
class Section:
    """What a room shows: `load` gives what the fragment `template` draws."""

    load: Callable[[CaseView], Any]
    template: str
    place: SectionPlace = SectionPlace.BELOW


sections: dict[str, Section] = {}
"""By the name under which the fragment finds what was loaded; shown in the order in which the rooms were bound."""


def load_sections(view: CaseView) -> dict[str, Any]:
    """What each room has to show of this case, by the name it registered under."""
    return {name: section.load(view) for name, section in sections.items()}


def templates_at(place: str) -> list[str]:
    """The fragments that the page includes there."""
    return [section.template for section in sections.values() if section.place == place]
