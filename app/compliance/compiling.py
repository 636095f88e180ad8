"""From rules to rulesets of durable_rules, as data: nothing here runs anything.

Each rule becomes up to six durable rules, one per outcome, that exclude each other and leave nothing out. All of
them look at one message: the unit's sheet, which holds every figure the rules read as a whole number. So there
are no joins and no negated patterns (`not` is carried down to the comparisons), and the order in which sheets
arrive cannot matter.

Shares are compared by cross-multiplication in whole numbers, exactly: n/d at least p/q is 0 <= q*n - p*d. The
engine's numbers have 64 bits and stay at the largest one when they overflow; `Compiled.largest` says how big a
figure may be so that this cannot happen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, reduce
from math import prod
from typing import Any

from app.compliance.conditions import Comparison, Condition
from app.compliance.language import Rule, Scope
from app.compliance.pack import ParameterValue
from app.compliance.words import parse_share

Expression = dict[str, Any]
"""A condition or a sum in durable_rules' JSON."""

Step = tuple["Outcome", Expression, Expression | None]
"""The outcome if the answer is yes, the question, and its contrary; None when the next step's contrary says it."""

MAX_NUMBER = 2**63 - 1
MAX_FIELDS = 80
"""Figures on one sheet: a message of 255 properties crashes the process (durable_rules 2.0.28)."""
MAX_PATHS = 40
"""Ways through one ruleset: above 64 the engine refuses messages (its stack of nodes is full)."""
MAX_COMPARISONS = 20
"""Comparisons in one condition: the engine refuses some shapes from about 30 on."""

SEAT = "seat"
"""The sheet's number, by which an outcome finds its unit."""
ZERO = "zero"
"""Always 0 on a sheet: the engine wants a property on the left of a comparison, and a sum only on its right."""
SCOPE = "scope."
"""Before the number of a scope: 1 on the sheet of a unit inside it, otherwise 0."""


class Outcome(StrEnum):
    """What the engine can say of a rule and a unit."""

    OUT_OF_SCOPE = "out_of_scope"
    """The rule is for other units."""
    EXCLUDED = "excluded"
    """`applies_when` does not hold."""
    NOTHING = "nothing_to_judge"
    """Nothing happened that the rate judges, and nothing should have."""
    NO_DATA = "no_data"
    """Nothing is recorded, and something should be."""
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Rules compiled together. `conditions` maps (rule id, outcome) to the condition; `fields` are the figures
    a sheet must hold."""

    rules: tuple[str, ...]
    fields: tuple[str, ...]
    conditions: Mapping[tuple[str, Outcome], Expression]

    @property
    def fingerprint(self) -> str:
        """The same for the same conditions, whatever pack and day they come from."""
        content = [[rule, outcome, condition] for (rule, outcome), condition in self.conditions.items()]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True)
class Compiled:
    """A pack's rules as the engine takes them. `codes` numbers the texts that the rules compare with; any other
    text is 0. `scopes` are those the rules are limited to, the pack's and the rule's together. `largest` is the
    largest figure that the engine can judge exactly."""

    rulesets: tuple[Ruleset, ...]
    codes: Mapping[str, int]
    scopes: tuple[tuple[Scope, ...], ...]
    largest: int

    @cached_property
    def fields(self) -> frozenset[str]:
        """Every figure of facts that the rules read."""
        named = (field for ruleset in self.rulesets for field in ruleset.fields)
        return frozenset(field for field in named if not field.startswith(SCOPE))

    def sheet(self, code: str, kind: str, figures: Mapping[str, bool | int | str]) -> dict[str, int]:
        """A unit's sheet: its figures as the engine's numbers, and which scopes it is in."""
        sheet = {field: self.number(figures[field]) for field in self.fields}
        for number, scopes in enumerate(self.scopes):
            sheet[f"{SCOPE}{number}"] = int(all(scope.includes(code, kind) for scope in scopes))
        return sheet

    def number(self, value: bool | int | str) -> int:
        """A figure, a truth or a text as the engine's number."""
        return self.codes.get(value, 0) if isinstance(value, str) else int(value)


def property_name(field: str) -> str:
    """A field as a property of the engine's messages, where a dot would mean a nested object."""
    return field.replace(".", "__")


