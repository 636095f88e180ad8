"""What the slips of one case are filled from: plain values, instants already on the site's clock. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from app.cases.vocabulary import CaseStatus, ReturnMethod
from app.core.calendar import TimeUnit


@dataclass(frozen=True, slots=True)
class House:
    """The body that gives the slips: the Department, its one-stop desk ("" when it has none), and the place."""

    department: str
    desk: str
    place: str
    closing: time  # of the office: an appointment "on a day" is kept until then


@dataclass(frozen=True, slots=True)
class Handed:
    """A document of the file: how many of each kind were handed in; none while it is missing."""

    name: str
    originals: int = 0
    certified: int = 0
    copies: int = 0
    electronic: int = 0
    required: bool = True
    note: str = ""

    @property
    def number(self) -> int:
        return self.originals + self.certified + self.copies + self.electronic


@dataclass(frozen=True, slots=True)
class MissingDocument:
    """A document that is missing: how many of each kind have to be handed in."""

    name: str
    originals: int = 0
    certified: int = 0
    copies: int = 0


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in a stage; `allowance` is in the procedure's unit of time."""

    name: str
    unit: str
    at_desk: bool
    officer: str
    allowance: Decimal
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Said:
    """Something that happened to a case, in words: when, why, who wrote it down and how to reach them."""

    at: datetime
    words: str
    by: str = ""
    phone: str = ""
    number: int = 0  # of the event
    asked: tuple[MissingDocument, ...] = ()  # documents that a request for a supplement names
    until: date | None = None  # last day to bring them


@dataclass(frozen=True, slots=True)
class Letter:
    """A written apology. `new_due_at` is None when it promises no new date."""

    number: str
    at: datetime
    reason: str
    signer: str
    wrong: bool
    old_due_at: datetime | None
    new_due_at: datetime | None
    in_time: bool = False  # sent before the date that it is about had passed


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """Who hands the file in, and whose it is when that is somebody else."""

    name: str
    owner: str = ""
    id_number: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOnPaper:
    """A case as its slips show it. Money is in đồng."""

    id: int
    code: str
    person: NamedPerson
    procedure_code: str
    procedure: str
    content: str
    unit: str  # accountable
    unit_ids: tuple[int, ...]  # of the unit accountable, and of the one that has the case now
    time_amount: Decimal
    time_unit: TimeUnit
    received_at: datetime
    received_by: str
    register_year: int | None  # of its line in the register, with the number there; None before there is a case
    register_number: int | None
    earlier_number: str  # that a receipt bore which was printed before receipts had the register's number
    promised_at: datetime | None  # at first
    due_at: datetime | None  # the promise that stands; None while the clock is stopped
    result_at: datetime | None
    sets: int | None  # None while nobody knows, as of how the result is wanted
    return_method: ReturnMethod | None
    fee_due: int | None  # None while nobody knows
    paid: int
    exemption: str
    documents: tuple[Handed, ...]
    missing: tuple[MissingDocument, ...]
    stays: tuple[Stay, ...]
    consulted: tuple[str, ...]  # names of the units asked for their opinion
    supplements: tuple[Said, ...]
    refusal: Said | None
    stop: Said | None
    letters: tuple[Letter, ...]
    amended_on: date | None = None  # what was written down at reception was put right since
    annulled_on: date | None = None

    @property
    def stands_for(self) -> datetime | None:
        """The date that the applicant is told: the one that stands, or what was promised at first."""
        return self.due_at or self.promised_at

    @property
    def received_on(self) -> date:
        """The day of reception, which decides the set of forms."""
        return self.received_at.date()


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """A line of the register (sổ theo dõi hồ sơ). Days are the site's."""

    code: str
    procedure: str
    sets: int | None  # as of CaseOnPaper
    applicant: str
    address: str
    phone: str
    unit: str
    received_on: date
    promised_on: date | None  # as it stands
    first_promised_on: date | None
    returned_on: date | None
    return_method: ReturnMethod | None
    status: CaseStatus
    ended_on: date | None
    year: int  # of the register, with the line's number in it
    number: int
    earlier_number: str = ""  # see CaseOnPaper
    amended_on: date | None = None  # what was written down at reception was put right since
