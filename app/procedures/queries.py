"""Every read of the catalogue. It is published, so everybody signed in reads all of it; what depends on the
reader's scope is how many cases they see behind a version, and which procedures they are offered at intake.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    column,
    func,
    inspect,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.orm import contains_eager, selectinload

from app.core.calendar import TimeUnit
from app.core.errors import NotFound
from app.core.text import fold, sought
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.procedures.contents import PARTS, VersionDifference, contents_of, differences, national_code, stages_disagree
from app.procedures.models import (
    FeeExemption,
    Level,
    Procedure,
    ProcedureCharge,
    ProcedureDocument,
    ProcedureStage,
    ProcedureVersion,
)
from app.web.extensions import db
from app.web.once import once

PAGE = 50
WHOLE = tuple(selectinload(getattr(ProcedureVersion, part)) for part in PARTS)
"""Loads all that a version says: stages, documents, charges, exemptions."""

# Cases know the catalogue, the catalogue does not know cases: it only counts how many stand on a version.
_cases = table("cases", *(column(name) for name in ("site", "version_id", "unit_id", "annulled_at")))
_stands = _cases.c.annulled_at.is_(None)


class OnlinePayment(StrEnum):
    """Where a fee-bearing procedure stands with online payment."""

    DEPLOYED = "deployed"
    PENDING = "pending"  # eligible, not deployed: what 100 % of the plan lacks
    NOT_ELIGIBLE = "not_eligible"


class ProcedureSort(StrEnum):
    """What the list can be sorted by."""

    CODE = "code"
    NAME = "name"
    FIELD = "field"
    UNIT = "unit"
    TIME = "time"
    FEE = "fee"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureFilters:
    """What the reader asked for. `on` is the day on which a version is in force.

    With `every`, procedures not in force that day are listed too, by their latest version.
    """

    on: date
    text: str = ""
    field: str = ""
    unit: str = ""  # code
    level: Level | None = None
    fee: bool | None = None
    online: OnlinePayment | None = None
    every: bool = False


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One procedure as the list shows it, by the version in force (or the latest)."""

    procedure_id: int
    code: str
    number: int
    name: str
    field: str
    level: Level
    unit_code: str
    unit_name: str
    time_amount: Decimal
    time_unit: TimeUnit
    fee: int
    online_payment_eligible: bool
    online_payment_from: date | None
    in_force_from: date
    in_force_to: date | None
    internal: bool
    stages: int
    stage_total: Decimal | None
    version_id: int

    @property
    def disagrees(self) -> bool:
        """Whether its stages together have another time than the procedure."""
        return stages_disagree(self.time_amount, self.time_unit, self.stage_total)

    def in_force(self, day: date) -> bool:
        """Whether this version holds on that day."""
        return self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """One page of the list; `total` counts every procedure that fits the filters."""

    rows: Sequence[CatalogueRow]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class VersionView:
    """A version, what it changed against the one before it, and the cases received under it.

    `cases` counts those within the reader's scope; `used` says whether there is any at all.
    """

    version: ProcedureVersion
    changes: Sequence[VersionDifference]
    cases: int
    used: bool


@dataclass(frozen=True, slots=True)
class ProcedureView:
    """A procedure with all its versions, the newest first."""

    procedure: Procedure
    versions: Sequence[VersionView]

    @property
    def latest(self) -> VersionView:
        """The version with the highest number."""
        return self.versions[0]

    def numbered(self, number: int) -> VersionView:
        """The version of that number. NotFound if there is none."""
        for view in self.versions:
            if view.version.number == number:
                return view
        raise NotFound("Thủ tục %(code)s không có phiên bản %(number)s.", code=self.procedure.code, number=number)

    def on(self, day: date) -> VersionView:
        """The version in force that day; without one, the latest."""
        in_force = (view for view in self.versions if _holds(view.version, day))
        return next(in_force, self.latest)


def catalogue(
    scope: Scope, filters: ProcedureFilters, sort: ProcedureSort = ProcedureSort.CODE, descending: bool = False
) -> list[CatalogueRow]:
    """Every procedure that fits, sorted as Vietnamese readers sort: without regard to diacritics."""
    rows = [CatalogueRow(*row) for row in db.session.execute(_catalogue(scope, filters))]
    return sorted(rows, key=lambda row: _sort_key(row, sort), reverse=descending)


