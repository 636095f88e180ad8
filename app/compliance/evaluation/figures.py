"""What is judged: units with their figures, and single things (cases, tasks, steps) kind by kind. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.core.facts import ENVELOPE, SUBJECT, FactError, FieldType, doubled
from app.rulepacks.compiler import PERIOD_OVER
from app.rulepacks.conditions import Condition
from app.rulepacks.language import EARLIER, Rule
from app.rulepacks.premises import DEADLINE, ENDED, Deadlines
from app.rulepacks.words import is_field

Blank = int | bool | str
T = TypeVar("T")
_ENVELOPE = frozenset((*ENVELOPE, SUBJECT))


@dataclass(slots=True)
class UnitFigures:
    """One unit's figures by field (`payment.online`)."""

    code: str
    kind: str
    figures: dict[str, Blank] = field(default_factory=dict)
    has_ended: bool = False
    """It was gone before the period's last day."""
    number: int = 0
    """Its place among the units judged."""

    def total(self, fields: Sequence[str]) -> int:
        return sum(int(self.figures[name]) for name in fields)


@dataclass(slots=True)
class Subject:
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
        return sum(int(self.figure(name)) for name in fields)

    @property
    def figures(self) -> dict[str, Blank]:
        """Its own fields by their bare names; one dictionary for every rule that speaks of the thing."""
        if self._own is None:
            self._own = {name: value for name, value in self.fact.items() if name not in _ENVELOPE}
        return self._own


class Things:
    """The single things of one kind: unit by unit, in the order in which units are judged, each unit's by their names.

    What every rule asks of them again is told once: whose they are, and their figures field by field."""

    def __init__(self) -> None:
        self._taken: list[Subject] = []
        self._places: dict[str, slice] = {}
        self._columns: dict[str, list[Blank]] = {}
        self._told: dict[object, Any] = {}

    def add(self, thing: Subject) -> None:
        self._taken.append(thing)
        self._places.clear()

    def __iter__(self) -> Iterator[Subject]:
        return iter(self.each)

    @property
    def each(self) -> list[Subject]:
        self._arrange()
        return self._taken

    @property
    def places(self) -> Mapping[str, slice]:
        """Where those of a unit lie, by its code."""
        self._arrange()
        return self._places

    def _arrange(self) -> None:
        if self._places or not self._taken:
            return
        self._taken.sort(key=lambda thing: (thing.unit.number, thing.subject))
        self._columns.clear()
        self._told.clear()
        start = 0
        for code, number in Counter(thing.unit.code for thing in self._taken).items():
            self._places[code] = slice(start, start + number)
            start += number

    def column(self, field: str) -> list[Blank]:
        """A field (`case_overdue.days_late`) of each, in their order."""
        each = self.each
        if field not in self._columns:
            name = field.partition(".")[2]
            self._columns[field] = [thing.fact[name] for thing in each]
        return self._columns[field]

    def told_once(self, question: object, answer: Callable[[list[Subject]], T]) -> T:
        """What is asked of them in the same words again and again."""
        each = self.each
        if question not in self._told:
            self._told[question] = answer(each)
        found: T = self._told[question]
        return found

    def knows(self, question: object) -> bool:
        """Whether it was asked of them already."""
        self._arrange()
        return question in self._told

    def remember(self, question: object, answer: object) -> None:
        """What is said of them, for whoever asks the same."""
        self._arrange()
        self._told[question] = answer

    def told(self, question: object) -> Any:
        """What was said of them when it was asked."""
        return self._told[question]

    @property
    def names(self) -> list[tuple[str, str]]:
        return self.told_once("names", lambda each: [(thing.unit.code, thing.subject) for thing in each])

    @property
    def units(self) -> list[UnitFigures]:
        return self.told_once("units", lambda each: [thing.unit for thing in each])


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
        period_over: bool,
        days: Mapping[str, int] | None = None,
    ) -> None:
        self.period = period
        self.deadlines = deadlines
        self.things: dict[str, Things] = {}
        self.earlier: dict[tuple[str, str], Mapping[str, Any]] = {}
        """By unit and rule: the fact that says for how many periods before this one it was broken."""
        read: dict[str, FieldType] = {}
        for rule, parameters in rules:
            read.update(_types(rule, parameters))
            later = rule.rate.later.kind if rule.rate is not None and rule.rate.later is not None else None
            for kind in (rule.named, later, *(rule.requires or ())):
                if kind is not None:
                    self.things.setdefault(kind, Things())
        self._wanted: dict[str, dict[str, FieldType]] = defaultdict(dict)
        for name, of in read.items():
            kind_name, _, field_name = name.partition(".")
            self._wanted[kind_name][field_name] = of
        of_units = [name for name in self._wanted if name not in self.things]
        blank: dict[str, Blank] = {
            f"{kind}.{name}": of() for kind in of_units for name, of in self._wanted[kind].items()
        }
        blank[PERIOD_OVER] = int(period_over)
        blank |= days or {}
        self._units: dict[str, UnitFigures] = {}
        for unit in units:
            if unit["code"] in self._units:
                raise FactError("Đơn vị %(unit)s bị lặp lại.", unit=unit["code"])
            kind, ended = unit.get("kind") or "", bool(unit.get(ENDED))
            place = len(self._units)
            self._units[unit["code"]] = UnitFigures(unit["code"], kind, dict(blank), ended, place)
        self._read = {kind: _counts_first(names) for kind, names in self._wanted.items()}
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
        things = self.things.get(kind)
        subject = fact.get(SUBJECT)
        if things is not None and not isinstance(subject, str):
            raise FactError("Dữ kiện %(kind)s thiếu “%(name)s”.", field=SUBJECT, kind=kind, name=SUBJECT)
        if things is None and SUBJECT in fact:
            return
        if fact["period"] != self.period:
            raise FactError(
                "Dữ kiện %(kind)s của %(unit)s thuộc kỳ %(period)s, không phải kỳ %(judged)s.",
                kind=kind,
                unit=fact["unit"],
                period=fact["period"],
                judged=self.period,
            )
        key = (kind, fact["unit"], subject or "")
        if key in self._taken:
            raise doubled(fact)
        self._taken.add(key)
        unit = self._units.get(fact["unit"])
        if unit is None:
            self._left_out[kind, fact["unit"]] = None
            return
        self._check(fact, kind)
        if things is not None:
            things.add(Subject(unit, fact[SUBJECT], fact))
        else:
            unit.figures.update((f"{kind}.{name}", fact[name]) for name in self._wanted[kind])

    def _check(self, fact: Mapping[str, Any], kind: str) -> None:
        counts, others = self._read.get(kind, _NOTHING_READ)
        for name in counts:
            value = fact.get(name)
            if type(value) is not int or value < 0:
                raise _unusable(fact, name)
        for name, of in others:
            if type(fact.get(name)) is not of:
                raise _unusable(fact, name)


