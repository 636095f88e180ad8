"""The site's working calendar (lịch làm việc): the official one, and the days that the Department adds to it.

`site_calendar()` is what every deadline is counted with. Its days are read from the database at each call (a
few dozen rows) and the calendar made from them is kept per process for as long as they stay the same: so every
process, and a transaction that has just added a day, sees the right one without being told.
"""

from __future__ import annotations

from calendar import Calendar as Weeks
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from flask import current_app

from app.core.calendar import OfficeHours, WorkingCalendar
from app.core.errors import Conflict, DomainError, NotFound
from app.core.reasons import checked_reason
from app.core.text import tidy
from app.core.working_days import FIRST_YEAR, LAST_YEAR, public_holidays
from app.organisation import audit, queries
from app.organisation.access import Actor, site
from app.organisation.models import SiteDay
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db
from app.web.once import once

LONGEST_SPAN = 31  # days entered at once: more is a slip of the keyboard


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What listeners are told: the days that changed, the calendars before and after, and by whom."""

    days: tuple[date, ...]
    before: WorkingCalendar
    after: WorkingCalendar
    by: Actor


@dataclass(frozen=True, slots=True)
class MovedDeadline:
    """A deadline that another calendar moves: of which record, and when it falls before and after (UTC)."""

    code: str
    who: str
    unit: str
    before: datetime
    after: datetime


on_calendar_considered: list[Callable[[CalendarChange], list[MovedDeadline]]] = []
"""Called to foresee a change that nobody has made yet: which deadlines of the room would move. Writes nothing."""

on_calendar_changed: list[Callable[[CalendarChange], None]] = []
"""Called inside the transaction of the change, before it is committed: a listener that raises undoes it all.
A room appends its own once, when it is imported."""


def site_calendar() -> WorkingCalendar:
    """The working calendar of this site, with the days it has added."""
    settings, days = current_app.config["SETTINGS"], once("site days", queries.site_days)
    return _calendar(settings.zone, settings.hours, tuple((each.day, each.working, each.name) for each in days))


def past_calendars() -> Iterator[WorkingCalendar]:
    """The calendars that the site had before, the latest first: today's days, and what was done to them undone."""
    settings = current_app.config["SETTINGS"]
    days = {row.day: (row.day, row.working, row.name) for row in queries.site_days()}
    for entry in queries.calendar_entries():
        first, details = date.fromisoformat(entry.subject_id), entry.details
        if entry.action == "add_site_days":
            for day in [day for day in days if first <= day <= date.fromisoformat(details["last"])]:
                del days[day]
        else:
            days[first] = first, bool(details["working"]), str(details["name"])
        yield _calendar(settings.zone, settings.hours, tuple(days[day] for day in sorted(days)))


@lru_cache(maxsize=16)
def _calendar(zone: str, hours: OfficeHours, days: tuple[tuple[date, bool, str], ...]) -> WorkingCalendar:
    return WorkingCalendar(
        {day: name for day, working, name in days if not working},
        {day: name for day, working, name in days if working},
        zone,
        hours,
    )


def today() -> date:
    """The site's day. It takes its zone, not its calendar."""
    return extensions.now().astimezone(ZoneInfo(current_app.config["SETTINGS"].zone)).date()


@needs(Capability.KEEP_CALENDAR)
def add_site_days(
    by: Actor, *, first: date, last: date | None = None, working: bool, name: str, reason: str
) -> list[SiteDay]:
    """Add a day, or each day from `first` to `last`: off, or worked in exchange.

    Raises DomainError (dates out of order, over 31 days, no name or reason, outside the years of the
    calendar) and Conflict (a day is entered already).
    """
    name, reason = tidy(name), tidy(reason)
    days = _days_to_add(first, last, name, reason)
    with audit.transaction() as session:
        before = site_calendar()
        rows = [SiteDay(site=site(), day=day, working=working, name=name, reason=reason) for day in days]
        session.add_all(rows)
        session.flush()
        audit.record(by, "add_site_days", "site_day", days[0], last=days[-1], working=working, name=name, reason=reason)
        _tell(CalendarChange(tuple(days), before, site_calendar(), by))
    return rows


@needs(Capability.KEEP_CALENDAR)
def adding(
    by: Actor, *, first: date, last: date | None = None, working: bool, name: str, reason: str
) -> list[MovedDeadline]:
    """The deadlines that adding those days would move. Writes nothing; refuses what `add_site_days` would refuse."""
    days = _days_to_add(first, last, tidy(name), tidy(reason))
    known = tuple((row.day, row.working, row.name) for row in queries.site_days())
    return _would_move(by, days, known + tuple((day, working, tidy(name)) for day in days))


@needs(Capability.KEEP_CALENDAR)
def removing(by: Actor, day: date) -> list[MovedDeadline]:
    """The deadlines that taking this day of the site out would move. Writes nothing. Raises NotFound."""
    if queries.site_day(day) is None:
        raise NotFound("Ngày %(day)s không có trong lịch của cơ quan.", day=day)
    known = ((row.day, row.working, row.name) for row in queries.site_days() if row.day != day)
    return _would_move(by, [day], tuple(known))


