"""The language of rule packs: what may stand in pack.yaml, parameters.yaml, rules.yaml and tests.yaml.

Each model is one part of a file. It checks what can be seen on the part itself; what needs the whole pack, the
catalogue of facts or the official documents is checked in `checks`. Line numbers are added by the loader.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from app.compliance.conditions import Condition
from app.compliance.problems import refuse
from app.compliance.words import (
    FieldSum,
    Name,
    RuleId,
    Sentence,
    Text,
    Threshold,
    Words,
    as_list,
    check_placeholders,
    is_name,
    parse_share,
)
from app.periods import PeriodKind


class Severity(StrEnum):
    """How much a violation weighs."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Status(StrEnum):
    """What a rule says of a unit in a period."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    """Nothing to judge: not this unit's rule, or nothing happened that it judges."""
    NO_DATA = "no_data"
    """Something should have been recorded, and was not."""
    WAIVED = "waived"
    """Somebody has excused the unit until a day; never the engine's word."""


class Quote(Words):
    """Where a rule or a value comes from: a document, the place in it, and its words, verbatim.

    "[…]" in the quote stands for words left out.
    """

    document: Name
    place: Sentence
    quote: Sentence


class Span(Words):
    """From one day to another, both included; open when a day is left out."""

    start: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.start and self.until and self.until < self.start:
            refuse("dates_reversed", start=self.start.isoformat(), until=self.until.isoformat())
        return self

    def __contains__(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.until is None or day <= self.until)


class Scope(Words):
    """The units meant: those of the kinds or with the codes listed. Nothing listed means every unit."""

    kinds: Annotated[tuple[Name, ...], BeforeValidator(as_list)] = ()
    codes: Annotated[tuple[Sentence, ...], BeforeValidator(as_list)] = ()

    @property
    def is_everybody(self) -> bool:
        """Whether no unit is left out."""
        return not (self.kinds or self.codes)

    def includes(self, code: str, kind: str) -> bool:
        """Whether a unit is meant."""
        return self.is_everybody or kind in self.kinds or code in self.codes


class PackInfo(Words):
    """pack.yaml: which plan this is, and for whom and when it holds."""

    id: Name
    title: Text
    document: Name
    """The code of the plan's own document in rules/documents/documents.yaml."""
    in_force: Span = Span()
    scope: Scope | None = None
    notes: Annotated[tuple[Text, ...], BeforeValidator(as_list)] = ()


# --- parameters.yaml ------------------------------------------------------------------------------------------


class ParameterUnit(StrEnum):
    """What a parameter's value is counted in."""

    SHARE = "share"
    COUNT = "count"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"


_NUMBER_OR_TEXT: dict[str, Any] = {"type": ["integer", "string"]}


def _number_or_text(value: object) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        refuse("bad_value")
    return value


class DatedValue(Words):
    """One value of a parameter, with the words of the document it comes from.

    A share is written 35%, a count or a number of days as a whole number from 0.
    """

    value: Annotated[int | str, PlainValidator(_number_or_text), WithJsonSchema(_NUMBER_OR_TEXT)]
    source: Quote
    note: Text | None = None


class Parameter(Words):
    """A figure of the plan that has a date: each value holds from its day until the next one's."""

    title: Text
    unit: ParameterUnit
    values: Annotated[dict[date, DatedValue], Field(min_length=1)]


def value_problem(value: object, unit: ParameterUnit) -> tuple[str, dict[str, object]] | None:
    """What is wrong with a parameter's value, as a kind of sentence and its params; None when it fits its unit:
    a share from 0% to 100%, anything else a whole number from 0."""
    if unit is ParameterUnit.SHARE:
        share = parse_share(value)
        if share is None:
            return "bad_share", {"text": value}
        return None if 0 <= share <= 1 else ("share_out_of_range", {"text": value})
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return None if fits else ("bad_count", {"text": value})


# --- rules.yaml -----------------------------------------------------------------------------------------------


class Judge(Words):
    """What is judged, and over which periods."""

    each: Literal["unit"]
    every: Annotated[tuple[PeriodKind, ...], BeforeValidator(as_list), Field(min_length=1)]


