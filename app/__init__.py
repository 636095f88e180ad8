"""Đúng Hạn: an intranet on which a provincial department keeps its promises to citizens."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app import config, extensions, formats, rooms, security


def create_app(**overrides: Any) -> Flask:
    """Make the application: settings, extensions, rooms. `overrides` are settings by name."""
    settings = config.settings_from(**overrides)
    app = Flask(
        __name__,
        template_folder=str(config.ROOT / "templates"),
        static_folder=str(config.ROOT / "static"),
        instance_path=str(settings.instance.resolve()),
    )
    app.config.update(config.flask_config(settings))
    extensions.bind(app)
    formats.register(app)
    security.register(app)
    rooms.register(app)
    return app
