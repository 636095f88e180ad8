"""Judging single things: cases, tasks, steps, and the rules that a unit goes on breaking. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache, lru_cache, partial

from app.compliance.evaluation.context import KEPT, NOTHING_MORE, EvaluationContext, Verdict, ask, ask_things, day_in
from app.compliance.evaluation.debts import overrun, still_open
from app.compliance.evaluation.duties import duties
from app.compliance.evaluation.figures import Subject, Things
from app.compliance.evaluation.results import STATUSES, RuleResult, SubjectResult, day_of, ratio
from app.core.facts import FactError
from app.rulepacks.compiler import BROKEN_PERIODS, RuleOutcome
from app.rulepacks.conditions import Clock, Target
from app.rulepacks.language import Rule, Status
from app.rulepacks.pack import ParameterValue, day_kind_of, number_of, share_of

AnswerDays = Callable[[Rule, Mapping[str, ParameterValue]], int]


def evaluate_subjects(
    context: EvaluationContext, kind: str, rules: Sequence[Rule], answer_days: AnswerDays
) -> dict[str, list[RuleResult]]:
    """Every unit's result for each rule about one kind of single things, by rule id."""
    things = context.figures.things[kind]
    questions = {rule.id: context.question(rule) for rule in rules}
    _ask(context, things, {questions[rule.id]: rule for rule in rules})
    return {
        rule.id: list(_by_unit(context, rule, things.told(questions[rule.id]), answer_days(rule, context.parameters)))
        for rule in rules
    }


def _ask(context: EvaluationContext, things: Things, asking: Mapping[object, Rule]) -> None:
    """Have the things remember what is said of each unit's, for every question, by a rule that asks it."""
    new = {question: rule for question, rule in asking.items() if not things.knows(question)}
    compiled = context.compiled(list(new.values()))
    said = ask_things(context, compiled, things)
    for question, rule in new.items():
        things.remember(question, _of_units(things, _verdicts(context, rule, things, said[rule.id])))


def _verdicts(context: EvaluationContext, rule: Rule, things: Things, said: Sequence[RuleOutcome]) -> list[Verdict]:
    """What is said of each thing, in their order."""
    if rule.duty is not None:
        return duties(context, *rule.duty, things, said)
    return [*map(partial(_of_thing, context, rule), things, said)]


def _of_thing(context: EvaluationContext, rule: Rule, thing: Subject, outcome: RuleOutcome) -> Verdict:
    if outcome not in KEPT or outcome is RuleOutcome.PASSED:  # kept is told of what had to be done
        return outcome, None
    if rule.clock is not None:
        outcome, details = _clock(context, rule.clock, thing, outcome)
        return outcome, None if outcome is RuleOutcome.SETTLED else details
    if rule.rate is not None and rule.target is not None:
        return outcome, {
            "numerator": thing.total(rule.rate.count),
            "denominator": thing.total(rule.rate.among),
            "target": str(_target(context, rule.target, thing)),
        }
    return outcome, NOTHING_MORE


def _clock(
    context: EvaluationContext, clock: Clock, thing: Subject, outcome: RuleOutcome
) -> tuple[RuleOutcome, dict[str, int | str]]:
    """What this period says of a step whose days were compared with its allowance, and the figures of it."""
    kind = day_kind_of(clock.counted_in, context.parameters)
    allowed = number_of(clock.at_most, context.parameters)
    details: dict[str, int | str] = {"used": int(thing.figure(getattr(clock.used, kind))), "allowed": allowed}
    if clock.started_on is None or not thing.figure(clock.started_on):
        return outcome, details
    last_day = context.figures.deadlines.last_day(day_in(thing, clock.started_on), allowed, kind)
    details["due"] = last_day.isoformat()
    if outcome is RuleOutcome.PENDING:
        return still_open(context.view, last_day), details
    if outcome is RuleOutcome.FAILED and last_day < context.view.first:
        details["since"] = last_day.isoformat()
        outcome = overrun(context.view, last_day, ended=bool(thing.figure(clock.ended)))
    return outcome, details


