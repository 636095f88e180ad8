"""From failed results to violations: what is new, what persists, what is gone against the run before.

A violation has a stable key (pack, rule, unit, subject, period), so a second run opens nothing twice. One that a
later run no longer finds is marked gone, not deleted; found again, it is open again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.orm.attributes import set_committed_value

from app.compliance.judge import RuleResult, SubjectResult
from app.compliance.language import Rule, Status
from app.compliance.library import rule_by_name
from app.compliance.models import Change, CheckRun, RunViolation, Violation, ViolationMove, ViolationState
from app.compliance.results import Excuse
from app.compliance.wording import render_message
from app.extensions import db
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.periods import Period

_AT_ONCE = 500
"""Violations asked for, or written, in one statement."""
_SIGHTINGS = cast(Table, RunViolation.__table__)


@dataclass(frozen=True, slots=True)
class Raised:
    """A violation as one run saw it."""

    violation: Violation
    change: Change
    rule: Rule
    unit: Unit
    figures: dict[str, Any]
    message: dict[str, str]


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
    known = {violation.key: violation for violation in _standing(run, units.values(), judged_packs)}
    found: list[tuple[Violation, Change, Rule, RuleResult, SubjectResult | None]] = []
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
    _keep(run, [violation for violation, change, *_ in found if change is Change.PERSISTING])
    db.session.flush()  # the new ones get their numbers
    labels = {locale: Period.parse(run.period).label(locale) for locale in ("vi", "en")}
    raised = [
        _saw(labels, violation, change, rule, units[result.unit], result, thing)
        for violation, change, rule, result, thing in found
    ]
    _write(run, raised)
    gone = [violation for key, violation in known.items() if key not in seen and violation.gone_run_id is None]
    vanished = list(_all_gone(run, gone, {unit.id: unit for unit in units.values()}, excused))
    _write(run, vanished)
    db.session.flush()
    return raised + vanished


def _keep(run: CheckRun, persisting: Sequence[Violation]) -> None:
    """The run saw them again; many rows at a time, as below."""
    for start in range(0, len(persisting), _AT_ONCE):
        ids = [violation.id for violation in persisting[start : start + _AT_ONCE]]
        seen = update(Violation).where(Violation.id.in_(ids)).values(last_run_id=run.id)
        db.session.execute(seen, execution_options={"synchronize_session": False})
    for violation in persisting:
        set_committed_value(violation, "last_run_id", run.id)


def _write(run: CheckRun, raised: Sequence[Raised]) -> None:
    """What the run saw, many rows at a time: a month may hold thousands of overdue cases."""
    for start in range(0, len(raised), _AT_ONCE):
        rows = [
            {
                "site": run.site,
                "run_id": run.id,
                "violation_id": each.violation.id,
                "change": each.change,
                "figures": each.figures,
                "message": each.message,
            }
            for each in raised[start : start + _AT_ONCE]
        ]
        db.session.connection().execute(_SIGHTINGS.insert(), rows)


def _standing(run: CheckRun, units: Iterable[Unit], packs: Collection[str]) -> list[Violation]:
    return list(
        db.session.scalars(
            select(Violation).where(
                Violation.site == run.site,
                Violation.period == run.period,
                Violation.pack.in_(packs),
                Violation.unit_id.in_([unit.id for unit in units]),
            )
        )
    )


def _open_or_keep(
    run: CheckRun,
    violation: Violation | None,
    key: str,
    rule: Rule,
    result: RuleResult,
    unit: Unit,
    thing: SubjectResult | None,
) -> tuple[Violation, Change]:
    if violation is None:
        violation = Violation(
            site=run.site,
            key=key,
            pack=result.pack,
            rule=result.rule,
            unit_id=unit.id,
            subject=thing.subject if thing else "",
            period=run.period,
            severity=rule.severity,
            state=ViolationState.OPEN,
            first_run_id=run.id,
            last_run_id=run.id,
            answer_due=_answer_due(run, result),
        )
        db.session.add(violation)
        return violation, Change.NEW
    if violation.gone_run_id is None:
        return violation, Change.PERSISTING
    _reopen(run, violation)
    violation.answer_due = _answer_due(run, result)
    violation.last_run_id, violation.gone_run_id = run.id, None
    return violation, Change.NEW


def _reopen(run: CheckRun, violation: Violation) -> None:
    db.session.add(
        ViolationMove(
            site=run.site,
            violation_id=violation.id,
            at=run.finished_at,
            person_id=run.person_id,
            actor=run.actor,
            from_state=violation.state,
            to_state=ViolationState.OPEN,
            reason=f"Lần kiểm tra {run.id} lại phát hiện vi phạm này.",
        )
    )
    violation.state = ViolationState.OPEN
    violation.revision += 1


def _answer_due(run: CheckRun, result: RuleResult) -> date:
    calendar = site_calendar()
    return calendar.add_working_days(calendar.local_day(run.started_at), result.answer_days)


def _saw(
    period: Mapping[str, str],
    violation: Violation,
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
    gone: Sequence[Violation],
    units: dict[int, Unit],
    excused: Mapping[tuple[str, str, int], Excuse],
) -> Iterator[Raised]:
    """Say that the run no longer found them, each in the words of the run that last did; one that is gone only
    because the unit was excused carries the waiver among its figures."""
    last_seen: dict[int, RunViolation] = {}
    for start in range(0, len(gone), _AT_ONCE):
        part = gone[start : start + _AT_ONCE]
        sightings = select(RunViolation).join(Violation, RunViolation.violation_id == Violation.id)
        sightings = sightings.where(
            Violation.id.in_([violation.id for violation in part]), RunViolation.run_id == Violation.last_run_id
        )
        last_seen |= {seen.violation_id: seen for seen in db.session.scalars(sightings)}
    for violation in gone:
        last = last_seen.get(violation.id)
        figures, message = (last.figures, last.message) if last else ({}, {"vi": "", "en": ""})
        if waiver := excused.get((violation.pack, violation.rule, violation.unit_id)):
            figures = {**figures, "waiver": dict(waiver)}
        violation.gone_run_id = run.id
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
            "facts": dict(thing.figures),
            "details": dict(thing.details),
        }
    return {
        "numerator": result.numerator,
        "denominator": result.denominator,
        "value": None if result.value is None else str(result.value),
        "comparison": result.comparison,
        "target": None if result.target is None else str(result.target),
        "shortfall": result.shortfall,
        "facts": dict(result.figures),
    }
