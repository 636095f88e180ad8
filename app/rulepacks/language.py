"""The language of rule packs: what may stand in pack.yaml, parameters.yaml, rules.yaml and tests.yaml.

Each model is one part of a file. It checks what can be seen on the part itself; what needs the whole pack, the
catalogue of facts or the official documents is checked in `checks`. Line numbers are added by the loader.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from app.rulepacks.conditions import (
    RULE,
    UNIT,
    Clock,
    Condition,
    Count,
    DatedValue,
    Days,
    Escalation,
    Judge,
    Parameter,
    ParameterUnit,
    Quote,
    Rate,
    Requirement,
    Target,
    value_problem,
)
from app.rulepacks.words import Name, RuleId, Sentence, Text, Words, as_list, check_placeholders, refuse

__all__ = [
    "EARLIER",
    "FORMS",
    "PACK_FILES",
    "PLACEHOLDERS",
    "UNIT_KINDS",
    "AnswerWithin",
    "DatedValue",
    "Evidence",
    "Expected",
    "Form",
    "FoundAs",
    "JudgedAs",
    "PackInfo",
    "PackTest",
    "Parameter",
    "ParameterUnit",
    "Quote",
    "Rule",
    "Severity",
    "Span",
    "Status",
    "SubjectState",
    "UnitInTest",
    "UnitScope",
    "value_problem",
]


class Severity(StrEnum):
    """How much a violation weighs."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class Status(StrEnum):
    """What a rule says of a unit in a period."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    FAIL = "fail"
    PENDING = "pending"
    """Its last day has not passed: nothing can be said yet, and it counts nowhere."""
    NOT_APPLICABLE = "not_applicable"
    """Nothing to judge: not this unit's rule, or nothing happened that it judges."""
    NO_DATA = "no_data"
    """Something should have been recorded, and was not."""
    WAIVED = "waived"
    """Somebody has excused the unit until a day; never the engine's word."""
    REMARK = "remark"
    """Something is wrong with a document, or due from a body outside: to be known, no violation of the unit's."""


class SubjectState(StrEnum):
    """What a rule says of one single thing."""

    KEPT = "kept"
    LATE = "late"
    """Done after its last day."""
    MISSING = "missing"
    """Not done, and its last day has passed."""
    RETURNED = "returned"
    """What was done was given back, and nothing came in its place."""
    PENDING = "pending"
    """Not done, and its last day has not passed."""
    FAIL = "fail"
    """Breaks a rule that asks for nothing to be done."""


class JudgedAs(StrEnum):
    """As what a unit is judged where a rule is about the Department as a whole."""

    WHOLE = "whole"
    """For the Department: by what all its units come to together."""
    PART = "part"
    """For its own part beside the whole."""


class FoundAs(StrEnum):
    """What a broken rule is found to be."""

    VIOLATION = "violation"
    REMARK = "remark"
    """Something wrong with a document, or due from a body outside: shown, and nobody's to answer."""


UNIT_KINDS = ("department", "office", "inspectorate", "division", "attached")
"""The kinds of units that a pack may speak of."""


class Span(Words):
    """From one day to another, both included; open when a day is left out."""

    start: Annotated[date | None, Field(alias="from")] = None
    """The first day; since always when left out."""
    until: date | None = None
    """The last day; until further notice when left out."""

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.start and self.until and self.until < self.start:
            refuse("dates_reversed", start=self.start.isoformat(), until=self.until.isoformat())
        return self

    def __contains__(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.until is None or day <= self.until)


class UnitScope(Words):
    """The units meant: those of the kinds or with the codes listed. Nothing listed means every unit."""

    kinds: Annotated[tuple[Name, ...], BeforeValidator(as_list)] = ()
    """Kinds of units: division, attached, office ..."""
    codes: Annotated[tuple[Sentence, ...], BeforeValidator(as_list)] = ()
    """Codes of units."""

    @model_validator(mode="after")
    def _kinds_exist(self) -> UnitScope:
        for kind in self.kinds:
            if kind not in UNIT_KINDS:
                refuse("unknown_kind", unit_kind=kind, known=", ".join(UNIT_KINDS))
        return self

    @property
    def is_everybody(self) -> bool:
        """Whether no unit is left out."""
        return not (self.kinds or self.codes)

    def includes(self, code: str, kind: str) -> bool:
        return self.is_everybody or kind in self.kinds or code in self.codes


