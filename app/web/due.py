"""The one place where anything is compared with the time or the day by which it is due.

Each question is asked of values, and answered by true or false, or of columns, and answered by an SQL condition. What
is not known (None, NULL) is neither kept nor missed. A due time lasts until its last second, a due day until its end.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, overload

from sqlalchemy import and_
from sqlalchemy.sql.operators import Operators

SOON = 3  # days before its last day from which an obligation is shown as near


@overload
def missed(due: date | None, at: date | None) -> bool: ...
@overload
def missed(due: Any, at: Any) -> Any: ...
def missed(due: Any, at: Any) -> Any:
    """What was done, or looked at and still open, at `at` is late."""
    return _compared(operator.gt, at, due)


@overload
def kept(due: date | None, at: date | None) -> bool: ...
@overload
def kept(due: Any, at: Any) -> Any: ...
def kept(due: Any, at: Any) -> Any:
    """What was done, or looked at and still open, at `at` is in time."""
    return _compared(operator.le, at, due)


@overload
def due_by(due: date | None, at: date | None) -> bool: ...
@overload
def due_by(due: Any, at: Any) -> Any: ...
def due_by(due: Any, at: Any) -> Any:
    """It is due at `at` or before."""
    return _compared(operator.le, due, at)


@overload
def due_after(due: date | None, at: date | None) -> bool: ...
@overload
def due_after(due: Any, at: Any) -> Any: ...
def due_after(due: Any, at: Any) -> Any:
    """It is due later than `at`."""
    return _compared(operator.gt, due, at)


def within(due: Any, first: Any, last: Any) -> Any:
    """SQL: it is due between those, both included."""
    return and_(kept(due, first), due_by(due, last))


def _compared(compare: Callable[[Any, Any], Any], one: Any, other: Any) -> Any:
    if isinstance(one, Operators) or isinstance(other, Operators):
        return compare(one, other)
    return one is not None and other is not None and compare(one, other)


class DueState(StrEnum):
    """How something with a last day stands."""

    DONE = "done"
    DONE_LATE = "done_late"
    NO_DAY = "no_day"
    OVERDUE = "overdue"
    TODAY = "today"
    SOON = "soon"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class DueDay:
    """How something with a last day stands, and by how many days it is early or late."""

    state: DueState
    days: int = 0


def due_day(due_on: date | None, done_on: date | None, today: date) -> DueDay:
    """How something due on that day, and done on the other if it is, stands today."""
    days = abs((due_on - (done_on or today)).days) if due_on else 0
    if done_on is not None:
        return DueDay(DueState.DONE_LATE if missed(due_on, done_on) else DueState.DONE, days)
    if due_on is None:
        return DueDay(DueState.NO_DAY)
    if missed(due_on, today):
        return DueDay(DueState.OVERDUE, days)
    if days == 0:
        return DueDay(DueState.TODAY)
    return DueDay(DueState.SOON if days <= SOON else DueState.LATER, days)
