"""What an import is going to write, kept outside the database until all of the file has been read.

Reading a file writes nothing: other clerks go on writing meanwhile. What is prepared lies in a temporary SQLite
file of this process (small ones never leave memory), so that memory does not grow with the file.
"""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.cases.rows import Row
from app.cases.vocabulary import EventKind
from app.core.codes import code_key

CHUNK = 2000  # cases

PreparedEvent = tuple[int, EventKind, datetime, str, dict[str, Any], str | None]
"""Number within the case, kind, at (UTC), actor, data, identity in the other software."""


@dataclass(slots=True)
class Prepared:
    """One case to be written. `case_id` is None when the file brings it; `revision` is the one that was read.

    `case` are its columns (of a known case only those that an import may change), `derived` the rows of the
    derived tables by table, `before` the columns of a known case as they were.
    """

    code: str
    case_id: int | None
    revision: int
    case: Row
    events: list[PreparedEvent]
    derived: dict[str, list[Row]]
    before: Row

    def dumped(self) -> bytes:
        """As bytes."""
        parts = (self.code, self.case_id, self.revision, self.case, self.events, self.derived, self.before)
        return pickle.dumps(parts, protocol=pickle.HIGHEST_PROTOCOL)


def _loaded(blob: bytes) -> Prepared:
    return Prepared(*pickle.loads(blob))  # noqa: S301  our own bytes, from a file that nobody else can open


class Plan:
    """The cases to be written, in the order in which the file first speaks of them."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # "": a temporary file, gone when it is closed
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("CREATE TABLE plan (position INTEGER PRIMARY KEY, key UNIQUE, is_new, prepared)")
        self._file.execute("BEGIN")

    def put(self, cases: Iterable[Prepared]) -> None:
        """Keep cases; one that is there already is replaced, in its place."""
        self._file.executemany(
            "INSERT INTO plan (key, is_new, prepared) VALUES (?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET prepared = excluded.prepared",
            ((code_key(case.code), case.case_id is None, case.dumped()) for case in cases),
        )

    def get(self, keys: Iterable[str]) -> dict[str, Prepared]:
        """Those of these cases that are to be written, by the keys of their codes."""
        if not self:
            return {}
        wanted = "SELECT key, prepared FROM plan WHERE key IN (SELECT value FROM json_each(?))"
        return {key: _loaded(blob) for key, blob in self._file.execute(wanted, (json.dumps(list(keys)),))}

    def first(self, count: int, *, new: bool) -> list[Prepared]:
        """The first of the new cases, or of the known ones."""
        rows = self._file.execute(
            "SELECT prepared FROM plan WHERE is_new = ? ORDER BY position LIMIT ?", (new, count)
        ).fetchall()
        return [_loaded(blob) for (blob,) in rows]

    def count(self, *, new: bool) -> int:
        """Number of new cases, or of known ones."""
        return int(self._file.execute("SELECT count(*) FROM plan WHERE is_new = ?", (new,)).fetchone()[0])

    def chunks(self) -> Iterator[list[Prepared]]:
        """All of them, some thousands at a time."""
        after = 0
        while rows := self._file.execute(
            "SELECT position, prepared FROM plan WHERE position > ? ORDER BY position LIMIT ?", (after, CHUNK)
        ).fetchall():
            after = rows[-1][0]
            yield [_loaded(blob) for _position, blob in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __bool__(self) -> bool:
        return self._file.execute("SELECT 1 FROM plan LIMIT 1").fetchone() is not None
