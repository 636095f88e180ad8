"""What the demonstration's duties stand on: the world, its calendar, its units, and what had happened by its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TypeVar

from app.calendar import WorkingCalendar
from app.demo.world import World
from app.organisation.access import Actor
from app.periods import Period, PeriodKind

T = TypeVar("T")
MARK = "Số liệu minh họa"
"""Stands wherever a record has a note: nobody must take it for something that was done."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The world with its calendar; `units` are ids by code, `procedures` too; `by` records everything."""

    by: Actor
    world: World
    calendar: WorkingCalendar
    units: Mapping[str, int]
    procedures: Mapping[str, int]

    @property
    def site(self) -> str:
        """The site's code."""
        return self.world.site

    @property
    def last(self) -> date:
        """The last day on which anything has happened."""
        return self.calendar.local_day(self.world.horizon)

    @property
    def month(self) -> Period:
        """The last full month."""
        return Period.of(PeriodKind.MONTH, self.world.month[0])

    def rng(self, *what: object) -> Random:
        """Chance for one duty."""
        return self.world.rng("duties", *what)

    def periods(self, kind: PeriodKind) -> Iterator[Period]:
        """The periods from the one of the first day on that have begun by the last full month's end."""
        period = Period.of(kind, self.world.first)
        while period.first <= self.month.last:
            yield period
            period = Period.of(kind, period.last + timedelta(days=1))

    def owners(self) -> list[str]:
        """Codes of the units that answer for procedures, in the catalogue's order."""
        return list(dict.fromkeys(procedure.unit for procedure in self.world.procedures))

    def procedures_of(self, unit: str) -> list[str]:
        """Codes of a unit's procedures."""
        return [procedure.code for procedure in self.world.procedures if procedure.unit == unit]

    def working(self, day: date, days: int = 0) -> date:
        """The working day so many after a day (before it, when negative); with 0 the day itself, or the next."""
        if days == 0 and self.calendar.is_working_day(day):
            return day
        return self.calendar.add_working_days(day, days or 1)

    def has_come(self, day: date | None) -> bool:
        """Whether the demonstration has got to that day."""
        return day is not None and day <= self.last

    def come(self, day: date) -> date | None:
        """The day, unless the demonstration has not got there."""
        return day if self.has_come(day) else None

    def at(self, day: date, hour: int = 9) -> datetime:
        """An office hour of a day, UTC; never after the demonstration's end."""
        return min(self.calendar.start_of_day(day) + timedelta(hours=hour), self.world.horizon)


def turn(choices: Sequence[T], number: int) -> T:
    """One after the other, and again from the first."""
    return choices[number % len(choices)]
