"""Judging single things: cases, tasks, steps, and the rules that a unit goes on breaking. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from app.compliance.evaluation.debts import View, overrun, owed_since, standing, still_open
from app.compliance.evaluation.engine import Fulfilment, TriggeringEvent
from app.compliance.evaluation.results import STATES, STATUSES, RuleResult, SubjectResult, day_of, ratio
from app.core.facts import ENVELOPE, SUBJECT, FactError, doubled, fits
from app.rulepacks.compiler import BROKEN_PERIODS, PERIOD_OVER, Compiled, RuleOutcome, compile_rules, compile_where
from app.rulepacks.conditions import NOTHING_KNOWN, Clock, Condition, DayKind, Requirement, Target
from app.rulepacks.language import EARLIER, Rule, Status
from app.rulepacks.pack import Override, Pack, ParameterValue, day_kind_of, number_of, share_of
from app.rulepacks.premises import DEADLINE, ENDED, Deadlines, PackTerm
from app.rulepacks.words import is_field

if TYPE_CHECKING:
    from app.compliance.evaluation.engine import Engine


Blank = int | bool | str
_ENVELOPE = frozenset((*ENVELOPE, SUBJECT))


@dataclass(slots=True)
class UnitFigures:
    """One unit's figures by field (`payment.online`)."""

    code: str
    kind: str
    figures: dict[str, Blank] = field(default_factory=dict)
    has_ended: bool = False
    """It was gone before the period's last day."""

    def total(self, fields: Sequence[str]) -> int:
        """The sum of counts."""
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
        days: Mapping[str, int] | None = None,
    ) -> None:
        self.period = period
        self.deadlines = deadlines
        self.things: dict[str, list[Subject]] = {}
        self.earlier: dict[tuple[str, str], Mapping[str, Any]] = {}
        """By unit and rule: the fact that says for how many periods before this one it was broken."""
        self._blanks: dict[str, Blank] = {}
        for rule, parameters in rules:
            self._blanks.update(_blanks(rule, parameters))
            for kind in (rule.named, *(rule.requires or ())):
                if kind is not None:
                    self.things.setdefault(kind, [])
        self._wanted: dict[str, list[str]] = defaultdict(list)
        for name in self._blanks:
            kind_name, _, field_name = name.partition(".")
            self._wanted[kind_name].append(field_name)
        blank = {name: value for name, value in self._blanks.items() if name.partition(".")[0] not in self.things}
        blank[PERIOD_OVER] = int(period_over)
        blank |= days or {}
        self._units: dict[str, UnitFigures] = {}
        for unit in units:
            if unit["code"] in self._units:
                raise FactError("Đơn vị %(unit)s bị lặp lại.", unit=unit["code"])
            kind, ended = unit.get("kind") or "", bool(unit.get(ENDED))
            self._units[unit["code"]] = UnitFigures(unit["code"], kind, dict(blank), ended)
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
            self.things[kind].append(Subject(unit, fact[SUBJECT], fact))
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
        conditions += [condition for condition in (required.where, required.unless) if condition is not None]
        blanks |= {required.done_on: ""} if required.done_on is not None else {}
        blanks |= {required.returned: False} if required.returned is not None else {}
        blanks |= {required.within.after: ""} if required.within is not None else {}
        blanks |= {name: "" for name in (required.by, required.arises_on) if name is not None}
    for condition in conditions:
        blanks |= _blanks_of(condition, parameters)
    if rule.rate is not None and rule.target is not None:
        blanks |= dict.fromkeys(rule.rate.fields, 0)
        blanks |= {rule.target.field: 0} if rule.target.field is not None else {}
    if rule.count is not None:
        blanks |= dict.fromkeys(rule.count.of, 0)
    if rule.clock is not None:
        blanks |= dict.fromkeys(rule.clock.counts, 0) | {rule.clock.ended: False}
        blanks |= {rule.clock.started_on: ""} if rule.clock.started_on is not None else {}
    blanks |= dict.fromkeys(rule.besides, 0)
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
    columns = {field: list(map(compiled.number, column(field))) for field in compiled.fields}
    names = [(unit.code, unit.kind) for unit in units]
    nobody = [("", "")] * len(units)
    said: dict[str, list[RuleOutcome]] = {}
    for part in compiled.parts:
        fields = sorted(part.fields)
        limits = names if part.is_limited else nobody
        shown = list(zip(limits, *(columns[field] for field in fields), strict=True))
        seats = {different: seat for seat, different in enumerate(dict.fromkeys(shown))}
        sheets = [part.sheet(code, kind, dict(zip(fields, row, strict=True))) for (code, kind), *row in seats]
        outcomes = engine.run(part, sheets)
        places = [seats[alike] for alike in shown]
        for rule in part.rules:
            said[rule] = [outcomes[place][rule] for place in places]
    return said


