"""Headers and the session guard: what every answer of the site has in common; and what a browser asks for, before any
page reads it: short enough, visible letters only, numbers the databases know."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from flask import Flask, Request, Response, current_app, g, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge, RequestURITooLarge
from werkzeug.routing import BaseConverter, IntegerConverter, PathConverter, UnicodeConverter

from app.core.errors import DomainError, NotAllowed, NotFound, NotNow
from app.core.text import visible
from app.web.extensions import db, login
from app.web.formats import sentence
from app.web.forms import MOST_WHOLE
from app.web.outages import OutermostDoor, failure_answer, new_error_id, note_outage, outage_answer, outage_of

# What a browser asks for, before any page reads it: short enough, visible letters only, numbers the databases know.

LONGEST_ARGUMENT = 2_000  # letters: an address to come back to, with its filters
MOST_ARGUMENTS = 1_000  # cases ticked in a list, and its filters
LONGEST_FORM = 512 * 1024  # bytes, nine for a letter of ours: reading a longer one takes time that is others'
LONGEST_PART = 300  # letters of a part of an address: a code, a name of a unit


OF_ADDRESSES = frozenset({"endpoint", "_anchor", "_external", "_method", "_root", "_scheme"})  # url_for's own words


class SentParameters(ImmutableMultiDict[str, Any]):
    """Arguments and form fields as they were sent, without what nobody can see (app.core.text.visible), and without
    names that mean something else where the address is written again with what it asked for."""

    def __init__(self, mapping: Any = None) -> None:
        super().__init__(None if mapping is None else _seen(mapping))


class WholeNumber(IntegerConverter):
    """`<int:…>`: a number beyond what the databases keep is no address of this site."""

    def __init__(self, map: Any, **options: Any) -> None:
        super().__init__(map, **{"max": MOST_WHOLE} | options)

    regex = r"\d{1,10}"


class ShortText(UnicodeConverter):
    """`<…>`: a part of an address of at most 300 letters, all visible."""

    def __init__(self, map: Any, **options: Any) -> None:
        super().__init__(map, **{"maxlength": LONGEST_PART} | options)

    def to_python(self, value: str) -> str:
        return visible(value)


class ShortPath(PathConverter):
    """`<path:…>`: the same with slashes in it."""

    regex = f"[^/].{{0,{LONGEST_PART - 1}}}?"

    def to_python(self, value: str) -> str:
        return visible(value)


CONVERTERS: dict[str, type[BaseConverter]] = {
    "default": ShortText,
    "string": ShortText,
    "path": ShortPath,
    "int": WholeNumber,
}


def register_sent_values(app: Flask) -> None:
    """Before any route is added (a converter is taken when the address is), after the extensions, which bring their own
    class of requests."""
    known: type[Request] = app.request_class
    own = {"parameter_storage_class": SentParameters, "max_content_length": property(_most_sent)}
    app.request_class = type("SiteRequest", (known,), own)
    app.url_map.converters.update(CONVERTERS)
    app.before_request(_refuse_long_addresses)


def _most_sent(request: Request) -> int | None:
    """Bytes that may be sent: files lie on the disk while they arrive, a form's fields in the memory."""
    most: int | None = current_app.config["MAX_CONTENT_LENGTH"]
    return most if request.mimetype == "multipart/form-data" else LONGEST_FORM


def _refuse_long_addresses() -> None:
    values = [value for name, values in request.args.lists() for value in (name, *values)]
    if len(values) > 2 * MOST_ARGUMENTS or any(len(value) > LONGEST_ARGUMENT for value in values):
        raise RequestURITooLarge


def _seen(mapping: Any) -> Iterable[tuple[str, Any]]:
    pairs: Iterator[tuple[Any, Any]] = mapping.items(multi=True) if hasattr(mapping, "lists") else iter(_pairs(mapping))
    for name, value in pairs:
        shown = visible(name) if isinstance(name, str) else name
        if shown not in OF_ADDRESSES:
            yield shown, visible(value) if isinstance(value, str) else value


def _pairs(mapping: Any) -> Iterator[tuple[Any, Any]]:
    if not hasattr(mapping, "items"):
        yield from mapping
        return
    for name, values in mapping.items():
        yield from ((name, value) for value in (values if isinstance(values, (list, tuple, set)) else [values]))


# Headers, session guard and error pages: what every answer of the site has in common.

