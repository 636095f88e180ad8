"""Every read of publications. A publication is seen by those who see its division or its Office."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.engine import Connection

from app.core.calendar import WorkingCalendar
from app.core.errors import NotFound
from app.core.text import fold, sought, words
from app.organisation.access import Scope
from app.organisation.lineage import owner
from app.organisation.models import AuditEntry, Unit, UnitKind
from app.procedures.models import Procedure, ProcedureVersion
from app.procedures.queries import in_force_on
from app.publications.clocks import Dates, PublicationStep, Stage, StepClock, clocks, stage, used_on_arrival
from app.publications.models import (
    DIVISION,
    OFFICE,
    CatalogueCheck,
    Publication,
    PublicationProcedure,
    PublicationTrack,
)
from app.web.extensions import db

PAGE = 50
SUBJECT = "publication"  # of its audit entries


class PublicationSort(StrEnum):
    """What the list can be sorted by."""

    CODE = "code"
    DECISION = "decision"
    UNIT = "unit"
    START = "start"
    DAYS = "days"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationFilters:
    """What the reader asked for. `unit` is a code, of the division or the Office."""

    text: str = ""
    track: PublicationTrack | None = None
    stage: Stage | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class PublicationRow:
    """A publication with its clocks as they stand on a day, and where it is."""

    publication: Publication
    clocks: tuple[StepClock, ...]
    stage: Stage

    @property
    def whole(self) -> StepClock:
        """The clock of the whole (the joint one where there are no two steps)."""
        return self.clocks[-1]

    def clock(self, step: PublicationStep) -> StepClock | None:
        """The clock of a step, or None where the track has no such step."""
        return next((clock for clock in self.clocks if clock.step is step), None)

    @property
    def holders(self) -> list[Unit]:
        """The units that have it now; none when it is done."""
        held = {
            Stage.DIVISION: [self.publication.division],
            Stage.OFFICE: [self.publication.office],
            Stage.JOINT: [self.publication.division, self.publication.office],
        }
        return held.get(self.stage, [])

    def leads(self, clock: StepClock) -> list[Unit]:
        """The units that answer for a clock, each once."""
        units = [unit_of(self.publication, step) for step in clock.leads]
        return list(dict.fromkeys(units))


@dataclass(frozen=True, slots=True)
class PublicationPage:
    """One page of the list; `total` counts every publication that fits."""

    rows: Sequence[PublicationRow]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class PublishedProcedure:
    """A procedure of a publication by the name of its latest version."""

    procedure_id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class PublicationView:
    """All that the page of a publication shows. `on_arrival`: working and calendar days gone when it came."""

    row: PublicationRow
    procedures: Sequence[PublishedProcedure]
    checks: Sequence[CatalogueCheck]
    history: Sequence[AuditEntry]
    on_arrival: tuple[int, int]

    @property
    def publication(self) -> Publication:
        return self.row.publication


def unit_of(publication: Publication, step: PublicationStep) -> Unit:
    """The unit that a lead of a clock stands for."""
    return publication.office if step is PublicationStep.OFFICE else publication.division


def publications(
    scope: Scope,
    filters: PublicationFilters,
    day: date,
    calendar: WorkingCalendar,
    sort: PublicationSort = PublicationSort.START,
    descending: bool = True,
) -> list[PublicationRow]:
    """Every publication that fits, as it stands on that day."""
    rows = [row_of(found, day, calendar) for found in db.session.scalars(_visible(scope, filters))]
    rows = [row for row in rows if filters.stage in (None, row.stage) and _contains(row, filters.text)]
    return sorted(rows, key=lambda row: _sort_key(row, sort), reverse=descending)


def publication_page(
    scope: Scope,
    filters: PublicationFilters,
    day: date,
    calendar: WorkingCalendar,
    sort: PublicationSort,
    descending: bool,
    page: int,
) -> PublicationPage:
    """One page of the list. A page beyond the last is the last."""
    rows = publications(scope, filters, day, calendar, sort, descending)
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(page, 1), pages)
    return PublicationPage(rows[(page - 1) * PAGE : page * PAGE], len(rows), page, pages)


def publication_view(scope: Scope, publication_id: int, day: date, calendar: WorkingCalendar) -> PublicationView:
    """One publication with its clocks and history. NotFound outside the scope."""
    found = db.session.scalar(_visible(scope, PublicationFilters()).where(Publication.id == publication_id))
    if found is None:
        raise NotFound("Không tìm thấy quyết định này.")
    checks = select(CatalogueCheck).where(CatalogueCheck.publication_id == found.id)
    return PublicationView(
        row_of(found, day, calendar),
        _procedures_of(found),
        db.session.scalars(checks.order_by(CatalogueCheck.checked_on, CatalogueCheck.id)).all(),
        _history(found),
        used_on_arrival(found.track, Dates.of(found), calendar),
    )


def row_of(publication: Publication, day: date, calendar: WorkingCalendar) -> PublicationRow:
    """A publication as it stands on a day."""
    dates = Dates.of(publication)
    return PublicationRow(publication, clocks(publication.track, dates, day, calendar), stage(publication.track, dates))


def publication_for_change(site: str, publication_id: int) -> Publication | None:
    """The publication as it is now, locked where the database can."""
    wanted = select(Publication).where(Publication.site == site, Publication.id == publication_id)
    return db.session.scalar(wanted.with_for_update(of=Publication).execution_options(populate_existing=True))


def same_decision(site: str, track: PublicationTrack, division_id: int, decision: str) -> Publication | None:
    """The publication that this division has already for this decision on this track."""
    wanted = select(Publication).where(
        Publication.site == site, Publication.track == track, Publication.division_id == division_id
    )
    return next((found for found in db.session.scalars(wanted) if fold(found.decision) == fold(decision)), None)


def last_number(site: str) -> int:
    """The highest number ever given to a publication, those withdrawn since included."""
    opened = select(func.count()).where(
        AuditEntry.site == site, AuditEntry.subject_kind == SUBJECT, AuditEntry.action == "open_publication"
    )
    codes = db.session.scalars(select(Publication.code).where(Publication.site == site))
    numbers = [int(number) for code in codes if (number := code.rpartition("-")[2]).isdecimal()]
    return max([db.session.scalar(opened) or 0, *numbers])


def checks_because_of(publication_id: int) -> int:
    """How many checks of the catalogue were recorded as made because of a publication."""
    counted = select(func.count()).where(CatalogueCheck.publication_id == publication_id)
    return db.session.scalar(counted) or 0


def procedure_links(publication_id: int) -> Sequence[PublicationProcedure]:
    """The rows that tie procedures to a publication."""
    wanted = select(PublicationProcedure).where(PublicationProcedure.publication_id == publication_id)
    return db.session.scalars(wanted).all()


def codes_of(publication_id: int) -> list[str]:
    """The codes of a publication's procedures."""
    wanted = select(Procedure.code).join(PublicationProcedure, PublicationProcedure.procedure_id == Procedure.id)
    return list(
        db.session.scalars(wanted.where(PublicationProcedure.publication_id == publication_id).order_by(Procedure.code))
    )