AnswerDays = Callable[[Rule, Mapping[str, ParameterValue]], int]
KEPT = frozenset(STATES)
"""The outcomes whose things a result names one by one; the others are only counted."""
Verdict = tuple[UnitFigures, RuleOutcome, SubjectResult | None]
"""Whose thing it is, what is said of it, and the thing itself where a result names it."""
_NOBODYS = -1
"""Stands for the group of a duty that binds nobody by this plan."""
_Group = tuple[date | None, tuple[date, ...], bool]
"""The last day of a duty, the days on which it was done, and whether something done for it was given back."""


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

    def number_on(self, day: date, number: int | str) -> int:
        """A whole number, written out or by a parameter: by the law of the day on which something arose."""
        return number_of(number, self._values_on(day, number))

    def day_kind_on(self, day: date, counting: str) -> DayKind:
        """How days are counted, by the law of the day on which something arose."""
        return day_kind_of(counting, self._values_on(day, counting))

    def _values_on(self, day: date, name: int | str) -> Mapping[str, ParameterValue]:
        then = self.pack.parameters.at(day, self.overrides) if name in self.parameters else self.parameters
        return then if name in then else self.parameters


def evaluate_subjects(
    court: EvaluationContext, kind: str, rules: Sequence[Rule], answer_days: AnswerDays
) -> dict[str, list[RuleResult]]:
    """Every unit's result for each rule about one kind of single things, by rule id."""
    things = court.figures.things[kind]
    compiled = compile_rules(rules, court.parameters, court.pack.info.scope, court.too_unknown)
    said = _ask(court, compiled, things)
    return {
        rule.id: list(
            _by_unit(court, rule, _verdicts(court, rule, things, said[rule.id]), answer_days(rule, court.parameters))
        )
        for rule in rules
    }


def _ask(court: EvaluationContext, compiled: Compiled, things: Sequence[Subject]) -> dict[str, list[RuleOutcome]]:
    def column(field: str) -> list[Blank]:
        name = field.partition(".")[2]
        return [thing.fact[name] for thing in things]

    return ask(court.engine, compiled, [thing.unit for thing in things], column)


def _verdicts(
    court: EvaluationContext, rule: Rule, things: Sequence[Subject], said: Sequence[RuleOutcome]
) -> Iterator[Verdict]:
    if rule.duty is not None:
        return _duties(court, *rule.duty, things, said)
    return _subject_verdicts(court, rule, things, said)


def _subject_verdicts(
    court: EvaluationContext, rule: Rule, things: Sequence[Subject], said: Sequence[RuleOutcome]
) -> Iterator[Verdict]:
    for thing, outcome in zip(things, said, strict=True):
        if outcome not in KEPT or outcome is RuleOutcome.PASSED:  # kept is told of what had to be done
            yield thing.unit, outcome, None
            continue
        details: dict[str, int | str] = {}
        if rule.clock is not None:
            outcome, details = _clock(court, rule.clock, thing, outcome)
            if outcome is RuleOutcome.SETTLED:
                yield thing.unit, outcome, None
                continue
        elif rule.rate is not None and rule.target is not None:
            details = {
                "numerator": thing.total(rule.rate.count),
                "denominator": thing.total(rule.rate.among),
                "target": str(_target(court, rule.target, thing)),
            }
        yield thing.unit, outcome, SubjectResult(thing.subject, outcome, thing.figures, details)


def _clock(
    court: EvaluationContext, clock: Clock, thing: Subject, outcome: RuleOutcome
) -> tuple[RuleOutcome, dict[str, int | str]]:
    """What this period says of a step whose days were compared with its allowance, and the figures of it."""
    kind = day_kind_of(clock.counted_in, court.parameters)
    allowed = number_of(clock.at_most, court.parameters)
    details: dict[str, int | str] = {"used": int(thing.figure(getattr(clock.used, kind))), "allowed": allowed}
    if clock.started_on is None or not thing.figure(clock.started_on):
        return outcome, details
    last_day = court.figures.deadlines.last_day(_day(thing, clock.started_on), allowed, kind)
    details["due"] = last_day.isoformat()
    if outcome is RuleOutcome.PENDING:
        return still_open(court.view, last_day), details
    if outcome is RuleOutcome.FAILED and last_day < court.view.first:
        details["since"] = last_day.isoformat()
        outcome = overrun(court.view, last_day, ended=bool(thing.figure(clock.ended)))
    return outcome, details


