"""What of the cases passes when a unit is succeeded: every open one that it answers for, has, or was asked about.

Each of them says so by an event of its own, at the instant from which it is the successor's; what its unit was until
then is remembered for past periods.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_, select

from app.cases import chain, service
from app.cases.models import Case, CaseStage, Consultation
from app.cases.population import ACCOUNTABLE, HELD, STAY
from app.cases.rows import terms_of, versions_by_id
from app.cases.service import events_of, replace_derived, stored_derived
from app.cases.timeline import CaseState, Event, project
from app.cases.vocabulary import EventKind
from app.organisation import audit
from app.organisation.access import Actor
from app.organisation.calendars import site_calendar
from app.organisation.lineage import ONE_DAY, lineage
from app.organisation.models import PassedRecord, Unit
from app.organisation.permissions import Capability, needs
from app.organisation.succession import Decision, Part, Passing, register_part
from app.procedures.models import Procedure, ProcedureVersion
from app.web import extensions
from app.web.extensions import db

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
