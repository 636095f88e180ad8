"""What the publications room tells the engine: steps with their days, checks of the catalogue, reviews.

Everything is told as it stood at the end of the period's last day, or of today while the period runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from app.facts import Fact, FactQuery, register
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.publications import check_queries, queries, review_queries
from app.publications.fact_kinds import CATALOGUE_CHECK, PUBLICATION_STEP, REVIEW, REVIEWS

_INSTANT = timedelta(microseconds=1)


def publication_steps(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per step and unit that answers for it: finished in the period, or open at its end."""
    calendar = site_calendar()
    found = queries.running_steps(connection, query.site, query.period.first, _last_day(query), calendar)
    for step in found:
        if query.units is not None and step.unit not in query.units:
            continue
        yield _fact(
            PUBLICATION_STEP.name,
            step.unit,
            query,
            subject=f"{step.code}/{step.clock.step}",
            track=step.track.value,
            step=step.clock.step.value,
            decision=step.decision,
            started=step.clock.started_on is not None,
            finished=step.clock.ended_on is not None,
            working_days=step.clock.working_days,
            calendar_days=step.clock.calendar_days,
            working_days_on_arrival=step.on_arrival[0],
            calendar_days_on_arrival=step.on_arrival[1],
        )


def catalogue_checks(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per unit in being in the period."""
    codes = _codes(connection, query)
    found = check_queries.totals(connection, query.site, query.period.first, _last_day(query), site_calendar())
    for unit_id, counted in found.items():
        if unit_id in codes:
            yield _fact(CATALOGUE_CHECK.name, codes[unit_id], query, **asdict(counted))


def reviews(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per unit with procedures in force or reviewed in the year."""
    codes = _codes(connection, query)
    for unit_id, counted in review_queries.totals(connection, query.site, _last_day(query)).items():
        if unit_id in codes:
            yield _fact(REVIEWS.name, codes[unit_id], query, **asdict(counted), fields_cut=counted.fields_cut)


def restructured(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per procedure restructured in the period."""
    codes = _codes(connection, query)
    for one in review_queries.restructured(connection, query.site, query.period.first, _last_day(query)):
        if one.unit_id in codes:
            figures = {
                "fields_before": one.fields_before,
                "fields_after": one.fields_after,
                "fields_cut": one.fields_cut,
            }
            yield _fact(REVIEW.name, codes[one.unit_id], query, subject=one.code, **figures)


def _last_day(query: FactQuery) -> date:
    """The last day that is known: of the period, or before `as_of` where that is earlier."""
    return min(query.period.last, site_calendar().local_day(query.as_of - _INSTANT))


def _codes(connection: Connection, query: FactQuery) -> dict[int, str]:
    found = select(Unit.id, Unit.code).where(Unit.site == query.site)
    if query.units is not None:
        found = found.where(Unit.code.in_(query.units))
    return {row.id: row.code for row in connection.execute(found)}


def _fact(kind: str, unit: str, query: FactQuery, **values: Any) -> Fact:
    return {"kind": kind, "unit": unit, "period": query.period.key, **values}


register(PUBLICATION_STEP, publication_steps)
register(CATALOGUE_CHECK, catalogue_checks)
register(REVIEWS, reviews)
register(REVIEW, restructured)
