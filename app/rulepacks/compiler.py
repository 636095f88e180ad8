"""From rules to rulesets of durable_rules, as data: nothing here runs anything.

Each rule becomes a few durable rules, one per outcome, that exclude each other and leave nothing out. All of them
look at one message: the sheet of a unit, or of a single thing, which holds every figure the rules read as a whole
number. So there are no joins and no negated patterns (`not` is carried down to the comparisons), and the order in
which sheets arrive cannot matter. Only duties after an event need a join; see `duties`.

Shares are compared by cross-multiplication in whole numbers, exactly: n/d at least p/q is 0 <= q*n - p*d. The
engine's numbers have 64 bits and go round to below zero when they overflow; `Compiled.largest` says how big a
figure may be so that this cannot happen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from math import isqrt, prod
from typing import Any

from app.rulepacks.conditions import NOTHING_KNOWN, Comparison, Condition, Total
from app.rulepacks.language import Rule, UnitScope
from app.rulepacks.pack import ParameterValue, day_kind_of, number_of, share_of
from app.rulepacks.words import is_field

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
    return _group("$and", parts)


def either(parts: Sequence[Expression]) -> Expression:
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


Step = tuple["RuleOutcome", Expression, Expression | None]
"""The outcome if the answer is yes, the question, and its contrary; None when the next step's contrary says it."""

MAX_NUMBER = 2**63 - 1
MAX_FIELDS = 80
"""Figures on one sheet: a message of 255 properties crashes the process (durable_rules 2.0.28)."""
MAX_PATHS = 40
"""Ways through one ruleset: above 64 the engine refuses messages (its stack of nodes is full)."""
MAX_GROUPS = 15
"""Groups within one condition: each takes two places in a list of the engine's (`rete.h`) that must not hold 32."""

SCOPE = "scope."
"""Before the number of a scope: 1 on the sheet of a unit inside it, otherwise 0."""
PERIOD_OVER = "period.over"
"""1 on the sheet when the period had ended on the day it is looked at, otherwise 0."""
BROKEN_PERIODS = "rule.periods"
"""On the sheet of a rule that a unit breaks: for how many periods on end."""


DAY_TO_COME, DAY_PASSED, DAY_ELSEWHERE = 0, 1, 2
"""On the sheet of a rate with a last day: it has not passed, it has, or it is not one of the period's."""


def last_day_field(by: str) -> str:
    """The figure that says where the last day of a rate lies."""
    return f"day.{by.replace('-', '_')}"


class RuleOutcome(StrEnum):
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
    PENDING = "not_yet_due"
    """Nothing can be said yet: what the rule asks for may still be done in time."""
    OPEN = "open"
    """A duty that is to be looked for among the facts; never a last word."""
    LATE = "late"
    """A duty done after its last day."""
    MISSING = "missing"
    """A duty whose last day has passed without it."""
    RETURNED = "returned"
    """A duty whose last day has passed, and what was done was given back."""
    CAUGHT_UP = "caught_up"
    """A duty whose last day passed in an earlier period, which found it missing, and that was done in this one."""
    SETTLED = "settled_before"
    """A duty of another period's: its last day comes later, or it was settled before this one. Judged there alone."""

    __hash__ = str.__hash__  # an enumeration's own is Python, and a month asks it a million times


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Rules compiled together. `conditions` maps (rule id, outcome) to the condition; `fields` are the figures
    a sheet must hold."""

    rules: tuple[str, ...]
    fields: tuple[str, ...]
    conditions: Mapping[tuple[str, RuleOutcome], Expression]

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
    scopes: tuple[tuple[UnitScope, ...], ...]
    largest: int

    @cached_property
    def fields(self) -> frozenset[str]:
        """Every figure that the rules read."""
        named = (field for ruleset in self.rulesets for field in ruleset.fields)
        return frozenset(field for field in named if not field.startswith(SCOPE))

    @property
    def parts(self) -> Iterator[Compiled]:
        """Each ruleset by itself."""
        for ruleset in self.rulesets:
            yield Compiled((ruleset,), self.codes, self.scopes, self.largest)

    @property
    def rules(self) -> Iterator[str]:
        for ruleset in self.rulesets:
            yield from ruleset.rules

    @property
    def is_limited(self) -> bool:
        """Whether a rule asks which unit it is."""
        return any(field.startswith(SCOPE) for ruleset in self.rulesets for field in ruleset.fields)

    def sheet(self, code: str, kind: str, figures: Mapping[str, bool | int | str]) -> dict[str, int]:
        """A sheet: its figures as the engine's numbers, and which scopes its unit is in."""
        sheet = {field: self.number(figures[field]) for field in self.fields}
        for number, scopes in enumerate(self.scopes):
            sheet[f"{SCOPE}{number}"] = int(all(scope.includes(code, kind) for scope in scopes))
        return sheet

    def number(self, value: bool | int | str) -> int:
        """A figure, a truth or a text as the engine's number."""
        return self.codes.get(value, 0) if isinstance(value, str) else int(value)


