"""Files that prove the self-score of a criterion."""

from __future__ import annotations

from app.organisation.access import Actor, Scope
from app.organisation.evidence_files import EvidenceOf, Proven, register_proven
from app.organisation.permissions import Capability, permitted
from app.scorecards.queries import the_criterion


def _find(scope: Scope, by: Actor, criterion_id: int) -> Proven:
    """A criterion, for who scores it."""
    permitted(by, Capability.SCORE_CRITERIA)
    row = the_criterion(scope, criterion_id)
    title, place = f"{row.number}. {row.name}", {"criterion_id": row.id}
    name = f"{row.table}:{row.number}"
    return Proven("criterion", name, title, "scorecards.criterion", takes=True, owns=True, place=place)


register_proven(EvidenceOf.SCORE, _find)