def _target(court: EvaluationContext, target: Target, thing: Subject) -> Fraction:
    """The share that the target names for a thing."""
    if target.field is not None:
        return Fraction(thing.total([target.field]), 100)
    return share_of(target.threshold, court.parameters)


def _verdict(thing: Subject, outcome: RuleOutcome, details: Mapping[str, int | str]) -> Verdict:
    kept = SubjectResult(thing.subject, outcome, thing.figures, details) if outcome in KEPT else None
    return thing.unit, outcome, kept


# --- duties ---------------------------------------------------------------------------------------------------


def _duties(
    court: EvaluationContext, kind: str, required: Requirement, things: Sequence[Subject], said: Sequence[RuleOutcome]
) -> Iterator[Verdict]:
    """The things whose duty is to be looked for are joined with what was done; the rest stays as it was said.

    Duties with the same last day and the same days of what was done stand or fall together: each such group is one
    event in the engine, with one dictionary of details.
    """
    done, given_back = _done(court, kind, required)
    last_days: dict[Blank, date] = {}
    groups: dict[_Group, int] = {}
    group_of = []
    for thing, outcome in zip(things, said, strict=True):
        if outcome is RuleOutcome.OPEN:
            last_day = _last_day(court, thing, required, last_days)
            if not _binds(court, thing, required, last_day):
                group_of.append(_NOBODYS)
                continue
            name = thing.unit.code, thing.subject
            alike = last_day, done.get(name, ()), name in given_back
            group_of.append(groups.setdefault(alike, len(groups)))
    outcomes = _judge_duties(court, list(groups))
    details = [
        _duty_details(court.view, outcome, last_day, days if required.done_on is not None else ())
        for outcome, (last_day, days, _) in zip(outcomes, groups, strict=True)
    ]
    of_open, spared = iter(group_of), _spared(court, required, things)
    for place, (thing, outcome) in enumerate(zip(things, said, strict=True)):
        if outcome is RuleOutcome.OPEN:
            group = next(of_open)
            if group == _NOBODYS:
                yield _verdict(thing, RuleOutcome.SETTLED, {})
                continue
            found = outcomes[group]
            if place in spared and found in _FAULTS:
                found = RuleOutcome.SETTLED if "since" in details[group] else RuleOutcome.PASSED
            yield _verdict(thing, found, details[group])
        else:
            yield _verdict(thing, outcome, {})


_FAULTS = frozenset((RuleOutcome.LATE, RuleOutcome.MISSING, RuleOutcome.RETURNED, RuleOutcome.CAUGHT_UP))


def _spared(court: EvaluationContext, required: Requirement, things: Sequence[Subject]) -> Set[int]:
    """The places of the things of which being late, or not done, is no fault."""
    if required.unless is None:
        return frozenset()
    name = "unless"
    said = _ask(court, compile_where(name, required.unless, court.parameters), things)[name]
    return {place for place, outcome in enumerate(said) if outcome is RuleOutcome.PASSED}


def _done(
    court: EvaluationContext, kind: str, required: Requirement
) -> tuple[Mapping[tuple[str, str], tuple[date, ...]], Set[tuple[str, str]]]:
    """The days on which it was done, by unit and thing; and those for which something was given back."""
    done: dict[tuple[str, str], tuple[date, ...]] = defaultdict(tuple)
    given_back = set()
    for deed in _fulfilments(court, kind, required):
        name = deed.unit.code, deed.subject
        if required.returned is not None and deed.figure(required.returned):
            given_back.add(name)
        else:
            done[name] += (_day(deed, required.done_on) if required.done_on else date.min,)
    return done, given_back


def _judge_duties(court: EvaluationContext, groups: Sequence[_Group]) -> list[RuleOutcome]:
    events = [
        TriggeringEvent.without_deadline(number) if last_day is None else TriggeringEvent.due_on(number, last_day)
        for number, (last_day, *_) in enumerate(groups)
    ]
    deeds = [
        Fulfilment(number, day.toordinal())
        for number, (_, days, _) in enumerate(groups)
        for day in court.view.seen(days)
    ]
    said = court.engine.duties(events, deeds, court.view.as_of)
    return [
        standing(outcome, last_day, days, court.view, given_back=given_back)
        for outcome, (last_day, days, given_back) in zip(said, groups, strict=True)
    ]


