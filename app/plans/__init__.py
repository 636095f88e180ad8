"""Tasks of plans: read from their annexes, given to units, followed to their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    """Its tables, what the reader sees for its words, and what it tells the rules engine."""
    import app.plans.task_facts
    import app.plans.task_labels
    import app.plans.task_models
    import app.plans.task_subjects


def register(app: Flask) -> None:
    """Its pages."""
    from app.plans import task_load_views
    from app.plans.task_views import bp

    app.register_blueprint(bp)
