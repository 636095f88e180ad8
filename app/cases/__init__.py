"""Cases and their life: taking in, events, stages, lists, search, explanations, faults, import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    import app.cases.bulk.models
    import app.cases.closings
    import app.cases.due_notices
    import app.cases.explanations.facts
    import app.cases.explanations.models
    import app.cases.explanations.notices
    import app.cases.explanations.registered
    import app.cases.facts
    import app.cases.importing.models
    import app.cases.labels
    import app.cases.models
    import app.cases.registered


def register(app: Flask) -> None:
    from app.cases import registered
    from app.cases.bulk import views as bulk_views
    from app.cases.explanations import views
    from app.cases.importing import views as importing_views
    from app.cases.intake import views as intake_views
    from app.cases.views import amending, bp, case, lists

    app.register_blueprint(bp)
    app.register_blueprint(lists.lookup_bp)
    app.register_blueprint(importing_views.bp)
    app.register_blueprint(bulk_views.bp)
