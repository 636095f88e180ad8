"""Live figures beside a score table: what the latest check says that bears on a criterion, offered as evidence.

Score tables know nothing of checks, and checks nothing of score tables: they meet here, by `score_support.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from flask_babel import get_locale
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.compliance import queries as checks
from app.core.facts import Fact
from app.core.periods import Period
from app.organisation.access import Scope
from app.scorecards.queries import criterion_view
from app.web.formats import in_both, show_number, show_percent

BEARINGS = Path(__file__).with_suffix(".yaml")
Word = Annotated[str, Field(min_length=1)]


class Title(BaseModel):
    """A figure's name in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vi: Word
    en: Word


class Bearing(BaseModel):
    """A figure that bears on a criterion: fields of a kind of fact, summed over the units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: Word
    criterion: Word
    fact: Word
    count: Word
    among: Word | None = None
    title: Title


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of one run, summed over the units of the reader's scope."""

    title: str
    count: int
    among: int | None
    run: int
    period: str
    """As the reader reads it: "Tháng 6/2024"."""

    @property
    def value(self) -> str:
        """`80 % (40/50)`, or the count alone."""
        if self.among is None:
            return show_number(self.count)
        share = show_percent(Fraction(self.count, self.among)) if self.among else "–"
        return f"{share} ({show_number(self.count)}/{show_number(self.among)})"

    @property
    def sentence(self) -> str:
        """The figure as evidence: what, how much, when, and the run that anybody can look up."""
        return str(
            _(
                "%(title)s: %(value)s, %(period)s (lần kiểm tra số %(run)s)",
                title=self.title,
                value=self.value,
                period=self.period,
                run=self.run,
            )
        )


@dataclass(frozen=True, slots=True)
class Support:
    """What is offered beside a criterion. `expected` is whether any figure bears on it at all."""

    expected: bool
    figures: tuple[Figure, ...]


@cache
def bearings() -> tuple[Bearing, ...]:
    """Every bearing known."""
    return TypeAdapter(tuple[Bearing, ...]).validate_python(yaml.safe_load(BEARINGS.read_text(encoding="utf-8")))


def support(scope: Scope, criterion_id: int) -> Support:
    """The figures that the latest check of the table's year has for a criterion. Raises NotFound."""
    view = criterion_view(scope, criterion_id)
    wanted = [b for b in bearings() if (b.table, b.criterion) == (view.table, view.row.number)]
    period = _latest_period(scope, view.year) if wanted else None
    run = checks.latest_run(scope, period) if period else None
    if period is None or run is None:
        return Support(bool(wanted), ())
    told = checks.evidence_of(scope, run)
    locale = get_locale()
    label = period.label(locale.language if locale else "vi")
    found = ((bearing, _sums(bearing, told)) for bearing in wanted)
    return Support(
        True,
        tuple(
            Figure(in_both(bearing.title), sums["count"], sums.get("among"), run.id, label)
            for bearing, sums in found
            if sums
        ),
    )


def _latest_period(scope: Scope, year: int) -> Period | None:
    """The period judged that reaches furthest into the year; of two that end together, the longer."""
    judged = [period for period in checks.judged_periods(scope) if period.last.year == year]
    return max(judged, key=lambda period: (period.last, -period.first.toordinal()), default=None)


def _sums(bearing: Bearing, facts: Iterable[Fact]) -> Mapping[str, int]:
    """The bearing's fields over every fact of its kind; empty where the run was told none."""
    fields = {"count": bearing.count} | ({"among": bearing.among} if bearing.among else {})
    told = [fact for fact in facts if fact["kind"] == bearing.fact and set(fields.values()) <= fact.keys()]
    return {name: sum(fact[field] for fact in told) for name, field in fields.items()} if told else {}
