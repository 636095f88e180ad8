"""Cases as an event log in XES (IEEE 1849): a trace a case, an event for each thing recorded of it. Nobody's name but
that of who did something, no contact, no note."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.sax.saxutils import quoteattr

from sqlalchemy import ColumnElement, select

from app.cases.models import Case, CaseEvent
from app.cases.population import stands
from app.cases.vocabulary import EventKind
from app.core.text import visible
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.procedures.models import Procedure, ProcedureVersion
from app.web.extensions import db
from app.web.formats import local

AT_ONCE = 500  # cases read together
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/>
<date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/></global>
<classifier name="Activity" keys="concept:name"/>
"""


def log_of(scope: Scope, *which: ColumnElement[bool]) -> Iterator[str]:
    """The log in parts, the first taken in first."""
    yield _HEAD
    after = 0
    columns = (Case.id, Case.code, Unit.code, Procedure.code, Case.received_at, Case.due_at, Case.ended_at, Case.status)
    wanted = (
        select(*columns)
        .join(Unit, Unit.id == Case.unit_id)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(Case.site == scope.site, scope.within(Case.unit_id), stands(Case), *which)
        .order_by(Case.id)
        .limit(AT_ONCE)
    )
    while rows := db.session.execute(wanted.where(Case.id > after)).all():
        after = rows[-1][0]
        events = _events([row[0] for row in rows])
        for key, code, unit, procedure, received, due, ended, status in rows:
            yield "<trace>"
            yield _string("concept:name", code)
            yield _string("department", unit) + _string("procedure", procedure) + _string("status", status.value)
            yield _date("startdate", received) + _date("deadline", due) + _date("enddate", ended)
            yield from (_event(each) for each in events[key])
            yield "</trace>\n"
        db.session.expunge_all()
    yield "</log>\n"


def _events(ids: Sequence[int]) -> dict[int, list[CaseEvent]]:
    found: dict[int, list[CaseEvent]] = defaultdict(list)
    wanted = (
        select(CaseEvent).where(CaseEvent.case_id.in_(ids)).order_by(CaseEvent.case_id, CaseEvent.at, CaseEvent.number)
    )
    for event in db.session.scalars(wanted):
        found[event.case_id].append(event)
    return found


def _event(event: CaseEvent) -> str:
    """What other software called an activity keeps that name; what is recorded here goes by its kind."""
    name = event.data.get("name", "") if event.kind is EventKind.ACTIVITY else event.kind.value
    parts = (
        _string("concept:name", name)
        + _date("time:timestamp", event.at)
        + _string("concept:instance", str(event.number))
    )
    return f"<event>{parts}{_string('org:resource', event.actor)}</event>"


def _string(key: str, value: str) -> str:
    return f"<string key={quoteattr(key)} value={quoteattr(visible(value))}/>" if value else ""


def _date(key: str, moment: datetime | None) -> str:
    return (
        f"<date key={quoteattr(key)} value={quoteattr(local(moment).isoformat(timespec='milliseconds'))}/>"
        if moment
        else ""
    )
