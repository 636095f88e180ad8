"""Conditions on facts, as they are written in a pack.

    applies_when:
      payment.eligible: {at_least: 5}
      any:
        - payment.online: {equals: 0}
        - not: {closing.resolved: {less_than: 3}}
      total: {of: [score.first, score.second], differs_from: score.sum}

Everything written side by side must hold; `any` wants one of its list, `not` the contrary. A field may be compared
with another field of the same thing, and with `total` a sum of fields with a number, a field or another sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from app.core.periods import PeriodKind
from app.rulepacks.words import (
    FieldName,
    FieldSum,
    Name,
    Sentence,
    Text,
    Threshold,
    Words,
    as_list,
    is_field,
    is_name,
    parse_share,
    refuse,
)

Operator = Literal["equals", "differs_from", "at_least", "more_than", "at_most", "less_than"]
OPERATORS: tuple[Operator, ...] = ("equals", "differs_from", "at_least", "more_than", "at_most", "less_than")


def _check_operand(value: object) -> bool | int | str:
    if not isinstance(value, bool | int | str):
        refuse("bad_operand")
    return value


Operand = Annotated[
    bool | int | str,
    PlainValidator(_check_operand),
    WithJsonSchema({"type": ["boolean", "integer", "string"]}),
]
"""A number, true or false, a text; for a number also the name of a parameter, or another field of the same thing."""


def _check_side(value: object) -> int | tuple[str, ...]:
    if isinstance(value, bool):
        refuse("bad_side")
    if isinstance(value, int):
        return value
    parts = value if isinstance(value, list | tuple) else (value,)
    if not parts or not all(isinstance(part, str) for part in parts):
        refuse("bad_side")
    return tuple(parts)


Side = Annotated[
    int | tuple[str, ...],
    PlainValidator(_check_side),
    WithJsonSchema({"type": ["integer", "string", "array"], "items": {"type": "string"}}),
]
"""The right side of a sum: a number, the name of a parameter, a field, or a list of fields that are added up."""


class Comparison(Words):
    """How a field compares with a value: exactly one of the operators. `one_of` lists values."""

    equals: Operand | None = None
    """Equal to this."""
    differs_from: Operand | None = None
    """Different from this."""
    at_least: Operand | None = None
    """This or more."""
    more_than: Operand | None = None
    """More than this."""
    at_most: Operand | None = None
    """This or less."""
    less_than: Operand | None = None
    """Less than this."""
    one_of: tuple[Operand, ...] | None = None
    """Equal to one of these."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Comparison:
        given = [name for name in (*OPERATORS, "one_of") if getattr(self, name) is not None]
        if len(given) != 1 or self.one_of == ():
            refuse("one_comparison", expected=", ".join((*OPERATORS, "one_of")))
        return self

    @property
    def operator(self) -> Operator | Literal["one_of"]:
        for name in OPERATORS:
            if getattr(self, name) is not None:
                return name
        return "one_of"

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The value compared with; several for `one_of`."""
        return self.one_of if self.one_of is not None else (getattr(self, self.operator),)


class Total(Words):
    """A sum of fields against a number, a parameter, a field or another sum: exactly one of the operators."""

    of: Annotated[FieldSum, Field(min_length=1)]
    """The fields that are added up."""
    equals: Side | None = None
    """Equal to this."""
    differs_from: Side | None = None
    """Different from this."""
    at_least: Side | None = None
    """This or more."""
    more_than: Side | None = None
    """More than this."""
    at_most: Side | None = None
    """This or less."""
    less_than: Side | None = None
    """Less than this."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Total:
        if sum(getattr(self, name) is not None for name in OPERATORS) != 1:
            refuse("one_comparison", expected=", ".join(OPERATORS))
        return self

    @property
    def operator(self) -> Operator:
        return next(name for name in OPERATORS if getattr(self, name) is not None)

    @property
    def side(self) -> int | tuple[str, ...]:
        """What the sum is compared with: a number, or names of fields or of one parameter."""
        side: int | tuple[str, ...] = getattr(self, self.operator)
        return side

    @property
    def compared_fields(self) -> tuple[str, ...]:
        """The fields on the right side."""
        return () if isinstance(self.side, int) else tuple(name for name in self.side if is_field(name))

    @property
    def parameter(self) -> str | None:
        """The parameter on the right side, if that is what stands there."""
        if isinstance(self.side, int) or len(self.side) != 1 or is_field(self.side[0]):
            return None
        return self.side[0]


