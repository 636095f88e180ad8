"""Publication clocks, checks of the published catalogue, reviews of procedures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.publications.facts
    import app.publications.labels
    import app.publications.models
    import app.publications.registered


def register(app: Flask) -> None:
    from app.publications import catalogue_views, views
    from app.publications.views import bp

    app.register_blueprint(bp)
