"""The matrix of a run: units down, rules across, plan by plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.compliance.language import Rule, Status
from app.compliance.library import Library, every_rule
from app.compliance.pack import Pack

if TYPE_CHECKING:
    from app.compliance.queries import ResultRow, UnitRef


@dataclass(frozen=True, slots=True)
class Line:
    """A unit and its cells, one a column; None where it was not judged."""

    unit: UnitRef
    cells: tuple[ResultRow | None, ...]

    @property
    def violations(self) -> int:
        """How many rules the unit breaks."""
        return sum(cell is not None and cell.status is Status.FAIL for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Grid:
    """`columns` are the rules in the order of their packs; `counts` are the cells by status."""

    columns: tuple[tuple[Pack, Rule], ...]
    lines: tuple[Line, ...]
    counts: Counter[Status]


def grid_of(results: Iterable[ResultRow], library: Library) -> Grid:
    """Results in the order of the tree of units, as a matrix. Every unit judged has its line, busy or not."""
    rows: dict[str, dict[tuple[str, str], ResultRow]] = {}
    units: dict[str, UnitRef] = {}
    counts: Counter[Status] = Counter()
    judged = set()
    for result in results:
        units.setdefault(result.unit, result.place)
        rows.setdefault(result.unit, {})[result.pack, result.rule] = result
        judged.add((result.pack, result.rule))
        counts[result.status] += 1
    columns = tuple((pack, rule) for pack, rule in every_rule(library.values()) if (pack.id, rule.id) in judged)
    lines = (
        Line(units[code], tuple(cells.get((pack.id, rule.id)) for pack, rule in columns))
        for code, cells in rows.items()
    )
    return Grid(columns, tuple(lines), counts)
