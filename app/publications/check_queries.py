"""Every read of the checks of the published catalogue. One truth for the page and for the engine: `totals`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select
from sqlalchemy.engine import Connection

from app.core.calendar import WorkingCalendar
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.lineage import lineage, passed_since, unit_spans, unit_then
from app.organisation.models import Person, Unit
from app.procedures.models import Procedure, ProcedureVersion
from app.procedures.queries import in_force_on
from app.publications.models import DIVISION, CatalogueCheck, Publication
from app.web.extensions import db

SITES = (CatalogueCheck.portal, CatalogueCheck.one_stop, CatalogueCheck.website)


@dataclass(frozen=True, slots=True)
class CheckTotals:
    """What a unit did about its published catalogue between two days; see the fact kind for each count."""

    procedures: int = 0
    checks: int = 0
    portal_checks: int = 0
    one_stop_checks: int = 0
    website_checks: int = 0
    publications_published: int = 0
    checked_after: int = 0
    to_check: int = 0
    unchecked: int = 0
    slowest_check_days: int = 0
    defects_open: int = 0

    def figures(self) -> dict[str, int]:
        """Each count by its name."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def looked(self) -> bool:
        """Whether one of the sites was looked at."""
        return bool(self.portal_checks or self.one_stop_checks or self.website_checks)


@dataclass(frozen=True, slots=True)
class UnitChecks:
    """A unit's line on the page of a month: its totals and the day of its last check up to then."""

    unit: Unit
    totals: CheckTotals
    last_on: date | None


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check as the list shows it."""

    check: CatalogueCheck
    unit: Unit
    by: str
    publication: str
    """Code of the publication because of which it was made; empty for the monthly one."""


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A publication made public after which the catalogue has not been checked, and working days gone since."""

    publication: Publication
    working_days: int


def totals(
    connection: Connection, site: str, first: date, day: date, calendar: WorkingCalendar
) -> Mapping[int, CheckTotals]:
    """By unit id, every unit that exists between two days; what happened after `day` is not known. What is left of a
    unit that was gone by then is counted for its successor."""
    heirs = lineage(site)
    in_being = (unit.id for unit in unit_spans(connection, site) if unit.is_in_being(first, day))
    found = dict.fromkeys(in_being, CheckTotals())
    counted: dict[int, dict[str, int]] = defaultdict(dict)
    for query in (_procedures(site, day), _checks(site, first, day), _open_defects(site, day)):
        for row in connection.execute(query):
            values = dict(row._mapping)
            _add(counted[heirs.heir(values.pop("unit_id"), first)], values)
    for figures in counted.values():
        if "portal_checks" in figures:
            figures["checks"] = min(figures[f"{each.key}_checks"] for each in SITES)
    for unit_id, figures in _after_publication(connection, site, first, day, calendar).items():
        _add(counted[unit_id], figures)
    return {unit_id: replace(blank, **counted[unit_id]) for unit_id, blank in found.items()}


def _add(counted: dict[str, int], figures: Mapping[str, int]) -> None:
    for name, value in figures.items():
        together = max if name == "slowest_check_days" else int.__add__
        counted[name] = together(counted.get(name, 0), int(value))


def month_of_checks(scope: Scope, first: date, day: date, calendar: WorkingCalendar) -> list[UnitChecks]:
    """Units with a published catalogue, or with a check, between two days."""
    found = totals(db.session.connection(), scope.site, first, day, calendar)
    last = select(CatalogueCheck.unit_id, func.max(CatalogueCheck.checked_on)).where(
        CatalogueCheck.site == scope.site, CatalogueCheck.checked_on <= day
    )
    last_on = {unit_id: on for unit_id, on in db.session.execute(last.group_by(CatalogueCheck.unit_id))}  # noqa: C416
    concerned = [unit_id for unit_id, n in found.items() if n.procedures or n.looked or n.to_check]
    units = db.session.scalars(
        select(Unit).where(Unit.id.in_(concerned), scope.within(Unit.id)).order_by(Unit.path)
    ).all()
    return [UnitChecks(unit, found[unit.id], last_on.get(unit.id)) for unit in units]