def catalogue_page(
    scope: Scope,
    filters: ProcedureFilters,
    sort: ProcedureSort = ProcedureSort.CODE,
    descending: bool = False,
    page: int = 1,
) -> CataloguePage:
    """One page of the list. A page beyond the last is the last."""
    rows = catalogue(scope, filters, sort, descending)
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(page, 1), pages)
    return CataloguePage(rows[(page - 1) * PAGE : page * PAGE], len(rows), page, pages)


def fields_in_use(scope: Scope) -> list[tuple[str, int]]:
    """The fields (lĩnh vực) of the catalogue and how many procedures each has."""
    counted = select(
        ProcedureVersion.field, func.count(ProcedureVersion.procedure_id.distinct()).label("procedures")
    ).where(ProcedureVersion.site == scope.site)
    found = db.session.execute(counted.group_by(ProcedureVersion.field))
    return sorted(((row.field, row.procedures) for row in found), key=lambda pair: fold(pair[0]))


def accountable_units(scope: Scope) -> list[Unit]:
    """The units that are accountable for a procedure of the catalogue."""
    accountable = select(ProcedureVersion.unit_id).where(ProcedureVersion.site == scope.site)
    return list(db.session.scalars(select(Unit).where(Unit.id.in_(accountable)).order_by(Unit.path)))


def procedure_view(scope: Scope, procedure_id: int) -> ProcedureView:
    """A procedure with its history. NotFound if there is none of that id."""
    procedure = _with_versions(scope.site, Procedure.id == procedure_id)
    if procedure is None:
        raise NotFound("Không tìm thấy thủ tục này.")
    seen = _case_counts(scope.site, procedure_id, scope.within(_cases.c.unit_id))
    all_cases = seen if scope.is_whole else _case_counts(scope.site, procedure_id, true())
    views: list[VersionView] = []
    former: ProcedureVersion | None = None
    for version in procedure.versions:
        changes = differences(contents_of(former), contents_of(version)) if former else ()
        views.append(VersionView(version, changes, seen.get(version.id, 0), bool(all_cases.get(version.id))))
        former = version
    return ProcedureView(procedure, views[::-1])


def version_on(scope: Scope, procedure: str | int, day: date) -> ProcedureVersion:
    """The version of a procedure (by code or id) in force on a day, with its stages. NotFound if none is."""
    wanted = Procedure.id == procedure if isinstance(procedure, int) else Procedure.code == national_code(procedure)
    version = db.session.scalar(_versions(scope.site).where(wanted, in_force_on(day)))
    if version is None:
        raise NotFound(
            "Không có thủ tục %(code)s nào có hiệu lực vào ngày %(day)s.", field="procedure", code=procedure, day=day
        )
    return version


def version_at_desk(scope: Scope, version_id: int) -> ProcedureVersion | None:
    """A version with all it says, for taking a case in; None when it is no procedure of the reader's own units."""

    def read() -> ProcedureVersion | None:
        found = db.session.scalar(_WHOLE_VERSION, {"of": scope.site, "version_id": version_id})
        return found if found is not None and scope.covers(found.unit_id) else None

    found = once(f"at the desk {version_id} {scope}", read)
    return read() if found is not None and inspect(found).expired else found  # expired: a transaction was taken back


@dataclass(slots=True)
class Parts:
    """What a version asks for and charges, as its rows."""

    documents: list[ProcedureDocument]
    charges: list[ProcedureCharge]
    exemptions: list[FeeExemption]


def parts_of(version_ids: Collection[int]) -> dict[int, Parts]:
    """Documents, charges and exemptions of those versions, by version."""
    found = {version_id: Parts([], [], []) for version_id in version_ids}
    for part, model in (
        ("documents", ProcedureDocument),
        ("charges", ProcedureCharge),
        ("exemptions", FeeExemption),
    ):
        rows: Any = select(model).where(model.version_id.in_(found)).order_by(model.version_id, model.position)
        for row in db.session.scalars(rows):
            getattr(found[row.version_id], part).append(row)
    return found


