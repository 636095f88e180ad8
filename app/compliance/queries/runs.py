"""Runs of the check and what they say of each unit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, and_, bindparam, case, cast, func, null, or_, select
from sqlalchemy.orm import aliased, defer, undefer

from app.compliance.evaluation.results import AppliedWaiver, SubjectLine, SubjectResult, day_of
from app.compliance.models import (
    CheckResult,
    CheckRun,
    RunStanding,
    RunViolation,
    Violation,
    ViolationChange,
    ViolationState,
    ViolationSubject,
)
from app.compliance.runs import evidence
from app.compliance.violations.cells import SeenSubject, ViolationFigures, result_of_violation, seen_of, things_of
from app.compliance.violations.raising import standing_of
from app.core.errors import NotFound
from app.core.facts import Fact
from app.core.periods import Period, PeriodKind
from app.organisation.access import Scope
from app.organisation.calendars import today
from app.organisation.models import Unit
from app.rulepacks.compiler import RuleOutcome
from app.rulepacks.language import JudgedAs, Severity, Status, SubjectState
from app.web.extensions import db
from app.web.keyset import Keyset
from app.web.once import once

PAGE = 30


@dataclass(frozen=True, slots=True)
class UnitRef:
    """A unit as lists name it. `depth` is its place below the root of the tree (0)."""

    id: int
    code: str
    name: str
    name_en: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What one rule says of one unit in one run. `value` and `target` are exact shares."""

    pack: str
    rule: str
    unit: str
    """The unit's code."""
    place: UnitRef
    status: Status
    reason: str
    numerator: int | None
    denominator: int | None
    value: Fraction | None
    comparison: str | None
    target: Fraction | None
    shortfall: int | None
    facts: dict[str, Any]
    waiver: AppliedWaiver | None = None
    """By which waiver it is excused, if it is."""
    tally: Mapping[str, int] = field(default_factory=dict)
    """Of a rule about single things, how many had each outcome."""
    unknown: int | None = None
    due: date | None = None
    """The last day of what is pending, the earliest where several things are."""
    subjects: tuple[SubjectLine, ...] = ()
    """The single things and how each stands, where they were asked for."""
    judged_as: JudgedAs | None = None
    """Where the rule is about the Department as a whole: whether this is the whole, or a unit's own part."""
    remarks: tuple[SubjectResult, ...] = ()
    """The single things that are remarked on."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Pack, rule and unit: the same cell of any run."""
        return self.pack, self.rule, self.unit


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a list. `counts` are its results within the scope, by status."""

    id: int
    period: Period
    started_at: datetime
    finished_at: datetime
    actor: str
    packs: tuple[str, ...]
    units: tuple[str, ...] | None
    limited: bool
    standing: RunStanding
    counts: Counter[Status] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class RunPage:
    """Runs, newest first; `before` and `after` are the cursors of the pages beside it, None at an end."""

    rows: list[RunLine]
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Sighted:
    """A violation as one run saw it; of one that it no longer found, the figures of the run that last did."""

    id: int
    key: str
    pack: str
    rule: str
    unit: str
    """The unit's code."""
    place: UnitRef
    period: str
    severity: Severity
    state: ViolationState
    """Today's."""
    change: ViolationChange
    cell: ViolationFigures
    head: str
    subjects: tuple[SeenSubject, ...] = ()
    """Its single things, where they were asked for."""
    states: Mapping[str, ViolationState] = field(default_factory=dict)
    """How far each of them is answered today."""


@lru_cache(maxsize=4096)
def share(text: str | None) -> Fraction | None:
    """An exact share as it is kept: "7/20"."""
    return None if text is None else Fraction(text)


# --- runs -----------------------------------------------------------------------------------------------------


def runs_of(scope: Scope) -> Select[CheckRun]:
    """Runs without the facts they keep, which may be megabytes."""
    return select(CheckRun).where(CheckRun.site == scope.site).options(defer(CheckRun.facts, raiseload=True))


def the_run(scope: Scope, run_id: int) -> CheckRun:
    run = db.session.scalar(runs_of(scope).where(CheckRun.id == run_id))
    if run is None:
        raise NotFound("Không có lần kiểm tra số %(run)s.", run=run_id)
    return run


def judged_periods(scope: Scope) -> list[Period]:
    """The periods that have been checked, the latest first."""
    keys = once("judged periods", lambda: db.session.scalars(_PERIODS, {"site": scope.site}).all())
    return sorted(map(Period.parse, keys), reverse=True)


_PERIODS = select(CheckRun.period).where(CheckRun.site == bindparam("site")).distinct()


