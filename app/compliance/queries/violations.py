"""Violations and their answers.

The figures of a violation are those of the result of the last run that found it; its sentences are made of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Bundle, aliased

from app.compliance.evaluation.results import AppliedWaiver
from app.compliance.models import (
    CheckResult,
    CheckRun,
    RunViolation,
    Violation,
    ViolationChange,
    ViolationMove,
    ViolationState,
    ViolationSubject,
)
from app.compliance.queries.runs import ResultRow, UnitRef, results_of, unit_ref
from app.compliance.violations.cells import SeenSubject, ViolationFigures, result_of_violation, seen_of, things_of
from app.core.errors import NotFound
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.rulepacks.language import JudgedAs, Severity, Status
from app.web.due import missed
from app.web.extensions import db
from app.web.keyset import Keyset

PAGE = 50
Lines = Select[Any]
UNANSWERED = (ViolationState.OPEN, ViolationState.RETURNED)
_Excused = aliased(CheckResult)
"""The result of the run that no longer found a violation."""
_Last = aliased(RunViolation)
"""What the last run that found a violation said of it."""


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
    states: tuple[ViolationState, ...] = ()
    answered: bool = False
    """Those only that nobody has to explain: explained, or gone."""


@dataclass(frozen=True, slots=True)
class ViolationLine:
    """A violation in a list, with its last figures."""

    id: int
    key: str
    pack: str
    rule: str
    unit: UnitRef
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
    answer_due: date | None
    run_id: int
    """The last run that spoke of it."""
    last_run_id: int
    """The last that found it, whose figures these are."""
    first_run_id: int
    revision: int
    waiver: AppliedWaiver | None = None
    """The waiver for which the last run no longer counted it."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The fields that the rule read."""
    judged_as: JudgedAs | None = None
    """Where the rule is about the Department as a whole: whether this is the whole, or a unit's own part."""
    head: str = ""
    """Of an escalation, the name of the unit's head at the time."""
    seen: tuple[SeenSubject, ...] = ()
    """Its single things as the last run that found it saw them, where they were asked for."""

    @property
    def cell(self) -> ViolationFigures:
        """Its figures and single things, as sentences are made of them."""
        figures = (self.numerator, self.denominator, self.value, self.comparison, self.target, self.shortfall)
        return ViolationFigures(*figures, self.facts, self.judged_as, things_of(self.seen), self.waiver)

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


class Unanswered(NamedTuple):
    """A violation that a unit still has to explain, as far as its place among the others asks for."""

    id: int
    pack: str
    rule: str
    unit_id: int
    period: str
    judged_as: str | None
    answer_due: date | None


@dataclass(frozen=True, slots=True)
class ViolationPage:
    """Violations, the latest first; `before` and `after` are the cursors of the pages beside it, None at an end."""

    rows: list[ViolationLine]
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class SubjectAnswer:
    """How far a single thing of a violation is answered. `stands` unless a run found the violation without it."""

    subject: str
    state: ViolationState
    first_run_id: int
    stands: bool


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
    scope: Scope,
    wanted: ViolationFilter,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = PAGE,
    with_subjects: bool = False,
) -> ViolationPage:
    """A page of violations by key: those after `after`, or before `before`."""
    keyset = Keyset(after, before, limit)
    if before is None and after is None:
        lines = _first_lines(scope, wanted, limit, with_subjects=with_subjects)
    else:
        lines = keyset.cut(_filtered(_lines(scope, with_subjects=with_subjects), wanted), Violation.id)
    rows = db.session.execute(lines)
    found = [_line(row, with_subjects=with_subjects) for row in rows]
    return ViolationPage(*keyset.lines(found, lambda line: line.id))


def count_of(scope: Scope, wanted: ViolationFilter) -> int:
    """How many violations the filter leaves."""
    return db.session.scalar(_counted(scope, wanted)) or 0


@lru_cache(maxsize=256)  # pages ask the same again and again: what is asked is put together once
def _counted(scope: Scope, wanted: ViolationFilter) -> Select[Any]:
    counted: Any = select(func.count()).select_from(Violation)
    if wanted.change:
        counted = counted.join(RunViolation, _last_word())
    mine = counted.where(Violation.site == scope.site, scope.within(Violation.unit_id))
    return _filtered(mine, wanted)


