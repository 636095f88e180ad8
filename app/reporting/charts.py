"""A rate over months as a drawing: where points, line and words lie (templates/components/chart.html). Pure.

Readable in black and white: a filled point misses the target, a hollow one reaches it, a square was held against none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.compliance.overview import RatePoint
from app.core.periods import Period
from app.rulepacks.language import Status

LEFT, STEP = 10, 20
TOP, BOTTOM = 12, 76
"""Where a share of 1 and of 0 lie."""
LINE = 13
"""How far apart two words must lie to be read."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A month's point: `miss`, `hit` or `plain`, where it lies, and its share in words."""

    shape: str
    x: int
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`path` is the line, broken where nothing was counted; `marks` by month, None there. The last point says its share
    at `words_y`, the target its own at `target_y`; None where there is none."""

    path: str
    marks: tuple[Mark | None, ...]
    words_y: float | None
    target_y: float | None

    @property
    def last(self) -> Mark | None:
        """The last point there is."""
        return next((mark for mark in reversed(self.marks) if mark is not None), None)


def drawn(months: Sequence[Period], points: Mapping[Period, RatePoint], words: Callable[[RatePoint], str]) -> Chart:
    """The rate's points of those months."""
    marks = tuple(
        _mark(number, point, words(point)) if (point := points.get(month)) is not None else None
        for number, month in enumerate(months)
    )
    path, going_on = [], False
    for mark in marks:
        if mark is not None:
            path.append(f"{'L' if going_on else 'M'}{mark.x} {mark.y}")
        going_on = mark is not None
    last = next((points[month] for month in reversed(months) if month in points), None)
    if last is None:
        return Chart("", marks, None, None)
    own = _y(float(last.value))
    aim = _y(float(last.target)) if last.target is not None and last.target <= 1 else None
    return Chart(" ".join(path), marks, _beside(own, aim), aim)


def _mark(number: int, point: RatePoint, words: str) -> Mark:
    shape = "plain" if point.status is None else "miss" if point.status is Status.FAIL else "hit"
    return Mark(shape, LEFT + STEP * number, _y(float(point.value)), words)


def _y(share: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * min(max(share, 0.0), 1.0), 1)


def _beside(own: float, aim: float | None) -> float:
    """Where the share's words lie: at its point, but clear of the target's."""
    if aim is None or abs(own - aim) >= LINE:
        return own
    return aim + LINE if own >= aim else aim - LINE