def procedure_ids(site: str, codes: Collection[str]) -> dict[str, int]:
    """The ids of those of these codes that are in the catalogue."""
    wanted = select(Procedure.code, Procedure.id).where(Procedure.site == site, Procedure.code.in_(codes))
    return {code: procedure_id for code, procedure_id in db.session.execute(wanted)}  # noqa: C416  rows, typed


def offices(scope: Scope, day: date) -> list[Unit]:
    """The units that act as Văn phòng Sở, the highest first; the one-stop desk is none."""
    wanted = select(Unit).where(
        Unit.site == scope.site,
        Unit.kind == UnitKind.OFFICE,
        Unit.is_desk.is_(False),
        or_(Unit.valid_to.is_(None), Unit.valid_to >= day),
    )
    return sorted(db.session.scalars(wanted), key=lambda unit: (unit.path.count("/"), unit.path))


def procedure_choices(scope: Scope, day: date) -> list[tuple[str, str]]:
    """Code and name of the procedures in force for which the scope's units are accountable."""
    wanted = (
        select(Procedure.code, ProcedureVersion.name)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(ProcedureVersion.site == scope.site, in_force_on(day), scope.within(ProcedureVersion.unit_id))
        .order_by(Procedure.code)
    )
    return [(code, name) for code, name in db.session.execute(wanted)]


