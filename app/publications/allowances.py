"""How many days a plan allows for a step, for the pages to show beside the days used.

The figures are parameters of the plans; records do not know rules. A room that does registers a source here, and
without one the pages show the days used alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.calendar import TimeUnit
from app.publications.clocks import Clock, Step
from app.publications.models import PublicationTrack
from app.working_days import WorkingDays


@dataclass(frozen=True, slots=True)
class Allowed:
    """Days allowed, counted as working or as calendar days, and the plan that says so."""

    days: int
    unit: TimeUnit
    plan: str

    def used(self, clock: Clock) -> int:
        """Days used of it, counted as the plan counts."""
        return clock.working_days if self.unit is TimeUnit.WORKING_DAYS else clock.calendar_days

    def last_day(self, start: date, calendar: WorkingDays) -> date:
        """The last day on which a step begun that day is in time."""
        if self.unit is TimeUnit.WORKING_DAYS:
            return calendar.add_working_days(start, self.days)
        return start + timedelta(days=self.days)


AllowanceSource = Callable[[PublicationTrack, Step, date], Sequence[Allowed]]

sources: list[AllowanceSource] = []
"""Asked for the allowances of a step of a publication whose clock began on that day."""


def allowed(track: PublicationTrack, step: Step, day: date) -> list[Allowed]:
    """What the plans in force that day allow for a step."""
    return [one for source in sources for one in source(track, step, day)]


@dataclass(frozen=True, slots=True)
class AllowedClock:
    """A clock beside what one plan allows: days over (0 when kept), days left, the last day."""

    allowed: Allowed
    used: int
    last_day: date | None

    @property
    def over(self) -> int:
        """Days used beyond what is allowed."""
        return max(0, self.used - self.allowed.days)

    @property
    def left(self) -> int:
        """Days not used yet."""
        return max(0, self.allowed.days - self.used)


def beside(
    track: PublicationTrack, clock: Clock, day: date, calendar: WorkingDays, start: date | None = None
) -> list[AllowedClock]:
    """A clock beside each plan's allowance; `start` as the clock's own unless given."""
    began = start or clock.started_on
    return [
        AllowedClock(one, one.used(clock), one.last_day(began, calendar) if began else None)
        for one in allowed(track, clock.step, day)
    ]
