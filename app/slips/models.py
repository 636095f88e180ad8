"""Numbers of slips: each slip keeps the one it was given, so that printing it again gives the same."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.slips.labels import SlipKind
from app.web.extensions import Base, Key, Record


class Slip(Record, Base):
    """The number of one slip: `number`/`sign`, counted by sign and year over the whole site (12/HDHS)."""

    __tablename__ = "slips"
    __table_args__ = (
        UniqueConstraint("site", "kind", "source"),
        UniqueConstraint("site", "sign", "year", "number", name="uq_slips_number"),
    )

    kind: Mapped[SlipKind]
    source: Mapped[str] = mapped_column(String(160))  # what it is about: "case:12", "case:12:3" (event), "draft:…"
    # No foreign key: a number once given stays given, also when an import that made the case is taken back.
    case_id: Mapped[int | None] = mapped_column(Key, index=True)
    sign: Mapped[str] = mapped_column(String(16))
    year: Mapped[int]
    number: Mapped[int]
    given_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))

    @property
    def text(self) -> str:
        """As it is printed: 12/HDHS."""
        return f"{self.number}/{self.sign}"
