"""What plan tasks tell the engine: one fact per task and leading unit, and totals per unit.

A task is told while it is not accepted, and in every period that its last day or its judgement touches. How it
stands is folded from its events up to the instant of the check: a check of a past month sees what was so then.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from flask import url_for
from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select
from sqlalchemy.engine import Connection

from app.core.calendar import WorkingCalendar
from app.core.fact_kinds import fact_kinds
from app.core.facts import Fact, FactQuery, register_source
from app.core.subjects import TaskName
from app.core.text import fold as fold_text
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.lineage import AN_INSTANT, Lineage, lineage
from app.organisation.models import Unit
from app.organisation.registries import SubjectPage, register_pages
from app.procedures.models import ProcedureVersion
from app.procedures.queries import in_force_on
from app.tasks.assigning import means_every_unit
from app.tasks.deadlines import DeadlineKind
from app.tasks.models import PlanTask, PlanTaskUnit, TaskEvent, TaskEventKind, TaskRole
from app.tasks.progress import Progress, fold, share_used
from app.web.due import kept, missed
from app.web.extensions import db

KINDS = fact_kinds("tasks")
TASK = KINDS["task"]
TASK_START = KINDS["task_start"]
TASK_RESULT = KINDS["task_result"]
TASK_TOTALS = KINDS["task_totals"]


_TELLING = (TaskEventKind.PROGRESS, TaskEventKind.ADJUSTMENT_GRANTED)
"""The kinds of events of which the fold reads more than the day."""


class _Event(NamedTuple):
    """An event as the fold reads it."""

    kind: TaskEventKind
    on: date
    percent: int | None
    new_due: date | None


@dataclass(frozen=True, slots=True)
class _TaskDays:
    """The site's days of a check: today, and the last day of which events are known."""

    today: date
    known: date

    procedures: date
    """The day on which a unit must have procedures in force to have them reviewed."""

    @classmethod
    def of(cls, query: FactQuery, calendar: WorkingCalendar) -> _TaskDays:
        today = calendar.local_day(query.as_of)
        return cls(today, calendar.local_day(query.as_of - AN_INSTANT), min(query.period.last, today))


@dataclass(frozen=True)
class _TaskRecords:
    """What tasks are told from, read once for however many periods."""

    parts: Sequence[Any]
    happened: Mapping[int, Sequence[_Event]]
    """Events by part, in the order in which they were recorded."""
    codes: Mapping[int, str]
    heirs: Lineage
    repeated: set[int]
    """Tasks whose printed number stands earlier in their plan already."""
    with_procedures: Mapping[date, set[str]]
    """Codes of the units that have procedures in force on a day."""
    _folded: dict[tuple[int, int], Progress] = field(default_factory=dict)

    def progress(self, part: Any, known: date) -> Progress:
        """How a part stood on a day. Of a later day more events are known, or the same: as many are the same ones, and
        most parts have none for months."""
        key = part.id, bisect_right(self._days.get(part.id, ()), known)
        found = self._folded.get(key)
        if found is None:
            happened = [event for event in self.happened.get(part.id, ()) if event.on <= known]
            found = self._folded[key] = fold(part.task_due_on, happened)
        return found

    @cached_property
    def _days(self) -> Mapping[int, Sequence[date]]:
        """The days of the events of each part, in order."""
        return {part: sorted([event.on for event in events]) for part, events in self.happened.items()}

    @cached_property
    def names(self) -> Mapping[int, str]:
        """What a task of a leading unit is called among the facts, by its part."""
        return {
            part.id: str(
                TaskName(part.plan, part.number, part.named, part.row if part.task_id in self.repeated else None)
            )
            for part in self.parts
        }

    @cached_property
    def reviews(self) -> Set[int]:
        """The parts of every unit in the review of its procedures."""
        return {part.id for part in self.parts if reviews_procedures(part.text) and means_every_unit(part.lead_text)}


