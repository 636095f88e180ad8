"""What plan tasks tell the engine: one fact per task and leading unit, and totals per unit.

A task is told while it is not accepted, and in every period that its last day or its judgement touches. How it
stands is folded from its events up to the instant of the check: a check of a past month sees what was so then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.engine import Connection

from app.due import kept, missed
from app.facts import Fact, FactQuery, register_source
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.plans.deadlines import DeadlineKind
from app.plans.task_fact_kinds import TASK, TASK_TOTALS
from app.plans.task_models import PlanTask, PlanTaskUnit, TaskEvent
from app.plans.task_progress import Progress, fold, share_used
from app.plans.vocabulary import TaskEventKind, TaskRole

AN_INSTANT = timedelta(microseconds=1)
_TELLING = (TaskEventKind.PROGRESS, TaskEventKind.ADJUSTMENT_GRANTED)
"""The kinds of events of which the fold reads more than the day."""


class _Event(NamedTuple):
    """An event as the fold reads it."""

    kind: TaskEventKind
    on: date
    percent: int | None
    new_due: date | None


@dataclass(frozen=True, slots=True)
class _Days:
    """The site's days of a check: today, and the last day of which events are known."""

    today: date
    known: date


def tasks(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per task and leading unit, then the units' totals."""
    calendar = site_calendar()
    days = _Days(calendar.local_day(query.as_of), calendar.local_day(query.as_of - AN_INSTANT))
    parts = connection.execute(_parts(query)).all()
    happened = _events(connection, query, days.known)
    repeated = _repeated(connection, query)
    totals: dict[str, dict[str, int]] = defaultdict(lambda: {"tasks_due": 0, "done_in_time": 0, "open": 0})
    for part in parts:
        progress = fold(part.task_due_on, happened.get(part.id, ()))
        if progress.assigned_on is None:  # not given yet at that instant
            continue
        _add(totals[part.unit], progress, query)
        if _touches(progress, query):
            yield _task(part, progress, days, query, part.task_id in repeated)
    for unit, numbers in sorted(totals.items()):
        yield {"kind": TASK_TOTALS.name, "unit": unit, "period": query.period.key, **numbers}


def _parts(query: FactQuery) -> Select[*tuple[Any, ...]]:
    part, task = PlanTaskUnit, PlanTask
    chosen = (
        select(
            part.id,
            part.task_id,
            Unit.code.label("unit"),
            task.plan,
            task.number,
            task.row,
            task.deadline_kind,
            task.starts_on,
            task.due_on.label("task_due_on"),
        )
        .join(task, task.id == part.task_id)
        .join(Unit, Unit.id == part.unit_id)
        .where(_concerned(query))
        .order_by(task.plan, task.row, Unit.code)
    )
    return chosen if query.units is None else chosen.where(Unit.code.in_(query.units))


def _concerned(query: FactQuery) -> ColumnElement[bool]:
    """SQL: a leading unit's part that is not over and done with before the period."""
    part, first = PlanTaskUnit, query.period.first
    not_over = or_(part.accepted.is_not(True), part.judged_on >= first, kept(part.due_on, first))
    return and_(part.site == query.site, part.role == TaskRole.LEAD, not_over)


def _events(connection: Connection, query: FactQuery, known: date) -> dict[int, list[_Event]]:
    """Events of parts up to a day, in the order in which they were recorded."""
    read = case((TaskEvent.kind.in_(_TELLING), TaskEvent.data)).label("read")
    chosen = (
        select(TaskEvent.task_unit_id, TaskEvent.kind, TaskEvent.on, read)
        .join(PlanTaskUnit, PlanTaskUnit.id == TaskEvent.task_unit_id)
        .where(_concerned(query), TaskEvent.on <= known)
        .order_by(TaskEvent.id)
    )
    found: dict[int, list[_Event]] = defaultdict(list)
    for part_id, kind, on, told in connection.execute(chosen):
        data = told or {}
        due_on = date.fromisoformat(data["due_on"]) if data.get("due_on") else None
        found[part_id].append(_Event(kind, on, data.get("percent"), due_on))
    return found


def _repeated(connection: Connection, query: FactQuery) -> set[int]:
    """Tasks whose printed number stands earlier in their plan already."""
    task = PlanTask
    first = (
        select(task.plan, task.number, func.min(task.row).label("row"))
        .where(task.site == query.site)
        .group_by(task.plan, task.number)
        .having(func.count() > 1)
        .subquery()
    )
    later = and_(task.plan == first.c.plan, task.number == first.c.number, task.row > first.c.row)
    return set(connection.scalars(select(task.id).join(first, later).where(task.site == query.site)))


def _touches(progress: Progress, query: FactQuery) -> bool:
    """Whether a task is still open, or its last day or its judgement is not before the period."""
    if progress.accepted is not True:
        return True
    return any(day is not None and day >= query.period.first for day in (progress.due_on, progress.judged_on))


def _task(part: Any, progress: Progress, days: _Days, query: FactQuery, repeated: bool) -> Fact:
    due_on, submitted_on = progress.due_on, progress.submitted_on
    span, used = _used(part, progress, days.today)
    return {
        "kind": TASK.name,
        "unit": part.unit,
        "period": query.period.key,
        "subject": subject_of(part.plan, part.number, part.unit, part.row if repeated else None),
        "plan": part.plan,
        "number": part.number,
        "due": due_on.isoformat() if due_on else "",
        "has_due": due_on is not None,
        "waiting": due_on is None and part.deadline_kind in (DeadlineKind.OPEN, DeadlineKind.UNREAD),
        "started": progress.started_on is not None,
        "done": submitted_on is not None,
        "done_late": missed(due_on, submitted_on),
        "past_due": submitted_on is None and missed(due_on, days.today),
        "accepted": progress.accepted is True,
        "rejected": progress.accepted is False,
        "percent": progress.percent,
        "span_days": span,
        "used_before_start": used,
        "days_to_due": max((due_on - days.today).days, 0) if due_on else 0,
        "adjustment_after_due": progress.adjustment_after_due,
    }


def _used(part: Any, progress: Progress, today: date) -> tuple[int, int]:
    """The days a unit had and the share of them gone before it began. A span begins when the plan says it does."""
    start = progress.assigned_on
    if progress.due_on is None or start is None:
        return 0, 0
    if part.deadline_kind is DeadlineKind.SPAN and part.starts_on:
        start = max(start, part.starts_on)
    return share_used(start, progress.started_on or today, progress.due_on)


def _add(numbers: dict[str, int], progress: Progress, query: FactQuery) -> None:
    due_on, submitted_on = progress.due_on, progress.submitted_on
    if due_on is not None and query.period.contains(due_on):
        numbers["tasks_due"] += 1
        numbers["done_in_time"] += kept(due_on, submitted_on)
    numbers["open"] += submitted_on is None


def subject_of(plan: str, number: str, unit: str, row: int | None = None) -> str:
    """The stable name of a unit's task: "bg-2024/III.B.1/LDVL"; with its row where a printed number repeats."""
    return f"{plan}/{number}{'' if row is None else f'#{row}'}/{unit}"


register_source([TASK, TASK_TOTALS], tasks)
