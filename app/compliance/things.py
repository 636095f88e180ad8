"""Judging single things: cases, tasks, steps, and the rules that a unit goes on breaking. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from app.compliance.asking import ask
from app.compliance.compiling import BROKEN_PERIODS, Compiled, Outcome, compile_rules, compile_where
from app.compliance.duties import Deed, Event
from app.compliance.figures import Blank, Figures, Thing, UnitFigures
from app.compliance.language import Rule, Status
from app.compliance.measures import Requirement, Target, Within
from app.compliance.pack import Pack, ParameterValue, day_kind_of, number_of, share_of
from app.compliance.results import STATUSES, RuleResult, SubjectResult, ratio
from app.facts import FactError
from app.periods import Period

if TYPE_CHECKING:
    from app.compliance.engine import Engine

AnswerDays = Callable[[Rule, Mapping[str, ParameterValue]], int]
KEPT = frozenset({Outcome.FAILED, Outcome.LATE, Outcome.MISSING, Outcome.PENDING})
"""The outcomes whose things a result names one by one; the others are only counted."""
Verdict = tuple[UnitFigures, Outcome, SubjectResult | None]
"""Whose thing it is, what is said of it, and the thing itself where a result names it."""
_Group = tuple[date | None, tuple[date, ...]]
"""The last day of a duty, and the days on which it was done."""


@dataclass(frozen=True, slots=True)
class Court:
    """What a pack is judged with: its parameters on the day of the law, the facts, the engine, and the day on which
    it is looked at."""

    pack: Pack
    parameters: Mapping[str, ParameterValue]
    figures: Figures
    engine: Engine
    as_of: date


def judge_things(
    court: Court, kind: str, rules: Sequence[Rule], answer_days: AnswerDays
) -> dict[str, list[RuleResult]]:
    """Every unit's result for each rule about one kind of single things, by rule id."""
    things = court.figures.things[kind]
    compiled = compile_rules(rules, court.parameters, court.pack.info.scope)
    said = _ask(court, compiled, things)
    return {
        rule.id: list(
            _by_unit(court, rule, _verdicts(court, rule, things, said[rule.id]), answer_days(rule, court.parameters))
        )
        for rule in rules
    }


def _ask(court: Court, compiled: Compiled, things: Sequence[Thing]) -> dict[str, list[Outcome]]:
    def column(field: str) -> list[Blank]:
        name = field.partition(".")[2]
        return [thing.fact[name] for thing in things]

    return ask(court.engine, compiled, [thing.unit for thing in things], column)


def _verdicts(court: Court, rule: Rule, things: Sequence[Thing], said: Sequence[Outcome]) -> Iterator[Verdict]:
    if rule.duty is not None:
        return _duties(court, *rule.duty, things, said)
    return _plain(court, rule, things, said)


def _plain(court: Court, rule: Rule, things: Sequence[Thing], said: Sequence[Outcome]) -> Iterator[Verdict]:
    for thing, outcome in zip(things, said, strict=True):
        if outcome not in KEPT:
            yield thing.unit, outcome, None
            continue
        details: dict[str, int | str] = {}
        if rule.clock is not None:
            used = getattr(rule.clock.used, day_kind_of(rule.clock.counted_in, court.parameters))
            details = {"used": int(thing.figure(used)), "allowed": number_of(rule.clock.at_most, court.parameters)}
        elif rule.rate is not None and rule.target is not None:
            details = {
                "numerator": thing.total(rule.rate.count),
                "denominator": thing.total(rule.rate.among),
                "target": str(_target(court, rule.target, thing)),
            }
        yield thing.unit, outcome, SubjectResult(thing.subject, outcome, thing.figures, details)


def _target(court: Court, target: Target, thing: Thing) -> Fraction:
    """The share that the target names for a thing."""
    if target.field is not None:
        return Fraction(thing.total([target.field]), 100)
    return share_of(target.threshold, court.parameters)


def _verdict(thing: Thing, outcome: Outcome, details: Mapping[str, int | str]) -> Verdict:
    kept = SubjectResult(thing.subject, outcome, thing.figures, details) if outcome in KEPT else None
    return thing.unit, outcome, kept


