"""Overdue cases and what was written about them: for the head who explains, the Office, and the Director."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from app.cases import population
from app.cases.explanations.models import Apology, Explanation, ExplanationState, state_of
from app.cases.lists import Window
from app.cases.models import Case
from app.core.calendar import WorkingCalendar
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.procedures.models import ProcedureVersion
from app.web.due import missed
from app.web.extensions import db
from app.web.keyset import Cursor, Keyset

PAGE = 50
MOST_PRINTED = 500


@dataclass(frozen=True, slots=True)
class OverdueCase:
    """An overdue case and its explanations, the oldest first. Days late are working days; the other days the site's."""

    id: int
    code: str
    applicant: str
    procedure: str
    unit_id: int
    unit: str
    officer: str
    late_after: datetime
    ended_at: datetime | None
    days_late: int
    became_overdue: date
    explain_by: date
    explanations: tuple[Explanation, ...] = ()

    @property
    def latest(self) -> Explanation | None:
        """The explanation that stands, or None."""
        return self.explanations[-1] if self.explanations else None

    @property
    def state(self) -> ExplanationState:
        return state_of(self.latest)

    def is_open_to(self, unit_id: int) -> bool:
        """A head of that unit may explain it: it is owed, or somebody else than the unit's own head has."""
        latest = self.latest
        return latest is None or self.state.is_owed or (unit_id == self.unit_id and not latest.by_head)

    def late_to_explain(self, calendar: WorkingCalendar, today: date) -> bool:
        """Not explained when the time to do so was over: until today, or by the first one sent."""
        sent = calendar.local_day(self.explanations[0].sent_at) if self.explanations else today
        return missed(self.explain_by, sent)


@dataclass(frozen=True, slots=True)
class OverduePage:
    """A page of overdue cases, and how many cases of the period stand where."""

    cases: list[OverdueCase]
    before: Cursor | None = None
    after: Cursor | None = None
    counts: dict[ExplanationState, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Overdue cases of the period, whatever their state."""
        return sum(self.counts.values())


_LATEST = select(func.max(Explanation.id)).where(Explanation.case_id == Case.id).correlate(Case).scalar_subquery()
_IN_STATE: dict[ExplanationState, ColumnElement[bool]] = {
    ExplanationState.MISSING: Explanation.id.is_(None),
    ExplanationState.SENT: and_(
        Explanation.id.is_not(None), Explanation.office_received_at.is_(None), Explanation.accepted.is_(None)
    ),
    ExplanationState.RECEIVED: and_(Explanation.office_received_at.is_not(None), Explanation.accepted.is_(None)),
    ExplanationState.ACCEPTED: Explanation.accepted.is_(True),
    ExplanationState.RETURNED: Explanation.accepted.is_(False),
}


def _overdue(scope: Scope, window: Window, unit_id: int | None, *columns: Any) -> Select[*tuple[Any, ...]]:
    """The period's overdue cases beside their latest explanation."""
    chosen = (
        select(*columns)
        .select_from(Case)
        .outerjoin(Explanation, Explanation.id == _LATEST)
        .where(
            Case.site == scope.site,
            scope.within(Case.unit_id),
            population.overdue(Case, window.start, window.end, window.as_of),
        )
    )
    return chosen if unit_id is None else chosen.where(Case.unit_id == unit_id)


def overdue_page(
    scope: Scope,
    window: Window,
    calendar: WorkingCalendar,
    *,
    unit_id: int | None = None,
    states: Collection[ExplanationState] = (),
    after: Cursor | None = None,
    before: Cursor | None = None,
    limit: int = PAGE,
) -> OverduePage:
    """Overdue cases of the period, the longest due first; of those states only, when any are named."""
    keyset = Keyset(after, before, limit, ascending=True)
    chosen = _overdue(scope, window, unit_id, Case.late_after, Case.id)
    if states:
        chosen = chosen.where(or_(*(_IN_STATE[state] for state in states)))
    rows = [(row[0], row[1]) for row in db.session.execute(keyset.cut(chosen, Case.late_after, Case.id))]
    ids, first, last = keyset.page(rows)
    return OverduePage(
        _loaded(scope, ids, window.as_of, calendar), first, last, state_counts(scope, window, unit_id=unit_id)
    )


def state_counts(scope: Scope, window: Window, *, unit_id: int | None = None) -> dict[ExplanationState, int]:
    """How many of the period's overdue cases stand in each state."""
    columns = [func.count().filter(condition) for condition in _IN_STATE.values()]
    counted = db.session.execute(_overdue(scope, window, unit_id, *columns)).one()
    return dict(zip(_IN_STATE, counted, strict=True))


def waiting_for_decision(scope: Scope) -> int:
    """How many cases have an explanation that the Office has received and the Director has not decided on."""
    waiting = select(func.count(Explanation.case_id.distinct())).where(
        Explanation.site == scope.site, scope.within(Explanation.unit_id), _IN_STATE[ExplanationState.RECEIVED]
    )
    return db.session.scalar(waiting) or 0


def overdue_case(scope: Scope, case_id: int, calendar: WorkingCalendar, now: datetime) -> OverdueCase:
    """One case that is, or ended, overdue. NotFound for any other, or outside the scope."""
    found = _loaded(scope, [case_id], now, calendar)
    if not found or not population.late(found[0], now):
        raise NotFound("Không tìm thấy hồ sơ quá hạn này.")
    return found[0]


def _loaded(scope: Scope, ids: Sequence[int], as_of: datetime, calendar: WorkingCalendar) -> list[OverdueCase]:
    """Those cases in that order, seen from `as_of`."""
    written: dict[int, list[Explanation]] = defaultdict(list)
    of_these = select(Explanation).where(Explanation.case_id.in_(ids)).order_by(Explanation.sent_at, Explanation.id)
    for each in db.session.scalars(of_these):
        written[each.case_id].append(each)
    rows = db.session.execute(
        select(
            *(Case.id, Case.code, Case.applicant, ProcedureVersion.name, Case.unit_id, Unit.name.label("unit")),
            *(Case.officer, Case.late_after, Case.ended_at),
        )
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(Unit, Unit.id == Case.unit_id)
        .where(Case.id.in_(ids), Case.site == scope.site, scope.within(Case.unit_id), Case.late_after.is_not(None))
    )
    known = {row.id: _overdue_case(row, tuple(written[row.id]), as_of, calendar) for row in rows}
    return [known[case_id] for case_id in ids if case_id in known]


def _overdue_case(
    row: Any, explanations: tuple[Explanation, ...], as_of: datetime, calendar: WorkingCalendar
) -> OverdueCase:
    ended_at = row.ended_at if population.done(row.ended_at, as_of) else None
    began = population.became_overdue(row.late_after, calendar)
    until = calendar.local_day(ended_at) if ended_at else population.last_day(as_of, calendar)
    return OverdueCase(
        *(row.id, row.code, row.applicant, row.name, row.unit_id, row.unit, row.officer, row.late_after, ended_at),
        days_late=calendar.count_working_days(calendar.local_day(row.late_after), until),
        became_overdue=began,
        explain_by=calendar.add_working_days(began, current_app.config["SETTINGS"].explanation_days),
        explanations=explanations,
    )


def apologies_of(case_id: int) -> list[Apology]:
    """The apologies for a case, the oldest first."""
    chosen = select(Apology).where(Apology.case_id == case_id).order_by(Apology.sent_at, Apology.id)
    return list(db.session.scalars(chosen))
