"""What the score tables register with the rooms below: files that prove a self-score, and whose criteria are when the
unit that leads them is succeeded."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.subjects import criterion_name
from app.organisation.access import Actor, Scope
from app.organisation.permissions import Capability, permitted
from app.organisation.registries import EvidenceOf, Proven, register_proven
from app.organisation.succession import register_part, rows_part
from app.scorecards.models import CRITERION, Criterion
from app.scorecards.queries import the_criterion


def _find(scope: Scope, by: Actor, criterion_id: int) -> Proven:
    """A criterion, for who scores it."""
    permitted(by, Capability.SCORE_CRITERIA)
    row = the_criterion(scope, criterion_id)
    title, place = f"{row.number}. {row.name}", {"criterion_id": row.id}
    name = criterion_name(row.table, row.number)
    return Proven("criterion", name, title, "scorecards.criterion", takes=True, owns=True, place=place)


register_proven(EvidenceOf.SCORE, _find)


# Criteria that a unit leads, when it is succeeded: of the year of its end and later.

register_part(
    rows_part(
        CRITERION,
        _l("Tiêu chí chấm điểm chủ trì"),
        Criterion,
        lambda decided: Criterion.year >= decided.first_day.year,
        lambda row: f"{row.year} {row.number} – {row.name}",
        column="lead_unit_id",
    )
)
