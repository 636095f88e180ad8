"""What the reform report tells and who knows it: an outline as data, in `outline.yaml`, filled with the figures that
the records have. What they do not know is a blank, and said to be one; and the cases behind a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Select, select

from app.cases import population
from app.cases.lists import Branches, NamedList, lines
from app.cases.models import Case, Payment
from app.cases.vocabulary import Knows, PaymentChannel
from app.core.errors import NotFound
from app.core.facts import FactQuery, catalogue, gather
from app.core.periods import Period, PeriodKind
from app.core.yaml_files import read_source, read_text
from app.obligations.models import FilingKind
from app.organisation import queries as organisation
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.procedures.models import Level, ProcedureVersion
from app.reporting.control.form import Rows, control_forms
from app.reporting.control.queries import ControlFigures, ControlSpan, control_figures, control_span, window_of
from app.reporting.index.definition import Certainty
from app.web import extensions
from app.web.extensions import db

FILE = Path(__file__).with_name("outline.yaml")
Word = Annotated[str, Field(min_length=1)]
KINDS = (PeriodKind.QUARTER, PeriodKind.HALF, PeriodKind.YEAR)


class OutlineModel(BaseModel):
    """What is declared in the file, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OutlineSource(OutlineModel):
    """Where a part of the outline was seen."""

    certainty: Certainty
    says: Word


class OutlineItem(OutlineModel):
    """A line: a `blank` that people fill, or a `figure` with the fact or the column that gives it."""

    blank: Word | None = None
    figure: Word | None = None
    fact: Annotated[str, Field(pattern=r"^[a-z_0-9]+\.[a-z_0-9]+$")] | None = None
    column: int | None = None
    from_new_year: bool = False
    page: Word | None = None
    filed: FilingKind | None = None  # what the page is to show of what units handed in, in the report's year

    @model_validator(mode="after")
    def _one_thing(self) -> OutlineItem:
        if (self.blank is None) == (self.figure is None):
            raise ValueError("an item is a blank or a figure")
        if self.figure is not None and (self.fact is None) == (self.column is None):
            raise ValueError(f"{self.figure}: a figure is a fact or a column")
        known = [form for form in control_forms().forms if form.untold is None]
        if self.column is not None and any(self.column not in {leaf.number for leaf in form.leaves} for form in known):
            raise ValueError(f"{self.figure}: form II.06a has no column {self.column}")
        if self.fact is not None:
            kind, _dot, name = self.fact.partition(".")
            counted = catalogue().get(kind)
            if counted is None or name not in {each.name for each in counted.fields if each.type is int}:
                raise ValueError(f"{self.figure}: no count “{self.fact}”")
        return self

    @property
    def words(self) -> str:
        """What it is about."""
        return self.figure or self.blank or ""


class Chapter(OutlineModel):
    """A heading and what stands under it."""

    title: Word
    source: Word
    items: tuple[OutlineItem, ...]


class PeriodsReported(OutlineModel):
    """Which periods are reported, by the example of one year."""

    kinds: tuple[str | int, ...]
    source: Word


