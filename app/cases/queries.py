"""The list of cases: with its filters, searched, and as one of the lists behind a check's figures.

Lists are read by key: a page is found by the last line of the page before it, so that the thousandth page of a
million cases costs what the first does. Nothing counts a whole table; a count stops at `MOST_COUNTED`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, FromClause, Select, bindparam, func, literal, select, union_all
from sqlalchemy.orm import aliased

from app.cases import lists, population, search
from app.cases.lists import DueList, ListMoment, NamedList, Window
from app.cases.models import Case, CaseStage, Payment
from app.cases.population import SOON
from app.cases.vocabulary import CaseStatus, Channel, Knows, PaymentChannel
from app.core.calendar import TimeUnit, WorkingCalendar
from app.core.text import words
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.procedures.models import Procedure, ProcedureVersion
from app.web import extensions
from app.web.extensions import db
from app.web.keyset import Cursor, Keyset

PAGE = 50
MOST_COUNTED = 10_000
BATCH = 1_000  # lines of an export read at once


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as a list shows it. Instants are UTC."""

    id: int
    code: str
    applicant: str
    phone: str
    channel: Channel
    status: CaseStatus
    received_at: datetime
    promised_at: datetime | None
    due_at: datetime | None
    late_after: datetime | None
    paused_at: datetime | None
    supplement_by: date | None
    result_at: datetime | None
    ended_at: datetime | None
    officer: str
    procedure_code: str
    procedure_name: str
    field: str
    unit_code: str
    unit_name: str
    holder_code: str
    holder_name: str
    holder_id: int | None
    revision: int
    knows: int
    other_code: str
    vneid: bool | None
    reused: bool | None


@dataclass(frozen=True, slots=True)
class StageSeen:
    """A stay in a stage; `allowance` and `used` are in the procedure's unit of time."""

    name: str
    unit_name: str
    officer: str
    time_unit: TimeUnit
    allowance: Decimal
    used: Decimal | None
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentSeen:
    """A payment, in đồng."""

    paid_at: datetime
    amount: int
    channel: PaymentChannel
    transaction_number: str


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A line of a list: a case, and the stage or payment that the list is about, if it is."""

    case: CaseRow
    about: StageSeen | PaymentSeen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilters:
    """What the reader asked for; what is None or empty leaves nothing out.

    `unit` is the unit accountable for the case; with `lists`, the one the figure is counted for. The days are
    days of reception, both included. `lists` are named lists as seen through `window`. `due` is one of the lists by
    how cases stand (`days` working days ahead), `holder` the unit that has the case now, `oldest_first` the order of
    reception turned round.
    """

    text: str = ""
    unit: str = ""  # code
    procedure: str = ""  # code
    field: str = ""
    status: CaseStatus | None = None
    channel: Channel | None = None
    since: date | None = None
    until: date | None = None
    lists: Sequence[NamedList] = ()
    window: Window | None = None
    due: DueList | None = None
    days: int = SOON
    holder: str = ""  # code
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page of lines; the cursors of its neighbours, None at an end.

    `total` counts every line that fits, as far as MOST_COUNTED + 1 (then there are more); None where counting
    would mean reading everything. `meant` are the words searched for instead of those typed, which fit nothing.
    """

    lines: Sequence[CaseLine]
    before: Cursor | None = None
    after: Cursor | None = None
    total: int | None = None
    meant: tuple[str, ...] = ()


def list_page(
    scope: Scope,
    filters: CaseFilters,
    calendar: WorkingCalendar,
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
    limit: int = PAGE,
) -> Page:
    """A page of cases, the newest reception first; of named lists, the oldest line first."""
    unit_id = None
    if filters.unit:
        unit_id = db.session.scalar(
            select(Unit.id).where(Unit.site == scope.site, Unit.code == filters.unit, scope.within(Unit.id))
        )
        if unit_id is None:
            return Page([], total=0)
    conditions = _conditions(scope, filters, calendar)
    if filters.lists:
        return _named_page(scope, filters, conditions, unit_id, Keyset(after, before, limit, ascending=True))
    if filters.due and not filters.text.strip():
        return _due_page(scope, filters, conditions, unit_id, Keyset(after, before, limit, ascending=True))
    if filters.text.strip():
        return _search_page(scope, filters, conditions, unit_id, after, limit)
    keyset = Keyset(after, before, limit, ascending=filters.oldest_first)
    return _received_page(scope, filters, conditions, unit_id, keyset)


def every_line(scope: Scope, filters: CaseFilters, calendar: WorkingCalendar) -> Iterator[CaseLine]:
    """All lines that fit, read a batch at a time."""
    after: Cursor | None = None
    while True:
        page = list_page(scope, filters, calendar, after=after, limit=BATCH)
        yield from page.lines
        if page.after is None:
            return
        after = page.after


