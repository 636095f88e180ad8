"""What breaks under the site, not in it: a database that is gone, locked or damaged, a disk that is full or read-only.

Pages and commands tell a person the same sentence about it. No table and no session is looked at here.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from enum import StrEnum

from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.errors import N_


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