def latest_run(scope: Scope, period: Period | None = None) -> CheckRun | None:
    """The run that stands for a period: the official one, else the last one of every pack and unit, else the last of
    any part.

    Without a period, that of the latest month checked among those that are over: a month that runs only warns. Where
    none is over, of the one that runs; where there is no month, of the latest period.
    """
    if period is None:
        judged, now = judged_periods(scope), today()
        months = [known for known in judged if known.kind is PeriodKind.MONTH]
        period = next((known for known in months if known.is_over(now)), next(iter(months or judged), None))
        if period is None:
            return None
    return db.session.scalar(_standing_run(scope), {"period": period.key})


@lru_cache(maxsize=64)
def _standing_run(scope: Scope) -> Select[CheckRun]:
    of_period = runs_of(scope).where(CheckRun.period == bindparam("period"))
    return of_period.order_by(CheckRun.official.desc(), CheckRun.limited, CheckRun.id.desc()).limit(1)


def run_before(scope: Scope, run: CheckRun) -> CheckRun | None:
    """The run before it of the same period (for a run of everything: of everything), else the one that stands for
    the period before."""
    earlier = runs_of(scope).where(CheckRun.period == run.period, CheckRun.id < run.id)
    if not run.limited:
        earlier = earlier.where(~CheckRun.limited)
    found = db.session.scalar(earlier.order_by(CheckRun.id.desc()).limit(1))
    return found or latest_run(scope, Period.parse(run.period).previous())


def runs_to_choose(scope: Scope, *, among: Collection[int] = (), most: int = 60) -> Sequence[CheckRun]:
    """The latest runs, and those `among` them in any case, the latest first: to lay two of them side by side."""
    latest = select(CheckRun.id).where(CheckRun.site == scope.site).order_by(CheckRun.id.desc()).limit(most)
    chosen = runs_of(scope).where(or_(CheckRun.id.in_(latest), CheckRun.id.in_(among)))
    return db.session.scalars(chosen.order_by(CheckRun.id.desc())).all()


def newer_part(scope: Scope, run: CheckRun) -> CheckRun | None:
    """The last run of a part of the same period since then, if there is one."""
    later = runs_of(scope).where(CheckRun.period == run.period, CheckRun.id > run.id, CheckRun.limited)
    return db.session.scalar(later.order_by(CheckRun.id.desc()).limit(1))


def run_page(
    scope: Scope,
    period: Period | None = None,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = PAGE,
) -> RunPage:
    """A page of runs by key, newest first: those after run `after`, or before run `before`."""
    chosen = runs_of(scope)
    if period is not None:
        chosen = chosen.where(CheckRun.period == period.key)
    keyset = Keyset(after, before, limit)
    runs, *beside = keyset.lines(db.session.scalars(keyset.cut(chosen, CheckRun.id)).all(), lambda run: run.id)
    counts = counts_of(scope, [run.id for run in runs])
    return RunPage([line_of(run, counts.get(run.id)) for run in runs], *beside)


def line_of(run: CheckRun, counts: Counter[Status] | None = None) -> RunLine:
    """A run as lists show it."""
    return RunLine(
        run.id,
        Period.parse(run.period),
        run.started_at,
        run.finished_at,
        run.actor,
        tuple(used["id"] for used in run.packs),
        None if run.units is None else tuple(run.units),
        run.limited,
        standing_of(run),
        counts or Counter(),
    )


def counts_of(scope: Scope, run_ids: Collection[int]) -> dict[int, Counter[Status]]:
    """How many results of each status, by run."""
    counted = (
        select(CheckResult.run_id, CheckResult.status, func.count())
        .where(CheckResult.run_id.in_(run_ids), scope.within(CheckResult.unit_id))
        .group_by(CheckResult.run_id, CheckResult.status)
    )
    counts: dict[int, Counter[Status]] = {}
    for run_id, status, number in db.session.execute(counted):
        counts.setdefault(run_id, Counter())[status] = number
    return counts


def evidence_of(scope: Scope, run: CheckRun) -> list[Fact]:
    """What the run was told of the units within the scope."""
    stored = db.session.scalar(select(CheckRun.facts).where(CheckRun.site == scope.site, CheckRun.id == run.id))
    told = evidence.unpack(stored or evidence.pack_away(""))
    if scope.unit_ids is None:
        return told
    codes = set(db.session.scalars(select(Unit.code).where(Unit.site == scope.site, scope.within(Unit.id))))
    return [fact for fact in told if fact["unit"] in codes]


# --- results --------------------------------------------------------------------------------------------------