def suggest(scope: Scope, text: str, day: date, limit: int = 10) -> list[ProcedureVersion]:
    """Versions in force on a day that fit a few letters of code or name, for taking a case in.

    Only procedures of the reader's own units. Those whose code begins with the text come first, then those
    with a word that does.
    """
    text = sought(text)
    key, code = fold(text), national_code(text)
    rank = case(
        (Procedure.code.startswith(code, autoescape=True), 0),
        (ProcedureVersion.search_key.contains(f" {key}", autoescape=True), 1),
        else_=2,
    )
    found = (
        _versions(scope.site)
        .where(in_force_on(day), _matches(text), scope.within(ProcedureVersion.unit_id))
        .order_by(rank, Procedure.code)
        .limit(limit)
    )
    return list(db.session.scalars(found))


def names_in_force(scope: Scope, day: date) -> list[tuple[str, str]]:
    """Code and name of the procedures in force on a day, by code, for choosing from. Only of the reader's own units."""
    found = (
        select(Procedure.code, ProcedureVersion.name)
        .join(ProcedureVersion.procedure)
        .where(ProcedureVersion.site == scope.site, in_force_on(day), scope.within(ProcedureVersion.unit_id))
        .order_by(Procedure.code)
    )
    return [(code, name) for code, name in db.session.execute(found)]


def in_force_on(day: date) -> ColumnElement[bool]:
    """SQL: the version is in force on that day."""
    return and_(
        ProcedureVersion.in_force_from <= day,
        or_(ProcedureVersion.in_force_to.is_(None), ProcedureVersion.in_force_to >= day),
    )


def procedure_id(site: str, code: str) -> int | None:
    """The id of the procedure with that code."""
    return db.session.scalar(select(Procedure.id).where(Procedure.site == site, Procedure.code == code))


def known_units(site: str, ids: Collection[int]) -> set[int]:
    """Those of these ids that are units of the site."""
    return set(db.session.scalars(select(Unit.id).where(Unit.site == site, Unit.id.in_(ids))))


def cases_of_version(site: str, version_id: int) -> int:
    """How many cases were received under a version, whoever asks."""
    counted = select(func.count()).select_from(_cases)
    return db.session.scalar(counted.where(_cases.c.site == site, _cases.c.version_id == version_id)) or 0


def procedure_for_change(site: str, procedure_id: int) -> Procedure | None:
    """The procedure with versions and stages as they are now, locked where the database can."""
    return _with_versions(site, Procedure.id == procedure_id, locked=True)


def version_for_change(site: str, version_id: int) -> ProcedureVersion | None:
    """The version with all it says as it is now, locked where the database can."""
    wanted = _versions(site).where(ProcedureVersion.id == version_id).options(*WHOLE)
    return db.session.scalar(wanted.with_for_update(of=ProcedureVersion).execution_options(populate_existing=True))


def _versions(site: str | BindParameter[str]) -> Select[ProcedureVersion]:
    return (
        select(ProcedureVersion)
        .join(ProcedureVersion.procedure)
        .options(contains_eager(ProcedureVersion.procedure), selectinload(ProcedureVersion.stages))
        .where(ProcedureVersion.site == site)
    )


_WHOLE_VERSION = (  # every look at the form of intake asks it: put together once
    _versions(bindparam("of")).where(ProcedureVersion.id == bindparam("version_id")).options(*WHOLE)
)


def _with_versions(site: str, wanted: ColumnElement[bool], locked: bool = False) -> Procedure | None:
    query = (
        select(Procedure)
        .where(Procedure.site == site, wanted)
        .options(selectinload(Procedure.versions).options(*WHOLE))
        .execution_options(populate_existing=True)
    )
    return db.session.scalar(query.with_for_update(of=Procedure) if locked else query)


def _case_counts(site: str, procedure_id: int, within: ColumnElement[bool]) -> dict[int, int]:
    """Cases of each version of a procedure."""
    versions = select(ProcedureVersion.id).where(ProcedureVersion.procedure_id == procedure_id)
    counted = (
        select(_cases.c.version_id, func.count().label("received"))
        .where(_cases.c.site == site, _cases.c.version_id.in_(versions), _stands, within)
        .group_by(_cases.c.version_id)
    )
    return {row.version_id: row.received for row in db.session.execute(counted)}


