"""Early warning of the running month, put together: rates, cases soon overdue, what falls due; by unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from flask import current_app
from sqlalchemy import select

from app.cases.lists import HeldAndDue, ListMoment, due_by_holder
from app.compliance import warnings
from app.compliance.adoption import repository
from app.compliance.models import CheckRun
from app.compliance.queries import UnitRef
from app.compliance.queries.runs import unit_ref
from app.compliance.warnings import Chance, FallsDue, RateWarning
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.organisation.queries import NamedUnit
from app.web import extensions
from app.web.extensions import db

DAYS = 5
"""Working days ahead in which cases are told that will be overdue: a week."""
MANY = 20
"""Units from which on the page of all of them tells what fails alone."""
MOST = 40
"""Rates, and dues, that the page shows of many units: a unit's own page has all."""


@dataclass(slots=True)
class UnitWarnings:
    """How much a unit is warned of."""

    unit: UnitRef
    failing: int = 0
    lost: int = 0
    cases: int = 0
    dues: int = 0


@dataclass(frozen=True, slots=True)
class EarlyWarnings:
    """What is told of a running month. Without `run` there are no provisional figures yet, and only cases are told."""

    period: Period
    run: CheckRun | None
    failing: tuple[RateWarning, ...]
    """Rates that fail at this pace, the gravest first."""
    holding: tuple[RateWarning, ...]
    """Rates that are reached so far."""
    cases: tuple[HeldAndDue, ...]
    dues: tuple[FallsDue, ...]
    units: tuple[UnitWarnings, ...] = field(default=())
    """The most warned first; of more than one unit."""

    @property
    def lost(self) -> int:
        """How many of those that fail cannot be reached with all that is known."""
        return sum(map(_is_lost, self.failing))

    @property
    def cases_due(self) -> int:
        """How many cases will be overdue within the week."""
        return sum(each.number for each in self.cases)


def early_warnings(scope: Scope, *, failing_only: bool = False) -> EarlyWarnings:
    """Everything that the scope is warned of; of many units, without the rates that are reached so far."""
    run, calendar = warnings.provisional_run(scope), site_calendar()
    moment = ListMoment(calendar, extensions.now(), current_app.config["SETTINGS"].paused_days)
    cases = tuple(due_by_holder(scope, moment, DAYS))
    if run is None:
        return EarlyWarnings(warnings.running_month(), None, (), (), cases, (), _by_unit((), cases, ()))
    library = repository.packs_of(run)
    rates = warnings.rates(scope, run, library, failing_only=failing_only)
    dues = tuple(warnings.falls_due(scope, run, library))
    failing = tuple(each for each in rates if each.fails)
    holding = tuple(each for each in rates if not each.fails)
    return EarlyWarnings(Period.parse(run.period), run, failing, holding, cases, dues, _by_unit(failing, cases, dues))


def narrowed(scope: Scope, unit: NamedUnit) -> Scope:
    """The scope, to a unit of it and those below."""
    below = select(Unit.id).where(Unit.site == scope.site, Unit.path.startswith(unit.path, autoescape=True))
    ids = frozenset(db.session.scalars(below))
    return replace(scope, unit_ids=ids if scope.unit_ids is None else ids & scope.unit_ids)


def _is_lost(warned: RateWarning) -> bool:
    return warned.outlook is not None and warned.outlook.chance is Chance.LOST


def _by_unit(
    failing: Sequence[RateWarning], cases: Iterable[HeldAndDue], dues: Iterable[FallsDue]
) -> tuple[UnitWarnings, ...]:
    found: dict[int, UnitWarnings] = {}

    def of(unit: UnitRef) -> UnitWarnings:
        return found.setdefault(unit.id, UnitWarnings(unit))

    for warned in failing:
        of(warned.cell.place).failing += 1
        of(warned.cell.place).lost += _is_lost(warned)
    for held in cases:
        of(unit_ref(held.unit)).cases += held.number
    for due in dues:
        for unit in due.units:
            of(unit).dues += 1
    return tuple(sorted(found.values(), key=lambda each: (-each.failing, -each.cases, -each.dues, each.unit.code)))
