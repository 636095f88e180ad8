"""Control reports that were sent, as they were then: what the next period's carry-over is held against."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.web.extensions import Base, Json, Key, Record


class SentReport(Record, Base):
    """The report of a period was sent. The latest row of a period that was not taken back counts; figures never change.

    `figures`: by rows of the form ("linh-vuc", "don-vi") a list of lines, each with `name`, `key` and `columns` (3 to
    13 of the form); the first is the total.
    """

    __tablename__ = "sent_reports"
    __table_args__ = (Index(None, "site", "period", "id"),)

    period: Mapped[str] = mapped_column(String(16))
    first: Mapped[date] = mapped_column(Date)  # the days it counted, both included
    last: Mapped[date] = mapped_column(Date)
    sent_on: Mapped[date] = mapped_column(Date)
    document: Mapped[str] = mapped_column(String(200), default="")  # number of the letter it went with
    note: Mapped[str] = mapped_column(Text, default="")
    figures: Mapped[dict[str, Any]] = mapped_column(Json, deferred=True)
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    withdrawal: Mapped[str] = mapped_column(Text, default="")  # why, when it is


class SentOpenCase(Base):
    """A case of column 11 of a report that was sent. No key into cases: one whose import was undone is named still."""

    __tablename__ = "sent_open_cases"

    report_id: Mapped[int] = mapped_column(Key, ForeignKey("sent_reports.id"), primary_key=True, autoincrement=False)
    case_id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    field: Mapped[str] = mapped_column(String(120))