def tasks(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """What is known of each task and leading unit, then the units' totals. A task of "các phòng, đơn vị" that is a
    review of their procedures is none of a unit that has no procedures in force."""
    records, (days,) = _read(connection, [query])
    totals: dict[str, dict[str, int]] = defaultdict(lambda: {"tasks_due": 0, "done_in_time": 0, "open": 0})
    for part, unit, progress in _standing(records, query, days):
        _add(totals[unit], progress, query)
        if _touches(progress, query):
            fact = _task(part, unit, progress, days, query, records.names[part.id])
            yield fact
            yield from _deeds(fact, progress)
    for unit, numbers in sorted(totals.items()):
        yield TASK_TOTALS.fact(unit, query.period.key, **numbers)


class OpenTask(NamedTuple):
    """A unit's task with a last day that was not done by an instant: what its fact tells of it then."""

    subject: str
    lead: str
    plan: str
    number: str
    past_due: bool
    started: bool
    percent: int
    used_before_start: int
    days_to_due: int


def open_tasks_of_each(connection: Connection, queries: Sequence[FactQuery]) -> list[Iterator[OpenTask]]:
    """The same of each of several periods of a site, with what is recorded read once."""
    if not queries:
        return []
    records, days = _read(connection, queries)
    return [_open(records, query, of_query) for query, of_query in zip(queries, days, strict=True)]


def _open(records: _TaskRecords, query: FactQuery, days: _TaskDays) -> Iterator[OpenTask]:
    for part, unit, progress in _standing(records, query, days):
        due_on = progress.due_on
        if progress.submitted_on is None and due_on is not None and _touches(progress, query):
            yield OpenTask(
                records.names[part.id],
                unit,
                part.plan,
                part.number,
                missed(due_on, days.today),
                progress.started_on is not None,
                progress.percent,
                _used(part, progress, days.today)[1],
                _days_to(due_on, days),
            )


def _read(connection: Connection, queries: Sequence[FactQuery]) -> tuple[_TaskRecords, list[_TaskDays]]:
    """What the tasks of some periods are told from, and the days of each period."""
    site, first, calendar = queries[0].site, min(query.period.first for query in queries), site_calendar()
    days = [_TaskDays.of(query, calendar) for query in queries]
    records = _TaskRecords(
        connection.execute(_parts(site, first)).all(),
        _events(connection, site, first, max(each.known for each in days)),
        _codes(connection, site),
        lineage(site),
        _repeated(connection, site),
        _units_with_procedures(connection, site, {each.procedures for each in days}),
    )
    return records, days


def _standing(records: _TaskRecords, query: FactQuery, days: _TaskDays) -> Iterator[tuple[Any, str, Progress]]:
    """Each part that had been given by then to a unit that is asked for, whose it is, and how it stood."""
    with_procedures = records.with_procedures[days.procedures]
    asked_for = None if query.units is None else set(query.units)
    for part in records.parts:
        progress = records.progress(part, days.known)
        if progress.assigned_on is None:  # not given yet at that instant
            continue
        # A part that was done is of who did it, as long as that unit is judged; one that was not, of who has it now.
        day = max(progress.submitted_on or days.known, query.period.first)
        since = day if progress.accepted is not False else days.known
        unit = records.codes[records.heirs.heir(part.unit_id, since)]
        if asked_for is not None and unit not in asked_for:
            continue
        if unit not in with_procedures and part.id in records.reviews:
            continue
        yield part, unit, progress


def _parts(site: str, first: date) -> Select[*tuple[Any, ...]]:
    part, task = PlanTaskUnit, PlanTask
    return (
        select(
            part.id,
            part.task_id,
            part.unit_id,
            Unit.code.label("named"),
            task.plan,
            task.number,
            task.row,
            task.text,
            task.lead_text,
            task.deadline_kind,
            task.starts_on,
            task.due_on.label("task_due_on"),
        )
        .join(task, task.id == part.task_id)
        .join(Unit, Unit.id == part.unit_id)
        .where(_concerned(site, first))
        .order_by(task.plan, task.row, Unit.code)
    )


def _codes(connection: Connection, site: str) -> dict[int, str]:
    found = connection.execute(select(Unit.id, Unit.code).where(Unit.site == site))
    return {row.id: row.code for row in found}


def _concerned(site: str, first: date) -> ColumnElement[bool]:
    """SQL: a leading unit's part that is not over and done with before a day."""
    part = PlanTaskUnit
    not_over = or_(part.accepted.is_not(True), part.judged_on >= first, kept(part.due_on, first))
    return and_(part.site == site, part.role == TaskRole.LEAD, not_over)


def _events(connection: Connection, site: str, first: date, known: date) -> dict[int, list[_Event]]:
    """Events of parts up to a day, in the order in which they were recorded."""
    read = case((TaskEvent.kind.in_(_TELLING), TaskEvent.data)).label("read")
    chosen = (
        select(TaskEvent.task_unit_id, TaskEvent.kind, TaskEvent.on, read)
        .join(PlanTaskUnit, PlanTaskUnit.id == TaskEvent.task_unit_id)
        .where(_concerned(site, first), TaskEvent.on <= known)
        .order_by(TaskEvent.id)
    )
    found: dict[int, list[_Event]] = defaultdict(list)
    for part_id, kind, on, told in connection.execute(chosen).all():
        data = told or {}
        due_on = date.fromisoformat(data["due_on"]) if data.get("due_on") else None
        found[part_id].append(_Event(kind, on, data.get("percent"), due_on))
    return found


def _repeated(connection: Connection, site: str) -> set[int]:
    task = PlanTask
    first = (
        select(task.plan, task.number, func.min(task.row).label("row"))
        .where(task.site == site)
        .group_by(task.plan, task.number)
        .having(func.count() > 1)
        .subquery()
    )
    later = and_(task.plan == first.c.plan, task.number == first.c.number, task.row > first.c.row)
    return set(connection.scalars(select(task.id).join(first, later).where(task.site == site)))


def _touches(progress: Progress, query: FactQuery) -> bool:
    """Whether a task is still open, or its last day or its judgement is not before the period."""
    if progress.accepted is not True:
        return True
    return any(day is not None and day >= query.period.first for day in (progress.due_on, progress.judged_on))


def _task(part: Any, unit: str, progress: Progress, days: _TaskDays, query: FactQuery, name: str) -> Fact:
    due_on, submitted_on = progress.due_on, progress.submitted_on
    span, used = _used(part, progress, days.today)
    return TASK.fact(
        unit,
        query.period.key,
        subject=name,
        plan=part.plan,
        number=part.number,
        due=due_on.isoformat() if due_on else "",
        assigned_on=progress.assigned_on.isoformat() if progress.assigned_on else "",
        has_due=due_on is not None,
        waiting=due_on is None and part.deadline_kind in (DeadlineKind.OPEN, DeadlineKind.UNREAD),
        started=progress.started_on is not None,
        done=submitted_on is not None,
        done_late=missed(due_on, submitted_on),
        past_due=submitted_on is None and missed(due_on, days.today),
        accepted=progress.accepted is True,
        rejected=progress.accepted is False,
        percent=progress.percent,
        span_days=span,
        used_before_start=used,
        days_to_due=_days_to(due_on, days) if due_on else 0,
        adjustment_after_due=progress.adjustment_after_due,
    )


def _days_to(due_on: date, days: _TaskDays) -> int:
    return max((due_on - days.today).days, 0)


def _deeds(fact: Fact, progress: Progress) -> Iterator[Fact]:
    """On which days the unit began and handed in, as far as it has."""
    unit, period, subject = (fact[name] for name in ("unit", "period", "subject"))
    if progress.started_on is not None:
        yield TASK_START.fact(unit, period, subject=subject, started_on=progress.started_on.isoformat())
    if progress.submitted_on is not None:
        yield TASK_RESULT.fact(unit, period, subject=subject, handed_in_on=progress.submitted_on.isoformat())


_REVIEWS = re.compile(r"\bra soat\b.*\b(?:tthc|thu tuc hanh chinh)\b")


def reviews_procedures(text: str) -> bool:
    """Whether a task is to review procedures: "rà soát, đánh giá tối thiểu 10% TTHC"."""
    return _REVIEWS.search(fold_text(text)) is not None


def _units_with_procedures(connection: Connection, site: str, days: Collection[date]) -> Mapping[date, set[str]]:
    asked = sorted(days)
    chosen = (
        select(Unit.code, *(func.count().filter(in_force_on(day)) for day in asked))
        .join(ProcedureVersion, ProcedureVersion.unit_id == Unit.id)
        .where(ProcedureVersion.site == site)
        .group_by(Unit.code)
    )
    rows = connection.execute(chosen).all()
    return {day: {code for code, *numbers in rows if numbers[at]} for at, day in enumerate(asked)}


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


register_source([TASK, TASK_START, TASK_RESULT, TASK_TOTALS], tasks)


def task_pages(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A unit's task by plan and number ("bg-2024/III.B.1/LDVL"), with its row where the number repeats ("4#36")."""
    wanted = {name: task for name in names if (task := TaskName.read(name)) is not None}
    found = select(PlanTask.id, PlanTask.plan, PlanTask.number, PlanTask.row, PlanTask.text).where(
        PlanTask.site == scope.site, PlanTask.plan.in_({task.plan for task in wanted.values()})
    )
    rows: dict[tuple[str, str], list[Row[int, str, str, int, str]]] = defaultdict(list)
    for row in db.session.execute(found):
        rows[row.plan, row.number].append(row)
    pages = {}
    for name, task in wanted.items():
        for row in rows[task.plan, task.number]:
            if task.row in (None, row.row):
                pages[name] = SubjectPage(row.text, url_for("tasks.task", task_id=row.id))
    return pages


register_pages("task", task_pages)
