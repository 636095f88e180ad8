"""What those who run the site look at: is it well (`/healthz`), its figures (`/metrics`), one line a request."""

from __future__ import annotations

from flask import Flask

from app.web.logs import Request, open_access_log, record, write_line


def watch(app: Flask) -> None:
    """Have every request counted, and written to the access log where there is one."""

    def count(request: Request) -> None:
        from app.monitoring.figures import figures  # loads prometheus-client: not for commands

        figures(app).count(request)

    observers = [count, write_line] if open_access_log(app.config["SETTINGS"]) else [count]
    record(app, *observers)


def register(app: Flask) -> None:
    """Its pages, and what it does by itself."""
    from app.monitoring import health
    from app.monitoring.views import bp, upkeep_bp

    app.register_blueprint(bp)
    app.register_blueprint(upkeep_bp)
