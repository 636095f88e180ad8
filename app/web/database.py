"""Reading everything at one instant, while others go on writing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from itertools import islice
from typing import Any

from sqlalchemy import Table, func, text
from sqlalchemy.engine import Connection

from app.web.extensions import db


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
    place = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    names, places = ", ".join(quote(table.c[name].name) for name in columns), ", ".join([place] * len(columns))
    insert = f"INSERT INTO {quote(table.name)} ({names}) VALUES ({places})"  # noqa: S608  no value is in it
    waiting = iter(rows)
    while batch := list(islice(waiting, AT_ONCE)):
        connection.exec_driver_sql(insert, batch)
