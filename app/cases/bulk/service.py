"""One action on many cases: what it would do to each, doing it, and taking it back once.

What was chosen is written down first, case by case. Each case is then a transaction of its own, and what became of it
is noted in that same transaction: wherever it is cut off, the record names exactly the cases that were changed, and
those it had not come to; it goes on from there (`go_on`), and so does taking it back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select, update

from app.cases import care, service
from app.cases.bulk.models import BulkAction, BulkCase, BulkCaseState
from app.cases.care import Lack
from app.cases.models import Case
from app.cases.population import changeable_by, on_desk_of
from app.cases.rows import terms_of, versions_by_id
from app.cases.timeline import CaseState, Event, Terms, project
from app.cases.vocabulary import EventKind
from app.core.errors import DomainError, NotFound
from app.core.text import tidy
from app.organisation import audit
from app.organisation.access import Actor, Scope, site
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar, today
from app.organisation.lineage import in_being
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.procedures.models import ProcedureVersion
from app.web import extensions
from app.web.extensions import db
from app.web.formats import sentence

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
    lacks: Sequence[Lack] = ()  # asks for a reason


@needs(Capability.HANDLE_CASES)
def prospects(
    scope: Scope, by: Actor, kind: EventKind, case_ids: Sequence[int], data: dict[str, Any]
) -> list[Prospect]:
    """What would happen to each of those cases, in the order given. Writes nothing; cases out of scope are unknown."""
    ids = list(dict.fromkeys(case_ids))
    if not ids:
        raise DomainError("Hãy chọn ít nhất một hồ sơ.")
    if len(ids) > MOST:
        raise DomainError("Mỗi lần chỉ làm được với %(most)s hồ sơ; bạn chọn %(n)s.", most=MOST, n=len(ids))
    found = db.session.scalars(select(Case).where(Case.id.in_(ids), Case.site == scope.site, on_desk_of(scope)))
    cases = {case.id: case for case in found}
    versions, events = versions_by_id(case.version_id for case in cases.values()), service.events_of(cases)
    units = dict(db.session.execute(select(Unit.id, Unit.name).where(Unit.site == scope.site)).all())
    foresee = _Projection(by, kind, data, units)
    return [foresee.of(scope, cases[key], versions[cases[key].version_id], events[key]) for key in ids if key in cases]


class _Projection:
    """Folds each case with the event that has not happened yet."""

    def __init__(self, by: Actor, kind: EventKind, data: dict[str, Any], units: dict[int, str]) -> None:
        self.by, self.kind, self.data, self.units = by, kind, data, units
        self.now, self.calendar = extensions.now(), site_calendar()

    def of(self, scope: Scope, case: Case, version: ProcedureVersion, events: list[Event]) -> Prospect:
        terms = terms_of(version)
        known = (case.id, case.code, case.applicant, version.name, case.revision)
        before = self._place(project(terms, events, self.calendar), terms)
        try:
            if not changeable_by(scope, case):
                raise NotFound("Hồ sơ này không ở đơn vị của bạn.")
            event = Event(len(events) + 1, self.kind, self.now, actor=self.by.name, data=self.data)
            after = self._place(project(terms, [*events, event], self.calendar), terms)
            missing = self._lacks(case)
        except DomainError as error:
            return Prospect(*known, before, refusal=error)
        return Prospect(*known, before, after, lacks=missing)

    def _lacks(self, case: Case) -> Sequence[Lack]:
        """What asks for a reason. Lacking for what the site forbids."""
        if self.kind not in care.LOOKED_FOR:
            return ()
        found = care.lacking(case, self.kind, self.data)
        if found.forbidden:
            raise care.Lacking(care.FORBIDS, found.forbidden)
        return found.asked

    def _place(self, state: CaseState, terms: Terms) -> str:
        stay, where = state.stay, self.units.get(state.holder_unit_id, "")
        return f"{stay.position}. {stay.name} – {where}" if stay else where


def hand_over_data(scope: Scope, unit_code: str = "", officer: str = "") -> dict[str, Any]:
    """What a hand-over carries: to the next stage, or to a unit and an officer by name."""
    data: dict[str, Any] = {"officer": tidy(officer)} if tidy(officer) else {}
    if unit_code:
        unit = db.session.scalar(select(Unit).where(Unit.site == scope.site, Unit.code == unit_code))
        if unit is None:
            raise DomainError("Không có đơn vị mang mã %(code)s.", field="unit", code=unit_code)
        data["unit_id"] = in_being(unit, today(), "unit").id
    return data


@needs(Capability.HANDLE_CASES)
def carry_out(
    scope: Scope, by: Actor, kind: EventKind, chosen: Sequence[tuple[int, int]], data: dict[str, Any], note: str = ""
) -> BulkAction:
    """Do it to the cases chosen, as (id, revision that was looked at). A case it cannot be done to is left out."""
    if kind not in KINDS:
        raise NotFound("Việc này không làm được với nhiều hồ sơ.")
    wanted = dict(chosen)
    if not 0 < len(wanted) <= MOST:
        raise DomainError("Mỗi lần chỉ làm được với %(most)s hồ sơ; bạn chọn %(n)s.", most=MOST, n=len(wanted))
    with transaction() as session:
        action = BulkAction(
            site=scope.site, person_id=by.person_id, kind=kind, data=data, note=note, done_at=extensions.now()
        )
        codes = _codes(scope, wanted)
        action.cases = [
            BulkCase(site=scope.site, position=n, case_id=case_id, seen=revision, code=codes.get(case_id, ""))
            for n, (case_id, revision) in enumerate(wanted.items(), 1)
        ]
        session.add(action)
        session.flush()
        audit.record(by, "bulk_action", "bulk_action", action.id, kind=kind, chosen=len(wanted))
    return go_on(scope, by, action.id)


def _codes(scope: Scope, case_ids: Iterable[int]) -> dict[int, str]:
    """The codes that the person may know: another's case is not even named to them."""
    found = select(Case.id, Case.code).where(Case.id.in_(case_ids), Case.site == scope.site, on_desk_of(scope))
    return dict(db.session.execute(found).all())


