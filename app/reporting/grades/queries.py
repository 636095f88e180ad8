"""The marks of units and officers in a period, counted by the database, and the cases behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, literal_column, or_, select

from app.cases import population
from app.cases.explanations.models import CaseFault, FaultSource
from app.cases.lists import Window
from app.cases.models import Case, CasePause, CaseStage
from app.cases.vocabulary import Knows
from app.core.errors import NotFound
from app.core.periods import Period, PeriodKind
from app.organisation import queries as organisation
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.procedures.models import ProcedureVersion
from app.reporting.grades.definition import (
    MOST,
    Gives,
    Grade,
    GradeTerms,
    IndicatorMark,
    grades,
    online_points,
    petition_points,
)
from app.reporting.index import measures
from app.reporting.index.definition import Tally, Told
from app.reporting.index.figures import window_of
from app.web.extensions import db

KINDS = (PeriodKind.QUARTER, PeriodKind.YEAR)
"""Grades are given by the quarter and the year."""
Marks = Mapping[Gives, IndicatorMark]


@dataclass(frozen=True, slots=True)
class GradeLine:
    """A unit, or an officer of it (`officer`), with the marks by indicator's number, None where nobody can tell."""

    unit: Unit
    officer: str
    marks: Mapping[int, Fraction | None]
    unknown: int
    grade: Grade
    band: str | None


@dataclass(frozen=True, slots=True)
class GradeFigures:
    """The grades of a period."""

    period: Period
    window: Window
    terms: GradeTerms
    units: Sequence[GradeLine]
    officers: Sequence[GradeLine]

    @property
    def is_over(self) -> bool:
        """Whether the period had passed when it was counted."""
        return self.window.as_of >= self.window.end


def graded(period: Period) -> Period:
    """The period, if such ones are graded. Raises NotFound for a month or a half year."""
    if period.kind not in KINDS:
        raise NotFound("Việc giải quyết thủ tục được đánh giá theo quý và năm.")
    return period


def grade_figures(scope: Scope, period: Period) -> GradeFigures:
    """Every unit with something to grade, and its officers."""
    terms, window = grades().on(period.last), window_of(graded(period))
    units = {unit.id: unit for unit in organisation.units(scope)}
    by_unit, by_officer = _marks_of_units(scope, window), _marks_of_officers(scope, window)
    for unit_id, marks in _of_units(scope, period, window, terms, units).items():
        if unit_id in by_unit:
            by_unit[unit_id] |= marks
    return GradeFigures(
        period,
        window,
        terms,
        [_line(unit, "", by_unit[n], terms) for n, unit in units.items() if n in by_unit],
        [
            _line(units[n], officer, marks, terms)
            for (n, officer), marks in sorted(by_officer.items(), key=lambda each: each[0][1])
            if n in units
        ],
    )


def _line(unit: Unit, officer: str, marks: Marks, terms: GradeTerms) -> GradeLine:
    shown = [each for each in grades().indicators if each.officer or not officer]
    given = {each.number: marks.get(each.told_by, IndicatorMark()).average if each.told_by else None for each in shown}
    grade = Grade.of(list(given.values()))
    band = grade.band(terms.officer_bands if officer else terms.unit_bands)
    return GradeLine(unit, officer, given, sum(mark.unknown for mark in marks.values()), grade, band)


# --- of cases and of stays in stages, by unit and officer


def _timed(of: Any, w: Window) -> tuple[Any, Any]:
    """SQL: the points for time, and whether they are known. Early by the day: two."""
    early = population.ended_before_due_day(of, site_calendar().zone, w.as_of)
    points = case((early, MOST), (population.ended_in_time(of), 1), else_=0)
    return points, population.known(of.late_after)


