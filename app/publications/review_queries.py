"""Every read of the reviews of procedures. One truth for the page and for the engine: `totals`, `restructured`.

A procedure restructured twice counts once: from what had to be declared before the first time to what has to be
declared after the last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.engine import Connection

from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.models import Person, Unit
from app.procedures.models import Procedure, ProcedureVersion
from app.procedures.queries import in_force_on
from app.publications.models import ProcedureReview
from app.web.extensions import db


@dataclass(frozen=True, slots=True)
class ReviewTotals:
    """A unit's reviews since the year began; see the fact kind for what each counts."""

    in_force: int = 0
    reviewed: int = 0
    in_force_on_31_may: int = 0
    reviewed_by_31_may: int = 0
    restructured: int = 0
    fields_before: int = 0
    fields_after: int = 0
    internal_procedures: int = 0
    internal_simplified: int = 0

    @property
    def fields_cut(self) -> int:
        """Items cut, all taken together; 0 when there are more than before."""
        return max(0, self.fields_before - self.fields_after)

    @property
    def share_reviewed(self) -> Fraction | None:
        """Reviewed among those in force."""
        return Fraction(self.reviewed, self.in_force) if self.in_force else None

    @property
    def share_cut(self) -> Fraction | None:
        """Items cut among those declared before."""
        return Fraction(self.fields_cut, self.fields_before) if self.fields_before else None

    @property
    def share_simplified(self) -> Fraction | None:
        """Internal procedures with an approved simplification among all internal ones."""
        return Fraction(self.internal_simplified, self.internal_procedures) if self.internal_procedures else None

    def __add__(self, other: ReviewTotals) -> ReviewTotals:
        return ReviewTotals(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Restructured:
    """One procedure restructured between two days: items declared before the first and after the last time."""

    unit_id: int
    code: str
    fields_before: int
    fields_after: int

    @property
    def fields_cut(self) -> int:
        """Items cut; 0 when there are more."""
        return max(0, self.fields_before - self.fields_after)


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A review as the list shows it."""

    review: ProcedureReview
    unit: Unit
    code: str
    name: str
    internal: bool
    by: str

    @property
    def share_cut(self) -> Fraction | None:
        """Items cut (below 0: added) among those declared before; None where nothing was counted."""
        before, after = self.review.fields_before, self.review.fields_after
        return None if not before or after is None else Fraction(before - after, before)


@dataclass(frozen=True, slots=True)
class UnitReviews:
    """A unit's line on the page of a year."""

    unit: Unit
    totals: ReviewTotals


def totals(connection: Connection, site: str, day: date) -> Mapping[int, ReviewTotals]:
    """By id of the accountable unit, from 1 January to `day`; units with nothing are left out. What was to be reviewed
    by 31 May is told as of that day, once it has passed: procedures that come or go afterwards change nothing of it."""
    counted = _counted(connection, site, day)
    last_of_may = date(day.year, 5, 31)
    in_may = counted if day <= last_of_may else _counted(connection, site, last_of_may)
    for unit_id in counted.keys() | in_may.keys():
        n, then = counted[unit_id], in_may.get(unit_id, {})
        n["in_force_on_31_may"], n["reviewed_by_31_may"] = then.get("in_force", 0), then.get("reviewed", 0)
    for one in restructured(connection, site, date(day.year, 1, 1), day):
        n = counted[one.unit_id]
        n["restructured"] += 1
        n["fields_before"] += one.fields_before
        n["fields_after"] += one.fields_after
    return {unit_id: ReviewTotals(**figures) for unit_id, figures in counted.items()}


def _counted(connection: Connection, site: str, day: date) -> dict[int, dict[str, int]]:
    """Procedures in force and reviewed from 1 January to the day, by id of the accountable unit."""
    first = date(day.year, 1, 1)
    accountable, internal = _in_force(connection, site, day)
    reviewed: set[int] = set()
    simplified: set[int] = set()
    for row in connection.execute(_reviewed(site, first, day)):
        # A procedure that ended after its review still counts, for the unit that reviewed it.
        accountable.setdefault(row.procedure_id, row.unit_id)
        if row.internal:
            internal.add(row.procedure_id)
        if first <= row.reviewed_on <= day:
            reviewed.add(row.procedure_id)
        if row.simplification_approved_on and first <= row.simplification_approved_on <= day:
            simplified.add(row.procedure_id)
    counted: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for procedure_id, unit_id in accountable.items():
        n = counted[unit_id]
        if procedure_id in internal:
            n["internal_procedures"] += 1
            n["internal_simplified"] += procedure_id in simplified
        else:
            n["in_force"] += 1
            n["reviewed"] += procedure_id in reviewed
    return counted


def restructured(connection: Connection, site: str, first: date, last: date) -> list[Restructured]:
    """The procedures restructured between two days (both included), by code; the unit of the last review answers."""
    r = ProcedureReview
    wanted = (
        select(r.unit_id, Procedure.code, r.fields_before, r.fields_after)
        .join(Procedure, Procedure.id == r.procedure_id)
        .where(r.site == site, r.restructured.is_(True), r.reviewed_on.between(first, last))
        .order_by(Procedure.code, r.reviewed_on, r.id)
    )
    found: dict[str, Restructured] = {}
    for unit_id, code, before, after in connection.execute(wanted):
        former = found.get(code)
        if before is not None and after is not None:
            found[code] = Restructured(unit_id, code, former.fields_before if former else before, after)
    return list(found.values())


def unit_reviews(scope: Scope, day: date) -> list[UnitReviews]:
    """The units of the scope with a catalogue or reviews, and their totals of the year up to that day."""
    found = totals(db.session.connection(), scope.site, day)
    units = db.session.scalars(select(Unit).where(Unit.id.in_(found), scope.within(Unit.id)).order_by(Unit.path))
    return [UnitReviews(unit, found[unit.id]) for unit in units]


def reviews(scope: Scope, year: int, unit: str = "") -> list[ReviewRow]:
    """The reviews made in a year, or whose simplification was approved in it, the newest first."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    r = ProcedureReview
    wanted = _rows(scope).where(
        or_(r.reviewed_on.between(first, last), r.simplification_approved_on.between(first, last))
    )
    if unit:
        wanted = wanted.where(Unit.code == unit)
    return [ReviewRow(*row) for row in _tidied(wanted.order_by(r.reviewed_on.desc(), r.id.desc()))]


def review_row(scope: Scope, review_id: int) -> ReviewRow:
    """One review. NotFound outside the scope."""
    for row in _tidied(_rows(scope).where(ProcedureReview.id == review_id)):
        return ReviewRow(*row)
    raise NotFound("Không tìm thấy lần rà soát này.")


def review_for_change(site: str, review_id: int) -> ProcedureReview | None:
    """The review as it is now, locked where the database can."""
    wanted = select(ProcedureReview).where(ProcedureReview.site == site, ProcedureReview.id == review_id)
    return db.session.scalar(wanted.with_for_update().execution_options(populate_existing=True))


def reviewed_that_day(site: str, procedure_id: int, day: date) -> bool:
    """Whether a review of the procedure on that day is recorded already."""
    wanted = select(ProcedureReview.id).where(
        ProcedureReview.site == site, ProcedureReview.procedure_id == procedure_id, ProcedureReview.reviewed_on == day
    )
    return db.session.scalar(wanted.limit(1)) is not None


def _in_force(connection: Connection, site: str, day: date) -> tuple[dict[int, int], set[int]]:
    """The accountable unit of each procedure in force that day, and which of them are internal."""
    wanted = (
        select(ProcedureVersion.procedure_id, ProcedureVersion.unit_id, Procedure.internal)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(ProcedureVersion.site == site, in_force_on(day))
    )
    rows = connection.execute(wanted).all()
    return {row.procedure_id: row.unit_id for row in rows}, {row.procedure_id for row in rows if row.internal}


def _reviewed(site: str, first: date, day: date) -> Select[int, int, date, date | None, bool]:
    """Reviews made, or simplifications approved, between two days; the earliest first."""
    r = ProcedureReview
    return (
        select(r.procedure_id, r.unit_id, r.reviewed_on, r.simplification_approved_on, Procedure.internal)
        .join(Procedure, Procedure.id == r.procedure_id)
        .where(
            r.site == site,
            or_(r.reviewed_on.between(first, day), r.simplification_approved_on.between(first, day)),
        )
        .order_by(r.reviewed_on, r.id)
    )


def _rows(scope: Scope) -> Select[ProcedureReview, Unit, str, str, bool, str]:
    last = (
        select(func.max(ProcedureVersion.number))
        .where(ProcedureVersion.procedure_id == ProcedureReview.procedure_id)
        .correlate(ProcedureReview)
        .scalar_subquery()
    )
    latest = and_(ProcedureVersion.procedure_id == ProcedureReview.procedure_id, ProcedureVersion.number == last)
    return (
        select(ProcedureReview, Unit, Procedure.code, ProcedureVersion.name, Procedure.internal, Person.full_name)
        .join(Unit, Unit.id == ProcedureReview.unit_id)
        .join(Procedure, Procedure.id == ProcedureReview.procedure_id)
        .outerjoin(ProcedureVersion, latest)
        .outerjoin(Person, Person.id == ProcedureReview.person_id)
        .where(ProcedureReview.site == scope.site, scope.within(ProcedureReview.unit_id))
    )


def _tidied(
    wanted: Select[ProcedureReview, Unit, str, str, bool, str],
) -> Sequence[tuple[ProcedureReview, Unit, str, str, bool, str]]:
    found = db.session.execute(wanted).all()
    return [(review, unit, code, name or "", internal, by or "") for review, unit, code, name, internal, by in found]
