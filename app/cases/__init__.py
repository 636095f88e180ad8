"""Cases and their life: taking in, events, stages, lists, search, explanations, faults, import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register_records() -> None:
    """Its tables, what the reader sees for its words, and what it tells the rules engine."""
    import app.cases.duty_facts
    import app.cases.duty_models
    import app.cases.facts
    import app.cases.fault_models
    import app.cases.importing.models
    import app.cases.labels
    import app.cases.models
    import app.cases.subjects
    import app.desk.bulk_models
    import app.desk.labels


def register(app: Flask) -> None:
    """Its pages."""
    from app.cases import calendar_moves, duty_views, fault_views, import_views
    from app.cases.views import bp, case, drafts, finding, intake, lists
    from app.desk import list_views

    app.register_blueprint(bp)
    app.register_blueprint(import_views.bp)
    app.register_blueprint(list_views.bp)