# Everything from this site; no inline script or style, nothing framed.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

# What somebody handed in: nothing in it runs or loads anything, and only this site may frame it.
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'self'"
_STORED_FILE = "is_stored_file"

EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "browsing-topics=()",
}
A_YEAR = "max-age=31556926; includeSubDomains"


def as_stored_file(response: Response) -> Response:
    """Answer with somebody's file rather than a page: kept by this browser alone, and asked for again each time."""
    response.headers["Cache-Control"] = "private, no-cache"
    setattr(response, _STORED_FILE, True)
    return response


def register(app: Flask) -> None:
    """Headers on every answer, and pages for what goes wrong."""
    app.after_request(_guarded)
    for code in (400, 403, 404, 405, 413, 414, 429):
        app.register_error_handler(code, _http_error)
    app.register_error_handler(500, _failed)
    for kind in (SQLAlchemyError, sqlite3.Error, OSError):
        app.register_error_handler(kind, _broken)
    app.wsgi_app = OutermostDoor(app)  # type: ignore[method-assign]
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(NotAllowed, _not_allowed)
    app.register_error_handler(NotNow, _not_now)
    app.after_request(_private)


def _guarded(response: Response) -> Response:
    """With the headers that tell a browser what this answer may do."""
    stored = getattr(response, _STORED_FILE, False)
    response.headers.update(EVERY_ANSWER)
    response.headers["Content-Security-Policy"] = FILE_POLICY if stored else POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN" if stored else "DENY"
    if request.is_secure and current_app.config["SETTINGS"].secure_cookies:
        response.headers["Strict-Transport-Security"] = A_YEAR
    return response


def _private(response: Response) -> Response:
    """Pages of somebody signed in are kept in no cache. Whoever was not asked for so far is not looked up for it."""
    who = g.get("_login_user")
    if who is not None and who.is_authenticated and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response


def _page(code: int, reason: str = "") -> tuple[str, int]:
    shown = code if code in (400, 403, 404, 413, 414, 429) else 400
    return render_template(f"errors/{shown}.html", reason=reason), code


def _http_error(error: HTTPException) -> tuple[str, int]:
    if isinstance(error, RequestEntityTooLarge) and request.mimetype != "multipart/form-data":
        return _page(413, _("Nội dung vừa nhập quá dài nên chưa được ghi; hãy rút ngắn, hoặc đính kèm thành tệp."))
    return _page(error.code or 400)


def _broken(error: Exception) -> Response:
    """What broke under the site. Nothing of the transaction is left; what is a fault of ours goes on to be one."""
    outage = outage_of(error)
    if outage is None:
        raise error
    note_outage(outage, error, str(request.endpoint))
    _give_up()
    return outage_answer(outage)


def _failed(error: InternalServerError) -> Response:
    """A fault of the site itself, or one that broke before a view was asked."""
    original = error.original_exception
    if original is not None and (outage := outage_of(original)):
        _give_up()
        return outage_answer(outage)
    error_id = new_error_id()
    current_app.logger.error("%s: %s %s failed", error_id, request.method, request.endpoint)
    return failure_answer(error_id)


def _give_up() -> None:
    with suppress(Exception):  # it may be the database itself that is gone
        db.session.rollback()


def _csrf_error(_error: CSRFError) -> Any:
    """Whoever is no longer signed in is asked to, and comes back; the token was then only the first thing missed."""
    if not current_user.is_authenticated and request.endpoint != login.login_view:
        return login.unauthorized()
    return render_template("errors/csrf.html", again=page_of_the_form()), 400


def page_of_the_form() -> str | None:
    """The address that shows the form that was sent here, if there is one for both."""
    adapter = current_app.create_url_adapter(request)
    shows = adapter is not None and "GET" in adapter.allowed_methods()
    return request.full_path.rstrip("?") if shows else None


def _refused(error: DomainError) -> tuple[str, int]:
    """A refusal that no form was there to show, such as one of a draft kept by a script."""
    return _page(400, sentence(error))


def _not_found(error: DomainError) -> tuple[str, int]:
    return _page(404, sentence(error))


def _not_allowed(error: DomainError) -> tuple[str, int]:
    return _page(403, sentence(error))


def _not_now(error: DomainError) -> tuple[str, int]:
    return render_template("errors/not_now.html", reason=sentence(error)), 503
