"""Writing very many rows at once: one transaction, all or nothing, and indexes built when the rows are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from app.cases.models import DERIVED_TABLES
from app.demo.sheets import Batch
from app.web.database import write_rows
from app.web.extensions import Base

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
    """Write the rows of a batch."""
    for table, columns, rows in batch:
        write_rows(connection, Base.metadata.tables[table], columns, rows)


def number_of_rows(batch: Batch, tables: Iterable[str]) -> int:
    """How many rows of those tables a batch holds."""
    wanted = set(tables)
    return sum(len(rows) for table, _, rows in batch if table in wanted)
