"""Units, people, and the audit trail."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_login import UserMixin
from sqlalchemy import BigInteger, Date, Double, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.calendar import DayPart
from app.web.extensions import Base, Key, Record


class SiteProfile(Record, Base):
    """What the Department calls itself, on its pages and papers (`profile`): one row."""

    __tablename__ = "site_profiles"
    __table_args__ = (UniqueConstraint("site"),)

    name: Mapped[str] = mapped_column(String(120))
    place: Mapped[str] = mapped_column(String(120))  # province, without "tỉnh"
    case_prefix: Mapped[str] = mapped_column(String(24))


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
    DIRECTOR = "director"
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


class SuccessionKind(StrEnum):
    """How a unit came to its end."""

    CLOSE = "close"  # giải thể
    MERGE = "merge"  # sáp nhập, hợp nhất
    SPLIT = "split"  # chia, tách
    RENAME = "rename"  # đổi tên


class UnitSuccession(Record, Base):
    """Who answers for what a unit leaves, from the day after its last: one row for each successor.

    A unit that left nothing open has one row without a successor.
    """

    __tablename__ = "unit_successions"
    __table_args__ = (UniqueConstraint("site", "unit_id", "successor_id"), Index(None, "site", "successor_id"))

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    successor_id: Mapped[int | None] = mapped_column(Key, ForeignKey("units.id"))
    kind: Mapped[SuccessionKind]
    last_day: Mapped[date] = mapped_column(Date)
    decision: Mapped[str] = mapped_column(String(300))  # its number and date
    is_default: Mapped[bool] = mapped_column(default=True)  # gets what is given to nobody by name, and the history
    passes: Mapped[dict[str, Any]]  # {"procedures": codes, "people": usernames} chosen; {"counts": {kind: how many}}
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))

    unit: Mapped[Unit] = relationship(foreign_keys=[unit_id], lazy="joined")
    successor: Mapped[Unit | None] = relationship(foreign_keys=[successor_id], lazy="joined")


class PassedRecord(Record, Base):
    """A record that passed from a unit to its successor: until when it was the former's. Its own row says whose it is.

    So a past period sees it where it was (`passings.unit_then`), and everything else asks the record.
    """

    __tablename__ = "passed_records"
    __table_args__ = (Index(None, "site", "kind", "record_id", "until_at"), Index(None, "site", "kind", "until_at"))

    kind: Mapped[str] = mapped_column(String(32))  # "case", "directive": see succession.REGISTERED
    record_id: Mapped[int] = mapped_column(Key)
    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))  # had it
    successor_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))  # has it from `until_at` on
    until_at: Mapped[datetime]  # the instant at which the unit's last day ended


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
    reminded_by_mail: Mapped[bool] = mapped_column(default=True)  # one mail of notices each working day
    phone: Mapped[str] = mapped_column(String(32), default="")  # printed on slips as the officer to ask
    must_change_password: Mapped[bool] = mapped_column(default=False)  # somebody else chose it
    openid_subject: Mapped[str] = mapped_column(String(255), default="")  # who they are to the province's provider
    last_signed_in_at: Mapped[datetime | None]

    unit: Mapped[Unit] = relationship(lazy="joined")

    @property
    def is_active(self) -> bool:
        """May sign in (Flask-Login asks)."""
        return self.active

    session_token = ""  # of this request's session; in no table
    acts_for = ""  # how they act for the Director today (`DelegationKind`), of this request's session; in no table

    def get_id(self) -> str:
        """What the browser keeps (Flask-Login asks): the session's token, and nothing of the person."""
        return self.session_token


class DelegationKind(StrEnum):
    """How somebody signs for the Director (Decree 30/2020, article 13)."""

    IN_PLACE = "in_place"  # ký thay: a deputy
    BY_ORDER = "by_order"  # thừa lệnh: the head of a unit


class Delegation(Record, Base):
    """Somebody may do between two days what the Director may: given by the Director, with a reason."""

    __tablename__ = "delegations"
    __table_args__ = (Index(None, "site", "person_id"),)

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    form: Mapped[DelegationKind]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date] = mapped_column(Date)  # last day, inclusive
    reason: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime]
    giver_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))
    ended_at: Mapped[datetime | None]  # taken back early
    ended_by: Mapped[str] = mapped_column(String(120), default="")
    end_reason: Mapped[str] = mapped_column(Text, default="")

    person: Mapped[Person] = relationship(foreign_keys=[person_id], lazy="joined")


