"""Pages where records and judgement meet, a module each subject."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("reporting", __name__)

from app.reporting import obligation_views, publication_allowances, score_support_views  # noqa: E402, F401  they need `bp`
