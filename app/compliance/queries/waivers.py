"""Waivers within a reader's scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Row, case, func, select

from app.compliance.models import PackText, UploadedPack, Waiver
from app.compliance.queries.runs import UnitRef, unit_ref
from app.compliance.waivers.service import last_day
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.web.extensions import db


class WaiverState(StrEnum):
    """Where a waiver stands on a day."""

    ASKED = "asked"
    COMING = "coming"
    HOLDS = "holds"
    ENDED = "ended"
    WITHDRAWN = "withdrawn_early"
    ANNULLED = "annulled"
    REFUSED = "not_granted"


@dataclass(frozen=True, slots=True)
class WaiverLine:
    """A waiver in a list. `until` is the last day it was granted for, `last_day` the last on which it really holds."""

    id: int
    pack: str
    rule: str
    unit: UnitRef
    since: date
    until: date
    last_day: date
    reason: str
    asked_at: datetime
    asked_by: str
    asked_by_id: int | None
    granted_at: datetime | None
    actor: str
    refused_at: datetime | None
    refusal: str
    ended_at: datetime | None
    ended_by: str
    end_reason: str
    annulled_at: datetime | None
    annulled_by: str
    annulment: str

    def state(self, today: date) -> WaiverState:
        if self.refused_at is not None:
            return WaiverState.REFUSED
        if self.granted_at is None:
            return WaiverState.ASKED
        if self.annulled_at is not None:
            return WaiverState.ANNULLED
        if self.ended_at is not None:
            return WaiverState.WITHDRAWN
        if today < self.since:
            return WaiverState.COMING
        return WaiverState.HOLDS if today <= self.until else WaiverState.ENDED


def waivers(scope: Scope) -> list[WaiverLine]:
    """Every waiver of the scope's units: those that wait first, then those that end last first."""
    waits = case((Waiver.granted_at.is_(None) & Waiver.refused_at.is_(None), 1), else_=0)
    chosen = (
        select(Waiver, Unit)
        .join(Unit, Unit.id == Waiver.unit_id)
        .where(Waiver.site == scope.site, scope.within(Waiver.unit_id))
        .order_by(waits.desc(), Waiver.valid_to.desc(), Waiver.id.desc())
    )
    return [_line(row) for row in db.session.execute(chosen)]


def waivers_waiting(scope: Scope) -> int:
    """How many wait for somebody to grant or refuse them."""
    chosen = select(func.count()).select_from(Waiver).where(Waiver.site == scope.site, scope.within(Waiver.unit_id))
    return db.session.scalar(chosen.where(Waiver.granted_at.is_(None), Waiver.refused_at.is_(None))) or 0


def waiver_of(scope: Scope, waiver_id: int) -> WaiverLine:
    """One waiver. Raises NotFound, also for one outside the scope."""
    found = next((line for line in waivers(scope) if line.id == waiver_id), None)
    if found is None:
        raise NotFound("Không tìm thấy lần miễn áp dụng này.")
    return found


def _line(row: Row[Waiver, Unit]) -> WaiverLine:
    waiver, unit = row
    return WaiverLine(
        waiver.id,
        waiver.pack,
        waiver.rule,
        unit_ref(unit),
        waiver.valid_from,
        waiver.valid_to,
        last_day(waiver),
        waiver.reason,
        waiver.asked_at,
        waiver.asked_by,
        waiver.asked_by_id,
        waiver.granted_at,
        waiver.actor,
        waiver.refused_at,
        waiver.refusal,
        waiver.ended_at,
        waiver.ended_by,
        waiver.end_reason,
        waiver.annulled_at,
        waiver.annulled_by,
        waiver.annulment,
    )


def uploaded_packs(scope: Scope) -> Sequence[UploadedPack]:
    """Every text that was brought in, the latest first."""
    chosen = select(UploadedPack).where(UploadedPack.site == scope.site).order_by(UploadedPack.id.desc())
    return db.session.scalars(chosen).all()


def used_texts(scope: Scope) -> dict[str, list[PackText]]:
    """The texts that runs have judged by, by pack, the first used first."""
    found: dict[str, list[PackText]] = {}
    for row in db.session.scalars(select(PackText).where(PackText.site == scope.site).order_by(PackText.id)):
        found.setdefault(row.pack, []).append(row)
    return found
