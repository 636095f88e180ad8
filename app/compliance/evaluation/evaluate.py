"""Judging units by packs: facts in, one result for every rule and unit out. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from app.compliance.evaluation.context import EvaluationContext, ask
from app.compliance.evaluation.debts import View
from app.compliance.evaluation.figures import Blank, Figures, UnitFigures
from app.compliance.evaluation.results import (
    STATUSES,
    AppliedWaivers,
    CountContradiction,
    Judgement,
    RuleResult,
    SubjectResult,
    apply_waiver,
    as_remark,
    ratio,
    waiver_facts,
)
from app.compliance.evaluation.subjects import evaluate_subjects, in_order, judge_escalation
from app.core.errors import DomainError, NotFound
from app.core.facts import Fact
from app.rulepacks.compiler import (
    DAY_ELSEWHERE,
    DAY_PASSED,
    DAY_TO_COME,
    RuleOutcome,
    last_day_field,
)
from app.rulepacks.conditions import NOTHING_KNOWN, RULE, UNIT, Count, Target, TargetComparison
from app.rulepacks.language import JudgedAs, Rule
from app.rulepacks.pack import Override, Pack, ParameterValue, as_fraction, number_of, share_of
from app.rulepacks.premises import BESIDE, DeadlineOf, Deadlines, PackTerm, Setting, term_facts, unit_told

if TYPE_CHECKING:
    from app.compliance.evaluation.engine import Engine
    from app.core.periods import Period

__all__ = [
    "CountContradiction",
    "Judgement",
    "RuleResult",
    "SubjectResult",
    "answer_days",
    "judge",
    "missing",
    "target_share",
    "values_on",
]


def judge(
    packs: Sequence[Pack],
    facts: Iterable[Mapping[str, Any]],
    units: Iterable[Mapping[str, str]],
    period: Period,
    overrides: Mapping[str, Override] | None = None,
    law_on: date | None = None,
    engine: Engine | None = None,
    as_of: date | None = None,
    looked_on: date | None = None,
    deadline_of: DeadlineOf | None = None,
    excuses: AppliedWaivers | None = None,
    too_unknown: Fraction = NOTHING_KNOWN,
    terms: Mapping[str, PackTerm] | None = None,
    earlier: EarlierFailures | None = None,
) -> Judgement:
    """Judge units over a period by the rules of packs.

    Packs in force on the period's last day are used, with that day's parameters; `law_on` puts another day in
    its place, and then packs are used whether in force or not. `units` have a `code` and may have a `kind`.
    One that has `beside` is not judged, and only counts for the Department as a whole. A unit without a fact of some
    kind has zero of everything. A rule is judged when the period is of a kind in
    its `every`. `overrides` are what-if values by parameter name. `as_of` is the site's day up to which things are
    known: the day after the period when left out; `looked_on` the day of looking, the same when left out, which alone
    decides whether what falls due after the period is still pending. `deadline_of` reckons the last days of duties
    that no fact of the kind `deadline` tells. `excuses` are the waivers in force: what fails under one is `waived`,
    with its figures, and does not count towards an escalation. `too_unknown`: from which share of what is not known a
    rate is no data. `terms` are the days on which the site judges by each pack; by one whose term has ended only what
    is still owed from it is judged. `earlier` is told what fails and says for how many periods on end it has been so,
    in facts beside those given.

    Raises NotFound for an override that no pack knows, DomainError for a parameter without a value on the day or a
    deadline that nothing tells, FactError for facts that cannot be used, EngineError when the engine's answer is
    not whole.
    """
    day = law_on or period.last
    known_to = as_of or period.last + timedelta(days=1)
    setting = Setting(
        known_to,
        day,
        tuple(map(unit_told, units)),
        looked_on or known_to,
        too_unknown,
    )
    in_force = [pack for pack in packs if law_on is not None or day in pack.info.in_force]
    _check_overrides(packs, overrides or {})
    terms = terms or {}
    judged = [(pack, list(_judged_rules(pack, period, terms.get(pack.id, PackTerm())))) for pack in in_force]
    deadlines = Deadlines(period.key, deadline_of)
    figures = Figures(
        ((rule, pack.parameters) for pack, rules in judged for rule in rules),
        setting.units,
        period.key,
        deadlines,
        period_over=period.is_over(setting.as_of),
        days=_last_days((rule for _pack, rules in judged for rule in rules), period, setting.as_of),
    )
    from app.compliance.evaluation.engine import shared_engine  # heavy: durable_rules

    figures.take(facts)
    results: list[RuleResult] = []
    contexts: list[tuple[EvaluationContext, list[Rule], Found]] = []
    for pack, rules in judged:
        if rules:
            context = EvaluationContext(
                pack,
                values_on(pack, rules, day, overrides),
                figures,
                engine or shared_engine(),
                View(period.first, period.last, setting.as_of, setting.looked_on),
                too_unknown,
                overrides or {},
                terms.get(pack.id, PackTerm()),
            )
            contexts.append((context, rules, _judge_ordinary(context, rules, excuses or {})))
    broken = [result for *_, found in contexts for each in found.values() for result in each if result.status == "fail"]
    rows = list(earlier(broken)) if earlier is not None and broken else []
    figures.take(rows)
    for context, rules, found in contexts:
        said = _with_escalations(context, rules, found, excuses or {})
        results += (result for result in said if result.things or not context.term.has_ended)
    if beside := {unit["code"] for unit in setting.units if unit.get(BESIDE)}:
        results = [result for result in results if result.unit not in beside]
    return Judgement(
        period.key,
        day,
        setting.as_of,
        tuple(results),
        tuple(_contradictions(results)),
        figures.left_out,
        tuple(pack.id for pack in packs if pack not in in_force),
        (
            *setting.facts(period.key),
            *term_facts(terms, period.key),
            *rows,
            *deadlines.facts,
            *waiver_facts(results, period.key),
        ),
    )


def _last_days(rules: Iterable[Rule], period: Period, as_of: date) -> dict[str, int]:
    """Where the last days of rates lie, by the figures that say so."""
    found = {}
    for rule in rules:
        if rule.rate is not None and (day := rule.rate.last_day(period.first, period.last)) is not None:
            place = DAY_TO_COME if as_of <= day else DAY_PASSED
            found[last_day_field(str(rule.rate.by))] = place if period.contains(day) else DAY_ELSEWHERE
    return found


def _judged_rules(pack: Pack, period: Period, term: PackTerm) -> Iterator[Rule]:
    """The rules that judge such a period; of a pack whose term has ended, those by which something may be owed."""
    for rule in pack.rules:
        owes = rule.duty is not None and rule.duty[1].is_dated
        if period.kind in rule.judge.every and (owes or not term.has_ended):
            yield rule


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


Found = dict[str, list[RuleResult]]
"""Results by rule."""
EarlierFailures = Callable[[Sequence[RuleResult]], Iterable[Fact]]
"""Says of results that fail in how many periods on end before this one their rules were broken, as facts."""


def _judge_ordinary(context: EvaluationContext, rules: Sequence[Rule], excuses: AppliedWaivers) -> Found:
    """Units first, then single things."""
    by_subject: dict[str, list[Rule]] = {}
    for rule in rules:
        by_subject.setdefault(rule.judge.things, []).append(rule)
    found = _judge_units(context, by_subject.get(UNIT, []))
    for subject, its_rules in by_subject.items():
        if subject not in (UNIT, RULE):
            found |= evaluate_subjects(context, subject, its_rules, answer_days)
    for rule in rules:
        if rule.is_remark and rule.id in found:
            found[rule.id] = [as_remark(result) for result in found[rule.id]]
    return {rule: [apply_waiver(result, excuses) for result in results] for rule, results in found.items()}


def _with_escalations(
    context: EvaluationContext, rules: Sequence[Rule], found: Found, excuses: AppliedWaivers
) -> Iterator[RuleResult]:
    """The rules that were broken for too long beside the others, in the order of the rules."""
    ordinary = [result for results in found.values() for result in results]
    for rule in rules:
        if rule.subject == RULE:
            escalated = judge_escalation(context, rule, ordinary, answer_days)
            yield from (apply_waiver(result, excuses) for result in escalated)
        else:
            yield from found[rule.id]


def _judge_units(context: EvaluationContext, rules: Sequence[Rule]) -> dict[str, list[RuleResult]]:
    """Each unit by its own figures; where the rule is about the Department as a whole, whoever answers for it by what
    every unit comes to together, and the others by their parts or not at all."""
    together: dict[tuple[object, ...], list[Rule]] = {}
    for rule in rules:
        whole = () if rule.judge.whole is None else (rule.judge.answers, rule.scope, *_read_of_itself(rule))
        alone = (rule.id,) if rule.rate is not None and rule.rate.later is not None else ()
        together.setdefault((*whole, *alone), []).append(rule)
    found: dict[str, list[RuleResult]] = {}
    for alike in together.values():
        units = _with_what_came_later(context, alike[0])
        found |= _judge_alike(context, alike, units, Whole.of(context, alike, units))
    return found


def _read_of_itself(rule: Rule) -> tuple[str, ...]:
    """What the rule reads besides what it counts: of a whole, the unit's own, so its rules are asked by themselves."""
    return (rule.id,) if set(rule.fields).difference(rule.added_up) else ()


