"""The site's working calendar (lịch làm việc): the official one, and the days that the Department adds to it.

`site_calendar()` is what every deadline is counted with. Its days are read from the database at each call (a
few dozen rows) and the calendar made from them is kept per process for as long as they stay the same: so every
process, and a transaction that has just added a day, sees the right one without being told.
"""

from __future__ import annotations

from calendar import Calendar as Weeks
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app

from app.core.calendar import DayPart, OfficeHours, WorkingCalendar
from app.core.errors import N_, Conflict, DomainError, NotFound
from app.core.periods import Period, PeriodKind
from app.core.text import checked_reason, tidy
from app.core.working_days import FIRST_YEAR, LAST_YEAR, official_years, public_holidays
from app.organisation import audit, queries
from app.organisation.access import Actor, site
from app.organisation.models import ConfirmedYear, SiteDay
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
    """The working calendar of this site, with the days it has added and the years it has confirmed."""
    return once("site calendar", lambda: _of_site(queries.entries()))


def past_calendars() -> Iterator[WorkingCalendar]:
    """The calendars that the site had before, the latest first: today's days, and what was done to them undone."""
    days = {row.day: _entry(row) for row in queries.site_days()}
    for entry in queries.calendar_entries():
        first, details = date.fromisoformat(entry.subject_id), entry.details
        if entry.action == "add_site_days":
            for day in [day for day in days if first <= day <= date.fromisoformat(details["last"])]:
                del days[day]
        else:
            part = DayPart(details.get("part", DayPart.DAY))
            days[first] = first, bool(details["working"]), str(details["name"]), part
        yield _of_site(days[day] for day in sorted(days))


Entry = tuple[date, bool, str, DayPart]
"""A day of the site: whether it is worked, its name, and which part of it is meant."""


def _entry(row: SiteDay) -> Entry:
    return row.day, row.working, row.name, row.part


def _of_site(days: Iterable[Entry]) -> WorkingCalendar:
    settings = current_app.config["SETTINGS"]
    years = once("confirmed years", queries.known_years)
    return _calendar(settings.zone, settings.hours, tuple(days), years)


@lru_cache(maxsize=16)
def _calendar(zone: str, hours: OfficeHours, days: tuple[Entry, ...], years: tuple[int, ...]) -> WorkingCalendar:
    return WorkingCalendar(
        {day: name for day, working, name, part in days if not working and part is DayPart.DAY},
        {day: name for day, working, name, _part in days if working},
        zone,
        hours,
        known_years=years,
        half_days={day: part if working else part.other for day, working, _, part in days if part is not DayPart.DAY},
    )


def today() -> date:
    """The site's day. It takes its zone, not its calendar."""
    return extensions.now().astimezone(ZoneInfo(current_app.config["SETTINGS"].zone)).date()


def this_month() -> Period:
    """The month that has not ended."""
    return Period.of(PeriodKind.MONTH, today())


def last_month() -> Period:
    """The last one that has."""
    return this_month().previous()


@needs(Capability.KEEP_CALENDAR)
def add_site_days(
    by: Actor,
    *,
    first: date,
    last: date | None = None,
    working: bool,
    name: str,
    reason: str,
    part: DayPart = DayPart.DAY,
) -> list[SiteDay]:
    """Add a day, or each day from `first` to `last`: off, or worked in exchange; the whole day, or one half of it.

    Raises DomainError (dates out of order, over 31 days, no name or reason, outside the years of the
    calendar) and Conflict (a day is entered already).
    """
    name, reason = tidy(name), tidy(reason)
    days = _days_to_add(first, last, name, reason)
    with audit.transaction() as session:
        before = site_calendar()
        rows = [SiteDay(site=site(), day=day, working=working, name=name, reason=reason, part=part) for day in days]
        session.add_all(rows)
        session.flush()
        said: dict[str, Any] = {"last": days[-1], "working": working, "name": name, "reason": reason}
        audit.record(by, "add_site_days", "site_day", days[0], **said, **_half(part))
        _tell(CalendarChange(tuple(days), before, site_calendar(), by))
    return rows


@needs(Capability.KEEP_CALENDAR)
def adding(
    by: Actor,
    *,
    first: date,
    last: date | None = None,
    working: bool,
    name: str,
    reason: str,
    part: DayPart = DayPart.DAY,
) -> list[MovedDeadline]:
    """The deadlines that adding those days would move. Writes nothing; refuses what `add_site_days` would refuse."""
    days = _days_to_add(first, last, tidy(name), tidy(reason))
    known = [_entry(row) for row in queries.site_days()]
    return _would_move(by, days, known + [(day, working, tidy(name), part) for day in days])


@needs(Capability.KEEP_CALENDAR)
def removing(by: Actor, day: date) -> list[MovedDeadline]:
    """The deadlines that taking this day of the site out would move. Writes nothing. Raises NotFound."""
    if queries.site_day(day) is None:
        raise NotFound("Ngày %(day)s không có trong lịch của cơ quan.", day=day)
    return _would_move(by, [day], [_entry(row) for row in queries.site_days() if row.day != day])


