"""Working time of a site: when an allowance of time runs out, and how much of it was used.

Sources: Civil Code 2015, articles 147-148 (the first day is not counted; a time that ends on a day off ends
on the next working day), Labour Code 2019, article 112 (public holidays), Decree 61/2018 (the 15:00 rule).
Instants are aware datetimes and come back in UTC; days are those of the site's zone.

One convention decides lateness everywhere: a thing done at t is late iff t > due_at. A time counted in days
ends at 23:59:59 of its last day in the site's zone, a time counted in hours at the exact instant.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from app.core.errors import DomainError
from app.core.working_days import Days, WorkingDays, lists_fingerprint

Amount = Decimal | int | float
Pause = tuple[datetime, datetime | None]
"""When the clock stopped and when it ran again; None while it is stopped."""

_HOUR = 3_600_000_000  # microseconds: office time is counted in them, so that nothing is rounded on the way
_LONGEST = 10_000  # days or hours: anything longer is a slip of the keyboard
_FOREVER = datetime.max.replace(tzinfo=UTC)
_LAST_SECOND = time(23, 59, 59)
_NOON = time(12)


class DayPart(StrEnum):
    """How much of a day an entry of the calendar is about."""

    DAY = "day"
    MORNING = "morning"
    AFTERNOON = "afternoon"

    @property
    def other(self) -> DayPart:
        """The half that is left of the day."""
        return {DayPart.MORNING: DayPart.AFTERNOON, DayPart.AFTERNOON: DayPart.MORNING}.get(self, self)


class TimeUnit(StrEnum):
    """What a procedure's time is counted in (ngày làm việc, ngày, giờ làm việc, trong ngày)."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    WORKING_HOURS = "working_hours"
    SAME_DAY = "same_day"


class PauseMode(StrEnum):
    """What waiting for the applicant's supplement does to the due date."""

    NONE = "none"
    """Nothing: the clock runs on."""
    EXTEND = "extend"
    """The due date moves by the time paused, in the unit of the allowance."""
    RESTART = "restart"
    """The whole allowance is counted again from the end of the last pause."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Time allowed. Parts of a day only in working days; the amount means nothing for `same_day`."""

    amount: Amount
    unit: TimeUnit

    def __post_init__(self) -> None:
        _check_amount(self.amount, self.unit)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a time runs out (UTC), and the unusual days that a page shows to say why."""

    due_at: datetime
    """While the clock is stopped: the due date as it stood then; it moves when the clock runs again."""
    days_crossed: tuple[tuple[date, str], ...] = ()
    """Named days off on the way (plain weekends left out) and days worked in exchange, with their names."""
    paused_at: datetime | None = None
    """Since when the clock is stopped (UTC), if it is."""

    @property
    def paused(self) -> bool:
        """Whether the clock is stopped."""
        return self.paused_at is not None

    @property
    def stopped_in_time(self) -> bool:
        """Whether the clock is stopped and was before the time ran out: then nothing is due."""
        return self.paused_at is not None and self.paused_at <= self.due_at


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """Hours worked on a working day, local time, as spans that do not overlap; between them is lunch.

    The default is a day of 8 hours, 7:30-11:30 and 13:00-17:00; a site that starts at 13:30 says so in its
    settings. `same_day_until` is the last moment at which a same-day case is due that day (15:00).
    """

    spans: tuple[tuple[time, time], ...] = ((time(7, 30), time(11, 30)), (time(13), time(17)))
    same_day_until: time = time(15)

    def __post_init__(self) -> None:
        edges = [edge for span in self.spans for edge in span]
        if not edges or any(a >= b for a, b in pairwise(edges)):
            raise DomainError("Giờ làm việc phải theo thứ tự và không chồng lên nhau.", field="office_hours")

    @classmethod
    def default(cls) -> OfficeHours:
        """The hours of a site that has set none."""
        return cls()

    def length(self) -> int:
        """Microseconds of work in a day."""
        return sum(_since_midnight(end) - _since_midnight(start) for start, end in self.spans)

    def of(self, part: DayPart) -> OfficeHours:
        """The hours of one half of the day, which noon divides; the whole day's where that half has none."""
        halves = {DayPart.MORNING: (time.min, _NOON), DayPart.AFTERNOON: (_NOON, time.max)}
        if part not in halves:
            return self
        first, last = halves[part]
        cut = ((max(start, first), min(end, last)) for start, end in self.spans)
        spans = tuple((start, end) for start, end in cut if start < end)
        return OfficeHours(spans, min(self.same_day_until, spans[-1][1])) if spans else self

    def worked_by(self, at: time) -> int:
        """Microseconds of work done in the day by this time."""
        now, total = _since_midnight(at), 0
        for start, end in self.spans:
            opened = _since_midnight(start)
            total += max(0, min(now, _since_midnight(end)) - opened)
        return total

    def time_after(self, work: int) -> time:
        """The first time of day by which so many microseconds of work (at most the day's) are done."""
        for start, end in self.spans:
            opened = _since_midnight(start)
            span = _since_midnight(end) - opened
            if work <= span:
                return _time_of_day(opened + work)
            work -= span
        raise ValueError("more work than the day has")


