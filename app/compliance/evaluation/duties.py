"""What must be done by a last day: single things joined with what was done about them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date

from app.compliance.evaluation.context import KEPT, NOTHING_MORE, EvaluationContext, Verdict, ask_things, day_in
from app.compliance.evaluation.debts import View, owed_since, standing
from app.compliance.evaluation.engine import Fulfilment, TriggeringEvent
from app.compliance.evaluation.figures import Blank, Subject, Things
from app.rulepacks.compiler import RuleOutcome, compile_where
from app.rulepacks.conditions import Requirement

_Group = tuple[date | None, tuple[date, ...], bool]
"""The last day of a duty, the days on which it was done, and whether something done for it was given back."""


def duties(
    context: EvaluationContext, kind: str, required: Requirement, things: Things, said: Sequence[RuleOutcome]
) -> list[Verdict]:
    """The things whose duty is to be looked for are joined with what was done; the rest stays as it was said.

    Duties with the same last day and the same days of what was done stand or fall together: each such group is one
    event in the engine, with one dictionary of details.
    """
    done, given_back = _done(context, kind, required)
    last_days = _LastDays(context, required, things)
    groups: dict[_Group, int] = {}
    group_of: list[int | RuleOutcome] = []
    each_in_turn = enumerate(zip(things.names, last_days.marks, said, strict=True))
    for place, (name, mark, outcome) in each_in_turn:
        if outcome is not RuleOutcome.OPEN:
            group_of.append(outcome)
            continue
        found = last_days.known.get(mark) or last_days.reckon(place)
        if found is _NOBODYS_DAY:
            group_of.append(RuleOutcome.SETTLED)
            continue
        alike = found[0], done.get(name, ()), name in given_back
        group_of.append(groups.setdefault(alike, len(groups)))
    outcomes = _judge_duties(context, list(groups))
    details = [
        _duty_details(context.view, outcome, last_day, days if required.done_on is not None else ())
        for outcome, (last_day, days, _) in zip(outcomes, groups, strict=True)
    ]
    told: dict[int | RuleOutcome, Verdict] = {each: _verdict(each, NOTHING_MORE) for each in RuleOutcome}
    told |= {group: _verdict(outcome, details[group]) for group, outcome in enumerate(outcomes)}
    verdicts = [told[group] for group in group_of]
    for place in _spared(context, required, things):
        group = group_of[place]
        if isinstance(group, int) and outcomes[group] in _FAULTS:
            spared = RuleOutcome.SETTLED if "since" in details[group] else RuleOutcome.PASSED
            verdicts[place] = _verdict(spared, details[group])
    return verdicts


def _verdict(outcome: RuleOutcome, details: Mapping[str, int | str]) -> Verdict:
    return outcome, details if outcome in KEPT else None


_FAULTS = frozenset((RuleOutcome.LATE, RuleOutcome.MISSING, RuleOutcome.RETURNED, RuleOutcome.CAUGHT_UP))


def _spared(context: EvaluationContext, required: Requirement, things: Things) -> Set[int]:
    """The places of the things of which being late, or not done, is no fault."""
    if required.unless is None:
        return frozenset()
    name = "unless"
    said = ask_things(context, compile_where(name, required.unless, context.parameters), things)[name]
    return {place for place, outcome in enumerate(said) if outcome is RuleOutcome.PASSED}


_Done = tuple[Mapping[tuple[str, str], tuple[date, ...]], Set[tuple[str, str]]]
"""The days on which it was done, by unit and thing; and those for which something was given back."""


def _done(context: EvaluationContext, kind: str, required: Requirement) -> _Done:
    """What was done for a requirement; once for all rules of a pack that ask for the same."""
    things = context.figures.things[kind]
    asked = context.pack.id, required.where, required.done_on, required.returned
    return things.told_once(asked, lambda _each: _found_done(context, kind, required, things))


def _found_done(context: EvaluationContext, kind: str, required: Requirement, things: Things) -> _Done:
    done: dict[tuple[str, str], tuple[date, ...]] = {}
    given_back = set()
    days: dict[Blank, date] = {}
    for place in _fulfilments(context, kind, required, things):
        name, deed = things.names[place], things.each[place]
        if required.returned is not None and deed.figure(required.returned):
            given_back.add(name)
            continue
        day = date.min
        if required.done_on is not None:
            written = deed.figure(required.done_on)
            known = days.get(written)
            day = days[written] = day_in(deed, required.done_on) if known is None else known
        done[name] = (*done[name], day) if name in done else (day,)
    return done, given_back


def _judge_duties(context: EvaluationContext, groups: Sequence[_Group]) -> list[RuleOutcome]:
    events = [
        TriggeringEvent.without_deadline(number) if last_day is None else TriggeringEvent.due_on(number, last_day)
        for number, (last_day, *_) in enumerate(groups)
    ]
    deeds = [
        Fulfilment(number, day.toordinal())
        for number, (_, days, _) in enumerate(groups)
        for day in context.view.seen(days)
    ]
    said = context.engine.duties(events, deeds, context.view.as_of)
    return [
        standing(outcome, last_day, days, context.view, given_back=given_back)
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


def _fulfilments(context: EvaluationContext, kind: str, required: Requirement, things: Things) -> Iterable[int]:
    """The places of the facts of the kind that fulfil the requirement's conditions."""
    if required.where is None:
        return range(len(things.each))
    said = ask_things(context, compile_where(kind, required.where, context.parameters), things)[kind]
    return [place for place, outcome in enumerate(said) if outcome is RuleOutcome.PASSED]


