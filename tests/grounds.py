"""What many tests begin with is made once for each database and put back for each test, rows and answers alike."""

from __future__ import annotations

import fcntl
import io
import pickle
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import inspect

from app.attachments.service import store
from app.web.extensions import Base, db

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """A database's content, and what the function that made it answered."""

    content: sqlite3.Connection | dict[str, bytes]  # PostgreSQL: by table, as COPY writes it
    counters: list[tuple[str, int]]
    answer: bytes

    def as_bytes(self) -> bytes:
        """To be read by another process."""
        rows = self.content.serialize() if isinstance(self.content, sqlite3.Connection) else self.content
        return pickle.dumps((rows, self.counters, self.answer))

    @classmethod
    def of_bytes(cls, written: bytes) -> Kept:
        """What `as_bytes` wrote."""
        rows, counters, answer = pickle.loads(written)
        if isinstance(rows, bytes):
            content = sqlite3.connect(":memory:")
            content.deserialize(rows[:18] + b"\1\1" + rows[20:])  # a database in memory has no write-ahead log
            return cls(content, counters, answer)
        return cls(rows, counters, answer)


class Grounds:
    """What functions filled a database with, by function and database: an empty one, or what another ground is."""

    def __init__(self, folder: Path) -> None:
        self._kept: dict[tuple[Any, str], Kept] = {}
        self._folder = folder

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

    def of_all(self, make: Callable[[], T]) -> T:
        """The same, made once by all processes of a run, with the files of its store: for what takes seconds and begins
        on an empty database without `tests.factories`, which number people in each process."""
        key = (make, str(db.engine.url))
        if key not in self._kept:
            file = self._folder / f"{make.__module__}.{make.__qualname__}-{db.engine.dialect.name}"
            with one_at_a_time(file):
                stored, here = file.with_name(f"{file.name}.stored"), store().folder
                if not file.exists():
                    answer = self(make)
                    shutil.copytree(here, stored)
                    file.write_bytes(self._kept[key].as_bytes())
                    return answer
                shutil.copytree(stored, here, dirs_exist_ok=True)
                self._kept[key] = Kept.of_bytes(file.read_bytes())
        return self(make)


@contextmanager
def one_at_a_time(file: Path) -> Iterator[None]:
    """Of all processes of a run, one makes that file or folder, and the others wait for it."""
    file.parent.mkdir(exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
    """Empty every table, and let numbers begin at 1 again. Those with rows are asked for first: after one test they are
    few of seventy, and so are their rows; TRUNCATE would make new files for each."""
    with closing(db.engine.raw_connection()) as pooled:
        driver: Any = pooled.driver_connection
        cursor = driver.cursor()
        if isinstance(driver, sqlite3.Connection):
            cursor.execute("BEGIN")
            cursor.execute("PRAGMA defer_foreign_keys = ON")
        else:
            cursor.execute("SELECT setval(seqrelid, seqstart, false) FROM pg_sequence")
        cursor.execute(_with_rows())
        for (place,) in sorted(cursor.fetchall()):
            cursor.execute(f"DELETE FROM {_tables()[place]}")
        driver.commit()


@cache
def _tables() -> list[str]:
    return [table.name for table in reversed(db.metadatas[None].sorted_tables)]


@cache
def _with_rows() -> str:
    """Asks which tables have rows, by their places in the order in which they can be emptied."""
    each = (f"SELECT {place} WHERE EXISTS (SELECT 1 FROM {name})" for place, name in enumerate(_tables()))
    return " UNION ALL ".join(each)
