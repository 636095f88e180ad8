"""A mistake found in the handling of a case (sai sót): who found it, when, and what was wrong."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.web.extensions import Base, Key, Record


class FaultSource(StrEnum):
    """How the mistake came to light."""

    UNIT = "unit"  # the unit itself
    APPLICANT = "applicant"
    INSPECTION = "inspection"
    COMPLAINT = "complaint"  # khiếu nại được giải quyết


class CaseFault(Record, Base):
    """A case found to have been handled wrongly. Never deleted: what was recorded in error is withdrawn, with words.

    The applicant is owed a written apology for it (Đắk Nông, field 3), whether the case was late or not.
    """

    __tablename__ = "case_faults"
    __table_args__ = (UniqueConstraint("case_id", "number"), Index(None, "site", "found_on"))

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"))
    number: Mapped[int]  # order of recording within the case, from 1
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))  # answered for the case when it was found
    found_on: Mapped[date] = mapped_column(Date)
    source: Mapped[FaultSource]
    what: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(String(120), default="")  # the conclusion's number, if there is one
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(String(120), default="")
    withdrawal: Mapped[str] = mapped_column(Text, default="")  # why, when it was recorded in error