_NOBODYS_DAY: tuple[date | None] = (date.max,)
"""Stands for the last day of a duty that binds nobody by this plan: this very one."""


class _LastDays:
    """The last days of the duties of things of one kind, in a tuple of their own, for there may be none; reckoned once
    for each day of the event and day on which the duty arose, which are a thing's marks."""

    def __init__(self, context: EvaluationContext, required: Requirement, things: Things) -> None:
        self._context, self._required, self._things = context, required, things
        fields = required.by or (required.within.after if required.within is not None else None), required.arises_on
        nothing: list[Blank] = [""] * len(things.each)
        after, arose = (nothing if field is None else things.column(field) for field in fields)
        self.marks = list(zip(after, arose, strict=True))
        self.known: dict[tuple[Blank, Blank], tuple[date | None]] = {}
        self._spans: dict[Blank, date] = {}

    def reckon(self, place: int) -> tuple[date | None]:
        """That of the thing in that place, remembered by its marks."""
        thing = self._things.each[place]
        last_day = _last_day(self._context, thing, self._required, self._spans)
        found = (last_day,) if _binds(self._context, thing, self._required, last_day) else _NOBODYS_DAY
        self.known[self.marks[place]] = found
        return found


def _last_day(
    context: EvaluationContext, thing: Subject, required: Requirement, known: dict[Blank, date]
) -> date | None:
    """The duty's last day, if there is one; `known` are those of the same span after other events."""
    if required.by is not None:
        return day_in(thing, required.by) if thing.figure(required.by) else None
    within = required.within
    if within is None:
        return None
    event = thing.figure(within.after)
    if event not in known:
        day = day_in(thing, within.after)
        days, counting = context.number_on(day, within.amount), context.day_kind_on(day, within.counting)
        known[event] = context.figures.deadlines.last_day(day, days, counting)
    return known[event]


def _binds(context: EvaluationContext, thing: Subject, required: Requirement, last_day: date | None) -> bool:
    """Whether the duty is the plan's: it arose after the plan was adopted, and before another took its place."""
    if required.arises_on is not None:
        arose = day_in(thing, required.arises_on)
        return context.term.has_begun_by(arose) and context.term.lasts_until(arose)
    if required.within is not None:
        return context.term.lasts_until(day_in(thing, required.within.after))
    return last_day is None or context.term.lasts_until(last_day)
