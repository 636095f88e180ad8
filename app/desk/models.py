"""Drafts and saved filters: each belongs to one person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.web.extensions import Base, Key, Record


class Draft(Record, Base):
    """What somebody has typed into a form and not sent yet."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("person_id", "form", "token"),)

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    form: Mapped[str] = mapped_column(String(64))  # which form: "intake"
    token: Mapped[str] = mapped_column(String(64))  # names the sheet: two windows are two drafts
    title: Mapped[str] = mapped_column(String(200), default="")  # how the person recognises it
    typed: Mapped[dict[str, Any]] = mapped_column(default=dict)  # field name -> list of strings, as sent
    updated_at: Mapped[datetime]


class SavedFilter(Record, Base):
    """A list's filters that somebody wants again: the query of its address, under a name."""

    __tablename__ = "saved_filters"
    __table_args__ = (UniqueConstraint("person_id", "page", "name"),)

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    page: Mapped[str] = mapped_column(String(64))  # endpoint
    name: Mapped[str] = mapped_column(String(120))
    query: Mapped[str] = mapped_column(Text)  # "unit=LDVL&status=received"
    position: Mapped[int] = mapped_column(default=0)