class Condition(Words):
    """Comparisons and groups of them; all that stands side by side must hold."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)
    __pydantic_extra__: dict[FieldName, Comparison] = Field(init=False)

    all: Annotated[tuple[Condition, ...] | None, BeforeValidator(as_list)] = None
    """Each of these conditions holds."""
    any: Annotated[tuple[Condition, ...] | None, BeforeValidator(as_list)] = None
    """At least one of these conditions holds."""
    not_: Annotated[Condition | None, Field(alias="not")] = None
    """This condition does not hold."""
    total: Annotated[tuple[Total, ...] | None, BeforeValidator(as_list)] = None
    """A sum, or several of them, that must compare as written."""

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        said = (self.comparisons, self.all, self.any, self.not_, self.total)
        if () in (self.all, self.any, self.total) or not any(said):
            refuse("empty_condition")
        return self

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """The comparisons of fields written at this level."""
        return self.__pydantic_extra__

    def every_part(self) -> Iterator[Condition]:
        """This condition and every one inside it."""
        yield self
        for group in (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ())):
            yield from group.every_part()

    def every_comparison(self) -> Iterator[tuple[str, Comparison]]:
        """Every comparison of a field at this level and below, with its field."""
        for part in self.every_part():
            yield from part.comparisons.items()

    def every_total(self) -> Iterator[Total]:
        """Every sum at this level and below."""
        for part in self.every_part():
            yield from part.total or ()

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field the condition reads, on either side, each once."""
        found: list[str] = []
        for name, comparison in self.every_comparison():
            found += [name, *(o for o in comparison.operands if isinstance(o, str) and is_field(o))]
        for total in self.every_total():
            found += [*total.of, *total.compared_fields]
        return tuple(dict.fromkeys(found))

    @property
    def names(self) -> tuple[str, ...]:
        """Every text the condition compares with that may be a parameter's name."""
        operands = [operand for _, comparison in self.every_comparison() for operand in comparison.operands]
        named = [operand for operand in operands if isinstance(operand, str) and not is_field(operand)]
        named += [total.parameter for total in self.every_total() if total.parameter is not None]
        return tuple(dict.fromkeys(named))


NUMBER_OR_TEXT: dict[str, Any] = {"type": ["integer", "string"]}

UNIT = "unit"
"""`each: unit`: a unit's figures of a period are judged."""
RULE = "rule"
"""`each: rule`: the rules that a unit breaks are judged, for escalation."""


class DayKind(StrEnum):
    """How days are counted."""

    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"


DAY_KINDS = tuple(DayKind)


class Judge(Words):
    """Who and what is judged, and over which periods: each unit, single things or rules; the whole Department by what
    its units come to together; or both."""

    each: Name | None = None
    """`unit`, the name of a kind of facts about single things, or `rule`. With `whole`, each unit's own part."""
    whole: Literal["department"] | None = None
    """`department`: what is counted is added up over every unit that the rule is for, and judged for the Department."""
    lead: Name | None = None
    """With `whole`: the kind of unit that leads in the Department's place and is judged for the whole: office."""
    every: Annotated[tuple[PeriodKind, ...], BeforeValidator(as_list), Field(min_length=1)]
    """The kinds of periods: month, quarter, half, year."""

    @model_validator(mode="after")
    def _says_who(self) -> Judge:
        if self.each is None and self.whole is None:
            refuse("judges_nobody")
        if self.whole is not None and self.each not in (None, UNIT):
            refuse("whole_of_things", each=self.each)
        if self.lead is not None and self.whole is None:
            refuse("lead_of_nothing")
        return self

    @property
    def things(self) -> str:
        """Whose figures the rule reads: `unit`, a kind of facts about single things, or `rule`."""
        return self.each or UNIT

    @property
    def answers(self) -> str | None:
        """The kind of unit that is judged for the whole."""
        return (self.lead or self.whole) if self.whole else None


