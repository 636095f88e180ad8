"""Doing something in a process of its own that is killed on the way, as a power cut would: nothing is tidied up."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from app.web.extensions import db

READING = ("SELECT", "PRAGMA", "BEGIN")  # to be killed after these is to be killed after what stands before them


def killed_after(statement: int, what: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
    """Do it, killed after that statement which writes, from 1. False when it was done with fewer."""
    left = iter(range(statement - 1))

    here = db.engine.url

    def die_here(connection: Connection, _cursor: Any, sql: str, *_rest: Any) -> None:
        if connection.engine.url != here or sql.lstrip().upper().startswith(READING):
            return
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def do() -> None:
        event.listen(Engine, "after_cursor_execute", die_here)
        what(*args, **kwargs)

    return killed(do)


def killed(what: Callable[[], Any]) -> bool:
    """Do it in a process of its own; whether that was killed. A fault in it fails the test."""
    db.session.rollback()
    db.engine.dispose()  # SQLite's connections do not live through a fork: not even those that nobody uses
    child = os.fork()
    if child == 0:
        try:
            db.session.remove()
            what()
            os._exit(0)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False
