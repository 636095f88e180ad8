"""What the cases register with the rooms below: what passes when a unit is succeeded, what another working calendar
does to the deadlines of open cases, and what is still to come of a running period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, func, or_, select, true, union_all
from sqlalchemy.engine import Connection

from app.cases import chain, population, service
from app.cases.models import Case, CaseStage, Consultation
from app.cases.population import ACCOUNTABLE, HELD, STAY
from app.cases.rows import case_row, terms_of, versions_by_id
from app.cases.service import Stored, events_of, replace_derived, stored_derived
from app.cases.timeline import CaseState, Event, project
from app.cases.vocabulary import EventKind
from app.core.facts import FactQuery, StillToCome, register_to_come
from app.organisation import audit
from app.organisation.access import Actor, Scope, whole_site
from app.organisation.calendars import (
    CalendarChange,
    MovedDeadline,
    on_calendar_changed,
    on_calendar_considered,
    site_calendar,
)
from app.organisation.lineage import ONE_DAY, lineage
from app.organisation.models import PassedRecord, Unit
from app.organisation.permissions import Capability, needs
from app.organisation.succession import Decision, Part, Passing, register_part
from app.procedures.models import Procedure, ProcedureVersion
from app.web import extensions
from app.web.extensions import db

# What of the cases passes when a unit is succeeded: every open one that it answers for, has, or was asked about.
#
# Each of them says so by an event of its own, at the instant from which it is the successor's; what its unit was
# until then is remembered for past periods.

BATCH = 500  # cases folded at once


def _of_unit(unit_id: int) -> ColumnElement[bool]:
    """SQL: the unit answers for the case, has it, or was asked about it and has not answered."""
    asked = select(Consultation.case_id).where(Consultation.unit_id == unit_id, Consultation.answered_at.is_(None))
    return or_(Case.unit_id == unit_id, Case.holder_unit_id == unit_id, Case.id.in_(asked))


def _foreseen(decided: Decision) -> Iterator[Passing]:
    chosen = (
        select(Case.id, Case.code, Case.applicant, Case.unit_id, Case.holder_unit_id, Procedure.code)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(Case.site == decided.unit.site, Case.ended_at.is_(None), _of_unit(decided.unit.id))
        .order_by(Case.id)
    )
    unit_id = decided.unit.id
    for case_id, code, applicant, accountable, holder, procedure in db.session.execute(chosen).all():
        part = _l("đang giữ, đơn vị khác chịu trách nhiệm") if holder == unit_id else _l("được lấy ý kiến")
        note = "" if accountable == unit_id else str(part)
        yield Passing(ACCOUNTABLE, case_id, f"{code} – {applicant}", decided.heir(procedure), note, procedure)


def _pass_on(by: Actor, decided: Decision, passings: Sequence[Passing]) -> None:
    for start in range(0, len(passings), BATCH):
        ids = {each.record_id: each.to for each in passings[start : start + BATCH]}
        events, stored = events_of(ids), stored_derived(ids)
        cases = list(db.session.scalars(select(Case).where(Case.id.in_(ids)).order_by(Case.id)))
        versions = versions_by_id(case.version_id for case in cases)
        for case in cases:
            heir = ids[case.id]
            assert heir is not None
            step = decided.last_day, decided.unit.id, heir.id
            _record(by, case, versions[case.version_id], events[case.id], stored[case.id], step, decided.decision)


def _record(
    by: Actor,
    case: Case,
    version: ProcedureVersion,
    events: list[Event],
    stored: service.Stored,
    step: tuple[date, int, int],
    decision: str,
) -> None:
    """The case passes, in the current transaction. `step`: the unit's last day, the unit, its successor."""
    last_day, gone, heir = step
    at, site = site_calendar().start_of_day(last_day + ONE_DAY), case.site
    accountable = case.unit_id == gone
    data = {"unit_id": gone, "to_unit_id": heir, "accountable": accountable}
    event = Event(len(events) + 1, EventKind.UNIT_SUCCEEDED, at, by.name, decision, data)
    terms = terms_of(version)
    before = project(terms, events, site_calendar())
    state = project(terms, [*events, event], site_calendar())
    written = chain.add_event(case, event, extensions.now(), by)
    replace_derived(case, state, stored)
    told = {"number": event.number, "event_hash": written.hash}
    audit.record(by, f"record_{event.kind}", "case", case.code, at=at, reason=decision, **told)
    passed = {"site": site, "record_id": case.id, "unit_id": gone, "successor_id": heir, "until_at": at}
    if accountable and state.unit_id == heir:
        db.session.add(PassedRecord(kind=ACCOUNTABLE, **passed))
    if before.holder_unit_id == gone and state.holder_unit_id == heir:
        db.session.add(PassedRecord(kind=HELD, **passed))
    if _stay_unit(before) == gone and _stay_unit(state) == heir:
        db.session.add(PassedRecord(kind=STAY, **passed))
    db.session.flush()


