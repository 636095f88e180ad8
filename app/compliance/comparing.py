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
    """A cell that both runs judged, and not alike."""

    before: ResultRow
    after: ResultRow

    @property
    def of_status(self) -> bool:
        """Whether the verdict itself changed, not only the figures."""
        return self.before.status is not self.after.status

    @property
    def change(self) -> Change | None:
        """A violation that is new or gone."""
        failed, fails = self.before.status is Status.FAIL, self.after.status is Status.FAIL
        if failed == fails:
            return None
        return Change.NEW if fails else Change.GONE


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs. `same`: cells that do not; `persisting`: violations that both runs found;
    `only_before`, `only_after`: cells that only one of them judged, of which nothing can be said."""

    differences: tuple[Difference, ...]
    same: int
    persisting: int
    only_before: int
    only_after: int

    def count(self, change: Change) -> int:
        """Violations of that change in the later run."""
        if change is Change.PERSISTING:
            return self.persisting
        return sum(difference.change is change for difference in self.differences)


def compare(before: Iterable[ResultRow], after: Iterable[ResultRow]) -> Comparison:
    """Lay two runs side by side, cell by cell, in the order of the later one."""
    old, new = {cell.key: cell for cell in before}, {cell.key: cell for cell in after}
    pairs = [Difference(old[key], cell) for key, cell in new.items() if key in old]
    differences = tuple(pair for pair in pairs if pair.of_status or _figures(pair.before) != _figures(pair.after))
    return Comparison(
        differences,
        same=len(pairs) - len(differences),
        persisting=sum(pair.before.status is Status.FAIL and pair.after.status is Status.FAIL for pair in pairs),
        only_before=len(old) - len(pairs),
        only_after=len(new) - len(pairs),
    )


def _figures(cell: ResultRow) -> tuple[object, ...]:
    return (cell.numerator, cell.denominator, cell.target, cell.facts)