def _target(context: EvaluationContext, target: Target, thing: Subject) -> Fraction:
    """The share that the target names for a thing."""
    if target.field is not None:
        return Fraction(thing.total([target.field]), 100)
    return share_of(target.threshold, context.parameters)


# --- escalation -----------------------------------------------------------------------------------------------


def judge_escalation(
    context: EvaluationContext, rule: Rule, results: Sequence[RuleResult], answer_days: AnswerDays
) -> list[RuleResult]:
    """Every unit's result: the rules it breaks now, each with the periods on end for which it has been broken."""
    assert rule.escalates is not None
    titles = {each.id: each.title for each in context.pack.rules}
    chosen = set(rule.escalates.rules) or {result.rule for result in results}
    units = {unit.code: unit for unit in context.figures.units}
    broken = [result for result in results if result.fails and result.rule in chosen]
    history = [_periods(context, result) for result in broken]
    compiled = context.compiled([rule])
    assert compiled.fields == {BROKEN_PERIODS}
    lengths = [len(periods) for periods in history]
    outcomes = ask(context.engine, compiled, [units[result.unit] for result in broken], lambda _field: lengths)[rule.id]

    @cache
    def details(broken_rule: str, periods: tuple[str, ...]) -> dict[str, int | str]:
        """One dictionary for all the units that break a rule in the same periods."""
        title = titles[broken_rule]
        return {"count": len(periods), "periods": ", ".join(periods), "title": title.vi, "title_en": title.en}

    of_units: dict[str, tuple[Counter[RuleOutcome], list[SubjectResult]]] = defaultdict(lambda: (Counter(), []))
    for result, periods, said in zip(broken, history, outcomes, strict=True):
        tally, named = of_units[result.unit]
        tally[said] += 1
        if said is RuleOutcome.FAILED:
            named.append(SubjectResult(result.rule, said, {}, details(result.rule, periods)))
    for _tally, named in of_units.values():
        named.sort(key=in_order)
    return list(_by_unit(context, rule, of_units, answer_days(rule, context.parameters)))


def _periods(context: EvaluationContext, result: RuleResult) -> tuple[str, ...]:
    """The periods on end in which the unit has broken the rule, the present one first."""
    earlier = context.figures.earlier
    fact = earlier.get((result.unit, f"{result.pack}/{result.rule}")) or earlier.get((result.unit, result.rule))
    listed = _listed(fact["listed"]) if fact else ()
    if fact and len(listed) != fact["periods"]:
        raise FactError(
            "Dữ kiện %(kind)s của %(unit)s: ghi %(periods)s kỳ nhưng liệt kê %(listed)s.",
            kind=fact["kind"],
            unit=result.unit,
            periods=fact["periods"],
            listed=len(listed),
        )
    return (context.figures.period, *listed)


@lru_cache(maxsize=1024)
def _listed(keys: str) -> tuple[str, ...]:
    """Periods written one after another; most units break a rule in the same ones."""
    return tuple(key.strip() for key in keys.split(",") if key.strip())


# --- a unit's result ------------------------------------------------------------------------------------------


_OfUnit = tuple[Counter[RuleOutcome], Sequence[SubjectResult]]
"""How many of a unit's things had each outcome, and those that its result names, in order."""


def _of_units(things: Things, verdicts: Sequence[Verdict]) -> dict[str, _OfUnit]:
    """What is said of each unit's things, by its code."""
    found: dict[str, _OfUnit] = {}
    each = things.each
    for code, places in things.places.items():
        theirs = verdicts[places]
        named = [
            SubjectResult(thing.subject, outcome, thing.figures, details)
            for thing, (outcome, details) in zip(each[places], theirs, strict=True)
            if details is not None
        ]
        if len(named) > 1:
            named.sort(key=_due)  # by their names they are in order
        found[code] = Counter([outcome for outcome, _details in theirs]), tuple(named)
    return found