def _stay_unit(state: CaseState) -> int | None:
    return state.stay.unit_id if state.stay else None


@needs(Capability.RECEIVE_CASES)
def follow(by: Actor, case: Case) -> None:
    """A case recorded after the end of its unit was: it passes as those did that were open then."""
    known = lineage(case.site)
    if case.unit_id not in known.heirs:
        return
    version = versions_by_id([case.version_id])[case.version_id]
    day = site_calendar().local_day(case.received_at)
    for step in known.steps(case.unit_id, day, version.procedure.code):
        decision = str(db.session.scalar(select(Unit.succession_note).where(Unit.id == step[1])))
        events = events_of([case.id])[case.id]
        _record(by, case, version, events, stored_derived([case.id])[case.id], step, decision)


def _later_work(decided: Decision) -> str | None:
    """A case that the unit took in, resolved or ended after its last day, or had come to it in a stage."""
    unit_id, since = decided.unit.id, decided.effective
    mine = and_(Case.site == decided.unit.site, Case.unit_id == unit_id)
    for column in (Case.received_at, Case.result_at, Case.ended_at):
        if code := db.session.scalar(select(Case.code).where(mine, column >= since).order_by(Case.id).limit(1)):
            return code
    stays = (
        select(Case.code)
        .join(CaseStage, CaseStage.case_id == Case.id)
        .where(CaseStage.site == decided.unit.site, CaseStage.unit_id == unit_id)
        .where(or_(CaseStage.started_at >= since, CaseStage.ended_at >= since))
    )
    return db.session.scalar(stays.order_by(Case.id).limit(1))


register_part(Part(ACCOUNTABLE, _l("Hồ sơ đang giải quyết"), _foreseen, _pass_on, _later_work))
service.on_received.append(follow)


# What another working calendar does to the deadlines of open cases: foreseen before the change, written with it.


def moved_deadlines(change: CalendarChange) -> list[MovedDeadline]:
    """The open cases whose deadline would move, the earliest deadline first.

    A deadline that lies before the first day of the change stays where it is, so only later ones are folded again.
    """
    first = min(change.before.start_of_day(min(change.days)), change.after.start_of_day(min(change.days)))
    open_cases = select(Case.id).where(
        Case.site == whole_site().site, Case.ended_at.is_(None), population.may_move(Case, first)
    )
    ids = list(db.session.scalars(open_cases))
    moved = [each for start in range(0, len(ids), BATCH) for each in _moved(ids[start : start + BATCH], change)]
    return sorted(moved, key=lambda each: (each.before, each.code))


def _moved(ids: list[int], change: CalendarChange) -> list[MovedDeadline]:
    events = events_of(ids)
    cases = db.session.execute(
        select(Case.id, Case.code, Case.applicant, Case.version_id, Case.due_at, Unit.name)
        .join(Unit, Unit.id == Case.holder_unit_id)
        .where(Case.id.in_(ids))
    ).all()
    versions = versions_by_id(version_id for _id, _code, _who, version_id, _due, _unit in cases)
    moved = []
    for case_id, code, who, version_id, before, unit in cases:
        after = project(terms_of(versions[version_id]), events[case_id], change.after).due_at
        if before is not None and after is not None and before != after:
            moved.append(MovedDeadline(code, who, unit, before, after))
    return moved