def compile_rules(
    rules: Sequence[Rule],
    parameters: Mapping[str, ParameterValue],
    pack_scope: UnitScope | None = None,
    too_unknown: Fraction = NOTHING_KNOWN,
) -> Compiled:
    """The rules with their parameters' values filled in. Every parameter they name must be among those given.
    `too_unknown`: from which share of what is not known a rate is no data."""
    compiler = _Compiler(parameters, pack_scope, too_unknown)
    rulesets = tuple(compiler.ruleset(group) for group in _groups(rules, compiler))
    return Compiled(rulesets, compiler.codes, tuple(compiler.scopes), compiler.largest)


def compile_where(name: str, where: Condition, parameters: Mapping[str, ParameterValue]) -> Compiled:
    """The conditions on a fact that a duty asks for, as one rule of that name: PASSED where they hold."""
    compiler = _Compiler(parameters, None)
    holds, fails = compiler.condition(where, negated=False), compiler.condition(where, negated=True)
    conditions = {(name, RuleOutcome.PASSED): holds, (name, RuleOutcome.FAILED): fails}
    return Compiled((Ruleset((name,), where.fields, conditions),), compiler.codes, (), compiler.largest)


def _groups(rules: Sequence[Rule], compiler: _Compiler) -> Iterator[list[Rule]]:
    """The rules, those that read the same fields side by side, cut so that no group has too many fields or ways
    through it: the fewer fields a sheet has, the less of it there is to carry to the engine and back."""
    group: list[Rule] = []
    fields: set[str] = set()
    ways = 0
    for rule in sorted(rules, key=lambda rule: rule.fields):
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


def is_too_tangled(rule: Rule, parameters: Mapping[str, ParameterValue], pack_scope: UnitScope | None) -> bool:
    """Whether the rule alone is more than the engine takes."""
    compiler = _Compiler(parameters, pack_scope)
    conditions = list(compiler.ruleset([rule]).conditions.values())
    for where in (rule.duty[1].where, rule.duty[1].unless) if rule.duty is not None else ():
        if where is not None:
            conditions += [compiler.condition(where, negated=False), compiler.condition(where, negated=True)]
    return (
        len(compiler.fields(rule)) > MAX_FIELDS
        or sum(paths(condition) for condition in conditions) > MAX_PATHS
        or any(groups(condition) > MAX_GROUPS for condition in conditions)
    )


