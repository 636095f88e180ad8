"""The public page: where a case stands, for whoever holds its slip. Off unless the site asks for it."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, make_response, render_template, request

from app.cases.lookup import PATH, CaseSeen, look_up
from app.cases.vocabulary import CaseStatus
from app.organisation.attempts import TooManyFailures
from app.web.client_address import client_address
from app.web.formats import sentence

bp = Blueprint("lookup", __name__)


@bp.get(PATH)
def show() -> Response:
    """State and date of a case (`ma`, with its check letters `kt`), and nothing else of it."""
    if not current_app.config["SETTINGS"].public_lookup:
        abort(404)
    code, letters = request.args.get("ma", "").strip(), request.args.get("kt", "").strip()
    seen: CaseSeen | None = None
    wait, status = None, 200
    if code and letters:
        try:
            seen = look_up(code, letters, client_address())
            status = 200 if seen else 404
        except TooManyFailures as error:
            wait, status = error, 429
    page = render_template(
        "cases/lookup.html",
        seen=seen,
        asked=bool(code and letters),
        code=code[:64],
        letters=letters[:16],
        wait=sentence(wait) if wait else "",
        statuses=CaseStatus,
    )
    answer = make_response(page, status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    if wait:
        answer.headers["Retry-After"] = str(wait.seconds)
    return answer