def _with_what_came_later(context: EvaluationContext, rule: Rule) -> list[UnitFigures]:
    """The units, with what came later than at once and counts for this rule, by its own parameter."""
    later = rule.rate.later if rule.rate is not None else None
    if later is None:
        return context.figures.units
    allowed, counts = number_of(later.within, context.parameters), Counter[str]()
    for thing in context.figures.things[later.kind]:
        if int(thing.figure(later.days)) <= allowed:
            counts[thing.unit.code] += thing.total([later.of])
    return [
        replace(unit, figures=unit.figures | {later.of: counts[unit.code], later.days: allowed})
        for unit in context.figures.units
    ]


def _judge_alike(
    context: EvaluationContext, rules: Sequence[Rule], units: Sequence[UnitFigures], whole: Whole | None
) -> dict[str, list[RuleResult]]:
    units = [whole.together if whole and unit.code == whole.together.code else unit for unit in units]
    compiled = context.compiled(rules)
    said = ask(context.engine, compiled, units, lambda field: [unit.figures[field] for unit in units])
    found = {}
    for rule in rules:
        required, behind = _Required.by(rule, context.parameters), _behind(context, rule)
        found[rule.id] = [
            _named(
                _result(context, rule, required, unit, *_judged_as(rule, unit, whole, outcome)),
                behind.get(unit.code, ()),
            )
            for unit, outcome in zip(units, said[rule.id], strict=True)
        ]
    return found


