"""Pages found by the last line of the page before: by an instant, and by the id where instants are equal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, tuple_

from app.forms import readable, whole_number


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: the instant its list is sorted by, and the id of its last line."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.id}"

    @classmethod
    def parse(cls, text: str | None) -> Cursor | None:
        """The cursor in an address; None for anything else."""
        at, _, number = (text or "").partition("~")
        try:
            moment = datetime.fromisoformat(at.replace(" ", "+"))
            return cls(moment, whole_number(number)) if moment.tzinfo and readable(moment) else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Keyset:
    """Which page of a list sorted by an instant and an id."""

    after: Cursor | None
    before: Cursor | None
    limit: int
    ascending: bool = False

    @property
    def rising(self) -> bool:
        """The order in which this page is read: backwards when it is the page before."""
        return self.ascending is (self.before is None)

    def cut(self, query: Select[*tuple[Any, ...]], since: Any, key: Any) -> Select[*tuple[Any, ...]]:
        """The query from the cursor on, one line more than the page has."""
        cursor = self.before or self.after
        if cursor is not None:
            edge = tuple_(literal(cursor.at, type_=since.type), literal(cursor.id, type_=key.type))
            query = query.where(tuple_(since, key) > edge if self.rising else tuple_(since, key) < edge)
        order = (since.asc(), key.asc()) if self.rising else (since.desc(), key.desc())
        return query.order_by(*order).limit(self.limit + 1)

    def page(self, found: list[tuple[datetime, int]]) -> tuple[list[int], Cursor | None, Cursor | None]:
        """The ids of the page in order, and the cursors before and after it."""
        more, found = len(found) > self.limit, found[: self.limit]
        if self.before is not None:
            found.reverse()
        if not found:
            return [], None, None
        first, last = Cursor(*found[0]), Cursor(*found[-1])
        leads, follows = (more, True) if self.before else (self.after is not None, more)
        return [key for _since, key in found], first if leads else None, last if follows else None
