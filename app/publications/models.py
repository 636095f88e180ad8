"""Keeping the catalogue: publication of procedures, checks of what is published, and reviews."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.organisation.models import Unit
from app.web.extensions import Base, Key, Record

DIVISION, OFFICE = "publication", "publication_office"
"""What passes of a publication when a unit is succeeded: see `passings`."""


class PublicationTrack(StrEnum):
    """Which of the plan's clocks runs (Bắc Giang, plan 38, II.4.1)."""

    CATALOGUE = "catalogue"  # list and submit the catalogue: 5 days from arrival, division 3 + Office 2
    EARLY_NUMBER = "early_number"  # decision numbered ahead: 5 days from the date printed on it, jointly
    PROCESS = "process"  # internal process and public listing: 5 days from the chairman's decision, 2 + 3


class Publication(Record, Base):
    """One run of a publication clock: who had it from when to when. Days are the site's.

    `starts_on` is the day the clock starts from, by the track: arrival on the document system, the date printed
    on the decision, or the chairman's decision. Handing over starts the Office's own clock.
    """

    __tablename__ = "publications"
    __table_args__ = (Index(None, "site", "starts_on"), UniqueConstraint("site", "code"))

    code: Mapped[str] = mapped_column(String(64))
    track: Mapped[PublicationTrack]
    decision: Mapped[str] = mapped_column(String(200))  # the decision's number and title
    printed_on: Mapped[date | None] = mapped_column(Date)  # date printed on the decision
    arrived_on: Mapped[date | None] = mapped_column(Date)  # on the document system
    starts_on: Mapped[date] = mapped_column(Date)
    division_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    office_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    handed_over_on: Mapped[date | None] = mapped_column(Date)  # division to Office
    finished_on: Mapped[date | None] = mapped_column(Date)  # submitted, or published
    published_on: Mapped[date | None] = mapped_column(Date)  # updated on the public sites
    note: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int] = mapped_column(default=1)

    division: Mapped[Unit] = relationship(foreign_keys=[division_id], lazy="joined", innerjoin=True)
    office: Mapped[Unit] = relationship(foreign_keys=[office_id], lazy="joined", innerjoin=True)


class PublicationProcedure(Record, Base):
    """A procedure that a publication is about."""

    __tablename__ = "publication_procedures"
    __table_args__ = (UniqueConstraint("publication_id", "procedure_id"),)

    publication_id: Mapped[int] = mapped_column(Key, ForeignKey("publications.id"))
    procedure_id: Mapped[int] = mapped_column(Key, ForeignKey("procedures.id"), index=True)


class CatalogueCheck(Record, Base):
    """A unit's look at the published catalogue of its field: three sites, three ticks in one record."""

    __tablename__ = "catalogue_checks"
    __table_args__ = (Index(None, "site", "unit_id", "checked_on"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    checked_on: Mapped[date] = mapped_column(Date)
    portal: Mapped[bool]  # Cổng Dịch vụ công của tỉnh
    one_stop: Mapped[bool]  # phần mềm một cửa
    website: Mapped[bool]  # Cổng thông tin điện tử Sở
    publication_id: Mapped[int | None] = mapped_column(Key, ForeignKey("publications.id"))  # made because of it
    defects: Mapped[str] = mapped_column(Text, default="")
    fixed_on: Mapped[date | None] = mapped_column(Date)
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))


class ProcedureReview(Record, Base):
    """A review of a procedure (rà soát, đánh giá TTHC): declared fields before and after, what was proposed."""

    __tablename__ = "procedure_reviews"
    __table_args__ = (Index(None, "site", "unit_id", "reviewed_on"),)

    unit_id: Mapped[int] = mapped_column(Key, ForeignKey("units.id"))
    procedure_id: Mapped[int] = mapped_column(Key, ForeignKey("procedures.id"), index=True)
    reviewed_on: Mapped[date] = mapped_column(Date)
    restructured: Mapped[bool] = mapped_column(default=False)  # tái cấu trúc quy trình
    fields_before: Mapped[int | None]
    fields_after: Mapped[int | None]
    proposal: Mapped[str] = mapped_column(Text, default="")
    simplification_approved_on: Mapped[date | None] = mapped_column(Date)
    decision: Mapped[str] = mapped_column(String(200), default="")
    recorded_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
