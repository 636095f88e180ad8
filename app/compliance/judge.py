"""Judging units by packs: facts in, one result for every rule and unit out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from app.compliance.compiling import Outcome, compile_rules
from app.compliance.engine import Engine, shared_engine
from app.compliance.figures import Figures, UnitFigures
from app.compliance.language import Rule, Status, Target
from app.compliance.pack import Override, Pack, ParameterValue, as_fraction
from app.compliance.words import parse_share
from app.errors import DomainError, NotFound

if TYPE_CHECKING:
    from app.periods import Period

STATUSES = {
    Outcome.OUT_OF_SCOPE: Status.NOT_APPLICABLE,
    Outcome.EXCLUDED: Status.NOT_APPLICABLE,
    Outcome.NOTHING: Status.NOT_APPLICABLE,
    Outcome.NO_DATA: Status.NO_DATA,
    Outcome.PASSED: Status.PASS,
    Outcome.FAILED: Status.FAIL,
}


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule says of one unit, with its figures. Figures of a rate are null for a rule that is none.

    `value` and `target` are exact shares; `shortfall` is how many more records must count (for `at_most` and
    `less_than`: how many fewer may) for the target to be reached with the same denominator: 0 when it is
    reached, None when nothing is judged or no number would do. `figures` are the fields the rule read.
    """

    pack: str
    rule: str
    unit: str
    status: Status
    reason: Outcome
    numerator: int | None
    denominator: int | None
    value: Fraction | None
    comparison: str | None
    target: Fraction | None
    shortfall: int | None
    parameter: ParameterValue | None
    answer_days: int
    """Working days the unit has to answer a violation."""
    figures: Mapping[str, int | bool | str]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Figures that cannot both be right: more was counted than there is to count among."""

    pack: str
    rule: str
    unit: str
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judged period. `left_out` are (kind, unit) of facts about units that were not judged; `skipped` are the
    packs not in force; `law_on` is the day whose parameters were used."""

    period: str
    law_on: date
    results: tuple[RuleResult, ...]
    contradictions: tuple[Contradiction, ...]
    left_out: tuple[tuple[str, str], ...]
    skipped: tuple[str, ...]


def judge(
    packs: Sequence[Pack],
    facts: Iterable[Mapping[str, Any]],
    units: Iterable[Mapping[str, str]],
    period: Period,
    overrides: Mapping[str, Override] | None = None,
    law_on: date | None = None,
    engine: Engine | None = None,
) -> Judgement:
    """Judge units over a period by the rules of packs.

    Packs in force on the period's last day are used, with that day's parameters; `law_on` puts another day in
    its place, and then packs are used whether in force or not. `units` have a `code` and may have a `kind`.
    A unit without a fact of some kind has zero of everything. A rule is judged when the period is of a kind in
    its `every`. `overrides` are what-if values by parameter name.

    Raises NotFound for an override that no pack knows, DomainError for a parameter without a value on the day,
    FactError for facts that cannot be used, EngineError when the engine's answer is not whole.
    """
    day = law_on or period.last
    in_force = [pack for pack in packs if law_on is not None or day in pack.info.in_force]
    _check_overrides(packs, overrides or {})
    judged = [(pack, [rule for rule in pack.rules if period.kind in rule.judge.every]) for pack in in_force]
    figures = Figures(((rule, pack.parameters) for pack, rules in judged for rule in rules), units, period.key)
    figures.take(facts)
    results: list[RuleResult] = []
    for pack, rules in judged:
        if rules:
            parameters = values_on(pack, rules, day, overrides)
            results += _judge_pack(pack, rules, parameters, figures, engine or shared_engine())
    return Judgement(
        period.key,
        day,
        tuple(results),
        tuple(_contradictions(results)),
        figures.left_out,
        tuple(pack.id for pack in packs if pack not in in_force),
    )