class _Compiler:
    def __init__(
        self,
        parameters: Mapping[str, ParameterValue],
        pack_scope: UnitScope | None,
        too_unknown: Fraction = NOTHING_KNOWN,
    ) -> None:
        self.parameters = parameters
        self.too_unknown = too_unknown
        self.pack_scope = pack_scope
        self.codes: dict[str, int] = {}
        self.scopes: list[tuple[UnitScope, ...]] = []
        self.places: dict[tuple[UnitScope, ...], int] = {}
        self.heaviest = 1
        self.multiplies = False

    @property
    def largest(self) -> int:
        """The largest figure with which no sum or product leaves the engine's numbers."""
        room = MAX_NUMBER // self.heaviest
        return isqrt(room) if self.multiplies else room

    def limit(self, rule: Rule) -> str | None:
        """The sheet's property that tells whether the rule is for a unit; None if it is for all."""
        scopes = tuple(s for s in (self.pack_scope, rule.scope) if s is not None and not s.is_everybody)
        if not scopes:
            return None
        place = self.places.setdefault(scopes, len(self.scopes))
        if place == len(self.scopes):
            self.scopes.append(scopes)
        return f"{SCOPE}{place}"

    def fields(self, rule: Rule) -> tuple[str, ...]:
        own = [*rule.fields]
        if rule.count is not None and rule.count.grows:
            own.append(PERIOD_OVER)
        if rule.rate is not None and rule.rate.by is not None:
            own.append(last_day_field(rule.rate.by))
        if rule.escalates is not None:
            own.append(BROKEN_PERIODS)
        if limit := self.limit(rule):
            own.append(limit)
        return tuple(own)

    def ruleset(self, rules: Sequence[Rule]) -> Ruleset:
        conditions: dict[tuple[str, RuleOutcome], Expression] = {}
        for rule in rules:
            for outcome, condition in exclusive(self.steps(rule)):
                before = conditions.get((rule.id, outcome))  # two questions may have one outcome
                conditions[rule.id, outcome] = condition if before is None else either([before, condition])
        fields = dict.fromkeys(field for rule in rules for field in self.fields(rule))
        return Ruleset(tuple(rule.id for rule in rules), tuple(fields), conditions)

    def steps(self, rule: Rule) -> Iterator[Step]:
        """What is asked of a sheet, in order. The last question is the contrary of the one before it."""
        if limit := self.limit(rule):
            name = property_name(limit)
            yield RuleOutcome.OUT_OF_SCOPE, {name: 0}, {name: 1}
        if rule.applies_when is not None:
            applies = self.condition(rule.applies_when, negated=False)
            yield RuleOutcome.EXCLUDED, self.condition(rule.applies_when, negated=True), applies
        for outcome, asked in ((RuleOutcome.NO_DATA, rule.no_data_when), (RuleOutcome.PENDING, rule.pending_when)):
            if asked is not None:
                yield outcome, self.condition(asked, negated=False), self.condition(asked, negated=True)
        yield from getattr(self, rule.form)(rule)

    def fails_when(self, rule: Rule) -> Iterator[Step]:
        assert rule.fails_when is not None
        fails, passes = (self.condition(rule.fails_when, negated=negated) for negated in (False, True))
        yield RuleOutcome.FAILED, fails, passes
        yield RuleOutcome.PASSED, passes, None

    def rate(self, rule: Rule) -> Iterator[Step]:
        assert rule.rate is not None
        if rule.rate.by is not None:
            day = property_name(last_day_field(rule.rate.by))
            yield RuleOutcome.SETTLED, {day: DAY_ELSEWHERE}, {_OPERATORS["differs_from"]: {day: DAY_ELSEWHERE}}
        some, none = signs(total(rule.rate.among))
        if rule.rate.unknown is not None:
            yield RuleOutcome.NO_DATA, *self.too_little_known(rule.rate.among, rule.rate.unknown)
        if rule.rate.expects is None:
            yield RuleOutcome.NOTHING, none, some
        else:
            expected, unexpected = signs(total(rule.rate.expects))
            yield RuleOutcome.NO_DATA, every([none, expected]), None
            yield RuleOutcome.NOTHING, every([none, unexpected]), some
        if rule.rate.by is not None:
            day = property_name(last_day_field(rule.rate.by))
            yield RuleOutcome.PENDING, {day: DAY_TO_COME}, {_OPERATORS["differs_from"]: {day: DAY_TO_COME}}
        reached, missed = self.reaches(rule)
        yield RuleOutcome.FAILED, missed, reached
        yield RuleOutcome.PASSED, reached, None

    def too_little_known(self, among: Sequence[str], unknown: Sequence[str]) -> tuple[Expression, Expression]:
        """Of all there is, known or not, so much is not known that nothing is said; and the contrary."""
        share = self.too_unknown
        rest = share.denominator - share.numerator
        self.heaviest = max(self.heaviest, share.numerator * len(among) + rest * len(unknown))
        # unknown >= share * (unknown + among), in whole numbers and turned round: 0 <= the surplus
        surplus = minus(times(total(unknown), rest), times(total(among), share.numerator))
        something, nothing = signs(total(unknown))
        enough = compare("at_most", ZERO, surplus, negated=True)
        return every([something, compare("at_most", ZERO, surplus)]), either([nothing, enough])

    def reaches(self, rule: Rule) -> tuple[Expression, Expression]:
        """The rate reaches its target, and its contrary."""
        assert rule.rate is not None
        assert rule.target is not None
        counted, among = len(rule.rate.counts), len(rule.rate.among)
        needed: Expression
        if rule.target.field is not None:  # in percents
            whole, needed = 100, times(total(rule.rate.among), total([rule.target.field]))
            self.multiplies = True
            weight = whole * counted + among
        else:
            share = share_of(rule.target.threshold, self.parameters)
            whole, needed = share.denominator, times(total(rule.rate.among), share.numerator)
            weight = whole * counted + share.numerator * among
        self.heaviest = max(self.heaviest, weight, len(rule.rate.expects or ()))
        # 0 is compared with the surplus, so every comparison is turned round.
        surplus = minus(times(total(rule.rate.counts), whole), needed)
        turned = {"at_least": "at_most", "more_than": "less_than", "at_most": "at_least", "less_than": "more_than"}
        operator = turned[rule.target.comparison]
        return compare(operator, ZERO, surplus), compare(operator, ZERO, surplus, negated=True)

    def count(self, rule: Rule) -> Iterator[Step]:
        assert rule.count is not None
        self.heaviest = max(self.heaviest, len(rule.count.of) + 1)
        wanted = number_of(rule.count.number, self.parameters)
        reached, missed = (
            self.against(rule.count.of, rule.count.comparison, wanted, negated=negated) for negated in (False, True)
        )
        if rule.count.grows:
            over = property_name(PERIOD_OVER)
            yield RuleOutcome.PENDING, every([missed, {over: 0}]), None
            missed = every([missed, {over: 1}])
        yield RuleOutcome.FAILED, missed, reached
        yield RuleOutcome.PASSED, reached, None

    def requires(self, rule: Rule) -> Iterator[Step]:
        yield RuleOutcome.OPEN, {ZERO: 0}, None

    def clock(self, rule: Rule) -> Iterator[Step]:
        assert rule.clock is not None
        clock = rule.clock
        used = getattr(clock.used, day_kind_of(clock.counted_in, self.parameters))
        allowed = number_of(clock.at_most, self.parameters)
        over, within = compare("more_than", used, allowed), compare("at_most", used, allowed)
        ended = property_name(clock.ended)
        yield RuleOutcome.PENDING, every([within, {ended: 0}]), None
        yield RuleOutcome.FAILED, over, within
        yield RuleOutcome.PASSED, every([within, {ended: 1}]), None

    def escalates(self, rule: Rule) -> Iterator[Step]:
        assert rule.escalates is not None
        periods = number_of(rule.escalates.periods, self.parameters)
        yield (
            RuleOutcome.FAILED,
            compare("at_least", BROKEN_PERIODS, periods),
            compare("less_than", BROKEN_PERIODS, periods),
        )
        yield RuleOutcome.PASSED, compare("less_than", BROKEN_PERIODS, periods), None

    def condition(self, condition: Condition, *, negated: bool) -> Expression:
        together, apart = (either, every) if negated else (every, either)
        parts = [self.comparison(field, comparison, negated) for field, comparison in condition.comparisons.items()]
        parts += [self.total(sum_, negated) for sum_ in condition.total or ()]
        parts += [self.condition(part, negated=negated) for part in condition.all or ()]
        if condition.any:
            parts.append(apart([self.condition(part, negated=negated) for part in condition.any]))
        if condition.not_ is not None:
            parts.append(self.condition(condition.not_, negated=not negated))
        return together(parts)

    def comparison(self, field: str, comparison: Comparison, negated: bool) -> Expression:
        operator = "equals" if comparison.operator == "one_of" else comparison.operator
        tests = [compare(operator, field, self.operand(operand), negated=negated) for operand in comparison.operands]
        return every(tests) if negated else either(tests)

    def against(self, fields: Sequence[str], operator: str, side: int | Expression, *, negated: bool) -> Expression:
        """A sum against a number or another amount: 0 against what the other side has more."""
        other = side if isinstance(side, dict) else {"$add": {"$l": {"$m": ZERO}, "$r": side}}
        return compare(operator, ZERO, minus(other, total(fields)), negated=negated)

    def total(self, sum_: Total, negated: bool) -> Expression:
        self.heaviest = max(self.heaviest, len(sum_.of) + max(1, len(sum_.compared_fields)))
        if isinstance(sum_.side, int):
            return self.against(sum_.of, sum_.operator, sum_.side, negated=negated)
        if sum_.parameter is not None:
            side = int(self.parameters[sum_.parameter].value)
            return self.against(sum_.of, sum_.operator, side, negated=negated)
        return self.against(sum_.of, sum_.operator, total(sum_.side), negated=negated)

    def operand(self, operand: bool | int | str) -> int | Expression:
        if not isinstance(operand, str):
            return int(operand)
        if is_field(operand):
            return {"$m": property_name(operand)}
        if operand in self.parameters:
            return int(self.parameters[operand].value)
        return self.code(operand)

    def code(self, text: str) -> int:
        return self.codes.setdefault(text, len(self.codes) + 1)


def exclusive(steps: Iterable[Step]) -> Iterator[tuple[RuleOutcome, Expression]]:
    """Each outcome holds when its own question is answered yes and all before it were answered no."""
    before: list[Expression] = []
    for outcome, question, contrary in steps:
        if outcome is RuleOutcome.PASSED:  # its question is the contrary of the one before
            before.pop()
        yield outcome, every([*before, question])
        if contrary is not None:
            before.append(contrary)
