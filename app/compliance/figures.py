"""The figures that rules read, by unit: facts sorted, checked and completed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.compliance.language import Rule
from app.facts import FactError

Blank = int | bool | str


@dataclass(slots=True)
class UnitFigures:
    """One unit's figures by field (`payment.online`)."""

    code: str
    kind: str
    figures: dict[str, Blank] = field(default_factory=dict)

    def total(self, fields: Sequence[str]) -> int:
        """The sum of counts."""
        return sum(int(self.figures[name]) for name in fields)


class Figures:
    """The units to be judged, each with every figure that the rules read.

    What no fact says is zero, false or empty, according to what the rules compare it with.
    """

    def __init__(
        self,
        rules: Iterable[tuple[Rule, Mapping[str, object]]],
        units: Iterable[Mapping[str, str]],
        period: str,
    ) -> None:
        self.period = period
        self.blanks: dict[str, Blank] = {}
        for rule, parameters in rules:
            self.blanks.update(_blanks(rule, parameters))
        self._wanted: dict[str, list[str]] = defaultdict(list)
        for name in self.blanks:
            kind, _, field_name = name.partition(".")
            self._wanted[kind].append(field_name)
        self._units: dict[str, UnitFigures] = {}
        for unit in units:
            if unit["code"] in self._units:
                raise FactError("Đơn vị %(unit)s bị lặp lại.", unit=unit["code"])
            self._units[unit["code"]] = UnitFigures(unit["code"], unit.get("kind") or "", dict(self.blanks))
        self._taken: set[tuple[str, str]] = set()
        self._left_out: dict[tuple[str, str], None] = {}

    @property
    def units(self) -> list[UnitFigures]:
        """The units in the order given."""
        return list(self._units.values())

    @property
    def left_out(self) -> tuple[tuple[str, str], ...]:
        """(kind, unit) of the facts about units that are not judged here."""
        return tuple(self._left_out)

    def take(self, facts: Iterable[Mapping[str, Any]]) -> None:
        """Sort facts to their units. Facts about single cases are passed over.

        Raises FactError for another period's fact, two of one kind about one unit, a field that a rule reads and
        the fact lacks, a value of the wrong type or below zero.
        """
        for fact in facts:
            kind, unit = fact["kind"], fact["unit"]
            if kind not in self._wanted or "case" in fact:
                continue
            if fact["period"] != self.period:
                raise FactError(
                    "Dữ kiện %(kind)s của %(unit)s thuộc kỳ %(period)s, không phải kỳ %(judged)s.",
                    kind=kind,
                    unit=unit,
                    period=fact["period"],
                    judged=self.period,
                )
            if (kind, unit) in self._taken:
                raise FactError("Có hai dữ kiện %(kind)s của cùng đơn vị %(unit)s.", kind=kind, unit=unit)
            self._taken.add((kind, unit))
            if unit in self._units:
                self._fill(self._units[unit], kind, fact)
            else:
                self._left_out[kind, unit] = None

    def _fill(self, unit: UnitFigures, kind: str, fact: Mapping[str, Any]) -> None:
        for name in self._wanted[kind]:
            full = f"{kind}.{name}"
            value = fact.get(name)
            if type(value) is not type(self.blanks[full]) or (type(value) is int and value < 0):
                raise FactError(
                    "Dữ kiện %(kind)s của %(unit)s: “%(name)s” không dùng được (%(value)s).",
                    field=name,
                    kind=kind,
                    unit=unit.code,
                    name=name,
                    value=repr(value),
                )
            unit.figures[full] = value


def _blanks(rule: Rule, parameters: Mapping[str, object]) -> dict[str, Blank]:
    """What each field of the rule is when nothing is recorded: of the type the rule takes it for."""
    blanks: dict[str, Blank] = {}
    for condition in (rule.applies_when, rule.fails_when):
        for name, comparison in condition.every_comparison() if condition else ():
            operand = comparison.operands[0]
            is_text = isinstance(operand, str) and operand not in parameters
            blanks[name] = "" if is_text else False if isinstance(operand, bool) else 0
    if rule.rate is not None:
        blanks.update(dict.fromkeys(rule.rate.fields, 0))
    return blanks
