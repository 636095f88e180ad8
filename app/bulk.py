"""Many rows written by the driver itself, where a statement of SQLAlchemy for each row would be most of the work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from sqlalchemy import Connection, Table

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
