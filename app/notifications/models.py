"""What people are told: notices, the mails that gathered them, and which kinds somebody wants no mail of."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.web.extensions import Base, Key, Record


class NoticeKind(StrEnum):
    """What a notice is about, as its reader chooses among them."""

    CASE = "case"
    VIOLATION = "violation"
    ANSWER = "answer"
    EXPLANATION = "explanation"
    MONTH = "month"
    WAIVER = "waiver"
    DUTY = "duty"
    TASK = "task"


class Notice(Record, Base):
    """One thing that one person is told, once: its sentence is made when it is read."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("person_id", "subject"),
        Index(None, "person_id", "read_at", "settled_at"),
        Index(None, "site", "about"),
        Index(None, "site", "says", "settled_at"),
    )

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    kind: Mapped[NoticeKind]
    says: Mapped[str] = mapped_column(String(48))  # which sentence: see messages.add_sentences
    about: Mapped[str] = mapped_column(String(120))  # the thing, "case/12": what settles it settles what was told of it
    subject: Mapped[str] = mapped_column(String(200))  # what is told of it; a person is told each once
    figures: Mapped[dict[str, Any]]  # what the sentence names; a text in two languages as {"vi", "en"}
    page: Mapped[str] = mapped_column(String(64), default="")  # endpoint to which it leads, and its values
    place: Mapped[dict[str, Any]] = mapped_column(default=dict)
    raised_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]  # it holds no more: done, decided, moved
    mailed_at: Mapped[datetime | None]  # equal to `claimed_at` of the mail that it went with


class NoticeMail(Record, Base):
    """The mail of one day to one person: whoever writes the row sends it."""

    __tablename__ = "notice_mails"
    __table_args__ = (UniqueConstraint("person_id", "day"),)

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    day: Mapped[date] = mapped_column(Date)  # of the site's zone
    claimed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]  # None: being sent, or cut off while it was


class UnmailedKind(Record, Base):
    """A kind of notice that somebody wants in the application only."""

    __tablename__ = "unmailed_kinds"
    __table_args__ = (UniqueConstraint("person_id", "kind"),)

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    kind: Mapped[NoticeKind]
