"""What lies on a unit's desk: its open cases by urgency, and how many of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, text

from app.cases import population
from app.cases.models import Case, CaseEvent, Consultation
from app.cases.population import Bucket, changeable_by
from app.cases.queries import PAGE, CaseLine, Page, rows
from app.cases.vocabulary import EventKind
from app.core.calendar import WorkingCalendar
from app.organisation.access import Actor, Scope, units_of
from app.organisation.models import Person, Unit
from app.organisation.permissions import Capability
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from app.web.keyset import Cursor, Keyset
from app.web.once import once


class Attention(StrEnum):
    """What would be forgotten if nobody was reminded of it; a case may be among these beside its pile."""

    UNCLOSED = "unclosed"  # has its result, not closed on the software
    STALLED = "stalled"  # the applicant has not supplemented for too long
    ASKED = "asked"  # another unit waits for this one's opinion


Pile = Bucket | Attention


def desk_of(scope: Scope, who: Person) -> Scope:
    """Whose desk a person looks after: their unit and those below; inspectors and administrators see all desks."""
    if not scope.is_whole or not Actor.of(who).may(Capability.HANDLE_CASES):
        return scope
    return replace(scope, unit_ids=units_of(who))


def bucket_counts(
    desk: Scope, calendar: WorkingCalendar, now: datetime, *, holder_id: int | None = None
) -> dict[Bucket, int]:
    """How many open cases are in each pile of those desks (or of those in one person's hands): one query."""
    columns = [
        func.sum(case((population.in_bucket(Case, b, calendar, now), 1), else_=0)).label(b.value) for b in Bucket
    ]
    row = db.session.execute(_on_desk(desk, *columns).where(*_held_by(holder_id))).one()
    return {bucket: int(row._mapping[bucket.value] or 0) for bucket in Bucket}


def attention_counts(desk: Scope, calendar: WorkingCalendar, now: datetime) -> dict[Attention, int]:
    """How many cases of those desks wait to be closed, too long for their applicant, or for these units' opinion."""
    stalled = func.sum(case((_in_pile(Attention.STALLED, desk, calendar, now), 1), else_=0))
    return waiting_counts(desk) | {Attention.STALLED: int(db.session.scalar(_on_desk(desk, stalled)) or 0)}


def waiting_counts(desk: Scope) -> dict[Attention, int]:
    """How many of those cases wait to be closed, or for these units' opinion. The menu tells it on every page: each is
    read from an index that holds nothing else."""
    return once(f"waiting on {desk}", lambda: _waiting_counts(desk))


def _waiting_counts(desk: Scope) -> dict[Attention, int]:
    counted = db.session.execute(_waiting_on(desk, db.engine.dialect.name)).one()
    return dict(zip((Attention.UNCLOSED, Attention.ASKED), counted, strict=True))


@lru_cache(maxsize=256)
def _waiting_on(desk: Scope, _dialect: str) -> Select[*tuple[Any, ...]]:
    """Asked with every page: put together once for each desk and kind of database."""
    unclosed = _on_desk(desk, func.count()).where(population.known(Case.result_at))  # of open cases
    asked = (
        select(func.count(Consultation.case_id.distinct()))
        .join(Case, Case.id == Consultation.case_id)
        .where(*_asks(desk), Case.ended_at.is_(None))
    )
    return select(unclosed.scalar_subquery(), asked.scalar_subquery())


def worklist(
    desk: Scope,
    calendar: WorkingCalendar,
    now: datetime,
    pile: Pile | None = None,
    *,
    holder_id: int | None = None,
    after: Cursor | None = None,
    before: Cursor | None = None,
    limit: int = PAGE,
) -> Page:
    """The open cases on those desks, the most urgent first; those whose clock is stopped are a pile apart.

    With `holder_id` only those that this person has in hand.
    """
    keyset = Keyset(after, before, limit, ascending=True)
    since = _SINCE.get(pile, Case.late_after) if pile else Case.late_after
    wanted = _in_pile(pile, desk, calendar, now) if pile else Case.late_after.is_not(None)
    query = _on_pile(pile, desk, since, Case.id).where(wanted, *_held_by(holder_id))
    query = keyset.cut(query, since, Case.id)
    ids, first, last = keyset.page([(at, key) for at, key in db.session.execute(query)])
    return Page([CaseLine(row) for row in rows(ids)], first, last)


# What the lines of a pile are sorted by, where it is not the due time.
_SINCE: dict[Pile, Any] = {
    Bucket.PAUSED: Case.received_at,
    Attention.UNCLOSED: Case.result_at,
    Attention.STALLED: Case.paused_at,
    Attention.ASKED: Case.received_at,
}


def _held_by(holder_id: int | None) -> list[ColumnElement[bool]]:
    return [] if holder_id is None else [Case.holder_id == holder_id]


def _on_pile(pile: Pile | None, desk: Scope, *columns: Any) -> Select[*tuple[Any, ...]]:
    """A case that a unit is asked about lies on another unit's desk."""
    if pile is Attention.ASKED:
        return select(*columns).select_from(Case).where(Case.site == desk.site, Case.ended_at.is_(None))
    return _on_desk(desk, *columns)


def _asked_of(desk: Scope) -> ColumnElement[bool]:
    """SQL: one of these units was asked about the case and has not answered."""
    return Case.id.in_(select(Consultation.case_id).where(*_asks(desk)))


def _asks(desk: Scope) -> tuple[ColumnElement[bool], ...]:
    """SQL: one of these units is asked, and has not answered."""
    asked = Consultation
    return asked.site == desk.site, desk.within(asked.unit_id), asked.answered_at.is_(None)


def _in_pile(pile: Pile, desk: Scope, calendar: WorkingCalendar, now: datetime) -> ColumnElement[bool]:
    match pile:
        case Attention.UNCLOSED:
            return and_(population.unclosed(Case))
        case Attention.STALLED:
            days = current_app.config["SETTINGS"].paused_days
            over = population.supplement_missed(Case, calendar.local_day(now))
            return or_(population.paused_long(Case, calendar, now, days), over)
        case Attention.ASKED:
            return _asked_of(desk)
    return and_(population.in_bucket(Case, pile, calendar, now))


def _on_desk(desk: Scope, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Of the open cases on those desks.

    SQLite would look up the open cases of the whole site first; told that openness decides little, it takes the
    index of the desk, which holds open cases alone.
    """
    is_open: ColumnElement[bool] = Case.ended_at.is_(None)
    if db.engine.dialect.name == "sqlite":
        is_open = func.likely(is_open)
    return select(*columns).where(Case.site == desk.site, desk.within(Case.holder_unit_id), is_open)


# What heads and inspectors look through: cases that were annulled, what was put right after
# reception, and what was gone on with although something was missing.

LINES = 50
OVERSEEN = (EventKind.PROCEEDED, EventKind.ANNULLED, EventKind.AMENDED)
_INDEXED = text("case_events.kind IN ('amended', 'annulled', 'proceeded')")  # as the index says it


@dataclass(frozen=True, slots=True)
class OverseenEvent:
    """Something that somebody did to a case and gave a reason for."""

    id: int
    kind: EventKind
    recorded_at: datetime
    who: str
    why: str
    data: dict[str, Any]
    case_id: int
    code: str
    applicant: str
    procedure: str
    unit: str


@dataclass(frozen=True, slots=True)
class OverseenPage:
    """A page of them, the newest first; the cursors of its neighbours, None at an end."""

    lines: list[OverseenEvent]
    before: Cursor | None
    after: Cursor | None


def overseen(
    scope: Scope, kind: EventKind | None = None, *, after: Cursor | None = None, before: Cursor | None = None
) -> OverseenPage:
    """What was done to cases of the scope, of one kind or of all."""
    e = CaseEvent
    keyset: Keyset[Cursor] = Keyset(after, before, LINES)
    found = (
        select(
            *(e.id, e.kind, e.recorded_at, e.actor, e.note, e.data),
            *(Case.id, Case.code, Case.applicant, ProcedureVersion.name, Unit.name),
        )
        .join(Case, Case.id == e.case_id)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(Unit, Unit.id == Case.unit_id)
        .where(e.site == scope.site, _INDEXED, changeable_by(scope))
    )
    if kind is not None:
        found = found.where(e.kind == kind)
    rows = [OverseenEvent(*row) for row in db.session.execute(keyset.cut(found, e.recorded_at, e.id))]
    return OverseenPage(*keyset.lines(rows, lambda line: Cursor(line.recorded_at, line.id)))
