"""For how many periods on end a rule has been broken, judged from the facts of the periods before.

Never from what other checks found: which were made, in which order and how often changes nothing. What fails now is
judged in the period before by the pack of that time, then in the one before that, as far as an escalation asks; only
those rules and units, and only while the row goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from app.compliance.adoption import repository
from app.compliance.evaluation.results import STATES, Judgement, RuleResult, SubjectResult
from app.core.facts import SUBJECT, Fact
from app.core.periods import Period
from app.rulepacks.conditions import RULE
from app.rulepacks.language import EARLIER, Rule, Status, SubjectState
from app.rulepacks.pack import Pack, number_of

Cell = tuple[str, str, str]
"""Pack, rule and unit."""
JudgePart = Callable[[Period, Sequence[Pack], set[str]], Judgement]
"""Judges a period by packs, or parts of them, for the units of those codes."""


def earlier_failures(
    period: Period, packs: Sequence[Pack], broken: Sequence[RuleResult], judge_part: JudgePart
) -> Iterator[Fact]:
    """One fact for each rule that a unit breaks now and broke before, with the periods on end for which it did, the
    latest first; no further back than an escalation asks."""
    depths = _depths(period, packs)
    going_on = {_cell(result): result for result in broken if depths.get((result.pack, result.rule))}
    listed: dict[Cell, list[str]] = {}
    before, back = period, 0
    while going_on:
        before, back = before.previous(), back + 1
        asked = {cell: result for cell, result in going_on.items() if depths[cell[:2]] >= back}
        found = _judged(before, asked.keys(), judge_part) if asked else {}
        going_on = {
            cell: found[cell] for cell, result in asked.items() if cell in found and _goes_on(found[cell], result)
        }
        for cell in going_on:
            listed.setdefault(cell, []).append(before.key)
    for (pack, rule, unit), keys in listed.items():
        yield {
            "kind": EARLIER,
            "unit": unit,
            "period": period.key,
            SUBJECT: f"{pack}/{rule}",
            "periods": len(keys),
            "listed": ", ".join(keys),
        }


def _depths(period: Period, packs: Sequence[Pack]) -> dict[tuple[str, str], int]:
    """How many periods back the escalations look for each rule, by pack and rule."""
    depths: dict[tuple[str, str], int] = {}
    for pack in packs:
        parameters = pack.parameters.at(period.last)
        for rule in pack.rules:
            if rule.escalates is not None and period.kind in rule.judge.every:
                needed = number_of(rule.escalates.periods, parameters)
                for name in rule.escalates.rules or [each.id for each in pack.rules if each.subject != RULE]:
                    depths[pack.id, name] = max(needed - 1, depths.get((pack.id, name), 0))
    return depths


def _judged(period: Period, cells: Collection[Cell], judge_part: JudgePart) -> dict[Cell, RuleResult]:
    """The cells as the period's own packs judge them; a cell that nothing judged then is left out."""
    wanted: dict[str, set[str]] = {}
    for pack, rule, _unit in cells:
        wanted.setdefault(pack, set()).add(rule)
    packs = [_part(pack, wanted[pack.id]) for pack in repository.judging(period) if pack.id in wanted]
    packs = [pack for pack in packs if pack.rules]
    if not packs:
        return {}
    results = judge_part(period, packs, {unit for *_, unit in cells}).results
    return {_cell(result): result for result in results}


def _part(pack: Pack, rules: set[str]) -> Pack:
    return replace(pack, rules=tuple(rule for rule in pack.rules if rule.id in rules and _is_ordinary(rule)))


def _is_ordinary(rule: Rule) -> bool:
    return rule.subject != RULE


def _goes_on(before: RuleResult, after: RuleResult) -> bool:
    """Whether a rule broken in two periods one after the other was broken on end: by a fault of its own in each, or by
    one that is still owed at the end of both. What was late and is done is no second fault."""
    if before.status is not Status.FAIL or after.status is not Status.FAIL:
        return False
    if not (before.things and after.things):
        return True
    if _own(before) and _own(after):
        return True
    return bool(_still_owed(before) & _still_owed(after))


def _faults(result: RuleResult) -> list[SubjectResult]:
    """The failing things, those behind a rate among them, which are charged with it and not one by one."""
    return [thing for thing in result.things if thing.fails]


def _own(result: RuleResult) -> set[str]:
    """The failing things whose fault is the period's own."""
    return {thing.subject for thing in _faults(result) if not thing.details.get("since")}


_OWED = (SubjectState.MISSING, SubjectState.RETURNED, SubjectState.FAIL)


def _still_owed(result: RuleResult) -> set[str]:
    """The failing things that nothing had put right by the period's end."""
    return {thing.subject for thing in _faults(result) if STATES[thing.outcome] in _OWED}


def _cell(result: RuleResult) -> Cell:
    return result.pack, result.rule, result.unit
