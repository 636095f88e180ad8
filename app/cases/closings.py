"""What the engine is told of closing cases on the software once they have their result (Bắc Giang's footnote 4).

Two faults, told apart. Who had the result in time and let the due time pass without closing: `case_not_closed`, named
behind the figures of the kind `closing`. Who did not close “ngay”, on the working day of the result: `case_result`,
whether or not there was time left until the case was due. Who was merely late is neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import Select, and_, column, func, select, union_all, values
from sqlalchemy.engine import Connection

from app.cases import population
from app.cases.late import whose
from app.cases.models import Case
from app.core.calendar import WorkingCalendar
from app.core.fact_kinds import fact_kinds
from app.core.facts import Fact, FactQuery, register, register_source
from app.organisation.calendars import site_calendar
from app.organisation.lineage import AN_INSTANT, unit_codes
from app.organisation.models import Unit
from app.web.extensions import UtcDateTime

KINDS = fact_kinds("cases")
CASE_NOT_CLOSED = KINDS["case_not_closed"]
PROMPT_CLOSING = KINDS["prompt_closing"]
CASE_RESULT = KINDS["case_result"]
CASE_CLOSED = KINDS["case_closed"]


def register_facts() -> None:
    """Register every source of closings."""
    register(CASE_NOT_CLOSED, cases_not_closed)
    register_source([PROMPT_CLOSING, CASE_RESULT, CASE_CLOSED], closings)


def cases_not_closed(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per case that the figure `closing.not_closed` counts."""
    units, calendar = unit_codes(connection, query), site_calendar()
    then = whose(Case, query.as_of - AN_INSTANT, query, connection)
    closed, *still_open = population.not_closed_branches(query.start, query.end, query.as_of)
    rows = union_all(
        _shown(Case.unit_id, query, Case.late_after).where(*closed),
        *(_shown(then, query, Case.late_after).where(*each) for each in still_open),
    )
    for unit_id, code, result_at, ended_at, officer, late_after in _streamed(connection, rows):
        if unit_id not in units:
            continue
        ended = ended_at if population.done(ended_at, query.as_of) else None
        due_day, last_day = calendar.local_day(late_after), calendar.local_day(ended or query.as_of)
        yield CASE_NOT_CLOSED.fact(
            units[unit_id],
            query.period.key,
            subject=code,
            result_on=calendar.local_day(result_at).isoformat(),
            due=due_day.isoformat(),
            closed_on=last_day.isoformat() if ended else "",
            days_late=calendar.count_working_days(due_day, last_day),
            officer=officer,
        )


def closings(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """What was not closed on the working day of its result, case by case; the rest is counted for each unit."""
    units, calendar = unit_codes(connection, query), site_calendar()
    later: Counter[int] = Counter()
    for unit_id, code, result_at, ended_at, officer in _streamed(
        connection, _not_on_its_day(connection, query, units, calendar)
    ):
        if unit_id not in units:
            continue
        counted = calendar.counted_day(result_at)
        closed = calendar.local_day(ended_at) if population.done(ended_at, query.as_of) else None
        if closed is not None and closed <= counted:  # the result came after office hours, or on a day off
            continue
        unit, result_on = units[unit_id], calendar.local_day(result_at).isoformat()
        told = {"result_on": result_on, "counted_on": counted.isoformat(), "officer": officer}
        yield CASE_RESULT.fact(unit, query.period.key, subject=code, **told)
        if closed is not None:
            later[unit_id] += 1
            yield CASE_CLOSED.fact(unit, query.period.key, subject=code, closed_on=closed.isoformat())
    for unit_id, closed_cases in _closed(connection, query, units).items():
        at_once = closed_cases - later[unit_id]
        yield PROMPT_CLOSING.fact(units[unit_id], query.period.key, closed=closed_cases, at_once=at_once)


def _shown(unit: Any, query: FactQuery, *more: Any) -> Select[*tuple[Any, ...]]:
    columns = (unit.label("unit_id"), Case.code, Case.result_at, Case.ended_at, Case.officer, *more)
    return select(*columns).where(Case.site == query.site)


def _not_on_its_day(
    connection: Connection, query: FactQuery, units: Mapping[int, str], calendar: WorkingCalendar
) -> Any:
    """Closed in the period on a later day than that of the result, or not closed by `as_of` although there is one.

    Each branch is a range of the index of what ended, whatever the database knows of its rows: so the unit is named
    although it may be any, and the result is compared in a way in which its own index does not help. The first is
    looked for day by day: what a day closes is compared with its own beginning.
    """
    then = whose(Case, query.as_of - AN_INSTANT, query, connection)
    days = (
        values(column("begins", UtcDateTime), column("ends", UtcDateTime), name="of_days")
        .data(list(_days(query, calendar)))
        .cte("days")
    )
    on_a_day = and_(Case.ended_at >= days.c.begins, Case.ended_at < days.c.ends)
    later = (
        _shown(Case.unit_id, query)
        .join(days, on_a_day)
        .where(Case.unit_id.in_(units), population.known(Case.closed_at))
        .where(func.coalesce(Case.result_at, days.c.ends) < days.c.begins)
    )
    anybodys = _shown(then, query).where(Case.unit_id.in_(select(Unit.id).where(Unit.site == query.site)))
    still_open = anybodys.where(
        population.missing(Case.ended_at), func.coalesce(Case.result_at, query.as_of) < query.as_of
    )
    closed_since = anybodys.where(
        Case.ended_at >= query.as_of,
        population.known(Case.closed_at),
        func.coalesce(Case.result_at, Case.ended_at) < query.as_of,
    )
    return union_all(later, still_open, closed_since)


def _days(query: FactQuery, calendar: WorkingCalendar) -> Iterator[tuple[datetime, datetime]]:
    """The days of the period, as far as it is known: when each begins and ends (UTC)."""
    day, end = calendar.local_day(query.start), min(query.end, query.as_of)
    while (begins := calendar.start_of_day(day)) < end:
        day += timedelta(days=1)
        yield begins, min(calendar.start_of_day(day), end)


def _closed(connection: Connection, query: FactQuery, units: Iterable[int]) -> dict[int, int]:
    closed: Select[int, int] = (
        select(Case.unit_id, func.count())
        .where(
            Case.site == query.site,
            Case.unit_id.in_(units),
            population.between(Case.ended_at, query.start, min(query.end, query.as_of)),
            population.known(Case.closed_at),
            population.known(Case.result_at),
        )
        .group_by(Case.unit_id)
        .order_by(Case.unit_id)
    )
    return dict(connection.execute(closed).all())


def _streamed(connection: Connection, rows: Any) -> Iterator[Any]:
    found = connection.execution_options(yield_per=1000).execute(rows)
    return chain.from_iterable(found.partitions())


register_facts()
