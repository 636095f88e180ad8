"""What a worker must know to make up the lives of cases: plain values that can be sent to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from app.calendar import WorkingCalendar
from app.cases.timeline import Terms
from app.demo.applicants import person_name
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
