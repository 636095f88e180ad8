"""Judging single things: cases, tasks, steps, and the rules that a unit goes on breaking. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from app.compliance.compiling import BROKEN_PERIODS, Outcome, compile_rules, compile_where
from app.compliance.duties import Deed, Event
from app.compliance.engine import Engine
from app.compliance.figures import Figures, Thing, UnitFigures
from app.compliance.language import Rule, Status
from app.compliance.measures import DAY_KINDS, DayKind, Requirement, Target, Within
from app.compliance.pack import Pack, ParameterValue
from app.compliance.results import STATUSES, RuleResult, SubjectResult
from app.compliance.words import parse_share
from app.facts import FactError

AnswerDays = Callable[[Rule, Mapping[str, ParameterValue]], int]
KEPT = frozenset({Outcome.FAILED, Outcome.LATE, Outcome.MISSING, Outcome.PENDING})
"""The outcomes whose things a result names one by one; the others are only counted."""


@dataclass(frozen=True, slots=True)
class Court:
    """What a pack is judged with: its parameters on the day of the law, the facts, the engine, and the day on which
    it is looked at."""

    pack: Pack
    parameters: Mapping[str, ParameterValue]
    figures: Figures
    engine: Engine
    as_of: date

    def number(self, number: int | str) -> int:
        """A whole number, written out or by a parameter."""
        return number if isinstance(number, int) else int(self.parameters[number].value)

    def day_kind(self, counting: str) -> DayKind:
        """How days are counted: as written, or as a parameter says."""
        return DayKind(counting) if counting in DAY_KINDS else self.parameters[counting].day_kind


def judge_things(
    court: Court, kind: str, rules: Sequence[Rule], answer_days: AnswerDays
) -> dict[str, list[RuleResult]]:
    """Every unit's result for each rule about one kind of single things, by rule id."""
    things = court.figures.things[kind]
    compiled = compile_rules(rules, court.parameters, court.pack.info.scope)
    sheets = [
        compiled.sheet(thing.unit.code, thing.unit.kind, {field: thing.figure(field) for field in compiled.fields})
        for thing in things
    ]
    outcomes = court.engine.run(compiled, sheets)
    found = {}
    for rule in rules:
        said = [outcome[rule.id] for outcome in outcomes]
        verdicts = _verdicts(court, rule, things, said)
        found[rule.id] = list(_by_unit(court, rule, verdicts, answer_days(rule, court.parameters)))
    return found


def _verdicts(
    court: Court, rule: Rule, things: Sequence[Thing], said: Sequence[Outcome]
) -> Iterable[tuple[UnitFigures, SubjectResult]]:
    if rule.duty is not None:
        return _duties(court, *rule.duty, things, said)
    return _plain(court, rule, things, said)


def _plain(
    court: Court, rule: Rule, things: Sequence[Thing], said: Sequence[Outcome]
) -> Iterator[tuple[UnitFigures, SubjectResult]]:
    for thing, outcome in zip(things, said, strict=True):
        details: dict[str, int | str] = {}
        if rule.clock is not None and outcome in KEPT:
            used = getattr(rule.clock.used, court.day_kind(rule.clock.counted_in))
            details = {"used": int(thing.figure(used)), "allowed": court.number(rule.clock.at_most)}
        elif rule.rate is not None and rule.target is not None and outcome in KEPT:
            details = {
                "numerator": thing.total(rule.rate.count),
                "denominator": thing.total(rule.rate.among),
                "target": str(_target(court, rule.target, thing)),
            }
        yield thing.unit, _said(thing, outcome, details)


def _target(court: Court, target: Target, thing: Thing) -> Fraction:
    """The share that the target names for a thing."""
    if target.field is not None:
        return Fraction(thing.total([target.field]), 100)
    share = parse_share(target.threshold)
    return court.parameters[target.threshold].value if share is None else share


def _said(thing: Thing, outcome: Outcome, details: Mapping[str, int | str]) -> SubjectResult:
    return SubjectResult(thing.subject, outcome, thing.figures if outcome in KEPT else {}, details)


# --- duties ---------------------------------------------------------------------------------------------------


def _duties(
    court: Court, kind: str, required: Requirement, things: Sequence[Thing], said: Sequence[Outcome]
) -> Iterator[tuple[UnitFigures, SubjectResult]]:
    """The things whose duty is to be looked for are joined with what was done; the rest stays as it was said."""
    deeds: dict[tuple[str, str], list[date]] = defaultdict(list)
    for deed in _deeds(court, kind, required):
        deeds[deed.unit.code, deed.subject].append(_day(deed, required.done_on) if required.done_on else date.min)
    keys: dict[tuple[str, str], int] = {}
    open_things = [thing for thing, outcome in zip(things, said, strict=True) if outcome is Outcome.OPEN]
    events, last_days = [], []
    for thing in open_things:
        key = keys.setdefault((thing.unit.code, thing.subject), len(keys))
        last_day = _last_day(court, thing, required.within) if required.within is not None else None
        last_days.append(last_day)
        events.append(Event.without_deadline(key) if last_day is None else Event.due_on(key, last_day))
    done = [Deed(keys[name], day.toordinal()) for name, days in deeds.items() if name in keys for day in days]
    found = iter(zip(court.engine.duties(events, done, court.as_of), last_days, strict=True))
    for thing, outcome in zip(things, said, strict=True):
        details: dict[str, int | str] = {}
        if outcome is Outcome.OPEN:
            outcome, last_day = next(found)
            days = deeds.get((thing.unit.code, thing.subject), ())
            details["due"] = last_day.isoformat() if last_day is not None else ""
            details["done_on"] = min(days).isoformat() if days and required.done_on is not None else ""
        yield thing.unit, _said(thing, outcome, details)


