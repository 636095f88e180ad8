"""What the index of Decision 766/QĐ-TTg counts and for how many points: data, in `index766.yaml`, checked when read.

Pure. A metric's points are its maximum times its share, over the share from which on all points are given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from app.core.errors import NotFound
from app.core.yaml_files import read_source, read_text

FILE = Path(__file__).with_name("index766.yaml")
Word = Annotated[str, Field(min_length=1)]
CENT = Decimal("0.01")
TOLERANCE = Decimal("0.015")
"""How far the points rebuilt from a portal's answers may be from the portal's own: it answers with two decimals."""


class Certainty(StrEnum):
    """How sure a value is: where it was seen."""

    OFFICIAL = "O"
    PROGRAM = "P"
    SECOND_HAND = "S"
    GENERAL = "G"


class Nothing(StrEnum):
    """What a share of nothing is worth."""

    FULL = "full"
    ZERO = "zero"
    UNKNOWN = "unknown"


class Told(StrEnum):
    """What of the Department's records counts a metric; see `measures`."""

    PUBLICATIONS = "publications"
    ON_TIME = "on_time"
    OFFERED_ONLINE = "offered_online"
    USED_ONLINE = "used_online"
    ONLINE = "online"
    PAYMENT_OFFERED = "payment_offered"
    PAYMENT_USED = "payment_used"
    PAID_ONLINE = "paid_online"
    RESULT_DIGITAL = "result_digital"
    BOTH_DIGITAL = "both_digital"
    REUSED = "reused"
    VNEID = "vneid"
    PETITIONS = "petitions"
    NO_PETITIONS = "no_petitions"


class IndexModel(BaseModel):
    """What is declared in the file, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class InBoth(IndexModel):
    """Words in both languages."""

    vi: Word
    en: Word


class ValueSource(IndexModel):
    """Where values were seen."""

    certainty: Certainty
    says: InBoth


def _exact(value: object) -> object:
    return Fraction(value) if isinstance(value, str) else value


Exact = Annotated[Fraction, BeforeValidator(_exact)]


class Maximum(IndexModel):
    """How many points a metric gives at most."""

    value: Annotated[int, Field(ge=0, le=100)]
    source: Word


class FullAt(IndexModel):
    """The share from which on all points are given."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    value: Annotated[Exact, Field(gt=0, le=1)]
    source: Word


class WhenNothing(IndexModel):
    """What is given where there is nothing to count."""

    value: Nothing
    source: Word


class WithinDays(IndexModel):
    """The working days within which something is to be done."""

    value: Annotated[int, Field(ge=1, le=60)]
    source: Word


IndexValue = Maximum | FullAt | WhenNothing | WithinDays
ValueName = Literal["maximum", "full_at", "when_nothing", "within_days"]
VALUE_NAMES: tuple[ValueName, ...] = ("maximum", "full_at", "when_nothing", "within_days")


class MetricTerms(IndexModel):
    """The values of a metric from a day on."""

    since: date = Field(alias="from")
    maximum: Maximum
    full_at: FullAt
    when_nothing: WhenNothing
    within_days: WithinDays | None = None

    def values(self) -> Iterator[tuple[ValueName, IndexValue]]:
        for name in VALUE_NAMES:
            value = getattr(self, name)
            if value is not None:
                yield name, value


