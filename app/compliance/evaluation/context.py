"""What a pack is judged with, and how the engine is asked of units and of single things. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from app.compliance.evaluation.debts import View
from app.compliance.evaluation.figures import Blank, Figures, Subject, Things, UnitFigures
from app.compliance.evaluation.results import STATES
from app.core.facts import FactError
from app.rulepacks.compiler import Compiled, RuleOutcome, compile_rules
from app.rulepacks.conditions import NOTHING_KNOWN, DayKind
from app.rulepacks.language import Rule, UnitScope
from app.rulepacks.pack import Override, Pack, ParameterValue, day_kind_of, number_of
from app.rulepacks.premises import PackTerm

if TYPE_CHECKING:
    from app.compliance.evaluation.engine import Engine


Column = Callable[[str], Iterable[Blank]]
"""A field's figure of each unit, or of each thing."""


def ask(
    engine: Engine, compiled: Compiled, units: Sequence[UnitFigures], column: Column
) -> dict[str, list[RuleOutcome]]:
    """What the engine says of each subject, in their order, by rule id; `units` are the subjects themselves, or those
    whose things they are. Raises EngineError.

    Subjects whose sheets would be the same to a ruleset share one sheet: most rules read one or two fields, so
    thousands of overdue cases are a handful of sheets.
    """
    code_of = compiled.codes.get  # texts by their codes; what else is equal is the same number to the engine
    columns = {
        field: [code_of(value, 0) if type(value) is str else value for value in column(field)]
        for field in compiled.fields
    }
    nobody = [("", "")] * len(units)
    said: dict[str, list[RuleOutcome]] = {}
    for part in compiled.parts:
        fields = sorted(part.fields)
        limits = [(unit.code, unit.kind) for unit in units] if part.is_limited else nobody
        shown = list(zip(limits, *(columns[field] for field in fields), strict=True))
        seats = {different: seat for seat, different in enumerate(dict.fromkeys(shown))}
        sheets = [part.sheet(code, kind, dict(zip(fields, row, strict=True))) for (code, kind), *row in seats]
        outcomes = engine.run(part, sheets)
        places = [seats[alike] for alike in shown]
        for rule in part.rules:
            answers = [each[rule] for each in outcomes]
            said[rule] = [answers[place] for place in places]
    return said


_ONLY_TOLD = {
    *("id", "title", "severity", "legal_basis", "note", "finding"),
    *("message", "remedy", "answer_within", "evidence"),
}
"""What a rule says of itself, and of a thing once that is judged; the rest of it decides."""
KEPT = frozenset(STATES)
"""The outcomes whose things a result names one by one; the others are only counted."""
Verdict = tuple[RuleOutcome, Mapping[str, int | str] | None]
"""What is said of a thing, and its details where a result names it."""
NOTHING_MORE: Mapping[str, int | str] = {}


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """What a pack is judged with: its parameters on the day of the law, the facts, the engine, the period as it is
    looked at, and from which share of what is not known a rate is no data."""

    pack: Pack
    parameters: Mapping[str, ParameterValue]
    figures: Figures
    engine: Engine
    view: View
    too_unknown: Fraction = NOTHING_KNOWN
    overrides: Mapping[str, Override] = field(default_factory=dict)
    term: PackTerm = field(default_factory=PackTerm)

    def compiled(self, rules: Sequence[Rule]) -> Compiled:
        """The rules as the engine takes them; once for the same values, though every period and every look asks."""
        return _compiled(_ToCompile(tuple(rules), self.parameters, self.pack.info.scope, self.too_unknown))

    def question(self, rule: Rule) -> object:
        """Whatever decides what a rule says of single things. Rules with the same question, of one plan or of two, have
        the same outcomes, and are asked once."""
        days = sorted({day for parameter in self.pack.parameters.values() for day in parameter.values})
        dated = [self.parameters, *(self.pack.parameters.at(day, self.overrides) for day in days)]
        named = [name for name in rule.names if name in self.pack.parameters]
        values = [(name, [known[name].value if name in known else None for known in dated]) for name in named]
        asked = rule.model_dump_json(exclude=_ONLY_TOLD, warnings=False)  # a list read for a tuple is told the same
        return asked, repr((days, values, self.pack.info.scope)), self.term

    def number_on(self, day: date, number: int | str) -> int:
        """A whole number, written out or by a parameter: by the law of the day on which something arose."""
        return number_of(number, self._values_on(day, number))

    def day_kind_on(self, day: date, counting: str) -> DayKind:
        """How days are counted, by the law of the day on which something arose."""
        return day_kind_of(counting, self._values_on(day, counting))

    def _values_on(self, day: date, name: int | str) -> Mapping[str, ParameterValue]:
        if not isinstance(name, str) or name not in self.parameters:
            return self.parameters
        if self.overrides:
            then = self.pack.parameters.at(day, self.overrides)
            return then if name in then else self.parameters
        value = self.pack.parameters.on(name, day)
        return self.parameters if value is None else {name: value}


class _ToCompile:
    """Rules and what their words stand for: the same when they are these very rules, with the same values."""

    __slots__ = ("_key", "given")

    def __init__(
        self,
        rules: tuple[Rule, ...],
        parameters: Mapping[str, ParameterValue],
        scope: UnitScope | None,
        too_unknown: Fraction,
    ) -> None:
        self.given = rules, parameters, scope, too_unknown  # kept, so that no other object takes the place of one
        values = tuple((name, parameter.value) for name, parameter in parameters.items())
        self._key = tuple(map(id, rules)), values, id(scope), too_unknown

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ToCompile) and self._key == other._key


@lru_cache(maxsize=512)
def _compiled(asked: _ToCompile) -> Compiled:
    return compile_rules(*asked.given)


def ask_things(context: EvaluationContext, compiled: Compiled, things: Things) -> dict[str, list[RuleOutcome]]:
    return ask(context.engine, compiled, things.units, things.column)


def day_in(thing: Subject, field: str) -> date:
    try:
        return date.fromisoformat(str(thing.figure(field)))
    except ValueError:
        raise FactError(
            "Dữ kiện %(kind)s của %(unit)s, %(subject)s: “%(name)s” phải là ngày dạng 2024-01-31 (%(value)s).",
            field=field,
            kind=thing.fact["kind"],
            unit=thing.unit.code,
            subject=thing.subject,
            name=field.partition(".")[2],
            value=repr(thing.figure(field)),
        ) from None
