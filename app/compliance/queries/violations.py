"""Violations and their answers.

The figures and words of a violation are those of the last run that spoke of it: the one that no longer found it,
else the last that did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select

from app.compliance.evaluation.results import AppliedWaiver
from app.compliance.models import CheckRun, RunViolation, Violation, ViolationChange, ViolationMove, ViolationState
from app.compliance.queries.runs import ResultRow, UnitRef, judged_as_of, results_of, share, unit_ref
from app.core.errors import NotFound
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.rulepacks.language import JudgedAs, Severity, Status
from app.web.due import missed
from app.web.extensions import db
from app.web.keyset import Keyset

PAGE = 50
Lines = Select[Violation, RunViolation, Unit]
UNANSWERED = (ViolationState.OPEN, ViolationState.RETURNED)


class Answering(StrEnum):
    """Whose turn it is."""

    UNIT = "unit"  # to explain, or to explain again
    INSPECTOR = "inspector"  # to accept the explanation or return it
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class ViolationFilter:
    """Which violations; what is empty leaves nothing out. `standing` leaves out those a later run no longer found."""

    period: str = ""
    pack: str = ""
    severity: Severity | None = None
    state: ViolationState | None = None
    unit_id: int | None = None
    change: ViolationChange | None = None
    standing: bool = False


@dataclass(frozen=True, slots=True)
class ViolationLine:
    """A violation in a list, with its last figures."""

    id: int
    key: str
    pack: str
    rule: str
    unit: UnitRef
    subject: str
    period: Period
    severity: Severity
    state: ViolationState
    change: ViolationChange
    numerator: int | None
    denominator: int | None
    value: Fraction | None
    comparison: str | None
    target: Fraction | None
    shortfall: int | None
    message: dict[str, Any]
    answer_due: date | None
    run_id: int
    """The run whose figures these are."""
    first_run_id: int
    revision: int
    waiver: AppliedWaiver | None = None
    """The waiver for which the last run no longer counted it."""
    outcome: str = ""
    """Of a single thing: how it fails."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Of a single thing: what the judgement adds to its own fields."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The fields that the rule read; of a single thing by their bare names."""
    judged_as: JudgedAs | None = None
    """Where the rule is about the Department as a whole: whether this is the whole, or a unit's own part."""

    @property
    def waived_until(self) -> date | None:
        """The last day of that waiver."""
        return date.fromisoformat(str(self.waiver["until"])) if self.waiver else None

    @property
    def gone(self) -> bool:
        """Whether the last run of its period no longer found it."""
        return self.change is ViolationChange.GONE

    @property
    def turn(self) -> Answering:
        """Whose turn it is. What is gone asks nothing of anybody."""
        if self.gone or self.state in (ViolationState.ACCEPTED, ViolationState.REMEDIED):
            return Answering.NOBODY
        return Answering.UNIT if self.state in UNANSWERED else Answering.INSPECTOR

    def is_overdue(self, today: date) -> bool:
        """Whether the unit should have answered before today."""
        return self.turn is Answering.UNIT and missed(self.answer_due, today)