class PackInfo(Words):
    """pack.yaml: which plan this is, and for whom and when it holds."""

    id: Name
    """The pack's name, the same as its folder's."""
    title: Text
    """The plan's name."""
    document: Name
    """The code of the plan's own document in rules/documents/documents.yaml."""
    in_force: Span = Span()
    """When the plan holds."""
    scope: UnitScope | None = None
    """The units it is for; everybody when left out."""
    notes: Annotated[tuple[Text, ...], BeforeValidator(as_list)] = ()
    """What is odd about the plan, and what the pack makes of it."""


# --- rules.yaml -----------------------------------------------------------------------------------------------


class AnswerWithin(Words):
    """How long the unit has to answer: a number of working days, or the name of a parameter that says it."""

    working_days: Days
    """Working days from the day the violation is found."""


class Evidence(Words):
    """Where the single cases behind a violation are: named filters of the case list, and the kind of fact that
    lists them, if one does."""

    cases: Annotated[tuple[Name, ...], BeforeValidator(as_list), Field(min_length=1)]
    """Names of lists of cases."""
    facts: Name | None = None
    """A kind of facts about single things."""


Form = Literal["rate", "count", "fails_when", "requires", "clock", "escalates"]
FORMS: tuple[Form, ...] = ("rate", "count", "fails_when", "requires", "clock", "escalates")

PLACEHOLDERS: dict[Form, tuple[str, ...]] = {
    "rate": ("unit", "period", "numerator", "denominator", "value", "target", "shortfall"),
    "count": ("unit", "period", "numerator", "target", "shortfall"),
    "fails_when": ("unit", "period"),
    "requires": ("unit", "period", "subject", "due", "done_on"),
    "clock": ("unit", "period", "subject", "used", "allowed"),
    "escalates": ("unit", "head", "period", "subject", "title", "count", "periods"),
}
"""What a message may say in {braces}, by the rule's form; besides, the fields that the rule reads by their bare
names, and any field of the single thing that is judged."""

EARLIER = "earlier_failure"
"""The kind of fact that says which rules a unit broke in the periods before."""


