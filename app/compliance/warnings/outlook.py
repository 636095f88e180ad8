"""How a rate of a running period can still end. Pure and exact.

So far `numerator` of `denominator` count well; `coming` more are known that will be counted among by the period's end,
whatever becomes of them. Where it is `mendable`, what does not count well yet can still be put right as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor


class Chance(StrEnum):
    """Whether the target can still be reached."""

    SECURE = "secure"
    """Also if all the rest turns out badly."""
    OPEN = "open"
    """With enough of the rest."""
    LOST = "lost"
    """Not with all the rest that is known."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What it takes: `needed` of the `left` ones must turn out well.

    `beyond`: where all of those are too few, how many more than are known must be counted, all of them well, for the
    target to be reached all the same; None where no number would do.
    """

    chance: Chance
    needed: int
    left: int
    beyond: int | None = None


def outlook(
    comparison: str, target: Fraction, numerator: int, denominator: int, coming: int, *, mendable: bool = False
) -> Outlook | None:
    """What it takes for the share to be `at_least`, `more_than`, `at_most` or `less_than` the target; None of nothing.

    A share of what is bad, to be kept low, is a share of what is good, to be kept high.
    """
    if comparison in ("at_most", "less_than"):
        turned = "at_least" if comparison == "at_most" else "more_than"
        return outlook(turned, 1 - target, denominator - numerator, denominator, coming, mendable=mendable)
    strictly = comparison == "more_than"
    among = denominator + coming
    if among == 0:
        return None
    left = coming + (denominator - numerator if mendable else 0)
    needed = max(0, _least(target * among, strictly=strictly) - numerator)
    if needed <= left:
        return Outlook(Chance.OPEN if needed else Chance.SECURE, needed, left)
    return Outlook(Chance.LOST, needed, left, _beyond(target, numerator + left, among, strictly=strictly))


def _beyond(target: Fraction, good: int, among: int, *, strictly: bool) -> int | None:
    """The least m with (good + m) / (among + m) reaching the target."""
    if target >= 1:
        return None
    return _least((target * among - good) / (1 - target), strictly=strictly)


def _least(bound: Fraction, *, strictly: bool) -> int:
    """The least whole number from the bound on, or above it."""
    return floor(bound) + 1 if strictly else ceil(bound)
