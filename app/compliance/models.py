"""Runs of the check, their results, and the violations they raise."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.organisation.models import Person, Unit
from app.rulepacks.language import Severity, Status
from app.web.extensions import Base, Key, Record


class ViolationChange(StrEnum):
    """A violation against the last run of the same period."""

    NEW = "new"
    PERSISTING = "persisting"
    GONE = "gone"


class ViolationState(StrEnum):
    """How far the answer to a violation has come."""

    OPEN = "open"
    EXPLAINED = "explained"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    REMEDIED = "remedied"


class RunStanding(StrEnum):
    """What a run is worth."""

    OFFICIAL = "official"  # made by closing its period
    UNCLOSED = "unclosed"  # its period is over, and was not closed
    PROVISIONAL = "provisional"  # its period was not over
    AFTERWARDS = "afterwards"  # its period had been closed: to compare


class PackText(Record, Base):
    """The text of a rule pack as some run used it, kept by its hash."""

    __tablename__ = "pack_texts"
    __table_args__ = (UniqueConstraint("site", "hash"),)

    pack: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(80))
    files: Mapped[dict[str, Any]]  # file name -> text
    first_used_at: Mapped[datetime]


class PackAdoption(Record, Base):
    """The site's decision to judge by a text of a pack between two days: nothing else comes into force.

    A plan of one year often goes on until the next is signed; another may not be this site's at all.
    """

    __tablename__ = "pack_adoptions"
    __table_args__ = (UniqueConstraint("site", "pack", "valid_from"),)

    pack: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(80))  # of the text, which uploaded_packs keeps
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)  # last day, inclusive
    reason: Mapped[str] = mapped_column(Text)
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120), default="")


class CheckRun(Record, Base):
    """One run of the check over a period: what it was told, by which packs it judged, what it found."""

    __tablename__ = "check_runs"
    __table_args__ = (Index("ix_check_runs_period", "site", "period", "id"),)

    period: Mapped[str] = mapped_column(String(16))  # key: 2024-06, 2024-Q2, 2024-H1, 2024
    as_of: Mapped[datetime]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120), default="")
    packs: Mapped[list[Any]]  # [{"id", "hash"}]
    findings: Mapped[list[Any]] = mapped_column(default=list)  # figures that contradict each other, one dict each
    units: Mapped[list[Any] | None]  # codes when the run was limited to some; null: all
    limited: Mapped[bool] = mapped_column(default=False)  # not every pack and unit: does not settle the month
    facts_hash: Mapped[str] = mapped_column(String(80))
    facts: Mapped[bytes] = mapped_column(LargeBinary)  # gzip of canonical JSON lines: what was judged
    official: Mapped[bool] = mapped_column(default=False)  # made by closing the period: it stands for it
    after_closing: Mapped[bool] = mapped_column(default=False)  # the period was closed already: it raises nothing
    calendar: Mapped[str] = mapped_column(String(80), default="")  # fingerprint of the working calendar
    trail_number: Mapped[int | None]  # the run's own entry in the audit trail: the trail reached at least to there
    trail_hash: Mapped[str | None] = mapped_column(String(64))

    person: Mapped[Person | None] = relationship(lazy="raise")


class MonthClosing(Record, Base):
    """A period closed (chốt): its official run, from whose day on answers are due. One that was opened again stays, and
    is followed by another."""

    __tablename__ = "month_closings"
    __table_args__ = (UniqueConstraint("site", "period", "number"),)

    period: Mapped[str] = mapped_column(String(16))
    number: Mapped[int]  # 1, then 2 after it was opened again
    run_id: Mapped[int] = mapped_column(Key, ForeignKey("check_runs.id"))
    closed_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))
    reopened_at: Mapped[datetime | None]
    reopened_by: Mapped[str] = mapped_column(String(120), default="")
    reopen_reason: Mapped[str] = mapped_column(Text, default="")


class MonthSeal(Record, Base):
    """A closed period sealed (niêm phong): its manifest names all that it covers by hash, and the seal before it.

    Facts and packs are the run's own; `papers` holds what was written for the seal (results, answers, report)."""

    __tablename__ = "month_seals"
    exact_text = True  # what was signed is kept as it was
    __table_args__ = (UniqueConstraint("site", "closing_id"), Index(None, "site", "period"))

    period: Mapped[str] = mapped_column(String(16))
    number: Mapped[int]  # of the closing
    closing_id: Mapped[int] = mapped_column(Key, ForeignKey("month_closings.id"))
    run_id: Mapped[int] = mapped_column(Key, ForeignKey("check_runs.id"))
    manifest: Mapped[str] = mapped_column(Text)  # canonical JSON: what was signed
    hash: Mapped[str] = mapped_column(String(80))  # of the manifest
    previous_hash: Mapped[str | None] = mapped_column(String(80))
    signature: Mapped[str] = mapped_column(String(160))  # Ed25519, hexadecimal
    public_key: Mapped[str] = mapped_column(String(80))
    papers: Mapped[bytes] = mapped_column(LargeBinary)  # gzip of JSON: name -> text, or {"base64": …}
    sealed_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))


