"""The catalogue of procedures: versions, stages and allowances, documents, fees."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.procedures.facts
    import app.procedures.labels
    import app.procedures.models
    import app.procedures.succession


def register(app: Flask) -> None:
    from app.procedures.views import bp

    app.register_blueprint(bp)