@dataclass(frozen=True, slots=True)
class RunningStep:
    """A clock of a publication for one unit that answers for it, as the engine is told."""

    code: str
    track: PublicationTrack
    decision: str
    unit: str
    clock: StepClock
    on_arrival: tuple[int, int]


def running_steps(
    connection: Connection, site: str, first: date, day: date, calendar: WorkingCalendar
) -> Iterator[RunningStep]:
    """The clocks that stopped between two days (both included), or had not by the second, as they stood on it."""
    p, division, office = Publication, Unit.__table__.alias("division"), Unit.__table__.alias("office")
    at = calendar.end_of_day(day)
    recent = or_(p.finished_on.is_(None), p.finished_on >= first, p.published_on >= first, p.handed_over_on >= first)
    unlisted = and_(p.track == PublicationTrack.PROCESS, p.published_on.is_(None))
    found = (
        select(
            *(p.code, p.track, p.decision, division.c.code.label("division"), office.c.code.label("office")),
            *(p.printed_on, p.arrived_on, p.handed_over_on, p.finished_on, p.published_on),
        )
        .select_from(p)
        .join(division, division.c.id == owner(connection, site, p, DIVISION, at, unit=p.division_id))
        .join(office, office.c.id == owner(connection, site, p, OFFICE, at, unit=p.office_id))
        .where(p.site == site, p.starts_on <= day, or_(recent, unlisted))
        .order_by(p.starts_on, p.code)
    )
    for row in connection.execute(found):
        dates = Dates.of(row)
        arrival = used_on_arrival(row.track, dates, calendar)
        for clock in clocks(row.track, dates, day, calendar):
            if clock.ended_on is None or clock.ended_on >= first:
                units = dict.fromkeys(
                    row.office if lead is PublicationStep.OFFICE else row.division for lead in clock.leads
                )
                yield from (RunningStep(row.code, row.track, row.decision, unit, clock, arrival) for unit in units)


def _visible(scope: Scope, filters: PublicationFilters) -> Select[Publication]:
    conditions: list[ColumnElement[bool]] = [
        Publication.site == scope.site,
        or_(scope.within(Publication.division_id), scope.within(Publication.office_id)),
    ]
    if filters.track is not None:
        conditions.append(Publication.track == filters.track)
    if filters.unit:
        named = select(Unit.id).where(Unit.site == scope.site, Unit.code == filters.unit)
        conditions.append(or_(Publication.division_id.in_(named), Publication.office_id.in_(named)))
    return select(Publication).where(*conditions)


def _procedures_of(publication: Publication) -> list[PublishedProcedure]:
    last = (
        select(func.max(ProcedureVersion.number))
        .where(ProcedureVersion.procedure_id == Procedure.id)
        .correlate(Procedure)
        .scalar_subquery()
    )
    latest = and_(ProcedureVersion.procedure_id == Procedure.id, ProcedureVersion.number == last)
    wanted = (
        select(Procedure.id, Procedure.code, ProcedureVersion.name)
        .join(PublicationProcedure, PublicationProcedure.procedure_id == Procedure.id)
        .outerjoin(ProcedureVersion, latest)
        .where(PublicationProcedure.publication_id == publication.id)
        .order_by(Procedure.code)
    )
    return [PublishedProcedure(found, code, name or "") for found, code, name in db.session.execute(wanted)]


def _history(publication: Publication) -> Sequence[AuditEntry]:
    wanted = select(AuditEntry).where(
        AuditEntry.site == publication.site,
        AuditEntry.subject_kind == SUBJECT,
        AuditEntry.subject_id == str(publication.id),
    )
    return db.session.scalars(wanted.order_by(AuditEntry.number)).all()


def _contains(row: PublicationRow, text: str) -> bool:
    searched = fold(f"{row.publication.code} {row.publication.decision}")
    return all(word in searched for word in words(sought(text)))


def _sort_key(row: PublicationRow, sort: PublicationSort) -> tuple[Any, ...]:
    publication = row.publication
    match sort:
        case PublicationSort.DECISION:
            first: Any = fold(publication.decision)
        case PublicationSort.UNIT:
            first = fold(publication.division.name)
        case PublicationSort.DAYS:
            first = row.whole.working_days if row.clocks else 0
        case PublicationSort.START:
            first = publication.starts_on
        case PublicationSort.CODE:
            first = 0
    return first, publication.id