def values_on(
    pack: Pack, rules: Iterable[Rule], day: date, overrides: Mapping[str, Override] | None = None
) -> dict[str, ParameterValue]:
    """The pack's parameters on a day. Raises DomainError if a rule names one that has no value then."""
    values = pack.parameters.at(day, overrides)
    for rule in rules:
        for name in rule.names:
            if name in pack.parameters and name not in values:
                raise DomainError(
                    "Bộ quy tắc %(pack)s, quy tắc %(rule)s: tham số “%(name)s” chưa có giá trị vào ngày %(day)s.",
                    pack=pack.id,
                    rule=rule.id,
                    name=name,
                    day=f"{day:%d/%m/%Y}",
                )
    return values


def _check_overrides(packs: Sequence[Pack], overrides: Mapping[str, Override]) -> None:
    for name in overrides:
        if not any(name in pack.parameters for pack in packs):
            raise NotFound("Không có tham số “%(name)s” trong các bộ quy tắc.", field="what_if", name=name)


def _judge_pack(
    pack: Pack,
    rules: list[Rule],
    parameters: Mapping[str, ParameterValue],
    figures: Figures,
    engine: Engine,
) -> Iterable[RuleResult]:
    compiled = compile_rules(rules, parameters, pack.info.scope)
    sheets = [compiled.sheet(unit.code, unit.kind, unit.figures) for unit in figures.units]
    outcomes = engine.run(compiled, sheets)
    for rule in rules:
        for unit, found in zip(figures.units, outcomes, strict=True):
            yield _result(pack, rule, unit, found[rule.id], parameters)


def _result(
    pack: Pack, rule: Rule, unit: UnitFigures, outcome: Outcome, parameters: Mapping[str, ParameterValue]
) -> RuleResult:
    numerator = denominator = shortfall = value = target = comparison = parameter = None
    if rule.rate is not None and rule.target is not None:
        comparison = rule.target.comparison
        parameter = parameters.get(rule.target.threshold)
        target = target_share(rule.target, parameters)
        if outcome is not Outcome.OUT_OF_SCOPE:
            numerator, denominator = unit.total(rule.rate.count), unit.total(rule.rate.among)
        if outcome in (Outcome.PASSED, Outcome.FAILED):
            assert numerator is not None
            assert denominator
            value = Fraction(numerator, denominator)
            failed = outcome is Outcome.FAILED
            shortfall = missing(comparison, target, numerator, denominator) if failed else 0
    return RuleResult(
        pack=pack.id,
        rule=rule.id,
        unit=unit.code,
        status=STATUSES[outcome],
        reason=outcome,
        numerator=numerator,
        denominator=denominator,
        value=value,
        comparison=comparison,
        target=target,
        shortfall=shortfall,
        parameter=parameter,
        answer_days=answer_days(rule, parameters),
        figures={field: unit.figures[field] for field in rule.fields},
    )


def target_share(target: Target, parameters: Mapping[str, ParameterValue]) -> Fraction:
    """The share that the target names, written out or by a parameter."""
    share = parse_share(target.threshold)
    return parameters[target.threshold].value if share is None else share


def answer_days(rule: Rule, parameters: Mapping[str, ParameterValue]) -> int:
    """Working days to answer a violation of the rule."""
    days = rule.answer_within.working_days
    return int(parameters[days].value if isinstance(days, str) else as_fraction(days))


def missing(comparison: str, target: Fraction, numerator: int, denominator: int) -> int | None:
    """How many records more (or fewer, for an upper limit) would reach the target; None if none would."""
    limit = target * denominator
    if comparison in ("at_least", "more_than"):
        needed = ceil(limit) if comparison == "at_least" else floor(limit) + 1
        return needed - numerator if needed <= denominator else None
    allowed = floor(limit) if comparison == "at_most" else ceil(limit) - 1
    return numerator - allowed if allowed >= 0 else None


def _contradictions(results: Iterable[RuleResult]) -> Iterable[Contradiction]:
    for r in results:
        if r.numerator is not None and r.denominator is not None and r.numerator > r.denominator:
            yield Contradiction(r.pack, r.rule, r.unit, r.numerator, r.denominator)
