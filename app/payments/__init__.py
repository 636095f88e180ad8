"""Charges and fees at the counter: what is owed, receipts, refunds, the day's cash, the payment portal's list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.payments.models


def register(app: Flask) -> None:
    from app.payments.views import bp

    app.register_blueprint(bp)
