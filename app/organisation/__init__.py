"""Units and their succession, people, signing in, the site's calendar, the audit trail, backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    """Its tables, what the reader sees for its words, and what it tells the rules engine."""
    import app.organisation.labels
    import app.organisation.models


def register(app: Flask) -> None:
    """Its pages."""
    from app.organisation.views import account, bp, department, second_factor, site

    app.register_blueprint(bp)
