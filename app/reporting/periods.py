"""Which periods the reports offer to choose from: the last ones of each length, and the one that is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date

from flask_babel import get_locale

from app.core.periods import Period, PeriodKind

MONTHS, OTHERS = 18, 4
"""How many months, and how many of each longer kind, a report offers that says nothing else."""


def last_periods(
    counts: Mapping[PeriodKind, int], day: date, wanted: Callable[[Period], bool] = lambda _period: True
) -> set[Period]:
    """Of each kind so many, from that of the day backwards, of which the wanted ones are kept."""
    found = set()
    for kind, count in counts.items():
        period = Period.of(kind, day)
        for _n in range(count):
            if wanted(period):
                found.add(period)
            period = period.previous()
    return found


def usual(kinds: Iterable[PeriodKind]) -> dict[PeriodKind, int]:
    """How many of each kind are offered."""
    return {kind: MONTHS if kind is PeriodKind.MONTH else OTHERS for kind in kinds}


def period_choices(periods: Iterable[Period], *, latest_first: bool = False) -> list[tuple[str, str]]:
    """To choose from, in the reader's language: by their length and each length from the latest back, or all of them
    from the latest back."""

    def by_length(each: Period) -> tuple[int, int]:
        return each.kind.months, -each.first.toordinal()

    def by_end(each: Period) -> tuple[int, int]:
        return -each.last.toordinal(), each.kind.months

    locale = str(get_locale())
    return [(each.key, each.label(locale)) for each in sorted(periods, key=by_end if latest_first else by_length)]
