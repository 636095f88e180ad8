"""The extensions, made once here and bound in create_app: db, migrations, sign-in, CSRF, Babel, HTMX."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from itertools import chain, islice
from typing import Any, cast

from flask import Flask, has_request_context, session
from flask_babel import Babel
from flask_login import LoginManager, current_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    Float,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    TypeDecorator,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

from app.core.errors import DomainError
from app.core.text import visible
from app.web.command_line import commanded
from app.web.settings import ROOT


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, stored in UTC. Takes and gives aware datetimes; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"instant without a zone: {value!r}")
        if value.tzinfo is not UTC:
            value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """SQLite's text is written in one step, as it is read: an import writes two dozen for each case."""
        return _write_utc if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """SQLite's text is read in one step: a month's check reads a quarter of a million, and through two types each
        takes ten times as long."""
        return _read_utc if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _write_utc(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError(f"instant without a zone: {value!r}")
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:-6]  # without the zone


def _read_utc(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored + "+00:00")


Key = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(JSONB, "postgresql")

# A word of a vocabulary is stored as its own text, readable in any tool, and comes back as the enumeration.
Word = Enum(StrEnum, native_enum=False, length=24, values_callable=lambda words: [word.value for word in words])

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table: names of constraints are predictable, so that migrations can name them."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={
            datetime: UtcDateTime,
            dict[str, Any]: Json,
            list[Any]: Json,
            StrEnum: Word,
        },
    )


@event.listens_for(Base, "attribute_instrument", propagate=True)
def _guard_values(model: type[Base], key: str, attribute: Any) -> None:
    """Every text and number of every table, whatever door it came by: what can be seen (app.core.text), no longer than
    its column, and no greater. (PostgreSQL fails at what is too long or too great in the middle of a request; SQLite
    keeps it, or fails too.) A class with `exact_text`, whose values were hashed before, keeps them as they are."""
    kind = getattr(getattr(attribute.property, "columns", [None])[0], "type", None)
    if isinstance(kind, Integer | Numeric) and not isinstance(kind, Float):
        most: Any = _most(kind)

        @event.listens_for(attribute, "set", retval=True)
        def bounded(_row: Any, value: Any, _before: Any, _initiator: Any) -> Any:
            if isinstance(value, int | Decimal) and abs(value) > most:
                raise DomainError("Số này quá lớn.", field=key)
            return value

    elif isinstance(kind, String) and not isinstance(kind, Enum):
        longest, exact = kind.length, getattr(model, "exact_text", False)

        @event.listens_for(attribute, "set", retval=True)
        def checked(_row: Any, value: Any, _before: Any, _initiator: Any) -> Any:
            if not isinstance(value, str):
                return value
            kept = value if exact else visible(value)
            if longest is not None and len(kept) > longest:
                raise DomainError("Nội dung này dài quá %(n)s ký tự; hãy ghi ngắn lại.", field=key, n=longest)
            return kept


def _most(kind: Integer | Numeric[Any]) -> int | Decimal:
    if isinstance(kind, Integer):
        return 2**63 - 1 if isinstance(kind, BigInteger) else 2**31 - 1
    whole = (kind.precision or 18) - (kind.scale or 0)
    return Decimal(10) ** whole - Decimal(10) ** -(kind.scale or 0)


class Record:
    """A row of one site: surrogate key and the site's code (one per installation; provinces merge by it)."""

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    site: Mapped[str] = mapped_column(String(32))


LOCALES = ("vi", "en")

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
login = LoginManager()
csrf = CSRFProtect()
babel = Babel()
htmx = Htmx()

now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731  one clock for the house; tests replace it


