"""The dated figures of a plan, as they are written in parameters.yaml, each with the words it comes from."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from app.compliance.measures import DAY_KINDS, NUMBER_OR_TEXT
from app.compliance.problems import refuse
from app.compliance.words import Name, Sentence, Text, Words, parse_share


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
