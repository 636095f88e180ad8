"""Every read of the score tables. What a person sees of others' scores is decided here, by their scope."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select

from app.core.errors import NotFound
from app.organisation.access import Scope, site
from app.organisation.models import Unit
from app.organisation.queries import units_in_being_by_key
from app.scorecards.arithmetic import TABLE, ScoreFinding, audit, children_by_parent, parent_of, rolled_up
from app.scorecards.models import Criterion, CriterionScore, YearResult
from app.scorecards.reading import FieldStatement
from app.web.extensions import db


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """A criterion on the page. Scores in hundredths of a point; `score` is the self-score, or for a criterion with
    others below it their sum where every one is scored. Of a criterion that is not the reader's to see (`own`
    False) only what the document prints is here: it stands there for those below it."""

    id: int
    number: str
    depth: int
    name: str
    maximum: int
    last_score: int
    target: int
    measures: str
    lead_text: str
    cooperating_text: str
    lead: Unit | None
    line: int | None
    leaf: bool
    own: bool
    score: int | None
    revision: int

    @property
    def gap(self) -> int | None:
        """Points still lacking to the target; negative where it is passed; None where there is no score yet."""
        return None if self.score is None else self.target - self.score

    @property
    def above_maximum(self) -> bool:
        """A sum of self-scores above the printed maximum: the table does not add up there."""
        return self.score is not None and self.score > self.maximum

    @property
    def unmapped(self) -> bool:
        """Whether the document names a lead that is no unit of the site."""
        return bool(self.lead_text) and self.lead is None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums in hundredths of a point; `score` and `gap` are over the `scored` of the `criteria` only."""

    criteria: int
    scored: int
    maximum: int
    last_score: int
    target: int
    score: int
    gap: int


@dataclass(frozen=True, slots=True)
class LeadGap:
    """What one lead unit has to answer for: the criteria without others below them. `unit` None: no unit known."""

    unit: Unit | None
    totals: Totals


