"""Parts in plan tasks that a unit left undone: they keep its name, and its successor answers for them.

A successor may have a part of its own in the same task, so that the two stay told apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from app.organisation.succession import Decision, Part, Passing, register_part
from app.tasks.models import PlanTaskUnit, TaskEvent, TaskRole
from app.web.extensions import db


def _foreseen(decided: Decision) -> Iterator[Passing]:
    part = PlanTaskUnit
    not_done = or_(part.submitted_on.is_(None), part.accepted.is_(False))
    chosen = (
        select(part)
        .where(part.site == decided.unit.site, part.unit_id == decided.unit.id, not_done)
        .where(part.accepted.is_not(True))
        .order_by(part.id)
    )
    for row in db.session.scalars(chosen).unique():
        role = "" if row.role is TaskRole.LEAD else str(_l("phối hợp"))
        yield Passing("task", row.id, f"{row.task.plan} {row.task.number}: {row.task.text}", decided.heir(), role)


def _later_work(decided: Decision) -> str | None:
    part = PlanTaskUnit
    worked = (
        select(part)
        .join(TaskEvent, TaskEvent.task_unit_id == part.id)
        .where(part.site == decided.unit.site, part.unit_id == decided.unit.id, TaskEvent.on > decided.last_day)
        .order_by(part.id)
    )
    row = db.session.scalars(worked).unique().first()
    return f"{row.task.plan} {row.task.number}" if row else None


register_part(Part("task", _l("Nhiệm vụ kế hoạch chưa xong"), _foreseen, later_work=_later_work))