def every_violation(
    scope: Scope, wanted: ViolationFilter, batch: int = 200, *, with_subjects: bool = True
) -> Iterator[ViolationLine]:
    """All of them, the latest first, read a batch at a time."""
    after: int | None = None
    while True:
        page = violation_page(scope, wanted, after=after, limit=batch, with_subjects=with_subjects)
        yield from page.rows
        if page.after is None:
            return
        after = page.after


def to_answer(scope: Scope) -> list[Unanswered]:
    """What units of the scope still have to explain, the gravest first, then the first due."""
    return [Unanswered._make(row) for row in db.session.execute(_to_answer(scope))]


@lru_cache(maxsize=256)
def _to_answer(scope: Scope) -> Select[Any]:
    gravest = case({word.value: number for number, word in enumerate(Severity)}, value=Violation.severity, else_=-1)
    judged_as = CheckResult.figures["judged_as"].as_string()
    mine = (
        select(
            *(Violation.id, Violation.pack, Violation.rule, Violation.unit_id, Violation.period),
            *(judged_as, Violation.answer_due),
        )
        .outerjoin(CheckResult, result_of_violation(Violation.last_run_id))
        .where(Violation.site == scope.site, scope.within(Violation.unit_id))
    )
    unanswered = _filtered(mine, ViolationFilter(standing=True, states=UNANSWERED))
    return unanswered.order_by(gravest.desc(), Violation.answer_due.nulls_last(), Violation.id)


def lines_of(scope: Scope, violation_ids: Sequence[int]) -> list[ViolationLine]:
    """Those violations, in that order; those outside the scope are left out."""
    rows = db.session.execute(_lines_by_number(scope), {"numbers": list(violation_ids)})
    found = {row.violation.id: _line(row) for row in rows}
    return [found[number] for number in violation_ids if number in found]


def violation_of(scope: Scope, violation_id: int) -> ViolationLine:
    """One violation with its single things. Raises NotFound, also for one outside the scope."""
    row = db.session.execute(_lines(scope, with_subjects=True).where(Violation.id == violation_id)).first()
    if row is None:
        raise NotFound("Không tìm thấy vi phạm này.")
    return _line(row, with_subjects=True)


def subjects_of(violation_ids: Collection[int]) -> dict[int, dict[str, SubjectAnswer]]:
    """How far the single things of violations are answered, by violation and name."""
    found: dict[int, dict[str, SubjectAnswer]] = {number: {} for number in violation_ids}
    for row in db.session.scalars(
        select(ViolationSubject)
        .where(ViolationSubject.violation_id.in_(violation_ids))
        .order_by(ViolationSubject.subject)
    ):
        stands = row.gone_run_id is None
        found[row.violation_id][row.subject] = SubjectAnswer(row.subject, row.state, row.first_run_id, stands)
    return found


def change_counts(scope: Scope, period: Period) -> Counter[ViolationChange]:
    """How many violations of the period are new, persist, are gone."""
    return Counter(dict(db.session.execute(_changes(scope), {"period": period.key}).all()))


@lru_cache(maxsize=256)
def _changes(scope: Scope) -> Select[ViolationChange, int]:
    return (
        select(RunViolation.change, func.count())
        .select_from(Violation)
        .join(RunViolation, _last_word())
        .where(Violation.site == scope.site, scope.within(Violation.unit_id), Violation.period == bindparam("period"))
        .group_by(RunViolation.change)
    )


def without_data(scope: Scope, run_id: int) -> list[ResultRow]:
    """Where something should have been recorded and was not: no violations, but somebody must look."""
    return results_of(scope, run_id, status=Status.NO_DATA)