def _conditions(scope: Scope, filters: CaseFilters, calendar: WorkingCalendar) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    # Annulled cases are listed where they are asked for, and found by their code as they ever were.
    if filters.status is not CaseStatus.ANNULLED and not filters.text.strip() and not filters.lists:
        conditions.append(population.stands(Case))
    if filters.since:
        conditions.append(Case.received_at >= calendar.start_of_day(filters.since))
    if filters.until:
        conditions.append(Case.received_at < calendar.start_of_day(filters.until + timedelta(days=1)))
    if filters.status:
        conditions.append(Case.status == filters.status)
    if filters.channel:
        conditions += [Case.channel == filters.channel, population.told(Case, Knows.CHANNEL)]
    if filters.procedure or filters.field:
        versions = select(ProcedureVersion.id).join(ProcedureVersion.procedure).where(Procedure.site == scope.site)
        if filters.procedure:
            versions = versions.where(Procedure.code == filters.procedure)
        if filters.field:
            versions = versions.where(ProcedureVersion.field == filters.field)
        conditions.append(Case.version_id.in_(versions))
    if filters.holder:
        holders = select(Unit.id).where(Unit.site == scope.site, Unit.code == filters.holder)
        conditions.append(Case.holder_unit_id.in_(holders))
    if filters.due:
        moment = ListMoment(calendar, extensions.now(), current_app.config["SETTINGS"].paused_days)
        conditions.append(lists.condition(filters.due, moment, filters.days))
    return conditions


def _due_page(
    scope: Scope,
    filters: CaseFilters,
    conditions: list[ColumnElement[bool]],
    unit_id: int | None,
    keyset: Keyset[Cursor],
) -> Page:
    """By what makes the case urgent, the most urgent first; whoever has the case now sees it too."""
    assert filters.due is not None
    since = lists.since(filters.due)
    query = select(since, Case.id).where(Case.site == scope.site, population.on_desk_of(scope), *conditions)
    if unit_id is not None:
        query = query.where(Case.unit_id == unit_id)
    ids, before, after = keyset.page([(at, key) for at, key in db.session.execute(keyset.cut(query, since, Case.id))])
    return Page([CaseLine(row) for row in rows(ids)], before, after, _bounded(query.subquery()))


def _received_page(
    scope: Scope,
    filters: CaseFilters,
    conditions: list[ColumnElement[bool]],
    unit_id: int | None,
    keyset: Keyset[Cursor],
) -> Page:
    """By reception. Each unit of the scope is read from its own end of the index, then their lines are merged."""
    units = [unit_id] if unit_id is not None else sorted(scope.unit_ids) if scope.unit_ids is not None else [None]
    if not units:
        return Page([], total=0)
    if keyset.after is keyset.before is None and replace(filters, unit="", oldest_first=False, lists=()) == _ALL:
        query, counted = _first_of_all(scope.site, tuple(units), keyset, MOST_COUNTED)
    else:
        query, counted = _streams(scope.site, units, conditions, keyset, MOST_COUNTED)
    ids, before, after = keyset.page([(at, key) for at, key in db.session.execute(query)])
    total = None
    if not (filters.status or filters.channel or filters.procedure or filters.field or filters.holder):
        total = db.session.scalar(counted) or 0
    elif before is None and after is None:
        total = len(ids)
    return Page([CaseLine(row) for row in rows(ids)], before, after, total)


Units = Sequence[int | None]
"""By whose units cases are read, each from its own end of the index; None alone is all of them."""


def _streams(
    site: str, units: Units, conditions: Sequence[ColumnElement[bool]], keyset: Keyset[Cursor], most: int
) -> tuple[Select[datetime, int], Select[int]]:
    """What reads a page by reception, and what counts them all, as far as one more than `most`."""
    base = select(Case.received_at, Case.id).where(Case.site == site, *conditions)
    streams = [base if unit is None else base.where(Case.unit_id == unit) for unit in units]
    if len(streams) == 1:
        alone = streams[0].with_only_columns(literal(1)).subquery()
        return keyset.cut(streams[0], Case.received_at, Case.id), _bounded_count(alone, most)
    cut = [keyset.cut(stream, Case.received_at, Case.id).subquery() for stream in streams]
    both = union_all(*(select(each) for each in cut)).subquery()
    query = keyset.cut(select(both.c.received_at, both.c.id), both.c.received_at, both.c.id)
    few = (select(stream.limit(most + 1).subquery()) for stream in streams)  # SQLite wants tables in a union
    return query, _bounded_count(union_all(*few).subquery(), most)


_ALL = CaseFilters()


@lru_cache(maxsize=64)
def _first_of_all(
    site: str, units: tuple[int | None, ...], keyset: Keyset[Cursor], most: int
) -> tuple[Select[datetime, int], Select[int]]:
    """Of the list as it is opened: put together once for each desk."""
    return _streams(site, units, [population.stands(Case)], keyset, most)


