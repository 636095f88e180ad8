"""The index of a period: each metric's count and points, beside what the portal shows, and how sure the values are.

What the records do not tell is unknown: it gives no points and withholds none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import func, select

from app.cases.lists import Window
from app.core.errors import NotFound
from app.core.periods import Period, PeriodKind
from app.organisation import queries as organisation
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.reporting.index import measures
from app.reporting.index.definition import (
    TOLERANCE,
    Certainty,
    Metric,
    MetricGroup,
    MetricTerms,
    Tally,
    Told,
    ValueName,
    definition,
    points,
    rounded,
    value_text,
)
from app.reporting.index.measures import ByUnit
from app.reporting.models import IndexConfirmation, PortalScore
from app.scorecards.reading import as_number
from app.web import extensions
from app.web.extensions import db

KINDS = (PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR)
"""The periods that the portal scores: by the calendar, unlike the reports of control."""

ConfirmationKey = tuple[str, str, str, str]
"""Metric, name, first day and text of a value."""


@dataclass(frozen=True, slots=True)
class IndexLine:
    """A metric of the period. `tally` None: nothing of ours counts it, or not here. `worth` is unrounded, None where it
    is not known. `unverified`: the values whose text nobody has seen. `official`: what the portal shows."""

    group: MetricGroup
    metric: Metric
    terms: MetricTerms
    tally: Tally | None
    worth: Fraction | None
    unverified: Sequence[ValueName] = ()
    official: PortalScore | None = None

    @property
    def shown(self) -> Decimal | None:
        """Our points to two decimals."""
        return None if self.worth is None else rounded(self.worth)

    @property
    def score(self) -> Decimal | None:
        """The portal's points."""
        return None if self.official is None or self.official.score is None else as_number(self.official.score)

    @property
    def difference(self) -> Decimal | None:
        """The portal's less ours; None where either is not known."""
        if self.score is None or self.worth is None:
            return None
        return self.score - rounded(self.worth)

    @property
    def differs(self) -> bool:
        """Whether by more than rounding explains."""
        return self.difference is not None and abs(self.difference) > TOLERANCE

    @property
    def other_maximum(self) -> Decimal | None:
        """The portal's maximum, where it is not ours: the index has changed."""
        if self.official is None or self.official.maximum is None:
            return None
        theirs = as_number(self.official.maximum)
        return theirs if theirs != self.terms.maximum.value else None


@dataclass(frozen=True, slots=True)
class IndexSum:
    """Points of lines: `ours` of those that we know, out of `known`; `maximum` of all of them; the portal's `score`,
    None unless it has one for every line that gives points."""

    ours: Fraction
    known: int
    maximum: int
    score: Decimal | None

    @classmethod
    def of(cls, lines: Iterable[IndexLine]) -> IndexSum:
        """Added up unrounded."""
        lines = list(lines)
        worth = [(line.worth, line.terms.maximum.value) for line in lines if line.worth is not None]
        scores = [line.score for line in lines if line.terms.maximum.value]
        seen = [each for each in scores if each is not None]
        return cls(
            sum((each for each, _maximum in worth), Fraction(0)),
            sum(maximum for _each, maximum in worth),
            sum(line.terms.maximum.value for line in lines),
            sum(seen, Decimal(0)) if seen and len(seen) == len(scores) else None,
        )

    @property
    def shown(self) -> Decimal:
        """Ours to two decimals."""
        return rounded(self.ours)

    @property
    def unknown(self) -> int:
        """Points of which our records say nothing."""
        return self.maximum - self.known


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit's points by group, each of those that it has something to count for."""

    unit: Unit
    groups: Mapping[str, IndexSum]
    total: IndexSum


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """The index of a period, of the whole Department or (`unit`, or a reader who sees some units only) of a part."""

    period: Period
    window: Window
    whole: bool
    unit: Unit | None
    lines: Sequence[IndexLine]
    units: Sequence[UnitLine]

    @property
    def is_over(self) -> bool:
        """Whether the period had passed when it was counted."""
        return self.window.as_of >= self.window.end

    @property
    def total(self) -> IndexSum:
        return IndexSum.of(self.lines)

    def by_group(self) -> Iterator[tuple[MetricGroup, list[IndexLine], IndexSum]]:
        """Each group with its lines and their sum."""
        for group in dict.fromkeys(line.group.code for line in self.lines):
            lines = [line for line in self.lines if line.group.code == group]
            yield lines[0].group, lines, IndexSum.of(lines)

    @property
    def unverified(self) -> int:
        """How many values nobody has seen in an official text."""
        return sum(len(line.unverified) for line in self.lines)


