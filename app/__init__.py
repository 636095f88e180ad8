"""Đúng Hạn: an intranet on which a provincial department keeps its promises to citizens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.application import Application


def create_app(**overrides: Any) -> Application:
    """Make the application: settings, extensions, rooms. `overrides` are settings by name."""
    app = app_for_commands(**overrides)
    app.bind_pages()
    return app


def app_for_commands(**overrides: Any) -> Application:
    """The same, of which only the settings and the names of its commands are there; the rest comes when needed."""
    from app.application import Application
    from app.command_names import register as register_commands
    from app.web.settings import settings_from

    app = Application(settings_from(**overrides), records=_bind_records, pages=_bind_pages)
    register_commands(app)
    return app


def _bind_records(app: Application) -> None:
    from app.compliance.evaluation import engine_process
    from app.rooms import register_records
    from app.web.badges import register as register_badges
    from app.web.extensions import bind as bind_extensions
    from app.web.formats import register as register_formats
    from app.web.logs import register as register_logs
    from app.web.security import register_sent_values as register_asked

    settings = app.config["SETTINGS"]
    engine_process.limit(settings.engine_seconds, settings.engine_mb)
    register_logs(app)
    bind_extensions(app)
    register_asked(app)
    register_formats(app)
    register_badges(app)
    register_records()


def _bind_pages(app: Application) -> None:
    from app.monitoring import watch
    from app.organisation.exports import beside_each_csv
    from app.organisation.navigation import register as register_navigation
    from app.organisation.restoring import register as register_restoring
    from app.organisation.site_code import register as register_site_code
    from app.rooms import register_pages
    from app.web.client_address import BehindProxies
    from app.web.once import register as register_once
    from app.web.security import register as register_security
    from app.web.settings import version

    register_security(app)
    register_once(app)
    register_restoring(app)
    register_site_code(app)
    register_navigation(app)
    register_pages(app)
    beside_each_csv(app)
    app.context_processor(lambda: {"software_version": version()})
    watch(app)
    app.wsgi_app = BehindProxies(app.wsgi_app, app.config["SETTINGS"].proxies)  # type: ignore[method-assign]
