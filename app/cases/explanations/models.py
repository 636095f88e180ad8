"""What is written because a case went wrong: the head's explanation, the apology to the citizen; and mistakes found in
the handling of a case (sai sót)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.web.extensions import Base, Key, Record

# What is written because a case went wrong: the head's explanation, the apology to the citizen.


class Explanation(Record, Base):
    """The head's explanation of one overdue case, to the Director through the Office (Bắc Giang, II.5)."""

    __tablename__ = "explanations"
    __table_args__ = (Index(None, "case_id"), Index(None, "site", "sent_at"))

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    text: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))
    by_head: Mapped[bool]  # sent by the head of the unit
    office_received_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    accepted: Mapped[bool | None]
    decision: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[str] = mapped_column(String(120), default="", server_default="")  # as it is signed
    decided_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    revision: Mapped[int] = mapped_column(default=1)


class ApologyFor(StrEnum):
    """What a letter apologises for: it answers that, and nothing else."""

    LATENESS = "lateness"  # trễ hạn: it gives a new date
    MISTAKE = "mistake"  # sai sót: it needs none, and moves none


class Apology(Record, Base):
    """A written apology for a late or wrong case (Đắk Nông; form 04); one for lateness promises a new date."""

    __tablename__ = "apologies"
    __table_args__ = (Index(None, "case_id"),)

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"))
    number: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    wrong: Mapped[bool] = mapped_column(default=False)  # for a mistake, not for lateness
    # Numbers of the mistakes that it is about. Empty: none was recorded yet, so whatever had been found by its day.
    faults: Mapped[list[Any]] = mapped_column(default=list)
    sent_at: Mapped[datetime]
    old_due_at: Mapped[datetime | None]
    new_due_at: Mapped[datetime | None]
    signer: Mapped[str] = mapped_column(String(120), default="")
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))

    @property
    def about(self) -> ApologyFor:
        """What it was written for."""
        return ApologyFor.MISTAKE if self.wrong else ApologyFor.LATENESS


def is_about(number: int, found_on: date, sent_on: date, numbers: Collection[int]) -> bool:
    """A letter for mistakes is about this one: it names it, or names none and was sent when this one had been found."""
    return found_on <= sent_on and (number in numbers if numbers else True)


class ExplanationState(StrEnum):
    """Stands for the latest explanation of a case, or for there being none."""

    MISSING = "missing"
    SENT = "sent"  # on its way to the Office
    RECEIVED = "received"  # with the Office, before the Director
    ACCEPTED = "accepted"
    RETURNED = "returned"  # with the Director's words: to be given again

    @property
    def is_owed(self) -> bool:
        """The head of the unit has to write."""
        return self in (ExplanationState.MISSING, ExplanationState.RETURNED)


class OnItsWay(Protocol):
    """What an explanation's state is read from."""

    office_received_at: datetime | None
    accepted: bool | None


def state_of(explanation: OnItsWay | None) -> ExplanationState:
    """The state of a case whose latest explanation is this one."""
    if explanation is None:
        return ExplanationState.MISSING
    if explanation.accepted is not None:
        return ExplanationState.ACCEPTED if explanation.accepted else ExplanationState.RETURNED
    return ExplanationState.RECEIVED if explanation.office_received_at else ExplanationState.SENT


# A mistake found in the handling of a case (sai sót): who found it, when, and what was wrong.


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
