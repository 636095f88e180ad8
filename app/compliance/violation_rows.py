"""The rows of violations, read and written many at a time: a month may hold thousands of overdue cases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import chain
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import Table, select, update

from app.bulk import write_rows
from app.compliance.language import Severity
from app.compliance.models import Change, CheckRun, RunViolation, Violation, ViolationMove, ViolationState
from app.extensions import db
from app.organisation.models import Unit

_AT_ONCE = 500
"""Violations asked for, or changed, in one statement."""
_VIOLATIONS, _SIGHTINGS, _MOVES = (cast(Table, model.__table__) for model in (Violation, RunViolation, ViolationMove))


@dataclass(slots=True)
class Standing:
    """A violation as its row has it: a month may have thousands, which need not be more than their values."""

    id: int
    """0 until it is written."""
    key: str
    pack: str
    rule: str
    unit_id: int
    subject: str
    period: str
    severity: Severity
    state: ViolationState
    revision: int
    gone_run_id: int | None


_COLUMNS = [getattr(Violation, field.name) for field in fields(Standing)]
_WRITTEN = ("key", "pack", "rule", "unit_id", "subject", "period", "revision")
_CHOSEN = ("severity", "state", "answer_due", "site", "first_run_id", "last_run_id")
_SEEN = ("violation_id", "change", "figures", "message", "site", "run_id")

Sighting = tuple[int, Change, str, str]
"""What a run says of a violation, by its number: figures and message are JSON."""


def standing(run: CheckRun, units: Iterable[Unit], packs: Collection[str]) -> list[Standing]:
    """The violations of the run's period, within the packs and units that it judged."""
    chosen = select(*_COLUMNS).where(
        Violation.site == run.site,
        Violation.period == run.period,
        Violation.pack.in_(packs),
        Violation.unit_id.in_([unit.id for unit in units]),
    )
    return [Standing(*row) for row in db.session.execute(chosen)]


def write_new(run: CheckRun, violations: Sequence[tuple[Standing, date]]) -> None:
    """Write new violations, and tell them their numbers."""
    if not violations:
        return
    connection, written_by, of_row = db.session.connection(), (run.site, run.id, run.id), attrgetter(*_WRITTEN)
    write_rows(
        connection,
        _VIOLATIONS,
        (*_WRITTEN, *_CHOSEN),
        (
            (*of_row(violation), str(violation.severity), str(violation.state), due.isoformat(), *written_by)
            for violation, due in violations
        ),
    )
    written = (
        select(Violation.key, Violation.id)
        .where(Violation.site == run.site, Violation.period == run.period, Violation.first_run_id == run.id)
        .order_by(Violation.id)  # numbered as they were written
        .execution_options(yield_per=1000)
    )
    numbered = chain.from_iterable(connection.execute(written).partitions())
    for (violation, _due), (key, number) in zip(violations, numbered, strict=True):
        assert violation.key == key
        violation.id = number


def reopen(run: CheckRun, violations: Sequence[Standing], answer_due: date) -> None:
    """Violations that were gone are there again: open, to be answered anew."""
    db.session.connection().execute(
        _MOVES.insert(),
        [
            {
                "site": run.site,
                "violation_id": violation.id,
                "at": run.finished_at,
                "person_id": run.person_id,
                "actor": run.actor,
                "from_state": violation.state,
                "to_state": ViolationState.OPEN,
                "reason": f"Lần kiểm tra {run.id} lại phát hiện vi phạm này.",
            }
            for violation in violations
        ],
    )
    update_all(
        violations,
        answer_due=answer_due,
        last_run_id=run.id,
        gone_run_id=None,
        state=ViolationState.OPEN,
        revision=Violation.revision + 1,
    )
    for violation in violations:
        violation.state, violation.gone_run_id = ViolationState.OPEN, None
        violation.revision += 1


def update_all(violations: Sequence[Standing], **values: Any) -> None:
    """The same values for all of them, many rows at a time."""
    for start in range(0, len(violations), _AT_ONCE):
        ids = [violation.id for violation in violations[start : start + _AT_ONCE]]
        db.session.execute(update(Violation).where(Violation.id.in_(ids)).values(**values))


def write_sightings(run: CheckRun, seen: Iterable[Sighting]) -> None:
    """What the run says of violations."""
    written_by = run.site, run.id
    rows = ((violation, str(change), figures, message, *written_by) for violation, change, figures, message in seen)
    write_rows(db.session.connection(), _SIGHTINGS, _SEEN, rows)


def last_sightings(violations: Sequence[Standing]) -> dict[int, RunViolation]:
    """What the last run that saw each violation said of it, by the violation's number."""
    found: dict[int, RunViolation] = {}
    for start in range(0, len(violations), _AT_ONCE):
        part = [violation.id for violation in violations[start : start + _AT_ONCE]]
        sightings = select(RunViolation).join(Violation, RunViolation.violation_id == Violation.id)
        sightings = sightings.where(Violation.id.in_(part), RunViolation.run_id == Violation.last_run_id)
        found |= {seen.violation_id: seen for seen in db.session.scalars(sightings)}
    return found
