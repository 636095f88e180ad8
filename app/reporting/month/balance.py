"""Whether the figures of a report add up, and what breaks the sum where they do not. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.compliance.queries import ResultRow, ViolationLine
from app.core.errors import DomainError
from app.rulepacks.language import JudgedAs, Status

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Imbalance:
    """A sum that does not come out. `cells` are the results (pack, rule, unit) that break it."""

    said: DomainError
    cells: tuple[tuple[str, str, str], ...] = ()


def imbalances(
    results: Sequence[ResultRow], violations: Sequence[ViolationLine], answered: bool = True
) -> Iterator[Imbalance]:
    """Failing results and violations are the same cells (where the period asks for answers); the Department's figure is
    the sum of its parts."""
    if answered:
        yield from _same_cells(results, violations)
    yield from _wholes(results)


def _same_cells(results: Sequence[ResultRow], violations: Sequence[ViolationLine]) -> Iterator[Imbalance]:
    failing = {result.key for result in results if result.status is Status.FAIL}
    raised = {(line.pack, line.rule, line.unit.code) for line in violations}
    if lost := sorted(failing - raised):
        told: dict[str, Any] = {"failing": len(failing), "violations": len(raised), "cells": _named(lost)}
        yield Imbalance(
            DomainError(
                "Kết quả không đạt là %(failing)s, vi phạm là %(violations)s; không đạt mà không có vi phạm: "
                "%(cells)s.",
                **told,
            ),
            tuple(lost),
        )
    if more := sorted(raised - failing):
        told = {"failing": len(failing), "violations": len(raised), "cells": _named(more)}
        yield Imbalance(
            DomainError(
                "Kết quả không đạt là %(failing)s, vi phạm là %(violations)s; có vi phạm mà kết quả không phải là "
                "không đạt: %(cells)s.",
                **told,
            ),
            tuple(more),
        )


def _wholes(results: Sequence[ResultRow]) -> Iterator[Imbalance]:
    parts: dict[tuple[str, str], list[ResultRow]] = defaultdict(list)
    for result in results:
        if result.judged_as is JudgedAs.PART:
            parts[result.pack, result.rule].append(result)
    for whole in results:
        of_units = parts.get((whole.pack, whole.rule), [])
        if whole.judged_as is not JudgedAs.WHOLE or whole.denominator is None or not of_units:
            continue
        sums = sum(part.numerator or 0 for part in of_units), sum(part.denominator or 0 for part in of_units)
        if sums != (whole.numerator, whole.denominator):
            yield Imbalance(
                DomainError(
                    "%(rule)s: cả Sở %(n)s / %(d)s, cộng các đơn vị %(sum_n)s / %(sum_d)s (%(units)s).",
                    rule=whole.rule.upper(),
                    n=whole.numerator,
                    d=whole.denominator,
                    sum_n=sums[0],
                    sum_d=sums[1],
                    units=_listed(of_units),
                ),
                (whole.key, *(each.key for each in of_units)),
            )


def _listed(parts: Sequence[ResultRow]) -> str:
    shown = [f"{each.unit} {each.numerator or 0} / {each.denominator or 0}" for each in parts[:MOST_NAMED]]
    return ", ".join(shown) + (" …" if len(parts) > MOST_NAMED else "")


def _named(cells: Sequence[tuple[str, str, str]]) -> str:
    shown = [f"{rule.upper()} {unit}" for _pack, rule, unit in cells[:MOST_NAMED]]
    return ", ".join(shown) + (" …" if len(cells) > MOST_NAMED else "")