@dataclass(frozen=True, slots=True)
class YearView:
    """A year's result. `fields` are those that the plan's text states."""

    year: int
    score: int
    maximum: int
    rank: int | None
    ranked: int | None
    rank_change: int | None
    rank_gain: int | None
    source: str
    fields: tuple[FieldStatement, ...]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A score table as somebody sees it. `whole` is False where it is only a part: a scope, or one lead unit."""

    code: str
    year: int
    rows: tuple[CriterionRow, ...]
    findings: tuple[ScoreFinding, ...]
    totals: Totals
    """Of the fields where the table is whole, else of the criteria shown that have none below them."""
    leads: tuple[LeadGap, ...]
    this_year: YearView | None
    last_year: YearView | None
    whole: bool


@dataclass(frozen=True, slots=True)
class GivenScore:
    """A self-score as it was given."""

    score: int
    evidence: str
    scored_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class CriterionView:
    """One criterion, those above it, its findings, and its scores with the latest first."""

    table: str
    year: int
    row: CriterionRow
    above: tuple[CriterionRow, ...]
    below: tuple[CriterionRow, ...]
    findings: tuple[ScoreFinding, ...]
    history: tuple[GivenScore, ...]


# What the pages show


def tables(scope: Scope) -> list[tuple[str, int]]:
    """Every table of the site, as (code, year), the latest year first."""
    found = select(Criterion.table, Criterion.year).where(Criterion.site == scope.site).distinct()
    return sorted(((code, year) for code, year in db.session.execute(found)), key=lambda t: -t[1])


def score_table(scope: Scope, code: str, unit: str = "") -> ScoreTable:
    """A table as the scope sees it; with `unit` (a code) only what that unit leads. Raises NotFound."""
    everything = _rows(scope, code)
    results = _results(scope, code)
    year = _year(scope, code)
    stated = results.get(year - 1)
    chosen = [r for r in everything if r.own and (not unit or (r.lead is not None and r.lead.code == unit))]
    whole = len(chosen) == len(everything)
    rows = everything if whole else _with_those_above(everything, {r.number for r in chosen})
    leaves = [r for r in rows if r.own and r.leaf]
    seen = {TABLE, *(r.number for r in rows)} if whole else {r.number for r in rows}
    return ScoreTable(
        code,
        year,
        tuple(rows),
        tuple(f for f in audit(everything, stated) if f.number in seen or whole),
        _totals([r for r in rows if r.depth == 0] if whole else leaves, leaves),
        _by_lead(leaves),
        results.get(year),
        stated,
        whole,
    )


def criterion_view(scope: Scope, criterion_id: int) -> CriterionView:
    """One criterion of the scope. Raises NotFound."""
    criterion = the_criterion(scope, criterion_id)
    rows = _rows(scope, criterion.table)
    row = next((r for r in rows if r.id == criterion.id and r.own), None)
    if row is None:
        raise NotFound("Không có tiêu chí này.")
    given = select(CriterionScore).where(CriterionScore.criterion_id == criterion.id)
    history = db.session.scalars(given.order_by(CriterionScore.id.desc()))
    stated = _results(scope, criterion.table).get(criterion.year - 1)
    return CriterionView(
        criterion.table,
        criterion.year,
        row,
        tuple(r for r in rows if row.number.startswith(f"{r.number}.")),
        tuple(r for r in rows if parent_of(r.number) == row.number and r.own),
        tuple(f for f in audit(rows, stated) if f.number == row.number),
        tuple(GivenScore(g.score, g.evidence, g.scored_at, g.actor) for g in history),
    )


def leads(table: ScoreTable) -> list[Unit]:
    """The units that lead something in a table as it is shown, in the order of the tree."""
    found = {r.lead.id: r.lead for r in table.rows if r.own and r.lead is not None}
    return sorted(found.values(), key=lambda unit: unit.path)


def _rows(scope: Scope, code: str) -> list[CriterionRow]:
    """Every criterion of a table, in order, with the live scores that the scope may see. Raises NotFound."""
    chosen = select(Criterion).where(Criterion.site == scope.site, Criterion.table == code).order_by(Criterion.row)
    criteria = db.session.scalars(chosen).all()
    if not criteria:
        raise NotFound("Không có bảng điểm “%(code)s”.", code=code[:40])
    below = children_by_parent(c.number for c in criteria)
    scores = {c.number: c.self_score for c in criteria}
    return [_row(c, below, scores, _own(scope, c)) for c in criteria]


def _row(c: Criterion, below: Mapping[str, Sequence[str]], scores: Mapping[str, int | None], own: bool) -> CriterionRow:
    return CriterionRow(
        id=c.id,
        number=c.number,
        depth=c.number.count("."),
        name=c.name,
        maximum=c.maximum,
        last_score=c.last_score,
        target=c.target,
        measures=c.measures,
        lead_text=c.lead_text,
        cooperating_text=c.cooperating_text,
        lead=c.lead_unit,
        line=c.source_line,
        leaf=c.number not in below,
        own=own,
        score=rolled_up(below, scores, c.number) if own else None,
        revision=c.revision,
    )


def _own(scope: Scope, criterion: Criterion) -> bool:
    """Whether the criterion is the scope's: led by a unit of it; one without a lead is the whole site's."""
    return scope.is_whole or scope.covers(criterion.lead_unit_id)


def _with_those_above(rows: Sequence[CriterionRow], chosen: set[str]) -> list[CriterionRow]:
    """The rows chosen, and those above them as the document prints them."""
    above = {r.number for r in rows if any(number.startswith(f"{r.number}.") for number in chosen)}
    return [
        r if r.number in chosen else replace(r, own=False, score=None)
        for r in rows
        if r.number in chosen or r.number in above
    ]


def _totals(summed: Sequence[CriterionRow], leaves: Sequence[CriterionRow]) -> Totals:
    scored = [r for r in leaves if r.score is not None]
    return Totals(
        criteria=len(leaves),
        scored=len(scored),
        maximum=sum(r.maximum for r in summed),
        last_score=sum(r.last_score for r in summed),
        target=sum(r.target for r in summed),
        score=sum(r.score or 0 for r in scored),
        gap=sum(r.gap or 0 for r in scored),
    )


def _by_lead(leaves: Iterable[CriterionRow]) -> tuple[LeadGap, ...]:
    grouped: dict[int | None, list[CriterionRow]] = {}
    for row in leaves:
        grouped.setdefault(row.lead.id if row.lead else None, []).append(row)
    found = [LeadGap(rows[0].lead, _totals(rows, rows)) for rows in grouped.values()]
    return tuple(sorted(found, key=lambda gap: (gap.unit is None, gap.unit.path if gap.unit else "")))


def _results(scope: Scope, code: str) -> dict[int, YearView]:
    chosen = select(YearResult).where(YearResult.site == scope.site, YearResult.table == code)
    return {r.year: _result(r) for r in db.session.scalars(chosen)}


def _result(r: YearResult) -> YearView:
    fields = tuple(FieldStatement(**told) for told in r.fields)
    return YearView(r.year, r.score, r.maximum, r.rank, r.ranked, r.rank_change, r.rank_gain, r.source, fields)


def _year(scope: Scope, code: str) -> int:
    """The year of a table that is there."""
    found = select(func.max(Criterion.year)).where(Criterion.site == scope.site, Criterion.table == code)
    return db.session.scalar(found) or 0


def the_criterion(scope: Scope, criterion_id: int) -> Criterion:
    """A criterion of the scope. Raises NotFound."""
    chosen = select(Criterion).where(Criterion.site == scope.site, Criterion.id == criterion_id)
    criterion = db.session.scalar(chosen)
    if criterion is None or not _own(scope, criterion):
        raise NotFound("Không có tiêu chí này.")
    return criterion


# What the services look up


def criterion_to_change(scope: Scope, criterion_id: int) -> Criterion:
    """A criterion of the scope, held until the transaction ends. Raises NotFound."""
    found = select(Criterion).where(Criterion.site == scope.site, Criterion.id == criterion_id)
    held = found.with_for_update(of=Criterion).execution_options(populate_existing=True)
    criterion = db.session.scalar(held)
    if criterion is None or not _own(scope, criterion):
        raise NotFound("Không có tiêu chí này.")
    return criterion


def has_children(criterion: Criterion) -> bool:
    """Whether others make this criterion up."""
    return db.session.scalar(select(Criterion.id).where(Criterion.parent_id == criterion.id).limit(1)) is not None


def criteria_by_number(code: str) -> dict[str, Criterion]:
    """The criteria of a table as they are kept, in its order."""
    chosen = select(Criterion).where(Criterion.site == site(), Criterion.table == code).order_by(Criterion.row)
    return {criterion.number: criterion for criterion in db.session.scalars(chosen)}


def scored_numbers(code: str) -> set[str]:
    """Numbers of the criteria of a table that were ever scored."""
    chosen = select(Criterion.number).where(Criterion.site == site(), Criterion.table == code)
    return set(db.session.scalars(chosen.where(Criterion.id.in_(select(CriterionScore.criterion_id)))))


def table_of_year(year: int) -> str | None:
    """Code of the table of a year: there is at most one."""
    return db.session.scalar(select(Criterion.table).where(Criterion.site == site(), Criterion.year == year).limit(1))


def year_and_maximum(code: str) -> tuple[int, int]:
    """A table's year, and the sum of its fields' maxima. Raises NotFound."""
    rows = criteria_by_number(code).values()
    if not rows:
        raise NotFound("Không có bảng điểm “%(code)s”.", code=code[:40])
    return max(c.year for c in rows), sum(c.maximum for c in rows if c.parent_id is None)


def year_result(code: str, year: int) -> YearResult | None:
    """The result of a year under a table."""
    chosen = select(YearResult).where(YearResult.site == site(), YearResult.table == code, YearResult.year == year)
    return db.session.scalar(chosen)


def known_spellings() -> Mapping[str, Unit]:
    """Every folded spelling of a unit of the site."""
    return units_in_being_by_key()