NOTHING_KNOWN = Fraction(1)
"""The share of what is not known from which a rate is no data, where a site says nothing else: all of it."""
PERIOD_END = "period_end"


def _amount(value: object, least: int, kind: str) -> int | str:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= least
    if not is_number and not (isinstance(value, str) and is_name(value)):
        refuse(kind, text=value)
    assert isinstance(value, int | str)
    return value


def _days(value: object) -> int | str:
    return _amount(value, 1, "bad_days")


def _number(value: object) -> int | str:
    return _amount(value, 0, "bad_number")


def _periods(value: object) -> int | str:
    return _amount(value, 2, "bad_periods")


Days = Annotated[int | str, PlainValidator(_days), WithJsonSchema(NUMBER_OR_TEXT)]
"""A number of days from 1, or the name of a parameter that says it."""
Number = Annotated[int | str, PlainValidator(_number), WithJsonSchema(NUMBER_OR_TEXT)]
"""A whole number from 0, or the name of a parameter that says it."""
Periods = Annotated[int | str, PlainValidator(_periods), WithJsonSchema(NUMBER_OR_TEXT)]
"""A number of periods from 2, or the name of a parameter that says it."""


class Later(Words):
    """What came later than `count` tells, summed up by how many working days later: it counts as well while they are no
    more than allowed."""

    of: FieldName
    """The field that counts what came so much later: one of a kind of facts about single things."""
    days: FieldName
    """The field of the same kind that says how many working days later."""
    within: Number
    """How many working days are allowed; a parameter's name, or a number."""

    @property
    def kind(self) -> str:
        """The kind of facts that tell of it."""
        return self.of.partition(".")[0]


class Rate(Words):
    """A share of a whole: `count` among `among`. Nothing in `among` while `expects` is above zero means that
    something should have been recorded and was not. What the records do not tell is in neither: `unknown` counts it,
    and where nothing is known (or too little, as the site says) there is no data."""

    count: Annotated[FieldSum, Field(min_length=1)]
    """The field that counts, or several that are added up."""
    among: Annotated[FieldSum, Field(min_length=1)]
    """What it counts among."""
    expects: FieldSum | None = None
    """Where this is above zero, something must be recorded in `among`."""
    unknown: FieldSum | None = None
    """What would be counted among as well if the records told it: never “no”, and never a violation."""
    by: Annotated[str, Field(pattern=r"^(period_end|(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))$")] | None = None
    """The last day on which it can be reached: a day of the year, month-day ("05-31"), or `period_end`. Until it has
    passed nothing is said; only the periods in which it lies judge it, on figures that are those of that day."""
    later: Later | None = None
    """What came later and counts as well, of a rule about units."""
    names: Name | None = None
    """The kind of facts about the single things that `among` counts and `count` does not: where the rate fails, each is
    named with it."""

    def last_day(self, first: date, last: date) -> date | None:
        """The last day of the year in which a period begins, or of the period itself; None where there is none."""
        if self.by is None:
            return None
        return last if self.by == PERIOD_END else date(first.year, int(self.by[:2]), int(self.by[3:]))

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field the rate reads, each once, in the order written."""
        return tuple(dict.fromkeys((*self.counts, *self.among, *(self.expects or ()), *(self.unknown or ()))))

    @property
    def counts(self) -> tuple[str, ...]:
        """The fields that count, what came later among them."""
        return self.count if self.later is None else (*self.count, self.later.of)

    @property
    def figure(self) -> tuple[object, ...]:
        """What is counted among what: equal for two rates that come to the same, whatever they are held against."""
        return self.counts, self.among, self.later.within if self.later is not None else 0


TargetComparison = Literal["at_least", "more_than", "at_most", "less_than"]
TARGETS: tuple[TargetComparison, ...] = ("at_least", "more_than", "at_most", "less_than")


class _Against(Words):
    """Exactly one comparison with something."""

    @model_validator(mode="after")
    def _exactly_one(self) -> _Against:
        if sum(getattr(self, name) is not None for name in TARGETS) != 1:
            refuse("one_comparison", expected=", ".join(TARGETS))
        return self

    @property
    def comparison(self) -> TargetComparison:
        return next(name for name in TARGETS if getattr(self, name) is not None)


class Target(_Against):
    """What the rate is held against: exactly one comparison with a parameter, a share written out, or a field that
    is counted in whole percents."""

    at_least: Threshold | None = None
    """This share or more."""
    more_than: Threshold | None = None
    """More than this share."""
    at_most: Threshold | None = None
    """This share or less."""
    less_than: Threshold | None = None
    """Less than this share."""

    @property
    def threshold(self) -> str:
        """A share written out, the name of a parameter, or a field."""
        threshold: str = getattr(self, self.comparison)
        return threshold

    @property
    def field(self) -> str | None:
        """The field that says each unit's own target in percents, if one does."""
        return self.threshold if is_field(self.threshold) else None


