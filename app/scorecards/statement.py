"""Reads what a plan's text says of the year's result: score, rank, fields, and the rank it aims at. Pure.

"Chỉ số cải cách hành chính của Sở năm 2023 đạt 89,42/100 điểm, Xếp thứ 11/22 đơn vị …, giảm 02 bậc so với năm 2022."
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.core.errors import N_, DomainError
from app.core.text import tidy
from app.scorecards.points import read_points
from app.scorecards.reading import Unreadable

_SHARE = r"(?P<score>[0-9][0-9.,]*)/(?P<maximum>[0-9]+(?:[.,][0-9]+)?)"
_RESULT = re.compile(
    rf"năm (?P<year>[0-9]{{4}}) đạt {_SHARE} điểm(?:, xếp thứ (?P<rank>[0-9]+)/(?P<ranked>[0-9]+))?", re.IGNORECASE
)
_CHANGE = re.compile(r"(?P<way>tăng|giảm) (?P<places>[0-9]+) bậc so với năm (?P<before>[0-9]{4})", re.IGNORECASE)
_AIM = re.compile(
    r"năm (?P<year>[0-9]{4}) tăng ít nhất (?P<places>[0-9]+) bậc so với năm (?P<before>[0-9]{4})", re.IGNORECASE
)
_FIELD = re.compile(rf"- Lĩnh vực (?P<number>[0-9]{{1,2}}): (?P<name>.+?) đạt {_SHARE}(?: điểm)?\.?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FieldStatement:
    """A field's score and maximum in hundredths of a point, as the text states them."""

    number: str
    name: str
    score: int
    maximum: int
    line: int


@dataclass(frozen=True, slots=True)
class YearStatement:
    """A year's result as the plan states it. Scores in hundredths of a point; what it does not say is None."""

    year: int
    score: int
    maximum: int
    rank: int | None
    ranked: int | None
    rank_change: int | None
    """Places against the year before: 2 lost is -2."""
    rank_gain: int | None
    """Places to be gained in the year after, at least."""
    fields: tuple[FieldStatement, ...]
    line: int


def read_statement(text: str) -> YearStatement:
    """The year's result in a plan's text. Raises Unreadable when it has none, or a score cannot be read."""
    lines = [(number, tidy(line)) for number, line in enumerate(text.split("\n"), 1)]
    problems: list[DomainError] = []

    def points(line: int, written: str) -> int:
        try:
            return read_points(written)
        except DomainError as error:
            problems.append(DomainError("Dòng %(line)s: %(reason)s", line=line, reason=error))
            return 0

    found = next(((number, said) for number, line in lines if (said := _RESULT.search(line))), None)
    if found is None:
        words = N_("Không thấy câu nào nói kết quả của năm, như “năm 2023 đạt 89,42/100 điểm, Xếp thứ 11/22”.")
        raise Unreadable([DomainError(words)])
    number, said = found
    fields = tuple(
        FieldStatement(
            field["number"], field["name"], points(line, field["score"]), points(line, field["maximum"]), line
        )
        for line, words in lines
        if (field := _FIELD.fullmatch(words))
    )
    year = int(said["year"])
    statement = YearStatement(
        year=year,
        score=points(number, said["score"]),
        maximum=points(number, said["maximum"]),
        rank=_whole(said["rank"]),
        ranked=_whole(said["ranked"]),
        rank_change=_change(lines[number - 1][1], year),
        rank_gain=_gain([line for _number, line in lines], year),
        fields=fields,
        line=number,
    )
    if problems:
        raise Unreadable(problems)
    return statement


def _change(line: str, year: int) -> int | None:
    said = _CHANGE.search(line)
    if said is None or int(said["before"]) != year - 1:
        return None
    return int(said["places"]) * (-1 if said["way"].lower() == "giảm" else 1)


def _gain(lines: list[str], year: int) -> int | None:
    aims = (said for line in lines if (said := _AIM.search(line)))
    return next((int(aim["places"]) for aim in aims if int(aim["before"]) == year), None)


def _whole(digits: str | None) -> int | None:
    return None if digits is None else int(digits)