class CheckResult(Record, Base):
    """What one rule says of one unit in one run, with its figures."""

    __tablename__ = "check_results"
    __table_args__ = (
        Index("ix_check_results_run_unit", "run_id", "unit_id", "rule"),
        Index("ix_check_results_status", "run_id", "status"),
        Index(  # what is pending: few of a run
            "ix_check_results_due",
            "run_id",
            "due",
            sqlite_where=text("due IS NOT NULL"),
            postgresql_where=text("due IS NOT NULL"),
        ),
    )

    run_id: Mapped[int] = mapped_column(Key, ForeignKey("check_runs.id"))
    pack: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    status: Mapped[Status]
    numerator: Mapped[int | None] = mapped_column(BigInteger)
    denominator: Mapped[int | None] = mapped_column(BigInteger)
    comparison: Mapped[str | None] = mapped_column(String(16))
    target: Mapped[str | None] = mapped_column(String(32))  # exact, "7/20"
    shortfall: Mapped[int | None] = mapped_column(BigInteger)
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    unknown: Mapped[int | None] = mapped_column(BigInteger)
    due: Mapped[date | None] = mapped_column(Date)  # of what is pending, the earliest
    subjects: Mapped[list[Any] | None] = mapped_column(  # [id, state, due, since, done on] of each
        JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"), deferred=True
    )

    unit: Mapped[Unit] = relationship(lazy="raise")


class Violation(Record, Base):
    """A rule broken by a unit in a period: a failing result that is to be answered. One row however many runs see it.

    `state` is that of the subject that is least far answered, where it has subjects.
    """

    __tablename__ = "violations"
    __table_args__ = (
        UniqueConstraint("site", "key"),
        Index("ix_violations_unit", "site", "unit_id", "id"),
        Index("ix_violations_period", "site", "period", "id"),
        Index("ix_violations_site", "site", "id"),  # the latest of the whole Department
    )

    key: Mapped[str] = mapped_column(String(255))  # pack/rule/unit/period
    pack: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    period: Mapped[str] = mapped_column(String(16))
    severity: Mapped[Severity]
    state: Mapped[ViolationState] = mapped_column(default=ViolationState.OPEN)
    first_run_id: Mapped[int] = mapped_column(Key, ForeignKey("check_runs.id"))
    last_run_id: Mapped[int] = mapped_column(Key, ForeignKey("check_runs.id"))  # last run that saw it
    gone_run_id: Mapped[int | None] = mapped_column(Key, ForeignKey("check_runs.id"))  # run that no longer saw it
    answer_due: Mapped[date | None] = mapped_column(Date)
    revision: Mapped[int] = mapped_column(default=1)

    unit: Mapped[Unit] = relationship(lazy="raise")


