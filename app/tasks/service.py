"""What units do with the tasks of plans, and what the Office and the inspectors decide about them.

Each is an event that is never changed; the dates on a unit's part are derived from its events. The head of a unit acts
for it; inspectors and administrators judge.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from app.core.errors import N_, Conflict, DomainError, NotFound
from app.core.text import checked_reason, tidy
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import today
from app.organisation.lineage import in_being
from app.organisation.permissions import Capability, needs
from app.organisation.queries import unit as unit_of
from app.tasks import queries
from app.tasks.deadlines import DeadlineKind
from app.tasks.models import PlanTask, PlanTaskUnit, TaskEvent, TaskEventKind, TaskRole
from app.tasks.progress import Progress, fold
from app.web import extensions
from app.web.due import kept, missed

Check = Callable[[Progress], None]


@needs(Capability.WORK_ON_TASKS)
def start(scope: Scope, by: Actor, part_id: int, *, on: date, note: str = "", seen: int | None = None) -> PlanTaskUnit:
    """The unit begins (bắt đầu triển khai). `seen` is the revision the person saw; Conflict when it is another now."""

    def check(progress: Progress) -> None:
        if progress.started_on is not None:
            raise Conflict("Nhiệm vụ đã bắt đầu ngày %(day)s.", field="on", day=progress.started_on)

    return _happen(scope, by, part_id, TaskEventKind.STARTED, on, check, seen, note=note)


@needs(Capability.WORK_ON_TASKS)
def report_progress(
    scope: Scope,
    by: Actor,
    part_id: int,
    *,
    on: date,
    percent: int,
    note: str,
    document: str = "",
    seen: int | None = None,
) -> PlanTaskUnit:
    """How far the work is, in whole percent, with its evidence in words and a document's number or address."""
    if not 0 <= percent <= 100:
        raise DomainError("Tiến độ là một số từ 0 đến 100.", field="percent")
    _needed(note, "note", N_("Hãy ghi việc đã làm."))
    check = _working(N_("Nhiệm vụ chưa bắt đầu: hãy ghi bắt đầu trước khi báo tiến độ."))
    kind = TaskEventKind.PROGRESS
    return _happen(scope, by, part_id, kind, on, check, seen, note=note, percent=percent, document=tidy(document))


@needs(Capability.WORK_ON_TASKS)
def request_adjustment(
    scope: Scope, by: Actor, part_id: int, *, on: date, wanted: date, reason: str, seen: int | None = None
) -> PlanTaskUnit:
    """Ask the Office for another last day (đề nghị điều chỉnh). After the last day it is taken too, and told apart."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do đề nghị điều chỉnh."))

    def check(progress: Progress) -> None:
        _refuse_handed_in(progress)
        if progress.adjustment_asked_on is not None:
            raise Conflict("Đã có đề nghị ngày %(day)s đang chờ quyết định.", day=progress.adjustment_asked_on)
        if progress.due_on is None:
            raise DomainError("Nhiệm vụ không có ngày cuối cùng: không có gì để điều chỉnh.", field="wanted")
        _later(progress, wanted, "wanted")

    kind = TaskEventKind.ADJUSTMENT_REQUESTED
    return _happen(scope, by, part_id, kind, on, check, seen, note=reason, due_on=wanted)


@needs(Capability.KEEP_TASKS)
def grant_adjustment(
    scope: Scope, by: Actor, part_id: int, *, on: date, due_on: date, note: str = "", seen: int | None = None
) -> PlanTaskUnit:
    """Give the unit another last day; it need not be the one asked for."""

    def check(progress: Progress) -> None:
        _asked(progress)
        _later(progress, due_on, "due_on")

    kind = TaskEventKind.ADJUSTMENT_GRANTED
    return _happen(scope, by, part_id, kind, on, check, seen, note=note, due_on=due_on)


@needs(Capability.KEEP_TASKS)
def refuse_adjustment(
    scope: Scope, by: Actor, part_id: int, *, on: date, reason: str, seen: int | None = None
) -> PlanTaskUnit:
    """The last day stays."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do không chấp nhận."))
    return _happen(scope, by, part_id, TaskEventKind.ADJUSTMENT_REFUSED, on, _asked, seen, note=reason)


