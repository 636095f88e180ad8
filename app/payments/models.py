"""The payment portal's lists, line by line, beside what the cases say was paid online."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.web.extensions import Base, Key, Record


class MatchState(StrEnum):
    """How a line of the portal's list stands beside our records."""

    MATCHED = "matched"
    AMOUNT_DIFFERS = "amount_differs"
    UNKNOWN_CASE = "unknown_case"
    NOT_RECORDED = "not_recorded"  # the case is known, the payment is not
    REPEATED = "repeated"  # the same transaction a second time
    SETTLED = "settled"  # somebody looked into it and said how it was settled


class PortalStatement(Record, Base):
    """A list of the payment portal, as it was taken in."""

    __tablename__ = "portal_statements"
    __table_args__ = (UniqueConstraint("site", "sha256"),)

    file_name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64))
    taken_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    first_day: Mapped[date | None] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)
    rows: Mapped[int] = mapped_column(default=0)
    refused: Mapped[list[Any]] = mapped_column(default=list)  # [row, column, reason, cells]


class PortalLine(Record, Base):
    """One transaction of the portal's list. `paid_at` is UTC, `amount` in đồng."""

    __tablename__ = "portal_lines"
    __table_args__ = (
        UniqueConstraint("statement_id", "row"),
        Index(None, "site", "transaction_number"),
        Index(None, "case_id"),
    )

    statement_id: Mapped[int] = mapped_column(Key, ForeignKey("portal_statements.id"))
    row: Mapped[int]  # as the spreadsheet numbers it
    transaction_number: Mapped[str] = mapped_column(String(64))
    case_code: Mapped[str] = mapped_column(String(64))
    paid_at: Mapped[datetime]
    amount: Mapped[int]
    state: Mapped[MatchState]
    case_id: Mapped[int | None] = mapped_column(Key, ForeignKey("cases.id"))
    recorded_amount: Mapped[int | None]  # what our record says, where there is one
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    note: Mapped[str] = mapped_column(Text, default="")
