"""Every read of plan tasks. A task is a plan's, and public; a reader sees how their own units stand with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.tasks.deadlines import DeadlineKind
from app.tasks.models import PlanTask, PlanTaskUnit, TaskEvent, TaskEventKind, TaskRole
from app.tasks.progress import SOON, SOON_IF_NOT_STARTED, Progress, TaskState, fold, state_of
from app.web.due import due_by, kept, missed
from app.web.extensions import db

PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilters:
    """What the reader asked for; what is empty leaves nothing out. `due_from` and `due_to` are both included."""

    today: date
    plan: str = ""
    unit: str = ""  # code
    states: tuple[TaskState, ...] = ()
    due_from: date | None = None
    due_to: date | None = None
    attention: bool = False
    """Only tasks that wait for a person: no unit found, or a deadline nobody could read."""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A line of the list: a task and one unit that leads it; `part` is None while no unit does."""

    task: PlanTask
    part: PlanTaskUnit | None
    today: date

    @property
    def state(self) -> TaskState | None:
        """Where the unit stands today; None while no unit leads."""
        return state_of_part(self.part, self.today) if self.part else None

    @property
    def due_on(self) -> date | None:
        """The last day: the unit's, as adjusted, or the task's."""
        return self.part.due_on if self.part else self.task.due_on


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A page of the list; `total` counts every line that fits the filters."""

    lines: Sequence[TaskLine]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class PartView:
    """A unit's part in a task with its history, the oldest first, and where it stands today."""

    part: PlanTaskUnit
    events: Sequence[TaskEvent]
    progress: Progress
    state: TaskState


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task with the parts of leading units that the reader may see; `hidden` counts the others."""

    task: PlanTask
    parts: Sequence[PartView]
    hidden: int
    cooperating: Sequence[Unit]


@dataclass(frozen=True, slots=True)
class PlanCount:
    """A loaded plan: tasks in all, and tasks that wait for a person to say who leads them or when they are due."""

    plan: str
    tasks: int
    attention: int


def state_of_part(part: PlanTaskUnit, today: date) -> TaskState:
    """Where a unit's task stands on a day, as the reader sees it."""
    return state_of(
        due_on=part.due_on,
        started_on=part.started_on,
        submitted_on=part.submitted_on,
        accepted=part.accepted,
        today=today,
    )


