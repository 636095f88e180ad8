"""Charges and fees at the counter: what is owed, receipts, refunds, the day's cash, the payment portal's list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    """Its tables, what the reader sees for its words, and what it tells the rules engine."""
    import app.payments.models


def register(app: Flask) -> None:
    """Its pages."""
    from app.payments.views import bp

    app.register_blueprint(bp)