class Count(_Against):
    """A number held against a number: exactly one comparison with a whole number or a parameter.

    While the period still runs, a count that has not reached its `at_least` or `more_than` is not yet due.
    """

    of: Annotated[FieldSum, Field(min_length=1)]
    """The field that counts, or several that are added up."""
    at_least: Number | None = None
    """This or more."""
    more_than: Number | None = None
    """More than this."""
    at_most: Number | None = None
    """This or less."""
    less_than: Number | None = None
    """Less than this."""

    @property
    def number(self) -> int | str:
        """The number, or the parameter's name."""
        number: int | str = getattr(self, self.comparison)
        return number

    @property
    def grows(self) -> bool:
        """Whether more can still come until the period ends."""
        return self.comparison in ("at_least", "more_than")


class Within(Words):
    """How long after an event something must be done, the day of the event not counted.

    Either `working_days` or `calendar_days`; or `days` with `counted_in`, where the document does not say which.
    """

    working_days: Days | None = None
    """A number of working days."""
    calendar_days: Days | None = None
    """A number of days; the last one rolls on to a working day."""
    days: Days | None = None
    """A number of days that `counted_in` says how to count."""
    counted_in: Name | None = None
    """working_days, calendar_days, or a parameter that says which."""
    after: FieldName
    """A field of the thing judged: the day of the event, year-month-day."""

    @model_validator(mode="after")
    def _one_count(self) -> Within:
        given = (self.working_days, self.calendar_days, self.days)
        if sum(amount is not None for amount in given) != 1 or (self.days is None) != (self.counted_in is None):
            refuse("one_span")
        return self

    @property
    def amount(self) -> int | str:
        """The number of days, or the name of a parameter that says it."""
        return next(a for a in (self.working_days, self.calendar_days, self.days) if a is not None)

    @property
    def counting(self) -> str:
        """A kind of days, or the name of a parameter that says it."""
        if self.counted_in is not None:
            return self.counted_in
        return DayKind.WORKING_DAYS if self.working_days is not None else DayKind.CALENDAR_DAYS


