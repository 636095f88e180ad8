"""Whole databases for tests: filled by what their schema says, and compared by all that they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Engine, ForeignKey, MetaData, Table, inspect, text
from sqlalchemy.dialects.postgresql import JSONB

CASES, OTHERS = 300, 12  # rows of `cases`, and of any other table
SITES = 3  # an installation has one; a migration that goes through them takes a few statements for each
KNOWN: dict[tuple[str, str], Any] = {
    ("bulk_actions", "items"): lambda n: [[n + 1, f"code{n}", 2, 3], [n + 2, f"code{n + 1}", 2, 3]],
    ("bulk_actions", "left_out"): lambda n: [[f"code{n + 2}", "Hồ sơ đã kết thúc."]],
    ("bulk_actions", "kind"): lambda _n: "closed",
    ("bulk_actions", "undone_at"): lambda n: _instant(n) if n % 2 else None,
    ("check_runs", "packs"): lambda n: [{"id": f"pack{n}", "hash": f"text{n}"}],
    ("check_runs", "period"): lambda n: f"2024-{n + 1:02}",
    ("site_days", "part"): lambda n: ("day", "morning", "afternoon")[n % 3],
    ("pack_texts", "hash"): lambda n: f"text{n}",
    ("site_profiles", "site"): lambda n: f"site{n}",
    ("pack_texts", "files"): lambda _n: {"pack.yaml": "in_force: {from: 2024-01-01}"},
}
"""Columns in which a migration expects something of its own."""


def fill(engine: Engine, done: set[str]) -> None:
    """Rows for every empty table that is not in `done` yet, each referring to others; their names go into `done`."""
    fresh = [name for name in inspect(engine).get_table_names() if name not in done and name != "alembic_version"]
    fresh = [name for name in fresh if not name.startswith("case_search")]
    done.update(fresh)
    if not fresh:
        return
    known = MetaData()
    known.reflect(engine, only=fresh)
    with engine.begin() as connection:
        for table in known.sorted_tables:
            if table.name in fresh and connection.execute(table.select().limit(1)).first() is None:
                rows = [dict(_row(table, n)) for n in range(_size(table.name))]
                connection.execute(table.insert(), rows)


def _size(table: str) -> int:
    return CASES if table in ("cases", "case_events") else OTHERS


def _row(table: Table, n: int) -> Iterator[tuple[str, Any]]:
    made_of_others = len(table.primary_key.columns) > 1
    for column in table.columns:
        if made_of_others or not column.primary_key:
            yield column.name, _value(table.name, column, n)


def _value(table: str, column: Column[Any], n: int) -> Any:
    if (table, column.name) in KNOWN:
        return KNOWN[table, column.name](n)
    if column.foreign_keys:
        return _reference(table, next(iter(column.foreign_keys)), n)
    if isinstance(column.type, (JSON, JSONB)):
        return {}
    if column.name == "site":
        return f"site{n % SITES}"
    kind = column.type.python_type
    if kind is str:
        return f"{column.name}{n}"[-(getattr(column.type, "length", None) or 60) :]
    values: dict[type, Any] = {
        bool: bool(n % 2),
        datetime: _instant(n),
        date: _instant(n).date(),
    }
    return values[kind] if kind in values else kind(n + 1)


def _instant(n: int) -> datetime:
    return datetime(2024, 6, 1 + n % 28, 8, n % 60, tzinfo=UTC).replace(tzinfo=None)


def _reference(table: str, key: ForeignKey, n: int) -> int | None:
    parent = key.column.table.name
    if parent == table:
        return None if n == 0 else 1
    return 1 + n % _size(parent)


def all_of(engine: Engine) -> dict[str, str]:
    """What a database is made of and holds, by name: two of the same are the same."""
    with engine.connect() as connection:
        return dict(_sqlite(connection) if engine.dialect.name == "sqlite" else _postgresql(connection))


def _sqlite(connection: Connection) -> Iterator[tuple[str, str]]:
    """A table's lines sorted: Alembic's batch mode writes constraints in the order of a set."""
    names = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE name <> 'alembic_version'")).all()
    for name, sql in names:
        yield f"made {name}", "\n".join(sorted(line.strip(" \t,") for line in str(sql).splitlines()))
    for name, sql in names:
        if str(sql).startswith("CREATE TABLE"):
            yield f"rows {name}", _digest(connection.execute(text(f'SELECT * FROM "{name}" ORDER BY 1, 2')))
    yield "version", _version(connection, any(connection.execute(text("PRAGMA table_info(alembic_version)"))))


POSTGRESQL = {
    "columns": "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY 1, 2",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    " AND tablename <> 'alembic_version' ORDER BY 1",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE conname NOT LIKE 'alembic_version%' AND connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2",
    "triggers": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
}


_NUMBER_ON = """DO $$ DECLARE t record; BEGIN
FOR t IN SELECT table_name AS name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name = 'id' AND column_default LIKE 'nextval%'
LOOP EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), coalesce(max(id), 0) + 1, false) FROM %I',
    t.name, t.name);
END LOOP; END $$"""


def number_on(engine: Engine) -> None:
    """The next row of each table has the id after the last: PostgreSQL does not give back what killed work took."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execution_options(no_parameters=True).exec_driver_sql(_NUMBER_ON)


NUMBERED_ANEW = {"audit_entries", "pack_adoptions", "uploaded_packs"}
"""Migrations add rows to them: a sequence does not give back the ids that a killed one took."""


def _postgresql(connection: Connection) -> Iterator[tuple[str, str]]:
    for what, query in POSTGRESQL.items():
        yield from ((f"{what} {row[0]} {row[1]}", str(tuple(row))) for row in connection.execute(text(query)))
    tables = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
    if tables:  # asked at once: where migrations are cut off they are three hundred times
        rows = connection.execute(text(" UNION ALL ".join(map(_postgresql_rows, tables))))
        yield from ((f"rows {name}", f"{number}:{digest}") for name, number, digest in rows)
    yield "version", _version(connection, inspect(connection).has_table("alembic_version"))


def _postgresql_rows(table: str) -> str:
    row = "(to_jsonb(t) - 'id')::text" if table in NUMBERED_ANEW else "t::text"
    return f"SELECT '{table}', count(*), md5(string_agg({row}, chr(10) ORDER BY {row})) FROM \"{table}\" t"


def _version(connection: Connection, there: bool) -> str:
    return str(connection.scalar(text("SELECT version_num FROM alembic_version"))) if there else "None"


def _digest(rows: Any) -> str:
    found = rows.all()
    return f"{len(found)}:{hashlib.sha256(repr([tuple(row) for row in found]).encode()).hexdigest()}"
