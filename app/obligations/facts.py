"""What the duties of plans tell the engine: counted in SQL, one fact a unit, and one a petition.

A check of a past month sees what had been done by its instant (`as_of`), by the days on which things were done. What
is handed in for a period is a thing of its own, named by that period and told with the day on which it came, as it is
known on the day of looking: which period judges it, and what that period saw of it, is the rule's to say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.engine import Connection

from app.cases import population
from app.cases.late import whose
from app.cases.models import Case
from app.cases.vocabulary import Knows
from app.core.calendar import WorkingCalendar
from app.core.fact_kinds import fact_kinds
from app.core.facts import Fact, FactKind, FactQuery, register, register_source
from app.core.periods import Period, PeriodKind
from app.obligations.models import DIRECTIVE as OF_DIRECTIVE
from app.obligations.models import PETITION as OF_PETITION
from app.obligations.models import TARGET as OF_TARGET
from app.obligations.models import BodyKind, Directive, Filing, FilingKind, OnlineTarget, Petition, Survey
from app.obligations.queries import PERIOD_OF
from app.organisation import lineage as passings
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.lineage import AN_INSTANT, lineage, unit_spans
from app.organisation.models import PassedRecord, Unit, UnitKind
from app.organisation.registries import SubjectPage, register_pages
from app.procedures.models import Level, Procedure, ProcedureVersion
from app.procedures.queries import in_force_on
from app.web.due import kept, missed, within
from app.web.extensions import db

KINDS = fact_kinds("obligations")
PLANS = tuple(KINDS[name] for name in ("reform_plan", "training_plan"))
OWED = {
    name: KINDS[name]
    for name in (
        *("monthly_report", "quarterly_report", "half_year_report", "annual_report", "dated_report", "catalogue_list"),
        *("department_report", "office_report", *(plan.name for plan in PLANS)),
    )
}
"""What is handed in for a period and has a last day, by the kind of filing: one fact for each unit and period that is
not long settled."""
YEAR_COUNT = KINDS["year_count"]
DIRECTIVES_CARRIED_OUT = KINDS["directives"]
PETITION = KINDS["petition"]
PETITIONS_ANSWERED = KINDS["petitions"]
SATISFACTION = KINDS["satisfaction"]
ONLINE_SHARE = KINDS["online_share"]

Counts = dict[str, int]

COUNTED = {FilingKind.NEWS_ITEM: "news_items", FilingKind.DIALOGUE: "dialogues"}
"""What is counted over a year, and the fields that count it."""


@dataclass(frozen=True, slots=True)
class ObligationDays:
    """The site's days of a check: the day it is, and the last day of which deeds are known."""

    today: date
    known: date
    calendar: WorkingCalendar

    @classmethod
    def at(cls, instant: datetime) -> ObligationDays:
        calendar = site_calendar()
        return cls(calendar.local_day(instant), calendar.local_day(instant - AN_INSTANT), calendar)

    def done(self, column: Any) -> ColumnElement[bool]:
        """SQL: it had happened by then."""
        return and_(column.is_not(None), column <= self.known)


