"""What the report of a period's check tells, as the official run and what was answered since have it; and whether its
figures add up, and what breaks the sum where they do not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table, select

from app.cases.explanations.models import ExplanationState
from app.cases.explanations.queries import state_counts
from app.cases.lists import Window
from app.compliance import queries
from app.compliance.adoption import repository
from app.compliance.adoption.repository import Library
from app.compliance.models import MonthClosing, RunStanding, Violation, ViolationMove, ViolationState
from app.compliance.months import queries as closings
from app.compliance.queries import ResultRow, UnitRef, ViolationFilter, ViolationLine
from app.compliance.violations.raising import standing_of
from app.compliance.warnings import running_month
from app.core.errors import DomainError, NotFound
from app.core.periods import Period
from app.organisation.access import Scope, site
from app.organisation.calendars import site_calendar
from app.reporting.warnings import EarlyWarnings, early_warnings
from app.rulepacks.language import JudgedAs, Rule, Status
from app.rulepacks.pack import Pack
from app.tasks.models import PlanTask, PlanTaskUnit
from app.tasks.queries import TaskFilters, all_task_lines
from app.web import extensions
from app.web.due import kept, missed
from app.web.extensions import db

# Whether the figures of a report add up, and what breaks the sum where they do not. Pure.

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Imbalance:
    """A sum that does not come out. `cells` are the results (pack, rule, unit) that break it."""

    said: DomainError
    cells: tuple[tuple[str, str, str], ...] = ()


def imbalances(
    results: Sequence[ResultRow], violations: Sequence[ViolationLine], answered: bool = True
) -> Iterator[Imbalance]:
    """Failing results and violations are the same cells (where the period asks for answers); the Department's figure is
    the sum of its parts."""
    if answered:
        yield from _same_cells(results, violations)
    yield from _wholes(results)


def _same_cells(results: Sequence[ResultRow], violations: Sequence[ViolationLine]) -> Iterator[Imbalance]:
    failing = {result.key for result in results if result.status is Status.FAIL}
    raised = {(line.pack, line.rule, line.unit.code) for line in violations}
    if lost := sorted(failing - raised):
        told: dict[str, Any] = {"failing": len(failing), "violations": len(raised), "cells": _named(lost)}
        yield Imbalance(
            DomainError(
                "Kết quả không đạt là %(failing)s, vi phạm là %(violations)s; không đạt mà không có vi phạm: "
                "%(cells)s.",
                **told,
            ),
            tuple(lost),
        )
    if more := sorted(raised - failing):
        told = {"failing": len(failing), "violations": len(raised), "cells": _named(more)}
        yield Imbalance(
            DomainError(
                "Kết quả không đạt là %(failing)s, vi phạm là %(violations)s; có vi phạm mà kết quả không phải là "
                "không đạt: %(cells)s.",
                **told,
            ),
            tuple(more),
        )


def _wholes(results: Sequence[ResultRow]) -> Iterator[Imbalance]:
    parts: dict[tuple[str, str], list[ResultRow]] = defaultdict(list)
    for result in results:
        if result.judged_as is JudgedAs.PART:
            parts[result.pack, result.rule].append(result)
    for whole in results:
        of_units = parts.get((whole.pack, whole.rule), [])
        if whole.judged_as is not JudgedAs.WHOLE or whole.denominator is None or not of_units:
            continue
        sums = sum(part.numerator or 0 for part in of_units), sum(part.denominator or 0 for part in of_units)
        if sums != (whole.numerator, whole.denominator):
            yield Imbalance(
                DomainError(
                    "%(rule)s: cả Sở %(n)s / %(d)s, cộng các đơn vị %(sum_n)s / %(sum_d)s (%(units)s).",
                    rule=whole.rule.upper(),
                    n=whole.numerator,
                    d=whole.denominator,
                    sum_n=sums[0],
                    sum_d=sums[1],
                    units=_listed(of_units),
                ),
                (whole.key, *(each.key for each in of_units)),
            )


def _listed(parts: Sequence[ResultRow]) -> str:
    shown = [f"{each.unit} {each.numerator or 0} / {each.denominator or 0}" for each in parts[:MOST_NAMED]]
    return ", ".join(shown) + (" …" if len(parts) > MOST_NAMED else "")


def _named(cells: Sequence[tuple[str, str, str]]) -> str:
    shown = [f"{rule.upper()} {unit}" for _pack, rule, unit in cells[:MOST_NAMED]]
    return ", ".join(shown) + (" …" if len(cells) > MOST_NAMED else "")


# What the report of a period's check tells, as the official run and what was answered since have it.

ANSWERS = (ViolationState.EXPLAINED, ViolationState.ACCEPTED, ViolationState.RETURNED, ViolationState.REMEDIED)


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody wrote about a violation, and to what it led."""

    at: datetime
    actor: str
    to: ViolationState
    reason: str


