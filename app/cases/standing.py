"""How a case stands against its due time, and why the due time is what it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from app.cases import population
from app.cases.population import Bucket
from app.core.calendar import Allowance, PauseMode, TimeUnit, WorkingCalendar


class Lateness(StrEnum):
    """Where a case stands: before its due time, past it, with the clock stopped, or without one."""

    EARLY = "early"  # ended on a day before the due one
    ON_TIME = "on_time"  # ended in time on the due day, or open with days to spare
    DUE_SOON = "due_soon"
    DUE_TODAY = "due_today"
    LATE = "late"  # ended after its due time
    OPEN_LATE = "open_late"
    PAUSED = "paused"
    NO_DUE_DAY = "no_due_day"  # nobody promised one


class Dated(Protocol):
    """What has a time after which it is late."""

    @property
    def late_after(self) -> datetime | None: ...
    @property
    def promised_at(self) -> datetime | None: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """How a case stands. `days` are working days: left until it is due, or by which it is (or ended) late."""

    lateness: Lateness
    days: int = 0
    ended: bool = False

    @property
    def is_late(self) -> bool:
        """Past its due time, ended or not."""
        return self.lateness in (Lateness.LATE, Lateness.OPEN_LATE)


def standing_of(case: Dated, calendar: WorkingCalendar, now: datetime) -> CaseStanding:
    """How a case stands at an instant (UTC)."""
    if case.late_after is None:
        why = Lateness.NO_DUE_DAY if population.never_promised(case) else Lateness.PAUSED
        return CaseStanding(why, ended=case.ended_at is not None)
    due_day, last_day = calendar.local_day(case.late_after), calendar.local_day(case.ended_at or now)
    if population.late(case, now):
        late = Lateness.LATE if case.ended_at else Lateness.OPEN_LATE
        return CaseStanding(late, calendar.count_working_days(due_day, last_day), case.ended_at is not None)
    left = calendar.count_working_days(last_day, due_day)
    if case.ended_at:
        return CaseStanding(Lateness.ON_TIME if last_day == due_day else Lateness.EARLY, left, ended=True)
    return CaseStanding(_OPEN[population.bucket_of(case, calendar, now)], left)


_OPEN = {Bucket.TODAY: Lateness.DUE_TODAY, Bucket.SOON: Lateness.DUE_SOON, Bucket.LATER: Lateness.ON_TIME}


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """A named day off on the way to the due date, or a day off that is worked."""

    day: date
    name: str
    worked: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """A due time and what it follows from. `due_at` is None while the clock is stopped."""

    start: datetime
    amount: Decimal | int
    unit: TimeUnit
    due_at: datetime | None
    unusual: tuple[UnusualDay, ...] = ()
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    pause_mode: PauseMode = PauseMode.NONE
    from_outside: bool = False  # given by other software, not worked out here
    weekend_days: int = 0  # plain days off on the way that do not count; the named ones are in `unusual`
    provisional: bool = False  # the official list of its year's holidays is not known yet


def promise(
    calendar: WorkingCalendar,
    start: datetime,
    amount: Decimal | int,
    unit: TimeUnit,
    *,
    pauses: Sequence[tuple[datetime, datetime | None]] = (),
    mode: PauseMode = PauseMode.NONE,
    locale: str = "vi",
) -> Promise:
    """Work out when a time runs out that began at `start`, and which unusual days it passes."""
    deadline = calendar.deadline_with_pauses(start, Allowance(amount, unit), pauses, mode)
    stopped = deadline.stopped_in_time
    unusual = tuple(_unusual(calendar, (day for day, _name in deadline.days_crossed), locale))
    return Promise(
        start,
        amount,
        unit,
        None if stopped else deadline.due_at,
        unusual,
        tuple(pauses),
        mode,
        weekend_days=_weekend_days(calendar, start, deadline.due_at, unit, unusual),
        provisional=calendar.missing_year(calendar.local_day(deadline.due_at).year),
    )


def _weekend_days(
    calendar: WorkingCalendar, start: datetime, due_at: datetime, unit: TimeUnit, unusual: Sequence[UnusualDay]
) -> int:
    """Days off on the way without a name of their own; none where the time is counted in calendar days."""
    if unit is TimeUnit.CALENDAR_DAYS:
        return 0
    first, last = calendar.local_day(start), calendar.local_day(due_at)
    off = (last - first).days - calendar.count_working_days(first, last)
    return off - sum(1 for day in unusual if not day.worked and first < day.day <= last)


def _unusual(calendar: WorkingCalendar, days: Iterable[date], locale: str) -> Iterable[UnusualDay]:
    for day in days:
        worked = calendar.is_working_day(day)
        name = calendar.why_worked(day, locale) if worked else calendar.why_off(day, locale)
        yield UnusualDay(day, name or "", worked)
