"""Files that prove what a unit did in a task of a plan."""

from __future__ import annotations

from sqlalchemy import select

from app.core.errors import NotFound
from app.organisation.access import Actor, Scope
from app.organisation.evidence_files import EvidenceOf, Proven, register_proven
from app.organisation.permissions import Capability
from app.tasks.models import PlanTaskUnit, TaskRole
from app.web.extensions import db


def _find(scope: Scope, by: Actor, part_id: int) -> Proven:
    """A unit's part in a task, for that unit and those above it."""
    part = db.session.scalar(
        select(PlanTaskUnit).where(
            PlanTaskUnit.site == scope.site,
            PlanTaskUnit.id == part_id,
            PlanTaskUnit.role == TaskRole.LEAD,
            scope.within(PlanTaskUnit.unit_id),
        )
    )
    if part is None:
        raise NotFound("Không tìm thấy nhiệm vụ này.")
    works = by.may(Capability.WORK_ON_TASKS)
    return Proven(
        "plan_task",
        str(part.task_id),
        f"{part.task.plan} {part.task.number} – {part.unit.name}",
        "tasks.task",
        takes=works or by.may(Capability.KEEP_TASKS),
        owns=works,
        settled=part.accepted is True,
        place={"task_id": part.task_id},
    )


register_proven(EvidenceOf.TASK, _find)
