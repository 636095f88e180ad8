"""From failed results to violations: what is new, what persists, what is gone against the run before.

A violation has a stable key (pack, rule, unit, subject, period), so a second run opens nothing twice. One that a
later run no longer finds is marked gone, not deleted; found again, it is open again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from app.compliance.judge import RuleResult
from app.compliance.language import Rule, Status
from app.compliance.library import rule_by_name
from app.compliance.models import Change, CheckRun, RunViolation, Violation, ViolationMove, ViolationState
from app.compliance.wording import render_message
from app.extensions import db
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.periods import Period


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
    raised, seen = [], set()
    for rule, result in failed:
        if result.status is not Status.FAIL:
            continue
        unit = units[result.unit]
        key = key_of(result.pack, result.rule, unit.code, "", run.period)
        seen.add(key)
        violation, change = _open_or_keep(run, known.get(key), key, rule, result, unit)
        raised.append(_saw(run, violation, change, rule, unit, result))
    for key, violation in known.items():
        if key not in seen and violation.gone_run_id is None:
            raised.append(_gone(run, violation, {u.id: u for u in units.values()}))
    db.session.flush()
    return raised


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
    run: CheckRun, violation: Violation | None, key: str, rule: Rule, result: RuleResult, unit: Unit
) -> tuple[Violation, Change]:
    if violation is None:
        violation = Violation(
            site=run.site,
            key=key,
            pack=result.pack,
            rule=result.rule,
            unit_id=unit.id,
            period=run.period,
            severity=rule.severity,
            state=ViolationState.OPEN,
            first_run_id=run.id,
            last_run_id=run.id,
            answer_due=_answer_due(run, result),
        )
        db.session.add(violation)
        db.session.flush()
        return violation, Change.NEW
    change = Change.PERSISTING if violation.gone_run_id is None else Change.NEW
    if change is Change.NEW:
        _reopen(run, violation)
        violation.answer_due = _answer_due(run, result)
    violation.last_run_id, violation.gone_run_id = run.id, None
    return violation, change


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


def _saw(run: CheckRun, violation: Violation, change: Change, rule: Rule, unit: Unit, result: RuleResult) -> Raised:
    figures = figures_of(result)
    period = Period.parse(run.period)
    message = {
        "vi": render_message(rule, result, unit.name, period.label("vi"), "vi"),
        "en": render_message(rule, result, unit.name_en or unit.name, period.label("en"), "en"),
    }
    db.session.add(
        RunViolation(
            site=run.site, run_id=run.id, violation_id=violation.id, change=change, figures=figures, message=message
        )
    )
    return Raised(violation, change, rule, unit, figures, message)


def _gone(run: CheckRun, violation: Violation, units: dict[int, Unit]) -> Raised:
    """Say that the run no longer found it, in the words of the run that last did."""
    last = db.session.scalar(
        select(RunViolation).where(
            RunViolation.violation_id == violation.id, RunViolation.run_id == violation.last_run_id
        )
    )
    figures, message = (last.figures, last.message) if last else ({}, {"vi": "", "en": ""})
    violation.gone_run_id = run.id
    db.session.add(
        RunViolation(
            site=run.site,
            run_id=run.id,
            violation_id=violation.id,
            change=Change.GONE,
            figures=figures,
            message=message,
        )
    )
    rule = rule_by_name(violation.pack, violation.rule)
    return Raised(violation, Change.GONE, rule, units[violation.unit_id], figures, message)


def figures_of(result: RuleResult) -> dict[str, Any]:
    """The numbers of a result, as JSON keeps them: shares exact as "7/20"."""
    return {
        "numerator": result.numerator,
        "denominator": result.denominator,
        "value": None if result.value is None else str(result.value),
        "comparison": result.comparison,
        "target": None if result.target is None else str(result.target),
        "shortfall": result.shortfall,
        "facts": dict(result.figures),
    }
