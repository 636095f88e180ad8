"""The way from an empty site to its first judged month: how far it is, told from what is recorded and never ticked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Select, func, or_, select

from app.cases.importing.models import Import, ImportState
from app.cases.models import Case
from app.compliance.adoption import repository
from app.compliance.models import CheckRun
from app.core.periods import Period, PeriodKind
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar, today
from app.organisation.models import Person, Role, Unit, UnitKind
from app.organisation.profile import profile
from app.organisation.queries import NEEDED_ROLES
from app.procedures.models import Procedure, ProcedureStage, ProcedureVersion
from app.web.extensions import db


class SetupStep(StrEnum):
    """What a site needs, in the order in which one thing stands on the other."""

    PROFILE = "profile"
    STAFF = "staff"
    CATALOGUE = "catalogue"
    CALENDAR = "calendar"
    PACKS = "packs"
    CASES = "cases"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class StaffCount:
    """Units in being, without the Department itself, and active people; what is missing."""

    units: int
    people: int
    department: bool
    desk: bool
    roles: tuple[Role, ...]

    @property
    def whole(self) -> bool:
        """Whether the Department, its one-stop desk and somebody of each role are there."""
        return self.department and self.desk and not self.roles


@dataclass(frozen=True, slots=True)
class CatalogueCount:
    """Procedures in force today, and of these how many tell their stages, and a fee."""

    procedures: int
    with_stages: int
    with_fee: int


@dataclass(frozen=True, slots=True)
class Setup:
    """How far a site has come. `month` is the last full one; `packs` judge it; `run` is the newest whole check of a
    month that was over, None before the first."""

    month: Period
    year: int
    profile: bool
    staff: StaffCount
    catalogue: CatalogueCount
    calendar: bool
    packs: int
    cases: int
    imports: int
    run: tuple[int, str] | None

    @property
    def done(self) -> dict[SetupStep, bool]:
        """Each step, and whether the records show it done."""
        return {
            SetupStep.PROFILE: self.profile,
            SetupStep.STAFF: self.staff.whole,
            SetupStep.CATALOGUE: self.catalogue.procedures > 0,
            SetupStep.CALENDAR: self.calendar,
            SetupStep.PACKS: self.packs > 0,
            SetupStep.CASES: self.cases > 0,
            SetupStep.CHECK: self.run is not None,
        }

    @property
    def next(self) -> SetupStep | None:
        """The first step that is not done; None when all are."""
        return next((step for step, done in self.done.items() if not done), None)


def setup(scope: Scope) -> Setup:
    """How far this site has come, today."""
    day = today()
    month = Period.of(PeriodKind.MONTH, day).previous()
    return Setup(
        month=month,
        year=day.year,
        profile=profile().entered,
        staff=_staff(scope, day),
        catalogue=_catalogue(scope, day),
        calendar=not site_calendar().missing_year(day.year),
        packs=sum(repository.decision_on(month.last, rows) is not None for rows in repository.decisions().values()),
        cases=_count(select(func.count()).select_from(Case).where(Case.site == scope.site)),
        imports=_count(
            select(func.count(Import.id)).where(Import.site == scope.site, Import.state == ImportState.DONE)
        ),
        run=_run(scope, day),
    )


def is_unfinished(scope: Scope) -> bool:
    """Whether no month has been judged yet."""
    return _run(scope, today()) is None


def _count(asked: Select[int]) -> int:
    return db.session.scalar(asked) or 0


def _staff(scope: Scope, day: date) -> StaffCount:
    being = or_(Unit.valid_to.is_(None), Unit.valid_to >= day)
    units = db.session.execute(select(Unit.kind, Unit.is_desk).where(Unit.site == scope.site, being)).all()
    active = select(Person.role, func.count()).where(Person.site == scope.site, Person.active).group_by(Person.role)
    people = {role: number for role, number in db.session.execute(active)}  # noqa: C416  rows, typed
    return StaffCount(
        units=sum(kind is not UnitKind.DEPARTMENT for kind, _desk in units),
        people=sum(people.values()),
        department=any(kind is UnitKind.DEPARTMENT for kind, _desk in units),
        desk=any(desk for _kind, desk in units),
        roles=tuple(role for role in NEEDED_ROLES if role not in people),
    )


def _catalogue(scope: Scope, day: date) -> CatalogueCount:
    in_force = (
        Procedure.site == scope.site,
        ProcedureVersion.in_force_from <= day,
        or_(ProcedureVersion.in_force_to.is_(None), ProcedureVersion.in_force_to >= day),
    )
    staged = select(ProcedureStage.id).where(ProcedureStage.version_id == ProcedureVersion.id).exists()
    counted = (
        select(
            func.count(ProcedureVersion.id),
            func.count(ProcedureVersion.id).filter(staged),
            func.count(ProcedureVersion.id).filter(ProcedureVersion.fee > 0),
        )
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(*in_force)
    )
    return CatalogueCount(*db.session.execute(counted).one())


def _run(scope: Scope, day: date) -> tuple[int, str] | None:
    whole = (CheckRun.site == scope.site, CheckRun.limited.is_(False), func.length(CheckRun.period) == len("2024-06"))
    over = CheckRun.period < f"{day:%Y-%m}"
    newest = select(CheckRun.id, CheckRun.period).where(*whole, over, CheckRun.period.not_like("%H%"))
    found = db.session.execute(newest.where(CheckRun.period.not_like("%Q%")).order_by(CheckRun.id.desc()).limit(1))
    return next(((run_id, key) for run_id, key in found), None)
