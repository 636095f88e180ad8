"""Reminders already made: the record that keeps anybody from being told the same thing twice."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.cases.models import MADE_ABOUT_A_CASE, Case
from app.web.extensions import Base, Key, Record


class ReminderStep(StrEnum):
    """How far the due day is, in working days."""

    TWO_DAYS = "two_days"  # T-2
    ONE_DAY = "one_day"  # T-1
    DUE_TODAY = "due_today"
    OVERDUE = "overdue"
    NOT_CLOSED = "not_closed"  # has its result, still open on the software


class Reminder(Record, Base):
    """One thing somebody was told about one case."""

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("person_id", "case_id", "step", "due_at"),
        Index(None, "person_id", "seen_at", "made_at"),
        {"info": {MADE_ABOUT_A_CASE: True}},
    )

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"), index=True)
    step: Mapped[ReminderStep]
    due_at: Mapped[datetime]  # as it was when the reminder was made: a moved due day is a new thing to be told
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship(lazy="raise")
