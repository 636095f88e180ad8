"""What the records of cases tell the engine. Counted in SQL, one index range a population.

A period's cost is that of its own cases and of the late ones, never of the whole history: every population is,
for each unit, a range of an index that holds all the columns it needs (see models.Case). The few that are late
are counted apart, from the indexes that hold nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.engine import Connection

from app.cases import population
from app.cases.late import LateCase, late_cases, late_rows, owing, whose
from app.cases.models import Case, CaseStage, Payment
from app.cases.population import on_desk_of
from app.cases.vocabulary import PaymentChannel
from app.core.fact_kinds import fact_kinds
from app.core.facts import Fact, FactKind, FactQuery, register, register_source
from app.core.subjects import case_of
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.lineage import unit_codes
from app.organisation.registries import SubjectPage, register_pages
from app.procedures.facts import CATALOGUE_PAYMENT
from app.procedures.models import ProcedureVersion
from app.web.due import kept
from app.web.extensions import db

KINDS = fact_kinds("cases")
TIMELINESS = KINDS["timeliness"]
CLOSING = KINDS["closing"]
DIGITISATION = KINDS["digitisation"]
ELECTRONIC_RESULT = KINDS["electronic_result"]
ELECTRONIC_LATER = KINDS["electronic_later"]
PAYMENT = KINDS["payment"]
STAGE_USE = KINDS["stage_use"]
CASE_OVERDUE = KINDS["case_overdue"]
CASE_NEWLY_OVERDUE = KINDS["case_newly_overdue"]


UNIT_KINDS = (TIMELINESS, CLOSING, DIGITISATION, ELECTRONIC_RESULT, PAYMENT, CATALOGUE_PAYMENT, STAGE_USE)


Counts = dict[str, dict[str, int]]


def register_facts() -> None:
    """Register every source of this room."""
    register_source([TIMELINESS, CLOSING], _timeliness)
    register_source([DIGITISATION, ELECTRONIC_RESULT, PAYMENT], _digitisation_and_payment)
    register(ELECTRONIC_LATER, _electronic_later)
    register(STAGE_USE, _stage_use)
    register(CASE_OVERDUE, _overdue_cases)
    register(CASE_NEWLY_OVERDUE, _newly_overdue_cases)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


def _wherever(table: Any, unit: Any, query: FactQuery, units: Mapping[int, str]) -> tuple[ColumnElement[bool], ...]:
    """Rows of those units, or of all of them where it has to be looked up whose each was."""
    return _of_units(table, query, units) if unit is table.unit_id else (table.site == query.site,)


def _of_units(table: Any, query: FactQuery, units: Iterable[int]) -> tuple[ColumnElement[bool], ...]:
    """Rows of those units. Named one by one, so that each database goes from unit to unit in the index."""
    return table.site == query.site, table.unit_id.in_(units)


def _timeliness(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    units = unit_codes(connection, query)
    closed = and_(Case.closed_at.is_not(None), Case.result_at.is_not(None))
    ended = (
        select(Case.unit_id, func.count().label("finished"), _count(closed).label("closed"))
        .where(*_of_units(Case, query, units), population.ended_in(Case, query.start, query.end))
        .group_by(Case.unit_id)
    )
    # Few if any, and found in the same index as all: they are taken off, so that it need hold no more columns.
    unpromised = (
        select(Case.unit_id, func.count().label("unpromised"), _count(closed).label("closed_unpromised"))
        .where(*_of_units(Case, query, units), population.ended_in(Case, query.start, query.end))
        .where(population.never_promised(Case))
        .group_by(Case.unit_id)
    )
    late = late_rows(Case, query, Case.result_at, Case.closed_at, Case.late_after, connection=connection)
    in_time = population.resulted_in_time(late.c)
    forgotten = and_(in_time, or_(late.c.ended == 0, kept(late.c.late_after, query.start)))
    closed_late = and_(late.c.ended == 1, late.c.closed_at.is_not(None), late.c.result_at.is_not(None))
    overdue = select(
        late.c.unit_id,
        _count(late.c.ended == 1).label("late"),
        _count(closed_late).label("closed_late"),
        _count(late.c.ended == 0).label("open_overdue"),
        _count(and_(late.c.ended == 0, population.done(late.c.result_at, query.as_of))).label("open_with_result"),
        _count(forgotten).label("not_closed"),
    ).group_by(late.c.unit_id)
    for unit, n in _by_unit(connection, units, ended, unpromised, overdue).items():
        n["finished"] -= n["unpromised"]
        closed_in_time = n["closed"] - n["closed_unpromised"] - n["closed_late"]
        yield TIMELINESS.fact(
            unit,
            query.period.key,
            finished=n["finished"],
            on_time=n["finished"] - n["late"],
            late=n["late"],
            open_overdue=n["open_overdue"],
            judged=n["finished"] + n["open_overdue"],
        )
        yield CLOSING.fact(
            unit,
            query.period.key,
            resolved=n["closed"] + n["open_with_result"],
            result_in_time=closed_in_time + n["not_closed"],
            closed_in_time=closed_in_time,
            not_closed=n["not_closed"],
        )


def _digitisation_and_payment(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    units = unit_codes(connection, query)
    of_unchecked = Case.version_id.in_(select(ProcedureVersion.id).where(ProcedureVersion.details_known.is_(False)))
    owes = and_(Case.online_payable, Case.fee_due > 0)
    had_file, gave_result = (whose(Case, at, query, connection) for at in (Case.received_at, Case.result_at))
    received = (
        select(
            had_file.label("unit_id"),
            _count(population.file_known(Case, query.as_of)).label("files"),
            _count(population.file_digital(Case, query.as_of)).label("files_digitised"),
            func.count().label("received"),
            _count(owes).label("due"),
            _count(and_(or_(owes, of_unchecked), population.payment_unknown(query.as_of))).label("unknown_due"),
        )
        .where(*_wherever(Case, had_file, query, units), population.received_in(Case, query.start, query.end))
        .group_by(had_file)
    )
    copied = population.done(Case.electronic_result_at, query.as_of)
    electronic = and_(population.electronic_known(Case, query.as_of), copied)
    resolved = (
        select(
            gave_result.label("unit_id"),
            _count(population.result_known(Case, query.as_of)).label("results"),
            _count(population.result_digital(Case, query.as_of)).label("results_digitised"),
            func.count().label("given"),
            _count(population.electronic_known(Case, query.as_of)).label("electronic_results"),
            _count(electronic).label("electronic"),
            _count(and_(electronic, Case.electronic_days == 0)).label("same_day"),
        )
        .where(*_wherever(Case, gave_result, query, units), population.result_given(Case, query.start, query.end))
        .group_by(gave_result)
    )
    paid = (
        select(
            Payment.unit_id,
            func.count().label("eligible"),
            _count(Payment.channel == PaymentChannel.ONLINE).label("online"),
        )
        .where(*_of_units(Payment, query, units), population.payment_counted(query.start, query.end))
        .group_by(Payment.unit_id)
    )
    for unit, n in _by_unit(connection, units, received, resolved, paid).items():
        n |= {"unknown_files": n["received"] - n["files"], "unknown_results": n["given"] - n["results"]}
        for kind in (DIGITISATION, PAYMENT):
            yield kind.fact(unit, query.period.key, **{field.name: n[field.name] for field in kind.fields})
        yield ELECTRONIC_RESULT.fact(
            unit,
            query.period.key,
            results=n["electronic_results"],
            electronic=n["electronic"],
            same_day=n["same_day"],
            unknown_results=n["given"] - n["electronic_results"],
        )


def _electronic_later(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """The copies that came later than at once, summed up by how many working days later: how many are allowed is for a
    plan to say."""
    units = unit_codes(connection, query)
    gave_result = whose(Case, Case.result_at, query, connection)
    later = (
        select(gave_result, Case.electronic_days, func.count())
        .where(
            *_wherever(Case, gave_result, query, units),
            population.result_given(Case, query.start, query.end),
            population.done(Case.electronic_result_at, query.as_of),
            Case.electronic_days > 0,
        )
        .group_by(gave_result, Case.electronic_days)
        .order_by(gave_result, Case.electronic_days)
    )
    for unit_id, days, copies in connection.execute(later):
        if unit_id in units:
            told = {"days": days, "copies": copies}
            yield ELECTRONIC_LATER.fact(units[unit_id], query.period.key, subject=str(days), **told)


def _stage_use(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    units = unit_codes(connection, query)
    ended = (
        select(CaseStage.unit_id, func.count().label("ended"))
        .where(*_of_units(CaseStage, query, units), population.between(CaseStage.ended_at, query.start, query.end))
        .group_by(CaseStage.unit_id)
    )
    late = late_rows(CaseStage, query, CaseStage.due_at, connection=connection)
    its_own = and_(late.c.ended == 1, kept(late.c.due_at, query.start))
    over = select(
        late.c.unit_id,
        _count(late.c.ended == 1).label("late"),
        _count(its_own).label("over"),
        _count(late.c.ended == 0).label("open_over"),
    ).group_by(late.c.unit_id)
    for unit, n in _by_unit(connection, units, ended, over, stages_unknown(query, units)).items():
        yield STAGE_USE.fact(
            unit,
            query.period.key,
            ended=n["ended"] - n["late"] + n["over"],
            within=n["ended"] - n["late"],
            over=n["over"],
            earlier=n["late"] - n["over"],
            open_over=n["open_over"],
            judged=n["ended"] - n["late"] + n["over"] + n["open_over"],
            unknown_cases=n["unknown_cases"],
        )


def stages_unknown(query: FactQuery, units: Iterable[int]) -> Select[int, int]:
    """How many cases ended in the period of which the stages are not known, by the unit that answers for them."""
    return (
        select(Case.unit_id, func.count().label("unknown_cases"))
        .where(*_of_units(Case, query, units), population.ended_in(Case, query.start, query.end))
        .where(population.stages_unknown())
        .group_by(Case.unit_id)
    )


def _overdue_cases(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per overdue case of the period."""
    late = late_rows(Case, query, Case.id, connection=connection)
    return _of_cases(CASE_OVERDUE, connection, query, late_cases(connection, query, select(late.c.id)))


