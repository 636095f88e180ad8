"""Files that prove what the explanation of an overdue case says."""

from __future__ import annotations

from sqlalchemy import select

from app.cases.explanations.models import Explanation
from app.cases.models import Case
from app.core.errors import NotFound
from app.organisation.access import Actor, Scope, answers_for
from app.organisation.evidence_files import EvidenceOf, Proven, register_proven
from app.organisation.permissions import Capability
from app.web.extensions import db


def _find(scope: Scope, by: Actor, explanation_id: int) -> Proven:
    """An explanation, for the unit that has the case; the Office and the Director see every unit's."""
    chosen = (
        select(Explanation, Case.code, Case.unit_id)
        .join(Case, Case.id == Explanation.case_id)
        .where(Explanation.site == scope.site, Explanation.id == explanation_id)
    )
    commanded = by.person_id is None
    if commanded or not (by.may(Capability.RECEIVE_EXPLANATIONS) or by.may(Capability.DECIDE_EXPLANATIONS)):
        chosen = chosen.where(scope.within(Case.unit_id))
    found = db.session.execute(chosen).first()
    if found is None:
        raise NotFound("Không tìm thấy giải trình này.")
    explanation, code, unit_id = found
    mine = by.may(Capability.EXPLAIN_CASES) and answers_for(by, unit_id)
    decided = explanation.accepted is not None
    place = {"case_id": explanation.case_id}
    return Proven(
        "case", code, code, "cases.explanation", takes=mine and not decided, owns=mine, settled=decided, place=place
    )


register_proven(EvidenceOf.EXPLANATION, _find)