def _due(thing: SubjectResult) -> str:
    return str(thing.details.get("due", ""))


_NO_THINGS: _OfUnit = Counter(), ()


def _by_unit(
    context: EvaluationContext, rule: Rule, of_units: Mapping[str, _OfUnit], answer_days: int
) -> Iterator[RuleResult]:
    scopes = [scope for scope in (context.pack.info.scope, rule.scope) if scope is not None and not scope.is_everybody]
    for each in context.figures.units:
        meant = all(scope.includes(each.code, each.kind) for scope in scopes)
        tally, named = of_units.get(each.code, _NO_THINGS)
        if rule.besides and (more := each.total(rule.besides)):
            tally = tally + Counter({RuleOutcome.PASSED: more})
        total = _total(tuple(sorted(tally.items())) if tally else (), meant)
        yield RuleResult(
            pack=context.pack.id,
            rule=rule.id,
            unit=each.code,
            status=STATUSES[total.reason],
            reason=total.reason,
            numerator=total.passed,
            denominator=total.judged,
            value=total.value,
            comparison=None,
            target=None,
            shortfall=total.failing,
            parameter=None,
            answer_days=answer_days,
            figures={},
            things=tuple(named),
            tally=total.tally,
            due=_earliest(named) if RuleOutcome.PENDING in total.tally else None,
        )


def in_order(thing: SubjectResult) -> tuple[str, str]:
    """What is due first comes first: the same in whatever order facts tell of things."""
    return str(thing.details.get("due", "")), thing.subject


def _earliest(things: Iterable[SubjectResult]) -> date | None:
    """The earliest last day of what is pending."""
    pending = (day_of(thing.details.get("due")) for thing in things if thing.outcome is RuleOutcome.PENDING)
    return min((day for day in pending if day is not None), default=None)


_COMES_TO = {
    RuleOutcome.NO_DATA: RuleOutcome.NO_DATA,
    RuleOutcome.PASSED: RuleOutcome.PASSED,
    RuleOutcome.CAUGHT_UP: RuleOutcome.PASSED,  # the thing was late, and nothing is wrong any more
    RuleOutcome.PENDING: RuleOutcome.PENDING,
    RuleOutcome.EXCLUDED: RuleOutcome.EXCLUDED,
}
"""Where nothing fails, what is said of a unit: by the first of these that is true of one of its things."""


@dataclass(frozen=True, slots=True)
class _Total:
    """What a unit's single things come to; numbers are None where nothing is said or judged."""

    reason: RuleOutcome
    passed: int | None
    judged: int | None
    failing: int | None
    value: Fraction | None
    tally: Mapping[str, int]


@lru_cache(maxsize=4096)
def _total(counted: tuple[tuple[RuleOutcome, int], ...], meant: bool) -> _Total:
    """Fails if one thing fails; otherwise lacks data if one does; otherwise passes if one was judged, and is pending if
    nothing but pending things is there. What an earlier period found missing and this one saw done is not counted
    again. Of a unit that the rule is not `meant` for, nothing is said. Most units' things come to the same as
    another's."""
    tally = dict(counted)
    tally.pop(RuleOutcome.OUT_OF_SCOPE, None)
    failing = sum(number for outcome, number in counted if STATUSES[outcome] is Status.FAIL)
    passed = tally.get(RuleOutcome.PASSED, 0)
    judged = failing + passed
    if failing:
        reason = RuleOutcome.FAILED
    else:
        reason = next((total for outcome, total in _COMES_TO.items() if tally.get(outcome)), RuleOutcome.NOTHING)
    return _Total(
        reason=reason if meant else RuleOutcome.OUT_OF_SCOPE,
        passed=passed if meant else None,
        judged=judged if meant else None,
        failing=failing if judged else None,
        value=ratio(passed, judged) if judged else None,
        tally={outcome.value: number for outcome, number in tally.items()},
    )