# --- duties ---------------------------------------------------------------------------------------------------


def _duties(
    court: Court, kind: str, required: Requirement, things: Sequence[Thing], said: Sequence[Outcome]
) -> Iterator[Verdict]:
    """The things whose duty is to be looked for are joined with what was done; the rest stays as it was said.

    Duties with the same last day and the same days of what was done stand or fall together: each such group is one
    event in the engine, with one dictionary of details.
    """
    done: dict[tuple[str, str], tuple[date, ...]] = defaultdict(tuple)
    for deed in _deeds(court, kind, required):
        done[deed.unit.code, deed.subject] += (_day(deed, required.done_on) if required.done_on else date.min,)
    last_days: dict[Blank, date] = {}
    groups: dict[_Group, int] = {}
    group_of = []
    for thing, outcome in zip(things, said, strict=True):
        if outcome is Outcome.OPEN:
            last_day = _last_day(court, thing, required.within, last_days) if required.within is not None else None
            days = done.get((thing.unit.code, thing.subject), ())
            group_of.append(groups.setdefault((last_day, days), len(groups)))
    outcomes = _judge_duties(court, list(groups))
    details = [_duty_details(last_day, days if required.done_on is not None else ()) for last_day, days in groups]
    of_open = iter(group_of)
    for thing, outcome in zip(things, said, strict=True):
        if outcome is Outcome.OPEN:
            group = next(of_open)
            yield _verdict(thing, outcomes[group], details[group])
        else:
            yield _verdict(thing, outcome, {})


def _judge_duties(court: Court, groups: Sequence[_Group]) -> list[Outcome]:
    events = [
        Event.without_deadline(number) if last_day is None else Event.due_on(number, last_day)
        for number, (last_day, _days) in enumerate(groups)
    ]
    deeds = [Deed(number, day.toordinal()) for number, (_, days) in enumerate(groups) for day in days]
    said = court.engine.duties(events, deeds, court.as_of)
    first = Period.parse(court.figures.period).first
    return [
        Outcome.SETTLED if _was_settled_before(first, outcome, *group) else outcome
        for outcome, group in zip(said, groups, strict=True)
    ]


def _was_settled_before(first: date, outcome: Outcome, last_day: date | None, days: Sequence[date]) -> bool:
    """Whether an earlier period has judged the duty: the one in which it was done in time, or its last day passed."""
    if last_day is None or outcome is Outcome.PENDING:
        return False
    settled = min(days) if outcome is Outcome.PASSED else last_day
    return settled < first


def _duty_details(last_day: date | None, days: Sequence[date]) -> dict[str, int | str]:
    return {
        "due": last_day.isoformat() if last_day is not None else "",
        "done_on": min(days).isoformat() if days else "",
    }


def _deeds(court: Court, kind: str, required: Requirement) -> list[Thing]:
    """The facts of the kind that fulfil the requirement's conditions."""
    things = court.figures.things[kind]
    if required.where is None:
        return things
    compiled = compile_where(kind, required.where, court.parameters)
    said = _ask(court, compiled, things)
    return [thing for thing, outcome in zip(things, said[kind], strict=True) if outcome is Outcome.PASSED]


def _last_day(court: Court, thing: Thing, within: Within, known: dict[Blank, date]) -> date:
    """The last day of the span; `known` are those of the same span after other events."""
    event = thing.figure(within.after)
    if event not in known:
        day, days = _day(thing, within.after), number_of(within.amount, court.parameters)
        known[event] = court.figures.deadlines.last_day(day, days, day_kind_of(within.counting, court.parameters))
    return known[event]


def _day(thing: Thing, field: str) -> date:
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


# --- escalation -----------------------------------------------------------------------------------------------


