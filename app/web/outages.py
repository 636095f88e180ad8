"""What breaks under the site, not in it (a database that is gone, locked or damaged, a disk that is full or read-
only), and the pages for what broke: drawn without a session, a person or a database."""

from __future__ import annotations

import errno
import logging
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, make_response, request, session
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wsgi import ClosingIterator

from app.core.errors import N_
from app.web.extensions import LOCALES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


# What breaks under the site, not in it: a database that is gone, locked or damaged, a disk that is full or read-only.
#
# Pages and commands tell a person the same sentence about it. No table and no session is looked at here.


class Outage(StrEnum):
    """What broke."""

    GONE = "gone"
    BUSY = "busy"
    FULL = "full"
    READ_ONLY = "read_only"
    FAILING = "failing"
    NOT_MIGRATED = "not_migrated"


SENTENCES = {
    Outage.GONE: N_(
        "Mất kết nối với cơ sở dữ liệu; hãy thử lại sau ít phút, và nếu vừa gửi gì thì xem lại đã được ghi chưa."
    ),
    Outage.BUSY: N_("Cơ sở dữ liệu đang bận nên việc vừa làm chưa được ghi; hãy thử lại sau ít phút."),
    Outage.FULL: N_(
        "Máy chủ hết dung lượng đĩa nên việc vừa làm chưa được ghi; hãy báo người quản trị giải phóng đĩa."
    ),
    Outage.READ_ONLY: N_(
        "Máy chủ không ghi được vào nơi lưu dữ liệu (chỉ đọc) nên việc vừa làm chưa được ghi; hãy báo người quản trị."
    ),
    Outage.FAILING: N_(
        "Nơi lưu dữ liệu của máy chủ không đọc hoặc không ghi được nên việc vừa làm chưa được ghi; "
        "hãy báo ngay người quản trị."
    ),
    Outage.NOT_MIGRATED: N_("Cơ sở dữ liệu chưa có bảng: hãy chạy `flask db upgrade` trước."),
}
"""What a person is told, by the kind of outage."""

RETRY_AFTER = {Outage.GONE: 30, Outage.BUSY: 15}
"""Seconds after which it is worth trying again; what somebody must put right first takes longer (`LATER`)."""
LATER = 300

_SQLITE = {
    sqlite3.SQLITE_BUSY: Outage.BUSY,
    sqlite3.SQLITE_LOCKED: Outage.BUSY,
    sqlite3.SQLITE_FULL: Outage.FULL,
    sqlite3.SQLITE_READONLY: Outage.READ_ONLY,
    sqlite3.SQLITE_IOERR: Outage.FAILING,
    sqlite3.SQLITE_CANTOPEN: Outage.FAILING,
    sqlite3.SQLITE_CORRUPT: Outage.FAILING,
    sqlite3.SQLITE_NOTADB: Outage.FAILING,
    sqlite3.SQLITE_PERM: Outage.FAILING,
}
# SQLSTATE, by its beginning; the longest that fits counts.
_POSTGRESQL = {
    "08": Outage.GONE,  # connection exception
    "28": Outage.GONE,  # the server does not let the site in
    "3D000": Outage.GONE,  # no such database
    "57P": Outage.GONE,  # shut down, crashed, starting up
    "53": Outage.BUSY,  # insufficient resources, too many connections
    "53100": Outage.FULL,
    "55P03": Outage.BUSY,  # a lock is not to be had
    "40P01": Outage.BUSY,  # deadlock
    "40001": Outage.BUSY,
    "57014": Outage.BUSY,  # statement timeout
    "25006": Outage.READ_ONLY,
    "58": Outage.FAILING,  # an error of the server's system
    "XX001": Outage.FAILING,  # damaged data
    "XX002": Outage.FAILING,
    "42P01": Outage.NOT_MIGRATED,
}
_SYSTEM = {
    errno.ENOSPC: Outage.FULL,
    errno.EDQUOT: Outage.FULL,
    errno.EFBIG: Outage.FULL,
    errno.EROFS: Outage.READ_ONLY,
    errno.EIO: Outage.FAILING,
}


def outage_of(error: BaseException | None) -> Outage | None:
    """What broke under the site, if that is what the error, or what led to it, tells of."""
    for each in _chain(error):
        if found := _outage(each):
            return found
    return None


def retry_after(outage: Outage) -> int:
    """Seconds until it is worth trying again."""
    return RETRY_AFTER.get(outage, LATER)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _outage(error: BaseException) -> Outage | None:
    match error:
        case DBAPIError(connection_invalidated=True):
            return Outage.GONE
        case DBAPIError(orig=BaseException() as original):
            return _outage(original)
        case PoolTimeout() | PendingRollbackError():
            return Outage.BUSY
        case sqlite3.Error():
            return _of_sqlite(error)
        case OSError():
            return _SYSTEM.get(error.errno or 0)
    return _of_postgresql(error) if type(error).__module__.partition(".")[0] == "psycopg" else None


def _of_sqlite(error: sqlite3.Error) -> Outage | None:
    if str(error).startswith("no such table"):
        return Outage.NOT_MIGRATED
    code = getattr(error, "sqlite_errorcode", 0)
    if code == sqlite3.SQLITE_IOERR_SHMSIZE:  # the log's index finds no room: the disk is full
        return Outage.FULL
    return _SQLITE.get(code & 0xFF)  # the low byte is the primary code


def _of_postgresql(error: BaseException) -> Outage | None:
    if state := getattr(error, "sqlstate", None):
        fitting = [prefix for prefix in _POSTGRESQL if state.startswith(prefix)]
        return _POSTGRESQL[max(fitting, key=len)] if fitting else None
    # Without a state the server said nothing: it is not there, or the connection broke.
    names = {kind.__name__ for kind in type(error).__mro__}
    return Outage.GONE if names & {"OperationalError", "InterfaceError"} else None


