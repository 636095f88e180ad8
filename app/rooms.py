"""The rooms of the house, bound to the application: their pages, commands, labels, facts and what those speak of."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from flask import Flask

ROOMS = (
    *("organisation", "procedures", "publications", "cases", "attachments", "payments", "slips", "desk", "reminders"),
    *("plans", "compliance", "reporting", "monitoring", "demo"),
)


def register(app: Flask) -> None:
    """Bind every room."""
    for room in ROOMS:
        for door in ("models", "labels", "facts", "subjects"):
            if find_spec(f"app.{room}.{door}"):
                import_module(f"app.{room}.{door}")
        for door in ("views", "import_views", "list_views"):
            if find_spec(f"app.{room}.{door}") and (bp := getattr(import_module(f"app.{room}.{door}"), "bp", None)):
                app.register_blueprint(bp)
        if find_spec(f"app.{room}.cli"):
            import_module(f"app.{room}.cli").register(app)
