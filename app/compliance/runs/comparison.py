"""Two runs side by side: which cells differ, and which violations came or went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.compliance.evaluation.results import Judgement, RuleResult
from app.compliance.models import ViolationChange
from app.rulepacks.language import Status
from app.rulepacks.pack import Pack

if TYPE_CHECKING:
    from app.compliance.queries import ResultRow


@dataclass(frozen=True, slots=True)
class CellDifference:
    """A cell that both runs judged, and not alike."""

    before: ResultRow
    after: ResultRow

    @property
    def of_status(self) -> bool:
        """Whether the verdict itself changed, not only the figures."""
        return self.before.status is not self.after.status

    @property
    def change(self) -> ViolationChange | None:
        """A violation that is new or gone."""
        failed, fails = self.before.status is Status.FAIL, self.after.status is Status.FAIL
        if failed == fails:
            return None
        return ViolationChange.NEW if fails else ViolationChange.GONE


@dataclass(frozen=True, slots=True)
class RunComparison:
    """What differs between two runs. `same`: cells that do not; `persisting`: violations that both runs found;
    `only_before`, `only_after`: cells that only one of them judged, of which nothing can be said."""

    differences: tuple[CellDifference, ...]
    same: int
    persisting: int
    only_before: int
    only_after: int

    def count(self, change: ViolationChange) -> int:
        """Violations of that change in the later run."""
        if change is ViolationChange.PERSISTING:
            return self.persisting
        return sum(difference.change is change for difference in self.differences)


def compare(before: Iterable[ResultRow], after: Iterable[ResultRow]) -> RunComparison:
    """Lay two runs side by side, cell by cell, in the order of the later one."""
    old, new = {cell.key: cell for cell in before}, {cell.key: cell for cell in after}
    pairs = [CellDifference(old[key], cell) for key, cell in new.items() if key in old]
    differences = tuple(pair for pair in pairs if pair.of_status or _figures(pair.before) != _figures(pair.after))
    return RunComparison(
        differences,
        same=len(pairs) - len(differences),
        persisting=sum(pair.before.status is Status.FAIL and pair.after.status is Status.FAIL for pair in pairs),
        only_before=len(old) - len(pairs),
        only_after=len(new) - len(pairs),
    )


def _figures(cell: ResultRow) -> tuple[object, ...]:
    return (cell.numerator, cell.denominator, cell.target, cell.facts)


@dataclass(frozen=True, slots=True)
class Changed:
    """A result that comes out otherwise, in its verdict or only in its figures."""

    before: RuleResult
    after: RuleResult

    @property
    def of_status(self) -> bool:
        """Whether the verdict itself changes."""
        return self.before.status is not self.after.status


@dataclass(frozen=True, slots=True)
class JudgementComparison:
    """`changed` in the order of the judgement; `before` and `after` count all results by status."""

    changed: tuple[Changed, ...]
    before: Counter[Status]
    after: Counter[Status]


@dataclass(frozen=True, slots=True)
class AdjustableFigure:
    """A parameter that may be tried with another value: the packs that have it, and how it stands in each."""

    name: str
    packs: tuple[Pack, ...]


def compare_judgements(before: Judgement, after: Judgement) -> JudgementComparison:
    """The same cells of two judgements. A change of figures is one of the target, the value, or what is missing; where
    nothing was judged, before or after, another target changes nothing."""
    old = {_cell(result): result for result in before.results}
    pairs = [Changed(old[_cell(result)], result) for result in after.results if _cell(result) in old]
    return JudgementComparison(
        tuple(pair for pair in pairs if pair.of_status or _of_figures(pair)),
        Counter(result.status for result in before.results),
        Counter(result.status for result in after.results),
    )


def adjustable_figures(packs: Mapping[str, Pack]) -> list[AdjustableFigure]:
    """Every parameter of the packs by name, in the order of the packs; one name in several packs is one dial, as one
    value then goes to all of them."""
    names = dict.fromkeys(name for pack in packs.values() for name in pack.parameters)
    return [AdjustableFigure(name, tuple(pack for pack in packs.values() if name in pack.parameters)) for name in names]


def _cell(result: RuleResult) -> tuple[str, str, str]:
    return result.pack, result.rule, result.unit


_NOT_JUDGED = frozenset((Status.NOT_APPLICABLE, Status.NO_DATA, Status.PENDING))


def _of_figures(pair: Changed) -> bool:
    return pair.after.status not in _NOT_JUDGED and _figures_of_judgement(pair.before) != _figures_of_judgement(
        pair.after
    )


def _figures_of_judgement(result: RuleResult) -> tuple[object, ...]:
    things = tuple((thing.subject, thing.outcome) for thing in result.things)
    return (result.numerator, result.denominator, result.value, result.target, result.shortfall, things)
