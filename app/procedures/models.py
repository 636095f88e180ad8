"""The catalogue of administrative procedures (thủ tục hành chính, TTHC) and their versions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.calendar import PauseMode, TimeUnit
from app.extensions import Base, Key, Record
from app.organisation.models import Unit


class Level(StrEnum):
    """How far a procedure can be done online (Decree 42/2022/NĐ-CP)."""

    FULL = "full"  # dịch vụ công trực tuyến toàn trình
    PARTIAL = "partial"  # một phần
    IN_PERSON = "in_person"  # trực tiếp


class Procedure(Record, Base):
    """A procedure's identity: its national code. What it says lives in its versions."""

    __tablename__ = "procedures"
    __table_args__ = (UniqueConstraint("site", "code"),)

    code: Mapped[str] = mapped_column(String(64))  # national part, "1.010833"; without one, a site code
    internal: Mapped[bool] = mapped_column(default=False)  # TTHC nội bộ: between state bodies
    origin: Mapped[str] = mapped_column(String(200), default="")  # made by an import, or "demo"

    versions: Mapped[list[ProcedureVersion]] = relationship(
        back_populates="procedure", order_by="ProcedureVersion.number"
    )


class ProcedureVersion(Record, Base):
    """What a procedure says between two dates. A case keeps the version it was received under."""

    __tablename__ = "procedure_versions"
    __table_args__ = (UniqueConstraint("procedure_id", "number"), Index(None, "site", "field"))

    procedure_id: Mapped[int] = mapped_column(Key, ForeignKey("procedures.id"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    search_key: Mapped[str] = mapped_column(Text)  # app.text.fold(code + name)
    field: Mapped[str] = mapped_column(String(120))  # lĩnh vực
    level: Mapped[Level]
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))  # accountable for its cases
    time_amount: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    time_unit: Mapped[TimeUnit]
    pause_mode: Mapped[PauseMode] = mapped_column(default=PauseMode.EXTEND)
    fee: Mapped[int] = mapped_column(default=0)  # đồng; phí and lệ phí together
    online_payment_eligible: Mapped[bool] = mapped_column(default=False)
    online_payment_reason: Mapped[str] = mapped_column(Text, default="")  # who decided it, and why
    online_payment_from: Mapped[date | None] = mapped_column(Date)  # deployed since
    returns_result: Mapped[bool] = mapped_column(default=True)
    in_force_from: Mapped[date] = mapped_column(Date)
    in_force_to: Mapped[date | None] = mapped_column(Date)  # last day, inclusive
    note: Mapped[str] = mapped_column(Text, default="")  # shown on the page: e.g. what is made up

    procedure: Mapped[Procedure] = relationship(back_populates="versions", lazy="joined", innerjoin=True)
    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
    stages: Mapped[list[ProcedureStage]] = relationship(
        back_populates="version", order_by="ProcedureStage.position", cascade="all, delete-orphan"
    )


class ProcedureStage(Record, Base):
    """One step of the internal process (quy trình nội bộ): the unit that holds the case and its allowance.

    The allowance is in the version's own unit of time (working days, calendar days, hours).
    """

    __tablename__ = "procedure_stages"
    __table_args__ = (UniqueConstraint("version_id", "position"),)

    version_id: Mapped[int] = mapped_column(Key, ForeignKey("procedure_versions.id"))
    position: Mapped[int]  # from 1
    name: Mapped[str] = mapped_column(String(200))
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    allowance: Mapped[Decimal] = mapped_column(Numeric(8, 2))

    version: Mapped[ProcedureVersion] = relationship(back_populates="stages")
    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
