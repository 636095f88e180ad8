"""A moment that moves through office hours: how the demonstration's people spend their days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

from app.core.calendar import WorkingCalendar

OPEN, LUNCH, BACK, CLOSE = 27_000, 41_400, 46_800, 61_200  # 7:30, 11:30, 13:00, 17:00 as seconds of the day


class OfficeMoment:
    """A local day and second of the day; `at` is the instant in UTC."""

    __slots__ = ("_calendar", "_starts", "day", "second")

    def __init__(self, calendar: WorkingCalendar, starts: dict[date, datetime]) -> None:
        self._calendar, self._starts = calendar, starts
        self.day, self.second = date.min, 0

    def put(self, day: date, second: int) -> None:
        """Be there."""
        self.day, self.second = day, second

    @property
    def at(self) -> datetime:
        """The instant, in UTC."""
        start = self._starts.get(self.day)
        if start is None:
            start = self._starts[self.day] = self._calendar.start_of_day(self.day)
        return start + timedelta(seconds=self.second)

    def work(self, seconds: int) -> None:
        """Spend so much office time, at most a day of it."""
        second = self.second
        if second >= CLOSE or not self._calendar.is_working_day(self.day):
            self.day, second = self._calendar.add_working_days(self.day, 1), OPEN
        elif second < OPEN:
            second = OPEN
        elif LUNCH <= second < BACK:
            second = BACK
        end = second + seconds
        if second < LUNCH <= end:
            end += BACK - LUNCH
        if end >= CLOSE:
            self.day, end = self._calendar.add_working_days(self.day, 1), OPEN + (end - CLOSE)
            if end >= LUNCH:
                end += BACK - LUNCH
        self.second = end

    def stay_on(self, seconds: int) -> None:
        """Let so much time pass, office hours or not; never past the end of the day."""
        self.second = min(self.second + seconds, 86_390)

    def next_days(self, working_days: int, rng: Random) -> None:
        """Some office hour, one or more working days later."""
        self.day = self._calendar.add_working_days(self.day, working_days)
        second = OPEN + int(rng.random() * (CLOSE - OPEN - (BACK - LUNCH)))
        self.second = second if second < LUNCH else second + BACK - LUNCH

    def days_since(self, day: date) -> int:
        """Working days after a day, up to this one."""
        return self._calendar.count_working_days(day, self.day)
