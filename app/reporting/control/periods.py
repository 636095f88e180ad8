"""The days that a control report's period counts: from the 15th to the 14th, or those of the calendar. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from app.core.periods import Period

NEW_FORMS = date(2026, 2, 15)
"""From this day Circular 05/2025/TT-VPCP is in force, whose columns are not known yet."""


class PeriodScheme(StrEnum):
    """How the days of a period are counted."""

    CUT_OFF = "15-14"  # Decree 09/2019/NĐ-CP, article 12
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class ControlSpan:
    """A period as a control report counts it; both days are included."""

    period: Period
    first: date
    last: date

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """The instants (UTC) at which it begins and at which it is over: start <= t < end."""
        days = self.first, self.last + timedelta(days=1)
        start, end = (datetime.combine(day, time.min, zone).astimezone(UTC) for day in days)
        return start, end

    @property
    def form_is_old(self) -> bool:
        """Whether the form known here was no longer in force when the period ended."""
        return self.last >= NEW_FORMS


def schemes(setting: str) -> list[tuple[date, PeriodScheme]]:
    """The setting `control_periods`: which scheme holds from which day, the earliest first."""
    pairs = (each.split("=") for each in setting.split(",") if each)
    return sorted((date.fromisoformat(day), PeriodScheme(scheme)) for day, scheme in pairs)


def span_of(period: Period, dated: Iterable[tuple[date, PeriodScheme]]) -> ControlSpan:
    """The period's days by the scheme that held when it ended; by the calendar before the first of them."""
    held = [scheme for day, scheme in dated if day <= period.last]
    if not held or held[-1] is PeriodScheme.CALENDAR:
        return ControlSpan(period, period.first, period.last)
    before = period.first - timedelta(days=1)
    return ControlSpan(period, before.replace(day=15), period.last.replace(day=14))