def results_of(
    scope: Scope,
    run_id: int,
    *,
    status: Status | None = None,
    unit_id: int | None = None,
    with_subjects: bool = False,
) -> list[ResultRow]:
    """Every result of a run within the scope: unit after unit in the order of the tree; only those of a status or
    of a unit, if one is given. A month may name a hundred thousand single things: they come only where asked for."""
    chosen = results_within(scope, with_subjects=with_subjects).where(CheckResult.run_id == run_id)
    if status is not None:
        chosen = chosen.where(CheckResult.status == status)
    if unit_id is not None:
        chosen = chosen.where(CheckResult.unit_id == unit_id)
    rows = db.session.execute(chosen.order_by(Unit.path, CheckResult.id))
    return [result_row_of(row) for row in rows]


def units_judged(scope: Scope, run_id: int) -> int:
    """How many units within the scope a run judged."""
    judged = select(func.count(CheckResult.unit_id.distinct())).where(
        CheckResult.run_id == run_id, CheckResult.site == scope.site, scope.within(CheckResult.unit_id)
    )
    return db.session.scalar(judged) or 0


def result_of(scope: Scope, run_id: int, pack: str, rule: str, unit: str) -> ResultRow:
    """One cell. Raises NotFound, also for a unit outside the scope."""
    row = db.session.execute(
        results_within(scope, with_subjects=True).where(
            CheckResult.run_id == run_id, CheckResult.pack == pack, CheckResult.rule == rule, Unit.code == unit
        )
    ).first()
    if row is None:
        raise NotFound("Không có kết quả này trong lần kiểm tra %(run)s.", run=run_id)
    return result_row_of(row)


_TOLD = (
    CheckResult.pack,
    CheckResult.rule,
    CheckResult.status,
    CheckResult.numerator,
    CheckResult.denominator,
    CheckResult.comparison,
    CheckResult.target,
    CheckResult.shortfall,
    cast(CheckResult.figures, Text).label("figures"),
    CheckResult.unknown,
    CheckResult.due,
    Unit.id,
    Unit.code,
    Unit.name,
    Unit.name_en,
    Unit.path,
)
"""Columns and not rows of tables: fifty thousand results of a run are read at once."""


@lru_cache(maxsize=256)
def results_within(scope: Scope, *, with_subjects: bool = False) -> Select[Any]:
    """SQL: results of units within the scope, each with its unit, for `result_row_of`; of which runs, says who asks."""
    return (
        select(CheckResult.subjects if with_subjects else null().label("subjects"), *_TOLD)
        .join(Unit, Unit.id == CheckResult.unit_id)
        .where(CheckResult.site == scope.site, scope.within(CheckResult.unit_id))
    )


def result_row_of(row: Iterable[Any]) -> ResultRow:
    """What `results_within` selects, as pages show it."""
    subjects, pack, rule, status, numerator, denominator, comparison, target, shortfall, told, unknown, due, *unit = row
    figures, place = _figures(told), _place(*unit)
    return ResultRow(
        pack,
        rule,
        place.code,
        place,
        status,
        figures.get("reason", ""),
        numerator,
        denominator,
        share(figures.get("value")),
        comparison,
        share(target),
        shortfall,
        figures.get("facts", {}),
        figures.get("waiver"),
        figures.get("tally", {}),
        unknown,
        due,
        tuple(map(_subject, subjects or ())),
        judged_as_of(figures),
        tuple(map(_remark, figures.get("remarks", ()))),
    )


@lru_cache(maxsize=4096)
def _figures(text: str) -> dict[str, Any]:
    """Of a run's results most say one of a few hundred things. Nobody writes into what is given."""
    told: dict[str, Any] = json.loads(text)
    return told


@lru_cache(maxsize=4096)
def _place(id: int, code: str, name: str, name_en: str, path: str) -> UnitRef:
    return UnitRef(id, code, name, name_en, path.count("/") - 2)


def _subject(kept: Sequence[str | None]) -> SubjectLine:
    name, state, *days = kept
    return SubjectLine(str(name), SubjectState(str(state)), *map(day_of, days))


def judged_as_of(figures: Mapping[str, Any]) -> JudgedAs | None:
    """As what the unit was judged, by the figures that are kept of a result or of a violation."""
    return JudgedAs(told) if (told := figures.get("judged_as")) else None


def _remark(kept: Mapping[str, Any]) -> SubjectResult:
    return SubjectResult(kept["subject"], RuleOutcome(kept["outcome"]), kept["facts"], kept["details"])


