"""What a worker must know to make up the lives of cases: plain values that can be sent to another process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TypeVar

from app.cases.timeline import Terms
from app.core.calendar import WorkingCalendar
from app.core.periods import Period, PeriodKind
from app.demo.applicants import person_name
from app.organisation.access import Actor
from app.procedures.models import CopyKind, Level

ONLINE_SHARE = {Level.FULL: 0.5, Level.PARTIAL: 0.25, Level.IN_PERSON: 0.0}
OFFICERS = {"MC": 8, "SO": 3, "LDVL": 7, "NCC": 6, "BTXH": 6, "TEXH": 5, "TTDVVL": 4, "TTBTXH": 3}


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document that a procedure asks for, as it stands in the database."""

    id: int
    name: str
    required: bool
    copy_kind: CopyKind
    quantity: int


@dataclass(frozen=True, slots=True)
class KnownProcedure:
    """A procedure as it stands in the database, with its share of the intake; `fee` in đồng."""

    code: str
    version_id: int
    unit: str
    unit_id: int
    terms: Terms
    level: Level
    fee: int
    online_payable: bool
    returns_result: bool
    share: float
    documents: tuple[KnownDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """What a working calendar is made of; the calendar itself cannot be sent."""

    zone: str
    off: Mapping[date, str]
    worked: Mapping[date, str]

    @classmethod
    def of(cls, calendar: WorkingCalendar) -> CalendarDays:
        """The days of a calendar."""
        return cls(calendar.zone.key, dict(calendar.days_off), dict(calendar.days_worked))

    def calendar(self) -> WorkingCalendar:
        """The calendar again."""
        return WorkingCalendar(self.off, self.worked, self.zone)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the lives depend on. The same world gives the same lives, to the microsecond."""

    site: str
    prefix: str
    seed: int
    first: date
    last: date  # last day on which cases are received
    horizon: datetime  # UTC; nothing has happened after it
    month: tuple[date, date]  # the last full month: its first and last day
    procedures: tuple[KnownProcedure, ...]
    days: CalendarDays

    @property
    def remembered_since(self) -> date:
        """First day from which the documents of cases are told: the month before the last full one."""
        return (self.month[0] - timedelta(days=1)).replace(day=1)

    def rng(self, *what: object) -> Random:
        """Chance for one purpose; the same in every process (a text seeds by SHA-512, not by its hash())."""
        return Random("/".join(map(str, (self.seed, *what))))  # noqa: S311  demonstration data, not secrets

    def officers(self) -> dict[str, list[str]]:
        """Names of the people who handle cases, by code of their unit."""
        return {
            unit: [person_name(self.rng("officers", unit, number)) for number in range(count)]
            for unit, count in OFFICERS.items()
        }


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
