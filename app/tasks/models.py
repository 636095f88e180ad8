"""Tasks of plans, the units that answer for them, and what happened to each unit's task."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.organisation.models import Unit
from app.tasks.deadlines import DeadlineKind
from app.web.extensions import Base, Key, Record


class TaskRole(StrEnum):
    """What a unit does in a task."""

    LEAD = "lead"  # chủ trì
    COOPERATE = "cooperate"  # phối hợp


class TaskEventKind(StrEnum):
    """What can happen to a unit's task."""

    ASSIGNED = "assigned"
    STARTED = "started"
    PROGRESS = "progress"
    ADJUSTMENT_REQUESTED = "adjustment_requested"
    ADJUSTMENT_GRANTED = "adjustment_granted"  # new due day
    ADJUSTMENT_REFUSED = "adjustment_refused"
    SUBMITTED = "submitted"  # done, handed in
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # result does not meet the requirement


class PlanTask(Record, Base):
    """A row of a plan's annex, as the document has it, with the dates read from its deadline."""

    __tablename__ = "plan_tasks"
    __table_args__ = (UniqueConstraint("site", "plan", "row"),)

    plan: Mapped[str] = mapped_column(String(32))  # code of the document: "bg-2024"
    row: Mapped[int]  # order in the annex, from 1: the printed numbers repeat
    number: Mapped[str] = mapped_column(String(16))  # as printed, with its group: "III.B.2"
    section: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    product: Mapped[str] = mapped_column(Text, default="")
    lead_text: Mapped[str] = mapped_column(Text)
    cooperating_text: Mapped[str] = mapped_column(Text, default="")
    deadline_text: Mapped[str] = mapped_column(Text)
    deadline_kind: Mapped[DeadlineKind]
    starts_on: Mapped[date | None] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    reading: Mapped[dict[str, Any]]  # {"vi", "en"}: how the deadline was read
    confirmed_by: Mapped[str] = mapped_column(String(120), default="")  # who confirmed or entered the reading
    unresolved: Mapped[list[Any]]  # names of leads that no unit answers to, until a person says who they are
    source_line: Mapped[int | None]

    units: Mapped[list[PlanTaskUnit]] = relationship(back_populates="task", cascade="all, delete-orphan")


class PlanTaskUnit(Record, Base):
    """A unit's part in a task. The dates are derived from its events."""

    __tablename__ = "plan_task_units"
    __table_args__ = (UniqueConstraint("task_id", "unit_id", "role"), Index(None, "site", "unit_id"))

    task_id: Mapped[int] = mapped_column(Key, ForeignKey("plan_tasks.id"))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    role: Mapped[TaskRole]
    due_on: Mapped[date | None] = mapped_column(Date)  # the task's, or as adjusted
    assigned_on: Mapped[date | None] = mapped_column(Date)
    started_on: Mapped[date | None] = mapped_column(Date)
    submitted_on: Mapped[date | None] = mapped_column(Date)
    accepted: Mapped[bool | None]
    judged_on: Mapped[date | None] = mapped_column(Date)
    adjustment_asked_on: Mapped[date | None] = mapped_column(Date)
    percent: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=1)

    task: Mapped[PlanTask] = relationship(back_populates="units", lazy="joined", innerjoin=True)
    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


class TaskEvent(Record, Base):
    """Something that happened to a unit's task. Never changed."""

    __tablename__ = "plan_task_events"

    task_unit_id: Mapped[int] = mapped_column(Key, ForeignKey("plan_task_units.id"), index=True)
    kind: Mapped[TaskEventKind]
    on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))
    note: Mapped[str] = mapped_column(Text, default="")  # progress, reason, evidence
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)  # [percent], [due_on], [document]

    @property
    def percent(self) -> int | None:
        """Of a report of progress: how much is done, in whole percent."""
        return self.data.get("percent")

    @property
    def new_due(self) -> date | None:
        """Of an adjustment: the last day asked for or granted."""
        return date.fromisoformat(self.data["due_on"]) if self.data.get("due_on") else None

    @property
    def document(self) -> str:
        """Number or address of the document that proves it."""
        return str(self.data.get("document", ""))
