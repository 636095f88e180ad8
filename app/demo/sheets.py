"""Rows of the case tables for the database's own driver, very many at once: one transaction, all or nothing; and the
chains of the events, which what is added later goes on from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

from sqlalchemy import JSON, Connection, Dialect, Engine, Table, make_url, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.types import TypeEngine

from app.cases import chain
from app.cases.chain import START, event_hash
from app.cases.intake.contents import COUNT_OF, COUNTS
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
from app.web.extensions import Base, UtcDateTime, db, write_rows

# Rows of the case tables, ready for the database's own driver.
#
# A worker turns each case into plain tuples in the form that the driver stores, so that the process that writes
# does nothing but write.

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


# Writing very many rows at once: one transaction, all or nothing, and indexes built when the rows are there.

MANY = 50_000
"""From so many cases on it is quicker to build the indexes at the end."""
TABLES = ("cases", "case_events", *DERIVED_TABLES)


@contextmanager
def bulk_transaction(engine: Engine, *, many: bool) -> Iterator[Connection]:
    """A transaction on a connection of its own. A failure, or Ctrl-C, leaves the database as it was.

    With `many` rows the tables' secondary indexes and triggers (and their full-text index) are set aside within
    the same transaction and put back at its end.
    """
    if many:
        engine.dispose()  # idle connections would keep SQLite from changing its journal
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            yield from _on_sqlite(connection, many)
        else:
            with connection.begin():
                yield from _with_indexes_aside(connection, _POSTGRES, many)
                _raise_sequences(connection)
                if many:
                    connection.execute(text("ANALYZE"))


def _on_sqlite(connection: Connection, many: bool) -> Iterator[Connection]:
    """SQLite: a rollback journal costs nothing where all pages are new; a write-ahead log would hold them all."""
    run = connection.exec_driver_sql
    if many:
        connection.commit()
        with suppress(OperationalError):  # somebody else has the database open: then the log is kept
            run("PRAGMA journal_mode = DELETE")
        run("PRAGMA synchronous = OFF")
        run("PRAGMA cache_size = -128000")
        run("PRAGMA foreign_keys = OFF")
        connection.commit()
    try:
        run("BEGIN IMMEDIATE")
        yield from _with_indexes_aside(connection, _SQLITE, many)
        if many:
            run("ANALYZE")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        if many:
            run("PRAGMA foreign_keys = ON")
            run("PRAGMA cache_size = -32000")
            run("PRAGMA synchronous = NORMAL")
            run("PRAGMA journal_mode = WAL")
            connection.commit()


# Each statement gives the kind of thing, its name and the SQL that makes it again.
_SQLITE = (
    "SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN ('{tables}') AND sql IS NOT NULL "
    "AND type IN ('index', 'trigger') ORDER BY type, name"
)
_POSTGRES = (
    "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() "
    "AND tablename IN ('{tables}') AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname) "
    "ORDER BY indexname"
)


def _with_indexes_aside(connection: Connection, listed: str, many: bool) -> Iterator[Connection]:
    run = connection.exec_driver_sql
    found = run(listed.format(tables="', '".join(TABLES))).all() if many else []
    for kind, name, _ in found:
        run(f'DROP {kind} "{name}"')
    yield connection
    for _, _, again in found:
        run(again)
    if found and connection.dialect.name == "sqlite":
        run("INSERT INTO case_search(case_search) VALUES ('rebuild')")
        run("INSERT INTO case_search_notes(case_search_notes) VALUES ('delete-all')")  # keeps no text
        run(
            "INSERT INTO case_search_notes(rowid, note) "
            "SELECT id, replace(replace(note, 'đ', 'd'), 'Đ', 'd') FROM case_events WHERE note <> ''"
        )


def _raise_sequences(connection: Connection) -> None:
    """PostgreSQL gives out the next id from a sequence, which has not heard of ids given explicitly."""
    for table in TABLES[:2]:
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 1) FROM {table}))"  # noqa: S608
        )


def write(connection: Connection, batch: Batch) -> None:
    for table, columns, rows in batch:
        write_rows(connection, Base.metadata.tables[table], columns, rows)


def number_of_rows(batch: Batch, tables: Iterable[str]) -> int:
    """How many rows of those tables a batch holds."""
    wanted = set(tables)
    return sum(len(rows) for table, _, rows in batch if table in wanted)


# The chains of the demonstration's events: what is added to its cases goes on from them, what is put right in it is
# chained again before anything vouches for it.


def go_on(events: Sequence[CaseEvent]) -> None:
    """Make new events the next links of their cases' chains, in the order in which they are numbered."""
    last = chain.last_hashes({event.case_id for event in events})
    codes = _codes(last)
    for event in sorted(events, key=lambda event: (event.case_id, event.number)):
        event.hash = last[event.case_id] = chain.hash_of(event, codes[event.case_id], None, last[event.case_id])


def again(case_ids: Iterable[int]) -> None:
    """Chain all events of these cases as they stand."""
    ids = sorted(set(case_ids))
    codes, last = _codes(ids), dict.fromkeys(ids, chain.START)
    numbers: dict[int, int] = {}
    every = select(CaseEvent).where(CaseEvent.case_id.in_(ids)).order_by(CaseEvent.case_id, CaseEvent.number)
    for event in db.session.scalars(every):
        numbers[event.id] = event.number
        corrects = numbers[event.corrects_id] if event.corrects_id else None
        event.hash = last[event.case_id] = chain.hash_of(event, codes[event.case_id], corrects, last[event.case_id])


def _codes(case_ids: Iterable[int]) -> dict[int, str]:
    return dict(db.session.execute(select(Case.id, Case.code).where(Case.id.in_(list(case_ids)))).all())
