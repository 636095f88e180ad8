"""Facts of other periods and units, before anything is judged: for how many periods on end a rule has been broken, by
the facts of the periods before; and facts about a unit that was gone before the period began."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import select

from app.compliance.adoption import repository
from app.compliance.evaluation.results import STATES, Judgement, RuleResult, SubjectResult
from app.core.facts import SUBJECT, Fact, catalogue
from app.core.periods import Period
from app.core.subjects import left_by
from app.organisation.lineage import lineage
from app.organisation.models import Unit
from app.rulepacks.conditions import RULE
from app.rulepacks.language import EARLIER, Rule, SubjectState
from app.rulepacks.pack import Pack, number_of
from app.rulepacks.premises import EARLIER_FAILURE
from app.web.extensions import db

# For how many periods on end a rule has been broken, judged from the facts of the periods before.
#
# Never from what other checks found: which were made, in which order and how often changes nothing. What fails now is
# judged in the period before by the pack of that time, then in the one before that, as far as an escalation asks;
# only those rules and units, and only while the row goes on.

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
    if not before.fails or not after.fails:
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


# Facts about a unit that was gone before the period began: they are its successor's, and none is dropped.
#
# What a room counts row by row it gives to whoever has the row. What is left (a payment for a case that had ended, a
# mistake found in one, a part in a task) is told here: figures are added to the successor's, subjects are listed with
# its own, under the former unit's name where it has one of the same name.

_NOT_ADDED = ("ngày làm việc", "ngày", "%")
"""Units of fields of which two have the greater one in common, not the sum."""


def heirs_of(site: str, first: date) -> dict[str, str]:
    """Code of each unit that was gone by that day -> code of who answers for it then."""
    heirs = lineage(site)
    if not heirs.heirs:
        return {}
    codes = {row.id: row.code for row in db.session.execute(select(Unit.id, Unit.code).where(Unit.site == site))}
    found = {codes[gone]: codes[heirs.heir(gone, first)] for gone in heirs.heirs}
    return {gone: heir for gone, heir in found.items() if gone != heir}


def with_forebears(unit_codes: tuple[str, ...] | None, heirs: Mapping[str, str]) -> tuple[str, ...] | None:
    """The units asked for and those that they stand for."""
    if unit_codes is None:
        return None
    return (*unit_codes, *(gone for gone, heir in heirs.items() if heir in unit_codes))


def inherited(found: Iterable[Fact], heirs: Mapping[str, str]) -> list[Fact]:
    """The facts, those of units that are gone given to their successors."""
    if not heirs:
        return list(found)
    kept: list[Fact] = []
    left: list[Fact] = []
    for fact in found:
        (left if fact["unit"] in heirs else kept).append(fact)
    known = {_key(fact): at for at, fact in enumerate(kept)}
    for fact in left:
        if fact["kind"] == EARLIER_FAILURE.name:
            continue  # what the former unit broke before is its own history: nobody broke it twice by taking over
        gone, mine = fact["unit"], fact | {"unit": heirs[fact["unit"]]}
        at = known.get(_key(mine))
        if at is not None and "subject" in mine:
            mine["subject"] = left_by(mine["subject"], gone)
            at = None
        if at is None:
            known[_key(mine)] = len(kept)
            kept.append(mine)
        else:
            kept[at] = _together(kept[at], mine)
    return kept


def _key(fact: Fact) -> tuple[str, str, str]:
    return fact["kind"], fact["unit"], str(fact.get("subject", ""))


def _together(own: Fact, other: Fact) -> Fact:
    """The figures of two units as one's."""
    both = dict(own)
    for field in catalogue()[own["kind"]].fields:
        if field.type is int:
            add = max if field.unit in _NOT_ADDED else int.__add__
            both[field.name] = add(own[field.name], other[field.name])
        elif field.type is bool:
            both[field.name] = own[field.name] or other[field.name]
    return both
