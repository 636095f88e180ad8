"""From failed results to violations: what is new, what persists, what is gone against the run before.

A violation has a stable key (pack, rule, unit, subject, period), so a second run opens nothing twice. One that a
later run no longer finds is marked gone, not deleted; found again, it is open again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import Any

from app.compliance.judge import RuleResult, SubjectResult
from app.compliance.language import Rule, Status
from app.compliance.library import rule_by_name
from app.compliance.models import Change, CheckRun, ViolationState
from app.compliance.results import Excuse
from app.compliance.violation_rows import (
    Standing,
    last_sightings,
    reopen,
    standing,
    update_all,
    write_new,
    write_sightings,
)
from app.compliance.wording import render_message
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.periods import Period


@dataclass(frozen=True, slots=True)
class Raised:
    """A violation as one run saw it."""

    violation: Standing
    change: Change
    rule: Rule
    unit: Unit
    figures: dict[str, Any]
    message: dict[str, str]


_Found = tuple[Standing, Change, Rule, RuleResult, SubjectResult | None]


def key_of(pack: str, rule: str, unit: str, subject: str, period: str) -> str:
    """The stable key of a violation."""
    return "/".join((pack, rule, unit, subject or "-", period))


def raise_violations(
    run: CheckRun,
    failed: Iterable[tuple[Rule, RuleResult]],
    units: dict[str, Unit],
    judged_packs: Collection[str],
) -> list[Raised]:
    """Open, keep or mark gone the violations of the run's period, within the packs and units that it judged."""
    known = {violation.key: violation for violation in standing(run, units.values(), judged_packs)}
    found: list[_Found] = []
    seen, excused = set(), {}
    for rule, result in failed:
        if result.waiver is not None:
            excused[result.pack, result.rule, units[result.unit].id] = result.waiver
        if result.status is not Status.FAIL:
            continue
        for thing in result.failing or (None,):
            key = key_of(result.pack, result.rule, result.unit, thing.subject if thing else "", run.period)
            seen.add(key)
            violation, change = _open_or_keep(run, known.get(key), key, rule, result, units[result.unit], thing)
            found.append((violation, change, rule, result, thing))
    _write_changes(run, found)
    labels = {locale: Period.parse(run.period).label(locale) for locale in ("vi", "en")}
    raised = [
        _saw(labels, violation, change, rule, units[result.unit], result, thing)
        for violation, change, rule, result, thing in found
    ]
    _write(run, raised)
    gone = [violation for key, violation in known.items() if key not in seen and violation.gone_run_id is None]
    vanished = list(_all_gone(run, gone, {unit.id: unit for unit in units.values()}, excused))
    update_all(gone, gone_run_id=run.id)
    _write(run, vanished)
    return raised + vanished


def _open_or_keep(
    run: CheckRun,
    violation: Standing | None,
    key: str,
    rule: Rule,
    result: RuleResult,
    unit: Unit,
    thing: SubjectResult | None,
) -> tuple[Standing, Change]:
    if violation is not None:
        return violation, Change.PERSISTING if violation.gone_run_id is None else Change.NEW
    subject = thing.subject if thing else ""
    opened = Standing(
        0,
        key,
        result.pack,
        result.rule,
        unit.id,
        subject,
        run.period,
        rule.severity,
        ViolationState.OPEN,
        1,
        None,
    )
    return opened, Change.NEW


def _write_changes(run: CheckRun, found: Sequence[_Found]) -> None:
    """New violations, those that are there again, and those that the run saw once more."""
    answer_due = _answer_due(run)
    new: list[tuple[Standing, date]] = []
    again: dict[date, list[Standing]] = defaultdict(list)
    for violation, _change, _rule, result, _thing in found:
        due = answer_due(result.answer_days)
        if not violation.id:
            new.append((violation, due))
        elif violation.gone_run_id is not None:
            again[due].append(violation)
    write_new(run, new)
    for due, violations in again.items():
        reopen(run, violations, due)
    update_all([violation for violation, change, *_ in found if change is Change.PERSISTING], last_run_id=run.id)


def _answer_due(run: CheckRun) -> Callable[[int], date]:
    """The day by which a violation found by the run must be answered, given so many working days."""
    calendar = site_calendar()
    return lru_cache(maxsize=None)(partial(calendar.add_working_days, calendar.local_day(run.started_at)))


def _write(run: CheckRun, raised: Sequence[Raised]) -> None:
    write_sightings(
        run,
        (
            {"violation_id": r.violation.id, "change": r.change, "figures": r.figures, "message": r.message}
            for r in raised
        ),
    )


def _saw(
    period: Mapping[str, str],
    violation: Standing,
    change: Change,
    rule: Rule,
    unit: Unit,
    result: RuleResult,
    thing: SubjectResult | None,
) -> Raised:
    """`period` is the period's label in each language."""
    message = {
        "vi": render_message(rule, result, unit.name, period["vi"], "vi", thing),
        "en": render_message(rule, result, unit.name_en or unit.name, period["en"], "en", thing),
    }
    return Raised(violation, change, rule, unit, figures_of(result, thing), message)


def _all_gone(
    run: CheckRun,
    gone: Sequence[Standing],
    units: dict[int, Unit],
    excused: Mapping[tuple[str, str, int], Excuse],
) -> Iterator[Raised]:
    """Say that the run no longer found them, each in the words of the run that last did; one that is gone only
    because the unit was excused carries the waiver among its figures."""
    last_seen = last_sightings(gone)
    for violation in gone:
        last = last_seen.get(violation.id)
        figures, message = (last.figures, last.message) if last else ({}, {"vi": "", "en": ""})
        if waiver := excused.get((violation.pack, violation.rule, violation.unit_id)):
            figures = {**figures, "waiver": dict(waiver)}
        rule = rule_by_name(violation.pack, violation.rule)
        yield Raised(violation, Change.GONE, rule, units[violation.unit_id], figures, message)


def result_columns(result: RuleResult) -> dict[str, Any]:
    """A result as its row keeps it, without run and unit."""
    figures = figures_of(result)
    told: dict[str, Any] = {"reason": str(result.reason), "facts": figures["facts"], "value": figures["value"]}
    if result.tally:
        told["tally"] = dict(result.tally)
        told["pending"] = sorted(thing.subject for thing in result.things if not thing.fails)
    if result.waiver is not None:
        told["waiver"] = dict(result.waiver)
    return {
        "pack": result.pack,
        "rule": result.rule,
        "status": result.status,
        "figures": told,
        **{name: figures[name] for name in ("numerator", "denominator", "comparison", "target", "shortfall")},
    }


def figures_of(result: RuleResult, thing: SubjectResult | None = None) -> dict[str, Any]:
    """The numbers of a result, or of one single thing of it, as JSON keeps them: shares exact as "7/20"."""
    if thing is not None:
        return {
            **dict.fromkeys(("numerator", "denominator", "value", "comparison", "target", "shortfall")),
            "outcome": thing.outcome.value,
            "facts": thing.figures,
            "details": thing.details,
        }
    return {
        "numerator": result.numerator,
        "denominator": result.denominator,
        "value": None if result.value is None else str(result.value),
        "comparison": result.comparison,
        "target": None if result.target is None else str(result.target),
        "shortfall": result.shortfall,
        "facts": result.figures,
    }