class Rate(Words):
    """A share of a whole: `count` among `among`. Nothing in `among` while `expects` is above zero means that
    something should have been recorded and was not."""

    count: Annotated[FieldSum, Field(min_length=1)]
    among: Annotated[FieldSum, Field(min_length=1)]
    expects: FieldSum | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field the rate reads, each once, in the order written."""
        return tuple(dict.fromkeys((*self.count, *self.among, *(self.expects or ()))))


TARGETS = ("at_least", "more_than", "at_most", "less_than")
TargetComparison = Literal["at_least", "more_than", "at_most", "less_than"]


class Target(Words):
    """What the rate is held against: exactly one comparison with a parameter or a share written out."""

    at_least: Threshold | None = None
    more_than: Threshold | None = None
    at_most: Threshold | None = None
    less_than: Threshold | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Target:
        if sum(getattr(self, name) is not None for name in TARGETS) != 1:
            refuse("one_comparison", expected=", ".join(TARGETS))
        return self

    @property
    def comparison(self) -> TargetComparison:
        """The comparison that is given."""
        if self.at_least is not None:
            return "at_least"
        if self.more_than is not None:
            return "more_than"
        return "at_most" if self.at_most is not None else "less_than"

    @property
    def threshold(self) -> str:
        """A share written out, or the name of a parameter."""
        threshold: str = getattr(self, self.comparison)
        return threshold


def _days_or_name(value: object) -> int | str:
    is_days = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not is_days and not (isinstance(value, str) and is_name(value)):
        refuse("bad_days", text=value)
    assert isinstance(value, int | str)
    return value


class AnswerWithin(Words):
    """How long the unit has to answer: a number of working days, or the name of a parameter that says it."""

    working_days: Annotated[int | str, PlainValidator(_days_or_name), WithJsonSchema(_NUMBER_OR_TEXT)]


class Evidence(Words):
    """Where the single cases behind a violation are: named filters of the case list, and the kind of fact that
    lists them, if one does."""

    cases: Annotated[tuple[Name, ...], BeforeValidator(as_list), Field(min_length=1)]
    facts: Name | None = None


PLACEHOLDERS = ("unit", "period", "numerator", "denominator", "value", "target", "shortfall")
"""What a message may say in {braces}."""


class Rule(Words):
    """One requirement of a plan: a rate with a target, or a condition that means failure."""

    id: RuleId
    title: Text
    severity: Severity
    legal_basis: Quote
    note: Text | None = None
    judge: Judge
    scope: Scope | None = None
    applies_when: Condition | None = None
    rate: Rate | None = None
    target: Target | None = None
    fails_when: Condition | None = None
    message: Text
    remedy: Text
    answer_within: AnswerWithin
    evidence: Evidence | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Rule:
        is_rate = self.rate is not None and self.target is not None and self.fails_when is None
        is_condition = self.fails_when is not None and self.rate is None and self.target is None
        if not (is_rate or is_condition):
            refuse("one_form")
        allowed = PLACEHOLDERS if self.rate else ("unit", "period")
        check_placeholders(self.message.vi, allowed)
        check_placeholders(self.message.en, allowed)
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field of facts the rule reads, each once."""
        conditions = [c for c in (self.applies_when, self.fails_when) if c is not None]
        compared = (field for condition in conditions for field, _ in condition.every_comparison())
        return tuple(dict.fromkeys((*(self.rate.fields if self.rate else ()), *compared)))

    @property
    def names(self) -> tuple[str, ...]:
        """Everything written in the rule that may be a parameter's name."""
        conditions = [c for c in (self.applies_when, self.fails_when) if c is not None]
        operands = [o for c in conditions for _, comparison in c.every_comparison() for o in comparison.operands]
        written = [*([self.target.threshold] if self.target else ()), self.answer_within.working_days, *operands]
        return tuple(dict.fromkeys(name for name in written if isinstance(name, str)))


# --- tests.yaml -----------------------------------------------------------------------------------------------


class Expected(Words):
    """What a test expects of one rule and unit: the status, and figures where they matter."""

    status: Status
    numerator: int | None = None
    denominator: int | None = None
    shortfall: int | None = None


def _status_alone(value: Any) -> Any:
    return {"status": value} if isinstance(value, str) else value


def _period_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class UnitInTest(Words):
    """A unit in a test, where its kind matters."""

    code: Sentence
    kind: Name


class PackTest(Words):
    """A situation and what must come of it. Fields of facts that are not given are zero."""

    name: Sentence
    period: Annotated[Sentence, BeforeValidator(_period_text)]
    units: tuple[UnitInTest, ...] = ()
    given: tuple[dict[str, Any], ...] = ()
    expect: Annotated[
        dict[RuleId, dict[Sentence, Annotated[Expected, BeforeValidator(_status_alone)]]], Field(min_length=1)
    ]


PACK_FILES: dict[str, TypeAdapter[Any]] = {
    "pack.yaml": TypeAdapter(PackInfo),
    "parameters.yaml": TypeAdapter(dict[Name, Parameter]),
    "rules.yaml": TypeAdapter(Annotated[tuple[Rule, ...], Field(min_length=1)]),
    "tests.yaml": TypeAdapter(tuple[PackTest, ...]),
}
"""The files of a pack and what each holds. parameters.yaml and tests.yaml may be left out."""
