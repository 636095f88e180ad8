"""What the rule packs mean for the records: checks, results, violations, waivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.compliance.labels
    import app.compliance.models
    import app.compliance.notices
    import app.compliance.registered


def register(app: Flask) -> None:
    from app.compliance import warnings
    from app.compliance.adoption import views
    from app.compliance.months import views as month_views
    from app.compliance.runs import views as run_views
    from app.compliance.views import bp
    from app.compliance.violations import views as violation_views
    from app.compliance.waivers import views as waiver_views

    app.register_blueprint(bp)
