"""What the events of a case add up to: the parts of its state. Pure; `timeline.project` makes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.cases.vocabulary import CaseStatus, PaymentChannel


@dataclass(slots=True)
class StageStay:
    """A stay in a stage. `due_at` is None while the clock is stopped; `used` is set when it ended."""

    number: int
    position: int
    name: str
    unit_id: int
    officer: str
    allowance: Decimal | int
    started_at: datetime
    due_at: datetime | None = None
    ended_at: datetime | None = None
    used: Decimal | None = None


@dataclass(slots=True)
class Pause:
    """A stop of the clock, until the applicant has supplemented the file."""

    started_at: datetime
    ended_at: datetime | None = None
    reason: str = ""


@dataclass(slots=True)
class Paid:
    """Money taken, in đồng, by the event of that number. A voided one stays in the record and counts nowhere.

    `refunded` is what of it was given back later: a payment was made all the same, and counts as one.
    """

    event_number: int
    at: datetime
    amount: int
    channel: PaymentChannel
    transaction_number: str
    voided: bool = False
    receipt_number: str = ""
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money given back, in đồng, of the payment whose event has that number."""

    event_number: int
    payment_number: int
    at: datetime
    amount: int
    reason: str


@dataclass(slots=True)
class Asked:
    """Another unit was asked for its opinion, by the event of that number; answered when `answered_at` is set."""

    number: int
    unit_id: int
    asked_at: datetime
    due_at: datetime | None
    question: str
    answered_at: datetime | None = None
    answer: str = ""


@dataclass(slots=True)
class CaseState:
    """What the events of a case add up to. Instants are UTC."""

    received_at: datetime
    status: CaseStatus = CaseStatus.RECEIVED
    promised_at: datetime | None = None
    due_at: datetime | None = None
    paused_at: datetime | None = None
    result_at: datetime | None = None
    closed_at: datetime | None = None
    ended_at: datetime | None = None
    delivered_at: datetime | None = None
    files_digitised_at: datetime | None = None
    result_digitised_at: datetime | None = None
    paper_result_at: datetime | None = None
    electronic_result_at: datetime | None = None
    electronic_same_day: bool | None = None
    holder_unit_id: int = 0
    holder_id: int | None = None
    officer: str = ""
    stays: list[StageStay] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    payments: list[Paid] = field(default_factory=list)
    refunds: list[Refunded] = field(default_factory=list)
    consultations: list[Asked] = field(default_factory=list)

    @property
    def stay(self) -> StageStay | None:
        """The stage it is in, or None before the first and after the last."""
        return self.stays[-1] if self.stays and self.stays[-1].ended_at is None else None

    @property
    def stage(self) -> int | None:
        """Position of the stage it is in."""
        return self.stay.position if self.stay else None

    @property
    def next_position(self) -> int:
        """Position of the stage that would come next."""
        return (self.stays[-1].position if self.stays else 0) + 1