def _search_page(
    scope: Scope,
    filters: CaseFilters,
    conditions: list[ColumnElement[bool]],
    unit_id: int | None,
    after: Cursor | None,
    limit: int,
) -> Page:
    if unit_id is not None:
        conditions = [*conditions, Case.unit_id == unit_id]
    found = search.find(scope, filters.text, *conditions, limit=limit + 1, before=after.id if after else None)
    ids = found.ids
    shown = rows(ids[:limit])
    following = Cursor(shown[-1].received_at, min(row.id for row in shown)) if len(ids) > limit else None
    total = len(ids) if after is None and following is None else None
    return Page([CaseLine(row) for row in shown], None, following, total, found.meant)


def _named_page(
    scope: Scope,
    filters: CaseFilters,
    conditions: list[ColumnElement[bool]],
    unit_id: int | None,
    keyset: Keyset[Cursor],
) -> Page:
    assert filters.window is not None  # a named list is always seen through a period
    found = lists.lines(scope, filters.lists, filters.window, unit_id)
    query = select(found.c.since, found.c.id)
    if conditions or filters.text.strip():
        query = query.join(Case, Case.id == found.c.case_id).where(*conditions, *_text(filters.text))
    everything = query.limit(MOST_COUNTED + 1).subquery()
    counted = select(func.count()).select_from(everything).scalar_subquery()  # with the page: the lines are found once
    read = db.session.execute(keyset.cut(query, found.c.since, found.c.id).add_columns(counted)).all()
    ids, before, after = keyset.page([(at, key) for at, key, _total in read])
    total = read[0][2] if read else _bounded(everything)
    subject = filters.lists[0].subject
    shown = [CaseLine(row) for row in rows(ids)] if subject is Case else _lines_about(subject, ids)
    return Page(shown, before, after, total)


def _text(typed: str) -> list[ColumnElement[bool]]:
    return [Case.search_text.contains(word, autoescape=True) for word in words(typed)]


def _bounded(counted: FromClause) -> int:
    return db.session.scalar(_bounded_count(counted, MOST_COUNTED)) or 0


def _bounded_count(counted: FromClause, most: int) -> Select[int]:
    limited = select(literal(1)).select_from(counted).limit(most + 1).subquery()
    return select(func.count()).select_from(limited)


_holder = aliased(Unit)
_ROWS = (  # every list of cases asks it: put together once
    select(
        *(Case.id, Case.code, Case.applicant, Case.phone, Case.channel, Case.status, Case.received_at),
        *(Case.promised_at, Case.due_at, Case.late_after, Case.paused_at, Case.supplement_by),
        *(Case.result_at, Case.ended_at, Case.officer),
        *(Procedure.code, ProcedureVersion.name, ProcedureVersion.field),
        *(Unit.code, Unit.name, _holder.code, _holder.name, Case.holder_id, Case.revision, Case.knows),
        *(Case.other_code, Case.vneid, Case.reused),
    )
    .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
    .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
    .join(Unit, Unit.id == Case.unit_id)
    .join(_holder, _holder.id == Case.holder_unit_id)
    .where(Case.id.in_(bindparam("ids", expanding=True)))
)


def rows(ids: Sequence[int]) -> list[CaseRow]:
    """Those cases, in that order."""
    read: Iterable[Any] = db.session.execute(_ROWS, {"ids": list(ids)}) if ids else ()
    by_id = {row[0]: CaseRow(*row) for row in read}
    return [by_id[case_id] for case_id in ids]


def _lines_about(subject: lists.ListSubject, ids: Sequence[int]) -> list[CaseLine]:
    """Those stays in stages or payments with their cases, in that order."""
    about = _payments(ids) if subject is Payment else _stays(ids)
    cases = {row.id: row for row in rows(list({case_id for case_id, _seen in about.values()}))}
    return [CaseLine(cases[case_id], seen) for case_id, seen in (about[key] for key in ids)]


def _payments(ids: Sequence[int]) -> dict[int, tuple[int, StageSeen | PaymentSeen]]:
    p = Payment
    paid = select(p.id, p.case_id, p.paid_at, p.amount, p.channel, p.transaction_number).where(p.id.in_(ids))
    return {key: (case_id, PaymentSeen(*seen)) for key, case_id, *seen in _read(paid)}


def _stays(ids: Sequence[int]) -> dict[int, tuple[int, StageSeen | PaymentSeen]]:
    s = CaseStage
    stays = (
        select(
            *(s.id, s.case_id, s.name, Unit.name, s.officer, ProcedureVersion.time_unit),
            *(s.allowance, s.used, s.started_at, s.due_at, s.ended_at),
        )
        .join(Unit, Unit.id == s.unit_id)
        .join(Case, Case.id == s.case_id)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .where(s.id.in_(ids))
    )
    return {key: (case_id, StageSeen(*seen)) for key, case_id, *seen in _read(stays)}


def _read(query: Select[*tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    return (tuple(row) for row in db.session.execute(query))
