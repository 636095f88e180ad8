"""What many tests begin with is made once for each database and put back for each test, rows and answers alike."""

from __future__ import annotations

import io
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sqlalchemy import inspect

from app.web.extensions import Base, db

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """A database's content, and what the function that made it answered."""

    content: sqlite3.Connection | dict[str, bytes]  # PostgreSQL: by table, as COPY writes it
    counters: list[tuple[str, int]]
    answer: bytes


class Grounds:
    """What functions filled a database with, by function and database: an empty one, or what another ground is."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, str], Kept] = {}

    def __call__(self, make: Callable[..., T], *args: Any) -> T:
        """What `make` answers, after it has filled the database: now or before. It answers with records and with
        what holds them, and changes nothing but the database."""
        key = (make, str(db.engine.url))
        if key not in self._kept:
            answer = make(*args)
            db.session.commit()
            self._kept[key] = _keep(_written(answer))
            return answer
        db.session.rollback()
        _put(self._kept[key])
        return cast(T, _Reading(io.BytesIO(self._kept[key].answer)).load())


class _Writing(pickle.Pickler):
    def persistent_id(self, found: Any) -> Any:
        """Records are looked up again, by their keys."""
        return (type(found), inspect(found).identity) if isinstance(found, Base) else None


class _Reading(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        model, key = pid
        return db.session.get_one(model, key)


def _written(answer: Any) -> bytes:
    file = io.BytesIO()
    _Writing(file).dump(answer)
    return file.getvalue()


def _keep(answer: bytes) -> Kept:
    with closing(db.engine.raw_connection()) as pooled:
        driver: Any = pooled.driver_connection
        if isinstance(driver, sqlite3.Connection):
            content = sqlite3.connect(":memory:")
            driver.backup(content)
            return Kept(content, [], answer)
        rows = {}
        with driver.cursor() as cursor:
            for table in db.metadatas[None].sorted_tables:
                with cursor.copy(f"COPY {table.name} TO STDOUT (FORMAT BINARY)") as copy:
                    written = b"".join(copy)
                if len(written) > _EMPTY:
                    rows[table.name] = written
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL")
            return Kept(rows, cursor.fetchall(), answer)


_EMPTY = 21  # bytes that COPY writes of a table without rows: its signature, flags, length and end


def _put(kept: Kept) -> None:
    with closing(db.engine.raw_connection()) as pooled:
        driver: Any = pooled.driver_connection
        if isinstance(kept.content, sqlite3.Connection):
            kept.content.backup(driver)
            return
    wipe()
    with closing(db.engine.raw_connection()) as pooled:
        driver = pooled.driver_connection
        with driver.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # rows are as they were: nothing is derived
            for table, written in kept.content.items():
                with cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy:
                    copy.write(written)
            for name, last in kept.counters:
                cursor.execute("SELECT setval(%s, %s)", (name, last))
        driver.commit()


def wipe() -> None:
    """Empty every table, and let numbers begin at 1 again. Row by row: after one test there are few, and TRUNCATE makes
    new files for seventy tables each time."""
    tables = [table.name for table in reversed(db.metadatas[None].sorted_tables)]
    deletes = [f"DELETE FROM {name}" for name in tables]
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            restart = "SELECT setval(seqrelid, seqstart, false) FROM pg_sequence"
            connection.exec_driver_sql("; ".join([*deletes, restart]))
            return
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        for delete in deletes:
            connection.exec_driver_sql(delete)