# What a connection to SQLite must be. 2 is FULL: what a clerk was told is kept is on the disk, also if the power fails.
_SQLITE = {"busy_timeout": 15000, "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "cache_size": -32000}
_BAD_VALUE = "22"  # PostgreSQL's class of states for a value that cannot be read


class NotAsSet(Exception):
    """The database did not take a setting that the site stands on."""


@event.listens_for(Engine, "connect")
def _tune_sqlite(connection: Any, _record: Any) -> None:
    """SQLite as a server's database: write-ahead log, every commit on the disk, foreign keys, patience with a writer.

    What was set is read back: SQLite keeps silent about a setting it does not take.
    """
    if not isinstance(connection, sqlite3.Connection):
        return
    with closing(connection.cursor()) as cursor:
        for name, wanted in _SQLITE.items():
            cursor.execute(f"PRAGMA {name} = {wanted}").fetchall()
            found = cursor.execute(f"PRAGMA {name}").fetchone()[0]
            if found != wanted and not (name == "journal_mode" and found == "memory"):
                raise NotAsSet(f"SQLite: {name} is {found!r}, not {wanted!r}")


@event.listens_for(Engine, "connect")
def _tune_postgresql(connection: Any, _record: Any) -> None:
    """As patient with another's lock as on SQLite: then the site's page says that the database is busy."""
    if isinstance(connection, sqlite3.Connection):
        return
    connection.autocommit = True  # else the first rollback would take the setting back
    with closing(connection.cursor()) as cursor:
        cursor.execute(f"SET lock_timeout = {_SQLITE['busy_timeout']}")
    connection.autocommit = False


@event.listens_for(Engine, "handle_error")
def _without_the_values(context: Any) -> None:
    """PostgreSQL quotes the row that it refused (DETAIL), and a value that it cannot read: neither belongs in a log."""
    if (hidden := _hide_values(context.original_exception)) is None:
        return
    said, plain = hidden
    if isinstance(told := context.sqlalchemy_exception, DBAPIError):
        told.args = tuple(str(part).replace(said, plain) for part in told.args)


def _hide_values(original: BaseException) -> tuple[str, str] | None:
    """What the driver's error said, and what it says now; None for one that PostgreSQL did not send."""
    state = getattr(original, "sqlstate", None)
    if not state or not original.args:
        return None
    said = str(original)
    plain = type(original).__name__ if state.startswith(_BAD_VALUE) else said.partition("\n")[0]
    original.args = (plain,)
    return said, plain


class _Migrations:
    """Stands for Flask-Migrate until a command or a test asks for it: Alembic takes as long to load as all models."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        return getattr(bind_migrations(self._app), name)


def bind_migrations(app: Flask) -> Any:
    """Bind Flask-Migrate, which adds the command `db`. Its configuration, as `app.extensions["migrate"]` keeps it."""
    if isinstance(app.extensions["migrate"], _Migrations):
        from flask_migrate import Migrate

        Migrate().init_app(app, db, directory=str(ROOT / "app" / "migrations"), compare_type=True)
    return app.extensions["migrate"]


def bind(app: Flask) -> None:
    """Bind every extension to the application."""
    db.init_app(app)
    app.extensions["migrate"] = _Migrations(app)
    login.init_app(app)
    csrf.init_app(app)
    babel.init_app(app, locale_selector=_locale)
    htmx.init_app(app)


def _locale() -> str:
    """The reader's language: a command's own, or the one chosen in this session, else the person's, else Vietnamese."""
    if (language := commanded()) is not None or not has_request_context():
        return language or "vi"
    chosen = session.get("locale") or getattr(current_user, "locale", None)
    return chosen if chosen in LOCALES else "vi"


# Reading everything at one instant, while others go on writing.


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A read-only connection on which every statement sees the same instant."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            yield connection
        return
    with db.engine.connect() as connection:
        connection.execute(text("BEGIN"))  # the driver begins by itself only before it writes
        try:
            yield connection
        finally:
            connection.execute(text("ROLLBACK"))


@contextmanager
def session_snapshot() -> Iterator[None]:
    """The same for the session: what it reads inside is of one instant. It must hold nothing unwritten."""
    db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    else:
        db.session.execute(text("BEGIN"))
    try:
        yield
    finally:
        db.session.rollback()


def local_day(instant: Any, zone: tzinfo, near: datetime) -> Any:
    """SQL: the site's day of an instant, as something to compare with another such day. SQLite takes the distance from
    UTC that the zone has `near` an instant."""
    if db.engine.dialect.name == "postgresql":
        return func.date(func.timezone(str(zone), instant))
    distance = near.astimezone(zone).utcoffset() or timedelta()
    return func.date(instant, f"{distance.total_seconds():+.0f} seconds")


AT_ONCE = 1000
"""Rows in the hand at a time: they may come from a generator."""

Value = str | int | None
"""A value as both databases take it: days and instants as ISO texts, words and JSON as their text."""


def write_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Value, ...]]) -> None:
    """Insert rows, each a tuple of values in the order of the columns."""
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(table.c[name].name) for name in columns)
    waiting = iter(rows)
    if connection.dialect.name == "postgresql":
        if first := list(islice(waiting, AT_ONCE)):
            _copy(connection, f"COPY {quote(table.name)} ({names}) FROM STDIN", chain(first, waiting))
        return
    places = ", ".join(["?"] * len(columns))
    insert = f"INSERT INTO {quote(table.name)} ({names}) VALUES ({places})"  # noqa: S608  no value is in it
    while batch := list(islice(waiting, AT_ONCE)):
        connection.exec_driver_sql(insert, batch)


def _copy(connection: Connection, statement: str, rows: Iterable[tuple[Value, ...]]) -> None:
    """PostgreSQL's own way for many rows: they go out as they come, and nothing is answered in between. What it refuses
    is told as SQLAlchemy tells it of a statement."""
    driver: Any = connection.connection.driver_connection
    refused = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except refused as error:
        is_gone = connection.dialect.is_disconnect(cast(Any, error), driver, None)
        _hide_values(error)
        told = DBAPIError.instance(
            statement, None, error, refused, connection_invalidated=is_gone, dialect=connection.dialect
        )
        if is_gone:
            connection.invalidate(error)
        raise told from error
