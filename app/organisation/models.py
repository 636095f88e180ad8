"""Units, people, and the audit trail."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_login import UserMixin
from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base, Key, Record


class UnitKind(StrEnum):
    """What a unit is in the Department. The packs' scopes use these words."""

    DEPARTMENT = "department"  # Sở
    OFFICE = "office"  # Văn phòng Sở
    INSPECTORATE = "inspectorate"  # Thanh tra Sở
    DIVISION = "division"  # phòng chuyên môn
    ATTACHED = "attached"  # đơn vị sự nghiệp công lập trực thuộc


class Role(StrEnum):
    """What a person may do. Each view declares the roles it serves."""

    DESK = "desk"
    HEAD = "head"
    INSPECTOR = "inspector"
    ADMIN = "admin"


class Unit(Record, Base):
    """A unit of the Department: the Department itself, its Office, divisions and attached units (one tree)."""

    __tablename__ = "units"
    __table_args__ = (UniqueConstraint("site", "code"), Index(None, "site", "path"))

    code: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[UnitKind]
    parent_id: Mapped[int | None] = mapped_column(Key, ForeignKey("units.id"))
    path: Mapped[str] = mapped_column(String(255))  # codes from the root, "/SO/LDVL/": a subtree is a prefix
    is_desk: Mapped[bool] = mapped_column(default=False)  # one-stop desk: receives for every unit
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    succession_note: Mapped[str] = mapped_column(Text, default="")  # who took over, by which decision
    origin: Mapped[str] = mapped_column(String(200), default="")  # e.g. "import 12": made by an import, to be checked

    parent: Mapped[Unit | None] = relationship(remote_side="Unit.id")
    aliases: Mapped[list[UnitAlias]] = relationship(back_populates="unit", cascade="all, delete-orphan")


class UnitAlias(Record, Base):
    """Another spelling of a unit's name, as plans and exports write it."""

    __tablename__ = "unit_aliases"
    __table_args__ = (UniqueConstraint("site", "key"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"), index=True)
    alias: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))  # app.text.fold(alias)

    unit: Mapped[Unit] = relationship(back_populates="aliases")


class Person(UserMixin, Record, Base):  # type: ignore[misc]
    """Somebody who signs in. Belongs to one unit, has one role."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("site", "username"),)

    username: Mapped[str] = mapped_column(String(64))
    full_name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(200), default="")
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"), index=True)
    role: Mapped[Role]
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    locale: Mapped[str] = mapped_column(String(5), default="vi")
    reminded_by_mail: Mapped[bool] = mapped_column(default=True)  # where the site sends e-mail at all
    phone: Mapped[str] = mapped_column(String(32), default="")  # printed on slips as the officer to ask
    session_stamp: Mapped[int] = mapped_column(default=1)  # raised when the password changes: signs out elsewhere
    last_signed_in_at: Mapped[datetime | None]

    unit: Mapped[Unit] = relationship(lazy="joined")

    @property
    def is_active(self) -> bool:
        """May sign in (Flask-Login asks)."""
        return self.active

    def get_id(self) -> str:
        """Session identity: changes with the password, so that old sessions end."""
        return f"{self.id}.{self.session_stamp}"


class AuditEntry(Record, Base):
    """One change of state: who did what to which record, when. Entries are chained by hash (see audit.py)."""

    __tablename__ = "audit_entries"
    exact_text = True  # what was hashed is kept as it was
    __table_args__ = (UniqueConstraint("site", "number"), Index(None, "site", "subject_kind", "subject_id"))

    number: Mapped[int]
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))  # name as it was, or the command
    action: Mapped[str] = mapped_column(String(64))  # verb of the service function
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class SiteDay(Record, Base):
    """A day the site adds to the official calendar: off, or worked in exchange."""

    __tablename__ = "site_days"
    __table_args__ = (UniqueConstraint("site", "day"),)

    day: Mapped[date] = mapped_column(Date)
    working: Mapped[bool]
    name: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text, default="")
