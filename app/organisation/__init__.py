"""Units and their succession, people, signing in, the site's calendar, the audit trail, backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.organisation.labels
    import app.organisation.models


def register(app: Flask) -> None:
    from app.organisation.views import account, bp, department, second_factor, site

    app.register_blueprint(bp)