_NOTHING_READ: tuple[list[str], list[tuple[str, type]]] = [], []


def _unusable(fact: Mapping[str, Any], name: str) -> FactError:
    return FactError(
        "Dữ kiện %(kind)s của %(unit)s: “%(name)s” không dùng được (%(value)s).",
        field=name,
        kind=fact["kind"],
        unit=fact["unit"],
        name=name,
        value=repr(fact.get(name)),
    )


def _counts_first(names: Mapping[str, FieldType]) -> tuple[list[str], list[tuple[str, FieldType]]]:
    """Of the fields read of a kind: those that count something, and the others with their types."""
    others = {name: of for name, of in names.items() if of in (bool, str)}
    return [name for name in names if name not in others], list(others.items())


def _types(rule: Rule, parameters: Mapping[str, object]) -> dict[str, FieldType]:
    """The type that the rule takes each field it reads for; nought, false or empty where nothing is recorded."""
    types: dict[str, FieldType] = {}
    conditions = [*rule.conditions]
    if rule.duty is not None:
        _, required = rule.duty
        conditions += [condition for condition in (required.where, required.unless) if condition is not None]
        types |= {required.returned: bool} if required.returned is not None else {}
        after = required.within.after if required.within is not None else None
        texts = (required.done_on, after, required.by, required.arises_on)
        types |= {name: str for name in texts if name is not None}
    for condition in conditions:
        types |= _types_in(condition, parameters)
    if rule.rate is not None and rule.target is not None:
        later = rule.rate.later.days if rule.rate.later is not None else None
        types |= {name: int for name in (*rule.rate.fields, later, rule.target.field) if name is not None}
    if rule.count is not None:
        types |= dict.fromkeys(rule.count.of, int)
    if rule.clock is not None:
        types |= dict.fromkeys(rule.clock.counts, int) | {rule.clock.ended: bool}
        types |= {rule.clock.started_on: str} if rule.clock.started_on is not None else {}
    return types | dict.fromkeys(rule.besides, int)


def _types_in(condition: Condition, parameters: Mapping[str, object]) -> dict[str, FieldType]:
    types: dict[str, FieldType] = dict.fromkeys(condition.fields, int)
    for name, comparison in condition.every_comparison():
        operand = comparison.operands[0]
        if isinstance(operand, bool):
            types[name] = bool
        elif isinstance(operand, str) and operand not in parameters and not is_field(operand):
            types[name] = str
    return types
