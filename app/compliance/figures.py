"""What rules read, sorted: the figures of units, single things, and what is known of earlier periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.compliance.compiling import PERIOD_OVER
from app.compliance.conditions import Condition
from app.compliance.language import EARLIER, Rule
from app.compliance.premises import DEADLINE, Deadlines
from app.compliance.words import is_field
from app.facts import ENVELOPE, SUBJECT, FactError, doubled, fits

Blank = int | bool | str
_ENVELOPE = frozenset((*ENVELOPE, SUBJECT))


@dataclass(slots=True)
class UnitFigures:
    """One unit's figures by field (`payment.online`)."""

    code: str
    kind: str
    figures: dict[str, Blank] = field(default_factory=dict)

    def total(self, fields: Sequence[str]) -> int:
        """The sum of counts."""
        return sum(int(self.figures[name]) for name in fields)


@dataclass(slots=True)
class Thing:
    """A single thing of a unit, with the fact that tells of it."""

    unit: UnitFigures
    subject: str
    fact: Mapping[str, Any]
    _own: dict[str, Blank] | None = None

    def figure(self, name: str) -> Blank:
        """A figure by its field (`case_overdue.days_late`)."""
        value: Blank = self.fact[name.partition(".")[2]]
        return value

    def total(self, fields: Sequence[str]) -> int:
        """The sum of counts."""
        return sum(int(self.figure(name)) for name in fields)

    @property
    def figures(self) -> dict[str, Blank]:
        """Its own fields by their bare names; one dictionary for every rule that speaks of the thing."""
        if self._own is None:
            self._own = {name: value for name, value in self.fact.items() if name not in _ENVELOPE}
        return self._own


class Figures:
    """The units to be judged, each with every figure that the rules read, and their single things by kind.

    What no fact says of a unit is zero, false or empty, according to what the rules compare it with. A single thing
    exists only through its fact, so every field that is read must be there.
    """

    def __init__(
        self,
        rules: Iterable[tuple[Rule, Mapping[str, object]]],
        units: Iterable[Mapping[str, str]],
        period: str,
        deadlines: Deadlines,
        *,
        period_over: bool = True,
    ) -> None:
        self.period = period
        self.deadlines = deadlines
        self.things: dict[str, list[Thing]] = {}
        self.earlier: dict[tuple[str, str], Mapping[str, Any]] = {}
        """By unit and rule: the fact that says for how many periods before this one it was broken."""
        self._blanks: dict[str, Blank] = {}
        for rule, parameters in rules:
            self._blanks.update(_blanks(rule, parameters))
            for kind in (rule.subject, *(rule.requires or ())):
                if kind is not None:
                    self.things.setdefault(kind, [])
        self._wanted: dict[str, list[str]] = defaultdict(list)
        for name in self._blanks:
            kind_name, _, field_name = name.partition(".")
            self._wanted[kind_name].append(field_name)
        blank = {name: value for name, value in self._blanks.items() if name.partition(".")[0] not in self.things}
        blank[PERIOD_OVER] = int(period_over)
        self._units: dict[str, UnitFigures] = {}
        for unit in units:
            if unit["code"] in self._units:
                raise FactError("Đơn vị %(unit)s bị lặp lại.", unit=unit["code"])
            self._units[unit["code"]] = UnitFigures(unit["code"], unit.get("kind") or "", dict(blank))
        self._taken: set[tuple[str, str, str]] = set()
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
        """Sort facts to their units and things. Facts of kinds that no rule reads are passed over.

        Raises FactError for another period's fact, two of one kind about one unit or thing, a field that a rule
        reads and the fact lacks, a value of the wrong type or below zero.
        """
        for fact in facts:
            kind = fact["kind"]
            if kind == DEADLINE:
                self.deadlines.take(fact)
            elif kind == EARLIER:
                self.earlier[fact["unit"], fact[SUBJECT]] = fact
            elif kind in self.things or kind in self._wanted:
                self._sort(fact, kind)

    def _sort(self, fact: Mapping[str, Any], kind: str) -> None:
        is_thing = kind in self.things
        if is_thing and not isinstance(fact.get(SUBJECT), str):
            raise FactError("Dữ kiện %(kind)s thiếu “%(name)s”.", field=SUBJECT, kind=kind, name=SUBJECT)
        if not is_thing and SUBJECT in fact:
            return
        if fact["period"] != self.period:
            raise FactError(
                "Dữ kiện %(kind)s của %(unit)s thuộc kỳ %(period)s, không phải kỳ %(judged)s.",
                kind=kind,
                unit=fact["unit"],
                period=fact["period"],
                judged=self.period,
            )
        key = (kind, fact["unit"], fact.get(SUBJECT, ""))
        if key in self._taken:
            raise doubled(fact)
        self._taken.add(key)
        unit = self._units.get(fact["unit"])
        if unit is None:
            self._left_out[kind, fact["unit"]] = None
            return
        self._check(fact, kind)
        if is_thing:
            self.things[kind].append(Thing(unit, fact[SUBJECT], fact))
        else:
            unit.figures.update((f"{kind}.{name}", fact[name]) for name in self._wanted[kind])

    def _check(self, fact: Mapping[str, Any], kind: str) -> None:
        for name in self._wanted.get(kind, ()):
            value = fact.get(name)
            if not fits(value, type(self._blanks[f"{kind}.{name}"])):
                raise FactError(
                    "Dữ kiện %(kind)s của %(unit)s: “%(name)s” không dùng được (%(value)s).",
                    field=name,
                    kind=kind,
                    unit=fact["unit"],
                    name=name,
                    value=repr(value),
                )


def _blanks(rule: Rule, parameters: Mapping[str, object]) -> dict[str, Blank]:
    """What each field of the rule is when nothing is recorded: of the type the rule takes it for."""
    blanks: dict[str, Blank] = {}
    conditions = [*rule.conditions]
    if rule.duty is not None:
        _, required = rule.duty
        conditions += [required.where] if required.where is not None else []
        blanks |= {required.done_on: ""} if required.done_on is not None else {}
        blanks |= {required.within.after: ""} if required.within is not None else {}
    for condition in conditions:
        blanks |= _blanks_of(condition, parameters)
    if rule.rate is not None and rule.target is not None:
        blanks |= dict.fromkeys(rule.rate.fields, 0)
        blanks |= {rule.target.field: 0} if rule.target.field is not None else {}
    if rule.count is not None:
        blanks |= dict.fromkeys(rule.count.of, 0)
    if rule.clock is not None:
        blanks |= dict.fromkeys(rule.clock.fields, 0) | {rule.clock.ended: False}
    return blanks


def _blanks_of(condition: Condition, parameters: Mapping[str, object]) -> dict[str, Blank]:
    blanks: dict[str, Blank] = dict.fromkeys(condition.fields, 0)
    for name, comparison in condition.every_comparison():
        operand = comparison.operands[0]
        if isinstance(operand, bool):
            blanks[name] = False
        elif isinstance(operand, str) and operand not in parameters and not is_field(operand):
            blanks[name] = ""
    return blanks
