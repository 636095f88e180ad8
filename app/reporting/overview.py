"""The Director's page: a month's state, the year's rates, who breaks most, what got worse, what waits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from flask import current_app
from sqlalchemy import select

from app.cases.explanations.queries import waiting_for_decision
from app.cases.lists import ListMoment, number_due
from app.compliance import warnings
from app.compliance.adoption import repository
from app.compliance.models import CheckRun
from app.compliance.months.queries import MonthLine, month, unsealed
from app.compliance.overview import (
    FailingCell,
    HeadlineRate,
    RatePoint,
    failing_rates,
    headline_rates,
    last_months,
    standing_runs,
    verdicts,
    worked_out,
)
from app.compliance.queries import UnitRef
from app.compliance.queries.runs import unit_ref
from app.compliance.queries.waivers import waivers_waiting
from app.compliance.violations.findings import figure_of
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar, today
from app.organisation.models import Unit
from app.reporting.warnings import DAYS
from app.rulepacks.language import Rule, Severity, Status
from app.web import extensions
from app.web.extensions import db

RATES = 5
UNITS = 10
"""Units that the ranking shows."""
WORSE = 8
"""Rules broken anew that the page names, each with at most so many units:"""
NAMED = 3


@cache
def wanted_rates() -> tuple[tuple[str, ...], ...]:
    """Which rates are charted: `headlines.yaml`."""
    text = Path(__file__).with_name("headlines.yaml").read_text(encoding="utf-8")
    return tuple(map(tuple, yaml.safe_load(text)))


@dataclass(frozen=True, slots=True)
class RankedUnit:
    """What a unit breaks in the month, by severity, and how much it broke in the month before (None: not checked)."""

    unit: UnitRef
    broken: Mapping[Severity, int]
    before: int | None

    @property
    def total(self) -> int:
        """How many rules it breaks."""
        return sum(self.broken.values())


@dataclass(frozen=True, slots=True)
class FallenRate:
    """A rate of the Department that is further from its target than in the month before."""

    rate: HeadlineRate
    before: RatePoint
    now: RatePoint


@dataclass(frozen=True, slots=True)
class NewlyBroken:
    """A rule that units break and did not break in the month before, though it was judged: the first of them, and how
    many there are. The same figure under several plans is told once."""

    pack: str
    rule: Rule
    units: Sequence[UnitRef]
    number: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for somebody's decision: explanations of overdue cases, answers to violations, waivers, months to
    be sealed."""

    explanations: int
    answers: int
    waivers: int
    unsealed: int

    @property
    def total(self) -> int:
        return self.explanations + self.answers + self.waivers + self.unsealed


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the running month warns of, in short; without a provisional check, cases alone."""

    period: Period
    run: CheckRun | None
    rates: int
    cases: int
    dues: int


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it. `run` is the one that stands for the month, `earlier` for the month before; None: not checked."""

    month: MonthLine
    run: CheckRun | None
    earlier: CheckRun | None
    months: Sequence[Period]
    rates: Sequence[HeadlineRate]
    units: Sequence[RankedUnit]
    units_in_all: int
    violations: int
    fallen: Sequence[FallenRate]
    worse: Sequence[NewlyBroken]
    worse_in_all: int
    waiting: Waiting
    ahead: Ahead


@dataclass(frozen=True, slots=True)
class _Figures:
    """What follows from the runs alone: units (ids) by what they break; the rules that broke anew with their units, the
    gravest first; how much each unit broke in the month before."""

    rates: Sequence[HeadlineRate]
    violations: int
    ranked: Sequence[tuple[int, Counter[Severity]]]
    worse: Sequence[tuple[str, Rule, Sequence[int]]]
    worse_in_all: int
    before: Counter[int] | None


def _figures(runs: Mapping[Period, CheckRun], period: Period) -> _Figures:
    run, earlier = runs.get(period), runs.get(period.previous())
    found = verdicts([each for each in (run, earlier) if each is not None])
    library = repository.packs_of(run) if run else {}
    rules = {(pack.id, rule.id): rule for pack, rule in repository.every_rule(library.values())}
    failing = found[run.id].failing if run else ()
    before = found[earlier.id] if earlier else None
    fresh: list[FailingCell] = []
    if before is not None:
        known = set(before.failing)
        fresh = [each for each in failing if each not in known and (each.pack, each.rule) in before.rules]
    return _Figures(
        headline_rates(runs, wanted_rates(), RATES),
        len(failing),
        _ranked(failing, rules),
        _worse(fresh, rules)[:WORSE],
        len(fresh),
        Counter(each.unit_id for each in before.failing) if before else None,
    )


def overview(scope: Scope, period: Period) -> Overview:
    """A month of the whole Department: a constant number of questions."""
    months = last_months(period)
    runs = standing_runs(scope, months)
    figures = worked_out(runs.values(), period.key, lambda: _figures(runs, period))
    ranked = figures.ranked[:UNITS]
    named = {unit_id for *_rule, ids in figures.worse for unit_id in ids[:NAMED]}
    units = _units(named | {unit_id for unit_id, _broken in ranked})
    line = month(period)
    return Overview(
        line,
        runs.get(period),
        runs.get(period.previous()),
        months,
        figures.rates,
        [
            RankedUnit(units[unit_id], broken, None if figures.before is None else figures.before[unit_id])
            for unit_id, broken in ranked
        ],
        len(figures.ranked),
        figures.violations,
        _fallen(figures.rates, period),
        [
            NewlyBroken(pack, rule, [units[unit_id] for unit_id in ids[:NAMED]], len(ids))
            for pack, rule, ids in figures.worse
        ],
        figures.worse_in_all,
        _waiting(scope, line),
        _ahead(scope),
    )