@needs(Capability.KEEP_CALENDAR)
def rederive_open(scope: Scope, by: Actor) -> int:
    """Fold every open case again, after the calendar changed. Returns how many due dates moved.

    Within the transaction of the change; the audit entries say which case's due date moved from when to when.
    """
    moved = 0
    open_ids = list(db.session.scalars(select(Case.id).where(Case.site == scope.site, Case.ended_at.is_(None))))
    for start in range(0, len(open_ids), BATCH):
        changed = _rederive(open_ids[start : start + BATCH])
        if changed:
            audit.record(by, "rederive_open", "case", "", changed=changed)
        moved += len(changed)
    return moved


def _rederive(case_ids: list[int]) -> dict[str, tuple[datetime | None, datetime | None]]:
    """Fold those cases again and write what came out otherwise. Due dates that moved: code -> before, after."""
    # Cases before their events: whatever is recorded from here on raises their revision, and is not overwritten.
    cases = list(db.session.scalars(select(Case).where(Case.id.in_(case_ids))))
    calendar, events, stored = site_calendar(), events_of(case_ids), stored_derived(case_ids)
    versions = versions_by_id(case.version_id for case in cases)
    moved = {}
    for case in cases:
        state, before = project(terms_of(versions[case.version_id]), events[case.id], calendar), case.due_at
        if _stands(case, state, stored[case.id]):
            continue
        replace_derived(case, state, stored[case.id])
        if case.due_at != before:
            moved[case.code] = (before, case.due_at)
    db.session.flush()
    return moved


def _stands(case: Case, state: CaseState, stored: Stored) -> bool:
    """Whether the case, its stays and its promises are written as the fold now gives them."""
    stays = {number: (stay["due_at"], stay["used"]) for number, stay in stored["case_stages"].items()}
    promises = {number: (made["due_at"], made["late_after"]) for number, made in stored["case_promises"].items()}
    return (
        stays == {stay.number: (stay.due_at, stay.used) for stay in state.stays}
        and promises == {made.number: (made.due_at, made.late_after) for made in state.promises}
        and all(getattr(case, name) == value for name, value in case_row(state).items())
    )


def _follow_calendar(change: CalendarChange) -> None:
    rederive_open(whole_site(), change.by)


on_calendar_considered.append(moved_deadlines)
on_calendar_changed.append(_follow_calendar)


# What is still to come of a running period: the cases and stays whose last day falls in what is left of it.
#
# Each will be counted by its end, well if it ends in time and badly if not. Cases received from now on, and those
# whose clock is stopped, are not among them.


def _coming(
    table: type[Case] | type[CaseStage], connection: Connection, query: FactQuery, *also: ColumnElement[bool]
) -> Mapping[int, int]:
    is_open, ended_since = population.open_then(table, query.as_of)
    later = select(table.unit_id).where(
        table.site == query.site, population.due_later(table, query.as_of, query.end), *also
    )
    # Told from which unit, the index of what ended is gone through unit by unit.
    units = select(Unit.id).where(Unit.site == query.site)
    both = union_all(later.where(is_open), later.where(ended_since, table.unit_id.in_(units))).subquery()
    counted = select(both.c.unit_id, func.count()).group_by(both.c.unit_id)
    return dict(connection.execute(counted).all())


def _cases(connection: Connection, query: FactQuery) -> Mapping[int, int]:
    return _coming(Case, connection, query, population.stands(Case))


def _with_result(connection: Connection, query: FactQuery) -> Mapping[int, int]:
    return _coming(Case, connection, query, population.stands(Case), population.done(Case.result_at, query.as_of))


def _stays(connection: Connection, query: FactQuery) -> Mapping[int, int]:
    return _coming(CaseStage, connection, query, true())


def register() -> None:
    """Tell early warnings of them."""
    register_to_come("timeliness.on_time", StillToCome(_cases))
    register_to_come("closing.closed_in_time", StillToCome(_with_result))
    register_to_come("stage_use.within", StillToCome(_stays))
    for field in ("digitisation.files_digitised", "digitisation.results_digitised", "result_attached.attached"):
        register_to_come(field, StillToCome(mendable=True))


register()