class Metric(IndexModel):
    """One line of the index. `told_by` None: the portal alone knows it."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{2,63}$")]
    number: Word
    title: InBoth
    counts: InBoth
    told_by: Told | None = None
    untold: InBoth | None = None
    choice: InBoth | None = None
    terms: Annotated[tuple[MetricTerms, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> Metric:
        days = [each.since for each in self.terms]
        if days != sorted(set(days)):
            raise ValueError(f"{self.code}: terms must go from earlier to later days")
        if self.told_by is None and self.untold is None:
            raise ValueError(f"{self.code}: nothing counts it, and nothing says why")
        if self.told_by is Told.PUBLICATIONS and any(each.within_days is None for each in self.terms):
            raise ValueError(f"{self.code}: within_days is missing")
        return self

    def on(self, day: date) -> MetricTerms | None:
        """The values of that day; None before the first."""
        held = [each for each in self.terms if each.since <= day]
        return held[-1] if held else None


class MetricGroup(IndexModel):
    """A part of the index."""

    code: Word
    number: Word
    title: InBoth
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1)]


class IndexDefinition(IndexModel):
    """The whole index, for all days."""

    title: InBoth
    document: Word
    sum: int
    sources: dict[str, ValueSource]
    groups: Annotated[tuple[MetricGroup, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> IndexDefinition:
        metrics = [metric for group in self.groups for metric in group.metrics]
        if twice := [code for code, n in Counter(each.code for each in metrics).items() if n > 1]:
            raise ValueError(f"twice: {', '.join(twice)}")
        for metric in metrics:
            for name, value in (pair for terms in metric.terms for pair in terms.values()):
                if value.source not in self.sources:
                    raise ValueError(f"{metric.code}.{name}: no source “{value.source}”")
        for day in sorted({terms.since for metric in metrics for terms in metric.terms}):
            held = [terms for metric in metrics if (terms := metric.on(day)) is not None]
            total = sum(terms.maximum.value for terms in held)
            if total != self.sum:
                raise ValueError(f"from {day} the maxima come to {total}, not {self.sum}")
        return self

    def on(self, day: date) -> list[tuple[MetricGroup, list[tuple[Metric, MetricTerms]]]]:
        """The groups with their metrics as of a day. Raises NotFound before the first day of any."""
        found = [
            (group, [(metric, terms) for metric in group.metrics if (terms := metric.on(day))]) for group in self.groups
        ]
        if not any(metrics for _group, metrics in found):
            raise NotFound("Bộ chỉ số theo Quyết định 766 được áp dụng sau kỳ này.")
        return [(group, metrics) for group, metrics in found if metrics]

    def metric(self, code: str) -> Metric:
        """By its code. Raises NotFound."""
        for group in self.groups:
            for metric in group.metrics:
                if metric.code == code:
                    return metric
        raise NotFound("Không có chỉ số này.")

    def certainty(self, value: IndexValue) -> Certainty:
        """How sure a value is."""
        return self.sources[value.source].certainty


@cache
def definition() -> IndexDefinition:
    """The index as the file has it. Raises pydantic's ValidationError with the place of what is wrong, SourceError for
    what is no YAML of ours."""
    return read_definition(read_text(FILE, FILE.name))


def read_definition(text: str) -> IndexDefinition:
    """The index that a text declares."""
    return IndexDefinition.model_validate(read_source(FILE.name, text).content)


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted: `numerator` of `denominator`; `unknown` are those of which the records do not tell, and which
    are in neither."""

    numerator: int = 0
    denominator: int = 0
    unknown: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.numerator + other.numerator, self.denominator + other.denominator, self.unknown + other.unknown
        )

    @property
    def share(self) -> Fraction | None:
        """None of nothing."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None


def points(terms: MetricTerms, tally: Tally) -> Fraction | None:
    """What a count is worth, unrounded; None where it is not known. Of nothing, `when_nothing` says, unless there may
    be something that the records do not tell."""
    maximum = Fraction(terms.maximum.value)
    share = tally.share
    if share is not None:
        return min(maximum, maximum * share / terms.full_at.value)
    if tally.unknown or terms.when_nothing.value is Nothing.UNKNOWN:
        return None
    return maximum if terms.when_nothing.value is Nothing.FULL else Fraction(0)


def rounded(value: Fraction) -> Decimal:
    """To two decimals, half up; sums are rounded once, after adding what is not."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(CENT, ROUND_HALF_UP)


def value_text(value: IndexValue) -> str:
    """As it is kept beside a confirmation, so that another value is not taken as confirmed."""
    return str(value.value)
