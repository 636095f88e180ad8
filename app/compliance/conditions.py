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
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from app.compliance.problems import refuse
from app.compliance.words import FieldName, FieldSum, Words, as_list, is_field

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
        """The operator that is given."""
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
        """The operator that is given."""
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