def judge_escalation(
    court: Court, rule: Rule, results: Sequence[RuleResult], answer_days: AnswerDays
) -> list[RuleResult]:
    """Every unit's result: the rules it breaks now, each with the periods on end for which it has been broken."""
    assert rule.escalates is not None
    titles = {each.id: each.title for each in court.pack.rules}
    chosen = set(rule.escalates.rules) or {result.rule for result in results}
    units = {unit.code: unit for unit in court.figures.units}
    broken = [result for result in results if result.status is Status.FAIL and result.rule in chosen]
    history = [_periods(court, result) for result in broken]
    compiled = compile_rules([rule], court.parameters, court.pack.info.scope)
    assert compiled.fields == {BROKEN_PERIODS}
    lengths = [len(periods) for periods in history]
    outcomes = ask(court.engine, compiled, [units[result.unit] for result in broken], lambda _field: lengths)[rule.id]

    @cache
    def details(broken_rule: str, periods: tuple[str, ...]) -> dict[str, int | str]:
        """One dictionary for all the units that break a rule in the same periods."""
        title = titles[broken_rule]
        return {"count": len(periods), "periods": ", ".join(periods), "title": title.vi, "title_en": title.en}

    verdicts: list[Verdict] = []
    for result, periods, said in zip(broken, history, outcomes, strict=True):
        kept = SubjectResult(result.rule, said, {}, details(result.rule, periods)) if said in KEPT else None
        verdicts.append((units[result.unit], said, kept))
    return list(_by_unit(court, rule, verdicts, answer_days(rule, court.parameters)))


def _periods(court: Court, result: RuleResult) -> tuple[str, ...]:
    """The periods on end in which the unit has broken the rule, the present one first."""
    earlier = court.figures.earlier
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
    return (court.figures.period, *listed)


@lru_cache(maxsize=1024)
def _listed(keys: str) -> tuple[str, ...]:
    """Periods written one after another; most units break a rule in the same ones."""
    return tuple(key.strip() for key in keys.split(",") if key.strip())


# --- a unit's result ------------------------------------------------------------------------------------------


def _by_unit(court: Court, rule: Rule, verdicts: Iterable[Verdict], answer_days: int) -> Iterator[RuleResult]:
    tallies: dict[str, Counter[Outcome]] = defaultdict(Counter)
    things: dict[str, list[SubjectResult]] = defaultdict(list)
    for unit, outcome, kept in verdicts:
        tallies[unit.code][outcome] += 1
        if kept is not None:
            things[unit.code].append(kept)
    scopes = [scope for scope in (court.pack.info.scope, rule.scope) if scope is not None and not scope.is_everybody]
    for each in court.figures.units:
        meant = all(scope.includes(each.code, each.kind) for scope in scopes)
        tally = tallies.get(each.code)
        total = _total(tuple(sorted(tally.items())) if tally else (), meant)
        yield RuleResult(
            pack=court.pack.id,
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
            things=tuple(things.get(each.code, ())),
            tally=total.tally,
        )


@dataclass(frozen=True, slots=True)
class _Total:
    """What a unit's single things come to; numbers are None where nothing is said or judged."""

    reason: Outcome
    passed: int | None
    judged: int | None
    failing: int | None
    value: Fraction | None
    tally: Mapping[str, int]


@lru_cache(maxsize=4096)
def _total(counted: tuple[tuple[Outcome, int], ...], meant: bool) -> _Total:
    """Fails if one thing fails; otherwise lacks data if one does; otherwise passes if one was judged. Of a unit that
    the rule is not `meant` for, nothing is said. Most units' things come to the same as another's."""
    tally = dict(counted)
    failing = sum(number for outcome, number in counted if STATUSES[outcome] is Status.FAIL)
    passed = tally.get(Outcome.PASSED, 0)
    judged = failing + passed
    if failing:
        reason = Outcome.FAILED
    else:
        order = (Outcome.NO_DATA, Outcome.PASSED, Outcome.PENDING, Outcome.EXCLUDED)
        reason = next((outcome for outcome in order if tally.get(outcome)), Outcome.NOTHING)
    return _Total(
        reason=reason if meant else Outcome.OUT_OF_SCOPE,
        passed=passed if meant else None,
        judged=judged if meant else None,
        failing=failing if judged else None,
        value=ratio(passed, judged) if judged else None,
        tally={outcome.value: number for outcome, number in counted if outcome is not Outcome.OUT_OF_SCOPE},
    )
