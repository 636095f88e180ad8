"""What earlier checks found, as facts: for how many periods on end a unit has broken a rule."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from app.compliance.models import CheckResult, CheckRun
from app.core.facts import Fact, FactQuery, register
from app.core.periods import Period
from app.organisation.models import Unit
from app.rulepacks.language import Status
from app.rulepacks.premises import EARLIER_FAILURE

LONGEST = 24
"""Periods looked back at most."""

Cell = tuple[str, str, int]
"""Pack, rule and unit (its id)."""


def earlier_failures(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact for each rule that a unit broke in the period before, with the periods on end for which it did.

    Of each period the latest result of a rule and unit counts; a period in which it was not judged ends the row.
    """
    broken: dict[Cell, list[str]] = {}
    going_on: set[Cell] = set()
    period = query.period
    for back in range(LONGEST):
        period = period.previous()
        failed = _failed(connection, query, period)
        going_on = failed if back == 0 else failed & going_on
        if not going_on:
            break
        for cell in going_on:
            broken.setdefault(cell, []).append(period.key)
    units = select(Unit.id, Unit.code).where(Unit.site == query.site)
    codes = {row.id: row.code for row in connection.execute(units)}
    for (pack, rule, unit_id), keys in sorted(broken.items()):
        if query.units is None or codes[unit_id] in query.units:
            yield {
                "kind": EARLIER_FAILURE.name,
                "unit": codes[unit_id],
                "period": query.period.key,
                "subject": f"{pack}/{rule}",
                "periods": len(keys),
                "listed": ", ".join(keys),
            }


def _failed(connection: Connection, query: FactQuery, period: Period) -> set[Cell]:
    """What failed in a period, by the latest run that judged it."""
    cell = (CheckResult.pack, CheckResult.rule, CheckResult.unit_id)
    runs = select(CheckRun.id).where(CheckRun.site == query.site, CheckRun.period == period.key)
    results = select(*cell, func.max(CheckResult.run_id)).where(CheckResult.run_id.in_(runs)).group_by(*cell)
    found = connection.execute(results.where(CheckResult.status == Status.FAIL)).all()
    failed = {(pack, rule, unit_id): run_id for pack, rule, unit_id, run_id in found}
    if len(connection.execute(runs).all()) > 1:
        latest = {(pack, rule, unit_id): run_id for pack, rule, unit_id, run_id in connection.execute(results)}
        failed = {key: run_id for key, run_id in failed.items() if latest[key] == run_id}
    return set(failed)


register(EARLIER_FAILURE, earlier_failures)
