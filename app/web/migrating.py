"""A migration is one step, whole or not at all, on SQLite as on PostgreSQL: an upgrade cut off anywhere is run again.

PostgreSQL does it by itself. SQLite can (its DDL is transactional), but Python's driver begins a transaction only
before the first INSERT, UPDATE or DELETE, so that the tables made before it stayed when the rest was lost. Here every
transaction is begun by us. Foreign keys are off meanwhile, because Alembic's batch mode puts a table in the place of
another, and are checked before each step is made final.

What an upgrade of an older version left half-way is taken back first: see `mend`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask_babel import gettext as _
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

TEMPORARY = "_alembic_tmp_"
"""How the name begins of a table that Alembic's batch mode will put in another's place."""


@contextmanager
def connection_for_migrations(engine: Engine) -> Iterator[Connection]:
    """A connection on which whatever is begun is made final as a whole, DDL included. Nobody gets it afterwards."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.detach()
            driver = _driver(connection)
            driver.isolation_level = None
            driver.execute("PRAGMA foreign_keys = OFF")  # it would do nothing within a transaction
            event.listen(connection, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
        yield connection


def refuse_lost_references(connection: Connection) -> Callable[..., None]:
    """For the end of each step: raises CommandError when a row refers to what is not there, as none did before."""
    before = _lost_references(connection)

    def refuse(**_step: Any) -> None:
        if lost := _lost_references(connection) - before:
            child, parent = min(lost)
            text = _("bảng %(child)s trỏ tới dòng không còn ở bảng %(parent)s", child=child, parent=parent)
            raise CommandError(_("Bước nâng cấp này làm mất dữ liệu nên đã được bỏ: %(why)s.", why=text))

    return refuse


def _lost_references(connection: Connection) -> set[tuple[str, str]]:
    """Tables with a row that refers to nothing, and what they refer to. PostgreSQL looks to it by itself."""
    if connection.dialect.name != "sqlite":
        return set()
    return {(row[0], row[2]) for row in _driver(connection).execute("PRAGMA foreign_key_check")}


def count_anew(connection: Connection) -> None:
    """Have SQLite count its rows for the planner of queries: an index of which it knows nothing it takes for the best,
    and reads every case through it. PostgreSQL does it by itself."""
    if connection.dialect.name == "sqlite":
        _driver(connection).execute("ANALYZE")


def _driver(connection: Connection) -> sqlite3.Connection:
    driver: object = connection.connection.dbapi_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError(f"not SQLite: {driver!r}")
    return driver


# What an older version left half-way


@dataclass(frozen=True, slots=True)
class Schema:
    """What an SQLite database is made of."""

    columns: Mapping[str, frozenset[str]]  # by table
    virtual: frozenset[str]  # tables of the search index
    made: Mapping[str, tuple[str, str]]  # index or trigger -> its kind, and the SQL that made it

    def or_in(self, other: Schema) -> Schema:
        """What is in this one or in another."""
        nothing = frozenset[str]()
        tables = self.columns.keys() | other.columns.keys()
        columns = {name: self.columns.get(name, nothing) | other.columns.get(name, nothing) for name in tables}
        return Schema(columns, self.virtual | other.virtual, {**other.made, **self.made})


def mend(connection: Connection, script: ScriptDirectory) -> str | None:
    """Take back what an upgrade cut off half-way has left in an SQLite database. The version it is at, if it did.

    Before, each statement of a migration stayed until the migration's first row was written: the schema may be ahead
    of the version that the database names, never its data. What is not of that version and empty goes; indexes and
    triggers are made again; what no version knows is somebody's own and stays. CommandError where that does not help.
    """
    if connection.dialect.name != "sqlite":
        return None
    driver = _driver(connection)
    at = _version(driver)
    head = script.get_current_head()
    if at == head or (at and at not in {each.revision for each in script.walk_revisions()}):
        return None
    there = _schema(driver)
    if at is None and not there.columns and not there.made:
        return None  # nothing was begun
    cut_off = next(each.revision for each in script.walk_revisions() if each.down_revision == at)
    schemas = _schemas(script.dir)
    wanted = schemas[at]
    later = schemas[cut_off].or_in(schemas[head])  # a still later step may undo it
    statements = [*_surplus(driver, there, wanted, later, at), *_remade(there, wanted)]
    if not statements:
        return None
    driver.execute("BEGIN IMMEDIATE")
    try:
        for statement in statements:
            driver.execute(statement)
        driver.execute("COMMIT")
    except sqlite3.Error as error:
        driver.execute("ROLLBACK")
        raise _beyond_help(at, str(error)) from error
    return at or _("trống")


def _surplus(driver: sqlite3.Connection, there: Schema, wanted: Schema, later: Schema, at: str | None) -> Iterator[str]:
    """What takes away the tables and columns of the step that was cut off, and first the indexes on them."""
    if missing := sorted(set(wanted.columns) - set(there.columns)):
        raise _beyond_help(at, _("thiếu bảng %(table)s", table=missing[0]))
    for name, (kind, _sql) in there.made.items():
        if wanted.made.get(name) != there.made[name] and (name in wanted.made or name in later.made):
            yield f"DROP {kind} {_quoted(name)}"
    for table in sorted(set(there.columns) - set(wanted.columns)):
        if not table.startswith(TEMPORARY) and table not in later.columns:
            continue
        if not table.startswith(TEMPORARY) and table not in there.virtual and _has_rows(driver, table):
            raise _beyond_help(at, _("bảng %(table)s đã có dữ liệu", table=table))
        yield f"DROP TABLE {_quoted(table)}"
    for table, columns in wanted.columns.items():
        if missing := sorted(columns - there.columns[table]):
            raise _beyond_help(at, _("bảng %(table)s thiếu cột %(column)s", table=table, column=missing[0]))
        for column in sorted((there.columns[table] - columns) & later.columns.get(table, frozenset())):
            yield f"ALTER TABLE {_quoted(table)} DROP COLUMN {_quoted(column)}"


def _remade(there: Schema, wanted: Schema) -> Iterator[str]:
    for name, made in wanted.made.items():
        if there.made.get(name) != made:
            yield made[1]


def _beyond_help(at: str | None, why: str) -> CommandError:
    return CommandError(
        _(
            "Lần nâng cấp trước bị ngắt giữa chừng và cơ sở dữ liệu (phiên bản %(version)s) không sửa tiếp được: "
            "%(why)s. Hãy khôi phục bản sao lưu làm trước khi nâng cấp: “flask restore --force TỆP”.",
            version=at or _("trống"),
            why=why,
        )
    )


def _version(driver: sqlite3.Connection) -> str | None:
    if not driver.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        return None
    row = driver.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def _schema(driver: sqlite3.Connection) -> Schema:
    rows = driver.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    virtual = {name for kind, name, sql in rows if kind == "table" and sql.startswith("CREATE VIRTUAL")}
    shadows = tuple(f"{name}_" for name in virtual)
    tables = [
        name
        for kind, name, _sql in rows
        if kind == "table" and name != "alembic_version" and (name in virtual or not name.startswith(shadows or "\0"))
    ]
    columns = {
        table: frozenset(row[1] for row in driver.execute(f"PRAGMA table_info({_quoted(table)})")) for table in tables
    }
    made = {name: (kind.upper(), sql) for kind, name, sql in rows if kind in ("index", "trigger")}
    return Schema(columns, frozenset(virtual), made)


@cache
def _schemas(folder: str) -> Mapping[str | None, Schema]:
    """What a database at each version of the migrations in `folder` is made of: an empty one, migrated in memory."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        driver = _driver(connection)
        found: dict[str | None, Schema] = {None: _schema(driver)}
        with Operations.context(MigrationContext.configure(connection)):
            for step in reversed(list(ScriptDirectory(folder).walk_revisions())):
                step.module.upgrade()
                found[step.revision] = _schema(driver)
    engine.dispose()
    return found


def _has_rows(driver: sqlite3.Connection, table: str) -> bool:
    return driver.execute(f"SELECT 1 FROM {_quoted(table)} LIMIT 1").fetchone() is not None  # noqa: S608  a name of ours


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