class Outline(OutlineModel):
    """The whole report."""

    title: Word
    sources: dict[str, OutlineSource]
    periods: PeriodsReported
    chapters: Annotated[tuple[Chapter, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _sourced(self) -> Outline:
        used = {chapter.source for chapter in self.chapters} | {self.periods.source}
        if unknown := used - self.sources.keys():
            raise ValueError(f"no source {', '.join(sorted(unknown))}")
        return self

    def reports(self, period: Period) -> bool:
        """Whether such a period is one of those reported: the first and third quarter, the first half, the year."""
        return str(period.key).replace(str(period.first.year), "2024") in {str(each) for each in self.periods.kinds}


@cache
def outline() -> Outline:
    """As the file has it. Raises pydantic's ValidationError with the place of what is wrong."""
    return read_outline(read_text(FILE, FILE.name))


def read_outline(text: str) -> Outline:
    """The outline that a text declares."""
    return Outline.model_validate(read_source(FILE.name, text).content)


@dataclass(frozen=True, slots=True)
class ReformFigures:
    """The outline of a period with the figures of its items, by their words' place (chapter, item)."""

    span: ControlSpan
    control: ControlFigures
    values: dict[tuple[int, int], int]

    @property
    def is_over(self) -> bool:
        """Whether the last day of the report had passed."""
        return self.control.is_over

    @property
    def blanks(self) -> int:
        """How many lines people have to write."""
        return sum(item.blank is not None for chapter in outline().chapters for item in chapter.items)


def reform_figures(scope: Scope, period: Period) -> ReformFigures:
    """Gathered from the sources of facts and from form II.06a, in the days of the control reports (15 to 14)."""
    span, control = control_span(period), control_figures(scope, period, Rows.FIELD)
    items = [item for chapter in outline().chapters for item in chapter.items]
    sums = {
        newly: _sums(scope, span, [each.fact for each in items if each.fact and each.from_new_year is newly], newly)
        for newly in (False, True)
    }
    values = {}
    for n, chapter in enumerate(outline().chapters):
        for m, item in enumerate(chapter.items):
            if item.fact is not None:
                values[n, m] = sums[item.from_new_year][item.fact]
            elif item.column is not None:
                values[n, m] = control.total[item.column]
    return ReformFigures(span, control, values)


def _sums(scope: Scope, span: ControlSpan, facts: Sequence[str], from_new_year: bool) -> Counter[str]:
    """Each field summed over the units of the scope."""
    start, end = span.bounds(site_calendar().zone)
    days = replace(span.period, first=span.first, last=span.last)
    if from_new_year:
        days = replace(days, first=date(span.last.year, 1, 1))
        start = site_calendar().start_of_day(days.first)
    as_of = max(min(end, extensions.now()), start)
    codes = None if scope.is_whole else tuple(unit.code for unit in organisation.units(scope))
    query = FactQuery(scope.site, days, start, end, as_of, codes)
    wanted = {name.partition(".")[0] for name in facts}
    found: Counter[str] = Counter()
    for fact in gather(db.session.connection(), query, wanted) if wanted else ():
        for name in facts:
            kind, _dot, field = name.partition(".")
            if fact["kind"] == kind:
                found[name] += fact[field]
    return found


def _received(branches: Branches) -> NamedList:
    return NamedList("", Case, Case.received_at, branches, at=Case.received_at)


def _result(branches: Branches) -> NamedList:
    return NamedList("", Case, Case.result_at, branches, at=Case.result_at)


def _paid(branches: Branches) -> NamedList:
    return NamedList("", Payment, Payment.paid_at, branches)


def _offered_online() -> Any:
    offered = ProcedureVersion.level.in_((Level.FULL, Level.PARTIAL))
    return Case.version_id.in_(select(ProcedureVersion.id).where(ProcedureVersion.details_known, offered))


LISTS = {
    "online_share.received": _received(
        lambda w: [
            population.received_in(Case, w.start, w.as_of) & population.told(Case, Knows.CHANNEL) & _offered_online()
        ]
    ),
    "online_share.online": _received(
        lambda w: [
            population.received_in(Case, w.start, w.as_of) & population.came_electronically(Case) & _offered_online()
        ]
    ),
    "digitisation.files": _received(
        lambda w: [population.received_in(Case, w.start, w.end) & population.file_known(Case, w.as_of)]
    ),
    "digitisation.files_digitised": _received(
        lambda w: [population.received_in(Case, w.start, w.end) & population.file_digital(Case, w.as_of)]
    ),
    "digitisation.results": _result(
        lambda w: [population.result_given(Case, w.start, w.end) & population.result_known(Case, w.as_of)]
    ),
    "digitisation.results_digitised": _result(
        lambda w: [population.result_given(Case, w.start, w.end) & population.result_digital(Case, w.as_of)]
    ),
    "payment.eligible": _paid(lambda w: [population.payment_counted(w.start, w.end)]),
    "payment.online": _paid(
        lambda w: [population.payment_counted(w.start, w.end) & (Payment.channel == PaymentChannel.ONLINE)]
    ),
}
"""By the fact that gives the figure."""


def cases_behind(scope: Scope, span: ControlSpan, fact: str) -> Select[Any]:
    """The cases that a figure counts; of payments each payment's. Raises NotFound for a figure of something else."""
    if fact not in LISTS:
        raise NotFound("Không có danh sách cho số này.")
    found = lines(scope, [LISTS[fact]], window_of(span))
    return select(Case).join(found, found.c.case_id == Case.id)