def scored(period: Period) -> Period:
    """The period, if the portal scores such ones. Raises NotFound for a half year."""
    if period.kind not in KINDS:
        raise NotFound("Bộ chỉ số 766 tính theo tháng, quý hoặc năm.")
    return period


def window_of(period: Period) -> Window:
    """The calendar period as seen from its end, or from now while it runs."""
    window = Window.of(period, site_calendar().zone, extensions.now())
    return Window(window.start, window.end, max(window.as_of, window.start))


def index_figures(scope: Scope, period: Period, unit: Unit | None = None) -> IndexFigures:
    """The index of a period. Raises NotFound where the index did not apply yet."""
    defined, window = definition().on(period.last), window_of(scored(period))
    units = organisation.units(scope)
    days = [terms.within_days.value for _g, metrics in defined for _m, terms in metrics if terms.within_days]
    counted: dict[Told, ByUnit | None] = {
        **measures.of_cases(scope, window),
        **measures.of_procedures(scope, period, window),
        Told.PUBLICATIONS: measures.of_publications(measures.publications(scope, period, window, days[0]))
        if days
        else None,
    }
    petitions = measures.of_petitions(scope, period, window, {each.code: each.id for each in units})
    counted[Told.PETITIONS] = petitions
    # Of a petition nobody records whether its sender was content: only where there is none is it known.
    counted[Told.NO_PETITIONS] = petitions and {n: Tally(unknown=each.denominator) for n, each in petitions.items()}
    confirmed, official = confirmations(scope.site), portal_scores(scope.site, period)
    whole = scope.is_whole and unit is None

    def lines(unit_ids: frozenset[int] | None) -> list[IndexLine]:
        return [
            _line(group, metric, terms, _summed(counted, metric.told_by, unit_ids), unit_ids is None and whole)
            for group, metrics in defined
            for metric, terms in metrics
        ]

    def _line(
        group: MetricGroup, metric: Metric, terms: MetricTerms, tally: Tally | None, everything: bool
    ) -> IndexLine:
        worth = None if tally is None else points(terms, tally)
        if not everything and tally is not None and not tally.denominator:
            worth = None  # what a unit has none of is not its concern
        return IndexLine(
            group,
            metric,
            terms,
            tally,
            worth,
            unverified(metric, terms, confirmed),
            official.get(metric.code) if everything else None,
        )

    shown = lines(frozenset({unit.id}) if unit is not None else None)
    beside = []
    for each in units if unit is None else ():
        own = lines(frozenset({each.id}))
        if any(line.worth is not None for line in own):
            groups = {code: IndexSum.of(part) for code, part in _grouped(own).items()}
            beside.append(UnitLine(each, groups, IndexSum.of(own)))
    return IndexFigures(period, window, whole, unit, shown, beside)


def _grouped(lines: Iterable[IndexLine]) -> dict[str, list[IndexLine]]:
    found: dict[str, list[IndexLine]] = {}
    for line in lines:
        found.setdefault(line.group.code, []).append(line)
    return found


def _summed(counted: Mapping[Told, ByUnit | None], told: Told | None, unit_ids: frozenset[int] | None) -> Tally | None:
    by_unit = None if told is None else counted[told]
    if by_unit is None:
        return None
    return sum((each for n, each in by_unit.items() if unit_ids is None or n in unit_ids), Tally())


def unverified(metric: Metric, terms: MetricTerms, confirmed: Mapping[ConfirmationKey, object]) -> list[ValueName]:
    """The values that were not seen in an official text, by us or by somebody of the site."""
    return [
        name
        for name, value in terms.values()
        if definition().certainty(value) is not Certainty.OFFICIAL
        and (metric.code, name, terms.since.isoformat(), value_text(value)) not in confirmed
    ]


def confirmations(site: str) -> dict[ConfirmationKey, IndexConfirmation]:
    """Those that stand, the latest of each value."""
    chosen = select(IndexConfirmation).where(IndexConfirmation.site == site, IndexConfirmation.withdrawn.is_(False))
    return {
        (each.metric, each.name, each.since.isoformat(), each.value): each
        for each in db.session.scalars(chosen.order_by(IndexConfirmation.id))
    }


def portal_scores(site: str, period: Period) -> dict[str, PortalScore]:
    """The latest of each metric, by its code."""
    latest = (
        select(func.max(PortalScore.id))
        .where(PortalScore.site == site, PortalScore.period == period.key)
        .group_by(PortalScore.metric)
    )
    return {each.metric: each for each in db.session.scalars(select(PortalScore).where(PortalScore.id.in_(latest)))}