class Requirement(Words):
    """What must be there for each thing judged: a fact of another kind, about the same thing of the same unit."""

    where: Condition | None = None
    """Conditions on that fact's own fields."""
    done_on: FieldName | None = None
    """Its field that says the day on which it was done, year-month-day."""
    within: Within | None = None
    """How long after an event. The duty belongs to the period in which its last day falls; undone, it is owed in every
    period after it until it is done. Without a last day, what is not there is missing at once, in every period."""
    by: FieldName | None = None
    """In place of `within`: a field of the thing judged that says the last day itself, year-month-day; where it is
    empty, there is none."""
    arises_on: FieldName | None = None
    """A field of the thing judged: the day on which the duty arose, year-month-day, where it binds only what arose
    after the plan was adopted. Without it, whatever is told of is asked for."""
    besides: FieldSum | None = None
    """A unit's fields that count the things that kept the duty and that no fact tells of one by one."""
    returned: FieldName | None = None
    """That fact's field, true where what was done was given back, and so is as if it had not been done."""

    unless: Condition | None = None
    """A condition on the thing judged under which being late, or not done, is no fault."""

    @model_validator(mode="after")
    def _day_is_known(self) -> Requirement:
        if self.within is not None and self.by is not None:
            refuse("one_last_day")
        if self.is_dated and self.done_on is None:
            refuse("within_needs_done_on")
        return self

    @property
    def is_dated(self) -> bool:
        return self.within is not None or self.by is not None


class Used(Words):
    """The days that a step has used, in either way of counting."""

    working_days: FieldName | None = None
    """The field that counts working days."""
    calendar_days: FieldName | None = None
    """The field that counts calendar days."""


class Clock(Words):
    """The clock of one step: the days it used against its allowance, whether it has ended or not."""

    used: Used
    """The fields that say how many days were used."""
    counted_in: Name
    """working_days, calendar_days, or the name of a parameter that says which."""
    at_most: Number
    """The allowance in days."""
    ended: FieldName
    """A true or false field: whether the step has ended. An open step within its allowance is not judged yet."""
    started_on: FieldName | None = None
    """The field that says the day on which the clock started, year-month-day. With it an overrun is charged once: in
    the period in which the step's last day fell, and in those after it while the step is still open."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field the clock reads."""
        return tuple(name for name in (*self.counts, self.ended, self.started_on) if name)

    @property
    def counts(self) -> tuple[str, ...]:
        """Those of them that count days."""
        return tuple(name for name in (self.used.working_days, self.used.calendar_days) if name)

    @model_validator(mode="after")
    def _can_be_counted(self) -> Clock:
        wanted = DAY_KINDS if self.counted_in not in DAY_KINDS else (DayKind(self.counted_in),)
        for kind in wanted:
            if getattr(self.used, kind) is None:
                refuse("clock_needs", name=kind.value)
        return self


def _all_or_ids(value: Any) -> Any:
    return () if value == "all" else as_list(value)


class Escalation(Words):
    """A rule broken in several periods on end, up to and including the one judged, is itself a violation."""

    rules: Annotated[tuple[str, ...], BeforeValidator(_all_or_ids), WithJsonSchema({"type": ["string", "array"]})]
    """`all`: every other rule of the pack that is no escalation; or the ids of some."""
    periods: Periods
    """How many periods on end are too many."""


class Quote(Words):
    """Where a rule or a value comes from: a document, the place in it, and its words, verbatim.

    "[…]" in the quote stands for words left out.
    """

    document: Name
    """The code of the document in rules/documents/documents.yaml."""
    place: Sentence
    """The place in it, as officials cite it: I.2.c."""
    quote: Sentence
    """Its words, verbatim; white space aside."""


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
    """The value itself."""
    same_as: Name | None = None
    """The name of another parameter of the same unit."""
    source: Quote
    """The words of the document that the value comes from."""
    note: Text | None = None
    """What the document leaves open, and how the pack reads it."""

    @model_validator(mode="after")
    def _one_value(self) -> DatedValue:
        if (self.value is None) == (self.same_as is None):
            refuse("one_value")
        return self


class Parameter(Words):
    """A figure of the plan that has a date: each value holds from its day until the next one's."""

    title: Text
    """What the figure is."""
    unit: ParameterUnit
    """What it is counted in."""
    values: Annotated[dict[date, DatedValue], Field(min_length=1)]
    """Each value by the day it holds from."""


def value_problem(value: object, unit: ParameterUnit) -> tuple[str, dict[str, Any]] | None:
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