def _points(w: Window) -> dict[Gives, tuple[Any, Any]]:
    """SQL: for each indicator of cases its points, and whether they are known."""
    time, timed = _timed(Case, w)
    asked, twice = (
        exists().where(
            CasePause.case_id == Case.id, CasePause.number == literal_column(n), CasePause.started_at < w.as_of
        )
        for n in ("1", "2")
    )
    contacts = case((twice, 0), (asked, 1), else_=MOST)
    complained = exists().where(
        CaseFault.case_id == Case.id,
        CaseFault.source.in_((FaultSource.COMPLAINT, FaultSource.APPLICANT)),
        CaseFault.withdrawn_at.is_(None),
    )
    conduct = case((complained, 0), else_=time)
    told = population.told(Case, Knows.STAGES)
    return {
        Gives.TIME: (time, timed),
        Gives.CONTACTS: (contacts, told),
        Gives.CONDUCT: (conduct, or_(complained, timed)),
    }


def _ended(scope: Scope, w: Window) -> Any:
    return and_(Case.site == scope.site, population.ended_in(Case, w.start, w.as_of), scope.within(Case.unit_id))


def _marks_of_units(scope: Scope, w: Window) -> dict[int, dict[Gives, IndicatorMark]]:
    """Cases count for the unit that answers for them, stays for the unit that had them."""
    points, stays = _points(w), {Gives.STAGES: _timed(CaseStage, w)}
    of_cases = select(Case.unit_id.label("unit"), *_flags(points)).where(_ended(scope, w))
    of_stays = select(CaseStage.unit_id.label("unit"), *_flags(stays)).join(Case, Case.id == CaseStage.case_id)
    found: dict[int, dict[Gives, IndicatorMark]] = {}
    for each, gives in ((of_cases, points), (of_stays.where(_stayed(scope, w)), stays)):
        for row in _summed(each, ("unit",)):
            found.setdefault(row["unit"], {}).update(_read(row, gives))
    return found


def _marks_of_officers(scope: Scope, w: Window) -> dict[tuple[int, str], dict[Gives, IndicatorMark]]:
    """A case counts for everybody who had it in a stage, whoever hands it out in the end."""
    points, stays = _points(w), {Gives.STAGES: _timed(CaseStage, w)}
    had = _who_had(scope, w).subquery()
    of_cases = select(had.c.unit_id.label("unit"), had.c.officer.label("officer"), *_flags(points))
    of_cases = of_cases.join(had, had.c.case_id == Case.id)
    of_stays = select(CaseStage.unit_id.label("unit"), CaseStage.officer.label("officer"), *_flags(stays))
    of_stays = of_stays.join(Case, Case.id == CaseStage.case_id).where(_stayed(scope, w), CaseStage.officer != "")
    found: dict[tuple[int, str], dict[Gives, IndicatorMark]] = {}
    for each, gives in ((of_cases, points), (of_stays, stays)):
        for row in _summed(each, ("unit", "officer")):
            found.setdefault((row["unit"], row["officer"]), {}).update(_read(row, gives))
    return found


def _who_had(scope: Scope, w: Window) -> Select[Any]:
    who: tuple[Any, ...] = (CaseStage.case_id, CaseStage.unit_id, CaseStage.officer)
    chosen = select(*who).where(CaseStage.site == scope.site, CaseStage.officer != "", scope.within(CaseStage.unit_id))
    ended = population.ended_in(Case, w.start, w.as_of)
    return chosen.join(Case, Case.id == CaseStage.case_id).where(ended).distinct()


def _stayed(scope: Scope, w: Window) -> Any:
    """SQL: the stay ended in the period."""
    ended = population.between(CaseStage.ended_at, w.start, w.as_of)
    return and_(CaseStage.site == scope.site, ended, population.stands(Case), scope.within(CaseStage.unit_id))


def _summed(each: Any, by: tuple[str, ...]) -> Iterable[Any]:
    one = each.subquery()
    sums = [func.sum(column).label(column.name) for column in one.c if column.name not in by]
    groups = [one.c[name] for name in by]
    return db.session.execute(select(*groups, *sums).group_by(*groups)).mappings()