class WorkingCalendar(WorkingDays):
    """The working days and hours of a site, and every deadline that follows from them.

    How each unit is counted:
    - working days: the day of receipt is not counted; due at the end of the last day. A part of a day is
      counted in office hours (half a day is 4 hours of an 8-hour day): after whole days from the start of the
      next working day, without whole days from the moment of receipt.
    - calendar days: the day of receipt is not counted; an end on a day off moves to the next working day.
    - working hours: office hours from the moment of receipt; lunch and days off do not count.
    - same day: received on a working day until 15:00, due at the end of that day; otherwise of the next one.

    `half_days` are days of which only that half is worked. No law says how such a day counts: a choice of this house,
    it is a working day like any other, on which a time counted in days may end, and only its own hours are office time.
    """

    def __init__(
        self,
        days_off: Days = (),
        days_worked: Days = (),
        zone: str = "Asia/Ho_Chi_Minh",
        hours: OfficeHours | None = None,
        *,
        known_years: Iterable[int] = (),
        half_days: Mapping[date, DayPart] | None = None,
    ) -> None:
        super().__init__(days_off, days_worked, known_years)
        self.zone = ZoneInfo(zone)
        self.hours = hours or OfficeHours.default()
        self.half_days = dict(sorted((half_days or {}).items()))
        self._day_length = self.hours.length()
        self._short = {day: self.hours.of(part) for day, part in self.half_days.items() if self.is_working_day(day)}
        self._ends: dict[date, datetime] = {}

    def local_day(self, instant: datetime) -> date:
        """The site's day on which an instant falls."""
        return self._local(instant).date()

    def counted_day(self, instant: datetime) -> date:
        """The working day to which a thing done at an instant counts: its own, or the next one where it was done on a
        day off or after office hours."""
        local = self._local(instant)
        day = local.date()
        if self.is_working_day(day) and local.time() <= self.hours_on(day).spans[-1][1]:
            return day
        return self.add_working_days(day, 1)

    def hours_on(self, day: date) -> OfficeHours:
        """The office hours of a working day."""
        return self._short.get(day, self.hours)

    def start_of_day(self, day: date) -> datetime:
        """Local midnight with which the day begins, in UTC."""
        return self._utc(day, time.min)

    def end_of_day(self, day: date) -> datetime:
        """23:59:59 local, in UTC: the last moment at which a thing due that day is on time."""
        end = self._ends.get(day)
        if end is None:
            end = self._ends[day] = self._utc(day, _LAST_SECOND)
        return end

    def told_as(self, due_at: datetime) -> datetime:
        """The hour that people are told: what is due by the end of a day, they are told for when the office closes on
        it. (Whatever is done later that day is in time all the same.)"""
        local = self._local(due_at)
        if local.time().replace(microsecond=0) != _LAST_SECOND:
            return due_at
        return self._utc(local.date(), self.hours_on(local.date()).spans[-1][1])

    def due_at(self, start: datetime, amount: Amount, unit: TimeUnit) -> datetime:
        """When a time that begins at `start` runs out (UTC): `deadline` without its reasons, for speed."""
        if unit == TimeUnit.WORKING_DAYS and isinstance(amount, int) and amount >= 0:
            return self.end_of_day(self.add_working_days(self.local_day(start), amount))
        _check_amount(amount, unit)
        return self._due(start, amount, unit, 0)

    def deadline(self, start: datetime, allowance: Allowance) -> Deadline:
        """When an allowance that begins at `start` runs out, and why then."""
        return self.deadline_with_pauses(start, allowance, (), PauseMode.NONE)

    def deadline_with_pauses(
        self, start: datetime, allowance: Allowance, pauses: Sequence[Pause], mode: PauseMode
    ) -> Deadline:
        """When an allowance runs out although the clock was stopped meanwhile, any number of times.

        Pauses are measured in the allowance's own unit, from the day (or, for hours, the moment) of stopping
        to that of running again: stopping and going on within a day gives no day. Pauses that touch or
        overlap are one. A pause that begins after the time has run out moves nothing: late stays late.
        An open pause leaves the due date where it stood and says so (`Deadline.paused`).
        """
        amount, unit = allowance.amount, allowance.unit
        began, extra, paused_at = _aware(start), 0, None
        due_at = self._due(began, amount, unit, 0)
        for stopped, resumed in _merged(pauses, began, _FOREVER) if mode != PauseMode.NONE else ():
            if resumed == _FOREVER:
                paused_at = stopped.astimezone(UTC)
            elif stopped <= due_at:
                if mode == PauseMode.RESTART:
                    began = resumed
                else:
                    counted = self._counted_from(began, amount, unit)
                    extra += self._elapsed(max(stopped, counted), max(resumed, counted), _clock(amount, unit))
                due_at = self._due(began, amount, unit, extra)
        return Deadline(due_at, self._days_crossed(began, due_at, unit), paused_at)

    def moved_by(self, due_at: datetime, allowance: Allowance, stopped: datetime, resumed: datetime) -> datetime:
        """A given due time moved by a stop of the clock, measured in the allowance's unit as any pause is."""
        clock = _clock(allowance.amount, allowance.unit)
        stood = self._elapsed(stopped, resumed, clock)
        if stood <= 0:
            return due_at
        if clock == TimeUnit.WORKING_HOURS:
            return self._after_work(due_at, stood)
        day = self.local_day(due_at)
        if clock == TimeUnit.CALENDAR_DAYS:
            return self.end_of_day(self.add_working_days(_add_days(day, stood), 0))
        return self.end_of_day(self.add_working_days(day, stood))

    def working_time_used(
        self, start: datetime, end: datetime, unit: TimeUnit, pauses: Sequence[Pause] = ()
    ) -> Decimal:
        """Time used between two instants, less the pauses: days as a whole number, hours to 0.01.

        Measured as the due date is: an allowance of whole working days is overrun when more of them were used than
        allowed; and, with none more, when it was done, or the clock stopped, on a day off after the last of them.
        Same-day times are measured in working days. An open pause lasts until `end`.
        """
        if end < start:
            raise DomainError("Thời điểm kết thúc không được trước thời điểm bắt đầu.")
        clock = _clock(1, unit)
        used = self._elapsed(start, end, clock)
        used -= sum(self._elapsed(stopped, resumed, clock) for stopped, resumed in _merged(pauses, start, end))
        if clock != TimeUnit.WORKING_HOURS:
            return Decimal(used)
        return (Decimal(used) / _HOUR).quantize(Decimal("0.01"), ROUND_HALF_UP)

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change whenever a day or an hour may be judged otherwise."""
        settings = {
            "lists": lists_fingerprint(),
            "zone": self.zone.key,
            "hours": [f"{start:%H:%M:%S}-{end:%H:%M:%S}" for start, end in self.hours.spans],
            "same_day_until": f"{self.hours.same_day_until:%H:%M:%S}",
            "off": sorted(day.isoformat() for day in self.days_off),
            "worked": sorted(day.isoformat() for day in self.days_worked),
            "halves": [f"{day.isoformat()} {part}" for day, part in self.half_days.items()],
        }
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]

    def _due(self, start: datetime, amount: Amount, unit: TimeUnit, extra: int) -> datetime:
        """Due date moved by `extra`: days for a time counted in days, microseconds of work for hours."""
        local = self._local(start)
        day = local.date()
        if _clock(amount, unit) == TimeUnit.WORKING_HOURS:
            return self._after_work(self._due_by_the_hour(local, amount, unit), extra)
        if unit == TimeUnit.CALENDAR_DAYS:
            return self.end_of_day(self.add_working_days(_add_days(day, int(amount) + extra), 0))
        if unit == TimeUnit.WORKING_DAYS:
            last = self.add_working_days(day, int(amount))
        else:
            in_time = self.is_working_day(day) and local.time() <= self.hours_on(day).same_day_until
            last = day if in_time else self.add_working_days(day, 1)
        return self.end_of_day(self.add_working_days(last, extra))

    def _counted_from(self, start: datetime, amount: Amount, unit: TimeUnit) -> datetime:
        """From when a stopped clock loses office time: of a day and a half the day of receipt is not counted at all."""
        uncounted = unit == TimeUnit.WORKING_DAYS and _clock(amount, unit) == TimeUnit.WORKING_HOURS and amount >= 1
        return self.end_of_day(self.local_day(start)) if uncounted else start

    def _due_by_the_hour(self, local: datetime, amount: Amount, unit: TimeUnit) -> datetime:
        exact = Decimal(str(amount))
        if unit == TimeUnit.WORKING_HOURS:
            return self._after_work(local, round(exact * _HOUR))
        whole = int(exact)
        if whole:
            local = self._local(self.end_of_day(self.add_working_days(local.date(), whole)))
        return self._after_work(local, round((exact - whole) * self._day_length))

    def _after_work(self, start: datetime, work: int) -> datetime:
        """The first instant (UTC) by which so many microseconds of office time have passed since `start`."""
        if work == 0:
            return start.astimezone(UTC)
        local = self._local(start)
        day = local.date()
        worked = self.is_working_day(day)
        if self._short:
            return self._after_work_of_halves(local, work)
        days, rest = divmod(work + (self.hours.worked_by(local.time()) if worked else 0), self._day_length)
        if rest == 0:  # a full day ends when the office closes, not when it opens the next morning
            days, rest = days - 1, self._day_length
        day = self.add_working_days(day, days if worked else days + 1)
        return self._utc(day, self.hours.time_after(rest))

    def _after_work_of_halves(self, local: datetime, work: int) -> datetime:
        """The same where some days are worked by half: day by day, since they are not alike."""
        day = local.date()
        done = self.hours_on(day).worked_by(local.time()) if self.is_working_day(day) else self.hours_on(day).length()
        while work > (left := self.hours_on(day).length() - done):
            work, done = work - left, 0
            day = self.add_working_days(day, 1)
        return self._utc(day, self.hours_on(day).time_after(done + work))

    def _elapsed(self, start: datetime, end: datetime, clock: TimeUnit) -> int:
        """Days between two instants, or microseconds of office time when the clock is in hours."""
        began, ended = self._local(start), self._local(end)
        first, last = began.date(), ended.date()
        if clock == TimeUnit.CALENDAR_DAYS:
            return (last - first).days
        days = self.count_working_days(first, last)
        if clock == TimeUnit.WORKING_DAYS:
            return days
        less = sum(self._day_length - hours.length() for day, hours in self._short.items() if first < day <= last)
        return days * self._day_length - less + self._left(began) - self._left(ended)

    def _left(self, local: datetime) -> int:
        """Office time that is left of the day; none on a day off."""
        hours = self.hours_on(local.date())
        return hours.length() - hours.worked_by(local.time()) if self.is_working_day(local.date()) else 0

    def _days_crossed(self, start: datetime, due_at: datetime, unit: TimeUnit) -> tuple[tuple[date, str], ...]:
        """Unusual days until the due day; the first day only where it counts: in hours and same-day."""
        first, last = self.local_day(start), self.local_day(due_at)
        if unit in (TimeUnit.WORKING_DAYS, TimeUnit.CALENDAR_DAYS):
            first = _add_days(first, 1)
        named = ((day, self.why_worked(day) or self.why_off(day)) for day in self.notable_days(first, last))
        return tuple((day, name) for day, name in named if name)

    def _local(self, instant: datetime) -> datetime:
        return _aware(instant).astimezone(self.zone)

    def _utc(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)


def _clock(amount: Amount, unit: TimeUnit) -> TimeUnit:
    """What pauses are measured in: a part of a working day is due at an hour, so its clock runs in hours."""
    if unit == TimeUnit.SAME_DAY:
        return TimeUnit.WORKING_DAYS
    if unit == TimeUnit.WORKING_DAYS and amount != int(amount):
        return TimeUnit.WORKING_HOURS
    return unit


def _merged(pauses: Iterable[Pause], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The pauses between two instants in order, those that touch made one; open ones reach `end`."""
    merged: list[tuple[datetime, datetime]] = []
    for stopped, resumed in sorted((_aware(stopped), _FOREVER if r is None else _aware(r)) for stopped, r in pauses):
        if resumed < stopped:
            raise DomainError("Thời điểm tiếp tục không được trước thời điểm tạm dừng.")
        first, last = max(stopped, start), min(resumed, end)
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        elif first <= last:
            merged.append((first, last))
    return merged


def _check_amount(amount: Amount, unit: TimeUnit) -> None:
    if not (math.isfinite(amount) and 0 <= amount <= _LONGEST):
        raise DomainError("Thời hạn phải là số từ 0 đến %(longest)s.", field="amount", longest=_LONGEST)
    if unit == TimeUnit.CALENDAR_DAYS and amount != int(amount):
        raise DomainError("Thời hạn tính theo ngày phải là số nguyên.", field="amount")


def _add_days(day: date, number: int) -> date:
    return day + timedelta(days=number)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs its zone: give an aware datetime")
    return instant


def _since_midnight(at: time) -> int:
    """Microseconds since local midnight."""
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


def _time_of_day(microseconds: int) -> time:
    seconds, microsecond = divmod(microseconds, 1_000_000)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, microsecond)
