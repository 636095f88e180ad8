"""Where records and judgement meet: what units owe under the plans, and the walk over all that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.reporting.models
    import app.reporting.registered


def register(app: Flask) -> None:
    from app.reporting import registered, verifying, views
    from app.reporting.control import views as control_views
    from app.reporting.grades import views as grades_views
    from app.reporting.index import views as index_views
    from app.reporting.month import sealed_report
    from app.reporting.month import views as month_views
    from app.reporting.reform import views as reform_views
    from app.reporting.views import bp

    app.register_blueprint(bp)
