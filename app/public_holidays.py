"""Vietnam's public holidays and swapped Saturdays (ngày làm bù) by year, from the `holidays` package."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

# The lunar calendar of the package holds these years; outside them it answers with no holidays at all.
FIRST_YEAR, LAST_YEAR = 1901, 2100

_LANGUAGES = {"vi": "vi", "en": "en_US"}


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """One year's list. A swap belongs to the year of its day off; its Saturday may lie in another."""

    names: Mapping[date, str]
    """Day off -> name of the holiday."""
    swapped: Mapping[date, date]
    """Saturday worked -> the day off it makes up for."""


@cache
def package_version() -> str:
    """The version of the package the lists come from."""
    return version("holidays")


@cache
def last_announced_year() -> int:
    """Swaps are announced a year at a time, late in the year before. The package has explicit data up to this year;
    later years it computes (Tết, Giỗ Tổ, days in lieu) without knowing what will be announced."""
    return int(max(_package().special_public_holidays))


@cache
def _package() -> Any:
    import holidays  # heavy: loaded when a calendar is first asked

    return holidays.country_holidays("VN")


@lru_cache(maxsize=512)
def public_holidays(year: int, locale: str = "vi") -> PublicHolidays:
    """The public holidays of one year, named in `locale` (`vi` or `en`; any other reads as `en`)."""
    import holidays

    listed = holidays.country_holidays("VN", years=[year], language=_LANGUAGES.get(locale, "en_US"))
    return PublicHolidays(names=dict(listed), swapped=dict(_swaps(year)))


def _swaps(year: int) -> Iterator[tuple[date, date]]:
    """Pairs (Saturday worked, day off) from entries (month and day off, month and day worked[, its year])."""
    entries = _package().special_public_holidays.get(year, ())
    for entry in entries if entries and isinstance(entries[0], tuple) else (entries,):
        if len(entry) < 4:  # a special holiday that no Saturday makes up for
            continue
        off_month, off_day, month, day, *other_year = entry
        yield date(other_year[0] if other_year else year, month, day), date(year, off_month, off_day)
