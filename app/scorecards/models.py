"""Score tables: their criteria, the scores given, and the results of years."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.organisation.models import Unit
from app.web.extensions import Base, Key, Record

CRITERION = "criterion"
"""What passes when the unit that leads it is succeeded: see `passings`."""


class Criterion(Record, Base):
    """A row of a score table. Scores are in hundredths of a point, so that sums are exact."""

    __tablename__ = "criteria"
    __table_args__ = (UniqueConstraint("site", "table", "row"),)

    table: Mapped[str] = mapped_column(String(32))  # code of the document: "dn-2024-annex"
    year: Mapped[int]
    row: Mapped[int]  # order in the table, from 1
    number: Mapped[str] = mapped_column(String(16))  # "6.3.1"
    parent_id: Mapped[int | None] = mapped_column(Key, ForeignKey("criteria.id"))
    name: Mapped[str] = mapped_column(Text)
    maximum: Mapped[int]
    last_score: Mapped[int]  # last year's
    target: Mapped[int]  # this year's
    measures: Mapped[str] = mapped_column(Text, default="")
    lead_text: Mapped[str] = mapped_column(Text, default="")
    cooperating_text: Mapped[str] = mapped_column(Text, default="")
    lead_unit_id: Mapped[int | None] = mapped_column(Key, ForeignKey("units.id"))
    source_line: Mapped[int | None]
    self_score: Mapped[int | None]  # the latest; its history is in criterion_scores
    revision: Mapped[int] = mapped_column(default=1)

    lead_unit: Mapped[Unit | None] = relationship(lazy="joined")


class CriterionScore(Record, Base):
    """A self-score of a criterion, with its evidence. The latest counts; none is deleted."""

    __tablename__ = "criterion_scores"

    criterion_id: Mapped[int] = mapped_column(Key, ForeignKey("criteria.id"), index=True)
    score: Mapped[int]  # hundredths of a point
    evidence: Mapped[str] = mapped_column(Text)
    scored_at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("people.id"))
    actor: Mapped[str] = mapped_column(String(120))


class YearResult(Record, Base):
    """The Department's reform index of a year: score, rank, and among how many, and its fields' scores."""

    __tablename__ = "year_results"
    __table_args__ = (UniqueConstraint("site", "table", "year"),)

    table: Mapped[str] = mapped_column(String(32))
    year: Mapped[int]
    score: Mapped[int]  # hundredths of a point
    maximum: Mapped[int]
    rank: Mapped[int | None]
    ranked: Mapped[int | None]  # how many were ranked
    rank_change: Mapped[int | None]  # places against the year before, as stated: 2 lost is -2
    rank_gain: Mapped[int | None]  # places the plan wants gained in the year after, at least
    fields: Mapped[list[Any]]  # [{"number", "name", "score", "maximum"}] as the plan's text states them
    source: Mapped[str] = mapped_column(String(200), default="")
