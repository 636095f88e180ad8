"""Which days a site works, answered from a table: millions of questions are asked by the importer."""

from __future__ import annotations

import hashlib
import tomllib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

from app.core.errors import N_, NP_, DomainError, in_language, in_language_as

# The lunar calendar of the package holds these years; outside them it answers with no holidays at all.
FIRST_YEAR, LAST_YEAR = 1901, 2100

_OFFICIAL = Path(__file__).with_name("official_days.toml")
_LANGUAGES = {"vi": "vi", "en": "en_US"}


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """One year's list. A swap belongs to the year that announced it; its days may lie in another."""

    names: Mapping[date, str]
    """Day off -> name of the holiday."""
    swapped: Mapping[date, date]
    """Saturday worked -> the day off it makes up for."""


@cache
def package_version() -> str:
    """The version of the package the lists come from."""
    return version("holidays")


@dataclass(frozen=True, slots=True)
class OfficialYear:
    """A year whose list was announced: its days, the announcements that say so, and how far they were seen."""

    days: PublicHolidays
    sources: tuple[str, ...]
    checked: str


@cache
def official_years(locale: str = "vi") -> Mapping[int, OfficialYear]:
    """The years that are shipped with their announcements (official_days.toml); what the package computes does not
    count against them."""
    told = tomllib.loads(_OFFICIAL.read_text(encoding="utf-8"))
    english = told.pop("names")
    years = {}
    for year, said in told.items():
        names = {date.fromisoformat(day): name for day, name in said["off"].items()}
        if locale != "vi":
            names = {day: english[name] for day, name in names.items()}
        swapped = {worked: date.fromisoformat(day) for day, worked in said.get("swapped", {}).items()}
        exchanged = N_("Ngày nghỉ (thay cho ngày %(day)s)")
        names |= {day: _with_day(locale, exchanged, worked) for worked, day in swapped.items()}
        years[int(year)] = OfficialYear(PublicHolidays(names, swapped), tuple(said["sources"]), said["checked"])
    return years


@cache
def lists_fingerprint() -> str:
    """Changes whenever a day of a year's list may be another."""
    return f"{package_version()} {hashlib.sha256(_OFFICIAL.read_bytes()).hexdigest()[:12]}"


@cache
def _package() -> Any:
    import holidays  # heavy: loaded when a calendar is first asked

    return holidays.country_holidays("VN")


@lru_cache(maxsize=512)
def public_holidays(year: int, locale: str = "vi") -> PublicHolidays:
    """The public holidays of one year, named in `locale` (`vi` or `en`; any other reads as `en`): as announced where
    that is shipped, else as the package computes them."""
    if announced := official_years("vi" if locale == "vi" else "en").get(year):
        return announced.days
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


SATURDAY, SUNDAY = 5, 6
_WEEKEND = {SATURDAY: NP_("calendar", "Thứ Bảy"), SUNDAY: NP_("calendar", "Chủ Nhật")}

Days: TypeAlias = Mapping[date, str] | Iterable[date]


@dataclass(frozen=True, slots=True)
class _Table:
    """Whole years of days, by position from 1 January of the first one. Replaced, never changed."""

    first_year: int
    last_year: int
    base: int
    """Ordinal of the first day."""
    worked: bytes
    """1 for a working day, 0 for a day off."""
    through: array[int]
    """Number of working days up to and including this day."""
    days: list[date]
    """The working days in order."""
    notable: list[date]
    """Days that are not what their weekday says, and holidays on weekends, in order."""