def answering(violation_id: int) -> tuple[list[Sighting], list[ViolationMove]]:
    """What runs said of a violation and what people did about it, the first first."""
    seen = (
        select(RunViolation.run_id, RunViolation.change, CheckRun.finished_at, CheckRun.actor, CheckResult)
        .select_from(RunViolation)
        .join(Violation, Violation.id == RunViolation.violation_id)
        .join(CheckRun, CheckRun.id == RunViolation.run_id)
        .outerjoin(CheckResult, result_of_violation(RunViolation.run_id))
        .where(RunViolation.violation_id == violation_id)
        .order_by(RunViolation.run_id)
    )
    sightings = []
    for run_id, change, at, actor, row in db.session.execute(seen):
        cell = ViolationFigures.kept(row)
        told = (cell.value, cell.numerator, cell.denominator, cell.target)
        sightings.append(Sighting(run_id, at, actor, change, *told))
    moves = select(ViolationMove).where(ViolationMove.violation_id == violation_id).order_by(ViolationMove.id)
    return sightings, list(db.session.scalars(moves))


def _last_word() -> ColumnElement[bool]:
    """SQL: what the last run that spoke of a violation said of it."""
    return and_(
        RunViolation.violation_id == Violation.id,
        RunViolation.run_id == func.coalesce(Violation.gone_run_id, Violation.last_run_id),
    )


_LINES: Lines = (  # every list asks it: put together once, and of columns, for lists have many lines
    select(
        Bundle(
            "violation",
            *(Violation.id, Violation.key, Violation.pack, Violation.rule, Violation.period, Violation.severity),
            *(Violation.state, Violation.answer_due, Violation.first_run_id, Violation.revision),
        ),
        Bundle("seen", RunViolation.run_id, RunViolation.change),
        Bundle("unit", Unit.id, Unit.code, Unit.name, Unit.name_en, Unit.path),
        Bundle(
            "result",
            *(CheckResult.id, CheckResult.numerator, CheckResult.denominator, CheckResult.comparison),
            *(CheckResult.target, CheckResult.shortfall, CheckResult.figures),
        ),
        _Excused.figures.label("excused"),
        Bundle("last", _Last.run_id, _Last.head),
    )
    .join(RunViolation, _last_word())
    .join(_Last, and_(_Last.violation_id == Violation.id, _Last.run_id == Violation.last_run_id))
    .join(Unit, Unit.id == Violation.unit_id)
    .outerjoin(CheckResult, result_of_violation(Violation.last_run_id))
    .outerjoin(_Excused, result_of_violation(Violation.gone_run_id, _Excused))
)


@lru_cache(maxsize=256)
def _first_lines(scope: Scope, wanted: ViolationFilter, limit: int, *, with_subjects: bool) -> Lines:
    """Of a list as it is opened."""
    chosen = _filtered(_lines(scope, with_subjects=with_subjects), wanted)
    first: Keyset[int] = Keyset(None, None, limit)
    return first.cut(chosen, Violation.id)


@lru_cache(maxsize=256)
def _lines_by_number(scope: Scope) -> Lines:
    return _lines(scope).where(Violation.id.in_(bindparam("numbers", expanding=True)))


def _lines(scope: Scope, *, with_subjects: bool = False) -> Lines:
    chosen = _LINES.where(Violation.site == scope.site, scope.within(Violation.unit_id))
    return chosen.add_columns(_Last.subjects) if with_subjects else chosen


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
    if wanted.states:
        chosen = chosen.where(Violation.state.in_(wanted.states))
    if wanted.answered:
        chosen = chosen.where(or_(Violation.state.not_in(UNANSWERED), Violation.gone_run_id.is_not(None)))
    return chosen.where(Violation.gone_run_id.is_(None)) if wanted.standing else chosen


def _line(row: Row[Any], *, with_subjects: bool = False) -> ViolationLine:
    violation, seen, unit, result, excused, last, *subjects = tuple(row)
    cell = ViolationFigures.kept(None if result.id is None else result)
    gone = seen.change is ViolationChange.GONE
    return ViolationLine(
        violation.id,
        violation.key,
        violation.pack,
        violation.rule,
        unit_ref(unit),
        Period.parse(violation.period),
        violation.severity,
        violation.state,
        seen.change,
        cell.numerator,
        cell.denominator,
        cell.value,
        cell.comparison,
        cell.target,
        cell.shortfall,
        violation.answer_due,
        seen.run_id,
        last.run_id,
        violation.first_run_id,
        violation.revision,
        (excused or {}).get("waiver") if gone else None,
        cell.figures,
        cell.judged_as,
        last.head,
        seen_of(*subjects) if with_subjects else (),
    )