@dataclass(frozen=True, slots=True)
class AnnexTask:
    """A unit's task of a plan's annex, as it stood when the period ended."""

    task_id: int
    plan: str
    number: str
    text: str
    unit: str
    due: date
    submitted: date | None
    overdue: bool
    """Its last day had passed and nothing was handed in."""

    @property
    def late(self) -> bool:
        """Handed in after its last day."""
        return self.submitted is not None and missed(self.due, self.submitted)


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """Everything that the report says. `results` come unit after unit; `steps` by violation, the earliest first."""

    period: Period
    run_id: int
    as_of: datetime
    standing: RunStanding
    closing: MonthClosing | None
    library: Library
    results: Sequence[ResultRow]
    violations: Sequence[ViolationLine]
    steps: Mapping[int, Sequence[Step]] = field(default_factory=dict)
    explanations: Mapping[ExplanationState, int] = field(default_factory=dict)
    tasks: Sequence[AnnexTask] = ()
    before: Counter[Status] | None = None
    """The period before, by its standing run; None where it was never checked."""
    findings: Sequence[Mapping[str, object]] = ()
    """Facts of the run that contradict each other."""
    warnings: EarlyWarnings | None = None
    """Of the running month, where it is the one after this period."""

    @property
    def is_draft(self) -> bool:
        """Only the official run of a closed period makes a report that may be sent."""
        return self.closing is None or self.standing is not RunStanding.OFFICIAL

    @property
    def counts(self) -> Counter[Status]:
        """How many results of each status."""
        return Counter(result.status for result in self.results)

    @property
    def units(self) -> list[UnitRef]:
        """The units judged, in the order of the tree."""
        return list({result.unit: result.place for result in self.results}.values())

    def by_plan(self) -> list[tuple[Pack, Counter[Status]]]:
        """Each plan with how many results of each status."""
        found: dict[str, Counter[Status]] = defaultdict(Counter)
        for result in self.results:
            found[result.pack][result.status] += 1
        return [(pack, found[pack.id]) for pack in self.library.values() if pack.id in found]

    def by_unit(self) -> dict[str, Counter[Status]]:
        """The same by unit."""
        found: dict[str, Counter[Status]] = defaultdict(Counter)
        for result in self.results:
            found[result.unit][result.status] += 1
        return found

    def states(self) -> dict[str, Counter[ViolationState]]:
        """How far the violations of each unit are answered."""
        found: dict[str, Counter[ViolationState]] = defaultdict(Counter)
        for line in self.violations:
            found[line.unit.code][line.state] += 1
        return found

    def rule(self, pack: str, rule: str) -> Rule | None:
        """The rule as the run judged by it."""
        return repository.rule_in(self.library, pack, rule)


def figures(scope: Scope, period: Period) -> MonthFigures:
    """Gathered from the run that stands for the period. NotFound where it was never checked."""
    closing = closings.standing(period)
    run = queries.the_run(scope, closing.run_id) if closing else queries.latest_run(scope, period)
    if run is None:
        raise NotFound("%(period)s chưa được kiểm tra: hãy kiểm tra rồi lập báo cáo.", period=period.label("vi"))
    earlier = queries.latest_run(scope, period.previous())
    return MonthFigures(
        period,
        run.id,
        run.as_of,
        standing_of(run),
        closing,
        repository.packs_of(run),
        queries.results_of(scope, run.id),
        _violations(scope, period),
        _steps(period),
        overdue_explained(scope, period),
        annex_tasks(scope, period),
        queries.counts_of(scope, [earlier.id]).get(earlier.id, Counter()) if earlier is not None else None,
        run.findings,
        early_warnings(scope) if period.next() == running_month() else None,
    )


def _violations(scope: Scope, period: Period) -> list[ViolationLine]:
    wanted = ViolationFilter(period=period.key, standing=True)
    return queries.violation_page(scope, wanted, limit=1_000_000).rows[::-1]


def _steps(period: Period) -> dict[int, list[Step]]:
    table = ViolationMove.__table__
    assert isinstance(table, Table)
    chosen = (
        select(table.c.violation_id, table.c.at, table.c.actor, table.c.to_state, table.c.reason)
        .join(Violation, Violation.id == table.c.violation_id)
        .where(Violation.site == site(), Violation.period == period.key)
        .order_by(table.c.id)
    )
    found: dict[int, list[Step]] = defaultdict(list)
    for violation_id, *step in db.session.execute(chosen):
        found[violation_id].append(Step(*step))
    return found


def overdue_explained(scope: Scope, period: Period) -> dict[ExplanationState, int]:
    """How far the overdue cases of the period are explained."""
    return state_counts(scope, Window.of(period, site_calendar().zone, extensions.now()))


def annex_tasks(scope: Scope, period: Period) -> list[AnnexTask]:
    """What the plans' own annexes owe by the end of the period after this one, and had not seen done before it."""
    last = period.last
    told = []
    for line in all_task_lines(scope, TaskFilters(today=last, due_to=period.next().last)):
        part, due = line.part, line.due_on
        if part is None or due is None:
            continue
        submitted = part.submitted_on if part.submitted_on and part.submitted_on <= last else None
        if submitted is None or submitted >= period.first or kept(due, period.first):
            told.append(_task(line.task, part, due, submitted, last))
    return told


def _task(task: PlanTask, part: PlanTaskUnit, due: date, submitted: date | None, last: date) -> AnnexTask:
    overdue = submitted is None and missed(due, last)
    return AnnexTask(task.id, task.plan, task.number, task.text, part.unit.name, due, submitted, overdue)