def _judged_as(
    rule: Rule, unit: UnitFigures, whole: Whole | None, outcome: RuleOutcome
) -> tuple[RuleOutcome, JudgedAs | None]:
    """What is said of a unit, and as what; a unit's part is out of scope where only the whole is judged."""
    if rule.judge.whole is None:
        return outcome, None
    if whole is not None and unit is whole.together:
        return outcome, JudgedAs.WHOLE
    if rule.judge.each is None or outcome is RuleOutcome.OUT_OF_SCOPE:
        return RuleOutcome.OUT_OF_SCOPE, None
    return outcome, JudgedAs.PART


def _answering(units: Sequence[UnitFigures], kind: str | None) -> UnitFigures | None:
    """The unit of a kind that answers for the Department, in whatever order units are told; where one took over from
    another in the period, the one that took over."""
    alike = (unit for unit in units if unit.kind == kind)
    return min(alike, key=lambda unit: (unit.has_ended, unit.code), default=None)


@dataclass(frozen=True, slots=True)
class Whole:
    """The Department as a whole: the unit that answers for it, with what is counted added up over every unit."""

    together: UnitFigures

    @classmethod
    def of(cls, context: EvaluationContext, rules: Sequence[Rule], units: Sequence[UnitFigures]) -> Whole | None:
        """For rules that are about the whole in one and the same way; None where no unit judged answers for it."""
        answers = rules[0].judge.answers
        answering = _answering(units, answers)
        if answering is None:
            return None
        scopes = [scope for scope in (context.pack.info.scope, rules[0].scope) if scope is not None]
        meant = [unit for unit in units if all(scope.includes(unit.code, unit.kind) for scope in scopes)]
        fields = dict.fromkeys(field for rule in rules for field in rule.added_up)
        numbers = [field for field in fields if type(answering.figures[field]) is int]
        sums: dict[str, Blank] = {field: sum(int(unit.figures[field]) for unit in meant) for field in numbers}
        return cls(UnitFigures(answering.code, answering.kind, answering.figures | sums))


def _behind(context: EvaluationContext, rule: Rule) -> dict[str, list[SubjectResult]]:
    """By unit: the single things that a rate leaves out, where its kind of facts tells of them."""
    behind: dict[str, list[SubjectResult]] = {}
    if rule.rate is not None and rule.rate.names is not None:
        for thing in context.figures.things[rule.rate.names]:
            named = SubjectResult(thing.subject, RuleOutcome.FAILED, thing.figures, {})
            behind.setdefault(thing.unit.code, []).append(named)
    return behind


