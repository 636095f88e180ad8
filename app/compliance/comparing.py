"""Two runs side by side: which cells differ, and which violations came or went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.compliance.language import Status
from app.compliance.models import Change

if TYPE_CHECKING:
    from app.compliance.queries import ResultRow


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that is not the same in both runs; None where a run did not judge it."""

    before: ResultRow | None
    after: ResultRow | None

    @property
    def cell(self) -> ResultRow:
        """The later of the two."""
        cell = self.after or self.before
        assert cell is not None
        return cell

    @property
    def of_status(self) -> bool:
        """Whether the verdict itself changed, not only the figures."""
        return self.before is None or self.after is None or self.before.status is not self.after.status

    @property
    def change(self) -> Change | None:
        """A violation that is new or gone. Not found because it was not judged is not gone."""
        if self.after is None:
            return None
        failed_before = self.before is not None and self.before.status is Status.FAIL
        fails_now = self.after.status is Status.FAIL
        if failed_before == fails_now:
            return None
        return Change.NEW if fails_now else Change.GONE


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs. `same`: cells that do not; `persisting`: violations that both runs found."""

    differences: tuple[Difference, ...]
    same: int
    persisting: int

    def count(self, change: Change) -> int:
        """Violations of that change in the later run."""
        if change is Change.PERSISTING:
            return self.persisting
        return sum(difference.change is change for difference in self.differences)


def compare(before: Iterable[ResultRow], after: Iterable[ResultRow]) -> Comparison:
    """Lay two runs side by side, cell by cell, in the order of the later one."""
    old, new = {cell.key: cell for cell in before}, {cell.key: cell for cell in after}
    pairs = [Difference(old.get(key), new.get(key)) for key in dict.fromkeys((*new, *old))]
    differences = tuple(pair for pair in pairs if pair.of_status or _figures(pair.before) != _figures(pair.after))
    persisting = sum(
        cell.status is Status.FAIL and key in old and old[key].status is Status.FAIL for key, cell in new.items()
    )
    return Comparison(differences, len(pairs) - len(differences), persisting)


def _figures(cell: ResultRow | None) -> tuple[object, ...]:
    return () if cell is None else (cell.numerator, cell.denominator, cell.target, cell.facts)
