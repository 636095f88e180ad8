"""Verbs of plan tasks: what units do on a task of an annex, and what the Office decides about it."""

from __future__ import annotations

from app.tasks import queries as tasks
from app.tasks import service as task_service
from app.tasks.loading import document_with_tasks, load_tasks
from app.tasks.models import PlanTask, PlanTaskUnit, TaskRole
from tests.worlds import reading
from tests.worlds.ground import SITE
from tests.worlds.reading import BadWorld
from tests.worlds.stage import Stage
from tests.worlds.verbs import (
    ON,
    UNIT_FIELD,
    Field,
    Said,
    verb,
)

_PLANS = {"bg-2024": "bg-2024", "bg": "bg-2024", "bac-giang-2024": "bg-2024"} | {
    "khp-2024": "khp-2024",
    "khp": "khp-2024",
    "khanh-hoa-province-2024": "khp-2024",
}
_ACTS = {
    "load": "load",
    "assign": "load",
    "start": "start",
    "started": "start",
    "begin": "start",
    "progress": "progress",
    "submit": "submit",
    "submitted": "submit",
    "hand_in": "submit",
    "done": "submit",
    "finish": "submit",
    "accept": "accept",
    "accepted": "accept",
    "reject": "reject",
    "rejected": "reject",
    "ask": "ask",
    "request_adjustment": "ask",
    "ask_adjustment": "ask",
    "adjust": "ask",
    "grant": "grant",
    "grant_adjustment": "grant",
    "refuse": "refuse",
    "refuse_adjustment": "refuse",
    "set_due": "deadline",
    "deadline": "deadline",
    "name_lead": "lead",
    "lead": "lead",
}


@verb(
    "task",
    main="do",
    do=Field(reading.word(_ACTS), also=("what", "act", "event", "action")),
    plan=Field(reading.word(_PLANS)),
    number=Field(reading.text, also=("task", "code", "row")),
    unit=UNIT_FIELD,
    day=ON,
    percent=Field(reading.number, also=("progress",)),
    due=Field(reading.day, also=("due_on", "wanted", "new_due", "to")),
    note=Field(reading.text, also=("reason", "text", "result", "document")),
)
def task(stage: Stage, said: Said) -> None:
    """A unit works on a task of an annex, or the Office decides about it. The annex is there from the first."""
    plan = said.plan or "bg-2024"
    load_plan(stage, plan)
    if (said.do or "start") == "load":
        return
    if said.number is None:
        raise BadWorld(stage.place, "which task? “number” is missing, such as III.B.2.")
    found = _task(stage, plan, said.number)
    if said.do == "deadline":
        task_service.set_deadline(
            stage.inspector, stage.scope, found.id, starts_on=None, due_on=said.due or stage.day,
            note=said.note or "Theo văn bản hướng dẫn",
        )  # fmt: skip
        return
    if said.do == "lead":
        task_service.name_lead(
            stage.inspector, stage.scope, found.id, name=str(found.unresolved[0]),
            unit_ids=[stage.unit(code).id for code in said.unit or []],
        )  # fmt: skip
        return
    for part in _parts(stage, found, said.unit):
        _act(stage, said, part)


def load_plan(stage: Stage, plan: str) -> None:
    """The annex of a plan is loaded once; its tasks are the units' since it was issued."""
    if plan in stage.plans:
        return
    stage.plans.add(plan)
    document = document_with_tasks(plan)
    issued = min(document.issued or stage.day, stage.day)
    load_tasks(stage.inspector, plan, document.text, assigned_on=issued)


def _task(stage: Stage, plan: str, number: str) -> PlanTask:
    known = tasks.tasks_of_plan(SITE, plan)
    found = [each for each in known if each.number.lower() == number.lower()]
    if not found:
        shown = ", ".join(each.number for each in known)
        raise BadWorld(stage.place, f"the annex of {plan} has no task “{number}”; its tasks: {shown}.")
    return found[0]


def _parts(stage: Stage, found: PlanTask, units: list[str] | None) -> list[PlanTaskUnit]:
    leading = [part for part in found.units if part.role is TaskRole.LEAD]
    wanted = {stage.unit(code).id for code in units or []}
    chosen = [part for part in leading if not wanted or part.unit_id in wanted]
    if not chosen:
        codes = ", ".join(part.unit.code for part in leading) or "none of the Department"
        raise BadWorld(stage.place, f"task {found.number} is led by {codes}.")
    return chosen


def _act(stage: Stage, said: Said, part: PlanTaskUnit) -> None:
    day, note = said.day or stage.day, said.note or "Theo kế hoạch"
    head, office = stage.head(part.unit_id), stage.inspector
    given = {"on": day}
    match said.do or "start":
        case "start":
            task_service.start(stage.scope, head, part.id, **given)
        case "progress":
            percent = 50 if said.percent is None else said.percent
            task_service.report_progress(stage.scope, head, part.id, percent=percent, note=note, **given)
        case "submit":
            if part.started_on is None:
                task_service.start(stage.scope, head, part.id, **given)
            task_service.submit_result(stage.scope, head, part.id, note=note, **given)
        case "accept":
            task_service.accept_result(stage.scope, office, part.id, **given)
        case "reject":
            task_service.reject_result(stage.scope, office, part.id, reason=said.note or "Chưa đạt yêu cầu", **given)
        case "ask":
            wanted = said.due or stage.day
            reason = said.note or "Chờ hướng dẫn của cấp trên"
            task_service.request_adjustment(stage.scope, head, part.id, wanted=wanted, reason=reason, **given)
        case "grant":
            due = said.due or part.task.due_on or day
            task_service.grant_adjustment(stage.scope, office, part.id, due_on=due, **given)
        case "refuse":
            reason = said.note or "Không có lý do khách quan"
            task_service.refuse_adjustment(stage.scope, office, part.id, reason=reason, **given)
