"""Where a unit stands with a task: the fold of what happened to it. Pure; days are those of the site."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import partial
from typing import Protocol

from app.tasks.models import TaskEventKind
from app.web.due import due_by, missed

SOON = timedelta(days=14)
SOON_IF_NOT_STARTED = timedelta(days=30)
"""How long before its last day a task is listed as at risk: what a page shows early. What is a violation, the
packs of rules say."""


class TaskState(StrEnum):
    """What the reader sees of a unit's task, the most pressing first."""

    OVERDUE = "overdue"  # quá hạn
    AT_RISK = "at_risk"  # có nguy cơ
    REJECTED = "rejected"  # không đạt
    SUBMITTED = "submitted"  # chờ duyệt
    NOT_STARTED = "not_started"  # chưa bắt đầu
    IN_PROGRESS = "in_progress"  # đang làm
    ACCEPTED = "accepted"  # đạt


class RecordedEvent(Protocol):
    """An event as the fold reads it."""

    @property
    def kind(self) -> TaskEventKind: ...
    @property
    def on(self) -> date: ...
    @property
    def percent(self) -> int | None: ...
    @property
    def new_due(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a task stands. `due_on` is the last day as adjusted; `adjustment_asked_on` is set while one is undecided.

    A task handed in again after it was rejected is as if handed in the second time only.
    """

    due_on: date | None = None
    assigned_on: date | None = None
    started_on: date | None = None
    submitted_on: date | None = None
    accepted: bool | None = None
    judged_on: date | None = None
    adjustment_asked_on: date | None = None
    adjustment_after_due: bool = False
    percent: int = 0
    last_on: date | None = None

    @property
    def handed_in(self) -> bool:
        """Whether its result lies with the Office, or was accepted: nothing is left to the unit."""
        return self.submitted_on is not None and self.accepted is not False

    def after(self, event: RecordedEvent) -> Progress:
        """Where it stands once this has happened."""
        now = partial(replace, self, last_on=event.on)
        match event.kind:
            case TaskEventKind.ASSIGNED:
                return now(assigned_on=event.on)
            case TaskEventKind.STARTED:
                return now(started_on=event.on)
            case TaskEventKind.PROGRESS:
                return now(percent=self.percent if event.percent is None else event.percent)
            case TaskEventKind.ADJUSTMENT_REQUESTED:
                late = missed(self.due_on, event.on)
                return now(adjustment_asked_on=event.on, adjustment_after_due=self.adjustment_after_due or late)
            case TaskEventKind.ADJUSTMENT_GRANTED:
                return now(adjustment_asked_on=None, due_on=event.new_due or self.due_on)
            case TaskEventKind.ADJUSTMENT_REFUSED:
                return now(adjustment_asked_on=None)
            case TaskEventKind.SUBMITTED:
                return now(submitted_on=event.on, accepted=None, judged_on=None, percent=100)
            case TaskEventKind.ACCEPTED:
                return now(accepted=True, judged_on=event.on)
            case TaskEventKind.REJECTED:
                return now(accepted=False, judged_on=event.on)


def fold(due_on: date | None, events: Iterable[RecordedEvent]) -> Progress:
    """Where a task that was due on this day stands after these events, in the order in which they were recorded."""
    progress = Progress(due_on)
    for event in events:
        progress = progress.after(event)
    return progress


def state_of(
    *, due_on: date | None, started_on: date | None, submitted_on: date | None, accepted: bool | None, today: date
) -> TaskState:
    """What the reader sees today."""
    if accepted is not None:
        return TaskState.ACCEPTED if accepted else TaskState.REJECTED
    if submitted_on is not None:
        return TaskState.SUBMITTED
    if due_on is not None:
        if missed(due_on, today):
            return TaskState.OVERDUE
        if due_by(due_on, today + (SOON if started_on else SOON_IF_NOT_STARTED)):
            return TaskState.AT_RISK
    return TaskState.IN_PROGRESS if started_on else TaskState.NOT_STARTED


def share_used(start: date, until: date, due_on: date) -> tuple[int, int]:
    """Days of the span from its start to its last day, and the whole percent of it used by a day (0 to 100)."""
    span, used = max((due_on - start).days, 0), (until - start).days
    if used <= 0:
        return span, 0
    return span, min(100, used * 100 // span) if span else 100