class Rule(Words):
    """One requirement of a plan, judged for units, for single things, or for the rules that a unit breaks."""

    id: RuleId
    """The rule's own name, for good: khd-2c.2."""
    title: Text
    """What it asks for, in a few words."""
    severity: Severity
    """How much a violation weighs."""
    legal_basis: Quote
    """The words of the plan that the rule checks."""
    note: Text | None = None
    """Where the document is unclear, or contradicts another."""
    judge: Judge
    """Who and what is judged, and over which periods."""
    finding: FoundAs = FoundAs.VIOLATION
    """What it is when the rule is broken: a violation of the unit's, or a remark that nobody has to answer."""
    scope: UnitScope | None = None
    """The units it is for, within those of the pack."""
    applies_when: Condition | None = None
    """Otherwise the rule does not apply."""
    no_data_when: Condition | None = None
    """Something should have been recorded, and was not."""
    pending_when: Condition | None = None
    """Not yet due: nothing can be said."""
    rate: Rate | None = None
    """A share of a unit's figures, or of a single thing's own; with `target`."""
    target: Target | None = None
    """What the share is held against."""
    count: Count | None = None
    """A number held against a number."""
    fails_when: Condition | None = None
    """A condition that means failure."""
    requires: Annotated[dict[Name, Requirement] | None, Field(min_length=1, max_length=1)] = None
    """What must be there for each thing judged: one kind of fact."""
    clock: Clock | None = None
    """Days used by a step against its allowance."""
    escalates: Escalation | None = None
    """Rules broken in several periods on end."""
    message: Text
    """What the unit is told of a violation, with {figures}."""
    remedy: Text
    """What is to be done about it."""
    answer_within: AnswerWithin | None = None
    """How long the unit has to answer; needed unless the finding is a remark."""
    evidence: Evidence | None = None
    """Where the single cases behind it are."""

    @model_validator(mode="after")
    def _one_form(self) -> Rule:
        given = [name for name in FORMS if getattr(self, name) is not None]
        if len(given) != 1 or (self.rate is None) != (self.target is None):
            refuse("one_form")
        if self.form not in _FORMS_FOR.get(self.judge.things, _FORMS_FOR_THINGS):
            refuse("form_not_here", form=self.form, each=self.judge.things)
        if self.rate is not None and self.rate.by is not None and self.subject is not None:
            refuse("by_of_units")
        if self.judge.whole is not None and not self.counted:
            refuse("whole_needs_a_sum", form=self.form)
        if self.escalates is not None and self.conditions:
            refuse("escalation_alone")
        # The fields of a single thing are known only to the catalogue of facts.
        allowed = self.placeholders if self.subject in (None, RULE) else None
        for message in (self.message.vi, self.message.en):
            check_placeholders(message, allowed)
        return self

    @model_validator(mode="after")
    def _answered(self) -> Rule:
        if self.is_remark and self.answer_within is not None:
            refuse("remark_unanswered")
        if self.is_remark and self.escalates is not None:
            refuse("remark_escalates")
        if not self.is_remark and self.answer_within is None:
            refuse("answer_missing")
        return self

    @property
    def is_remark(self) -> bool:
        """Whether what is found is told and answered by nobody."""
        return self.finding is FoundAs.REMARK

    @property
    def form(self) -> Form:
        """Which form of judgement the rule has."""
        return next(name for name in FORMS if getattr(self, name) is not None)

    @property
    def subject(self) -> str | None:
        """The kind of facts whose single things are judged ("rule" for an escalation); None for units."""
        return None if self.judge.things == UNIT else self.judge.things

    @property
    def counted(self) -> tuple[str, ...]:
        if self.rate is not None:
            return self.rate.fields
        return self.count.of if self.count is not None else ()

    def allowed(self, figures: Mapping[str, Any]) -> int:
        """Of a result's figures: how many working days later than at once were still counted as at once."""
        later = self.rate.later if self.rate is not None else None
        return int(figures.get(later.days, 0)) if later is not None else 0

    @property
    def added_up(self) -> tuple[str, ...]:
        """The fields that add up over units: what is counted, and what conditions read of the same kinds of facts."""
        kinds = {field.partition(".")[0] for field in self.counted}
        beside = (field for condition in self.conditions for field in condition.fields)
        return tuple(dict.fromkeys((*self.counted, *(field for field in beside if field.partition(".")[0] in kinds))))

    @property
    def duty(self) -> tuple[str, Requirement] | None:
        """The kind of fact that the rule requires, and what it asks of it."""
        return next(iter(self.requires.items())) if self.requires else None

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What the message may say: what the form gives, and the bare names of the fields that are read."""
        own = PLACEHOLDERS[self.form] if self.subject is None else (*PLACEHOLDERS[self.form], "subject")
        if self.clock is not None and self.clock.started_on is not None:
            own = (*own, "due")  # the last day allowed
        return tuple(dict.fromkeys((*own, *(field.partition(".")[2] for field in self.fields))))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition on the unit or thing that is judged."""
        written = (self.applies_when, self.no_data_when, self.pending_when, self.fails_when)
        return tuple(condition for condition in written if condition is not None)

    @cached_property  # a rule never changes, and a page asks it a hundred times
    def fields(self) -> tuple[str, ...]:
        """Every field of the unit or thing that the rule reads, each once."""
        found: list[str] = []
        if self.rate is not None and self.target is not None:
            found += [*self.rate.fields, *([self.target.field] if self.target.field else ())]
            found += [self.rate.later.days] if self.rate.later is not None else []
        if self.count is not None:
            found += self.count.of
        for condition in self.conditions:
            found += condition.fields
        if self.duty is not None:
            required = self.duty[1]
            found += [required.within.after] if required.within is not None else []
            found += [name for name in (required.by, required.arises_on) if name is not None]
            found += required.unless.fields if required.unless is not None else ()
        if self.clock is not None:
            found += self.clock.fields
        return tuple(dict.fromkeys(found))

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Every kind of fact that the rule reads."""
        kinds = {field.partition(".")[0] for field in self.fields}
        if self.escalates is not None:
            kinds.add(EARLIER)
        elif self.subject is not None:
            kinds.add(self.subject)
        if self.rate is not None and self.rate.names is not None:
            kinds.add(self.rate.names)
        kinds |= {field.partition(".")[0] for field in self.besides}
        return frozenset(kinds | set(self.requires or ()))

    @property
    def besides(self) -> tuple[str, ...]:
        """The unit's fields that count the things that kept a duty and that no fact tells of."""
        return (self.duty[1].besides or ()) if self.duty is not None else ()

    @property
    def named(self) -> str | None:
        """The kind of facts about the single things that a result names: those it judges, or those behind a rate."""
        return self.subject or (self.rate.names if self.rate is not None else None)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Everything written in the rule that may be a parameter's name, each once."""
        written: list[object] = [self.answer_within.working_days] if self.answer_within is not None else []
        if self.target is not None and self.target.field is None:
            written.append(self.target.threshold)
        if self.rate is not None and self.rate.later is not None:
            written.append(self.rate.later.within)
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
        if self.duty is not None:
            for on_duty in (self.duty[1].where, self.duty[1].unless):
                written += on_duty.names if on_duty is not None else ()
        return tuple(dict.fromkeys(str(name) for name in written if isinstance(name, str)))


