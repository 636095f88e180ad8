"""Every read of the pages of duties. Each takes what the reader may see first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select

from app.core.periods import Period, PeriodKind
from app.obligations.models import BodyKind, Directive, Filing, FilingKind, OnlineTarget, Petition, Survey
from app.organisation import queries as organisation
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.web.extensions import db

PAGE = 300
"""Rows that a page shows at most; the CSV of the list has them all."""
R = TypeVar("R", Filing, Directive, Petition, Survey, OnlineTarget)

PERIOD_OF = {
    FilingKind.MONTHLY_REPORT: PeriodKind.MONTH,
    FilingKind.CATALOGUE_LIST: PeriodKind.MONTH,
    FilingKind.QUARTERLY_REPORT: PeriodKind.QUARTER,
    FilingKind.HALF_YEAR_REPORT: PeriodKind.HALF,
    FilingKind.ANNUAL_REPORT: PeriodKind.YEAR,
    FilingKind.DEPARTMENT_REPORT: PeriodKind.QUARTER,
    FilingKind.OFFICE_REPORT: PeriodKind.QUARTER,
    FilingKind.RISK_REPORT: PeriodKind.MONTH,
    FilingKind.REFORM_PLAN: PeriodKind.YEAR,
    FilingKind.TRAINING_PLAN: PeriodKind.YEAR,
    FilingKind.AUTONOMY: PeriodKind.YEAR,
}
"""The period that each is handed in for; the other kinds have a day only, or name a period if they like."""


@dataclass(frozen=True, slots=True)
class FilingLine:
    """A unit's row of the year: what it filed in each column's period, oldest first."""

    unit: Unit
    cells: tuple[tuple[Filing, ...], ...]


def periods_of(kind: FilingKind, year: int) -> list[Period]:
    """The columns of a year: the periods that the kind is handed in for; months for what has only a day."""
    length = PERIOD_OF.get(kind, PeriodKind.MONTH)
    return [Period.nth(length, year, number + 1) for number in range(12 // length.months)]


def filing_matrix(scope: Scope, kind: FilingKind, year: int, today: date) -> list[FilingLine]:
    """Every unit in being that year, and what it handed in for each period; withdrawn filings left out."""
    columns = periods_of(kind, year)
    found: dict[tuple[int, str], list[Filing]] = defaultdict(list)
    for filing in reversed(filings(scope, kind, year)):
        if not filing.withdrawn:
            found[filing.unit_id, _column(filing, kind)].append(filing)
    first, last = columns[0].first, columns[-1].last
    units = [unit for unit in organisation.units(scope) if _in_being(unit, first, min(last, max(today, first)))]
    return [FilingLine(unit, tuple(tuple(found[unit.id, column.key]) for column in columns)) for unit in units]


def _column(filing: Filing, kind: FilingKind) -> str:
    return filing.period if kind in PERIOD_OF else Period.of(PeriodKind.MONTH, filing.filed_on).key


def _in_being(unit: Unit, first: date, last: date) -> bool:
    return (unit.valid_from is None or unit.valid_from <= last) and (unit.valid_to is None or unit.valid_to >= first)


def filings(scope: Scope, kind: FilingKind | None, *years: int, unit_id: int | None = None) -> Sequence[Filing]:
    """Filings for the periods of those years, or of their days, latest first; withdrawn ones too. `unit_id`: this
    unit's only."""
    of_year = or_(
        *(Filing.period.startswith(f"{year}") for year in years),
        *(_unnamed_of(year) for year in years),
    )
    chosen = _seen(scope, Filing).where(of_year)
    if kind is not None:
        chosen = chosen.where(Filing.kind == kind)
    if unit_id is not None:
        chosen = chosen.where(Filing.unit_id == unit_id)
    return db.session.scalars(chosen.order_by(Filing.filed_on.desc(), Filing.id.desc())).all()


class StandingFiling(NamedTuple):
    """A filing that stands, as far as a list says it."""

    id: int
    unit_id: int
    kind: FilingKind
    period: str
    filed_on: date
    title: str
    document: str


def handed_in(scope: Scope, periods: Collection[Period]) -> list[StandingFiling]:
    """What stands of the filings for those periods by name, and without one from the first of their days to the last,
    the oldest first."""
    begun, ended = min(period.first for period in periods), max(period.last for period in periods)
    wanted = {"periods": [period.key for period in periods], "begun": begun, "ended": ended}
    return [StandingFiling._make(row) for row in db.session.execute(_handed_in(scope), wanted)]


@lru_cache(maxsize=64)
def _handed_in(scope: Scope) -> Select[*tuple[Any, ...]]:
    unnamed = (Filing.period == "") & Filing.filed_on.between(bindparam("begun"), bindparam("ended"))
    wanted = or_(Filing.period.in_(bindparam("periods", expanding=True)), unnamed)
    columns = (Filing.id, Filing.unit_id, Filing.kind, Filing.period, Filing.filed_on, Filing.title, Filing.document)
    chosen = _seen(scope, Filing).with_only_columns(*columns).where(wanted, Filing.withdrawn.is_(False))
    return chosen.order_by(Filing.filed_on, Filing.id)