class SignInWay(StrEnum):
    """How somebody showed who they are."""

    PASSWORD = "password"  # noqa: S105  a word, no password
    PROVIDER = "provider"  # the province's OpenID Connect provider


class SignInSession(Record, Base):
    """Somebody signed in on one browser. Ended sessions have no row; the browser's token is kept as its hash only."""

    __tablename__ = "sign_in_sessions"
    __table_args__ = (UniqueConstraint("site", "token_hash"), Index(None, "site", "last_seen_at"))

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64))  # SHA-256: of 256 random bits, so no salt is needed
    way: Mapped[SignInWay]
    awaits_code: Mapped[bool] = mapped_column(default=False)  # the second factor is still to come: opens nothing
    address: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(80))  # "Firefox, Windows"
    began_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]  # to within a few minutes


class KnownAddress(Record, Base):
    """A network address from which somebody has signed in: failures elsewhere do not delay them there."""

    __tablename__ = "known_addresses"
    __table_args__ = (UniqueConstraint("person_id", "address"),)

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    address: Mapped[str] = mapped_column(String(64))  # IPv4, or the /64 network of IPv6
    last_signed_in_at: Mapped[datetime]


class FailedSignIns(Record, Base):
    """How often signing in failed for an account, an address, or an account from an address. Swept after a day."""

    __tablename__ = "failed_sign_ins"
    __table_args__ = (UniqueConstraint("site", "key"), Index(None, "site", "last_failed_at"))

    key: Mapped[str] = mapped_column(String(64))  # keyed hash: people type passwords into the wrong field
    failures: Mapped[float] = mapped_column(Double)  # what is forgiven since is taken off a little at a time
    last_failed_at: Mapped[datetime]


class SiteKey(Record, Base):
    """A random key of the site's own, for one purpose: see `site_key`."""

    __tablename__ = "site_keys"
    __table_args__ = (UniqueConstraint("site", "purpose"),)

    purpose: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64))  # 32 bytes in hexadecimal digits


class SecondFactor(Record, Base):
    """A person's authenticator (TOTP, RFC 6238). Until it is confirmed with a code it is asked of nobody."""

    __tablename__ = "second_factors"
    __table_args__ = (UniqueConstraint("person_id"),)

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    secret: Mapped[str] = mapped_column(String(255))  # sealed with the instance's key
    begun_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)  # of 30 s since 1970: a code counts once


class RecoveryCode(Record, Base):
    """A code that stands in once for a lost authenticator."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("person_id", "code_hash"),)

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    code_hash: Mapped[str] = mapped_column(String(64))  # keyed with the instance's key
    used_at: Mapped[datetime | None]


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


class AuditHead(Record, Base):
    """Where the trail of the site ends, and by which clock: an entry taken off its end is missed here.

    `boot` and `uptime` tell how long the machine had been running: what a clock that was changed cannot change.
    """

    __tablename__ = "audit_heads"
    __table_args__ = (UniqueConstraint("site"),)

    number: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    boot: Mapped[str] = mapped_column(String(64), default="")  # of the machine that wrote; empty: it does not tell
    uptime: Mapped[int] = mapped_column(default=0)  # seconds since that boot


class SiteDay(Record, Base):
    """A day the site adds to the official calendar: off, or worked in exchange; the whole of it, or one half."""

    __tablename__ = "site_days"
    __table_args__ = (UniqueConstraint("site", "day"),)

    day: Mapped[date] = mapped_column(Date)
    working: Mapped[bool]
    name: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text, default="")
    part: Mapped[DayPart] = mapped_column(default=DayPart.DAY)


class ConfirmedYear(Record, Base):
    """A year whose official list of days off somebody has compared with its announcement, and by which document."""

    __tablename__ = "confirmed_years"
    __table_args__ = (UniqueConstraint("site", "year"),)

    year: Mapped[int]
    source: Mapped[str] = mapped_column(Text)  # number and day of the announcement
    confirmed_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))


class PlannedRun(Record, Base):
    """Something that the site does by itself at its hours: how far it has come, and which server has it now."""

    __tablename__ = "planned_runs"
    __table_args__ = (UniqueConstraint("site", "name"),)

    name: Mapped[str] = mapped_column(String(32))
    done: Mapped[str] = mapped_column(String(16))  # the hour last done, in local time: "2024-07-01T07:30"
    holder: Mapped[str] = mapped_column(String(16), default="", server_default="")  # who has it; empty: nobody
    leased_until: Mapped[datetime | None]  # until then nobody else takes it
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")  # that failed, of the hour that is due
    fault: Mapped[str] = mapped_column(Text, default="", server_default="")  # of the last one; empty: none