def checks(scope: Scope, first: date, last: date) -> list[CheckRow]:
    """The checks made between two days, the newest first."""
    wanted = _rows(scope).where(CatalogueCheck.checked_on.between(first, last))
    found = db.session.execute(wanted.order_by(CatalogueCheck.checked_on.desc(), CatalogueCheck.id.desc()))
    return [CheckRow(check, unit, by or "", code or "") for check, unit, by, code in found]


def open_defects(scope: Scope) -> list[CheckRow]:
    """Checks whose defects have not been put right, the oldest first."""
    wanted = _rows(scope).where(CatalogueCheck.defects != "", CatalogueCheck.fixed_on.is_(None))
    found = db.session.execute(wanted.order_by(CatalogueCheck.checked_on, CatalogueCheck.id))
    return [CheckRow(check, unit, by or "", code or "") for check, unit, by, code in found]


def check_row(scope: Scope, check_id: int) -> CheckRow:
    """One check. NotFound outside the scope."""
    found = db.session.execute(_rows(scope).where(CatalogueCheck.id == check_id)).first()
    if found is None:
        raise NotFound("Không tìm thấy lần kiểm tra này.")
    check, unit, by, code = found
    return CheckRow(check, unit, by or "", code or "")


def check_for_change(site: str, check_id: int) -> CatalogueCheck | None:
    """The check as it is now, locked where the database can."""
    wanted = select(CatalogueCheck).where(CatalogueCheck.site == site, CatalogueCheck.id == check_id)
    return db.session.scalar(wanted.with_for_update().execution_options(populate_existing=True))


def awaiting(scope: Scope, day: date, calendar: WorkingCalendar) -> list[Awaiting]:
    """Publications made public whose division has not checked all three sites since, the oldest first."""
    wanted = (
        select(Publication)
        .where(
            Publication.site == scope.site,
            Publication.published_on <= day,
            scope.within(Publication.division_id),
            unchecked(day),
        )
        .order_by(Publication.published_on, Publication.id)
    )
    return [
        Awaiting(found, calendar.count_working_days(found.published_on, day))
        for found in db.session.scalars(wanted)
        if found.published_on
    ]


def published(scope: Scope) -> Sequence[Publication]:
    """The publications of the scope's divisions that were made public, the newest first."""
    wanted = select(Publication).where(
        Publication.site == scope.site,
        Publication.published_on.is_not(None),
        scope.within(Publication.division_id),
    )
    return db.session.scalars(wanted.order_by(Publication.published_on.desc(), Publication.id.desc())).all()


def _rows(scope: Scope) -> Select[CatalogueCheck, Unit, str, str]:
    return (
        select(CatalogueCheck, Unit, Person.full_name, Publication.code)
        .join(Unit, Unit.id == CatalogueCheck.unit_id)
        .outerjoin(Person, Person.id == CatalogueCheck.person_id)
        .outerjoin(Publication, Publication.id == CatalogueCheck.publication_id)
        .where(CatalogueCheck.site == scope.site, scope.within(CatalogueCheck.unit_id))
    )


@lru_cache(maxsize=64)
def _procedures(site: str, day: date) -> Select[int, int]:
    return (
        select(ProcedureVersion.unit_id.label("unit_id"), func.count().label("procedures"))
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(ProcedureVersion.site == site, in_force_on(day), Procedure.internal.is_(False))
        .group_by(ProcedureVersion.unit_id)
    )


@lru_cache(maxsize=64)
def _checks(site: str, first: date, day: date) -> Select[*tuple[Any, ...]]:
    """Looks at each site, whether a record ticks one or all three: each may have a day of its own."""
    c = CatalogueCheck
    looked = {f"{each.key}_checks": func.sum(case((each, 1), else_=0)) for each in SITES}
    return (
        select(
            c.unit_id.label("unit_id"),
            *(count.label(name) for name, count in looked.items()),
        )
        .where(c.site == site, c.checked_on.between(first, day))
        .group_by(c.unit_id)
    )


