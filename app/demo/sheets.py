"""Rows of the case tables, ready for the database's own driver.

A worker turns each case into plain tuples in the form that the driver stores, so that the process that writes
does nothing but write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import JSON, Dialect, Table, make_url
from sqlalchemy.types import TypeEngine

from app.cases.chain import START, event_hash
from app.cases.intake.checklist import COUNT_OF
from app.cases.intake.contents import COUNTS
from app.cases.models import DERIVED_TABLES, Case, CaseCounter, CaseDocument, CaseEvent
from app.cases.rows import Row, case_row, derived_rows, search_text
from app.cases.timeline import project
from app.cases.vocabulary import Channel
from app.core.calendar import WorkingCalendar
from app.core.codes import code_key
from app.demo.intake import DayPlan
from app.demo.lives import DemoCase, Lives
from app.demo.world import World
from app.procedures.models import CopyKind
from app.web.extensions import UtcDateTime

Convert = Callable[[Any], Any]
EVENTS_OF_A_CASE = 64
"""Ids of events are given out by case, so that no worker has to know how many events another one made."""

EVENT_COLUMNS = (
    *("id", "site", "case_id", "number", "kind", "at", "recorded_at"),
    *("unit_id", "actor", "note", "data", "corrects_id", "hash"),
)
"""The columns of `case_events`; those left out are null."""


def dialect_of(url: str) -> Dialect:
    """The dialect of a database, without connecting to it."""
    return make_url(url).get_dialect()()


class Conversions:
    """How values become what a driver stores, done once for equal instants and equal data.

    One instant stands in many rows of a case: an event, a stage, the case itself.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._instants: dict[Any, Any] = {}
        self._data: dict[Any, Any] = {}

    def of(self, column: TypeEngine[Any]) -> Convert | None:
        """The conversion for a column of this type; None when the value is stored as it is."""
        convert: Convert | None = column.dialect_impl(self.dialect).bind_processor(self.dialect)
        if convert is None:
            return None
        if isinstance(column, UtcDateTime):
            return _remembering(convert, self._instants)
        if isinstance(column, JSON):
            by_items = _remembering(lambda items: convert(dict(items)), self._data)
            return lambda data: by_items(tuple(data.items()))
        return convert

    def forget(self) -> None:
        """Let the memory go; it would grow for ever."""
        self._instants.clear()
        self._data.clear()


def _remembering(convert: Convert, memory: dict[Any, Any]) -> Convert:
    def once(value: Any) -> Any:
        found = memory.get(value)
        if found is None:
            found = memory[value] = convert(value)
        return found

    return once


class Sheet:
    """Rows for one table. The columns are those of the first row."""

    def __init__(self, table: Table, conversions: Conversions) -> None:
        self.table, self.conversions = table, conversions
        self.columns: tuple[str, ...] = ()
        self.rows: list[tuple[Any, ...]] = []
        self._converts: list[Convert | None] = []

    def name_columns(self, names: Iterable[str]) -> None:
        """Say which columns the values are for."""
        self.columns = tuple(names)
        self._converts = [self.conversions.of(self.table.columns[name].type) for name in self.columns]

    def add(self, values: Iterable[Any]) -> None:
        """Add one row, its values in the order of the columns."""
        row = [
            value if convert is None or value is None else convert(value)
            for value, convert in zip(values, self._converts, strict=True)
        ]
        self.rows.append(tuple(row))

    def add_rows(self, rows: Iterable[Row]) -> None:
        """Add rows as dictionaries, all with the same keys in the same order."""
        for row in rows:
            if not self.columns:
                self.name_columns(row)
            self.add(row.values())

    def take(self) -> tuple[str, tuple[str, ...], list[tuple[Any, ...]]]:
        """The table's name, its columns and the rows, which are forgotten here."""
        rows, self.rows = self.rows, []
        return self.table.name, self.columns, rows


Batch = list[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]]
"""Tables in the order in which they can be written: name, columns, rows."""