def compile_rules(
    rules: Sequence[Rule], parameters: Mapping[str, ParameterValue], pack_scope: Scope | None = None
) -> Compiled:
    """The rules with their parameters' values filled in. Every parameter they name must be among those given."""
    compiler = _Compiler(parameters, pack_scope)
    rulesets = tuple(compiler.ruleset(group) for group in _groups(rules, compiler))
    return Compiled(rulesets, compiler.codes, tuple(compiler.scopes), MAX_NUMBER // compiler.heaviest)


def _groups(rules: Sequence[Rule], compiler: _Compiler) -> Iterator[list[Rule]]:
    """The rules in their order, cut so that no group has too many fields or ways through it."""
    group: list[Rule] = []
    fields: set[str] = set()
    ways = 0
    for rule in rules:
        needed = set(compiler.fields(rule))
        more = sum(paths(condition) for _, condition in exclusive(compiler.steps(rule)))
        if group and (len(fields | needed) > MAX_FIELDS or ways + more > MAX_PATHS):
            yield group
            group, fields, ways = [], set(), 0
        group.append(rule)
        fields |= needed
        ways += more
    if group:
        yield group


def is_too_tangled(rule: Rule, parameters: Mapping[str, ParameterValue], pack_scope: Scope | None) -> bool:
    """Whether the rule alone is more than the engine takes."""
    compiler = _Compiler(parameters, pack_scope)
    conditions = [condition for _, condition in exclusive(compiler.steps(rule))]
    return (
        len(compiler.fields(rule)) > MAX_FIELDS
        or sum(paths(condition) for condition in conditions) > MAX_PATHS
        or any(comparisons(condition) > MAX_COMPARISONS for condition in conditions)
    )


class _Compiler:
    def __init__(self, parameters: Mapping[str, ParameterValue], pack_scope: Scope | None) -> None:
        self.parameters = parameters
        self.pack_scope = pack_scope
        self.codes: dict[str, int] = {}
        self.scopes: list[tuple[Scope, ...]] = []
        self.heaviest = 1

    def limit(self, rule: Rule) -> str | None:
        """The sheet's property that tells whether the rule is for a unit; None if it is for all."""
        scopes = tuple(s for s in (self.pack_scope, rule.scope) if s is not None and not s.is_everybody)
        if not scopes:
            return None
        if scopes not in self.scopes:
            self.scopes.append(scopes)
        return f"{SCOPE}{self.scopes.index(scopes)}"

    def fields(self, rule: Rule) -> tuple[str, ...]:
        limit = self.limit(rule)
        return rule.fields if limit is None else (*rule.fields, limit)

    def ruleset(self, rules: Sequence[Rule]) -> Ruleset:
        conditions = {
            (rule.id, outcome): condition for rule in rules for outcome, condition in exclusive(self.steps(rule))
        }
        fields = dict.fromkeys(field for rule in rules for field in self.fields(rule))
        return Ruleset(tuple(rule.id for rule in rules), tuple(fields), conditions)

    def steps(self, rule: Rule) -> Iterator[Step]:
        """What is asked of a sheet, in order. The last question is the contrary of the one before it."""
        if limit := self.limit(rule):
            name = property_name(limit)
            yield Outcome.OUT_OF_SCOPE, {name: 0}, {name: 1}
        if rule.applies_when is not None:
            applies = self.condition(rule.applies_when, negated=False)
            yield Outcome.EXCLUDED, self.condition(rule.applies_when, negated=True), applies
        if rule.rate is None:
            assert rule.fails_when is not None
            fails = self.condition(rule.fails_when, negated=False)
            passes = self.condition(rule.fails_when, negated=True)
        else:
            some, none = _signs(total(rule.rate.among))
            if rule.rate.expects is None:
                yield Outcome.NOTHING, none, some
            else:
                expected, unexpected = _signs(total(rule.rate.expects))
                yield Outcome.NO_DATA, every([none, expected]), None
                yield Outcome.NOTHING, every([none, unexpected]), some
            passes, fails = self.rate(rule)
        yield Outcome.FAILED, fails, passes
        yield Outcome.PASSED, passes, fails

    def rate(self, rule: Rule) -> tuple[Expression, Expression]:
        """The rate reaches its target, and its contrary."""
        assert rule.rate is not None
        assert rule.target is not None
        share = parse_share(rule.target.threshold)
        if share is None:
            share = self.parameters[rule.target.threshold].value
        weight = share.denominator * len(rule.rate.count) + share.numerator * len(rule.rate.among)
        self.heaviest = max(self.heaviest, weight, len(rule.rate.expects or ()))
        surplus = {
            "$sub": {
                "$l": {"$mul": {"$l": total(rule.rate.count), "$r": share.denominator}},
                "$r": {"$mul": {"$l": total(rule.rate.among), "$r": share.numerator}},
            }
        }
        reached, missed = {
            "at_least": ("$lte", "$gt"),
            "more_than": ("$lt", "$gte"),
            "at_most": ("$gte", "$lt"),
            "less_than": ("$gt", "$lte"),
        }[rule.target.comparison]
        return {reached: {ZERO: surplus}}, {missed: {ZERO: surplus}}

    def condition(self, condition: Condition, *, negated: bool) -> Expression:
        together, apart = (either, every) if negated else (every, either)
        parts = [self.comparison(field, comparison, negated) for field, comparison in condition.comparisons.items()]
        parts += [self.condition(part, negated=negated) for part in condition.all or ()]
        if condition.any:
            parts.append(apart([self.condition(part, negated=negated) for part in condition.any]))
        if condition.not_ is not None:
            parts.append(self.condition(condition.not_, negated=not negated))
        return together(parts)

    def comparison(self, field: str, comparison: Comparison, negated: bool) -> Expression:
        operator = "equals" if comparison.operator == "one_of" else comparison.operator
        tests = [_compare(operator, field, self.operand(operand), negated) for operand in comparison.operands]
        return every(tests) if negated else either(tests)

    def operand(self, operand: bool | int | str) -> int:
        if not isinstance(operand, str):
            return int(operand)
        if operand in self.parameters:
            return int(self.parameters[operand].value)
        return self.code(operand)

    def code(self, text: str) -> int:
        return self.codes.setdefault(text, len(self.codes) + 1)


def exclusive(steps: Iterable[Step]) -> Iterator[tuple[Outcome, Expression]]:
    """Each outcome holds when its own question is answered yes and all before it were answered no."""
    before: list[Expression] = []
    for outcome, question, contrary in steps:
        if outcome is Outcome.PASSED:  # its question is the contrary of the one before
            before.pop()
        yield outcome, every([*before, question])
        if contrary is not None:
            before.append(contrary)


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


def _compare(operator: str, field: str, value: int, negated: bool) -> Expression:
    if negated:
        operator = _CONTRARY[operator]
    plain = {property_name(field): value}
    return plain if operator == "equals" else {_OPERATORS[operator]: plain}


def _signs(amount: Expression) -> tuple[Expression, Expression]:
    """A sum of counts is above zero, and its contrary: counts are never below."""
    return {"$lt": {ZERO: amount}}, {"$gte": {ZERO: amount}}


def total(fields: Sequence[str]) -> Expression:
    """The sum of the fields on the sheet."""
    terms: list[Expression] = [{"$m": property_name(field)} for field in fields]
    return reduce(lambda left, right: {"$add": {"$l": left, "$r": right}}, terms)


def every(parts: Sequence[Expression]) -> Expression:
    """All of them hold."""
    return parts[0] if len(parts) == 1 else {"$and": list(parts)}


def either(parts: Sequence[Expression]) -> Expression:
    """One of them holds."""
    return parts[0] if len(parts) == 1 else {"$or": list(parts)}


def paths(expression: Expression) -> int:
    """In how many ways a condition can come true: the engine follows each of them."""
    if "$and" in expression:
        return prod(paths(part) for part in expression["$and"])
    if "$or" in expression:
        return sum(paths(part) for part in expression["$or"])
    return 1


def comparisons(expression: Expression) -> int:
    """The comparisons in a condition."""
    parts = expression.get("$and") or expression.get("$or")
    return sum(comparisons(part) for part in parts) if parts else 1
