"""What the Department, its Office and its attached units hand in once a quarter or a year, and what the Office tells of
tasks that are slow or at risk: each thing named by the period that it is about, with the day on which it came.

Which period judges it is the rule's to say. A thing handed in long before the period is told no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.engine import Connection

from app.core.facts import Fact, FactField, FactKind, FactQuery, register, register_source
from app.core.periods import Period, PeriodKind
from app.obligations.models import Filing, FilingKind
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit, UnitKind
from app.tasks.facts import TASK, tasks

AN_INSTANT = timedelta(microseconds=1)
UNITS = "đơn vị"
SETTLED_AFTER = timedelta(days=92)
"""No rule waits longer than this after a period for what is handed in for it."""


def _text(name: str, vi: str, en: str) -> FactField:
    return FactField(name, str, "", {"vi": vi, "en": en})


def _whether(name: str, vi: str, en: str) -> FactField:
    return FactField(name, bool, "", {"vi": vi, "en": en})


def _count(name: str, unit: str, vi: str, en: str) -> FactField:
    return FactField(name, int, unit, {"vi": vi, "en": en})


_HANDED_IN = (
    _whether("handed_in", "Đã gửi", "Has been sent"),
    _text(
        "handed_in_on",
        "Ngày gửi bản đầu tiên (năm-tháng-ngày), trống nếu chưa gửi",
        "Day on which the first was sent (ISO), empty where none was",
    ),
)


def _reported(name: FilingKind, vi: str, en: str) -> FactKind:
    """A report for a period that has ended."""
    ended = _text("ended_on", "Ngày cuối của kỳ (năm-tháng-ngày)", "The period's last day (ISO)")
    told = {"vi": f"{vi} của một kỳ đã hết, đã gửi hay chưa", "en": f"{en} of a period that has ended, sent or not"}
    return FactKind(name.value, "period", (ended, *_HANDED_IN), told)


def _planned(name: FilingKind, vi: str, en: str) -> FactKind:
    """A plan for a year that has begun."""
    days = (
        _text("began_on", "Ngày đầu của năm (năm-tháng-ngày)", "The year's first day (ISO)"),
        _text(
            "first_quarter_ends_on",
            "Ngày cuối quý I của năm (năm-tháng-ngày)",
            "Last day of the year's quarter I (ISO)",
        ),
        _text("ended_on", "Ngày cuối của năm (năm-tháng-ngày)", "The year's last day (ISO)"),
    )
    told = {"vi": f"{vi} của một năm đã bắt đầu, đã gửi hay chưa", "en": f"{en} of a year that has begun, sent or not"}
    return FactKind(name.value, "period", (*days, *_HANDED_IN), told)


DEPARTMENT_REPORT = _reported(
    FilingKind.DEPARTMENT_REPORT,
    "Báo cáo CCHC định kỳ của Sở gửi Sở Nội vụ, UBND tỉnh",
    "The Department's periodic reform report to the Department of Home Affairs and the Province",
)
OFFICE_REPORT = _reported(
    FilingKind.OFFICE_REPORT,
    "Báo cáo tình hình các phòng, đơn vị gửi Giám đốc Sở",
    "The Office's report to the Director on the divisions and units",
)
REFORM_PLAN = _planned(FilingKind.REFORM_PLAN, "Kế hoạch cải cách hành chính", "The administrative reform plan")
TRAINING_PLAN = _planned(
    FilingKind.TRAINING_PLAN, "Kế hoạch tập huấn, bồi dưỡng cải cách hành chính", "The reform training plan"
)

RISK_WARNING = FactKind(
    "risk_warning",
    "task",
    (
        _text("month_ended_on", "Ngày cuối của tháng (năm-tháng-ngày)", "The month's last day (ISO)"),
        _text("plan", "Mã văn bản của kế hoạch", "Code of the plan's document"),
        _text("number", "Số của nhiệm vụ trong phụ lục, kèm nhóm", "Number in the annex, with its group"),
        _text("lead", "Đơn vị chủ trì", "The unit that leads it"),
        _whether("past_due", "Cuối tháng đã qua ngày cuối cùng mà chưa nộp", "Past its last day at the month's end"),
        _whether("started", "Cuối tháng đã bắt đầu triển khai", "Begun by the month's end"),
        _count("percent", "%", "Tiến độ cuối tháng", "Progress at the month's end"),
        _count(
            "used_before_start",
            "%",
            "Phần thời gian đã qua trước khi bắt đầu; chưa bắt đầu thì tính đến cuối tháng",
            "Share of its time gone before it was begun; until the month's end if it was not",
        ),
        _count("days_to_due", "ngày", "Số ngày còn lại sau cuối tháng; 0 nếu đã qua", "Days left then; 0 when none is"),
        *_HANDED_IN,
    ),
    {
        "vi": "Nhiệm vụ chưa xong cuối tháng, và báo cáo của Văn phòng Sở về nhiệm vụ chậm, có nguy cơ của tháng ấy",
        "en": "A task not done at a month's end, and the Office's report of that month on tasks slow or at risk",
    },
)

AUTONOMY = FactKind(
    "autonomy",
    "unit",
    (
        _count("units", UNITS, "Đơn vị sự nghiệp của Sở trong năm", "Attached units in the year"),
        _count(
            "self_financing",
            UNITS,
            "Trong số đó: có quyết định tự bảo đảm chi thường xuyên của năm",
            "Of those: with a decision that they cover their regular spending in the year",
        ),
        _count("units_before", UNITS, "Đơn vị sự nghiệp của Sở năm trước", "Attached units the year before"),
        _count(
            "self_financing_before",
            UNITS,
            "Trong số đó: có quyết định tự bảo đảm chi thường xuyên của năm trước",
            "Of those: with a decision that they covered their regular spending the year before",
        ),
        _whether("share_rises", "Tỷ lệ của năm cao hơn năm trước", "The year's share is above that of the year before"),
        _whether("year_ended", "Năm đã hết", "The year has ended"),
    ),
    {
        "vi": "Đơn vị sự nghiệp tự bảo đảm chi thường xuyên của năm và năm trước, tính cho cả Sở",
        "en": "Attached units that cover their regular spending, this year and the last, for the whole Department",
    },
)

_REPORTS = (DEPARTMENT_REPORT, OFFICE_REPORT)
_PLANS = (REFORM_PLAN, TRAINING_PLAN)


def handed_in(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """The reports of periods that have ended and the plans of years that have begun, at every unit in being then."""
    units, house = _units(connection, query), _house(connection, query)
    for kind in (*_REPORTS, *_PLANS):
        planned = kind in _PLANS
        periods = _periods(PeriodKind.YEAR if planned else PeriodKind.QUARTER, query, begun=planned)
        days = _days(connection, query, FilingKind(kind.name), periods)
        for period in periods:
            until = period.last if planned else period.last + SETTLED_AFTER
            told = {"ended_on": period.last.isoformat()}
            if planned:
                told["began_on"] = period.first.isoformat()
                told["first_quarter_ends_on"] = Period.nth(PeriodKind.QUARTER, period.first.year, 1).last.isoformat()
            for unit_id, (unit, begun) in units.items():
                day = days.get((unit_id, period.key)) if unit_id not in house else _first(days, house, period)
                if (begun is not None and begun > period.last) or _settled(day, until, query):
                    continue
                yield _fact(kind, unit, query, subject=period.key, **told, **_sent(day))


def risk_warnings(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """Each task that was not done at the end of a month, at the Office, which has to tell of those slow or at risk."""
    offices = {id: unit for id, (unit, _begun) in _units(connection, query, UnitKind.OFFICE).items()}
    if not offices:
        return
    months = _periods(PeriodKind.MONTH, query)
    days = _days(connection, query, FilingKind.RISK_REPORT, months)
    zone = site_calendar().zone
    for month in months:
        owing = {
            id: unit
            for id, unit in offices.items()
            if not _settled(days.get((id, month.key)), month.last + SETTLED_AFTER, query)
        }
        if not owing:
            continue
        start, end = month.bounds(zone)
        for task in tasks(connection, FactQuery(query.site, month, start, end, end)):
            if task["kind"] != TASK.name or task["done"] or not task["has_due"]:
                continue
            for unit_id, unit in owing.items():
                same = {name: task[name] for name in ("plan", "number", "past_due", "started", "percent", *_SPANS)}
                about = {"subject": f"{month.key} {task['subject']}", "month_ended_on": month.last.isoformat()}
                sent = _sent(days.get((unit_id, month.key)))
                yield _fact(RISK_WARNING, unit, query, **about, lead=task["unit"], **same, **sent)


def autonomy(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """How many attached units cover their regular spending, this year and the year before, at the Department."""
    year = Period.of(PeriodKind.YEAR, query.period.last)
    now, before = (_autonomous(connection, query, each) for each in (year, year.previous()))
    told = {
        "units": now[0],
        "self_financing": now[1],
        "units_before": before[0],
        "self_financing_before": before[1],
        "share_rises": now[1] * before[0] > before[1] * now[0],
        "year_ended": site_calendar().local_day(query.as_of) > year.last,
    }
    for unit, _begun in _units(connection, query, UnitKind.DEPARTMENT).values():
        yield _fact(AUTONOMY, unit, query, **told)


def _autonomous(connection: Connection, query: FactQuery, year: Period) -> tuple[int, int]:
    """The attached units in being on the year's last day, and those of them with a decision for the year."""
    calendar = site_calendar()
    known = calendar.local_day((query.looked_at or query.as_of) - AN_INSTANT)
    attached = (
        select(Unit.id)
        .where(Unit.site == query.site, Unit.kind == UnitKind.ATTACHED)
        .where(or_(Unit.valid_from.is_(None), Unit.valid_from <= year.last))
        .where(or_(Unit.valid_to.is_(None), Unit.valid_to >= year.last))
    )
    decided = (
        select(func.count(Filing.unit_id.distinct()))
        .where(Filing.site == query.site, Filing.kind == FilingKind.AUTONOMY, Filing.period == year.key)
        .where(Filing.withdrawn.is_(False), Filing.filed_on <= known, Filing.unit_id.in_(attached))
    )
    units = connection.scalar(select(func.count()).select_from(attached.subquery()))
    return units or 0, connection.scalar(decided) or 0