@lru_cache(maxsize=64)
def _open_defects(site: str, day: date) -> Select[int, int]:
    c = CatalogueCheck
    return (
        select(c.unit_id.label("unit_id"), func.count().label("defects_open"))
        .where(c.site == site, c.checked_on <= day, c.defects != "", or_(c.fixed_on.is_(None), c.fixed_on > day))
        .group_by(c.unit_id)
    )


def defects(
    connection: Connection, site: str, since: date, day: date
) -> Sequence[Row[int, int, date, str, date | None]]:
    """The checks that found defects up to `day`, but for those put right before `since`."""
    c = CatalogueCheck
    wanted = (
        select(c.id, c.unit_id, c.checked_on, c.defects, c.fixed_on)
        .where(c.site == site, c.checked_on <= day, c.defects != "", or_(c.fixed_on.is_(None), c.fixed_on >= since))
        .order_by(c.checked_on, c.id)
    )
    return connection.execute(wanted).all()


def _first_looks(day: date) -> tuple[ColumnElement[date | None], ...]:
    """SQL: for each of the three sites, the day up to `day` on which the division first looked at it since its
    publication."""
    return tuple(_first_look(site.key, day) for site in SITES)


def _first_look(site: str, day: date) -> ColumnElement[date | None]:
    c = CatalogueCheck.__table__.alias(f"since_{site}")
    return (
        select(func.min(c.c.checked_on))
        .where(
            c.c.site == Publication.site,
            c.c.unit_id == Publication.division_id,
            c.c.checked_on >= Publication.published_on,
            c.c.checked_on <= day,
            c.c[site],
        )
        .correlate(Publication)
        .scalar_subquery()
    )


def unchecked(day: date) -> ColumnElement[bool]:
    """SQL: one of the three sites has not been looked at since the publication."""
    return or_(*(look.is_(None) for look in _first_looks(day)))


def checked_on(looks: Iterable[date | None]) -> date | None:
    """The day on which the catalogue had been checked: that of the last of the three sites; None while one is left."""
    days = list(looks)
    return None if None in days else max(day for day in days if day is not None)


@dataclass(frozen=True, slots=True)
class Listed:
    """A publication made public, and when its division had checked the catalogue since; None: not yet."""

    code: str
    decision: str
    division_id: int
    published_on: date
    checked_on: date | None


def listed(
    connection: Connection, site: str, first: date, since: date, day: date, calendar: WorkingCalendar
) -> Iterator[Listed]:
    """Made public between `since` and `day`, or before and not checked when the period began on `first`."""
    at = calendar.end_of_day(day)
    wanted = _listed(site, first, since, day, at if passed_since(connection, site, at, DIVISION) else None)
    heirs = lineage(site)
    for code, decision, division_id, published_on, *found in connection.execute(wanted):
        yield Listed(code, decision, heirs.heir(division_id, first), published_on, checked_on(found))


@lru_cache(maxsize=64)
def _listed(site: str, first: date, since: date, day: date, passed_at: datetime | None) -> Select[*tuple[Any, ...]]:
    """`passed_at`: the instant at which it is asked whose each was, where some have passed since."""
    looks, mine = _first_looks(day), Publication.division_id
    division = mine if passed_at is None else unit_then(Publication, DIVISION, passed_at, unit=mine)
    return (
        select(Publication.code, Publication.decision, division, Publication.published_on)
        .add_columns(*looks)
        .where(
            Publication.site == site,
            Publication.published_on <= day,
            or_(Publication.published_on >= since, *(or_(look.is_(None), look >= first) for look in looks)),
        )
        .order_by(Publication.published_on, Publication.code)
    )


def _after_publication(
    connection: Connection, site: str, first: date, day: date, calendar: WorkingCalendar
) -> dict[int, dict[str, int]]:
    """Made public between the days, or before them and not checked when they began; by the division's id."""
    counted: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in listed(connection, site, first, first, day, calendar):
        n = counted[one.division_id]
        n["to_check"] += 1
        n["unchecked"] += one.checked_on is None
        if one.published_on >= first:
            n["publications_published"] += 1
            n["checked_after"] += one.checked_on is not None
        waited = calendar.count_working_days(one.published_on, one.checked_on or day)
        n["slowest_check_days"] = max(n["slowest_check_days"], waited)
    return counted
