"""Score tables (bảng chấm điểm chỉ số cải cách hành chính): criteria, self-scores, findings, the year's result."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.scorecards.facts
    import app.scorecards.labels
    import app.scorecards.models
    import app.scorecards.registered


def register(app: Flask) -> None:
    from app.scorecards.views import bp

    app.register_blueprint(bp)
