"""One action on many cases: what it would do to each, doing it, and taking it back once.

Each case is a transaction of its own, and what was done to it is noted in that same transaction: whatever happens on
the way, the record of the action names exactly the cases that it changed, and undoing it puts back exactly those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app import extensions
from app.cases import service
from app.cases.models import Case
from app.cases.search import seen_by
from app.cases.terms import terms_of, versions_by_id
from app.cases.timeline import CaseState, Event, Terms, project
from app.cases.vocabulary import EventKind
from app.desk.models import BulkAction
from app.errors import DomainError, NotFound
from app.extensions import db
from app.formats import sentence
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.procedures.models import ProcedureVersion
from app.text import tidy

MOST = 200  # cases at once
KINDS = (EventKind.HANDED_OVER, EventKind.CLOSED, EventKind.DELIVERED)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What the action would do to one case; `refusal` says why it would not."""

    case_id: int
    code: str
    applicant: str
    procedure: str
    revision: int
    before: str  # where it stands: the stage it is in, or the unit that has it
    after: str = ""
    refusal: DomainError | None = None


def prospects(
    scope: Scope, by: Actor, kind: EventKind, case_ids: Sequence[int], data: dict[str, Any]
) -> list[Prospect]:
    """What would happen to each of those cases, in the order given. Writes nothing; cases out of scope are unknown."""
    ids = list(dict.fromkeys(case_ids))
    if not ids:
        raise DomainError("Hãy chọn ít nhất một hồ sơ.")
    if len(ids) > MOST:
        raise DomainError("Mỗi lần chỉ làm được với %(most)s hồ sơ; bạn chọn %(n)s.", most=MOST, n=len(ids))
    found = db.session.scalars(select(Case).where(Case.id.in_(ids), Case.site == scope.site, seen_by(scope)))
    cases = {case.id: case for case in found}
    versions, events = versions_by_id(case.version_id for case in cases.values()), service.events_of(cases)
    units = dict(db.session.execute(select(Unit.id, Unit.name).where(Unit.site == scope.site)).all())
    foresee = _Foresight(by, kind, data, units)
    return [foresee.of(scope, cases[key], versions[cases[key].version_id], events[key]) for key in ids if key in cases]


class _Foresight:
    """Folds each case with the event that has not happened yet."""

    def __init__(self, by: Actor, kind: EventKind, data: dict[str, Any], units: dict[int, str]) -> None:
        self.by, self.kind, self.data, self.units = by, kind, data, units
        self.now, self.calendar = extensions.now(), site_calendar()

    def of(self, scope: Scope, case: Case, version: ProcedureVersion, events: list[Event]) -> Prospect:
        terms = terms_of(version)
        known = (case.id, case.code, case.applicant, version.name, case.revision)
        before = self._place(project(terms, events, self.calendar), terms)
        try:
            if not scope.covers(case.unit_id, case.holder_unit_id):
                raise NotFound("Hồ sơ này không ở đơn vị của bạn.")
            event = Event(len(events) + 1, self.kind, self.now, actor=self.by.name, data=self.data)
            after = self._place(project(terms, [*events, event], self.calendar), terms)
        except DomainError as error:
            return Prospect(*known, before, refusal=error)
        return Prospect(*known, before, after)

    def _place(self, state: CaseState, terms: Terms) -> str:
        stay, where = state.stay, self.units.get(state.holder_unit_id, "")
        return f"{stay.position}. {stay.name} – {where}" if stay else where


def hand_over_data(scope: Scope, unit_code: str = "", officer: str = "") -> dict[str, Any]:
    """What a hand-over carries: to the next stage, or to a unit and an officer by name."""
    data: dict[str, Any] = {"officer": tidy(officer)} if tidy(officer) else {}
    if unit_code:
        unit_id = db.session.scalar(select(Unit.id).where(Unit.site == scope.site, Unit.code == unit_code))
        if unit_id is None:
            raise DomainError("Không có đơn vị mang mã %(code)s.", field="unit", code=unit_code)
        data["unit_id"] = unit_id
    return data


def carry_out(
    scope: Scope, by: Actor, kind: EventKind, chosen: Sequence[tuple[int, int]], data: dict[str, Any], note: str = ""
) -> BulkAction:
    """Do it to the cases chosen, as (id, revision that was looked at). A case it cannot be done to is left out."""
    if kind not in KINDS:
        raise NotFound("Việc này không làm được với nhiều hồ sơ.")
    if not 0 < len(chosen) <= MOST:
        raise DomainError("Mỗi lần chỉ làm được với %(most)s hồ sơ; bạn chọn %(n)s.", most=MOST, n=len(chosen))
    with transaction() as session:
        action = BulkAction(
            site=scope.site, person_id=by.person_id, kind=kind, done_at=extensions.now(), items=[], left_out=[]
        )
        session.add(action)
        session.flush()
        audit.record(by, "bulk_action", "bulk_action", action.id, kind=kind, cases=len(chosen))
    codes = dict(
        db.session.execute(select(Case.id, Case.code).where(Case.id.in_([key for key, _seen in chosen]))).all()
    )
    for case_id, revision in chosen:
        _do_one(scope, by, action, kind, case_id, revision, codes.get(case_id, ""), data, note)
    return action


def _do_one(
    scope: Scope,
    by: Actor,
    action: BulkAction,
    kind: EventKind,
    case_id: int,
    revision: int,
    code: str,
    data: dict[str, Any],
    note: str,
) -> None:
    try:
        with transaction():
            case = service.record(scope, by, case_id, kind, data=dict(data), note=note, revision=revision)
            number = len(service.events_of([case_id])[case_id])
            action.items = [*action.items, [case_id, case.code, number, case.revision]]
    except DomainError as error:
        with transaction():
            action.left_out = [*action.left_out, [code, sentence(error)]]


def action_of(by: Actor, action_id: int) -> BulkAction:
    """One's own action. Raises NotFound for another's."""
    found = db.session.scalar(
        select(BulkAction).where(BulkAction.id == action_id, BulkAction.person_id == by.person_id)
    )
    if found is None:
        raise NotFound("Không tìm thấy lần làm này.")
    return found


def recent(by: Actor, limit: int = 10) -> Sequence[BulkAction]:
    """The person's latest actions, the newest first."""
    mine = select(BulkAction).where(BulkAction.person_id == by.person_id)
    return db.session.scalars(mine.order_by(BulkAction.done_at.desc(), BulkAction.id.desc()).limit(limit)).all()


def undo(scope: Scope, by: Actor, action_id: int) -> tuple[int, list[tuple[str, str]]]:
    """Take an action back: how many cases are as before, and which could not be, with why.

    A case that something else has happened to since keeps what was done to it. Once only.
    """
    action = action_of(by, action_id)
    if action.undone_at is not None:
        raise DomainError("Lần làm này đã được hoàn tác.")
    with transaction():
        action.undone_at = extensions.now()
        audit.record(by, "undo_bulk_action", "bulk_action", action.id, cases=len(action.items))
    reason, undone, kept = "Hoàn tác thao tác nhiều hồ sơ", 0, []
    for case_id, code, number, revision in action.items:
        try:
            service.correct(scope, by, case_id, number, reason=reason, void=True, revision=revision)
            undone += 1
        except DomainError as error:
            kept.append((str(code), sentence(error)))
    return undone, kept