NO_COPIES = dict.fromkeys(COUNTS, 0)


def document_rows(site: str, case: DemoCase) -> list[Row]:
    """What was handed in: as asked, electronic when it came online; of what is optional, now and then something."""
    rows = []
    for position, document in enumerate(case.procedure.documents, 1):
        kind = CopyKind.ELECTRONIC if case.channel is Channel.ONLINE else document.copy_kind
        given = document.required or (case.id + position) % 4 == 0
        rows.append(
            {
                "site": site,
                "case_id": case.id,
                "position": position,
                "procedure_document_id": document.id,
                "name": document.name,
                "required": document.required,
                **NO_COPIES,
                COUNT_OF[kind]: document.quantity if given else 0,
                "note": "",
            }
        )
    return rows


class Clerk:
    """Writes the sheets of some days: makes up each case, folds its events, fills in its rows."""

    def __init__(self, world: World, url: str) -> None:
        self.world, self.lives = world, Lives(world)
        self.calendar: WorkingCalendar = self.lives.calendar
        self.conversions = Conversions(dialect_of(url))
        self.cases, self.events, self.documents, self.counters = (
            Sheet(model.__table__, self.conversions)  # type: ignore[arg-type]
            for model in (Case, CaseEvent, CaseDocument, CaseCounter)
        )
        self.derived = {name: Sheet(table, self.conversions) for name, table in DERIVED_TABLES.items()}
        self.sheets = [self.cases, self.events, *self.derived.values(), self.documents, self.counters]
        self.events.name_columns(EVENT_COLUMNS)

    def write(self, plans: list[DayPlan]) -> Batch:
        """The rows of those days."""
        for plan in plans:
            for case in self.lives.of_day(plan):
                self._write_case(case)
                if plan.day >= self.world.remembered_since:
                    self.documents.add_rows(document_rows(self.world.site, case))
            self.counters.add_rows([self._counter(plan.day, plan.cases)])
        self.conversions.forget()
        return [sheet.take() for sheet in self.sheets]

    def _write_case(self, case: DemoCase) -> None:
        site, procedure, who = self.world.site, case.procedure, case.applicant
        state = project(procedure.terms, case.events, self.calendar)
        self.cases.add_rows(
            [
                {
                    "id": case.id,
                    "site": site,
                    "code": case.code,
                    "code_key": code_key(case.code),
                    "version_id": procedure.version_id,
                    "unit_id": procedure.unit_id,
                    "applicant": who.name,
                    "id_number": who.id_number,
                    "phone": who.phone,
                    "address": who.address,
                    "search_text": search_text(case.code, who.name, who.id_number, who.phone, procedure.code),
                    "channel": case.channel,
                    "return_method": case.return_method,
                    "fee_due": procedure.fee,
                    "online_payable": procedure.online_payable,
                    "returns_result": procedure.returns_result,
                    "revision": len(case.events),
                }
                | case_row(state)
            ]
        )
        self._write_events(case)
        derived = derived_rows(site, case.id, procedure.unit_id, procedure.online_payable, state)
        for name, rows in derived.items():
            self.derived[name].add_rows(rows)

    def _write_events(self, case: DemoCase) -> None:
        site, first_id, previous = self.world.site, case.id * EVENTS_OF_A_CASE, START
        for event, unit_id in zip(case.events, case.units, strict=True):
            corrects_id = first_id + event.corrects if event.corrects else None
            said = (None, unit_id, event.actor, event.note, event.data, event.corrects or None, None, None)
            previous = event_hash(previous, site, case.code, event.number, event.kind, event.at, event.at, *said)
            self.events.add(
                (
                    *(first_id + event.number, site, case.id, event.number, event.kind, event.at, event.at),
                    *(unit_id, event.actor, event.note, event.data, corrects_id, previous),
                )
            )

    def _counter(self, day: date, last: int) -> Row:
        return {"site": self.world.site, "prefix": self.world.prefix, "day": day, "last": last}