def _read(row: Any, gives: Iterable[Gives]) -> dict[Gives, IndicatorMark]:
    parts = ("points", "known", "unknown")
    return {each: IndicatorMark(*(int(row[f"{each.name}_{part}"]) for part in parts)) for each in gives}


def _flags(points: Mapping[Gives, tuple[Any, Any]]) -> list[Any]:
    return [
        flag
        for gives, (given, known) in points.items()
        for flag in (
            case((known, given), else_=0).label(f"{gives.name}_points"),
            case((known, 1), else_=0).label(f"{gives.name}_known"),
            case((known, 0), else_=1).label(f"{gives.name}_unknown"),
        )
    ]


# --- of units


def _of_units(
    scope: Scope, period: Period, w: Window, terms: GradeTerms, units: Mapping[int, Unit]
) -> dict[int, dict[Gives, IndicatorMark]]:
    petitions = measures.of_petitions(scope, period, w, {unit.code: n for n, unit in units.items()})
    offered = measures.of_procedures(scope, period, w)[Told.OFFERED_ONLINE]
    online = {row.unit_id: row for row in db.session.execute(_online(scope, w))}
    found: dict[int, dict[Gives, IndicatorMark]] = {}
    for unit_id in units:
        marks: dict[Gives, IndicatorMark] = {}
        if petitions is not None:
            marks[Gives.PETITIONS] = IndicatorMark(petition_points(terms, petitions.get(unit_id, Tally())), 1)
        row = online.get(unit_id)
        if row is not None:
            cases = Tally(int(row.online), int(row.told))
            given = online_points(terms, offered.get(unit_id, Tally()), cases, int(row.late))
            unknown = int(row.number - row.told)
            marks[Gives.ONLINE] = IndicatorMark(given or 0, int(given is not None), unknown)
        found[unit_id] = marks
    return found


def _online(scope: Scope, w: Window) -> Select[Any]:
    online = population.came_electronically(Case)
    late = and_(online, population.known(Case.late_after), population.late(Case, w.as_of))
    counts: tuple[Any, ...] = (
        func.count().label("number"),
        func.count().filter(population.told(Case, Knows.CHANNEL)).label("told"),
        func.count().filter(online).label("online"),
        func.count().filter(late).label("late"),
    )
    chosen = select(Case.unit_id, *counts)
    return chosen.where(
        Case.site == scope.site, population.received_in(Case, w.start, w.as_of), scope.within(Case.unit_id)
    ).group_by(Case.unit_id)


@dataclass(frozen=True, slots=True)
class GradedCase:
    """A case with the points it gives, None where its records do not tell."""

    id: int
    code: str
    procedure: str
    officer: str
    late_after: datetime | None
    ended_at: datetime
    points: Mapping[Gives, int | None]


def graded_cases(
    scope: Scope, w: Window, unit_id: int, officer: str, limit: int, offset: int = 0
) -> tuple[int, list[GradedCase]]:
    """How many cases are graded of a unit, or of an officer of it, and a page of them, the fewest points first."""
    points = _points(w)
    name = select(ProcedureVersion.name).where(ProcedureVersion.id == Case.version_id).correlate(Case).scalar_subquery()
    told = [case((known, given)).label(gives.name) for gives, (given, known) in points.items()]
    chosen = select(Case.id, Case.code, name.label("procedure"), Case.officer, Case.late_after, Case.ended_at, *told)
    if officer:
        had = exists().where(CaseStage.case_id == Case.id, CaseStage.unit_id == unit_id, CaseStage.officer == officer)
        chosen = chosen.where(Case.site == scope.site, population.ended_in(Case, w.start, w.as_of), had)
    else:
        chosen = chosen.where(_ended(scope, w), Case.unit_id == unit_id)
    total = db.session.scalar(select(func.count()).select_from(chosen.with_only_columns(Case.id).subquery())) or 0
    time = points[Gives.TIME][0]
    rows = db.session.execute(chosen.order_by(time, Case.ended_at, Case.id).limit(limit).offset(offset)).mappings()
    return total, [
        GradedCase(
            row["id"],
            row["code"],
            row["procedure"],
            row["officer"],
            row["late_after"],
            row["ended_at"],
            {gives: row[gives.name] for gives in points},
        )
        for row in rows
    ]