class ViolationSubject(Record, Base):
    """A single thing (a case, a task, a rule) by which a unit breaks a rule, and how far it is answered. It stands
    while its violation does and no run has found the violation without it."""

    __tablename__ = "violation_subjects"
    __table_args__ = (UniqueConstraint("violation_id", "subject"), Index(None, "site", "subject"))

    violation_id: Mapped[int] = mapped_column(Key, ForeignKey("violations.id"))
    subject: Mapped[str] = mapped_column(String(120))
    state: Mapped[ViolationState] = mapped_column(default=ViolationState.OPEN)
    first_run_id: Mapped[int] = mapped_column(Key, ForeignKey("check_runs.id"))
    gone_run_id: Mapped[int | None] = mapped_column(Key, ForeignKey("check_runs.id"))


class RunViolation(Record, Base):
    """A violation as one run saw it. Its figures are those of the run's result, its sentences are made of them."""

    __tablename__ = "run_violations"
    __table_args__ = (UniqueConstraint("run_id", "violation_id"),)

    run_id: Mapped[int] = mapped_column(Key, ForeignKey("check_runs.id"))
    violation_id: Mapped[int] = mapped_column(Key, ForeignKey("violations.id"), index=True)
    change: Mapped[ViolationChange]
    head: Mapped[str] = mapped_column(Text, default="")  # of an escalation: the unit's head at the time
    subjects: Mapped[list[Any] | None] = mapped_column(  # [id, change, outcome, facts, details]; a gone one without
        JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql"), deferred=True
    )


class ViolationMove(Record, Base):
    """A step in answering a violation: who, when, from where to where, and why."""

    __tablename__ = "violation_moves"

    violation_id: Mapped[int] = mapped_column(Key, ForeignKey("violations.id"), index=True)
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))
    from_state: Mapped[ViolationState]
    to_state: Mapped[ViolationState]
    reason: Mapped[str] = mapped_column(Text)
    subjects: Mapped[list[Any] | None] = mapped_column(  # which of its single things; null: it has none
        JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    )


class Waiver(Record, Base):
    """A unit is excused from a rule until a day, once somebody else than who asked for it has granted it. It ends by
    itself."""

    __tablename__ = "waivers"
    __table_args__ = (Index(None, "site", "rule", "unit_id"),)

    pack: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(64))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date] = mapped_column(Date)  # last day, inclusive
    reason: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(String(120))
    asked_by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    granted_at: Mapped[datetime | None]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))  # who granted or refused it
    actor: Mapped[str] = mapped_column(String(120), default="")  # as it is signed
    refused_at: Mapped[datetime | None]
    refusal: Mapped[str] = mapped_column(Text, default="", server_default="")  # why
    ended_at: Mapped[datetime | None]  # withdrawn early
    ended_by: Mapped[str] = mapped_column(String(120), default="")
    end_reason: Mapped[str] = mapped_column(Text, default="")
    annulled_at: Mapped[datetime | None]  # as if it had never been granted
    annulled_by: Mapped[str] = mapped_column(String(120), default="")
    annulment: Mapped[str] = mapped_column(Text, default="")  # why

    unit: Mapped[Unit] = relationship(lazy="raise")


class UploadedPack(Record, Base):
    """A text that was brought in to be adopted, from outside or from the rules folder. It never changes; a new text is
    a new row.

    `outcome` is what came of its own tests when they were last run (`examining`), empty where they were not since it
    is kept."""

    __tablename__ = "uploaded_packs"
    __table_args__ = (UniqueConstraint("site", "hash"),)

    pack: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(80))
    files: Mapped[dict[str, Any]]
    uploaded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120), default="")
    tests_passed: Mapped[bool]
    tested_at: Mapped[datetime | None]
    tested_with: Mapped[str] = mapped_column(String(80), default="", server_default="")  # engine and language
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