class WorkingDays:
    """Working days: Monday to Friday, less public holidays, plus swapped Saturdays; a site's own days win.

    `days_off` and `days_worked` are the site's days with their names, or dates alone; none may be both. `known_years`
    are those whose official list the site has confirmed, beside the ones that are shipped.
    Every question on a day outside the years of the package (1901-2100) raises DomainError.
    """

    def __init__(self, days_off: Days = (), days_worked: Days = (), known_years: Iterable[int] = ()) -> None:
        self.days_off = _named(days_off, N_("Ngày nghỉ của cơ quan"))
        self.days_worked = _named(days_worked, N_("Ngày làm việc của cơ quan"))
        self.known_years = frozenset(known_years)
        for day in self.days_off.keys() & self.days_worked.keys():
            raise DomainError("Ngày %(day)s vừa là ngày nghỉ vừa là ngày làm việc.", day=f"{day:%d/%m/%Y}")
        self._widening = Lock()
        self._table = self._build(2020, 2029)

    def is_working_day(self, day: date) -> bool:
        """Whether the site works that day."""
        table = self._table
        position = day.toordinal() - table.base
        if 0 <= position < len(table.worked):
            return table.worked[position] == 1
        self._widen(day.year)
        return self.is_working_day(day)

    def add_working_days(self, day: date, number: int) -> date:
        """The `number`-th working day after `day`, which is itself not counted, whether worked or not.

        Zero gives `day` if it is worked, else the next working day. A negative number counts backwards.
        """
        table = self._table
        position = day.toordinal() - table.base
        if 0 <= position < len(table.worked):
            target = table.through[position] + number
            target -= 1 if number > 0 else table.worked[position]
            if 0 <= target < len(table.days):
                return table.days[target]
            self._widen_towards(forward=target >= 0, number=abs(number))
        else:
            self._widen(day.year)
        return self.add_working_days(day, number)

    def count_working_days(self, after: date, until: date) -> int:
        """Working days d with after < d <= until; negative when `until` is before `after`."""
        table = self._table
        first, last = after.toordinal() - table.base, until.toordinal() - table.base
        size = len(table.worked)
        if 0 <= first < size and 0 <= last < size:
            return table.through[last] - table.through[first]
        self._widen(after.year)
        self._widen(until.year)
        return self.count_working_days(after, until)

    def why_off(self, day: date, locale: str = "vi") -> str | None:
        """Name of the site's day off, holiday or weekend day; None on a working day."""
        if day in self.days_off:
            return in_language(_known(locale), self.days_off[day])
        if self.is_working_day(day):
            return None
        return self._name(day, locale) or in_language_as(_known(locale), "calendar", _WEEKEND[day.weekday()])

    def _name(self, day: date, locale: str) -> str | None:
        for year in (day.year, min(day.year + 1, LAST_YEAR)):
            if name := public_holidays(year, locale).names.get(day):
                return name
        return None

    def why_worked(self, day: date, locale: str = "vi") -> str | None:
        """Why the site works on what would be a day off (swapped Saturday, the site's own day); else None."""
        if day in self.days_worked:
            return in_language(_known(locale), self.days_worked[day])
        if not self.is_working_day(day):
            return None
        for year in range(max(day.year - 1, FIRST_YEAR), min(day.year + 1, LAST_YEAR) + 1):
            if off := public_holidays(year).swapped.get(day):
                return _with_day(locale, N_("Làm bù cho ngày %(day)s"), off)
        return None

    def notable_days(self, first: date, last: date) -> list[date]:
        """Holidays, swapped Saturdays and the site's own days from `first` to `last`, both included."""
        self._widen(first.year)
        self._widen(last.year)
        notable = self._table.notable
        return notable[bisect_left(notable, first) : bisect_right(notable, last)]

    def missing_year(self, year: int) -> bool:
        """Whether the year's official list is not known, so that its deadlines are provisional.

        A year is known when its announcement is shipped, or was confirmed by the site; not because some day of it is
        entered: a site's own day off says nothing of the others. Lunar Tết is computed either way.
        """
        return year not in official_years() and year not in self.known_years

    def _widen_towards(self, *, forward: bool, number: int) -> None:
        """Let the table reach further by about `number` working days, by one decade at least."""
        # Some 250 working days a year: counting 240 reaches the year wanted or passes it.
        table, years = self._table, number // 240 + 1
        if forward:
            year = table.last_year + years
            self._widen(min(year, LAST_YEAR) if table.last_year < LAST_YEAR else year)
        else:
            year = table.first_year - years
            self._widen(max(year, FIRST_YEAR) if table.first_year > FIRST_YEAR else year)

    def _widen(self, year: int) -> None:
        """Let the table reach `year`, by whole decades."""
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise DomainError(
                "Lịch làm việc chỉ có từ năm %(first)s đến năm %(last)s.", first=FIRST_YEAR, last=LAST_YEAR
            )
        with self._widening:
            table, decade = self._table, year // 10 * 10
            if not table.first_year <= year <= table.last_year:
                first = max(FIRST_YEAR, min(table.first_year, decade))
                last = min(LAST_YEAR, max(table.last_year, decade + 9))
                # One assignment: readers take no lock, and the old table is as right as the new one.
                self._table = self._build(first, last)

    def _build(self, first_year: int, last_year: int) -> _Table:
        notable = dict(self._notable(first_year, last_year))
        base, end = date(first_year, 1, 1).toordinal(), date(last_year, 12, 31).toordinal()
        # Ordinal 1 (1 January of year 1) was a Monday.
        worked = bytearray((ordinal - 1) % 7 < SATURDAY for ordinal in range(base, end + 1))
        for day, is_worked in notable.items():
            worked[day.toordinal() - base] = is_worked
        through, days, total = array("i"), [], 0
        for position, one in enumerate(worked):
            total += one
            through.append(total)
            if one:
                days.append(date.fromordinal(base + position))
        return _Table(first_year, last_year, base, bytes(worked), through, days, sorted(notable))

    def _notable(self, first_year: int, last_year: int) -> Iterator[tuple[date, bool]]:
        """Days with a name and whether each is worked; a later pair for the same day wins."""
        # A Saturday may make up for a day off in the year beside it, so the list reaches one year further.
        years = range(max(first_year - 1, FIRST_YEAR), min(last_year + 1, LAST_YEAR) + 1)
        sources: list[tuple[Iterable[date], bool]] = []
        sources += [(public_holidays(year).names, False) for year in years]
        sources += [(public_holidays(year).swapped, True) for year in years]
        sources += [(self.days_off, False), (self.days_worked, True)]
        for source, is_worked in sources:
            yield from ((day, is_worked) for day in source if first_year <= day.year <= last_year)


def _named(days: Days, name: str) -> dict[date, str]:
    return dict(days) if isinstance(days, Mapping) else dict.fromkeys(days, name)


def _with_day(locale: str, message: str, day: date) -> str:
    return in_language(_known(locale), message, day=f"{day:%d/%m/%Y}")


def _known(locale: str) -> str:
    """Of the languages that there are: English for any other."""
    return "vi" if locale == "vi" else "en"