def _deeds(court: Court, kind: str, required: Requirement) -> list[Thing]:
    """The facts of the kind that fulfil the requirement's conditions."""
    things = court.figures.things[kind]
    if required.where is None:
        return things
    compiled = compile_where(kind, required.where, court.parameters)
    sheets = [compiled.sheet("", "", {field: thing.figure(field) for field in compiled.fields}) for thing in things]
    outcomes = court.engine.run(compiled, sheets)
    return [thing for thing, said in zip(things, outcomes, strict=True) if said[kind] is Outcome.PASSED]


def _last_day(court: Court, thing: Thing, within: Within) -> date:
    event = _day(thing, within.after)
    return court.figures.deadlines.last_day(event, court.number(within.amount), court.day_kind(within.counting))


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
    chosen = set(rule.escalates.rules) or {result.rule for result in results}
    units = {unit.code: unit for unit in court.figures.units}
    broken = [result for result in results if result.status is Status.FAIL and result.rule in chosen]
    history = [_periods(court, result) for result in broken]
    compiled = compile_rules([rule], court.parameters, court.pack.info.scope)
    sheets = [
        compiled.sheet(result.unit, units[result.unit].kind, {BROKEN_PERIODS: len(periods)})
        for result, periods in zip(broken, history, strict=True)
    ]
    outcomes = court.engine.run(compiled, sheets)
    verdicts = []
    for result, periods, outcome in zip(broken, history, outcomes, strict=True):
        title = court.pack.rule(result.rule).title
        details: dict[str, Any] = {
            "count": len(periods),
            "periods": ", ".join(periods),
            "title": title.vi,
            "title_en": title.en,
        }
        verdicts.append((units[result.unit], SubjectResult(result.rule, outcome[rule.id], {}, details)))
    return list(_by_unit(court, rule, verdicts, answer_days(rule, court.parameters)))


def _periods(court: Court, result: RuleResult) -> list[str]:
    """The periods on end in which the unit has broken the rule, the present one first."""
    earlier = court.figures.earlier
    fact = earlier.get((result.unit, f"{result.pack}/{result.rule}")) or earlier.get((result.unit, result.rule))
    listed = [key.strip() for key in fact["listed"].split(",") if key.strip()] if fact else []
    if fact and len(listed) != fact["periods"]:
        raise FactError(
            "Dữ kiện %(kind)s của %(unit)s: ghi %(periods)s kỳ nhưng liệt kê %(listed)s.",
            kind=fact["kind"],
            unit=result.unit,
            periods=fact["periods"],
            listed=len(listed),
        )
    return [court.figures.period, *listed]


# --- a unit's result ------------------------------------------------------------------------------------------


def _by_unit(
    court: Court, rule: Rule, verdicts: Iterable[tuple[UnitFigures, SubjectResult]], answer_days: int
) -> Iterator[RuleResult]:
    said: dict[str, list[SubjectResult]] = defaultdict(list)
    for unit, verdict in verdicts:
        said[unit.code].append(verdict)
    for unit in court.figures.units:
        yield _unit_result(court.pack, rule, unit, said.get(unit.code, []), answer_days)


def _unit_result(
    pack: Pack, rule: Rule, unit: UnitFigures, said: Sequence[SubjectResult], answer_days: int
) -> RuleResult:
    """Fails if one thing fails; otherwise lacks data if one does; otherwise passes if one was judged."""
    tally = Counter(verdict.outcome for verdict in said)
    failing = sum(number for outcome, number in tally.items() if STATUSES[outcome] is Status.FAIL)
    judged = failing + tally[Outcome.PASSED]
    if failing:
        reason = Outcome.FAILED
    else:
        order = (Outcome.NO_DATA, Outcome.PASSED, Outcome.PENDING, Outcome.EXCLUDED)
        reason = next((outcome for outcome in order if tally[outcome]), Outcome.NOTHING)
    scopes = (pack.info.scope, rule.scope)
    if not all(scope is None or scope.includes(unit.code, unit.kind) for scope in scopes):
        reason = Outcome.OUT_OF_SCOPE
    counted = reason is not Outcome.OUT_OF_SCOPE
    return RuleResult(
        pack=pack.id,
        rule=rule.id,
        unit=unit.code,
        status=STATUSES[reason],
        reason=reason,
        numerator=tally[Outcome.PASSED] if counted else None,
        denominator=judged if counted else None,
        value=Fraction(tally[Outcome.PASSED], judged) if judged else None,
        comparison=None,
        target=None,
        shortfall=failing if judged else None,
        parameter=None,
        answer_days=answer_days,
        figures={},
        things=tuple(verdict for verdict in said if verdict.outcome in KEPT),
        tally={
            outcome.value: number for outcome, number in sorted(tally.items()) if outcome is not Outcome.OUT_OF_SCOPE
        },
    )