_FORMS_FOR: dict[str, tuple[Form, ...]] = {UNIT: ("rate", "count", "fails_when"), RULE: ("escalates",)}
_FORMS_FOR_THINGS: tuple[Form, ...] = ("rate", "fails_when", "requires", "clock")


# --- tests.yaml -----------------------------------------------------------------------------------------------


def _one_as_list(value: Any) -> Any:
    return value if isinstance(value, dict) else as_list(value)


class Expected(Words):
    """What a test expects of one rule and unit: the status, and figures where they matter."""

    status: Status
    """The result."""
    numerator: int | None = None
    """Counted, or kept."""
    denominator: int | None = None
    """Counted among, or judged."""
    shortfall: int | None = None
    """How many are missing, or fail."""
    unknown: int | None = None
    """How many are not known."""
    due: date | None = None
    """The last day of what is pending; the earliest, if there are several."""
    judged_as: JudgedAs | None = None
    """Of a rule about the whole Department: `whole`, or `part` of a unit beside it."""
    subjects: Annotated[tuple[Sentence, ...] | dict[Sentence, SubjectState] | None, BeforeValidator(_one_as_list)] = (
        None
    )
    """The single things that fail, all of them; or the state of each thing named."""
    missing: Annotated[tuple[Sentence, ...] | None, BeforeValidator(as_list)] = None
    """The single things whose duty was not done, all of them."""
    late: Annotated[tuple[Sentence, ...] | None, BeforeValidator(as_list)] = None
    """Those whose duty was done late, all of them."""
    pending: Annotated[tuple[Sentence, ...] | None, BeforeValidator(as_list)] = None
    """Those not yet due, all of them."""


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
    """The unit's code."""
    kind: Name
    """Its kind: division, attached, office ..."""


class PackTest(Words):
    """A situation and what must come of it. Fields of facts that are not given are zero."""

    name: Sentence
    """The situation in one sentence."""
    period: Annotated[Sentence, BeforeValidator(_period_text)]
    """2024-06, 2024-Q2, 2024-H1 or 2024."""
    as_of: date | None = None
    """The day on which the period is looked at; when left out, the day after its last."""
    units: tuple[UnitInTest, ...] = ()
    """Units whose kind matters, or of which nothing is recorded."""
    given: Annotated[tuple[dict[str, Any], ...], BeforeValidator(_days_as_text)] = ()
    """Facts: kind, unit, subject where it is about a single thing, and fields."""
    expect: Annotated[
        dict[RuleId, dict[Sentence, Annotated[Expected, BeforeValidator(_status_alone)]]], Field(min_length=1)
    ]
    """Results by rule and unit: a status alone, or with figures."""


PACK_FILES: dict[str, TypeAdapter[Any]] = {
    "pack.yaml": TypeAdapter(PackInfo),
    "parameters.yaml": TypeAdapter(dict[Name, Parameter]),
    "rules.yaml": TypeAdapter(Annotated[tuple[Rule, ...], Field(min_length=1)]),
    "tests.yaml": TypeAdapter(tuple[PackTest, ...]),
}
"""The files of a pack and what each holds. parameters.yaml and tests.yaml may be left out."""
