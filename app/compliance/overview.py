"""The year in figures: the runs that stand for its months, rates of the whole Department, what units break.

A run never changes: what is worked out of one is kept in memory, so that a month is read once by each process.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar, cast

from sqlalchemy import case, func, select

from app.compliance.adoption import repository
from app.compliance.adoption.repository import Library
from app.compliance.models import CheckResult, CheckRun
from app.compliance.queries.runs import runs_of, share
from app.compliance.violations.findings import figure_of
from app.core.periods import Period, PeriodKind
from app.organisation.access import Scope
from app.rulepacks.language import JudgedAs, Rule, Status
from app.rulepacks.pack import Pack
from app.web.extensions import db

MONTHS = 12
T = TypeVar("T")


class OfRuns(Generic[T]):
    """What was worked out of runs, the last used ones. A run is known by its number and its entry in the trail."""

    def __init__(self, most: int) -> None:
        self._most, self._known, self._lock = most, OrderedDict[Any, T](), Lock()

    def of(
        self, runs: Collection[CheckRun], also: object, work_out: Callable[[list[CheckRun]], Mapping[int, T]]
    ) -> dict[int, T]:
        """By the run's number; those that are not known are worked out together."""
        keys = {run.id: (run.site, run.id, run.trail_hash, also) for run in runs}
        with self._lock:
            found = {number: self._known[key] for number, key in keys.items() if key in self._known}
        missing = [run for run in runs if run.id not in found]
        fresh = work_out(missing) if missing else {}
        with self._lock:
            for number, key in keys.items():
                if number in fresh:
                    self._known[key] = fresh[number]
                if key in self._known:
                    self._known.move_to_end(key)
            while len(self._known) > self._most:
                self._known.popitem(last=False)
        return found | dict(fresh)


_worked_out: OrderedDict[object, Any] = OrderedDict()
_MOST_WORKED_OUT = 64
_worked_out_lock = Lock()


def worked_out(runs: Collection[CheckRun], also: object, work_out: Callable[[], T]) -> T:
    """What was worked out of these runs together and of `also`, the last used of all."""
    key = (tuple(sorted((run.site, run.id, run.trail_hash or "") for run in runs)), also)
    with _worked_out_lock:
        if key in _worked_out:
            _worked_out.move_to_end(key)
            return cast(T, _worked_out[key])
    found = work_out()
    with _worked_out_lock:
        _worked_out[key] = found
        while len(_worked_out) > _MOST_WORKED_OUT:
            _worked_out.popitem(last=False)
    return found


def last_months(last: Period) -> list[Period]:
    """Twelve months, that one the last."""
    months = [last]
    while len(months) < MONTHS:
        months.append(months[-1].previous())
    return months[::-1]


def standing_runs(scope: Scope, periods: Collection[Period]) -> dict[Period, CheckRun]:
    """The run that stands for each of the periods, where one of every pack and unit was made."""
    official = func.max(case((CheckRun.official, CheckRun.id)))
    standing = (
        select(func.coalesce(official, func.max(CheckRun.id)))
        .where(CheckRun.site == scope.site, CheckRun.period.in_([each.key for each in periods]), ~CheckRun.limited)
        .group_by(CheckRun.period)
    )
    runs = db.session.scalars(runs_of(scope).where(CheckRun.id.in_(standing)))
    return {Period.parse(run.period): run for run in runs}


# --- rates of the Department ------------------------------------------------------------------------------------


class RatePoint(NamedTuple):
    """A rate of a month, the Department's: how it stood, where one target is set for all of it."""

    numerator: int
    denominator: int
    comparison: str | None
    target: Fraction | None
    status: Status | None

    @property
    def value(self) -> Fraction:
        """The exact share."""
        return Fraction(self.numerator, self.denominator)


Wanted = Sequence[Sequence[str]]
"""Rates by the fields that they may count, the preferred field first."""


@dataclass(frozen=True, slots=True)
class HeadlineRate:
    """A rate over twelve months; `points` by month, without those in which nothing was counted."""

    pack: Pack
    rule: Rule
    points: Mapping[Period, RatePoint]


def headline_rates(runs: Mapping[Period, CheckRun], wanted: Wanted, most: int) -> list[HeadlineRate]:
    """The first of the wanted rates that the latest run's packs judge each month, over all of the runs: each month by
    the rule that its own packs had for the figure."""
    if not runs:
        return []
    latest = runs[max(runs)]
    chosen = [(fields, found) for fields in wanted if (found := _rule_of(repository.packs_of(latest), fields))][:most]
    names = tuple(tuple(fields) for fields, _found in chosen)
    points = _RATES.of(runs.values(), names, lambda missing: _read_rates(missing, names))
    return [
        HeadlineRate(
            pack,
            rule,
            {period: point for period, run in runs.items() if (point := points[run.id].get(tuple(fields))) is not None},
        )
        for fields, (pack, rule) in chosen
    ]


_RATES = OfRuns[Mapping[tuple[str, ...], RatePoint]](64)


