"""The rooms of the house, bound to the application: their pages, labels, facts and what those speak of.

(Their commands have names of their own: `app.command_names`.)
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from flask import Flask

ROOMS = (
    *("organisation", "procedures", "publications", "cases", "attachments", "payments", "slips", "desk", "reminders"),
    *("plans", "compliance", "reporting", "monitoring", "demo"),
)


def register_records() -> None:
    """What every room keeps, what the reader sees for its words, and what it tells the rules engine."""
    for room in ROOMS:
        for door in ("models", "labels", "facts", "subjects"):
            if find_spec(f"app.{room}.{door}"):
                import_module(f"app.{room}.{door}")


def register_pages(app: Flask) -> None:
    """Every room's pages."""
    for room in ROOMS:
        for door in ("views", "import_views", "list_views"):
            if find_spec(f"app.{room}.{door}") and (bp := getattr(import_module(f"app.{room}.{door}"), "bp", None)):
                app.register_blueprint(bp)