def _ranked(
    failing: Sequence[FailingCell], rules: Mapping[tuple[str, str], Rule]
) -> list[tuple[int, Counter[Severity]]]:
    """Units by what they break, the worst first: by the gravest, then the next, then the rest."""
    broken: dict[int, Counter[Severity]] = defaultdict(Counter)
    for cell in failing:
        rule = rules.get((cell.pack, cell.rule))
        broken[cell.unit_id][rule.severity if rule is not None else Severity.MINOR] += 1
    worst = list(Severity)[::-1]
    return sorted(broken.items(), key=lambda each: ([-each[1][severity] for severity in worst], each[0]))


def _worse(
    fresh: Sequence[FailingCell], rules: Mapping[tuple[str, str], Rule]
) -> list[tuple[str, Rule, Sequence[int]]]:
    """The rules that broke anew with the units (ids), the gravest first, then those of most units."""
    found: dict[object, tuple[str, Rule, dict[int, None]]] = {}
    for cell in fresh:
        rule = rules.get((cell.pack, cell.rule))
        if rule is not None:
            same = figure_of(rule) or (cell.pack, cell.rule)
            found.setdefault(same, (cell.pack, rule, {}))[2].setdefault(cell.unit_id)
    gravest = sorted(
        found.values(), key=lambda each: (-list(Severity).index(each[1].severity), -len(each[2]), each[1].id)
    )
    return [(pack, rule, tuple(ids)) for pack, rule, ids in gravest]


def _units(ids: set[int]) -> dict[int, UnitRef]:
    return {unit.id: unit_ref(unit) for unit in db.session.scalars(select(Unit).where(Unit.id.in_(ids)))}


def _fallen(rates: Sequence[HeadlineRate], period: Period) -> list[FallenRate]:
    found = []
    for rate in rates:
        before, now = rate.points.get(period.previous()), rate.points.get(period)
        if before is not None and now is not None:
            low_is_good = now.comparison in ("at_most", "less_than")
            if now.value > before.value if low_is_good else now.value < before.value:
                found.append(FallenRate(rate, before, now))
    return found


def _waiting(scope: Scope, line: MonthLine) -> Waiting:
    return Waiting(waiting_for_decision(scope), line.explained, waivers_waiting(scope), unsealed())


def _ahead(scope: Scope) -> Ahead:
    moment = ListMoment(site_calendar(), extensions.now(), current_app.config["SETTINGS"].paused_days)
    run, cases = warnings.provisional_run(scope), number_due(scope, moment, DAYS)
    if run is None:
        return Ahead(warnings.running_month(), None, 0, cases, 0)
    return Ahead(
        Period.parse(run.period),
        run,
        worked_out([run], "rates", lambda: failing_rates(run)),
        cases,
        worked_out([run], today(), lambda: len(warnings.falls_due(scope, run, repository.packs_of(run)))),
    )


# A rate over months as a drawing: where points, line and words lie (templates/components/chart.html). Pure.
#
# Readable in black and white: a filled point misses the target, a hollow one reaches it, a square was held against
# none.

LEFT, STEP = 10, 20
TOP, BOTTOM = 12, 76
"""Where a share of 1 and of 0 lie."""
LINE = 13
"""How far apart two words must lie to be read."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A month's point: `miss`, `hit` or `plain`, where it lies, and its share in words."""

    shape: str
    x: int
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`path` is the line, broken where nothing was counted; `marks` by month, None there. The last point says its share
    at `words_y`, the target its own at `target_y`; None where there is none."""

    path: str
    marks: tuple[Mark | None, ...]
    words_y: float | None
    target_y: float | None

    @property
    def last(self) -> Mark | None:
        return next((mark for mark in reversed(self.marks) if mark is not None), None)


def drawn(months: Sequence[Period], points: Mapping[Period, RatePoint], words: Callable[[RatePoint], str]) -> Chart:
    """The rate's points of those months."""
    marks = tuple(
        _mark(number, point, words(point)) if (point := points.get(month)) is not None else None
        for number, month in enumerate(months)
    )
    path, going_on = [], False
    for mark in marks:
        if mark is not None:
            path.append(f"{'L' if going_on else 'M'}{mark.x} {mark.y}")
        going_on = mark is not None
    last = next((points[month] for month in reversed(months) if month in points), None)
    if last is None:
        return Chart("", marks, None, None)
    own = _y(float(last.value))
    aim = _y(float(last.target)) if last.target is not None and last.target <= 1 else None
    return Chart(" ".join(path), marks, _beside(own, aim), aim)


def _mark(number: int, point: RatePoint, words: str) -> Mark:
    shape = "plain" if point.status is None else "miss" if point.status is Status.FAIL else "hit"
    return Mark(shape, LEFT + STEP * number, _y(float(point.value)), words)


def _y(share: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * min(max(share, 0.0), 1.0), 1)


def _beside(own: float, aim: float | None) -> float:
    """Where the share's words lie: at its point, but clear of the target's."""
    if aim is None or abs(own - aim) >= LINE:
        return own
    return aim + LINE if own >= aim else aim - LINE
