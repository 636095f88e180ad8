"""Actions on many cases, and what became of each case."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.web.extensions import Base, Key, Record


class BulkCaseState(StrEnum):
    """What has become of one case of an action on many."""

    WAITING = "waiting"  # not tried yet
    DONE = "done"
    LEFT_OUT = "left_out"  # it could not be done to this one
    UNDONE = "undone"
    KEPT = "kept"  # it could not be taken back


class BulkAction(Record, Base):
    """Something done to many cases at once; it can be taken back once, while nothing else has touched them."""

    __tablename__ = "bulk_actions"
    __table_args__ = (Index(None, "person_id", "done_at"),)

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("people.id"))
    kind: Mapped[str] = mapped_column(String(24))  # value of EventKind
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what each event carries
    note: Mapped[str] = mapped_column(Text, default="")
    done_at: Mapped[datetime]  # begun; each case is done in its own time
    finished_at: Mapped[datetime | None]  # no case is waiting any more
    undoing_at: Mapped[datetime | None]  # taking it back was begun
    undone_at: Mapped[datetime | None]  # and every case was tried
    cases: Mapped[list[BulkCase]] = relationship(order_by="BulkCase.position", back_populates="action")

    def those(self, *states: BulkCaseState) -> list[BulkCase]:
        """Its cases that stand so."""
        return [case for case in self.cases if case.state in states]

    @property
    def is_unfinished(self) -> bool:
        """It was cut off (or goes on at this moment): there are cases that it has not come to."""
        return self.finished_at is None or (self.undoing_at is not None and self.undone_at is None)


class BulkCase(Record, Base):
    """One case of an action on many: what it was to be done to, and what has become of that."""

    __tablename__ = "bulk_cases"
    __table_args__ = (UniqueConstraint("action_id", "position"),)

    action_id: Mapped[int] = mapped_column(Key, ForeignKey("bulk_actions.id"))
    position: Mapped[int]  # from 1, in the order of doing
    case_id: Mapped[int] = mapped_column(Key)
    code: Mapped[str] = mapped_column(String(64), default="")  # empty where the person may not know it
    seen: Mapped[int]  # revision that was looked at
    state: Mapped[BulkCaseState] = mapped_column(default=BulkCaseState.WAITING)
    event_number: Mapped[int | None]  # of what was recorded
    revision: Mapped[int | None]  # of the case, after that
    why: Mapped[str] = mapped_column(Text, default="")  # why it was left out or kept
    action: Mapped[BulkAction] = relationship(back_populates="cases")
