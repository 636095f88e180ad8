"""`/healthz` for whatever watches over the site, `/metrics` for Prometheus. Neither asks anybody to sign in."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, abort, current_app, jsonify, request

from app.monitoring import health
from app.web.client_address import WAS_FORWARDED, client_address, read_address

bp = Blueprint("monitoring", __name__)


@bp.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 when all is well, 503 when not: {"status", "checks": {name: "ok" or what is wrong}}."""
    checks = health.look()
    well = all(check.well for check in checks)
    answer = jsonify(
        status="ok" if well else "failing", checks={check.name: "ok" if check.well else check.why for check in checks}
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer, 200 if well else 503


@bp.get("/metrics")
def metrics() -> Response:
    """The figures, for this machine itself or whoever has the token; for others there is no such page."""
    if not (_has_token() or _is_this_machine()):
        abort(404)
    from prometheus_client import CONTENT_TYPE_LATEST

    from app.monitoring.figures import figures

    answer = Response(figures(current_app._get_current_object()).text(), content_type=CONTENT_TYPE_LATEST)  # type: ignore[attr-defined]
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _has_token() -> bool:
    token = current_app.config["SETTINGS"].metrics_token
    given = request.headers.get("Authorization", "")
    return bool(token) and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _is_this_machine() -> bool:
    """Asked from this machine, and not through a web server on it that speaks for somebody else."""
    address = read_address(client_address())
    return address is not None and address.is_loopback and not request.environ.get(WAS_FORWARDED, False)
