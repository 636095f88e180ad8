"""How many cases come in on each day of the demonstration, when in the day, and which.

Mondays are busy, Fridays are not; the weeks before Tết are a rush and Tết itself is quiet; lunch is kept.
Online cases also come in the evening and on days off.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from app.cases.vocabulary import Channel
from app.core.calendar import WorkingCalendar
from app.core.working_days import public_holidays
from app.demo.dealings import EXACT_OF, EXACT_UNIT
from app.demo.world import ONLINE_SHARE, World

WEEKDAYS = (1.35, 1.1, 1.0, 0.97, 0.85, 0.5, 0.5)  # a working Saturday is half a day's business
DAY_OFF, TET = 0.05, 0.015
RUSH_DAYS, QUIET_DAYS = 24, 7  # before and after Tết
DAY = 86_400

# Seconds of the local day and what share of the cases comes between them: in the office, and in the evening.
_OFFICE = ((27000, 30600, 25), (30600, 34200, 30), (34200, 41400, 25), (46800, 50400, 16), (50400, 61200, 22))
_MONDAY = ((27000, 30600, 45), (30600, 34200, 38), (34200, 41400, 22), (46800, 50400, 14), (50400, 61200, 16))
_EVENING = ((21600, 27000, 6), (41400, 46800, 14), (61200, 68400, 18), (68400, 79200, 44), (79200, 84600, 18))


@dataclass(frozen=True, slots=True)
class Arrival:
    """One case coming in: second of the local day, index of the procedure, channel."""

    second: int
    procedure: int
    channel: Channel


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day's intake. `paying` is set in full months: the exact unit's payments of the month before this day,
    and how many of that month's there are in all (a multiple of twenty)."""

    day: date
    cases: int
    first_id: int
    busy: bool
    paying: tuple[int, int] | None = None


def plan(world: World, calendar: WorkingCalendar, cases: int) -> list[DayPlan]:
    """Share the cases out over the days, exactly as many as asked for, in order of time."""
    days = [world.first + timedelta(days=n) for n in range((world.last - world.first).days + 1)]
    weights = [_weight(world, calendar, day, n / len(days)) for n, day in enumerate(days)]
    counts = shared_out(cases, weights)
    usual = 1.5 * sum(weights) / max(1, len([w for w in weights if w > 0.3]))
    paying = _paying(_eligible(world, calendar, dict(zip(days, counts, strict=True))))
    plans, first_id = [], 1
    for day, weight, count in zip(days, weights, counts, strict=True):
        if count:
            plans.append(DayPlan(day, count, first_id, weight > usual, paying.get(day)))
        first_id += count
    return plans


