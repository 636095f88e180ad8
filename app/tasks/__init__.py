"""Tasks of plans: read from their annexes, given to units, followed to their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.tasks.facts
    import app.tasks.labels
    import app.tasks.models
    import app.tasks.registered


def register(app: Flask) -> None:
    from app.tasks import views
    from app.tasks.views import bp

    app.register_blueprint(bp)