def _rule_of(library: Library, fields: Sequence[str]) -> tuple[Pack, Rule] | None:
    """The rule that judges the figure each month: the first field's before the next one's, one about the Department as
    a whole before one about units alone."""
    found = [
        (fields.index(rule.rate.count[0]), rule.judge.whole is None, pack, rule)
        for pack, rule in repository.every_rule(library.values())
        if rule.rate is not None
        and rule.subject is None
        and PeriodKind.MONTH in rule.judge.every
        and len(rule.rate.count) == 1
        and rule.rate.count[0] in fields
    ]
    if not found:
        return None
    *_order, pack, rule = min(found, key=lambda each: each[:2])
    return pack, rule


def _read_rates(
    runs: list[CheckRun], wanted: Sequence[tuple[str, ...]]
) -> dict[int, Mapping[tuple[str, ...], RatePoint]]:
    asked: dict[int, dict[tuple[str, str], tuple[str, ...]]] = {}
    for run in runs:
        library = repository.packs_of(run)
        rules = ((fields, _rule_of(library, fields)) for fields in wanted)
        asked[run.id] = {(found[0].id, found[1].id): fields for fields, found in rules if found is not None}
    judged_as = CheckResult.figures["judged_as"].as_string()
    columns = (CheckResult.run_id, CheckResult.pack, CheckResult.rule, CheckResult.numerator, CheckResult.denominator)
    chosen = select(*columns, CheckResult.comparison, CheckResult.target, CheckResult.status, judged_as).where(
        CheckResult.run_id.in_(asked),
        CheckResult.rule.in_({rule for each in asked.values() for _pack, rule in each}),
        CheckResult.denominator > 0,
    )
    cells: dict[int, dict[tuple[str, ...], list[Any]]] = {run_id: defaultdict(list) for run_id in asked}
    for run_id, pack, rule, *figures in db.session.execute(chosen):
        if (fields := asked[run_id].get((pack, rule))) is not None:
            cells[run_id][fields].append(figures)
    return {run_id: {fields: _point(rows) for fields, rows in of.items()} for run_id, of in cells.items()}


def _point(rows: Sequence[Sequence[Any]]) -> RatePoint:
    """Of the units' results, that of the Department as a whole; where none is, the sum of all."""
    whole = next((row for row in rows if row[5] == JudgedAs.WHOLE), None)
    if whole is not None:
        numerator, denominator, comparison, target, status, _as = whole
        return RatePoint(numerator, denominator, comparison, share(target), status)
    numerator, denominator = (sum(row[number] for row in rows) for number in (0, 1))
    targets = {(row[2], row[3]) for row in rows}
    if len(targets) != 1:
        return RatePoint(numerator, denominator, None, None, None)
    ((comparison, told),) = targets
    target = share(told)
    return RatePoint(numerator, denominator, comparison, target, _status(comparison, target, numerator, denominator))


def _status(comparison: str | None, target: Fraction | None, numerator: int, denominator: int) -> Status | None:
    if target is None:
        return None
    value = Fraction(numerator, denominator)
    kept = {
        "at_least": value >= target,
        "more_than": value > target,
        "at_most": value <= target,
        "less_than": value < target,
    }
    return Status.PASS if kept[comparison or ""] else Status.FAIL


# --- what units break -------------------------------------------------------------------------------------------


class FailingCell(NamedTuple):
    """A failing cell."""

    pack: str
    rule: str
    unit_id: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Of a run: the cells that fail, and which rules were judged at all."""

    failing: tuple[FailingCell, ...]
    rules: frozenset[tuple[str, str]]


_VERDICTS = OfRuns[Verdicts](8)


def verdicts(runs: Collection[CheckRun]) -> dict[int, Verdicts]:
    return _VERDICTS.of(runs, None, _read_verdicts)


def _read_verdicts(runs: list[CheckRun]) -> dict[int, Verdicts]:
    judged_as = CheckResult.figures["judged_as"].as_string()
    columns = (CheckResult.run_id, CheckResult.pack, CheckResult.rule, CheckResult.unit_id, judged_as)
    failing: dict[int, list[FailingCell]] = defaultdict(list)
    rows = select(*columns).where(CheckResult.run_id.in_([run.id for run in runs]), CheckResult.status == Status.FAIL)
    for run_id, pack, rule, unit_id, told in db.session.execute(rows.order_by(CheckResult.id)):
        failing[run_id].append(FailingCell(pack, rule, unit_id, told == JudgedAs.WHOLE))
    return {
        run.id: Verdicts(
            tuple(failing[run.id]),
            frozenset((pack.id, rule.id) for pack, rule in repository.every_rule(repository.packs_of(run).values())),
        )
        for run in runs
    }


def failing_rates(run: CheckRun) -> int:
    """How many rates of units fail in a run, the same figure under several plans counted once."""
    library = repository.packs_of(run)
    found = set()
    for cell in verdicts([run])[run.id].failing:
        rule = repository.rule_in(library, cell.pack, cell.rule)
        if rule is not None and rule.rate is not None and rule.subject is None:
            found.add((cell.unit_id, cell.whole, figure_of(rule)))
    return len(found)
