"""What the tasks of plans register with the rooms below: who is told that one is at risk or late, files that prove
what a unit did, and whose a part is when its unit is succeeded."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from app.core.errors import NotFound
from app.notifications.labels import Figures, News, add_sentences, due_day
from app.notifications.models import NoticeKind
from app.notifications.queries import staff
from app.notifications.service import add_source
from app.organisation.access import Actor, Scope
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability
from app.organisation.registries import EvidenceOf, Proven, register_proven
from app.organisation.succession import Decision, Part, Passing, register_part
from app.tasks import queries
from app.tasks.models import PlanTaskUnit, TaskEvent, TaskRole
from app.tasks.progress import TaskState
from app.web import extensions
from app.web.extensions import db

AT_RISK, OVERDUE = "task_at_risk", "task_overdue"
_SAYS = {TaskState.AT_RISK: AT_RISK, TaskState.OVERDUE: OVERDUE}


def due_tasks(scope: Scope) -> Iterator[News]:
    """Tasks not handed in that are late, or soon due."""
    everybody = staff(scope)
    today = site_calendar().local_day(extensions.now())
    for line in queries.all_task_lines(scope, queries.TaskFilters(today=today, states=tuple(_SAYS))):
        if line.part is None or line.due_on is None or line.state not in _SAYS:
            continue
        yield News(
            everybody.heads(line.part.unit_id),
            NoticeKind.TASK,
            _SAYS[line.state],
            about=f"task/{line.part.id}",
            subject=line.due_on.isoformat(),
            figures={"number": line.task.number, "plan": line.task.plan.upper(), "due": line.due_on.isoformat()},
            page="tasks.task",
            place={"task_id": line.task.id},
        )


def _named(figures: Figures) -> dict[str, str]:
    return {
        "number": figures["number"],
        "plan": figures["plan"],
        "day": due_day(figures),
    }


add_sentences(
    {
        AT_RISK: lambda f: _("Nhiệm vụ %(number)s của kế hoạch %(plan)s có nguy cơ chậm, hạn %(day)s", **_named(f)),
        OVERDUE: lambda f: _("Nhiệm vụ %(number)s của kế hoạch %(plan)s chưa nộp, đã quá hạn %(day)s", **_named(f)),
    }
)
add_source([AT_RISK, OVERDUE], due_tasks)


# Files that prove what a unit did in a task of a plan.


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


# Parts in plan tasks that a unit left undone: they keep its name, and its successor answers for them.
#
# A successor may have a part of its own in the same task, so that the two stay told apart.


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
