"""Files that prove a filing: the report that was handed in, the minutes of a dialogue."""

from __future__ import annotations

from sqlalchemy import select

from app.core.errors import NotFound
from app.obligations.models import Filing
from app.organisation.access import Actor, Scope
from app.organisation.evidence_files import EvidenceOf, Proven, register_proven
from app.organisation.permissions import Capability, permitted
from app.web.extensions import db


def _find(scope: Scope, by: Actor, filing_id: int) -> Proven:
    """A filing; the Office puts together what all units do, and sees all of them."""
    permitted(by, Capability.FULFIL_OBLIGATIONS)
    chosen = select(Filing).where(Filing.site == scope.site, Filing.id == filing_id)
    if by.person_id is None or not by.may(Capability.ASSIGN_OBLIGATIONS):
        chosen = chosen.where(scope.within(Filing.unit_id))
    filing = db.session.scalar(chosen)
    if filing is None:
        raise NotFound("Không tìm thấy mục này.")
    year = int(filing.period[:4]) if filing.period else filing.filed_on.year
    return Proven(
        "filing",
        str(filing.id),
        f"{filing.title} – {filing.unit.name}",
        "obligations.duties",
        takes=not filing.withdrawn,
        owns=True,
        settled=filing.withdrawn,
        place={"loai": filing.kind.value, "nam": year, "don_vi": filing.unit_id},
    )


register_proven(EvidenceOf.FILING, _find)
