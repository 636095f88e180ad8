"""Cases (hồ sơ), the events of their life, and what is derived from those events.

`case_events` is the record: rows are added, never changed. Everything else here (the dates and status on a
case, its promises, stages, pauses and payments) is derived from the events by `timeline.project` and can be derived
again at any time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from app.cases.vocabulary import CaseStatus, Channel, EventKind, PaymentChannel, PromiseCause, ReturnMethod
from app.core.codes import code_key
from app.organisation.models import Person, Unit
from app.procedures.models import ProcedureVersion
from app.web.extensions import Base, Key, Record


def _key_of_code(row: Any) -> str:
    return code_key(str(row.get_current_parameters()["code"]))


def is_one_of(column: Any, values: Collection[str]) -> ColumnElement[bool]:
    """SQL: a text (identity number, telephone, a code of another system or of a transaction) is one of these. Said so
    that its index, which leaves out what is empty, can answer: none is looked into unless told that nothing is."""
    return and_(column != literal_column("''"), column.in_(list(values)))


class Case(Record, Base):
    """One case. The instants are UTC; a date that did not happen is null."""

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("site", "code"),
        Index("ix_cases_code_key", "site", "code_key"),
        Index("ix_cases_received", "site", "received_at", "id"),
        # An applicant is recalled by identity number or telephone while the citizen waits.
        Index(
            "ix_cases_id_number",
            "site",
            "id_number",
            "id",
            sqlite_where=text("id_number <> ''"),
            postgresql_where=text("id_number <> ''"),
        ),
        Index(
            "ix_cases_phone",
            "site",
            "phone",
            "id",
            sqlite_where=text("phone <> ''"),
            postgresql_where=text("phone <> ''"),
        ),
        Index("ix_cases_register", "site", "register_year", "register_number", unique=True),
        # A form sent twice makes one case.
        Index(
            "ix_cases_form_token",
            "site",
            "form_token",
            unique=True,
            sqlite_where=text("form_token IS NOT NULL"),
            postgresql_where=text("form_token IS NOT NULL"),
        ),
        Index(
            "ix_cases_other_code",
            "site",
            "other_code_key",
            sqlite_where=text("other_code_key <> ''"),
            postgresql_where=text("other_code_key <> ''"),
        ),
        # Each population that a monthly check counts is, for each unit, one range of one index that holds all it
        # needs: figures are by unit, and rows that come unit by unit need not be sorted to be counted.
        Index(
            "ix_cases_unit_received",
            "site",
            "unit_id",
            "received_at",
            "id",
            "files_digitised_at",
            "fee_due",
            "online_payable",
            "version_id",
            "channel",
            "knows",
            "annulled_at",
        ),
        Index(
            "ix_cases_ended_cover",
            "site",
            "unit_id",
            "ended_at",
            "late_after",
            "result_at",
            "closed_at",
            "returns_result",
            "result_digitised_at",
            "electronic_result_at",
            "knows",
            "id",
            "annulled_at",
        ),
        Index(
            "ix_cases_result_cover",
            "site",
            "unit_id",
            "result_at",
            "returns_result",
            "result_digitised_at",
            "electronic_result_at",
            "electronic_days",
            "knows",
        ),
        Index(
            "ix_cases_open_due",
            "site",
            "late_after",
            "unit_id",
            "result_at",
            "received_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_cases_ended_late",
            "site",
            "ended_at",
            "late_after",
            "unit_id",
            "result_at",
            "closed_at",
            "received_at",
            sqlite_where=text("ended_at > late_after"),
            postgresql_where=text("ended_at > late_after"),
        ),
        Index(
            "ix_cases_worklist",
            "site",
            "holder_unit_id",
            "late_after",
            "id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        # How many have their result and wait to be closed stands beside the menu on every page of a desk.
        Index(
            "ix_cases_unclosed",
            "site",
            "holder_unit_id",
            "result_at",
            sqlite_where=text("ended_at IS NULL AND result_at IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND result_at IS NOT NULL"),
        ),
    )

    code: Mapped[str] = mapped_column(String(64))
    code_key: Mapped[str] = mapped_column(String(64), default=_key_of_code, server_default="")  # see codes.code_key
    other_code: Mapped[str] = mapped_column(String(64), default="", server_default="")  # in another system
    other_code_key: Mapped[str] = mapped_column(String(64), default="", server_default="")
    # Its line in the register (sổ theo dõi hồ sơ) of the year it was received in: given at reception, never changed.
    register_year: Mapped[int | None]
    register_number: Mapped[int | None]
    version_id: Mapped[int] = mapped_column(Key, ForeignKey("procedure_versions.id"), index=True)
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))  # accountable
    holder_unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))  # has it now
    holder_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    officer: Mapped[str] = mapped_column(String(120), default="")  # name of who handles it, as recorded or imported

    applicant: Mapped[str] = mapped_column(String(200))
    id_number: Mapped[str] = mapped_column(String(32), default="")  # CCCD or tax number
    phone: Mapped[str] = mapped_column(String(32), default="")
    address: Mapped[str] = mapped_column(String(300), default="")
    email: Mapped[str] = mapped_column(String(200), default="")
    owner: Mapped[str] = mapped_column(String(200), default="")  # whose case it is, when somebody else hands it in
    content: Mapped[str] = mapped_column(Text, default="")  # what is asked for; empty: the procedure's name
    sets: Mapped[int] = mapped_column(default=1)  # number of sets of papers handed in
    return_method: Mapped[ReturnMethod] = mapped_column(default=ReturnMethod.IN_PERSON)
    search_text: Mapped[str] = mapped_column(Text)  # what it is found by: see rows.search_text

    channel: Mapped[Channel]
    status: Mapped[CaseStatus]
    stage: Mapped[int | None]  # position of the stage it is in
    received_at: Mapped[datetime]
    promised_at: Mapped[datetime | None]  # as first promised to the citizen
    due_at: Mapped[datetime | None]  # the promise that stands (see CasePromise); null while the clock is stopped
    # Of the first promise that no other replaced in time, whatever was promised since: a case open after it is late.
    late_after: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]  # the clock has been stopped since
    supplement_by: Mapped[date | None] = mapped_column(Date)  # see CaseState
    result_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]  # closed on the software
    ended_at: Mapped[datetime | None]  # closed, refused, withdrawn, stopped or annulled
    annulled_at: Mapped[datetime | None]  # taken in by mistake or twice: it counts nowhere
    delivered_at: Mapped[datetime | None]
    files_digitised_at: Mapped[datetime | None]
    result_digitised_at: Mapped[datetime | None]
    paper_result_at: Mapped[datetime | None]
    electronic_result_at: Mapped[datetime | None]
    # Working days from that of the result until the electronic copy; 0: no later; null where nobody told its day.
    electronic_days: Mapped[int | None]
    fee_due: Mapped[int] = mapped_column(default=0)  # đồng, after the exemption
    exemption: Mapped[str] = mapped_column(String(200), default="")  # why less is paid than the procedure's fee
    online_payable: Mapped[bool] = mapped_column(default=False)  # procedure eligible for online payment
    returns_result: Mapped[bool] = mapped_column(default=True)  # procedure ends with a paper or a copy of it
    knows: Mapped[int] = mapped_column(default=127, server_default="127")  # bits of knowledge.Knows; the desk tells all

    vneid: Mapped[bool | None]  # the applicant's account was verified by VNeID; None: nobody said
    reused: Mapped[bool | None]  # something digitised before was used again; None: nobody said
    form_token: Mapped[str | None] = mapped_column(String(64))  # names the form that it was taken in by
    import_id: Mapped[int | None] = mapped_column(Key, ForeignKey("imports.id"), index=True)
    revision: Mapped[int] = mapped_column(default=1)  # raised at every event: two people cannot overwrite each other
    # From one revision to another nothing but remarks was written (`vocabulary.REMARKS`); the last such row.
    remarks_from: Mapped[int | None]
    remarks_to: Mapped[int | None]

    version: Mapped[ProcedureVersion] = relationship(lazy="raise")
    unit: Mapped[Unit] = relationship(foreign_keys=[unit_id], lazy="raise")
    holder_unit: Mapped[Unit] = relationship(foreign_keys=[holder_unit_id], lazy="raise")
    holder: Mapped[Person | None] = relationship(lazy="raise")


class CaseEvent(Record, Base):
    """Something that happened to a case. Never changed: a mistake is put right by a later `corrected` event."""

    __tablename__ = "case_events"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        Index(
            "ix_case_events_external",
            "case_id",
            "external_id",
            unique=True,
            sqlite_where=text("external_id IS NOT NULL"),
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        # An event that is taken out with its import is looked for among the corrections.
        Index(
            "ix_case_events_corrects",
            "corrects_id",
            sqlite_where=text("corrects_id IS NOT NULL"),
            postgresql_where=text("corrects_id IS NOT NULL"),
        ),
        # What heads and inspectors look through: few among all events.
        Index(
            "ix_case_events_overseen",
            "site",
            "recorded_at",
            "id",
            sqlite_where=text("kind IN ('amended', 'annulled', 'proceeded')"),
            postgresql_where=text("kind IN ('amended', 'annulled', 'proceeded')"),
        ),
        # Whether a stay in a stage left a processing note is asked for each of a month's stays.
        Index(
            "ix_case_events_words",
            "case_id",
            "at",
            "kind",
            "unit_id",
            sqlite_where=text("note <> '' AND substr(note, 1, 1) <> '('"),
            postgresql_where=text("note <> '' AND substr(note, 1, 1) <> '('"),
        ),
    )

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"))
    number: Mapped[int]  # order of recording within the case, from 1
    kind: Mapped[EventKind]
    at: Mapped[datetime]  # when it happened
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    unit_id: Mapped[int | None] = mapped_column(Key, ForeignKey("units.id"))  # unit that did it, or receives it
    actor: Mapped[str] = mapped_column(String(120), default="")  # person's name as recorded or imported
    note: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the kind needs: see vocabulary.py
    corrects_id: Mapped[int | None] = mapped_column(Key, ForeignKey("case_events.id"))
    external_id: Mapped[str | None] = mapped_column(String(120))  # identity in the software it was imported from
    import_id: Mapped[int | None] = mapped_column(Key, ForeignKey("imports.id"), index=True)
    hash: Mapped[str] = mapped_column(String(64), server_default="")  # over the event and the one before: see chain.py


class CaseStage(Record, Base):
    """A case's stay in one stage at one unit. `used` and `allowance` are in the procedure's unit of time."""

    __tablename__ = "case_stages"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        Index("ix_case_stages_ended_cover", "site", "unit_id", "ended_at", "due_at", "started_at", "case_id"),
        Index(
            "ix_case_stages_open_due",
            "site",
            "due_at",
            "unit_id",
            "started_at",
            "case_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(
            "ix_case_stages_ended_late",
            "site",
            "ended_at",
            "due_at",
            "unit_id",
            "started_at",
            "case_id",
            sqlite_where=text("ended_at > due_at"),
            postgresql_where=text("ended_at > due_at"),
        ),
    )

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"))
    number: Mapped[int]  # order of the stay within the case, from 1
    position: Mapped[int]  # stage of the procedure
    name: Mapped[str] = mapped_column(String(200))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    officer: Mapped[str] = mapped_column(String(120), default="")
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))  # whose account had it, if one did
    allowance: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None]  # null while the clock is stopped
    ended_at: Mapped[datetime | None]
    used: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))  # set when it ended

    late_after: Mapped[datetime | None] = synonym("due_at")  # as of a case: of a stay nothing is promised anew


class CasePromise(Record, Base):
    """A date promised for a case: since when, why, by whom. What a promise was is told by when it was made."""

    __tablename__ = "case_promises"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"))
    number: Mapped[int]  # order of the promise within the case, from 1
    event_number: Mapped[int]  # of the event that it follows from
    since: Mapped[datetime]
    due_at: Mapped[datetime | None]  # null while the clock is stopped
    cause: Mapped[PromiseCause]
    actor: Mapped[str] = mapped_column(String(120), default="")
    # A case open after it has broken this promise; null: replaced in time, the clock stood, or the case had ended.
    late_after: Mapped[datetime | None]


class CasePause(Record, Base):
    """A stop of the clock while the applicant supplements the file."""

    __tablename__ = "case_pauses"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"))
    number: Mapped[int]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")


class Payment(Record, Base):
    """Money taken for a case, in đồng. A wrong one is voided by a correction, never deleted."""

    __tablename__ = "payments"
    __table_args__ = (
        Index("ix_payments_paid_cover", "site", "unit_id", "paid_at", "online_payable", "channel", "voided"),
        Index("ix_payments_paid", "site", "paid_at"),
        Index(
            "ix_payments_transaction",
            "site",
            "transaction_number",
            sqlite_where=text("transaction_number <> ''"),
            postgresql_where=text("transaction_number <> ''"),
        ),
    )

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"), index=True)
    event_number: Mapped[int]
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    paid_at: Mapped[datetime]
    amount: Mapped[int]
    channel: Mapped[PaymentChannel]
    online_payable: Mapped[bool]  # the procedure was eligible for online payment when the case was received
    transaction_number: Mapped[str] = mapped_column(String(64), default="")
    receipt_number: Mapped[str] = mapped_column(String(32), default="")  # of the slip given to the payer
    refunded: Mapped[int] = mapped_column(default=0)  # đồng given back
    voided: Mapped[bool] = mapped_column(default=False)


class Refund(Record, Base):
    """Money given back, in đồng: derived from a `refunded` event, which names the payment it gives back."""

    __tablename__ = "refunds"
    __table_args__ = (Index("ix_refunds_refunded", "site", "refunded_at"),)

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"), index=True)
    event_number: Mapped[int]
    payment_number: Mapped[int]  # event number of the payment
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    refunded_at: Mapped[datetime]
    amount: Mapped[int]
    reason: Mapped[str] = mapped_column(Text, default="")


class Consultation(Record, Base):
    """Another unit asked for its opinion (lấy ý kiến đơn vị phối hợp); the case stays where it is, the clock runs."""

    __tablename__ = "consultations"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        Index(
            "ix_consultations_open",
            "site",
            "unit_id",
            "due_at",
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"))
    number: Mapped[int]  # event number of the question
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))  # asked
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    question: Mapped[str] = mapped_column(Text, default="")
    answer: Mapped[str] = mapped_column(Text, default="")


# Compared whenever a case's events are folded, and written where they differ (rows.derived_rows gives their rows by
# the table's name). A row is known in its case by its number, in some tables that of the event it comes from.
DERIVED_MODELS = (CaseStage, CasePromise, CasePause, Payment, Refund, Consultation)
DERIVED_TABLES: dict[str, Table] = {model.__tablename__: cast(Table, model.__table__) for model in DERIVED_MODELS}
NUMBERED_BY = {"payments": "event_number", "refunds": "event_number"}


class CaseDocument(Record, Base):
    """One document of a case's file as it was handed in: how many of each kind; all 0 while it is missing."""

    __tablename__ = "case_documents"
    __table_args__ = (UniqueConstraint("case_id", "position"),)

    case_id: Mapped[int] = mapped_column(Key, ForeignKey("cases.id"))
    position: Mapped[int]  # as on the receipt, from 1
    procedure_document_id: Mapped[int | None] = mapped_column(Key, ForeignKey("procedure_documents.id"))
    name: Mapped[str] = mapped_column(Text)
    required: Mapped[bool] = mapped_column(default=False)
    originals: Mapped[int] = mapped_column(default=0)
    certified: Mapped[int] = mapped_column(default=0)
    copies: Mapped[int] = mapped_column(default=0)
    electronic: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(Text, default="")

    @property
    def received(self) -> int:
        """How many were handed in, of whatever kind."""
        return self.originals + self.certified + self.copies + self.electronic


class ForbiddenLack(Record, Base):
    """Without this (care.Lack) nobody goes on; without the others people say why they do."""

    __tablename__ = "forbidden_lacks"
    __table_args__ = (UniqueConstraint("site", "lack"),)

    lack: Mapped[str] = mapped_column(String(24))


class StockReason(Record, Base):
    """Words that a site keeps for what is often said when something is asked for, or a file refused."""

    __tablename__ = "stock_reasons"
    __table_args__ = (UniqueConstraint("site", "kind", "words"),)

    kind: Mapped[EventKind]
    words: Mapped[str] = mapped_column(String(500))


class CaseCounter(Record, Base):
    """The last number given out for case codes (or receipts) with one prefix on one day (or year)."""

    __tablename__ = "case_counters"
    __table_args__ = (UniqueConstraint("site", "prefix", "day"),)

    prefix: Mapped[str] = mapped_column(String(32))
    day: Mapped[date] = mapped_column(Date)
    last: Mapped[int]


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
