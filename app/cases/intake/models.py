"""What was refused at the counter, before any case was there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.web.extensions import Base, Key, Record


class CounterRefusal(Record, Base):
    """A file refused at the counter (từ chối tiếp nhận): no case, counted nowhere. Numbered by year."""

    __tablename__ = "counter_refusals"
    __table_args__ = (UniqueConstraint("site", "year", "number"), UniqueConstraint("site", "token"))

    year: Mapped[int]
    number: Mapped[int]
    refused_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    officer: Mapped[str] = mapped_column(String(120))  # who refused it, as the slip names them
    phone_of_officer: Mapped[str] = mapped_column(String(32), default="")
    version_id: Mapped[int] = mapped_column(Key, ForeignKey("procedure_versions.id"), index=True)
    applicant: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(200), default="")
    id_number: Mapped[str] = mapped_column(String(32), default="")
    phone: Mapped[str] = mapped_column(String(32), default="")
    address: Mapped[str] = mapped_column(String(300), default="")
    email: Mapped[str] = mapped_column(String(200), default="")
    content: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text)
    token: Mapped[str | None] = mapped_column(String(64))  # of the form in which it was typed

    @property
    def shown_number(self) -> str:
        """Its line in the register of refusals: 12/2026."""
        return f"{self.number}/{self.year}"
