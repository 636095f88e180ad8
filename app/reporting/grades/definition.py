"""How the handling of procedures is graded: nine indicators, thresholds and bands as dated data, in `grades.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.errors import NotFound
from app.core.yaml_files import read_source, read_text
from app.reporting.index.definition import Certainty, Exact, Tally

FILE = Path(__file__).with_name("grades.yaml")
MOST = 2
"""Points that an indicator gives at most."""
TENTH = Decimal("0.1")
Word = Annotated[str, Field(min_length=1)]


Share = Annotated[Exact, Field(ge=0, le=1)]


class Gives(StrEnum):
    """What of the records gives an indicator; see `queries`."""

    TIME = "time"
    STAGES = "stages"
    CONTACTS = "contacts"
    CONDUCT = "conduct"
    PETITIONS = "petitions"
    ONLINE = "online"


class GradeModel(BaseModel):
    """What is declared in the file, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class GradeSource(GradeModel):
    """Where something was seen."""

    certainty: Certainty
    says: Word


class Indicator(GradeModel):
    """One of the nine. `officer`: it counts for an officer too."""

    number: Annotated[int, Field(ge=1, le=9)]
    title: Word
    officer: bool
    source: Word
    told_by: Gives | None = None
    choice: Word | None = None
    untold: Word | None = None

    @model_validator(mode="after")
    def _told(self) -> Indicator:
        if (self.told_by is None) == (self.untold is None) or (self.told_by is None) != (self.choice is None):
            raise ValueError(f"{self.number}: say what gives it and how, or why nothing does")
        return self


class Halves(GradeModel):
    """The shares from which on two points, and one, are given."""

    full: Share
    half: Share


class OnlineHalves(Halves):
    """The same of online cases; two points ask for such a share of procedures too."""

    procedures: Share


class Band(GradeModel):
    """A name for points from a number on."""

    since: Exact = Field(alias="from")
    name: Word


class GradeTerms(GradeModel):
    """The thresholds from a day on; bands from the highest down to 0."""

    since: date = Field(alias="from")
    source: Word
    petitions: Halves
    online: OnlineHalves
    unit_bands: Annotated[tuple[Band, ...], Field(min_length=1)]
    officer_bands: Annotated[tuple[Band, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fall(self) -> GradeTerms:
        for bands in (self.unit_bands, self.officer_bands):
            starts = [band.since for band in bands]
            if starts != sorted(set(starts), reverse=True) or starts[-1] != 0:
                raise ValueError("bands must fall from the highest to 0")
        return self


class Grades(GradeModel):
    """The whole."""

    sources: dict[str, GradeSource]
    replaced_from: date
    terms: Annotated[tuple[GradeTerms, ...], Field(min_length=1)]
    indicators: tuple[Indicator, ...]

    @model_validator(mode="after")
    def _nine(self) -> Grades:
        if [each.number for each in self.indicators] != list(range(1, 10)):
            raise ValueError("there are nine indicators, in their order")
        used = {each.source for each in self.indicators} | {each.source for each in self.terms}
        if unknown := used - self.sources.keys():
            raise ValueError(f"no source {', '.join(sorted(unknown))}")
        return self

    def on(self, day: date) -> GradeTerms:
        """The thresholds of that day. Raises NotFound before the first."""
        held = [each for each in self.terms if each.since <= day]
        if not held:
            raise NotFound("Thông tư số 01/2018/TT-VPCP có hiệu lực sau kỳ này.")
        return held[-1]


@cache
def grades() -> Grades:
    """As the file has it. Raises pydantic's ValidationError with the place of what is wrong."""
    return read_grades(read_text(FILE, FILE.name))


def read_grades(text: str) -> Grades:
    """The grades that a text declares."""
    return Grades.model_validate(read_source(FILE.name, text).content)


@dataclass(frozen=True, slots=True)
class IndicatorMark:
    """Points of `counted` things added up; `unknown` are those of which the records do not tell."""

    points: int = 0
    counted: int = 0
    unknown: int = 0

    @property
    def average(self) -> Fraction | None:
        """None of nothing."""
        return Fraction(self.points, self.counted) if self.counted else None


@dataclass(frozen=True, slots=True)
class Grade:
    """What somebody's indicators come to: `known` points, of those that the records give, unrounded; `open` indicators
    that may give up to two points each."""

    known: Fraction
    open: int

    @classmethod
    def of(cls, averages: Sequence[Fraction | None]) -> Grade:
        """Added up."""
        told = [each for each in averages if each is not None]
        return cls(sum(told, Fraction(0)), len(averages) - len(told))

    @property
    def low(self) -> Decimal:
        """The points that are sure, to one decimal, half up."""
        return tenth(self.known)

    @property
    def high(self) -> Decimal:
        """The points that it may come to."""
        return tenth(self.known + MOST * self.open)

    def band(self, bands: Sequence[Band]) -> str | None:
        """The band that it is in whatever the open indicators give; None where that decides."""
        lowest, highest = band_of(self.low, bands), band_of(self.high, bands)
        return lowest if lowest == highest else None


def tenth(value: Fraction) -> Decimal:
    """To one decimal, half up."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(TENTH, ROUND_HALF_UP)


def band_of(points: Decimal, bands: Sequence[Band]) -> str:
    """The highest band that begins at or below."""
    return next(band.name for band in bands if Fraction(points) >= band.since)


def petition_points(terms: GradeTerms, tally: Tally) -> int:
    """Indicator 8: full marks where there was none."""
    share = tally.share
    if share is None or share >= terms.petitions.full:
        return MOST
    return 1 if share >= terms.petitions.half else 0


def online_points(terms: GradeTerms, procedures: Tally, cases: Tally, late: int) -> int | None:
    """Indicator 9; None where no procedure is known, or no case of which the way of handing in is."""
    offered, online = procedures.share, cases.share
    if offered is None or online is None:
        return None
    if offered >= terms.online.procedures and online >= terms.online.full and not late:
        return MOST
    return 1 if online >= terms.online.half else 0
