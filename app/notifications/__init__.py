"""Notices: what each person is told, once, in the application and, where the site wants it, by mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    """Its tables, and what the reader sees for its words."""
    import app.notifications.labels
    import app.notifications.models


def register(app: Flask) -> None:
    from app.notifications import digests
    from app.notifications.views import bp

    app.register_blueprint(bp)
