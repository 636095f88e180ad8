"""How near a deadline is, and who is to be told of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.cases import population
from app.core.calendar import WorkingCalendar
from app.notifications.models import ReminderStep

AHEAD = 2  # working days before the due day from which somebody is reminded


@dataclass(frozen=True, slots=True)
class Pending:
    """An open case whose clock runs. `late_after` is UTC; `holder_id` is who took it over, if anybody did."""

    case_id: int
    late_after: datetime
    resolved: bool
    unit_id: int  # that has it now
    holder_id: int | None
    officer: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be reminded, as their unit knows them."""

    id: int
    name: str
    unit_id: int
    heads: bool


def step_of(pending: Pending, calendar: WorkingCalendar, now: datetime) -> ReminderStep | None:
    """What is to be said of the case today; None while its day is further off than two working days."""
    if population.past_due(pending, now):
        step: ReminderStep | None = ReminderStep.OVERDUE
    else:
        left = calendar.count_working_days(calendar.local_day(now), calendar.local_day(pending.late_after))
        step = {0: ReminderStep.DUE_TODAY, 1: ReminderStep.ONE_DAY, 2: ReminderStep.TWO_DAYS}.get(left)
    return ReminderStep.NOT_CLOSED if step and pending.resolved else step


class Staff:
    """Who is told of a case: who has it in hand, and the head of the unit that has it."""

    def __init__(self, people: Iterable[Colleague], above: dict[int, Sequence[int]]) -> None:
        """`above`: for each unit, itself and the units over it, the nearest first."""
        self.above = above
        self._of_unit: dict[int, list[Colleague]] = {}
        self._by_id: dict[int, Colleague] = {}
        for person in people:
            self._of_unit.setdefault(person.unit_id, []).append(person)
            self._by_id[person.id] = person

    def told_of(self, pending: Pending) -> set[int]:
        """Ids of the people: the holder, or the officer named on the case, or else the unit's staff; and its head."""
        return {person.id for person in (*self._holders(pending), *self._heads(pending.unit_id))}

    def _holders(self, pending: Pending) -> list[Colleague]:
        if pending.holder_id in self._by_id:
            return [self._by_id[pending.holder_id]]
        here = [person for person in self._of_unit.get(pending.unit_id, []) if not person.heads]
        return [person for person in here if person.name == pending.officer] or here

    def _heads(self, unit_id: int) -> list[Colleague]:
        """The unit's own head; where it has none, the nearest one above."""
        for above in self.above.get(unit_id, (unit_id,)):
            if heads := [person for person in self._of_unit.get(above, []) if person.heads]:
                return heads
        return []
