"""Who is told that a plan's task is at risk or late: the head of the unit that leads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flask_babel import gettext as _

from app.notifications.messages import Figures, News, add_sentences
from app.notifications.models import NoticeKind
from app.notifications.service import add_source
from app.notifications.staff import staff
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.tasks import queries
from app.tasks.progress import TaskState
from app.web import extensions
from app.web.formats import show_date

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
        "day": show_date(date.fromisoformat(figures["due"])),
    }


add_sentences(
    {
        AT_RISK: lambda f: _("Nhiệm vụ %(number)s của kế hoạch %(plan)s có nguy cơ chậm, hạn %(day)s", **_named(f)),
        OVERDUE: lambda f: _("Nhiệm vụ %(number)s của kế hoạch %(plan)s chưa nộp, đã quá hạn %(day)s", **_named(f)),
    }
)
add_source([AT_RISK, OVERDUE], due_tasks)