def _named(result: RuleResult, things: Sequence[SubjectResult]) -> RuleResult:
    if things and result.reason is RuleOutcome.FAILED:
        result.things, result.behind = tuple(sorted(things, key=in_order)), True
    return result


@dataclass(frozen=True, slots=True)
class _Required:
    """What a rule requires of every unit alike; `target` is None where each unit has its own."""

    comparison: TargetComparison | None
    target: Fraction | None
    parameter: ParameterValue | None
    answer_days: int
    fields: tuple[str, ...]

    @classmethod
    def by(cls, rule: Rule, parameters: Mapping[str, ParameterValue]) -> _Required:
        """By a rule, with its parameters filled in."""
        comparison = target = parameter = None
        if rule.rate is not None and rule.target is not None:
            comparison, parameter = rule.target.comparison, parameters.get(rule.target.threshold)
            target = target_share(rule.target, parameters)
        elif rule.count is not None:
            comparison, parameter = rule.count.comparison, parameters.get(str(rule.count.number))
            target = Fraction(number_of(rule.count.number, parameters))
        return cls(comparison, target, parameter, answer_days(rule, parameters), rule.fields)


def _result(
    context: EvaluationContext,
    rule: Rule,
    required: _Required,
    unit: UnitFigures,
    outcome: RuleOutcome,
    judged_as: JudgedAs | None,
) -> RuleResult:
    numerator = denominator = shortfall = value = unknown = None
    target = required.target
    if rule.rate is not None and rule.target is not None:
        if target is None:
            target = ratio(unit.total([rule.target.threshold]), 100)
        if outcome is not RuleOutcome.OUT_OF_SCOPE:
            numerator, denominator = unit.total(rule.rate.counts), unit.total(rule.rate.among)
            unknown = unit.total(rule.rate.unknown) if rule.rate.unknown is not None else None
        if outcome in (RuleOutcome.PASSED, RuleOutcome.FAILED):
            assert numerator is not None
            assert denominator
            value = ratio(numerator, denominator)
            failed = outcome is RuleOutcome.FAILED
            shortfall = missing(str(required.comparison), target, numerator, denominator) if failed else 0
    elif rule.count is not None and outcome not in (
        RuleOutcome.OUT_OF_SCOPE,
        RuleOutcome.EXCLUDED,
        RuleOutcome.NO_DATA,
    ):
        numerator = unit.total(rule.count.of)
        value = ratio(numerator, 1)
        shortfall = missing_from_count(rule.count, numerator, int(target or 0))
    return RuleResult(
        pack=context.pack.id,
        rule=rule.id,
        unit=unit.code,
        status=STATUSES[outcome],
        reason=outcome,
        numerator=numerator,
        denominator=denominator,
        value=value,
        comparison=required.comparison,
        target=target,
        shortfall=shortfall,
        parameter=required.parameter,
        answer_days=required.answer_days,
        figures={field: unit.figures[field] for field in required.fields},
        unknown=unknown,
        due=_due(context.view, rule) if outcome is RuleOutcome.PENDING else None,
        judged_as=judged_as,
    )


def _due(view: View, rule: Rule) -> date | None:
    """The last day of what a rule about units is pending for; None where the rule does not say."""
    if rule.rate is not None:
        return rule.rate.last_day(view.first, view.last)
    return view.last if rule.count is not None else None


def target_share(target: Target, parameters: Mapping[str, ParameterValue]) -> Fraction | None:
    """The share that the target names, written out or by a parameter; None where each unit has its own."""
    if target.field is not None:
        return None
    return share_of(target.threshold, parameters)


def answer_days(rule: Rule, parameters: Mapping[str, ParameterValue]) -> int:
    """Working days to answer a violation of the rule; 0 of a remark, which nobody answers."""
    if rule.answer_within is None:
        return 0
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


def missing_from_count(count: Count, counted: int, number: int) -> int | None:
    """How many more (or fewer) would reach the number: 0 when it is reached, None if none would."""
    if count.grows:
        return max(0, number + (count.comparison == "more_than") - counted)
    allowed = number - (count.comparison == "less_than")
    return max(0, counted - allowed) if allowed >= 0 else None


def _contradictions(results: Iterable[RuleResult]) -> Iterator[CountContradiction]:
    for r in results:
        if r.numerator is not None and r.denominator is not None and r.numerator > r.denominator:
            yield CountContradiction(r.pack, r.rule, r.unit, r.numerator, r.denominator)