@needs(Capability.WORK_ON_TASKS)
def submit_result(
    scope: Scope, by: Actor, part_id: int, *, on: date, note: str, document: str = "", seen: int | None = None
) -> PlanTaskUnit:
    """Hand the result in. After it was rejected, it can be handed in again."""
    _needed(note, "note", N_("Hãy ghi kết quả thực hiện."))
    check = _working(N_("Nhiệm vụ chưa bắt đầu: hãy ghi bắt đầu trước khi nộp kết quả."))
    kind = TaskEventKind.SUBMITTED
    return _happen(scope, by, part_id, kind, on, check, seen, note=note, document=tidy(document))


@needs(Capability.KEEP_TASKS)
def accept_result(
    scope: Scope, by: Actor, part_id: int, *, on: date, note: str = "", seen: int | None = None
) -> PlanTaskUnit:
    """The result meets the requirement (đạt yêu cầu)."""
    return _happen(scope, by, part_id, TaskEventKind.ACCEPTED, on, _submitted, seen, note=note)


@needs(Capability.KEEP_TASKS)
def reject_result(
    scope: Scope, by: Actor, part_id: int, *, on: date, reason: str, seen: int | None = None
) -> PlanTaskUnit:
    """The result does not meet the requirement (không đạt yêu cầu), and why."""
    reason = checked_reason(reason, missing=N_("Hãy ghi vì sao kết quả không đạt yêu cầu."))
    return _happen(scope, by, part_id, TaskEventKind.REJECTED, on, _submitted, seen, note=reason)


@needs(Capability.KEEP_TASKS)
def set_deadline(by: Actor, scope: Scope, task_id: int, *, starts_on: date | None, due_on: date, note: str) -> PlanTask:
    """A person says when a task is due: its words could not be read, or what it waited for came, or they read it
    otherwise.

    The words and the first reading stay; last days that units were granted stay too.
    """
    _needed(note, "note", N_("Hãy ghi căn cứ: văn bản, mốc, hoặc cách hiểu thời hạn."))
    if missed(due_on, starts_on):
        raise DomainError("Ngày cuối cùng phải từ ngày bắt đầu trở đi.", field="due_on")
    with transaction():
        task = _task(scope, task_id)
        before = task.due_on
        task.starts_on, task.due_on, task.confirmed_by = starts_on, due_on, by.name
        task.deadline_kind = DeadlineKind.SPAN if starts_on else DeadlineKind.DAY
        task.reading = {**task.reading, "entered": {"by": by.name, "on": today().isoformat(), "note": tidy(note)}}
        rederive_all(task)
        audit.record(by, "set_deadline", "plan_task", task.id, **_named(task), changed={"due_on": [before, due_on]})
    return task


@needs(Capability.KEEP_TASKS)
def confirm_deadline(by: Actor, scope: Scope, task_id: int) -> PlanTask:
    """A person has looked at how the deadline was read, and agrees."""
    with transaction():
        task = _task(scope, task_id)
        if task.deadline_kind is DeadlineKind.UNREAD:
            raise DomainError("Thời hạn này chưa đọc được: hãy nhập ngày cuối cùng.", field="due_on")
        task.confirmed_by = by.name
        audit.record(by, "confirm_deadline", "plan_task", task.id, **_named(task), due_on=task.due_on)
    return task


@needs(Capability.KEEP_TASKS)
def name_lead(by: Actor, scope: Scope, task_id: int, *, name: str, unit_ids: list[int]) -> PlanTask:
    """A person says which units a name in the plan means; none: a body outside the Department."""
    with transaction() as session:
        task = _task(scope, task_id)
        if name not in task.unresolved:
            raise Conflict("Tên “%(name)s” không còn chờ xác định.", field="name", name=name)
        task.unresolved = [other for other in task.unresolved if other != name]
        leading = {part.unit_id for part in task.units if part.role is TaskRole.LEAD}
        for unit_id in dict.fromkeys(unit_ids):
            if (unit := unit_of(unit_id)) is not None:
                in_being(unit, today(), "unit_ids")
            if unit_id not in leading:
                assign(task, unit_id, TaskRole.LEAD, today(), by)
        session.flush()
        audit.record(by, "name_lead", "plan_task", task.id, **_named(task), name=name, units=unit_ids)
    return task


@needs(Capability.KEEP_TASKS)
def assign(task: PlanTask, unit_id: int, role: TaskRole, on: date, by: Actor) -> PlanTaskUnit:
    """Within a transaction: give a unit its part in a task."""
    part = PlanTaskUnit(
        site=task.site, task=task, unit_id=unit_id, role=role, assigned_on=on, due_on=task.due_on, percent=0, revision=1
    )
    extensions.db.session.add(part)
    extensions.db.session.flush()
    _add_event(part, TaskEventKind.ASSIGNED, on, by, "", {})
    return part