def _paying(eligible: dict[date, int]) -> dict[date, tuple[int, int]]:
    """For each day: payments of its month before it, and the month's total, cut to a multiple of twenty."""
    totals: dict[tuple[int, int], int] = {}
    before: dict[date, int] = {}
    for day, count in eligible.items():
        month = (day.year, day.month)
        before[day] = totals.get(month, 0)
        totals[month] = before[day] + count
    cut = {month: total // EXACT_OF * EXACT_OF for month, total in totals.items()}
    return {day: (n, total) for day, n in before.items() if (total := cut[day.year, day.month])}


def shared_out(total: int, weights: list[float]) -> list[int]:
    """Whole numbers in proportion to the weights that add up to the total (largest remainders)."""
    unit = total / sum(weights)
    exact = [weight * unit for weight in weights]
    counts = [int(share) for share in exact]
    neediest = sorted(range(len(exact)), key=lambda n: (counts[n] - exact[n], n))
    for n in neediest[: total - sum(counts)]:
        counts[n] += 1
    return counts


def exact_payer(world: World, arrival: Arrival) -> bool:
    """Whether the case owes a fee that counts in the exact unit's rate."""
    procedure = world.procedures[arrival.procedure]
    return procedure.unit == EXACT_UNIT and procedure.online_payable


def _eligible(world: World, calendar: WorkingCalendar, counts: dict[date, int]) -> dict[date, int]:
    """For each day of the full months, the exact unit's cases that owe a fee payable online."""
    intake, last = Intake(world, calendar), world.month[1]
    return {
        day: sum(exact_payer(world, arrival) for arrival in intake.arrivals(day, count))
        for day, count in counts.items()
        if day <= last
    }


def _weight(world: World, calendar: WorkingCalendar, day: date, progress: float) -> float:
    """How busy a day is, against an ordinary Wednesday."""
    if not calendar.is_working_day(day):
        return TET if any(abs((day - tet).days) <= 4 for tet in tet_days(day.year)) else DAY_OFF
    weight = WEEKDAYS[day.weekday()] * (1 + 0.2 * progress) * (0.9 + 0.2 * world.rng("day", day).random())
    for tet in tet_days(day.year):
        ahead = (tet - day).days
        if 0 < ahead <= RUSH_DAYS:
            weight *= 1.25 + 0.9 * (RUSH_DAYS - ahead) / RUSH_DAYS
        elif 0 <= -ahead <= QUIET_DAYS + 5:
            weight *= 0.3
    return weight * _open_share(world, calendar, day)


def _open_share(world: World, calendar: WorkingCalendar, day: date) -> float:
    """The share of the day that has passed at the horizon: 1, but for the last day."""
    passed = (world.horizon - calendar.start_of_day(day)).total_seconds()
    return min(1.0, max(0.0, (passed - 27_000) / (61_200 - 27_000)))


def tet_days(year: int) -> list[date]:
    """The first day of the lunar year, in a list of one (the name is the official list's)."""
    return [day for day, name in public_holidays(year).names.items() if name == "Tết Nguyên Đán"]


class Intake:
    """The arrivals of a day: a function of the world, the day and their number."""

    def __init__(self, world: World, calendar: WorkingCalendar) -> None:
        self.world, self.calendar = world, calendar
        shares = [procedure.share for procedure in world.procedures]
        online = [p.share * ONLINE_SHARE[p.level] for p in world.procedures]
        self.any, self.online = list(accumulate(shares)), list(accumulate(online))

    def arrivals(self, day: date, count: int) -> list[Arrival]:
        """The cases of the day in the order in which they come."""
        rng = self.world.rng("intake", day)
        working = self.calendar.is_working_day(day)
        curve = _MONDAY if day.weekday() == 0 else _OFFICE
        found = sorted(self._one(rng, working, curve, count), key=lambda arrival: arrival.second)
        return [self._squeezed(arrival, day) for arrival in found] if day == self.world.last else found

    def _one(
        self, rng: Random, working: bool, curve: tuple[tuple[int, int, int], ...], count: int
    ) -> Iterator[Arrival]:
        for _ in range(count):
            shares = self.any if working else self.online
            procedure = bisect(shares, rng.random() * shares[-1])
            level = self.world.procedures[procedure].level
            chance = rng.random()
            if not working or chance < ONLINE_SHARE[level]:
                office = working and rng.random() < 0.45
                yield Arrival(_moment(rng, curve if office else _EVENING), procedure, Channel.ONLINE)
            else:
                channel = Channel.POST if chance > 0.97 else Channel.IN_PERSON
                yield Arrival(_moment(rng, curve), procedure, channel)

    def _squeezed(self, arrival: Arrival, day: date) -> Arrival:
        """On the last day everything has come in before the horizon."""
        passed = int((self.world.horizon - self.calendar.start_of_day(day)).total_seconds())
        return Arrival(arrival.second * min(passed, DAY) // DAY, arrival.procedure, arrival.channel)


def _moment(rng: Random, curve: tuple[tuple[int, int, int], ...]) -> int:
    chance = rng.random() * sum(weight for _, _, weight in curve)
    for start, end, weight in curve:
        if chance < weight:
            return start + int((end - start) * chance / weight)
        chance -= weight
    return curve[-1][1] - 1
