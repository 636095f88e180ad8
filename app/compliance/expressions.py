"""Expressions of durable_rules' JSON: comparisons, sums, and groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

Expression = dict[str, Any]
"""A condition or a sum in durable_rules' JSON."""

ZERO = "zero"
"""Always 0 on a sheet: the engine wants a property on the left of a comparison, and a sum only on its right."""


def property_name(field: str) -> str:
    """A field as a property of the engine's messages, where a dot would mean a nested object."""
    return field.replace(".", "__")


_OPERATORS = {
    "differs_from": "$neq",
    "at_least": "$gte",
    "more_than": "$gt",
    "at_most": "$lte",
    "less_than": "$lt",
}
_CONTRARY = {
    "equals": "differs_from",
    "differs_from": "equals",
    "at_least": "less_than",
    "less_than": "at_least",
    "more_than": "at_most",
    "at_most": "more_than",
}


def compare(operator: str, field: str, value: int | Expression, *, negated: bool = False) -> Expression:
    """A field of the sheet against a number or an amount; with `negated` the contrary."""
    if negated:
        operator = _CONTRARY[operator]
    plain = {property_name(field): value}
    return plain if operator == "equals" else {_OPERATORS[operator]: plain}


def signs(amount: Expression) -> tuple[Expression, Expression]:
    """A sum of counts is above zero, and its contrary: counts are never below."""
    return {"$lt": {ZERO: amount}}, {"$gte": {ZERO: amount}}


def total(fields: Sequence[str]) -> Expression:
    """The sum of the fields on the sheet, halved again and again: a long sum is not a deep one."""
    if len(fields) == 1:
        return {"$m": property_name(fields[0])}
    middle = len(fields) // 2
    return {"$add": {"$l": total(fields[:middle]), "$r": total(fields[middle:])}}


def times(amount: Expression, factor: int | Expression) -> Expression:
    """An amount taken a number of times."""
    return {"$mul": {"$l": amount, "$r": factor}}


def minus(amount: Expression, less: Expression) -> Expression:
    """An amount less another."""
    return {"$sub": {"$l": amount, "$r": less}}


def every(parts: Sequence[Expression]) -> Expression:
    """All of them hold."""
    return _group("$and", parts)


def either(parts: Sequence[Expression]) -> Expression:
    """One of them holds."""
    return _group("$or", parts)


def _group(operator: str, parts: Sequence[Expression]) -> Expression:
    """A group; what is a group of the same kind already lends its parts."""
    flat = [inner for part in parts for inner in part.get(operator, [part])]
    return flat[0] if len(flat) == 1 else {operator: flat}


def paths(expression: Expression) -> int:
    """In how many ways a condition can come true: the engine follows each of them."""
    if "$and" in expression:
        return prod(paths(part) for part in expression["$and"])
    if "$or" in expression:
        return sum(paths(part) for part in expression["$or"])
    return 1


def groups(expression: Expression) -> int:
    """The groups in a condition, itself among them."""
    parts = expression.get("$and") or expression.get("$or") or ()
    return bool(parts) + sum(groups(part) for part in parts)
