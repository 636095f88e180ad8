"""Two judgements of the same facts side by side: what other parameters would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.compliance.judge import Judgement, RuleResult
from app.compliance.language import Status
from app.compliance.pack import Pack


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
class Beside:
    """`changed` in the order of the judgement; `before` and `after` count all results by status."""

    changed: tuple[Changed, ...]
    before: Counter[Status]
    after: Counter[Status]


@dataclass(frozen=True, slots=True)
class Dial:
    """A parameter that may be tried with another value: the packs that have it, and how it stands in each."""

    name: str
    packs: tuple[Pack, ...]


def lay_beside(before: Judgement, after: Judgement) -> Beside:
    """The same cells of two judgements. A change of figures is one of the target, the value, or what is missing; where
    nothing was judged, before or after, another target changes nothing."""
    old = {_cell(result): result for result in before.results}
    pairs = [Changed(old[_cell(result)], result) for result in after.results if _cell(result) in old]
    return Beside(
        tuple(pair for pair in pairs if pair.of_status or _of_figures(pair)),
        Counter(result.status for result in before.results),
        Counter(result.status for result in after.results),
    )


def dials(packs: Mapping[str, Pack]) -> list[Dial]:
    """Every parameter of the packs by name, in the order of the packs; one name in several packs is one dial, as one
    value then goes to all of them."""
    names = dict.fromkeys(name for pack in packs.values() for name in pack.parameters)
    return [Dial(name, tuple(pack for pack in packs.values() if name in pack.parameters)) for name in names]


def _cell(result: RuleResult) -> tuple[str, str, str]:
    return result.pack, result.rule, result.unit


_NOT_JUDGED = frozenset((Status.NOT_APPLICABLE, Status.NO_DATA))


def _of_figures(pair: Changed) -> bool:
    return pair.after.status not in _NOT_JUDGED and _figures(pair.before) != _figures(pair.after)


def _figures(result: RuleResult) -> tuple[object, ...]:
    things = tuple((thing.subject, thing.outcome) for thing in result.things)
    return (result.numerator, result.denominator, result.value, result.target, result.shortfall, things)