def _would_move(by: Actor, days: list[date], known: tuple[tuple[date, bool, str], ...]) -> list[MovedDeadline]:
    settings = current_app.config["SETTINGS"]
    after = _calendar(settings.zone, settings.hours, known)
    change = CalendarChange(tuple(days), site_calendar(), after, by)
    return [moved for foresee in on_calendar_considered for moved in foresee(change)]


def _days_to_add(first: date, last: date | None, name: str, reason: str) -> list[date]:
    days = _days_between(first, last or first)
    if not name:
        raise DomainError("Hãy ghi tên ngày.", field="name")
    if not reason:
        raise DomainError("Hãy ghi lý do hoặc văn bản làm căn cứ.", field="reason")
    entered = {row.day for row in queries.site_days()}
    if clash := sorted(entered.intersection(days)):
        raise Conflict(
            "Ngày %(day)s đã có trong lịch của cơ quan. Hãy xóa trước rồi nhập lại.", field="first", day=clash[0]
        )
    return days


@needs(Capability.KEEP_CALENDAR)
def remove_site_day(by: Actor, day: date, *, reason: str = "") -> None:
    """Take a day the site added out again. Raises NotFound."""
    if reason := tidy(reason):  # the page asks for none: the day says itself what it was
        reason = checked_reason(reason, missing="")
    row = queries.site_day(day)
    if row is None:
        raise NotFound("Ngày %(day)s không có trong lịch của cơ quan.", day=day)
    with audit.transaction() as session:
        before = site_calendar()
        session.delete(row)
        session.flush()
        audit.record(by, "remove_site_day", "site_day", day, working=row.working, name=row.name, reason=reason)
        _tell(CalendarChange((day,), before, site_calendar(), by))


def _tell(change: CalendarChange) -> None:
    for listener in on_calendar_changed:
        listener(change)
    db.session.flush()


def _days_between(first: date, last: date) -> list[date]:
    if last < first:
        raise DomainError("Ngày cuối không được trước ngày đầu.", field="last")
    if (last - first).days >= LONGEST_SPAN:
        raise DomainError("Mỗi lần chỉ nhập được tối đa %(days)s ngày.", field="last", days=LONGEST_SPAN)
    if not FIRST_YEAR <= first.year <= last.year <= LAST_YEAR:
        raise DomainError(
            "Lịch làm việc chỉ có từ năm %(first)s đến năm %(last)s.",
            field="first",
            first=FIRST_YEAR,
            last=LAST_YEAR,
        )
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True)
class NotableDay:
    """A day of the year that is not what its weekday says, or bears a name, and where that comes from."""

    day: date
    working: bool
    name: str
    official: bool
    """From the official list; False: added by the site."""
    reason: str = ""
    official_name: str = ""
    """What the official list calls a day that the site has changed; empty if it says nothing of it."""


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year of the site: its notable days, its number of working days, and whether its list is complete."""

    year: int
    days: tuple[NotableDay, ...]
    working_days: int
    provisional: bool
    """The year's official list is not known yet: deadlines in it may move."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month as weeks from Monday to Sunday; None before its first day and after its last."""

    number: int
    weeks: tuple[tuple[MonthDay | None, ...], ...]


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of the grid. `kind`: work, off (a weekend), holiday, site_off, worked (in exchange), site_worked."""

    day: date
    kind: str
    name: str = ""


def months(year: CalendarYear) -> list[Month]:
    """The twelve months of the year, day by day."""
    notable = {day.day: day for day in year.days}
    return [
        Month(number, tuple(tuple(_month_day(day, number, notable) for day in week) for week in weeks))
        for number, weeks in ((n, Weeks(firstweekday=0).monthdatescalendar(year.year, n)) for n in range(1, 13))
    ]


def _month_day(day: date, month: int, notable: dict[date, NotableDay]) -> MonthDay | None:
    if day.month != month:
        return None
    known = notable.get(day)
    if known is None:
        return MonthDay(day, "off" if day.weekday() >= 5 else "work")
    if known.official:
        return MonthDay(day, "worked" if known.working else "holiday", known.name)
    return MonthDay(day, "site_worked" if known.working else "site_off", known.name)


def calendar_year(year: int, locale: str = "vi") -> CalendarYear:
    """What the calendar page shows. Raises DomainError for a year the calendar does not cover."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotFound("Lịch làm việc chỉ có từ năm %(first)s đến năm %(last)s.", first=FIRST_YEAR, last=LAST_YEAR)
    calendar, added = site_calendar(), {row.day: row for row in queries.site_days()}
    first, last = date(year, 1, 1), date(year, 12, 31)
    official = WorkingCalendar(zone=calendar.zone.key) if added else calendar
    days = []
    for day in calendar.notable_days(first, last):
        if row := added.get(day):
            why = official.why_worked(day, locale) or public_holidays(year, locale).names.get(day, "")
            days.append(NotableDay(day, row.working, row.name, False, row.reason, why))
        else:
            name = calendar.why_worked(day, locale) or calendar.why_off(day, locale) or ""
            days.append(NotableDay(day, calendar.is_working_day(day), name, True))
    count = calendar.count_working_days(first, last) + calendar.is_working_day(first)
    return CalendarYear(year, tuple(days), count, calendar.missing_year(year))