def unit_ref(unit: Unit) -> UnitRef:
    """The unit as lists name it."""
    return _place(unit.id, unit.code, unit.name, unit.name_en, unit.path)


def trend(scope: Scope, result: ResultRow, period: Period, length: int = 6) -> list[tuple[Period, int, ResultRow]]:
    """The same cell in the periods before, the latest first: period, run and result. Periods never checked are
    left out."""
    earlier = []
    for _ in range(length):
        period = period.previous()
        earlier.append(period)
    latest = (
        select(CheckRun.period, func.max(CheckRun.id))
        .where(CheckRun.site == scope.site, CheckRun.period.in_([p.key for p in earlier]), ~CheckRun.limited)
        .group_by(CheckRun.period)
    )
    runs = dict(db.session.execute(latest).all())
    cells = (
        results_within(scope)
        .where(
            CheckResult.run_id.in_(runs.values()),
            CheckResult.unit_id == result.place.id,
            CheckResult.pack == result.pack,
            CheckResult.rule == result.rule,
        )
        .add_columns(CheckResult.run_id)
    )
    found = {run_id: result_row_of(row) for *row, run_id in db.session.execute(cells)}
    return [(p, runs[p.key], found[runs[p.key]]) for p in earlier if runs.get(p.key) in found]


def violation_behind(scope: Scope, run_id: int, result: ResultRow) -> Sighted | None:
    """The violation that a run found in a result, with its single things; None where nobody answers for it."""
    cell = (
        Violation.pack == result.pack,
        Violation.rule == result.rule,
        Violation.unit_id == result.place.id,
        RunViolation.change != ViolationChange.GONE,
    )
    return next(iter(_violations_in(scope, run_id, *cell, with_subjects=True)), None)


def violations_in(scope: Scope, run_id: int, *, with_subjects: bool = False) -> list[Sighted]:
    """The violations that a run opened, found again or no longer found, within the scope."""
    return _violations_in(scope, run_id, with_subjects=with_subjects)


def _violations_in(
    scope: Scope, run_id: int, *conditions: ColumnElement[bool], with_subjects: bool = False
) -> list[Sighted]:
    gone = RunViolation.change == ViolationChange.GONE
    spoken = aliased(RunViolation)  # by whose figures: the run itself, or the last that found it
    here = aliased(CheckResult)
    its_run = case((gone, Violation.last_run_id), else_=RunViolation.run_id)
    chosen = (
        select(RunViolation.change, Violation, Unit, CheckResult, spoken, here.figures.label("here"))
        .join(Violation, Violation.id == RunViolation.violation_id)
        .join(Unit, Unit.id == Violation.unit_id)
        .join(spoken, and_(spoken.violation_id == Violation.id, spoken.run_id == its_run))
        .outerjoin(CheckResult, result_of_violation(spoken.run_id))
        .outerjoin(here, result_of_violation(RunViolation.run_id, here))
        .where(RunViolation.site == scope.site, RunViolation.run_id == run_id, scope.within(Violation.unit_id))
        .where(*conditions)
        .order_by(RunViolation.id)
    )
    if with_subjects:
        chosen = chosen.options(undefer(spoken.subjects))
    rows = db.session.execute(chosen).all()
    states = _states([row[1].id for row in rows]) if with_subjects else {}
    return [_sighted(row, states.get(row[1].id, {}), with_subjects=with_subjects) for row in rows]


def _sighted(row: Row[Any], states: Mapping[str, ViolationState], *, with_subjects: bool) -> Sighted:
    change, violation, unit, result, spoken, here = tuple(row)
    seen = seen_of(spoken.subjects) if with_subjects else ()
    cell = ViolationFigures.kept(result, things_of(seen))
    if change is ViolationChange.GONE:
        seen = ()
        cell = replace(cell, waiver=(here or {}).get("waiver"))
    return Sighted(
        violation.id,
        violation.key,
        violation.pack,
        violation.rule,
        unit.code,
        unit_ref(unit),
        violation.period,
        violation.severity,
        violation.state,
        change,
        cell,
        spoken.head,
        seen,
        states,
    )


def _states(violation_ids: Sequence[int]) -> dict[int, dict[str, ViolationState]]:
    found: dict[int, dict[str, ViolationState]] = {}
    for start in range(0, len(violation_ids), 500):
        part = violation_ids[start : start + 500]
        columns = (ViolationSubject.violation_id, ViolationSubject.subject, ViolationSubject.state)
        for violation_id, name, state in db.session.execute(
            select(*columns).where(ViolationSubject.violation_id.in_(part))
        ):
            found.setdefault(violation_id, {})[name] = state
    return found
