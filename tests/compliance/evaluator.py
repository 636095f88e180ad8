"""A second opinion: the rule language read straight from its YAML, in plain Python.

Written apart from the product's models, compiler and engine, and sharing nothing with them, so that the two can
be held against each other. Slow and simple on purpose: the shortfall is found by trying every number.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

COMPARE = {
    "equals": operator.eq,
    "differs_from": operator.ne,
    "at_least": operator.ge,
    "more_than": operator.gt,
    "at_most": operator.le,
    "less_than": operator.lt,
}


def second_opinion(
    pack: dict[str, Any], parameters: dict[str, Any], rules: list[Any], facts: list[Any], units: list[Any]
) -> dict[tuple[str, str], tuple[str, int | None]]:
    """(status, shortfall) for every rule and unit. `parameters` are name: value, as written."""
    opinion = {}
    for rule in rules:
        for unit in units:
            figures = {
                f"{fact['kind']}.{name}": value
                for fact in facts
                if fact["unit"] == unit["code"]
                for name, value in fact.items()
            }
            opinion[rule["id"], unit["code"]] = _opinion(pack, parameters, rule, figures, unit)
    return opinion


def _opinion(
    pack: dict[str, Any], parameters: dict[str, Any], rule: dict[str, Any], figures: dict[str, Any], unit: Any
) -> tuple[str, int | None]:
    if not (_in_scope(pack.get("scope"), unit) and _in_scope(rule.get("scope"), unit)):
        return "not_applicable", None
    if "applies_when" in rule and not _holds(rule["applies_when"], figures, parameters):
        return "not_applicable", None
    if "fails_when" in rule:
        return ("fail" if _holds(rule["fails_when"], figures, parameters) else "pass"), None
    rate = rule["rate"]
    counted, among = _sum(rate["count"], figures), _sum(rate["among"], figures)
    if among == 0:
        expected = _sum(rate["expects"], figures) if "expects" in rate else 0
        return ("no_data" if expected else "not_applicable"), None
    ((comparison, threshold),) = rule["target"].items()
    target = _share(threshold if "%" in threshold else parameters[threshold])
    reached = COMPARE[comparison]
    if reached(Fraction(counted, among), target):
        return "pass", 0
    direction = 1 if comparison in ("at_least", "more_than") else -1
    needed = counted
    while 0 <= needed <= among or (direction < 0 and needed > among):
        if reached(Fraction(needed, among), target):
            return "fail", abs(needed - counted)
        needed += direction
    return "fail", None


def _in_scope(scope: dict[str, Any] | None, unit: Any) -> bool:
    if not scope or not (scope.get("kinds") or scope.get("codes")):
        return True
    return unit["kind"] in scope.get("kinds", []) or unit["code"] in scope.get("codes", [])


def _holds(condition: dict[str, Any], figures: dict[str, Any], parameters: dict[str, Any]) -> bool:
    verdicts = []
    for key, value in condition.items():
        if key == "all":
            verdicts.append(all(_holds(part, figures, parameters) for part in value))
        elif key == "any":
            verdicts.append(any(_holds(part, figures, parameters) for part in value))
        elif key == "not":
            verdicts.append(not _holds(value, figures, parameters))
        else:
            ((comparison, operand),) = value.items()
            blank = {"word": "", "flag": False}.get(key.split(".")[1], 0)
            verdicts.append(_compares(figures.get(key, blank), comparison, operand, parameters))
    return all(verdicts)


def _compares(figure: Any, comparison: str, operand: Any, parameters: dict[str, Any]) -> bool:
    if comparison == "one_of":
        return any(_compares(figure, "equals", one, parameters) for one in operand)
    if isinstance(figure, int) and not isinstance(figure, bool) and isinstance(operand, str):
        operand = parameters[operand]
    return bool(COMPARE[comparison](figure, operand))


def _sum(fields: str | list[str], figures: dict[str, Any]) -> int:
    return sum(figures.get(field, 0) for field in ([fields] if isinstance(fields, str) else fields))


def _share(text: str) -> Fraction:
    return Fraction(text.rstrip("% ").replace(",", ".")) / 100
