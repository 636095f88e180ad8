"""The matrix of a run: which rules and units a page of it shows, what is folded away, and how it is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from app.rulepacks.language import Rule, Status
from app.rulepacks.pack import Pack

if TYPE_CHECKING:
    from app.compliance.queries.matrix import MatrixCell, RuleKey, UnitTally

ACROSS = 24
"""Units beside each other: what a sheet of A3 holds. A Department of more is leafed through."""


@dataclass(frozen=True, slots=True)
class MatrixView:
    """What the reader asked for: one plan (by its pack) or all, one unit (by code) or all, what is broken alone, the
    worst first, and which page of units, from 1."""

    pack: str = ""
    unit: str = ""
    failing: bool = False
    worst_first: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule with its cells, one for each unit shown, None where the unit was not judged. `counts`: over all units."""

    pack: Pack
    rule: Rule
    counts: Counter[Status]
    cells: tuple[MatrixCell | None, ...]


@dataclass(frozen=True, slots=True)
class PlanPart:
    """A plan's rules; those that had nothing to judge are folded away."""

    pack: Pack
    lines: tuple[RuleLine, ...]
    folded: tuple[RuleLine, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A page of the matrix. `counts`: all results of the run within the reader's scope."""

    parts: tuple[PlanPart, ...]
    columns: tuple[UnitTally, ...]
    counts: Counter[Status]


def columns_of(view: MatrixView, units: Sequence[UnitTally]) -> tuple[tuple[UnitTally, ...], int, int]:
    """The units of the page asked for, the page, and how many pages there are."""
    chosen = [each for each in units if view.unit in ("", each.unit.code)]
    if view.failing and not view.unit:
        chosen = [each for each in chosen if each.counts[Status.FAIL]]
    if view.worst_first:
        chosen.sort(key=lambda each: -each.counts[Status.FAIL])
    pages = max(1, -(-len(chosen) // ACROSS))
    page = min(max(view.page, 1), pages)
    return tuple(chosen[(page - 1) * ACROSS : page * ACROSS]), page, pages


def matrix_of(
    view: MatrixView,
    rules: Iterable[tuple[Pack, Rule]],
    tallies: Mapping[RuleKey, Counter[Status]],
    columns: tuple[UnitTally, ...],
    cells: Mapping[RuleKey, Mapping[int, MatrixCell]],
) -> Matrix:
    """The rules that the run judged, in the order of their plans, above the units of the page."""
    judged = [(pack, rule) for pack, rule in rules if (pack.id, rule.id) in tallies and view.pack in ("", pack.id)]
    parts = []
    for _pack_id, group in groupby(judged, key=lambda pair: pair[0].id):
        lines = []
        for pack, rule in group:
            key = pack.id, rule.id
            mine = cells.get(key, {})
            lines.append(RuleLine(pack, rule, tallies[key], tuple(mine.get(each.unit.id) for each in columns)))
        shown = [line for line in lines if _to_show(view, line)]
        if view.worst_first:
            shown.sort(key=lambda line: -_failing(view, line))
        folded = () if view.failing else tuple(line for line in lines if not _to_show(view, line))
        if shown or folded:
            parts.append(PlanPart(lines[0].pack, tuple(shown), folded))
    return Matrix(tuple(parts), columns, sum(tallies.values(), Counter()))


def _to_show(view: MatrixView, line: RuleLine) -> bool:
    if view.failing:
        return _failing(view, line) > 0
    judged: Iterable[Status] = line.counts
    if view.unit:
        judged = [cell.status for cell in line.cells if cell is not None]
    return any(status is not Status.NOT_APPLICABLE for status in judged)


def _failing(view: MatrixView, line: RuleLine) -> int:
    if not view.unit:
        return line.counts[Status.FAIL]
    return sum(cell is not None and cell.status is Status.FAIL for cell in line.cells)
