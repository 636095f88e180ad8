"""Files that prove what the judging half keeps: the answer to a violation, what a waiver rests on, a month's seal."""

from __future__ import annotations

from sqlalchemy import select

from app.compliance.explaining import language
from app.compliance.models import MonthSeal, Violation, ViolationState, Waiver
from app.core.errors import NotFound
from app.core.periods import Period
from app.organisation.access import Actor, Scope, answers_for
from app.organisation.evidence_files import EvidenceOf, Proven, register_proven
from app.organisation.models import Unit
from app.organisation.permissions import Capability, permitted
from app.web.extensions import db


def _violation(scope: Scope, by: Actor, violation_id: int) -> Proven:
    """A violation: its unit answers and proves it, an inspector adds what was found."""
    permitted(by, Capability.READ_RESULTS)
    found = db.session.execute(
        select(Violation, Unit.name)
        .join(Unit, Unit.id == Violation.unit_id)
        .where(Violation.site == scope.site, Violation.id == violation_id, scope.within(Violation.unit_id))
    ).first()
    if found is None:
        raise NotFound("Không tìm thấy vi phạm này.")
    row, unit = found
    mine = by.may(Capability.ANSWER_VIOLATIONS) and answers_for(by, row.unit_id)
    open_still = row.state is not ViolationState.REMEDIED
    return Proven(
        "violation",
        row.key,
        f"{row.rule.upper()} {unit}, {Period.parse(row.period).label(language())}",
        "compliance.violation",
        takes=open_still and (mine or by.may(Capability.DECIDE_VIOLATIONS)),
        owns=mine,
        settled=row.state in (ViolationState.ACCEPTED, ViolationState.REMEDIED),
        place={"violation_id": row.id},
    )


def _waiver(scope: Scope, by: Actor, waiver_id: int) -> Proven:
    """A waiver: who asks for one says on what it rests."""
    permitted(by, Capability.READ_RESULTS)
    found = db.session.execute(
        select(Waiver, Unit.name)
        .join(Unit, Unit.id == Waiver.unit_id)
        .where(Waiver.site == scope.site, Waiver.id == waiver_id, scope.within(Waiver.unit_id))
    ).first()
    if found is None:
        raise NotFound("Không tìm thấy lần miễn áp dụng này.")
    row, unit = found
    closed = row.refused_at is not None or row.annulled_at is not None
    return Proven(
        "waiver",
        str(row.id),
        f"{row.rule.upper()} {unit}",
        "compliance.waivers",
        takes=by.may(Capability.ASK_FOR_WAIVERS) and not closed,
        owns=by.person_id is None or by.person_id == row.asked_by_id,
        settled=closed or row.granted_at is not None,
    )


def _seal(scope: Scope, by: Actor, seal_id: int) -> Proven:
    """A month's seal: the paper that was signed, the decision by which the month was opened again."""
    permitted(by, Capability.READ_RESULTS)
    row = db.session.scalar(select(MonthSeal).where(MonthSeal.site == scope.site, MonthSeal.id == seal_id))
    if row is None:
        raise NotFound("Không tìm thấy niêm phong này.")
    return Proven(
        "period",
        row.period,
        f"{Period.parse(row.period).label(language())} ({row.number})",
        "compliance.month",
        takes=by.may(Capability.CLOSE_MONTHS),
        owns=by.may(Capability.SEAL_MONTHS),
        place={"key": row.period},
    )


register_proven(EvidenceOf.VIOLATION, _violation)
register_proven(EvidenceOf.WAIVER, _waiver)
register_proven(EvidenceOf.SEAL, _seal)
