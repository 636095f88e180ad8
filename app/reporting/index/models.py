"""What people add to the index of Decision 766: the portal's own scores, and where values were seen."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.web.extensions import Base, Key, Record


class PortalScore(Record, Base):
    """What the national portal shows for one metric of a period, in hundredths of a point. The latest row counts, none
    is changed; `score` null: the portal shows none (which is not nought), or it was entered by mistake."""

    __tablename__ = "portal_scores"
    __table_args__ = (Index(None, "site", "period", "metric", "id"),)

    period: Mapped[str] = mapped_column(String(16))
    metric: Mapped[str] = mapped_column(String(64))
    score: Mapped[int | None]
    maximum: Mapped[int | None]  # as the portal has it; null: not told
    numerator: Mapped[int | None]
    denominator: Mapped[int | None]
    seen_on: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(200))
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))


class IndexConfirmation(Record, Base):
    """Somebody saw a value of the index in an official text. Another value is not confirmed by it."""

    __tablename__ = "index_confirmations"
    __table_args__ = (Index(None, "site", "metric", "name", "since"),)

    metric: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(24))  # see definition.VALUE_NAMES
    since: Mapped[date] = mapped_column(Date)  # the day from which the value holds
    value: Mapped[str] = mapped_column(String(24))
    seen_in: Mapped[str] = mapped_column(String(300))
    confirmed_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))
    withdrawn: Mapped[bool] = mapped_column(default=False)
    withdrawal: Mapped[str] = mapped_column(Text, default="")  # why, when it is