def _duty_details(
    view: View, outcome: RuleOutcome, last_day: date | None, days: Sequence[date]
) -> dict[str, int | str]:
    seen = view.seen(days)
    told: dict[str, int | str] = {
        "due": last_day.isoformat() if last_day is not None else "",
        "done_on": min(seen).isoformat() if seen else "",
    }
    if (since := owed_since(outcome, last_day, view)) is not None:
        told["since"] = since.isoformat()
    return told


def _fulfilments(court: EvaluationContext, kind: str, required: Requirement) -> list[Subject]:
    """The facts of the kind that fulfil the requirement's conditions."""
    things = court.figures.things[kind]
    if required.where is None:
        return things
    compiled = compile_where(kind, required.where, court.parameters)
    said = _ask(court, compiled, things)
    return [thing for thing, outcome in zip(things, said[kind], strict=True) if outcome is RuleOutcome.PASSED]


def _last_day(court: EvaluationContext, thing: Subject, required: Requirement, known: dict[Blank, date]) -> date | None:
    """The duty's last day, if there is one; `known` are those of the same span after other events."""
    if required.by is not None:
        return _day(thing, required.by) if thing.figure(required.by) else None
    within = required.within
    if within is None:
        return None
    event = thing.figure(within.after)
    if event not in known:
        day = _day(thing, within.after)
        days, counting = court.number_on(day, within.amount), court.day_kind_on(day, within.counting)
        known[event] = court.figures.deadlines.last_day(day, days, counting)
    return known[event]


def _binds(court: EvaluationContext, thing: Subject, required: Requirement, last_day: date | None) -> bool:
    """Whether the duty is the plan's: it arose after the plan was adopted, and before another took its place."""
    if required.arises_on is not None:
        arose = _day(thing, required.arises_on)
        return court.term.has_begun_by(arose) and court.term.lasts_until(arose)
    if required.within is not None:
        return court.term.lasts_until(_day(thing, required.within.after))
    return last_day is None or court.term.lasts_until(last_day)


def _day(thing: Subject, field: str) -> date:
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
    court: EvaluationContext, rule: Rule, results: Sequence[RuleResult], answer_days: AnswerDays
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
        fails = said is RuleOutcome.FAILED
        kept = SubjectResult(result.rule, said, {}, details(result.rule, periods)) if fails else None
        verdicts.append((units[result.unit], said, kept))
    return list(_by_unit(court, rule, verdicts, answer_days(rule, court.parameters)))


def _periods(court: EvaluationContext, result: RuleResult) -> tuple[str, ...]:
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


def _by_unit(
    court: EvaluationContext, rule: Rule, verdicts: Iterable[Verdict], answer_days: int
) -> Iterator[RuleResult]:
    tallies: dict[str, Counter[RuleOutcome]] = defaultdict(Counter)
    things: dict[str, list[SubjectResult]] = defaultdict(list)
    for unit, outcome, kept in verdicts:
        tallies[unit.code][outcome] += 1
        if kept is not None:
            things[unit.code].append(kept)
    scopes = [scope for scope in (court.pack.info.scope, rule.scope) if scope is not None and not scope.is_everybody]
    for each in court.figures.units:
        meant = all(scope.includes(each.code, each.kind) for scope in scopes)
        tally = tallies.get(each.code)
        if rule.besides and (more := each.total(rule.besides)):
            tally = Counter(tally) + Counter({RuleOutcome.PASSED: more})
        total = _total(tuple(sorted(tally.items())) if tally else (), meant)
        named = sorted(things.get(each.code, ()), key=in_order)
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


_WEIGHT = (
    *(RuleOutcome.NO_DATA, RuleOutcome.PASSED, RuleOutcome.CAUGHT_UP),
    *(RuleOutcome.PENDING, RuleOutcome.EXCLUDED),
)
"""Where nothing fails, what is said of a unit: the first of these that is true of one of its things."""


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
    failing = sum(number for outcome, number in counted if STATUSES[outcome] is Status.FAIL)
    passed = tally.get(RuleOutcome.PASSED, 0)
    judged = failing + passed
    if failing:
        reason = RuleOutcome.FAILED
    else:
        reason = next((outcome for outcome in _WEIGHT if tally.get(outcome)), RuleOutcome.NOTHING)
        if reason is RuleOutcome.CAUGHT_UP:  # the thing was late, and nothing is wrong any more
            reason = RuleOutcome.PASSED
    return _Total(
        reason=reason if meant else RuleOutcome.OUT_OF_SCOPE,
        passed=passed if meant else None,
        judged=judged if meant else None,
        failing=failing if judged else None,
        value=ratio(passed, judged) if judged else None,
        tally={outcome.value: number for outcome, number in counted if outcome is not RuleOutcome.OUT_OF_SCOPE},
    )