def _newly_overdue_cases(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per case after which something is still owed."""
    return _of_cases(CASE_NEWLY_OVERDUE, connection, query, owing(connection, query).cases)


def start_of_previous(query: FactQuery) -> datetime:
    """The instant at which the period before began: what is owed after an event of then may fall due in this one."""
    return query.period.previous().bounds(site_calendar().zone)[0]


def _of_cases(kind: FactKind, connection: Connection, query: FactQuery, cases: Iterable[LateCase]) -> Iterator[Fact]:
    """One fact per case."""
    units, calendar = unit_codes(connection, replace(query, units=None)), site_calendar()
    asked_for = unit_codes(connection, query)
    open_until = population.last_day(query.as_of, calendar)

    @cache
    def told_of(late_after: datetime) -> tuple[date, str, str, int]:
        """The due day, written too; the day on which it was overdue; the days since, if it is open. Many share one."""
        due_day = calendar.local_day(late_after)
        became = population.became_overdue(late_after, calendar)
        return due_day, due_day.isoformat(), became.isoformat(), calendar.count_working_days(due_day, open_until)

    for case in cases:
        if case.unit_id not in asked_for:
            continue
        ended = case.ended_at if population.done(case.ended_at, query.as_of) else None
        due_day, due, became_overdue, days_open = told_of(case.late_after)
        last_day = calendar.local_day(ended) if ended else None
        yield kind.fact(
            units[case.unit_id],
            query.period.key,
            subject=case.code,
            procedure=case.procedure,
            due=due,
            became_overdue=became_overdue,
            ended=last_day.isoformat() if last_day else "",
            days_late=calendar.count_working_days(due_day, last_day) if last_day else days_open,
            resolved_not_closed=population.done(case.result_at, query.as_of) and not ended,
            holder=units[case.holder_id],
            officer=case.officer,
        )


def _by_unit(connection: Connection, units: Mapping[int, str], *statements: Any) -> Counts:
    """Run the statements, each a count per unit, and lay their columns side by side; absent is zero."""
    counts: Counts = {}
    for statement in statements:
        for row in connection.execute(statement):
            values = dict(row._mapping)
            code = units.get(values.pop("unit_id"))
            if code is not None:
                counts.setdefault(code, defaultdict(int)).update({k: int(v) for k, v in values.items()})
    return dict(sorted(counts.items()))


register_facts()


@lru_cache(maxsize=256)
def _named(scope: Scope) -> Select[int, str, str]:
    wanted = Case.code.in_(bindparam("codes", expanding=True))
    return select(Case.id, Case.code, Case.applicant).where(Case.site == scope.site, wanted, on_desk_of(scope))


def pages(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A case by its code; one of its mistakes by code#number."""
    codes = {name: case_of(name) for name in names}
    cases = {row.code: row for row in db.session.execute(_named(scope), {"codes": list(set(codes.values()))})}
    return {
        name: SubjectPage(f"{code} – {cases[code].applicant}", url_for("cases.show", case_id=cases[code].id))
        for name, code in codes.items()
        if code in cases
    }


register_pages("case", pages)
