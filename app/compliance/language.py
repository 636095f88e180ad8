"""The language of rule packs: what may stand in pack.yaml, parameters.yaml, rules.yaml and tests.yaml.

Each model is one part of a file. It checks what can be seen on the part itself; what needs the whole pack, the
catalogue of facts or the official documents is checked in `checks`. Line numbers are added by the loader.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter, WithJsonSchema, model_validator

from app.compliance.conditions import Condition
from app.compliance.measures import (
    DAY_KINDS,
    NUMBER_OR_TEXT,
    RULE,
    UNIT,
    Clock,
    Count,
    Days,
    Escalation,
    Judge,
    Rate,
    Requirement,
    Target,
)
from app.compliance.problems import refuse
from app.compliance.words import (
    Name,
    RuleId,
    Sentence,
    Text,
    Words,
    as_list,
    check_placeholders,
    parse_share,
)


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
    DAYS = "days"
    """Days that another parameter says how to count."""
    DAY_KIND = "day_kind"
    """How days are counted: the value is working_days or calendar_days."""


def _number_or_text(value: object) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        refuse("bad_value")
    return value


class DatedValue(Words):
    """One value of a parameter, with the words of the document it comes from.

    A share is written 35%, a count or a number of days as a whole number from 0, a kind of days working_days or
    calendar_days. `same_as` stands for the value that another parameter of the same unit has on the day.
    """

    value: Annotated[int | str | None, PlainValidator(_number_or_text), WithJsonSchema(NUMBER_OR_TEXT)] = None
    same_as: Name | None = None
    source: Quote
    note: Text | None = None

    @model_validator(mode="after")
    def _one_value(self) -> DatedValue:
        if (self.value is None) == (self.same_as is None):
            refuse("one_value")
        return self


class Parameter(Words):
    """A figure of the plan that has a date: each value holds from its day until the next one's."""

    title: Text
    unit: ParameterUnit
    values: Annotated[dict[date, DatedValue], Field(min_length=1)]


def value_problem(value: object, unit: ParameterUnit) -> tuple[str, dict[str, object]] | None:
    """What is wrong with a parameter's value, as a kind of sentence and its params; None when it fits its unit:
    a share from 0% to 100%, a kind of days by its name, anything else a whole number from 0."""
    if unit is ParameterUnit.DAY_KIND:
        return None if value in DAY_KINDS else ("bad_day_kind", {"text": value})
    if unit is ParameterUnit.SHARE:
        share = parse_share(value)
        if share is None:
            return "bad_share", {"text": value}
        return None if 0 <= share <= 1 else ("share_out_of_range", {"text": value})
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return None if fits else ("bad_count", {"text": value})


# --- rules.yaml -----------------------------------------------------------------------------------------------


class AnswerWithin(Words):
    """How long the unit has to answer: a number of working days, or the name of a parameter that says it."""

    working_days: Days


class Evidence(Words):
    """Where the single cases behind a violation are: named filters of the case list, and the kind of fact that
    lists them, if one does."""

    cases: Annotated[tuple[Name, ...], BeforeValidator(as_list), Field(min_length=1)]
    facts: Name | None = None


Form = Literal["rate", "count", "fails_when", "requires", "clock", "escalates"]
FORMS: tuple[Form, ...] = ("rate", "count", "fails_when", "requires", "clock", "escalates")

PLACEHOLDERS: dict[Form, tuple[str, ...]] = {
    "rate": ("unit", "period", "numerator", "denominator", "value", "target", "shortfall"),
    "count": ("unit", "period", "numerator", "target", "shortfall"),
    "fails_when": ("unit", "period"),
    "requires": ("unit", "period", "subject", "due", "done_on"),
    "clock": ("unit", "period", "subject", "used", "allowed"),
    "escalates": ("unit", "period", "subject", "title", "count", "periods"),
}
"""What a message may say in {braces}, by the rule's form; besides, the fields that the rule reads by their bare
names, and any field of the single thing that is judged."""

EARLIER = "earlier_failure"
"""The kind of fact that says which rules a unit broke in the periods before."""


