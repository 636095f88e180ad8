"""Đúng Hạn: an intranet on which a provincial department keeps its promises to citizens."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app.asked import register as register_asked
from app.config import ROOT, flask_config, settings_from
from app.exports import beside_each_csv
from app.extensions import bind as bind_extensions
from app.formats import register as register_formats
from app.navigation import register as register_navigation
from app.rooms import register as register_rooms
from app.security import register as register_security


def create_app(**overrides: Any) -> Flask:
    """Make the application: settings, extensions, rooms. `overrides` are settings by name."""
    settings = settings_from(**overrides)
    app = Flask(
        __name__,
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        instance_path=str(settings.instance.resolve()),
    )
    app.config.update(flask_config(settings))
    bind_extensions(app)
    register_asked(app)
    register_formats(app)
    register_security(app)
    register_navigation(app)
    register_rooms(app)
    beside_each_csv(app)
    return app
