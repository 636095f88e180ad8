"""The catalogue of administrative procedures (thủ tục hành chính, TTHC) and their versions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, Numeric, String, Text, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.calendar import PauseMode, TimeUnit
from app.organisation.models import Unit
from app.web.extensions import Base, Key, Record


class Level(StrEnum):
    """How far a procedure can be done online (Decree 42/2022/NĐ-CP)."""

    FULL = "full"  # dịch vụ công trực tuyến toàn trình
    PARTIAL = "partial"  # một phần
    IN_PERSON = "in_person"  # trực tiếp


class CopyKind(StrEnum):
    """The kind of paper a procedure asks for (TT 01/2018/TT-VPCP, form 01: bản chính, bản sao chứng thực, bản sao)."""

    ORIGINAL = "original"
    CERTIFIED = "certified"
    COPY = "copy"
    ELECTRONIC = "electronic"


class ChargeKind(StrEnum):
    """Law on fees and charges 97/2015/QH13: phí pays for a service, lệ phí for an act of the State."""

    CHARGE = "charge"  # phí
    FEE = "fee"  # lệ phí


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
    # False for one that an import made: its level and fee are defaults that nobody has looked at.
    details_known: Mapped[bool] = mapped_column(default=True, server_default=true())

    @property
    def time_known(self) -> bool:
        """Whether it says how long a case takes: one that an import made may not."""
        return bool(self.time_amount) or self.time_unit is TimeUnit.SAME_DAY

    procedure: Mapped[Procedure] = relationship(back_populates="versions", lazy="joined", innerjoin=True)
    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
    stages: Mapped[list[ProcedureStage]] = relationship(
        back_populates="version", order_by="ProcedureStage.position", cascade="all, delete-orphan"
    )
    documents: Mapped[list[ProcedureDocument]] = relationship(
        order_by="ProcedureDocument.position", cascade="all, delete-orphan", lazy="raise"
    )
    charges: Mapped[list[ProcedureCharge]] = relationship(
        order_by="ProcedureCharge.position", cascade="all, delete-orphan", lazy="raise"
    )
    exemptions: Mapped[list[FeeExemption]] = relationship(
        order_by="FeeExemption.position", cascade="all, delete-orphan", lazy="raise"
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


class ProcedureDocument(Record, Base):
    """One document that the file must or may hold (thành phần hồ sơ)."""

    __tablename__ = "procedure_documents"
    __table_args__ = (UniqueConstraint("version_id", "position"),)

    version_id: Mapped[int] = mapped_column(Key, ForeignKey("procedure_versions.id"))
    position: Mapped[int]  # from 1
    name: Mapped[str] = mapped_column(Text)
    required: Mapped[bool] = mapped_column(default=True)
    copy_kind: Mapped[CopyKind] = mapped_column(default=CopyKind.ORIGINAL)  # what is asked for
    quantity: Mapped[int] = mapped_column(default=1)
    note: Mapped[str] = mapped_column(Text, default="")  # "nếu ủy quyền", number of the form ...


class ProcedureCharge(Record, Base):
    """One phí or lệ phí of a procedure version; together they are the version's `fee`."""

    __tablename__ = "procedure_charges"
    __table_args__ = (UniqueConstraint("version_id", "position"),)

    version_id: Mapped[int] = mapped_column(Key, ForeignKey("procedure_versions.id"))
    position: Mapped[int]  # from 1
    kind: Mapped[ChargeKind]
    name: Mapped[str] = mapped_column(String(200))
    amount: Mapped[int]  # đồng
    legal_basis: Mapped[str] = mapped_column(Text, default="")


class FeeExemption(Record, Base):
    """Who pays less, or nothing (đối tượng miễn, giảm): the share taken off every charge of the version."""

    __tablename__ = "fee_exemptions"
    __table_args__ = (UniqueConstraint("version_id", "position"),)

    version_id: Mapped[int] = mapped_column(Key, ForeignKey("procedure_versions.id"))
    position: Mapped[int]  # from 1
    name: Mapped[str] = mapped_column(String(200))
    percent_off: Mapped[int]  # 1 to 100
    legal_basis: Mapped[str] = mapped_column(Text, default="")