def _unnamed_of(year: int) -> ColumnElement[bool]:
    return (Filing.period == "") & Filing.filed_on.between(date(year, 1, 1), date(year, 12, 31))


def same_filings(site: str, unit_id: int, kind: FilingKind, period: str, filed_on: date) -> Sequence[Filing]:
    """Filings of a unit that may be the same thing: for the same period, or where it has none, of the same day."""
    chosen = select(Filing).where(
        Filing.site == site,
        Filing.unit_id == unit_id,
        Filing.kind == kind,
        Filing.period == period,
        Filing.withdrawn.is_(False),
    )
    if kind not in PERIOD_OF:
        chosen = chosen.where(Filing.filed_on == filed_on)
    return db.session.scalars(chosen.order_by(Filing.id)).all()


def directives(scope: Scope, *, open_only: bool = False) -> Sequence[Directive]:
    """Directives, those not done first, by due day."""
    chosen = _seen(scope, Directive)
    if open_only:
        chosen = chosen.where(Directive.done_on.is_(None))
    order = (Directive.done_on.is_not(None), Directive.due_on.is_(None), Directive.due_on, Directive.id)
    return db.session.scalars(chosen.order_by(*order)).all()


def petitions(scope: Scope, *, open_only: bool = False) -> Sequence[Petition]:
    """Petitions, those not answered first, by due day."""
    chosen = _seen(scope, Petition)
    if open_only:
        chosen = chosen.where(Petition.answered_on.is_(None))
    return db.session.scalars(chosen.order_by(Petition.answered_on.is_not(None), Petition.due_on, Petition.id)).all()


def petition_codes(site: str, prefix: str) -> Sequence[str]:
    """Codes of petitions that begin so."""
    chosen = select(Petition.code).where(Petition.site == site, Petition.code.startswith(prefix, autoescape=True))
    return db.session.scalars(chosen).all()


def petition_with_code(site: str, code: str) -> Petition | None:
    """The petition of that code, whoever may see it."""
    return db.session.scalar(select(Petition).where(Petition.site == site, Petition.code == code))


def same_directives(site: str, number: str, issuer: str, unit_ids: Collection[int]) -> Sequence[Directive]:
    """The same document at any of these units."""
    chosen = select(Directive).where(
        Directive.site == site,
        Directive.number == number,
        Directive.issuer == issuer,
        Directive.unit_id.in_(unit_ids),
    )
    return db.session.scalars(chosen.order_by(Directive.id)).all()


def surveys(scope: Scope, year: int | None = None) -> Sequence[Survey]:
    """Results of surveys, latest first."""
    chosen = _seen(scope, Survey)
    if year is not None:
        chosen = chosen.where(Survey.held_on.between(date(year, 1, 1), date(year, 12, 31)))
    return db.session.scalars(chosen.order_by(Survey.held_on.desc(), Survey.round, Survey.id)).all()


def survey_of(site: str, unit_id: int, round: str, body: BodyKind) -> Survey | None:
    """A unit's result of one round."""
    return db.session.scalar(
        select(Survey).where(Survey.site == site, Survey.unit_id == unit_id, Survey.round == round, Survey.body == body)
    )


def online_targets(scope: Scope, year: int) -> list[tuple[Unit, OnlineTarget | None]]:
    """Every unit in being that year, with its target if it has one."""
    chosen = _seen(scope, OnlineTarget).where(OnlineTarget.year == year)
    targets = {target.unit_id: target for target in db.session.scalars(chosen)}
    year_long = (date(year, 1, 1), date(year, 12, 31))
    units = [unit for unit in organisation.units(scope) if _in_being(unit, *year_long)]
    return [(unit, targets.get(unit.id)) for unit in units]


def online_target(site: str, unit_id: int, year: int) -> OnlineTarget | None:
    """A unit's target of a year."""
    chosen = select(OnlineTarget).where(
        OnlineTarget.site == site, OnlineTarget.unit_id == unit_id, OnlineTarget.year == year
    )
    return db.session.scalar(chosen)


def one(scope: Scope, model: type[R], record_id: int) -> R | None:
    """A record of the scope, as the database has it now, locked until the transaction ends."""
    chosen = _seen(scope, model).where(model.id == record_id).with_for_update(of=model)
    found: R | None = db.session.scalar(chosen.execution_options(populate_existing=True))
    return found


def years_recorded(scope: Scope, this_year: int) -> list[int]:
    """Years to choose from: from the first with a filing or a survey until this one, latest first."""
    days = (Filing.filed_on, Survey.held_on)
    firsts = [db.session.scalar(select(func.min(day)).where(day.class_.site == scope.site)) for day in days]
    first = min((day.year for day in firsts if day), default=this_year)
    return list(range(this_year, min(first, this_year) - 1, -1))


def _seen(scope: Scope, model: type[R]) -> Select[Any]:
    return select(model).where(model.site == scope.site, scope.within(model.unit_id))