def _would_move(by: Actor, days: list[date], known: list[Entry]) -> list[MovedDeadline]:
    change = CalendarChange(tuple(days), site_calendar(), _of_site(known), by)
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
        said: dict[str, Any] = {"working": row.working, "name": row.name, "reason": reason}
        audit.record(by, "remove_site_day", "site_day", day, **said, **_half(row.part))
        _tell(CalendarChange((day,), before, site_calendar(), by))


def _half(part: DayPart) -> dict[str, str]:
    """What the audit trail says of a half day; of a whole one nothing."""
    return {} if part is DayPart.DAY else {"part": part.value}


@needs(Capability.KEEP_CALENDAR)
def confirm_year(by: Actor, year: int, *, source: str) -> ConfirmedYear:
    """The year's days off have been compared with their announcement: from now on its deadlines are no longer
    provisional. Raises DomainError without a source, Conflict for a year that is known already."""
    source = checked_reason(source, missing=N_("Hãy ghi số và ngày của thông báo nghỉ lễ, Tết."), field="source")
    _check_covered(year)
    if not site_calendar().missing_year(year):
        raise Conflict("Lịch nghỉ chính thức của năm %(year)s đã được xác nhận.", field="year", year=year)
    with audit.transaction() as session:
        row = ConfirmedYear(
            site=site(),
            year=year,
            source=source,
            confirmed_at=extensions.now(),
            person_id=by.person_id,
            actor=by.name,
        )
        session.add(row)
        session.flush()
        audit.record(by, "confirm_calendar_year", "calendar_year", year, source=source)
    return row


@needs(Capability.KEEP_CALENDAR)
def withdraw_year(by: Actor, year: int, *, reason: str) -> None:
    """Take back the confirmation of a year: it is provisional again. Raises NotFound where there is none."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do rút lại."))
    row = queries.confirmed_year(year)
    if row is None:
        raise NotFound("Cơ quan chưa xác nhận lịch nghỉ của năm %(year)s.", year=year)
    with audit.transaction() as session:
        session.delete(row)
        audit.record(by, "withdraw_calendar_year", "calendar_year", year, source=row.source, reason=reason)


def provisional_years(first: date, last: date) -> list[int]:
    """The years between two days whose official list is not known: deadlines in them may move."""
    calendar = site_calendar()
    return [year for year in range(first.year, last.year + 1) if calendar.missing_year(year)]


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
    part: DayPart = DayPart.DAY
    """Which part of it is meant."""


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """One year of the site: its notable days, its number of working days, and whether its list is complete."""

    year: int
    days: tuple[NotableDay, ...]
    working_days: int
    provisional: bool
    """The year's official list is not known yet: deadlines in it may move."""
    sources: tuple[str, ...] = ()
    """The announcements it rests on."""
    remark: str = ""
    """How far they were seen, or who confirmed the year and when."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month as weeks from Monday to Sunday; None before its first day and after its last."""

    number: int
    weeks: tuple[tuple[MonthDay | None, ...], ...]


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of the grid. `kind`: work, off (a weekend), holiday, site_off, site_half, worked (in exchange),
    site_worked."""

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
    if known.part is not DayPart.DAY:
        return MonthDay(day, "site_half", known.name)
    return MonthDay(day, "site_worked" if known.working else "site_off", known.name)


def calendar_year(year: int, locale: str = "vi") -> CalendarYear:
    """What the calendar page shows. Raises DomainError for a year the calendar does not cover."""
    _check_covered(year)
    calendar, added = site_calendar(), {row.day: row for row in queries.site_days()}
    first, last = date(year, 1, 1), date(year, 12, 31)
    official = WorkingCalendar(zone=calendar.zone.key) if added else calendar
    days = []
    halves = [day for day, row in added.items() if first <= day <= last and row.part is not DayPart.DAY]
    for day in sorted({*calendar.notable_days(first, last), *halves}):
        if row := added.get(day):
            why = official.why_worked(day, locale) or public_holidays(year, locale).names.get(day, "")
            days.append(NotableDay(day, row.working, row.name, False, row.reason, why, row.part))
        else:
            name = calendar.why_worked(day, locale) or calendar.why_off(day, locale) or ""
            days.append(NotableDay(day, calendar.is_working_day(day), name, True))
    count = calendar.count_working_days(first, last) + calendar.is_working_day(first)
    return CalendarYear(year, tuple(days), count, calendar.missing_year(year), *_announced(year))


def _announced(year: int) -> tuple[tuple[str, ...], str]:
    """The announcements a year rests on, and how far they were seen, or who confirmed it and when."""
    if row := queries.confirmed_year(year):
        day = row.confirmed_at.astimezone(site_calendar().zone)
        return (row.source,), f"{row.actor}, {day:%d/%m/%Y}"
    shipped = official_years().get(year)
    return (shipped.sources, shipped.checked) if shipped else ((), "")


def _check_covered(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotFound("Lịch làm việc chỉ có từ năm %(first)s đến năm %(last)s.", first=FIRST_YEAR, last=LAST_YEAR)