_SPANS = ("used_before_start", "days_to_due")


def _house(connection: Connection, query: FactQuery) -> set[int]:
    """The Department and its Office: what goes out for the Department is recorded at either, and is of both."""
    found = select(Unit.id).where(Unit.site == query.site, Unit.kind.in_((UnitKind.DEPARTMENT, UnitKind.OFFICE)))
    return set(connection.scalars(found))


def _first(days: Mapping[tuple[int, str], date], units: set[int], period: Period) -> date | None:
    return min((days[key] for unit in units if (key := (unit, period.key)) in days), default=None)


def _sent(day: date | None) -> dict[str, Any]:
    return {"handed_in": day is not None, "handed_in_on": "" if day is None else day.isoformat()}


def _settled(day: date | None, until: date, query: FactQuery) -> bool:
    """Whether a thing was handed in before the period and could not be due in it."""
    return day is not None and day < query.period.first and until < query.period.first


def _periods(length: PeriodKind, query: FactQuery, *, begun: bool = False) -> list[Period]:
    """The periods of that length that have ended by the end of the one asked about (or have begun by then), since the
    first plan was adopted; without one, since the year began."""
    since = getattr(query, "owed_from", None) or date(query.period.first.year, 1, 1)
    found, one = [], Period.of(length, since)
    while (one.first if begun else one.last) <= query.period.last:
        if one.last >= since:
            found.append(one)
        one = one.next()
    return found


