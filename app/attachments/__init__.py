"""Scans and electronic results: files of a case, kept outside the database under the hash of their content."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    """Its tables, what the reader sees for its words, and what it tells the rules engine."""
    import app.attachments.labels
    import app.attachments.models


def register(app: Flask) -> None:
    """Its pages."""
    from app.attachments import verifying
    from app.attachments.views import bp

    app.register_blueprint(bp)
