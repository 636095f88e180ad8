"""The columns of form II.06a, who is counted in each, and the sums that must come out.

Which moment ends a case, and what counts as late, is said by `cases.population`; the form's notes say it to readers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from app.cases import population
from app.cases.lists import Window
from app.cases.population import both, either, opposite

Condition = Callable[[Any, Window, tzinfo], Any]


def _received(of: Any, w: Window) -> Any:
    return both(population.between(of.received_at, w.start, w.as_of), population.stands(of))


def _carried(of: Any, w: Window) -> Any:
    return both(
        population.done(of.received_at, w.start), population.not_yet(of.ended_at, w.start), population.stands(of)
    )


def _ended(of: Any, w: Window) -> Any:
    return population.ended_in(of, w.start, w.as_of)


def _open(of: Any, w: Window) -> Any:
    return both(
        population.done(of.received_at, w.as_of), population.not_yet(of.ended_at, w.as_of), population.stands(of)
    )


def _early(of: Any, w: Window, zone: tzinfo) -> Any:
    return both(_ended(of, w), population.known(of.late_after), population.ended_before_due_day(of, zone, w.as_of))


def _late(of: Any, w: Window) -> Any:
    return both(_ended(of, w), population.known(of.late_after), population.ended_late(of))


def _in_time(of: Any, w: Window, zone: tzinfo) -> Any:
    known = both(
        population.known(of.late_after),
        opposite(population.ended_before_due_day(of, zone, w.as_of)),
        population.ended_in_time(of),
    )
    return both(_ended(of, w), either(population.missing(of.late_after), known))


def _overdue(of: Any, w: Window) -> Any:
    return both(_open(of, w), population.known(of.late_after), population.past_due(of, w.as_of))


def _running(of: Any, w: Window) -> Any:
    due = both(population.known(of.late_after), opposite(population.past_due(of, w.as_of)))
    return both(_open(of, w), either(population.missing(of.late_after), due))


CELLS: Mapping[int, Condition] = {
    4: lambda of, w, _zone: both(_received(of, w), population.came_electronically(of)),
    5: lambda of, w, _zone: both(_received(of, w), opposite(population.came_electronically(of))),
    6: lambda of, w, _zone: _carried(of, w),
    8: _early,
    9: _in_time,
    10: lambda of, w, _zone: _late(of, w),
    12: lambda of, w, _zone: _running(of, w),
    13: lambda of, w, _zone: _overdue(of, w),
}
"""Who is counted in each column that is no sum; asked of the table or of one case."""

SUMS: Mapping[int, tuple[int, ...]] = {3: (4, 5, 6), 7: (8, 9, 10), 11: (12, 13)}
HANDED_IN, ANSWERED = (4, 5, 6), (8, 9, 10, 12, 13)
"""What has come in, and what has become of it: 3 = 7 + 11."""


def in_any(columns: tuple[int, ...], of: Any, w: Window, zone: tzinfo) -> Any:
    """The case is counted in one of these columns."""
    return either(*(CELLS[column](of, w, zone) for column in columns))


def unbalanced(of: Any, w: Window, zone: tzinfo) -> Any:
    """The case stands on one side of 3 = 7 + 11 only: it ended before it was received, as its records have it."""
    came, left = in_any(HANDED_IN, of, w, zone), in_any(ANSWERED, of, w, zone)
    return either(both(came, opposite(left)), both(left, opposite(came)))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the form: its name and its figures by column, those that are sums made of the others."""

    name: str
    key: str
    cells: Mapping[int, int]

    def __getitem__(self, column: int) -> int:
        return sum(self.cells[part] for part in SUMS[column]) if column in SUMS else self.cells[column]

    @property
    def excess(self) -> int:
        """Column 3 less columns 7 and 11: 0 where the line balances."""
        return self[3] - self[7] - self[11]


def total_of(lines: list[Line]) -> Line:
    """The line that is the sum of the others; it has no name of its own."""
    return Line("", "", {column: sum(line.cells[column] for line in lines) for column in CELLS})