def _days(
    connection: Connection, query: FactQuery, kind: FilingKind, periods: Sequence[Period]
) -> Mapping[tuple[int, str], date]:
    """The day on which the first was handed in, by unit and period."""
    calendar = site_calendar()
    known = calendar.local_day((query.looked_at or query.as_of) - AN_INSTANT)
    wanted = (
        select(Filing.unit_id, Filing.period, func.min(Filing.filed_on).label("first"))
        .where(Filing.site == query.site, Filing.kind == kind, Filing.withdrawn.is_(False), Filing.filed_on <= known)
        .where(Filing.period.in_([period.key for period in periods]))
        .group_by(Filing.unit_id, Filing.period)
    )
    return {(row.unit_id, row.period): row.first for row in connection.execute(wanted)}


def _units(connection: Connection, query: FactQuery, *kinds: UnitKind) -> dict[int, tuple[str, date | None]]:
    """Codes of the units in being on some day of the period, by id, each with the day on which it began."""
    found = (
        select(Unit.id, Unit.code, Unit.valid_from)
        .where(Unit.site == query.site, or_(Unit.valid_from.is_(None), Unit.valid_from <= query.period.last))
        .where(or_(Unit.valid_to.is_(None), Unit.valid_to >= query.period.first))
        .order_by(Unit.path)
    )
    if kinds:
        found = found.where(Unit.kind.in_(kinds))
    if query.units is not None:
        found = found.where(Unit.code.in_(query.units))
    return {row.id: (row.code, row.valid_from) for row in connection.execute(found)}


def _fact(kind: FactKind, unit: str, query: FactQuery, **values: Any) -> Fact:
    return {"kind": kind.name, "unit": unit, "period": query.period.key, **values}


register_source([*_REPORTS, *_PLANS], handed_in)
register(RISK_WARNING, risk_warnings)
register(AUTONOMY, autonomy)