def rederive(part: PlanTaskUnit, task: PlanTask, events: list[TaskEvent]) -> None:
    """Within a transaction: write what follows from the task's last day and the part's events."""
    progress = fold(task.due_on, events)
    for name in ("due_on", "assigned_on", "started_on", "submitted_on", "accepted", "judged_on", "percent"):
        setattr(part, name, getattr(progress, name))
    part.adjustment_asked_on = progress.adjustment_asked_on


def rederive_all(task: PlanTask) -> None:
    """Every unit's part anew from what happened to it; who looks at one that is older now is told."""
    events = queries.events_of([part.id for part in task.units])
    for part in task.units:
        rederive(part, task, events[part.id])
        part.revision += 1


def _happen(
    scope: Scope,
    by: Actor,
    part_id: int,
    kind: TaskEventKind,
    on: date,
    check: Check,
    seen: int | None,
    *,
    note: str = "",
    **data: Any,
) -> PlanTaskUnit:
    """Record that something happened on a day, if it may have, and derive what follows."""
    with transaction():
        part = queries.part_for_change(scope, part_id)
        if part is None:
            raise NotFound("Không tìm thấy nhiệm vụ này của đơn vị.")
        if seen not in (None, part.revision):
            raise Conflict("Nhiệm vụ vừa được người khác cập nhật. Hãy xem lại rồi làm tiếp.")
        events = queries.events_of([part.id])[part.id]
        progress = fold(part.task.due_on, events)
        _check_day(progress, on)
        check(progress)
        kept = {
            name: value.isoformat() if isinstance(value, date) else value for name, value in data.items() if value != ""
        }
        events.append(_add_event(part, kind, on, by, tidy(note), kept))
        rederive(part, part.task, events)
        part.revision += 1
        audit.record(
            by, f"task_{kind}", "plan_task", part.task_id, **_named(part.task), unit=part.unit.code, on=on, **kept
        )
    return part


def _add_event(
    part: PlanTaskUnit, kind: TaskEventKind, on: date, by: Actor, note: str, data: dict[str, Any]
) -> TaskEvent:
    event = TaskEvent(
        site=part.site,
        task_unit_id=part.id,
        kind=kind,
        on=on,
        recorded_at=extensions.now(),
        person_id=by.person_id,
        actor=by.name,
        note=note,
        data=data,
    )
    extensions.db.session.add(event)
    extensions.db.session.flush()
    return event


def _check_day(progress: Progress, on: date) -> None:
    if on > today():
        raise DomainError("Ngày %(day)s chưa tới.", field="on", day=on)
    if progress.last_on is not None and on < progress.last_on:
        raise DomainError("Ngày phải từ %(day)s trở đi, ngày ghi việc gần nhất.", field="on", day=progress.last_on)


def _working(not_started: str) -> Check:
    def check(progress: Progress) -> None:
        if progress.started_on is None:
            raise DomainError(not_started)
        _refuse_handed_in(progress)

    return check


def _refuse_handed_in(progress: Progress) -> None:
    if progress.handed_in:
        raise Conflict("Kết quả đã nộp ngày %(day)s.", day=progress.submitted_on)


def _submitted(progress: Progress) -> None:
    if progress.submitted_on is None:
        raise DomainError("Đơn vị chưa nộp kết quả.")
    if progress.accepted is not None:
        raise Conflict("Kết quả này đã được đánh giá ngày %(day)s.", day=progress.judged_on)


def _asked(progress: Progress) -> None:
    if progress.adjustment_asked_on is None:
        raise DomainError("Không có đề nghị điều chỉnh nào đang chờ.")


def _later(progress: Progress, day: date, field: str) -> None:
    if kept(progress.due_on, day):
        raise DomainError("Hạn mới phải sau hạn hiện nay, %(day)s.", field=field, day=progress.due_on)


def _needed(text: str, field: str, message: str) -> None:
    if not tidy(text):
        raise DomainError(message, field=field)


def _task(scope: Scope, task_id: int) -> PlanTask:
    task = queries.task_for_change(scope.site, task_id)
    if task is None:
        raise NotFound("Không tìm thấy nhiệm vụ này.")
    return task


def _named(task: PlanTask) -> dict[str, str]:
    return {"plan": task.plan, "number": task.number}