@needs(Capability.HANDLE_CASES)
def go_on(scope: Scope, by: Actor, action_id: int) -> BulkAction:
    """Do what an action, or the taking back of it, has not come to: it was cut off. Nothing is done twice."""
    action = action_of(by, action_id)
    if action.undoing_at is not None:
        return _take_back(scope, by, action)
    kind, data, note = EventKind(action.kind), dict(action.data), action.note

    def do(row: BulkCase) -> dict[str, Any]:
        case = _done(scope, by, row, kind, data, note)
        number = max(event.number for event in service.events_of([case.id])[case.id] if event.kind is kind)
        return {"code": case.code, "event_number": number, "revision": case.revision}

    _each(action, BulkCaseState.WAITING, BulkCaseState.DONE, do, otherwise=BulkCaseState.LEFT_OUT)
    with transaction():
        if _first_to_say(action.id, BulkAction.finished_at, still=BulkCaseState.WAITING):
            done, left_out = (_count(action.id, state) for state in (BulkCaseState.DONE, BulkCaseState.LEFT_OUT))
            audit.record(by, "finish_bulk_action", "bulk_action", action.id, done=done, left_out=left_out)
    return _read_again(action)


def _done(scope: Scope, by: Actor, row: BulkCase, kind: EventKind, data: dict[str, Any], note: str) -> Case:
    """Done to one case; what is missing of it asks for the note that is the reason for all."""
    if kind in care.LOOKED_FOR:
        return care.take_step(scope, by, row.case_id, kind, data=dict(data), note=note, because=note, revision=row.seen)
    return service.record(scope, by, row.case_id, kind, data=dict(data), note=note, revision=row.seen)


def _each(
    action: BulkAction,
    stands: BulkCaseState,
    becomes: BulkCaseState,
    do: Callable[[BulkCase], dict[str, Any]],
    *,
    otherwise: BulkCaseState,
) -> None:
    """Do it to each case that stands so. What is done and the note of it are one transaction, so that whatever cuts
    it off, the cases noted are exactly those it was done to; whoever does it at the same time skips the case."""
    for row in _read_again(action).those(stands):
        try:
            with transaction():
                if _claim(row.id, stands, state=becomes):
                    db.session.execute(update(BulkCase).where(BulkCase.id == row.id).values(**do(row)))
        except DomainError as error:
            with transaction():
                _claim(row.id, stands, state=otherwise, why=sentence(error))


