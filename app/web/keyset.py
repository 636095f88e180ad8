"""Pages found by the last line of the page before: by an id, or by an instant and the id where instants are equal.
A list that is read whole has numbered ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Select, literal, tuple_
from werkzeug.datastructures import MultiDict

from app.web.forms import readable, whole_number


class Cursor(NamedTuple):
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


Edge = TypeVar("Edge", int, Cursor)
Line = TypeVar("Line")
Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True, slots=True)
class Keyset(Generic[Edge]):
    """Which page of a list sorted by a number, or by an instant and an id."""

    after: Edge | None
    before: Edge | None
    limit: int
    ascending: bool = False

    @property
    def rising(self) -> bool:
        """The order in which this page is read: backwards when it is the page before."""
        return self.ascending is (self.before is None)

    def cut(self, query: Query, *columns: Any) -> Query:
        """The query from the edge on, one line more than the page has."""
        edge = self.after if self.before is None else self.before
        if edge is not None:
            values = edge if isinstance(edge, tuple) else (edge,)
            there = tuple_(*(literal(value, type_=each.type) for value, each in zip(values, columns, strict=True)))
            query = query.where(tuple_(*columns) > there if self.rising else tuple_(*columns) < there)
        return query.order_by(*(each.asc() if self.rising else each.desc() for each in columns)).limit(self.limit + 1)

    def lines(
        self, found: Sequence[Line], edge_of: Callable[[Line], Edge]
    ) -> tuple[list[Line], Edge | None, Edge | None]:
        """The lines of the page in order, and the edges of the pages before and after it, None at an end."""
        more, lines = len(found) > self.limit, list(found[: self.limit])
        if self.before is not None:
            lines.reverse()
        if not lines:
            return [], None, None
        leads, follows = (more, True) if self.before is not None else (self.after is not None, more)
        return lines, edge_of(lines[0]) if leads else None, edge_of(lines[-1]) if follows else None

    def page(
        self: Keyset[Cursor], found: Sequence[tuple[datetime, int]]
    ) -> tuple[list[int], Cursor | None, Cursor | None]:
        """The same of lines of which only instant and id were read: their ids."""
        lines, before, after = self.lines([Cursor(*line) for line in found], lambda line: line)
        return [line.id for line in lines], before, after


def page_number(asked: MultiDict[str, str]) -> int:
    """Which of the numbered pages an address asks for: their numbers are the pager's cursors."""
    return asked.get("after", type=whole_number) or asked.get("before", type=whole_number) or 1


@dataclass(frozen=True, slots=True)
class Numbered(Generic[Line]):
    """A page of so many; the numbers of the pages beside it, None at an end."""

    rows: Sequence[Line]
    before: int | None
    after: int | None

    @classmethod
    def of(cls, rows: Sequence[Line], number: int, size: int) -> Numbered[Line]:
        """That page of the rows. One beyond the last is the last."""
        last = max(1, -(-len(rows) // size))
        number = min(max(number, 1), last)
        shown = rows[(number - 1) * size : number * size]
        return cls(shown, number - 1 if number > 1 else None, number + 1 if number < last else None)