def _catalogue(scope: Scope, filters: ProcedureFilters) -> Select[*tuple[Any, ...]]:
    stages = (
        select(
            ProcedureStage.version_id,
            func.count().label("stages"),
            func.sum(ProcedureStage.allowance).label("total"),
        )
        .where(ProcedureStage.site == scope.site)
        .group_by(ProcedureStage.version_id)
        .subquery()
    )
    v = ProcedureVersion
    return (
        select(
            *(v.procedure_id, Procedure.code, v.number, v.name, v.field, v.level, Unit.code, Unit.name),
            *(v.time_amount, v.time_unit, v.fee, v.online_payment_eligible, v.online_payment_from),
            *(v.in_force_from, v.in_force_to, Procedure.internal, func.coalesce(stages.c.stages, 0), stages.c.total),
            v.id,
        )
        .select_from(v)
        .join(Procedure, Procedure.id == v.procedure_id)
        .join(Unit, Unit.id == v.unit_id)
        .outerjoin(stages, stages.c.version_id == v.id)
        .where(v.site == scope.site, *_conditions(filters))
    )


def _conditions(filters: ProcedureFilters) -> list[ColumnElement[bool]]:
    v = ProcedureVersion
    conditions = [_shown_version(filters.on) if filters.every else in_force_on(filters.on)]
    if filters.text.strip():
        conditions.append(_matches(filters.text))
    if filters.field:
        conditions.append(v.field == filters.field)
    if filters.unit:
        conditions.append(Unit.code == filters.unit)
    if filters.level is not None:
        conditions.append(v.level == filters.level)
    if filters.fee is not None:
        conditions.append(v.fee > 0 if filters.fee else v.fee == 0)
    if filters.online is not None:
        conditions.append(_online(filters.online, filters.on))
    return conditions


def _shown_version(day: date) -> ColumnElement[bool]:
    """The version in force that day, or the latest of a procedure that has none."""
    other = ProcedureVersion.__table__.alias("other")
    last = select(func.max(other.c.number)).where(other.c.procedure_id == ProcedureVersion.procedure_id)
    holding = last.where(other.c.in_force_from <= day, or_(other.c.in_force_to.is_(None), other.c.in_force_to >= day))
    return ProcedureVersion.number == func.coalesce(holding.scalar_subquery(), last.scalar_subquery())


def _online(wanted: OnlinePayment, day: date) -> ColumnElement[bool]:
    v = ProcedureVersion
    deployed = deployed_on(day)
    match wanted:
        case OnlinePayment.DEPLOYED:
            return and_(v.fee > 0, v.online_payment_eligible, deployed)
        case OnlinePayment.PENDING:
            return and_(v.fee > 0, v.online_payment_eligible, ~deployed)
        case OnlinePayment.NOT_ELIGIBLE:
            return and_(v.fee > 0, ~v.online_payment_eligible)


def deployed_on(day: date) -> ColumnElement[bool]:
    """SQL: the fee could be paid online on that day (never null)."""
    return and_(ProcedureVersion.online_payment_from.is_not(None), ProcedureVersion.online_payment_from <= day)


def _matches(text: str) -> ColumnElement[bool]:
    """Every word of the text is in the code or name, diacritics or not; or it is the code without its dots."""
    text = national_code(sought(text))
    words = [ProcedureVersion.search_key.contains(word, autoescape=True) for word in fold(text).split()]
    if not words:
        return true()
    undotted = func.replace(Procedure.code, ".", "").startswith(text.replace(".", ""), autoescape=True)
    return or_(and_(*words), undotted)


def _sort_key(row: CatalogueRow, sort: ProcedureSort) -> tuple[Any, ...]:
    match sort:
        case ProcedureSort.NAME:
            first: Any = fold(row.name)
        case ProcedureSort.FIELD:
            first = fold(row.field)
        case ProcedureSort.UNIT:
            first = fold(row.unit_name)
        case ProcedureSort.TIME:
            first = _LENGTHS[row.time_unit], row.time_amount
        case ProcedureSort.FEE:
            first = row.fee
        case ProcedureSort.CODE:
            first = ""
    return first, row.code


# Units of time in the order of a list sorted by time: within the day, then hours, then days.
_LENGTHS = {unit: position for position, unit in enumerate(reversed(TimeUnit))}


def _holds(version: ProcedureVersion, day: date) -> bool:
    return version.in_force_from <= day and (version.in_force_to is None or day <= version.in_force_to)
