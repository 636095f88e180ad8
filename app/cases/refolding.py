"""Whether what is derived from the events still says what they say: every case folded again and compared. Writes
nothing.

A case that has ended keeps the dates that were worked out by the calendar of its time: it is in order when its events
give them under one of the calendars that the site has had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import select

from app.calendar import WorkingCalendar
from app.cases.models import NUMBERED_BY, Case
from app.cases.rows import DERIVED, Row, case_row, derived_rows
from app.cases.service import Stored, events_of, stored_derived
from app.cases.terms import terms_of, versions_by_id
from app.cases.timeline import Event, Terms, project
from app.errors import DomainError
from app.extensions import db
from app.organisation.access import Scope
from app.organisation.calendars import past_calendars, site_calendar
from app.snapshot import session_snapshot

BATCH = 500  # cases in the hand at a time
_COLUMNS = ("id", "site", "code", "version_id", "unit_id", "online_payable", *DERIVED)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something stored that the events do not give. `number` is of the row in its table, None for the case's own;
    `field` is empty where a whole row is missing or too many."""

    case: str
    table: str
    number: int | None
    field: str
    stored: object
    folded: object


@dataclass(slots=True)
class Refolding:
    """How many cases were folded again so far."""

    cases: int = 0


def differences(scope: Scope, so_far: Refolding) -> Iterator[Difference]:
    """Go through every case of the site, some hundreds at a time, all as of one instant."""
    with session_snapshot():
        calendars = [site_calendar(), *past_calendars()]
        after = 0
        while cases := _next_cases(scope, after):
            after = cases[-1].id
            so_far.cases += len(cases)
            yield from _of_batch(cases, calendars)


def _next_cases(scope: Scope, after: int) -> list[SqlRow[Any]]:
    columns = (getattr(Case, name) for name in _COLUMNS)
    wanted = select(*columns).where(Case.site == scope.site, Case.id > after).order_by(Case.id).limit(BATCH)
    return list(db.session.execute(wanted))


def _of_batch(cases: list[SqlRow[Any]], calendars: list[WorkingCalendar]) -> Iterator[Difference]:
    ids = [case.id for case in cases]
    events, versions = events_of(ids), versions_by_id(case.version_id for case in cases)
    stored = stored_derived(ids)
    for case in cases:
        yield from _of_case(case, terms_of(versions[case.version_id]), events[case.id], stored[case.id], calendars)


def _of_case(
    case: SqlRow[Any],
    terms: Terms,
    events: list[Event],
    stored: Stored,
    calendars: list[WorkingCalendar],
) -> list[Difference]:
    """What differs, under that one of the calendars under which least does: of an open case, today's."""
    found: list[Difference] | None = None
    for calendar in calendars if case.ended_at is not None else calendars[:1]:
        under_it = list(_compared(case, terms, events, stored, calendar))
        if not under_it:
            return []
        if found is None or len(under_it) < len(found):
            found = under_it
    return found or []


def _compared(
    case: SqlRow[Any],
    terms: Terms,
    events: list[Event],
    stored: Stored,
    calendar: WorkingCalendar,
) -> Iterator[Difference]:
    try:
        state = project(terms, events, calendar)
    except (DomainError, LookupError, TypeError, ValueError) as error:
        yield Difference(case.code, "case_events", None, "", None, error)
        return
    for name, value in case_row(state).items():
        if getattr(case, name) != value:
            yield Difference(case.code, "cases", None, name, getattr(case, name), value)
    derived = derived_rows(case.site, case.id, case.unit_id, case.online_payable, state)
    for table, rows in derived.items():
        key = NUMBERED_BY.get(table, "number")
        yield from _rows_compared(case.code, table, stored[table], {row[key]: row for row in rows})


def _rows_compared(
    code: str, table: str, stored: Mapping[int, Mapping[str, Any]], folded: Mapping[int, Row]
) -> Iterator[Difference]:
    for number in sorted(stored.keys() | folded.keys()):
        kept, again = stored.get(number), folded.get(number)
        if kept is None or again is None:
            yield Difference(code, table, number, "", kept is not None, again is not None)
            continue
        for name, value in again.items():
            if kept[name] != value:
                yield Difference(code, table, number, name, kept[name], value)
