"""Criteria that a unit leads, when it is succeeded: of the year of its end and later."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.organisation.succession import register_part, rows_part
from app.scorecards.models import CRITERION, Criterion

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
