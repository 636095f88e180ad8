"""A run at a glance: rules down, units across, and how many of each there are. Light rows: a month has thousands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from threading import Lock
from typing import Any

from sqlalchemy import Select, func, select

from app.compliance.models import CheckResult, CheckRun
from app.compliance.queries.runs import UnitRef, share, unit_ref
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.rulepacks.language import Status
from app.web.extensions import db

RuleKey = tuple[str, str]
"""Pack and rule."""


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """A result without its words and single things. `value` and `target` are exact shares."""

    status: Status
    numerator: int | None
    denominator: int | None
    value: Fraction | None
    comparison: str | None
    target: Fraction | None
    shortfall: int | None
    unknown: int | None
    due: date | None


@dataclass(frozen=True, slots=True)
class UnitTally:
    """A unit that a run judged, and how many of its results are of each status."""

    unit: UnitRef
    counts: Counter[Status]


def unit_tallies(scope: Scope, run: CheckRun) -> list[UnitTally]:
    """The units within the scope that the run judged, in the order of the tree."""
    counts, _by_rule = _tallies(scope, run)
    units = db.session.scalars(select(Unit).where(Unit.id.in_(counts)).order_by(Unit.path))
    return [UnitTally(unit_ref(unit), counts[unit.id]) for unit in units]


def rule_tallies(scope: Scope, run: CheckRun) -> dict[RuleKey, Counter[Status]]:
    """How many units within the scope each rule of the run found in each status."""
    return _tallies(scope, run)[1]


Tallies = tuple[dict[int, Counter[Status]], dict[RuleKey, Counter[Status]]]
_MOST_KEPT = 64
_kept: dict[tuple[object, ...], Tallies] = {}
"""Of runs looked at, by all that tells one from another: what a run found is never written again, and counting the
fifty thousand results of a large Department is most of its page."""
_keeping = Lock()  # several threads look at matrices at once


def told_by(scope: Scope, run: CheckRun) -> tuple[object, ...]:
    """All that tells what a reader may see of a run from what another may, of this or another run."""
    texts = (run.trail_hash, run.facts_hash, str(run.packs), str(run.units))
    return (str(db.engine.url), scope, run.id, run.finished_at, *texts)


def _tallies(scope: Scope, run: CheckRun) -> Tallies:
    key = told_by(scope, run)
    with _keeping:
        found = _kept.get(key)
    if found is None:
        found = _counted(scope, run.id)
        with _keeping:
            _kept[key] = found
            while len(_kept) > _MOST_KEPT:
                del _kept[next(iter(_kept))]
    return found


def _counted(scope: Scope, run_id: int) -> Tallies:
    by_unit: dict[int, Counter[Status]] = {}
    by_rule: dict[RuleKey, Counter[Status]] = {}
    r = CheckResult
    of_units = _of_run(scope, run_id, r.unit_id, r.status, func.count()).group_by(r.unit_id, r.status)
    for unit_id, status, number in db.session.execute(of_units):
        by_unit.setdefault(unit_id, Counter())[status] = number
    of_rules = _of_run(scope, run_id, r.pack, r.rule, r.status, func.count()).group_by(r.pack, r.rule, r.status)
    for pack, rule, status, number in db.session.execute(of_rules):
        by_rule.setdefault((pack, rule), Counter())[status] = number
    return by_unit, by_rule


def matrix_cells(
    scope: Scope, run_id: int, unit_ids: Collection[int], pack: str = ""
) -> dict[RuleKey, dict[int, MatrixCell]]:
    """The results of some of the units, by rule and by unit; of one pack only, if it is named."""
    r = CheckResult
    chosen = _of_run(
        scope,
        run_id,
        *(r.pack, r.rule, r.unit_id, r.status, r.numerator, r.denominator),
        r.figures["value"].as_string(),
        *(r.comparison, r.target, r.shortfall, r.unknown, r.due),
    ).where(r.unit_id.in_(unit_ids))
    if pack:
        chosen = chosen.where(r.pack == pack)
    found: dict[RuleKey, dict[int, MatrixCell]] = {}
    for name, rule, unit_id, status, top, bottom, value, comparison, target, *rest in db.session.execute(chosen):
        cell = MatrixCell(status, top, bottom, share(value), comparison, share(target), *rest)
        found.setdefault((name, rule), {})[unit_id] = cell
    return found


def _of_run(scope: Scope, run_id: int, *columns: Any) -> Select[*tuple[Any, ...]]:
    return select(*columns).where(
        CheckResult.site == scope.site, CheckResult.run_id == run_id, scope.within(CheckResult.unit_id)
    )