# --- what the marks of indicators 2, 8 and 9 are counted from


@dataclass(frozen=True, slots=True)
class GradedStay:
    """A stay in a stage with its points, None where its records do not tell."""

    case_id: int
    code: str
    stage: str
    officer: str
    late_after: datetime | None
    ended_at: datetime
    points: int | None


def graded_stays(
    scope: Scope, w: Window, unit_id: int, officer: str, limit: int, offset: int = 0
) -> tuple[int, list[GradedStay]]:
    """How many stays are graded of a unit, or of an officer of it, and a page of them, the fewest points first."""
    given, known = _timed(CaseStage, w)
    points = case((known, given))
    columns: tuple[Any, ...] = (Case.id, Case.code, CaseStage.name, CaseStage.officer, CaseStage.due_at)
    more: tuple[Any, ...] = (CaseStage.ended_at, points)
    chosen = select(*columns, *more).join(Case, Case.id == CaseStage.case_id)
    chosen = chosen.where(_stayed(scope, w), CaseStage.unit_id == unit_id)
    if officer:
        chosen = chosen.where(CaseStage.officer == officer)
    total = db.session.scalar(select(func.count()).select_from(chosen.with_only_columns(CaseStage.id).subquery())) or 0
    page = chosen.order_by(points.is_(None), points, CaseStage.ended_at, CaseStage.id).limit(limit).offset(offset)
    return total, [GradedStay(*row) for row in db.session.execute(page)]


@dataclass(frozen=True, slots=True)
class OnlineCase:
    """A case received in the period: whether it came online, None where nobody can tell, and was late."""

    case_id: int
    code: str
    procedure: str
    received_at: datetime
    online: bool | None
    late: bool


@dataclass(frozen=True, slots=True)
class OnlineGround:
    """What the mark of indicator 9 of a unit is reckoned from."""

    offered: Tally
    cases: Tally
    late: int
    number: int


def online_ground(scope: Scope, period: Period, w: Window, unit_id: int) -> OnlineGround:
    """Procedures offered online of those in force; cases that came online of those told, and the late ones of them."""
    offered = measures.of_procedures(scope, period, w)[Told.OFFERED_ONLINE].get(unit_id, Tally())
    row = next((each for each in db.session.execute(_online(scope, w)) if each.unit_id == unit_id), None)
    if row is None:
        return OnlineGround(offered, Tally(), 0, 0)
    return OnlineGround(offered, Tally(int(row.online), int(row.told)), int(row.late), int(row.number))


def online_cases(scope: Scope, w: Window, unit_id: int, limit: int, offset: int = 0) -> list[OnlineCase]:
    """A page of the cases that a unit received, the late ones that came online first, then the others that did."""
    online, told = population.came_electronically(Case), population.told(Case, Knows.CHANNEL)
    late = and_(online, population.known(Case.late_after), population.late(Case, w.as_of))
    name = select(ProcedureVersion.name).where(ProcedureVersion.id == Case.version_id).correlate(Case).scalar_subquery()
    flags = case((late, 1), else_=0), case((online, 1), (told, 0))
    chosen = select(Case.id, Case.code, name, Case.received_at, flags[1].label("online"), flags[0].label("late"))
    chosen = chosen.where(
        Case.site == scope.site,
        population.received_in(Case, w.start, w.as_of),
        scope.within(Case.unit_id),
        Case.unit_id == unit_id,
    )
    order = (flags[0].desc(), case((online, 0), (told, 1), else_=2), Case.received_at, Case.id)
    return [
        OnlineCase(row[0], row[1], row[2], row[3], None if row.online is None else bool(row.online), bool(row.late))
        for row in db.session.execute(chosen.order_by(*order).limit(limit).offset(offset))
    ]
