"""Each request, once it is over: one line of JSON in the access log, and its time among the site's figures.

Neither holds personal data: a request is told by the pattern of its address (`/ho-so/<int:case_id>`), never by what
was asked for or by whom. The number given back as `X-Request-ID` finds the line again.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import flask
from flask import Flask
from werkzeug.wsgi import ClosingIterator

from app.web.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

UNKNOWN = "-"
"""The pattern of an address that the site does not have."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
STANDARD_ERROR = "-"
"""As a setting: the access log goes where the service's messages go, to the journal."""

NUMBER, ROUTE = "dung_han.request", "dung_han.route"
"""Under these names a request finds its own number, and leaves its pattern, in its environment."""

_log = logging.getLogger("dung_han.access")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is over. `route` is the pattern of its address; `seconds` last until its last byte was taken."""

    number: str
    at: datetime
    method: str
    route: str
    status: int
    sent: int
    seconds: float


Observer = Callable[[Request], None]


class Recorder:
    """Wraps the site: measures every request and tells the observers when it is over, be it with an error."""

    def __init__(self, site: WSGIApplication, observers: Iterable[Observer]) -> None:
        self._site, self._observers = site, tuple(observers)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        number, at, begun = token_hex(8), datetime.now(UTC), time.perf_counter()
        environ[NUMBER] = number
        status, sent = 500, 0

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status
            status = int(line.split(" ", 1)[0])
            return start_response(line, [*headers, ("X-Request-ID", number)], exc_info)

        def counted(parts: Iterable[bytes]) -> Iterator[bytes]:
            nonlocal sent
            for part in parts:
                sent += len(part)
                yield part

        def over() -> None:
            method = str(environ.get("REQUEST_METHOD", ""))
            request = Request(
                number=number,
                at=at,
                method=method if method in METHODS else "OTHER",
                route=environ.get(ROUTE, UNKNOWN),
                status=status,
                sent=sent,
                seconds=time.perf_counter() - begun,
            )
            for observe in self._observers:
                observe(request)

        try:
            parts = self._site(environ, start)
        except BaseException:
            over()
            raise
        return ClosingIterator(counted(parts), [getattr(parts, "close", lambda: None), over])


def _leave_route(_app: Flask, **_of_the_signal: object) -> None:
    """Before anything else looks at the request: whoever refuses it later, its pattern is known."""
    if flask.request.url_rule is not None:
        flask.request.environ[ROUTE] = flask.request.url_rule.rule


def write_line(request: Request) -> None:
    """One line of JSON in the access log; `at` in UTC, `ms` in milliseconds, `bytes` of the body."""
    line = {
        "at": request.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "request": request.number,
        "method": request.method,
        "route": request.route,
        "status": request.status,
        "bytes": request.sent,
        "ms": round(request.seconds * 1000, 1),
    }
    _log.info("%s", json.dumps(line))


def open_access_log(settings: Settings) -> bool:
    """Whether there is to be an access log. Its file is opened by the first line, and followed when it is rotated."""
    for handler in list(_log.handlers):
        _log.removeHandler(handler)
        handler.close()
    if not settings.access_log:
        return False
    handler = (
        logging.StreamHandler(sys.stderr)
        if settings.access_log == STANDARD_ERROR
        else WatchedFileHandler(settings.access_log, encoding="utf-8", delay=True)
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    _log.propagate = False
    return True


def record(app: Flask, *observers: Observer) -> None:
    """Have every request told to these once it is over."""
    flask.request_started.connect(_leave_route, app)
    app.wsgi_app = Recorder(app.wsgi_app, observers)  # type: ignore[method-assign]
