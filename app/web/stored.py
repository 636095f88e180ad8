"""Records as a driver takes them: texts, numbers and nothing else, so that they can lie outside the memory until they
are written, and are written as they lie. What to make of a value is asked once for each column: a statement of
SQLAlchemy's asks for every value, which costs an import as much as the database does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import BigInteger, Boolean, Dialect, Enum, Integer, String, Table, text
from sqlalchemy.engine import Connection

from app.web.extensions import Json, UtcDateTime, Value, write_rows

REMEMBERED = 50_000  # instants whose text is kept


class Instants(dict[datetime | None, str | None]):
    """Instants as the database keeps them. A case has two dozen, of which three differ."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__({None: None})
        made = UtcDateTime().bind_processor(dialect) if dialect.name == "sqlite" else None
        self._write: Callable[[datetime], str] = cast(Any, made) or _with_its_zone
        self._zone = "" if made is None else "+00:00"

    def __missing__(self, instant: datetime | None) -> str | None:
        assert instant is not None
        if len(self) > REMEMBERED:
            self.clear()
            self[None] = None
        written = self[instant] = self._write(instant)
        return written

    def read(self, written: str | None) -> datetime | None:
        return None if written is None else datetime.fromisoformat(written + self._zone)


def _with_its_zone(instant: datetime) -> str:
    if instant.tzinfo is None:
        raise ValueError(f"instant without a zone: {instant!r}")
    return instant.astimezone(UTC).isoformat()


class StoredColumns:
    """Some columns of a table (two at least), and records as rows of them. No column of JSON: its text is the
    caller's."""

    def __init__(self, table: Table, names: Sequence[str], instants: Instants, dialect: Dialect) -> None:
        self.names = tuple(names)
        self._of_record = itemgetter(*self.names)
        kinds = [table.c[name].type for name in self.names]
        self._made = [_made(kind, instants, dialect) for kind in kinds]
        self._instants = instants
        self._at = [place for place, kind in enumerate(kinds) if isinstance(kind, UtcDateTime)]

    def rows(self, records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Value, ...]]:
        """The records as the driver takes them."""
        columns = zip(*map(self._of_record, records), strict=True)
        ready = [
            column if made is None else map(made, column) for made, column in zip(self._made, columns, strict=False)
        ]
        return zip(*ready, strict=True)

    def record(self, row: Sequence[Value]) -> dict[str, Any]:
        """A row as a record again; of what is no instant, as it is stored."""
        values: list[Any] = list(row)
        for place in self._at:
            values[place] = self._instants.read(values[place])
        return dict(zip(self.names, values, strict=True))


def _made(kind: Any, instants: Instants, dialect: Dialect) -> Callable[[Any], Value] | None:
    """What becomes of a value; None where it is taken as it is."""
    if isinstance(kind, UtcDateTime):
        return instants.__getitem__
    if isinstance(kind, Enum):
        return _word
    if isinstance(kind, Boolean | Integer | BigInteger | String):
        return None
    if isinstance(kind, type(Json)):
        raise TypeError(kind)
    processed = kind.dialect_impl(dialect).bind_processor(dialect)

    def plain(value: Any) -> Value:
        if value is None or isinstance(value, str | float):
            return cast(Value, value)
        stored = value if processed is None else processed(value)
        return stored if isinstance(stored, str | int | float) else str(stored)  # type: ignore[return-value]

    return plain


def _word(word: str | None) -> str | None:
    return None if word is None else str(word)


def constants(table: Table, given: Sequence[str]) -> dict[str, Value]:
    """What the columns that are left out have by default. Raises ValueError where that would have to be reckoned."""
    missing = [column for column in table.c if column.name not in given]
    if any(column.default is not None and not column.default.is_scalar for column in missing):
        raise ValueError(f"{table.name}: a default that must be reckoned")
    found = {column.name: cast(Any, column.default).arg for column in missing if column.default is not None}
    return {name: str(value) if isinstance(value, str) else value for name, value in found.items()}


def insert_stored(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Value, ...]]
) -> None:
    """Insert rows as they are stored; a column they leave out has its constant default."""
    if not rows:
        return
    default = constants(table, names)
    same = tuple(default.values())
    write_rows(connection, table, [*names, *default], [row + same for row in rows] if same else rows)


def update_stored(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[tuple[Value, ...]]
) -> None:
    """Give rows of a table these values, as they are stored; the last value of each is the id of the row it is for."""
    if not rows:
        return
    quote = connection.dialect.identifier_preparer.quote
    place = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    new = ", ".join(f"{quote(table.c[name].name)} = {place}" for name in names)
    statement = f"UPDATE {quote(table.name)} SET {new} WHERE id = {place}"  # noqa: S608  no value is in it
    connection.exec_driver_sql(statement, list(rows))


def next_ids(connection: Connection, table: Table, count: int) -> list[int]:
    """Ids for so many new rows, so that nobody need ask which they were given. Within a transaction that has written
    already: an embedded database has no other writer until it ends."""
    quoted = connection.dialect.identifier_preparer.quote(table.name)
    if connection.dialect.name == "sqlite":
        last = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {quoted}").scalar_one()  # noqa: S608
        return list(range(last + 1, last + 1 + count))
    taken = text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)")
    return list(connection.execute(taken, {"name": quoted, "count": count}).scalars())
