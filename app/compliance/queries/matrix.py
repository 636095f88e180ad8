"""A run at a glance: rules down, units across, and how many of each there are. Light rows: a month has thousands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, func, select

from app.compliance.models import CheckResult
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


def unit_tallies(scope: Scope, run_id: int) -> list[UnitTally]:
    """The units within the scope that the run judged, in the order of the tree."""
    counted = _of_run(scope, run_id, CheckResult.unit_id, CheckResult.status, func.count())
    counts: dict[int, Counter[Status]] = {}
    for unit_id, status, number in db.session.execute(counted.group_by(CheckResult.unit_id, CheckResult.status)):
        counts.setdefault(unit_id, Counter())[status] = number
    units = db.session.scalars(select(Unit).where(Unit.id.in_(counts)).order_by(Unit.path))
    return [UnitTally(unit_ref(unit), counts[unit.id]) for unit in units]


def rule_tallies(scope: Scope, run_id: int) -> dict[RuleKey, Counter[Status]]:
    """How many units within the scope each rule of the run found in each status."""
    columns = (CheckResult.pack, CheckResult.rule, CheckResult.status)
    counts: dict[RuleKey, Counter[Status]] = {}
    for pack, rule, status, number in db.session.execute(
        _of_run(scope, run_id, *columns, func.count()).group_by(*columns)
    ):
        counts.setdefault((pack, rule), Counter())[status] = number
    return counts


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
