"""The forms a rule's judgement may take: a rate, a count, a duty after an event, the clock of a step, escalation.

A rule has exactly one of them, or `fails_when`, a condition that means failure.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator

from app.compliance.conditions import Condition
from app.compliance.problems import refuse
from app.compliance.words import FieldName, FieldSum, Name, Threshold, Words, as_list, is_field, is_name
from app.periods import PeriodKind

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
    """What is judged, and over which periods: `unit`, a kind of facts about single things, or `rule`."""

    each: Name
    """`unit`, the name of a kind of facts about single things, or `rule`."""
    every: Annotated[tuple[PeriodKind, ...], BeforeValidator(as_list), Field(min_length=1)]
    """The kinds of periods: month, quarter, half, year."""


class Rate(Words):
    """A share of a whole: `count` among `among`. Nothing in `among` while `expects` is above zero means that
    something should have been recorded and was not."""

    count: Annotated[FieldSum, Field(min_length=1)]
    """The field that counts, or several that are added up."""
    among: Annotated[FieldSum, Field(min_length=1)]
    """What it counts among."""
    expects: FieldSum | None = None
    """Where this is above zero, something must be recorded in `among`."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field the rate reads, each once, in the order written."""
        return tuple(dict.fromkeys((*self.count, *self.among, *(self.expects or ()))))


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
        """The comparison that is given."""
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
    """How long after an event. Such a duty is judged once: in the period in which it is done in time, or in which its
    last day passes. Without it, what is not there is missing at once, in every period."""

    @model_validator(mode="after")
    def _day_is_known(self) -> Requirement:
        if self.within is not None and self.done_on is None:
            refuse("within_needs_done_on")
        return self


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

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field the clock reads."""
        return tuple(name for name in (self.used.working_days, self.used.calendar_days, self.ended) if name)

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
