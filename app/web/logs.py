"""What the server writes down of itself: its log (when, where and what kind of fault, and nothing about a citizen),
and each request once it is over, a line of JSON in the access log."""

from __future__ import annotations

import json
import logging
import re
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
from flask.logging import default_handler
from werkzeug.wsgi import ClosingIterator

from app.web.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


# What the server writes into its log: when, where and what kind of fault, and nothing about a citizen.

FORMAT = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s"
_LONG_NUMBER = re.compile(r"(?<![0-9a-f])\+?\d{9,}(?![0-9a-f])")  # an identity number, a phone; no part of a hash
# What Python's own errors, and pydantic's, quote of a value that they could not use. It stands behind the traceback.
_QUOTES_VALUES = re.compile(r"(?m)^(?:\w+\.)*(?:Value|Key|Lookup|Type|Unicode\w+)Error\b.*$")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_INPUT = re.compile(r"input_value=.*?(?=, input_type)")


class Discreet(logging.Formatter):
    """Leaves out what a fault's message quotes of somebody's record: the place in the code says what was wrong."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, without long numbers."""
        said_by_another, record.exc_text = record.exc_text, None  # a handler before this one leaves its text there
        try:
            return _LONG_NUMBER.sub("…", super().format(record))
        finally:
            record.exc_text = said_by_another

    def formatException(self, ei: object) -> str:  # noqa: N802  logging's own name
        """The traceback, without the values that its last lines quote."""
        text = super().formatException(ei)  # type: ignore[arg-type]
        return _INPUT.sub("input_value=…", _QUOTES_VALUES.sub(lambda found: _QUOTED.sub("…", found[0]), text))


def register(app: Flask) -> None:
    """What the site logs is written so."""
    default_handler.setFormatter(Discreet(FORMAT))
    assert app.logger  # made now, with that handler where the server has none


def log_as_a_server(app: Flask) -> None:
    """What waitress and the libraries log too: one handler for all, before waitress makes its own."""
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet(FORMAT))
    logging.basicConfig(handlers=[handler])
    app.logger.removeHandler(default_handler)


# Each request, once it is over: one line of JSON in the access log, and its time among the site's figures.
#
# Neither holds personal data: a request is told by the pattern of its address (`/ho-so/<int:case_id>`), never by what
# was asked for or by whom. The number given back as `X-Request-ID` finds the line again.

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
