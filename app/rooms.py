"""The rooms of the house, bound to the application: their pages, commands, labels and facts."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from flask import Flask

ROOMS = ("organisation", "procedures", "publications", "cases", "plans", "compliance", "reporting")


def register(app: Flask) -> None:
    """Bind every room."""
    for room in ROOMS:
        for door in ("models", "labels", "facts"):
            if find_spec(f"app.{room}.{door}"):
                import_module(f"app.{room}.{door}")
        if find_spec(f"app.{room}.views"):
            app.register_blueprint(import_module(f"app.{room}.views").bp)
        if find_spec(f"app.{room}.cli"):
            import_module(f"app.{room}.cli").register(app)