def _claim(row_id: int, stands: BulkCaseState, **values: Any) -> bool:
    claim = update(BulkCase).where(BulkCase.id == row_id, BulkCase.state == stands).values(**values)
    return bool(db.session.execute(claim.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]


def _first_to_say(action_id: int, ended: Any, *, still: BulkCaseState) -> bool:
    """Note that no case stands so any more, once: whether this is the first time."""
    waiting = select(BulkCase.id).where(BulkCase.action_id == action_id, BulkCase.state == still).exists()
    said = update(BulkAction).where(BulkAction.id == action_id, ended.is_(None), ~waiting)
    said = said.values({ended: extensions.now()}).execution_options(synchronize_session=False)
    return bool(db.session.execute(said).rowcount)  # type: ignore[attr-defined]


def _count(action_id: int, state: BulkCaseState) -> int:
    those = select(func.count()).where(BulkCase.action_id == action_id, BulkCase.state == state)
    return db.session.scalar(those) or 0


def _read_again(action: BulkAction) -> BulkAction:
    db.session.expire_all()
    return db.session.get_one(BulkAction, action.id, populate_existing=True)


@needs(Capability.HANDLE_CASES)
def action_of(by: Actor, action_id: int) -> BulkAction:
    """One's own action. Raises NotFound for another's."""
    found = db.session.scalar(
        select(BulkAction).where(BulkAction.id == action_id, BulkAction.person_id == by.person_id)
    )
    if found is None:
        raise NotFound("Không tìm thấy lần làm này.")
    return found


def unfinished(person_id: int | None = None) -> Sequence[BulkAction]:
    """Actions that were cut off, or go on at this moment: a person's, or (None) everybody's; the oldest first."""
    undoing = and_(BulkAction.undoing_at.is_not(None), BulkAction.undone_at.is_(None))
    found = select(BulkAction).where(BulkAction.site == site(), or_(BulkAction.finished_at.is_(None), undoing))
    if person_id is not None:
        found = found.where(BulkAction.person_id == person_id)
    return db.session.scalars(found.order_by(BulkAction.done_at, BulkAction.id)).all()


@needs(Capability.HANDLE_CASES)
def undo(scope: Scope, by: Actor, action_id: int) -> BulkAction:
    """Take an action back. Once: but what was cut off is gone on with. Cases that it had not come to stay undone.

    A case that something else has happened to since keeps what was done to it.
    """
    action = action_of(by, action_id)
    if action.undone_at is not None:
        raise DomainError("Lần làm này đã được hoàn tác.")
    with transaction():
        begin = update(BulkAction).where(BulkAction.id == action.id, BulkAction.undoing_at.is_(None))
        now = extensions.now()
        begin = begin.values(undoing_at=now, finished_at=func.coalesce(BulkAction.finished_at, now))
        begin = begin.execution_options(synchronize_session=False)
        if db.session.execute(begin).rowcount:  # type: ignore[attr-defined]
            _give_up_waiting(action.id)
            cases = _count(action.id, BulkCaseState.DONE)
            audit.record(by, "undo_bulk_action", "bulk_action", action.id, cases=cases)
    return _take_back(scope, by, action)


def _give_up_waiting(action_id: int) -> None:
    why = _("Chưa làm đến thì lần làm này đã được hoàn tác.")
    waiting = update(BulkCase).where(BulkCase.action_id == action_id, BulkCase.state == BulkCaseState.WAITING)
    waiting = waiting.values(state=BulkCaseState.LEFT_OUT, why=why)
    db.session.execute(waiting.execution_options(synchronize_session=False))


def _take_back(scope: Scope, by: Actor, action: BulkAction) -> BulkAction:
    reason = "Hoàn tác thao tác nhiều hồ sơ"

    def correct(row: BulkCase) -> dict[str, Any]:
        if row.event_number is None:
            raise AssertionError(f"a case done without an event: {row.id}")
        case = service.correct(
            scope, by, row.case_id, row.event_number, reason=reason, void=True, revision=row.revision
        )
        return {"revision": case.revision}

    _each(action, BulkCaseState.DONE, BulkCaseState.UNDONE, correct, otherwise=BulkCaseState.KEPT)
    with transaction():
        if _first_to_say(action.id, BulkAction.undone_at, still=BulkCaseState.DONE):
            undone, kept = (_count(action.id, state) for state in (BulkCaseState.UNDONE, BulkCaseState.KEPT))
            audit.record(by, "finish_undo_bulk_action", "bulk_action", action.id, undone=undone, kept=kept)
    return _read_again(action)