@dataclass(frozen=True, slots=True)
class ViolationPage:
    """Violations, the latest first; `before` and `after` are the cursors of the pages beside it, None at an end."""

    rows: list[ViolationLine]
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one run said of a violation."""

    run_id: int
    at: datetime
    actor: str
    change: ViolationChange
    value: Fraction | None
    numerator: int | None
    denominator: int | None
    target: Fraction | None


def violation_page(
    scope: Scope, wanted: ViolationFilter, *, before: int | None = None, after: int | None = None, limit: int = PAGE
) -> ViolationPage:
    """A page of violations by key: those after `after`, or before `before`."""
    chosen = _filtered(_lines(scope), wanted)
    keyset = Keyset(after, before, limit)
    found = [_line(row) for row in db.session.execute(keyset.cut(chosen, Violation.id))]
    return ViolationPage(*keyset.lines(found, lambda line: line.id))


def every_violation(scope: Scope, wanted: ViolationFilter, batch: int = 1000) -> Iterator[ViolationLine]:
    """All of them, the latest first, read a batch at a time."""
    after: int | None = None
    while True:
        page = violation_page(scope, wanted, after=after, limit=batch)
        yield from page.rows
        if page.after is None:
            return
        after = page.after


def to_answer(scope: Scope, limit: int = 100) -> list[ViolationLine]:
    """What units of the scope still have to explain, the first due first; at most `limit`."""
    chosen = _filtered(_lines(scope), ViolationFilter(standing=True)).where(Violation.state.in_(UNANSWERED))
    rows = db.session.execute(chosen.order_by(Violation.answer_due, Violation.id).limit(limit))
    return [_line(row) for row in rows]


def violation_of(scope: Scope, violation_id: int) -> ViolationLine:
    """One violation. Raises NotFound, also for one outside the scope."""
    row = db.session.execute(_lines(scope).where(Violation.id == violation_id)).first()
    if row is None:
        raise NotFound("Không tìm thấy vi phạm này.")
    return _line(row)


def change_counts(scope: Scope, period: Period) -> Counter[ViolationChange]:
    """How many violations of the period are new, persist, are gone."""
    counted = (
        select(RunViolation.change, func.count())
        .select_from(Violation)
        .join(RunViolation, _last_word())
        .where(Violation.site == scope.site, scope.within(Violation.unit_id), Violation.period == period.key)
        .group_by(RunViolation.change)
    )
    return Counter(dict(db.session.execute(counted).all()))


def without_data(scope: Scope, run_id: int) -> list[ResultRow]:
    """Where something should have been recorded and was not: no violations, but somebody must look."""
    return results_of(scope, run_id, status=Status.NO_DATA)


def answering(violation_id: int) -> tuple[list[Sighting], list[ViolationMove]]:
    """What runs said of a violation and what people did about it, the first first."""
    seen = (
        select(RunViolation, CheckRun.finished_at, CheckRun.actor)
        .join(CheckRun, CheckRun.id == RunViolation.run_id)
        .where(RunViolation.violation_id == violation_id)
        .order_by(RunViolation.run_id)
    )
    sightings = [
        Sighting(
            row.run_id,
            at,
            actor,
            row.change,
            share(row.figures.get("value")),
            row.figures.get("numerator"),
            row.figures.get("denominator"),
            share(row.figures.get("target")),
        )
        for row, at, actor in db.session.execute(seen)
    ]
    moves = select(ViolationMove).where(ViolationMove.violation_id == violation_id).order_by(ViolationMove.id)
    return sightings, list(db.session.scalars(moves))


def _last_word() -> ColumnElement[bool]:
    """SQL: what the last run that spoke of a violation said of it."""
    return and_(
        RunViolation.violation_id == Violation.id,
        RunViolation.run_id == func.coalesce(Violation.gone_run_id, Violation.last_run_id),
    )


def _lines(scope: Scope) -> Lines:
    return (
        select(Violation, RunViolation, Unit)
        .join(RunViolation, _last_word())
        .join(Unit, Unit.id == Violation.unit_id)
        .where(Violation.site == scope.site, scope.within(Violation.unit_id))
    )


def _filtered(chosen: Lines, wanted: ViolationFilter) -> Lines:
    for column, value in (
        (Violation.period, wanted.period),
        (Violation.pack, wanted.pack),
        (Violation.severity, wanted.severity),
        (Violation.state, wanted.state),
        (Violation.unit_id, wanted.unit_id),
        (RunViolation.change, wanted.change),
    ):
        if value:
            chosen = chosen.where(column == value)
    return chosen.where(Violation.gone_run_id.is_(None)) if wanted.standing else chosen


def _line(row: Row[Violation, RunViolation, Unit]) -> ViolationLine:
    violation, seen, unit = row
    figures = seen.figures
    return ViolationLine(
        violation.id,
        violation.key,
        violation.pack,
        violation.rule,
        unit_ref(unit),
        violation.subject,
        Period.parse(violation.period),
        violation.severity,
        violation.state,
        seen.change,
        figures.get("numerator"),
        figures.get("denominator"),
        share(figures.get("value")),
        figures.get("comparison"),
        share(figures.get("target")),
        figures.get("shortfall"),
        seen.message,
        violation.answer_due,
        seen.run_id,
        violation.first_run_id,
        violation.revision,
        figures.get("waiver") if seen.change is ViolationChange.GONE else None,
        figures.get("outcome", ""),
        figures.get("details", {}),
        figures.get("facts", {}),
        judged_as_of(figures),
    )
