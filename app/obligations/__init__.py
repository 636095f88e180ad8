"""What a unit does again and again, or on demand: filings, directives, petitions, surveys, online targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.obligations.facts
    import app.obligations.models
    import app.obligations.plan_facts
    import app.obligations.registered


def register(app: Flask) -> None:
    from app.obligations.views import bp

    app.register_blueprint(bp)