def task_lines(scope: Scope, filters: TaskFilters, page: int = 1) -> TaskPage:
    """A page of the list, in the order of the annexes. A task that no unit leads is a line too."""
    lines, total = _lines(scope, filters), count_lines(scope, filters)
    pages = max(1, -(-total // PAGE))
    page = min(max(page, 1), pages)
    found = db.session.execute(lines.limit(PAGE).offset((page - 1) * PAGE)).unique()
    return TaskPage([TaskLine(task, part, filters.today) for task, part in found], total, page, pages)


def all_task_lines(scope: Scope, filters: TaskFilters) -> Iterable[TaskLine]:
    """The whole list, for a file."""
    for task, part in db.session.execute(_lines(scope, filters)).unique():
        yield TaskLine(task, part, filters.today)


def count_lines(scope: Scope, filters: TaskFilters) -> int:
    """How many lines fit the filters."""
    lines = _lines(scope, filters).order_by(None).with_only_columns(PlanTask.id)
    return db.session.scalar(select(func.count()).select_from(lines.subquery())) or 0


def plans_loaded(scope: Scope) -> list[PlanCount]:
    """The plans whose tasks are in the house, by code."""
    counted = (
        select(PlanTask.plan, func.count(), func.sum(case((_needs_attention(), 1), else_=0)))
        .where(PlanTask.site == scope.site)
        .group_by(PlanTask.plan)
        .order_by(PlanTask.plan)
    )
    return [PlanCount(plan, tasks, int(attention)) for plan, tasks, attention in db.session.execute(counted)]


def _needs_attention() -> ColumnElement[bool]:
    """SQL: the task waits for a person, to say who leads it or when it is due."""
    return or_(PlanTask.unresolved != [], PlanTask.deadline_kind == DeadlineKind.UNREAD)


def task_view(scope: Scope, task_id: int, today: date) -> TaskView:
    """A task, for its page. NotFound when there is none."""
    task = db.session.scalar(
        select(PlanTask)
        .where(PlanTask.site == scope.site, PlanTask.id == task_id)
        .options(selectinload(PlanTask.units).joinedload(PlanTaskUnit.unit))
    )
    if task is None:
        raise NotFound("Không tìm thấy nhiệm vụ này.")
    parts = sorted(task.units, key=lambda part: part.unit.path)
    leading = [part for part in parts if part.role is TaskRole.LEAD]
    seen = [part for part in leading if scope.covers(part.unit_id)]
    events = events_of([part.id for part in seen])
    views = [
        PartView(part, events[part.id], fold(task.due_on, events[part.id]), state_of_part(part, today)) for part in seen
    ]
    cooperating = [part.unit for part in parts if part.role is TaskRole.COOPERATE]
    return TaskView(task, views, len(leading) - len(seen), cooperating)


def events_of(part_ids: Sequence[int]) -> dict[int, list[TaskEvent]]:
    """What happened to these parts, in the order in which it was recorded."""
    found: dict[int, list[TaskEvent]] = {part_id: [] for part_id in part_ids}
    chosen = select(TaskEvent).where(TaskEvent.task_unit_id.in_(part_ids)).order_by(TaskEvent.id)
    for event in db.session.scalars(chosen) if part_ids else ():
        found[event.task_unit_id].append(event)
    return found


def part_for_change(scope: Scope, part_id: int) -> PlanTaskUnit | None:
    """A leading unit's part, held against other writers until the end of the transaction."""
    return db.session.scalar(
        select(PlanTaskUnit)
        .join(PlanTaskUnit.task)
        .where(
            PlanTaskUnit.site == scope.site,
            PlanTaskUnit.id == part_id,
            PlanTaskUnit.role == TaskRole.LEAD,
            scope.within(PlanTaskUnit.unit_id),
        )
        .options(contains_eager(PlanTaskUnit.task), joinedload(PlanTaskUnit.unit, innerjoin=True))
        .with_for_update(of=PlanTaskUnit)
        .execution_options(populate_existing=True)
    )


def task_for_change(site: str, task_id: int) -> PlanTask | None:
    """A task with its parts, held against other writers until the end of the transaction."""
    return db.session.scalar(
        select(PlanTask)
        .where(PlanTask.site == site, PlanTask.id == task_id)
        .options(selectinload(PlanTask.units))
        .with_for_update(of=PlanTask)
        .execution_options(populate_existing=True)
    )


def tasks_of_plan(site: str, plan: str) -> Sequence[PlanTask]:
    """The tasks of a plan with their parts, in the order of the annex."""
    chosen = select(PlanTask).where(PlanTask.site == site, PlanTask.plan == plan).order_by(PlanTask.row)
    return db.session.scalars(chosen.options(selectinload(PlanTask.units))).all()


def parts_with_history(part_ids: Sequence[int]) -> set[int]:
    """Of these parts, the ones to which something happened after they were assigned."""
    chosen = select(TaskEvent.task_unit_id).where(
        TaskEvent.task_unit_id.in_(part_ids), TaskEvent.kind != TaskEventKind.ASSIGNED
    )
    return set(db.session.scalars(chosen)) if part_ids else set()


def _lines(scope: Scope, filters: TaskFilters) -> Select[PlanTask, PlanTaskUnit | None]:
    part = PlanTaskUnit
    leads = and_(part.task_id == PlanTask.id, part.role == TaskRole.LEAD)
    chosen = (
        select(PlanTask, part)
        .outerjoin(part, leads)
        .outerjoin(Unit, Unit.id == part.unit_id)
        .where(PlanTask.site == scope.site, or_(part.id.is_(None), scope.within(part.unit_id)))
        .options(contains_eager(part.unit), contains_eager(part.task))
        .order_by(PlanTask.plan, PlanTask.row, Unit.path)
    )
    due_on = func.coalesce(part.due_on, PlanTask.due_on)
    if filters.plan:
        chosen = chosen.where(PlanTask.plan == filters.plan)
    if filters.unit:
        chosen = chosen.where(Unit.code == filters.unit)
    if filters.due_from:
        chosen = chosen.where(kept(due_on, filters.due_from))
    if filters.due_to:
        chosen = chosen.where(due_by(due_on, filters.due_to))
    if filters.attention:
        chosen = chosen.where(_needs_attention())
    if filters.states:
        chosen = chosen.where(or_(*(_is(state, filters.today) for state in filters.states)))
    return chosen


def _is(state: TaskState, today: date) -> ColumnElement[bool]:
    """SQL: `state_of` the unit's part is this one."""
    part = PlanTaskUnit
    open_, overdue = and_(part.id.is_not(None), part.submitted_on.is_(None)), missed(part.due_on, today)
    soon = and_(
        kept(part.due_on, today),
        or_(
            due_by(part.due_on, today + SOON),
            and_(part.started_on.is_(None), due_by(part.due_on, today + SOON_IF_NOT_STARTED)),
        ),
    )
    match state:
        case TaskState.ACCEPTED:
            return part.accepted.is_(True)
        case TaskState.REJECTED:
            return part.accepted.is_(False)
        case TaskState.SUBMITTED:
            return and_(part.submitted_on.is_not(None), part.accepted.is_(None))
        case TaskState.OVERDUE:
            return and_(open_, overdue)
        case TaskState.AT_RISK:
            return and_(open_, soon)
        case TaskState.IN_PROGRESS | TaskState.NOT_STARTED:
            started = part.started_on.is_not(None) if state is TaskState.IN_PROGRESS else part.started_on.is_(None)
            return and_(open_, started, or_(part.due_on.is_(None), and_(~overdue, ~soon)))


def delete_events(part_id: int) -> None:
    """Within a transaction: forget the assignment of a part that is taken back before anything happened to it."""
    db.session.execute(delete(TaskEvent).where(TaskEvent.task_unit_id == part_id))
