"""Plans: their tasks, the duties they repeat, directives, petitions, surveys, and score tables."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base, Key, Record
from app.organisation.models import Unit
from app.plans.deadlines import DeadlineKind
from app.plans.vocabulary import TaskEventKind, TaskRole


class FilingKind(StrEnum):
    """What a unit hands in or does again and again."""

    MONTHLY_REPORT = "monthly_report"
    QUARTERLY_REPORT = "quarterly_report"
    HALF_YEAR_REPORT = "half_year_report"
    ANNUAL_REPORT = "annual_report"
    DATED_REPORT = "dated_report"
    CATALOGUE_LIST = "catalogue_list"
    NEWS_ITEM = "news_item"
    DIALOGUE = "dialogue"


class BodyKind(StrEnum):
    """Whose service a survey asks about."""

    ADMINISTRATIVE = "administrative"  # cơ quan hành chính
    PUBLIC_SERVICE = "public_service"  # đơn vị sự nghiệp công lập


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


class Filing(Record, Base):
    """Something handed in or done for a period: a report, a list, a news item, a dialogue."""

    __tablename__ = "filings"
    __table_args__ = (Index("ix_filings_kind_day", "site", "kind", "filed_on", "unit_id"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    kind: Mapped[FilingKind]
    period: Mapped[str] = mapped_column(String(16), default="")  # key of the period it is for; empty: its own day
    filed_on: Mapped[date] = mapped_column(Date)
    title: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(String(200), default="")  # number of the document, or address of the item
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    withdrawal: Mapped[str] = mapped_column(Text, default="")  # why, when it is

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


class Directive(Record, Base):
    """A document that directs a unit to do something (văn bản chỉ đạo)."""

    __tablename__ = "directives"
    __table_args__ = (Index(None, "site", "unit_id", "due_on"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    number: Mapped[str] = mapped_column(String(64))
    issuer: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str] = mapped_column(Text)
    received_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date | None] = mapped_column(Date)
    done_on: Mapped[date | None] = mapped_column(Date)
    result: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int] = mapped_column(default=1)

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


class Petition(Record, Base):
    """A citizen's reflection or recommendation (phản ánh, kiến nghị, PAKN) and its answer."""

    __tablename__ = "petitions"
    __table_args__ = (UniqueConstraint("site", "code"), Index(None, "site", "unit_id", "due_on"))

    code: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    sender: Mapped[str] = mapped_column(String(200), default="")
    content: Mapped[str] = mapped_column(Text)
    received_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    answered_on: Mapped[date | None] = mapped_column(Date)
    answer: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int] = mapped_column(default=1)

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


class Survey(Record, Base):
    """A round of a satisfaction survey at one unit: answers counted, not just a percentage."""

    __tablename__ = "surveys"
    __table_args__ = (UniqueConstraint("site", "unit_id", "round", "body"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    round: Mapped[str] = mapped_column(String(64))
    body: Mapped[BodyKind]
    held_on: Mapped[date] = mapped_column(Date)  # last day of the round
    asked: Mapped[int]
    answered: Mapped[int]
    satisfied: Mapped[int]
    method: Mapped[str] = mapped_column(Text, default="")

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


class OnlineTarget(Record, Base):
    """The share of cases that a unit must receive online, as assigned (giao chỉ tiêu hồ sơ trực tuyến)."""

    __tablename__ = "online_targets"
    __table_args__ = (UniqueConstraint("site", "unit_id", "year"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    year: Mapped[int]
    percent: Mapped[int]  # whole percent
    assigned_on: Mapped[date] = mapped_column(Date)
    document: Mapped[str] = mapped_column(String(200), default="")

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)


class Criterion(Record, Base):
    """A row of a score table. Scores are in hundredths of a point, so that sums are exact."""

    __tablename__ = "criteria"
    __table_args__ = (UniqueConstraint("site", "table", "row"),)

    table: Mapped[str] = mapped_column(String(32))  # code of the document: "dn-2024-annex"
    year: Mapped[int]
    row: Mapped[int]  # order in the table, from 1
    number: Mapped[str] = mapped_column(String(16))  # "6.3.1"
    parent_id: Mapped[int | None] = mapped_column(Key, ForeignKey("criteria.id"))
    name: Mapped[str] = mapped_column(Text)
    maximum: Mapped[int]
    last_score: Mapped[int]  # last year's
    target: Mapped[int]  # this year's
    measures: Mapped[str] = mapped_column(Text, default="")
    lead_text: Mapped[str] = mapped_column(Text, default="")
    cooperating_text: Mapped[str] = mapped_column(Text, default="")
    lead_unit_id: Mapped[int | None] = mapped_column(Key, ForeignKey("units.id"))
    source_line: Mapped[int | None]
    self_score: Mapped[int | None]  # the latest; its history is in criterion_scores
    revision: Mapped[int] = mapped_column(default=1)

    lead_unit: Mapped[Unit | None] = relationship(lazy="joined")


class CriterionScore(Record, Base):
    """A self-score of a criterion, with its evidence. The latest counts; none is deleted."""

    __tablename__ = "criterion_scores"

    criterion_id: Mapped[int] = mapped_column(Key, ForeignKey("criteria.id"), index=True)
    score: Mapped[int]  # hundredths of a point
    evidence: Mapped[str] = mapped_column(Text)
    scored_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))


class YearResult(Record, Base):
    """The Department's reform index of a year: score, rank, and among how many, and its fields' scores."""

    __tablename__ = "year_results"
    __table_args__ = (UniqueConstraint("site", "table", "year"),)

    table: Mapped[str] = mapped_column(String(32))
    year: Mapped[int]
    score: Mapped[int]  # hundredths of a point
    maximum: Mapped[int]
    rank: Mapped[int | None]
    ranked: Mapped[int | None]  # how many were ranked
    rank_change: Mapped[int | None]  # places against the year before, as stated: 2 lost is -2
    rank_gain: Mapped[int | None]  # places the plan wants gained in the year after, at least
    fields: Mapped[list[Any]]  # [{"number", "name", "score", "maximum"}] as the plan's text states them
    source: Mapped[str] = mapped_column(String(200), default="")
