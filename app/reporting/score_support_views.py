"""The figures of the latest check, beside a criterion of the score table."""

from __future__ import annotations

from flask import render_template

from app.organisation.access import allowed, current_scope
from app.organisation.permissions import Capability
from app.reporting.score_support import support
from app.reporting.views import bp


@bp.get("/ke-hoach/bang-diem/<int:criterion_id>/so-lieu")
@allowed(Capability.SCORE_CRITERIA)
def score_support(criterion_id: int) -> str:
    """A fragment of the criterion's page; it asks for it when it is shown."""
    offered = support(current_scope(), criterion_id)
    return render_template("reporting/_score_support.html", support=offered, criterion_id=criterion_id)