# The pages for what broke: drawn without a session, a person or a database, and by the outermost door if need be.

_log = logging.getLogger(__name__)

# What every page of the site says to the browser, for the pages that do not go through the site.
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_FAILED = N_("Hệ thống gặp lỗi; hãy báo người quản trị.")
_LAST_WORDS = f"<!doctype html><html lang=vi><meta charset=utf-8><title>{_FAILED}</title><p>{_FAILED}"


def note_outage(outage: Outage, error: BaseException, where: str) -> None:
    """A line in the log: no traceback, because the site did nothing wrong. `where` is an endpoint or an error's id."""
    _log.error("outage %s: %s (%s)", outage.value, type(error).__name__, where)


def outage_answer(outage: Outage) -> Response:
    """The page for what broke under the site, within a request."""
    answer = make_response(outage_page(outage, _language(), request.script_root), 503)
    answer.headers["Retry-After"] = str(retry_after(outage))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def outage_page(outage: Outage, language: str, root: str) -> str:
    """The same page anywhere within the application. `root` is where the site is mounted, mostly ""."""
    with force_locale(language):
        return _drawn("503", language, root, reason=_(SENTENCES[outage]))


def failure_page(error_id: str, language: str, root: str) -> str:
    """The page for a fault of the site itself; the id is in the log too."""
    with force_locale(language):
        return _drawn("500", language, root, error_id=error_id)


def failure_answer(error_id: str) -> Response:
    return make_response(failure_page(error_id, _language(), request.script_root), 500)


def refusal_page(code: int, language: str) -> str:
    """The page for what the server itself could not read as a request."""
    with force_locale(language):
        reason = (
            _("Yêu cầu vừa gửi lớn hơn mức máy chủ nhận, nên chưa được nhận; hãy gửi ít hơn mỗi lần.")
            if code in (413, 431)
            else _("Máy chủ không hiểu yêu cầu vừa gửi, nên chưa thay đổi gì.")
        )
        return _drawn("refused", language, "", reason=reason)


def new_error_id() -> str:
    """What a person can tell the administrator, who finds it in the log."""
    return secrets.token_hex(4)


def _drawn(name: str, language: str, root: str, **values: Any) -> str:
    # Not render_template: what it adds to every page asks who is signed in.
    static = f"{root}{current_app.static_url_path}/"
    template = current_app.jinja_env.get_template(f"errors/{name}.html")
    return template.render(language=language, static=static, home=f"{root}/", **values)


def _language() -> str:
    """The reader's language as far as it is known without the database."""
    chosen = None
    with suppress(Exception):
        chosen = session.get("locale") or getattr(g.get("_login_user"), "locale", None)
    return str(chosen) if chosen in LOCALES else accepted(request.headers.get("Accept-Language", ""))


def accepted(header: str) -> str:
    """The language that a browser asks for, of those the site speaks."""
    return parse_accept_header(header, LanguageAccept).best_match(LOCALES) or LOCALES[0]


class OutermostDoor:
    """The site as servers see it: whatever fails within, also before a request is one or once it has been answered, the
    person gets a page of the site.

    The beginning of an answer is held back until its first piece is there, so that a list that cannot be read is told
    as such. What fails later can only be broken off.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.inside: Callable[..., Iterable[bytes]] = app.wsgi_app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        begun: list[tuple[Any, ...]] = []

        def begin(*told: Any) -> Callable[[bytes], object]:
            begun[:] = [told]
            return _no_writing

        try:
            answer = self.inside(environ, begin)
            if isinstance(answer, ClosingIterator):
                answer = _first_piece_drawn(answer)
        except Exception as error:
            if self._told_to_programmers(error):
                raise
            return self._failed(error, environ, start_response)
        start_response(*begun[0])
        return answer

    def _told_to_programmers(self, error: Exception) -> bool:
        """As Flask decides it: tests and the debugger want the error itself."""
        propagate = self.app.config["PROPAGATE_EXCEPTIONS"]
        wanted = (self.app.testing or self.app.debug) if propagate is None else propagate
        return bool(wanted) and outage_of(error) is None

    def _failed(self, error: Exception, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        outage, error_id = outage_of(error), new_error_id()
        headers = dict(_HEADERS)
        if outage:
            note_outage(outage, error, error_id)
            headers["Retry-After"] = str(retry_after(outage))
        else:
            _log.error("%s: an answer failed", error_id, exc_info=error)
        body = self._page(outage, error_id, environ).encode()
        headers["Content-Length"] = str(len(body))
        status = "503 Service Unavailable" if outage else "500 Internal Server Error"
        start_response(status, list(headers.items()))
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _page(self, outage: Outage | None, error_id: str, environ: WSGIEnvironment) -> str:
        language, root = accepted(environ.get("HTTP_ACCEPT_LANGUAGE", "")), environ.get("SCRIPT_NAME", "").rstrip("/")
        try:
            with self.app.app_context():
                return outage_page(outage, language, root) if outage else failure_page(error_id, language, root)
        except Exception:
            _log.exception("%s: its page failed too", error_id)
            return _LAST_WORDS


def _no_writing(_piece: bytes) -> object:
    raise NotImplementedError("an application of the site answers with what it returns")


def _first_piece_drawn(answer: ClosingIterator) -> ClosingIterator:
    """The same answer, of which the first piece has been made."""
    pieces = iter(answer)
    try:
        first = next(pieces, None)
    except BaseException:
        answer.close()
        raise
    whole: Iterator[bytes] = pieces if first is None else chain((first,), pieces)
    return ClosingIterator(whole, answer.close)
