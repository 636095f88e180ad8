"""What the Office tells of tasks that are slow or at risk, month by month, and which units pay their own way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, tzinfo

from sqlalchemy import func, or_, select
from sqlalchemy.engine import Connection

from app.core.fact_kinds import fact_kinds
from app.core.facts import Fact, FactQuery, register
from app.core.periods import Period, PeriodKind
from app.core.subjects import for_period
from app.obligations.facts import SETTLED_AFTER, ObligationDays, first_handed_in, periods_owed, settled, told_of
from app.obligations.models import Filing, FilingKind
from app.organisation.calendars import site_calendar
from app.organisation.lineage import unit_spans
from app.organisation.models import Unit, UnitKind
from app.tasks.facts import open_tasks_of_each

KINDS = fact_kinds("obligations")
RISK_WARNING = KINDS["risk_warning"]
AUTONOMY = KINDS["autonomy"]


def risk_warnings(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """Each task that was not done at the end of a month, at the Office, which has to tell of those slow or at risk."""
    offices = {id: unit for id, (unit, _begun) in _units(connection, query, UnitKind.OFFICE).items()}
    if not offices:
        return
    months = periods_owed(PeriodKind.MONTH, query)
    looked = ObligationDays.at(query.looked_at or query.as_of)
    days = first_handed_in(connection, query.site, {FilingKind.RISK_REPORT: months}, looked)
    owing = {
        month: {id: unit for id, unit in offices.items() if not settled(days.get(_report_of(id, month)), until, query)}
        for month, until in ((month, month.last + SETTLED_AFTER) for month in months)
    }
    wanted, zone = [month for month in months if owing[month]], site_calendar().zone
    told_of_month = open_tasks_of_each(connection, [_ended(query, month, zone) for month in wanted])
    for month, told in zip(wanted, told_of_month, strict=True):
        ended_on = month.last.isoformat()
        offices_told = [(unit, told_of(days.get(_report_of(id, month)))) for id, unit in owing[month].items()]
        for task in told:
            said = task._asdict()
            about = {"subject": for_period(month.key, said.pop("subject")), "month_ended_on": ended_on}
            for unit, sent in offices_told:
                yield RISK_WARNING.fact(unit, query.period.key, **about, **said, **sent)


def _report_of(unit_id: int, month: Period) -> tuple[FilingKind, int, str]:
    return FilingKind.RISK_REPORT, unit_id, month.key


def _ended(query: FactQuery, month: Period, zone: tzinfo) -> FactQuery:
    """A month as it was known at its end, of every unit."""
    start, end = month.bounds(zone)
    return FactQuery(query.site, month, start, end, end)


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
        yield AUTONOMY.fact(unit, query.period.key, **told)


def _autonomous(connection: Connection, query: FactQuery, year: Period) -> tuple[int, int]:
    """The attached units in being on the year's last day, and those of them with a decision for the year."""
    known = ObligationDays.at(query.looked_at or query.as_of).known
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


def _units(connection: Connection, query: FactQuery, *kinds: UnitKind) -> dict[int, tuple[str, date | None]]:
    """Codes of the units in being on some day of the period, by id, each with the day on which it began."""
    units, period = unit_spans(connection, query.site, query.units), query.period
    return {
        unit.id: (unit.code, unit.valid_from)
        for unit in units
        if unit.is_in_being(period.first, period.last) and (not kinds or unit.kind in kinds)
    }


register(RISK_WARNING, risk_warnings)
register(AUTONOMY, autonomy)
