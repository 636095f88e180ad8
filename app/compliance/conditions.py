"""Conditions on facts, as they are written in a pack.

    applies_when:
      payment.eligible: {at_least: 5}
      any:
        - payment.online: {equals: 0}
        - not: {closing.resolved: {less_than: 3}}

Everything written side by side must hold; `any` wants one of its list, `not` the contrary.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from app.compliance.problems import refuse
from app.compliance.words import FieldName, Words, as_list

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
"""A number, true or false, a text; for a number also the name of a parameter."""


class Comparison(Words):
    """How a field compares with a value: exactly one of the operators. `one_of` lists values."""

    equals: Operand | None = None
    differs_from: Operand | None = None
    at_least: Operand | None = None
    more_than: Operand | None = None
    at_most: Operand | None = None
    less_than: Operand | None = None
    one_of: tuple[Operand, ...] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Comparison:
        given = [name for name in (*OPERATORS, "one_of") if getattr(self, name) is not None]
        if len(given) != 1 or self.one_of == ():
            refuse("one_comparison", expected=", ".join((*OPERATORS, "one_of")))
        return self

    @property
    def operator(self) -> Operator | Literal["one_of"]:
        """The operator that is given."""
        for name in OPERATORS:
            if getattr(self, name) is not None:
                return name
        return "one_of"

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The value compared with; several for `one_of`."""
        return self.one_of if self.one_of is not None else (getattr(self, self.operator),)


class Condition(Words):
    """Comparisons and groups of them; all that stands side by side must hold."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)
    __pydantic_extra__: dict[FieldName, Comparison] = Field(init=False)

    all: Annotated[tuple[Condition, ...] | None, BeforeValidator(as_list)] = None
    any: Annotated[tuple[Condition, ...] | None, BeforeValidator(as_list)] = None
    not_: Annotated[Condition | None, Field(alias="not")] = None

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if self.all == () or self.any == () or not (self.comparisons or self.all or self.any or self.not_):
            refuse("empty_condition")
        return self

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """The comparisons of fields written at this level."""
        return self.__pydantic_extra__

    def every_comparison(self) -> Iterator[tuple[str, Comparison]]:
        """Every comparison at this level and below, with its field."""
        yield from self.comparisons.items()
        for group in (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ())):
            yield from group.every_comparison()