def owed(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """What units hand in for periods that have ended by the end of this one, and their plans for years that have begun:
    not handed in before it began, or about a period so near that its last day may lie in this one."""
    days = ObligationDays.at(query.looked_at or query.as_of)
    units, house = _units_begun(connection, query), _house(connection, query)
    every = {filing: periods_owed(length, query, begun=filing in PLANNED) for filing, length in LENGTH.items()}
    asked = {filing: [period for period in each if _is_asked_about(period, query)] for filing, each in every.items()}
    handed_in = first_handed_in(connection, query.site, asked, days)
    numbers = _procedures_in_force(connection, query.site, asked[FilingKind.CATALOGUE_LIST])
    for filing, periods in asked.items():
        planned = filing in PLANNED
        for period in periods:
            more = _more(filing, period, numbers)
            for unit_id, (unit, first, last) in units.items():
                if not (first <= period.last and (period.first if planned else period.last) <= last):
                    continue
                whose_day = house if filing in OF_THE_HOUSE and unit_id in house else {unit_id}
                names = [(filing, each, period.key) for each in whose_day]
                day = min((handed_in[name] for name in names if name in handed_in), default=None)
                if settled(day, period.last if planned else period.last + SETTLED_AFTER, query):
                    continue
                about = {"subject": period.key, "ended_on": period.last.isoformat()}
                yield OWED[filing].fact(unit, query.period.key, **about, **told_of(day), **more(unit_id))


def _is_asked_about(period: Period, query: FactQuery) -> bool:
    return query.things is None or period.key in query.things


SETTLED_AFTER = timedelta(days=92)
"""No rule waits longer than this after a period for what is handed in for it."""
LENGTH = {FilingKind(kind): PERIOD_OF.get(FilingKind(kind), PeriodKind.QUARTER) for kind in OWED}
"""For periods of which length each is handed in."""
PLANNED = frozenset(FilingKind(kind.name) for kind in PLANS)
OF_THE_HOUSE = frozenset(map(FilingKind, ("department_report", "office_report", "reform_plan", "training_plan")))
"""What goes out for the Department: recorded at the Department or at its Office, it is of both."""


def _house(connection: Connection, query: FactQuery) -> set[int]:
    kinds = (UnitKind.DEPARTMENT, UnitKind.OFFICE)
    return {unit.id for unit in unit_spans(connection, query.site) if unit.kind in kinds}


def told_of(day: date | None) -> dict[str, Any]:
    """Whether a thing was handed in, and on which day first."""
    return {"handed_in": day is not None, "handed_in_on": "" if day is None else day.isoformat()}


def settled(day: date | None, until: date, query: FactQuery) -> bool:
    """Whether a thing was handed in before the period and could not be due in it."""
    return day is not None and day < query.period.first and until < query.period.first


def periods_owed(length: PeriodKind, query: FactQuery, *, begun: bool = False) -> list[Period]:
    """The periods of that length that have ended by the end of the one asked about (or have begun by then), since the
    day from which things are owed; without one, since the year before began."""
    since = query.owed_from or date(query.period.first.year - 1, 1, 1)
    return list(_periods_since(length, since, query.period.last, begun=begun))


@lru_cache(maxsize=256)
def _periods_since(length: PeriodKind, since: date, last: date, *, begun: bool) -> tuple[Period, ...]:
    found, one = [], Period.of(length, since)
    while (one.first if begun else one.last) <= last:
        if one.last >= since:
            found.append(one)
        one = one.next()
    return tuple(found)


HandedInFirst = Mapping[tuple[FilingKind, int, str], date]
"""The day on which the first was handed in, by kind, unit and period."""


def first_handed_in(
    connection: Connection, site: str, asked: Mapping[FilingKind, Sequence[Period]], days: ObligationDays
) -> HandedInFirst:
    """For the periods asked about of each kind: the period that it names, or that of its day."""
    periods = [period for each in asked.values() for period in each]
    if not periods:
        return {}
    wanted = {
        "site": site,
        "kinds": list(asked),
        "unnamed": list(asked.keys() - PERIOD_OF.keys()),
        "known": days.known,
        "periods": list({period.key for period in periods}),
        "begun": min(period.first for period in periods),
        "ended": max(period.last for period in periods),
    }
    found: dict[tuple[FilingKind, int, str], date] = {}
    for kind, unit_id, period, _own_day, first in connection.execute(_FIRST_HANDED_IN, wanted):
        name = kind, unit_id, period or Period.of(LENGTH[kind], first).key
        found[name] = min(first, found.get(name, first))
    return found


_NO_NAME = and_(Filing.period == "", Filing.kind.in_(bindparam("unnamed", expanding=True)))
_FIRST_HANDED_IN = (  # asked by every page of what is owed: put together once
    select(
        *(Filing.kind, Filing.unit_id, Filing.period, case((_NO_NAME, Filing.filed_on)).label("own_day")),
        func.min(Filing.filed_on).label("first"),
    )
    .where(Filing.site == bindparam("site"), Filing.kind.in_(bindparam("kinds", expanding=True)))
    .where(Filing.withdrawn.is_(False), Filing.filed_on <= bindparam("known"))
    .where(
        or_(
            Filing.period.in_(bindparam("periods", expanding=True)),
            _NO_NAME & Filing.filed_on.between(bindparam("begun"), bindparam("ended")),
        )
    )
    .group_by(Filing.kind, Filing.unit_id, Filing.period, "own_day")
)


def _more(
    kind: FilingKind, period: Period, numbers: Mapping[tuple[int, str], int]
) -> Callable[[int], Mapping[str, int | str]]:
    """What the fact of a unit tells besides, by the unit's id."""
    if kind is FilingKind.DATED_REPORT:
        return lambda _unit_id: {"quarter": (period.last.month + 2) // 3}
    if kind in PLANNED:
        quarter = Period.nth(PeriodKind.QUARTER, period.first.year, 1)
        days = {"began_on": period.first.isoformat(), "first_quarter_ends_on": quarter.last.isoformat()}
        return lambda _unit_id: days
    if kind is not FilingKind.CATALOGUE_LIST:
        return lambda _unit_id: {}
    return lambda unit_id: {"procedures": numbers.get((unit_id, period.key), 0)}


def _procedures_in_force(connection: Connection, site: str, periods: Sequence[Period]) -> Mapping[tuple[int, str], int]:
    """How many procedures each unit had in force on each period's last day, by unit and period."""
    if not periods:
        return {}
    counted = _in_force_by_unit(site, tuple(period.last for period in periods))
    return {
        (unit_id, period.key): number
        for unit_id, *found in connection.execute(counted)
        for period, number in zip(periods, found, strict=True)
    }


@lru_cache(maxsize=64)
def _in_force_by_unit(site: str, days: tuple[date, ...]) -> Select[*tuple[Any, ...]]:
    return (
        select(ProcedureVersion.unit_id, *(func.count().filter(in_force_on(day)) for day in days))
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(ProcedureVersion.site == site, Procedure.internal.is_(False))
        .group_by(ProcedureVersion.unit_id)
    )


def _units_begun(connection: Connection, query: FactQuery) -> dict[int, tuple[str, date, date]]:
    """Codes of the units in being on some day of the period, by id, each with its first and last day; and of those gone
    before it that somebody stands for, who owes what they left undone."""
    codes = _units(connection, query)
    gone = lineage(query.site).heirs.keys()
    return {
        unit.id: (unit.code, unit.valid_from or date.min, unit.valid_to or date.max)
        for unit in unit_spans(connection, query.site, query.units)
        if unit.id in codes or unit.id in gone
    }


def year_counts(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    days = ObligationDays.at(query.as_of)
    year = defaultdict[int, dict[FilingKind, int]](dict)
    until = min(days.known, date(query.period.first.year, 12, 31))
    for row in connection.execute(_in_year(query.site, query.period.first.year, until)):
        year[row.unit_id][row.kind] = row.number
    for unit_id, unit in _units(connection, query).items():
        yield YEAR_COUNT.fact(
            unit, query.period.key, **{name: year[unit_id].get(kind, 0) for kind, name in COUNTED.items()}
        )


@lru_cache(maxsize=64)
def _in_year(site: str, year: int, until: date) -> Select[Any]:
    return (
        _by_unit(Filing.unit_id, Filing.kind, func.count().label("number"))
        .where(Filing.site == site, Filing.withdrawn.is_(False), Filing.kind.in_(COUNTED))
        .where(Filing.filed_on.between(date(year, 1, 1), until))
        .group_by(Filing.kind)
    )


def directives(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """Directives that had to be carried out by then, and those of the period that still have time."""
    at = query.as_of - AN_INSTANT
    passed = passings.passed_since(connection, query.site, at, OF_DIRECTIVE)
    days = ObligationDays.at(query.as_of)
    counted = _directives_counted(query.site, query.period, days, at if passed else None)
    yield from _counted_facts(DIRECTIVES_CARRIED_OUT, connection, query, counted)


@lru_cache(maxsize=64)
def _directives_counted(site: str, period: Period, days: ObligationDays, passed_at: datetime | None) -> Select[Any]:
    """`passed_at`: the instant at which it is asked whose each was, where some have passed since."""
    whose_directive = Directive.unit_id if passed_at is None else passings.unit_then(Directive, OF_DIRECTIVE, passed_at)
    done = days.done(Directive.done_on)
    due_on = _last_day_of_directive(period)
    of_period = within(due_on, period.first, period.last)
    over, since_before = missed(due_on, days.today), missed(due_on, period.first)
    judged = or_(and_(of_period, or_(over, done)), and_(since_before, ~done))
    return (
        _by_unit(
            whose_directive,
            func.count().filter(judged).label("due"),
            func.count().filter(and_(judged, done)).label("done"),
            func.count().filter(and_(judged, done, kept(due_on, Directive.done_on))).label("done_in_time"),
            func.count().filter(and_(of_period, ~judged)).label("waiting"),
        )
        .where(Directive.site == site, Directive.received_on <= days.known)
        .where(or_(of_period, and_(since_before, ~done)))
    )


def _last_day_of_directive(period: Period) -> ColumnElement[date]:
    """SQL: the last day of a directive; one without a day of its own belongs to the last month of the year in which it
    came, as a duty without a last day belongs to the plan's. What came before the period's year is owed already, and
    which year it was does not matter here."""
    year = period.last.year
    came_this_year = kept(Directive.received_on, date(year, 1, 1))
    years_end = case((came_this_year, date(year, 12, 31)), else_=date(year - 1, 12, 31))
    return func.coalesce(Directive.due_on, years_end)


def petitions(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """Each petition due in the period or still waiting past its day, then the units' totals."""
    days = ObligationDays.at(query.as_of)
    answered = days.done(Petition.answered_on)
    due = _due_in_period(Petition, query, days, answered)
    whose_petition = _whose(Petition, OF_PETITION, query, connection)
    counted = (
        _by_unit(
            whose_petition,
            func.count().label("due"),
            func.count().filter(and_(answered, kept(Petition.due_on, Petition.answered_on))).label("answered_in_time"),
        )
        .where(Petition.site == query.site, Petition.received_on <= days.known)
        .where(due)
    )
    in_period = within(Petition.due_on, query.period.first, query.period.last)
    told = (
        select(Petition.code, Petition.due_on, Petition.answered_on, Unit.code.label("unit"))
        .join(Unit, Unit.id == whose_petition)
        .where(Petition.site == query.site, Petition.received_on <= days.known)
        .where(or_(in_period, _overdue_before(Petition, query, days, answered)))
        .order_by(Unit.code, Petition.code)
    )
    if query.units is not None:
        told = told.where(Unit.code.in_(query.units))
    for row in connection.execute(told):
        yield _petition(row, query, days)
    yield from _counted_facts(PETITIONS_ANSWERED, connection, query, counted)


def _petition(row: Any, query: FactQuery, days: ObligationDays) -> Fact:
    answered = row.answered_on is not None and row.answered_on <= days.known
    late = max(((row.answered_on if answered else days.today) - row.due_on).days, 0)
    return PETITION.fact(
        row.unit, query.period.key, subject=row.code, answered=answered, overdue=late > 0, days_late=late
    )


def satisfaction(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """Survey answers of the year until the period's end, administrative bodies and public service units apart."""
    until = min(query.period.last, ObligationDays.at(query.as_of).known)

    def total(column: Any, body: BodyKind, name: str) -> ColumnElement[int]:
        return func.coalesce(func.sum(column).filter(Survey.body == body), 0).label(name)

    counted = _by_unit(
        Survey.unit_id,
        total(Survey.answered, BodyKind.ADMINISTRATIVE, "administrative_answered"),
        total(Survey.satisfied, BodyKind.ADMINISTRATIVE, "administrative_satisfied"),
        total(Survey.answered, BodyKind.PUBLIC_SERVICE, "public_answered"),
        total(Survey.satisfied, BodyKind.PUBLIC_SERVICE, "public_satisfied"),
        func.count(Survey.round.distinct()).label("rounds"),
    ).where(Survey.site == query.site, Survey.held_on.between(date(query.period.first.year, 1, 1), until))
    yield from _counted_facts(SATISFACTION, connection, query, counted)


def online_share(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """Cases received on procedures offered online, and each unit's target of the year."""
    days = ObligationDays.at(query.as_of)
    units = _units(connection, query)
    year = query.period.first.year
    targets = _targets(connection, query, year, days.known)
    owner = whose(Case, Case.received_at, query, connection)
    received = {row.unit_id: row for row in connection.execute(_received(query, list(units), owner))}
    for unit_id, unit in units.items():
        numbers = _numbers(ONLINE_SHARE, received.get(unit_id), besides=("target_percent", "has_target"))
        target = {"target_percent": targets.get(unit_id, 0), "has_target": unit_id in targets}
        yield ONLINE_SHARE.fact(unit, query.period.key, **numbers, **target)


def _targets(connection: Connection, query: FactQuery, year: int, known: date) -> dict[int, int]:
    """Percent by unit: of who has the target now, of who had it in the period, and of who had none to take over."""
    t, p = OnlineTarget, PassedRecord
    assigned = (t.site == query.site, t.year == year, t.assigned_on <= known)
    had = select(p.unit_id, t.percent).join(p, and_(p.site == t.site, p.kind == OF_TARGET, p.record_id == t.id))
    former = connection.execute(had.where(*assigned, p.until_at > query.start)).all()
    now = connection.execute(select(_whose(t, OF_TARGET, query, connection), t.percent).where(*assigned)).all()
    return dict(tuple(row) for row in (*former, *now))


def _received(query: FactQuery, unit_ids: list[int], owner: Any) -> Select[Any]:
    """Cases by the unit that received them, on procedures offered online. Summed by version first: few versions, many
    cases.

    Of a procedure that an import made, nobody has said yet whether it is offered online: its cases are not known.
    """
    told = population.told(Case, Knows.CHANNEL)
    # Units are named one by one, so that each is a range of the index.
    named = (Case.unit_id.in_(unit_ids),) if owner is Case.unit_id else ()
    by_version = (
        select(
            owner.label("unit_id"),
            Case.version_id,
            func.count().label("number"),
            func.count().filter(told).label("told"),
            func.count().filter(population.came_electronically(Case)).label("online"),
        )
        .where(Case.site == query.site, *named)
        .where(population.received_in(Case, query.start, min(query.end, query.as_of)))
        .group_by(owner, Case.version_id)
        .subquery()
    )
    cases, known = by_version.c, ProcedureVersion.details_known

    def total(column: ColumnElement[int], of: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(column).filter(of), 0)

    def shares(offered: ColumnElement[bool], received: str, online: str, unknown: str) -> Iterator[ColumnElement[int]]:
        yield total(cases.told, and_(known, offered)).label(received)
        yield total(cases.online, and_(known, offered)).label(online)
        untold = total(cases.number - cases.told, and_(known, offered))
        yield (untold + total(cases.number, known.is_(False))).label(unknown)

    offered = ProcedureVersion.level.in_((Level.FULL, Level.PARTIAL))
    return (
        select(
            cases.unit_id,
            *shares(offered, "received", "online", "unknown_received"),
            *shares(
                ProcedureVersion.level == Level.FULL, "fully_online_received", "fully_online", "unknown_fully_online"
            ),
        )
        .join(ProcedureVersion, ProcedureVersion.id == cases.version_id)
        .where(or_(offered, known.is_(False)))
        .group_by(cases.unit_id)
    )


def _due_in_period(
    table: Any, query: FactQuery, days: ObligationDays, done: ColumnElement[bool]
) -> ColumnElement[bool]:
    """SQL: due in the period, and either its day has passed or it is done: what still has time is not judged."""
    return and_(
        within(table.due_on, query.period.first, query.period.last),
        or_(missed(table.due_on, days.today), done),
    )


def _overdue_before(
    table: Any, query: FactQuery, days: ObligationDays, done: ColumnElement[bool]
) -> ColumnElement[bool]:
    """SQL: due before the period, and not done by then."""
    return and_(missed(table.due_on, min(query.period.first, days.today)), ~done)


def _by_unit(owner: Any, *columns: Any) -> Select[Any]:
    return select(owner.label("unit_id"), *columns).group_by(owner)


def _whose(table: Any, kind: str, query: FactQuery, connection: Connection) -> Any:
    """The unit whose a record is that was not done when its unit was succeeded, as of the instant of the check."""
    return passings.owner(connection, query.site, table, kind, query.as_of - AN_INSTANT)


def _counted_facts(kind: FactKind, connection: Connection, query: FactQuery, counted: Select[Any]) -> Iterator[Fact]:
    """A fact for every unit in being, with noughts where nothing was counted."""
    heirs, found = lineage(query.site), defaultdict[int, Counter[str]](Counter)
    for row in connection.execute(counted):
        # What a unit did that was gone before the period is counted for its successor.
        found[heirs.heir(row.unit_id, query.period.first)].update(_numbers(kind, row))
    for unit_id, unit in _units(connection, query).items():
        yield kind.fact(unit, query.period.key, **{name: found[unit_id][name] for name in _numbers(kind, None)})


def _numbers(kind: FactKind, row: Any, besides: tuple[str, ...] = ()) -> Counts:
    """A row's numbers by the names of the kind's fields (but `besides`), noughts when there is no row."""
    names = [field.name for field in kind.fields if field.name not in besides]
    return {name: int(getattr(row, name)) if row else 0 for name in names}


def _units(connection: Connection, query: FactQuery) -> dict[int, str]:
    """Codes of the units in being on some day of the period, by id."""
    units, period = unit_spans(connection, query.site, query.units), query.period
    return {unit.id: unit.code for unit in units if unit.is_in_being(period.first, period.last)}


register_source(list(OWED.values()), owed)
register(YEAR_COUNT, year_counts)
register_source([PETITION, PETITIONS_ANSWERED], petitions)
register(DIRECTIVES_CARRIED_OUT, directives)
register(SATISFACTION, satisfaction)
register(ONLINE_SHARE, online_share)


def petition_pages(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A petition by its code: its line in the list."""
    found = select(Petition.code, Petition.content).where(
        Petition.site == scope.site, Petition.code.in_(names), scope.within(Petition.unit_id)
    )
    return {
        row.code: SubjectPage(f"{row.code} – {row.content}", url_for("obligations.petitions"))
        for row in db.session.execute(found)
    }


register_pages("petition", petition_pages)