class Rule(Words):
    """One requirement of a plan, judged for units, for single things, or for the rules that a unit breaks."""

    id: RuleId
    title: Text
    severity: Severity
    legal_basis: Quote
    note: Text | None = None
    judge: Judge
    scope: Scope | None = None
    applies_when: Condition | None = None
    no_data_when: Condition | None = None
    pending_when: Condition | None = None
    rate: Rate | None = None
    target: Target | None = None
    count: Count | None = None
    fails_when: Condition | None = None
    requires: Annotated[dict[Name, Requirement] | None, Field(min_length=1, max_length=1)] = None
    clock: Clock | None = None
    escalates: Escalation | None = None
    message: Text
    remedy: Text
    answer_within: AnswerWithin
    evidence: Evidence | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Rule:
        given = [name for name in FORMS if getattr(self, name) is not None]
        if len(given) != 1 or (self.rate is None) != (self.target is None):
            refuse("one_form")
        if self.form not in _FORMS_FOR.get(self.judge.each, _FORMS_FOR_THINGS):
            refuse("form_not_here", form=self.form, each=self.judge.each)
        if self.escalates is not None and self.conditions:
            refuse("escalation_alone")
        # The fields of a single thing are known only to the catalogue of facts.
        allowed = self.placeholders if self.subject in (None, RULE) else None
        for message in (self.message.vi, self.message.en):
            check_placeholders(message, allowed)
        return self

    @property
    def form(self) -> Form:
        """Which form of judgement the rule has."""
        return next(name for name in FORMS if getattr(self, name) is not None)

    @property
    def subject(self) -> str | None:
        """The kind of facts whose single things are judged ("rule" for an escalation); None for units."""
        return None if self.judge.each == UNIT else self.judge.each

    @property
    def duty(self) -> tuple[str, Requirement] | None:
        """The kind of fact that the rule requires, and what it asks of it."""
        return next(iter(self.requires.items())) if self.requires else None

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What the message may say: what the form gives, and the bare names of the fields that are read."""
        own = PLACEHOLDERS[self.form] if self.subject is None else (*PLACEHOLDERS[self.form], "subject")
        return tuple(dict.fromkeys((*own, *(field.partition(".")[2] for field in self.fields))))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition on the unit or thing that is judged."""
        written = (self.applies_when, self.no_data_when, self.pending_when, self.fails_when)
        return tuple(condition for condition in written if condition is not None)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field of the unit or thing that the rule reads, each once."""
        found: list[str] = []
        if self.rate is not None and self.target is not None:
            found += [*self.rate.fields, *([self.target.field] if self.target.field else ())]
        if self.count is not None:
            found += self.count.of
        for condition in self.conditions:
            found += condition.fields
        if self.duty is not None and self.duty[1].within is not None:
            found.append(self.duty[1].within.after)
        if self.clock is not None:
            found += self.clock.fields
        return tuple(dict.fromkeys(found))

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind of fact that the rule reads."""
        kinds = {field.partition(".")[0] for field in self.fields}
        if self.escalates is not None:
            kinds.add(EARLIER)
        elif self.subject is not None:
            kinds.add(self.subject)
        return frozenset(kinds | set(self.requires or ()))

    @property
    def names(self) -> tuple[str, ...]:
        """Everything written in the rule that may be a parameter's name, each once."""
        written: list[object] = [self.answer_within.working_days]
        if self.target is not None and self.target.field is None:
            written.append(self.target.threshold)
        if self.count is not None:
            written.append(self.count.number)
        if self.clock is not None:
            written += [self.clock.counted_in, self.clock.at_most]
        if self.escalates is not None:
            written.append(self.escalates.periods)
        if self.duty is not None and self.duty[1].within is not None:
            written += [self.duty[1].within.amount, self.duty[1].within.counting]
        for condition in self.conditions:
            written += condition.names
        if self.duty is not None and self.duty[1].where is not None:
            written += self.duty[1].where.names
        return tuple(dict.fromkeys(str(name) for name in written if isinstance(name, str)))


_FORMS_FOR: dict[str, tuple[Form, ...]] = {UNIT: ("rate", "count", "fails_when"), RULE: ("escalates",)}
_FORMS_FOR_THINGS: tuple[Form, ...] = ("fails_when", "requires", "clock")


# --- tests.yaml -----------------------------------------------------------------------------------------------


class Expected(Words):
    """What a test expects of one rule and unit: the status, and figures where they matter."""

    status: Status
    numerator: int | None = None
    denominator: int | None = None
    shortfall: int | None = None
    subjects: Annotated[tuple[Sentence, ...] | None, BeforeValidator(as_list)] = None
    """The single things that fail, all of them."""
    missing: Annotated[tuple[Sentence, ...] | None, BeforeValidator(as_list)] = None
    late: Annotated[tuple[Sentence, ...] | None, BeforeValidator(as_list)] = None
    pending: Annotated[tuple[Sentence, ...] | None, BeforeValidator(as_list)] = None


def _status_alone(value: Any) -> Any:
    return {"status": value} if isinstance(value, str) else value


def _period_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _days_as_text(value: Any) -> Any:
    """Facts write days as texts; YAML reads 2024-06-20 as a day."""
    if not isinstance(value, list | tuple):
        return value
    return [
        {key: str(part) if isinstance(part, date) else part for key, part in fact.items()}
        if isinstance(fact, dict)
        else fact
        for fact in value
    ]


class UnitInTest(Words):
    """A unit in a test, where its kind matters."""

    code: Sentence
    kind: Name


class PackTest(Words):
    """A situation and what must come of it. Fields of facts that are not given are zero."""

    name: Sentence
    period: Annotated[Sentence, BeforeValidator(_period_text)]
    as_of: date | None = None
    """The day on which the period is looked at; when left out, the day after its last."""
    units: tuple[UnitInTest, ...] = ()
    given: Annotated[tuple[dict[str, Any], ...], BeforeValidator(_days_as_text)] = ()
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
