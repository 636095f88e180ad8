"""Audits a score table: does it add up, in itself and with the plan's text? What does not is a finding. Pure.

Nothing is corrected: a finding gives both numbers and the place, and the table stays as it was printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.scorecards.reading import FieldStatement

TABLE = ""
"""Number of the whole table, above its fields."""


class Column(StrEnum):
    """A column of scores; the words are those of the records."""

    MAXIMUM = "maximum"
    LAST_SCORE = "last_score"
    TARGET = "target"


class FindingKind(StrEnum):
    """How a document disagrees with itself."""

    SUM_OF_CHILDREN = "sum_of_children"  # stated: the parent's own; found: the sum of its children
    ABOVE_MAXIMUM = "above_maximum"  # stated: the score; found: the maximum
    BELOW_LAST_YEAR = "below_last_year"  # stated: the target; found: last year's score
    FIELD_IN_TEXT = "field_in_text"  # stated: in the plan's text; found: in the table
    FIELD_MISSING = "field_missing"  # a field that only one of them has
    TOTAL_OF_TEXT = "total_of_text"  # stated: the text's total; found: the sum of its own fields
    TOTAL_OF_TABLE = "total_of_table"  # stated: the text's total; found: the sum of the table's fields
    NUMBER_SKIPPED = "number_skipped"  # a number between two others is not there
    NO_MEASURES = "no_measures"  # points were lost, and nothing is to be done about it


class Scores(Protocol):
    """A criterion as this module needs it: numbers in hundredths of a point."""

    @property
    def number(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def maximum(self) -> int: ...
    @property
    def last_score(self) -> int: ...
    @property
    def target(self) -> int: ...
    @property
    def measures(self) -> str: ...
    @property
    def line(self) -> int | None: ...


class Stated(Protocol):
    """What the plan's text says of the year's result, as far as sums go: hundredths of a point."""

    @property
    def score(self) -> int: ...
    @property
    def maximum(self) -> int: ...
    @property
    def fields(self) -> Sequence[FieldStatement]: ...


@dataclass(frozen=True, slots=True)
class ScoreFinding:
    """One disagreement: two numbers in hundredths of a point (None where there is none), and where it stands."""

    kind: FindingKind
    number: str
    """Number of the criterion or field; TABLE for the whole."""
    name: str
    column: Column | None
    stated: int | None
    found: int | None
    line: int | None
    other: str = ""
    """The number that is skipped."""


def parent_of(number: str) -> str:
    """Number of the criterion above: "6.3.1" -> "6.3"; TABLE above a field."""
    return number.rpartition(".")[0]


def children_by_parent(numbers: Iterable[str]) -> dict[str, list[str]]:
    """Every number that has others below it -> theirs, in the table's order."""
    below: dict[str, list[str]] = {}
    for number in numbers:
        below.setdefault(parent_of(number), []).append(number)
    return below


def audit(criteria: Sequence[Scores], stated: Stated | None = None) -> tuple[ScoreFinding, ...]:
    """Every finding on the table, in its order; then those between it and the plan's text."""
    by_number = {criterion.number: criterion for criterion in criteria}
    below = children_by_parent(by_number)
    found = [*_skipped(below[TABLE], by_number)] if TABLE in below else []
    for criterion in criteria:
        children = [by_number[number] for number in below.get(criterion.number, ())]
        found += [*_sums(criterion, children), *_bounds(criterion)]
        found += _skipped([child.number for child in children], by_number)
        if not children and criterion.last_score < criterion.maximum and not criterion.measures:
            found.append(
                _finding(FindingKind.NO_MEASURES, criterion, Column.LAST_SCORE, criterion.last_score, criterion.maximum)
            )
    if stated is not None:
        found += _against_text([by_number[number] for number in below.get(TABLE, ())], stated)
    return tuple(found)


def points_of(criterion: Scores, column: Column) -> int:
    """The criterion's number in a column."""
    return {
        Column.MAXIMUM: criterion.maximum,
        Column.LAST_SCORE: criterion.last_score,
        Column.TARGET: criterion.target,
    }[column]


def rolled_up(below: Mapping[str, Sequence[str]], scores: Mapping[str, int | None], number: str) -> int | None:
    """The live score of a criterion: its own, or the sum of its children's where every one has a score."""
    if number not in below:
        return scores.get(number)
    parts = [rolled_up(below, scores, child) for child in below[number]]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _sums(criterion: Scores, children: Sequence[Scores]) -> Iterator[ScoreFinding]:
    for column in Column if children else ():
        own, total = points_of(criterion, column), sum(points_of(child, column) for child in children)
        if own != total:
            yield _finding(FindingKind.SUM_OF_CHILDREN, criterion, column, own, total)


def _bounds(criterion: Scores) -> Iterator[ScoreFinding]:
    for column in (Column.LAST_SCORE, Column.TARGET):
        if points_of(criterion, column) > criterion.maximum:
            own = points_of(criterion, column)
            yield _finding(FindingKind.ABOVE_MAXIMUM, criterion, column, own, criterion.maximum)
    if criterion.target < criterion.last_score:
        yield _finding(FindingKind.BELOW_LAST_YEAR, criterion, Column.TARGET, criterion.target, criterion.last_score)


def _skipped(numbers: Sequence[str], by_number: Mapping[str, Scores]) -> Iterator[ScoreFinding]:
    """Numbers that should stand before one of these and do not: 1.1, 1.3 lacks 1.2."""
    expected = 1
    for number in numbers:
        above, last = parent_of(number), int(number.rpartition(".")[2])
        for missing in range(expected, last):
            other = f"{above}.{missing}" if above else str(missing)
            place = by_number[number]
            yield ScoreFinding(FindingKind.NUMBER_SKIPPED, number, place.name, None, None, None, place.line, other)
        expected = last + 1


def _against_text(fields: Sequence[Scores], stated: Stated) -> Iterator[ScoreFinding]:
    told = {field.number: field for field in stated.fields}
    for field in fields:
        said = told.pop(field.number, None)
        if said is None:
            yield _finding(FindingKind.FIELD_MISSING, field, None, None, field.last_score)
            continue
        for column, value in ((Column.LAST_SCORE, said.score), (Column.MAXIMUM, said.maximum)):
            if value != points_of(field, column):
                yield _finding(FindingKind.FIELD_IN_TEXT, field, column, value, points_of(field, column))
    for said in told.values():
        yield ScoreFinding(FindingKind.FIELD_MISSING, said.number, said.name, None, said.score, None, said.line)
    for column, total in ((Column.LAST_SCORE, stated.score), (Column.MAXIMUM, stated.maximum)):
        own = sum(said.score if column is Column.LAST_SCORE else said.maximum for said in stated.fields)
        table = sum(points_of(field, column) for field in fields)
        if stated.fields and own != total:
            yield ScoreFinding(FindingKind.TOTAL_OF_TEXT, TABLE, "", column, total, own, None)
        if table != total:
            yield ScoreFinding(FindingKind.TOTAL_OF_TABLE, TABLE, "", column, total, table, None)


def _finding(
    kind: FindingKind, criterion: Scores, column: Column | None, stated: int | None, found: int | None
) -> ScoreFinding:
    return ScoreFinding(kind, criterion.number, criterion.name, column, stated, found, criterion.line)
