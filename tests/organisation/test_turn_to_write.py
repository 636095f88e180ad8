"""The turn to write: one writer of an embedded database at a time, over all processes, nobody waits for the dead."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.organisation import audit
from app.organisation.access import Actor
from app.organisation.models import AuditEntry
from app.web.extensions import db

WHO = Actor("Người thử")


@contextmanager
def another_process(work: Callable[[int, int], None]) -> Iterator[tuple[int, int, int]]:
    """A process that does `work(reads, writes)`: its number, and the ends of the pipes to and from it."""
    db.session.rollback()
    db.engine.dispose()
    (theirs, ours), (back, forth) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            db.session.remove()
            work(theirs, forth)
        finally:
            os._exit(0)
    try:
        yield child, ours, back
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for each in (theirs, ours, back, forth):
            os.close(each)


def write(action: str) -> None:
    with audit.transaction():
        audit.record(WHO, action, "case", 1)


def hold(reads: int, writes: int) -> None:
    """Write an entry, and keep the turn until told to go on."""
    with audit.transaction():
        audit.record(WHO, "of_another_process", "case", 1)
        os.write(writes, b"!")
        os.read(reads, 1)


@pytest.fixture
def entered(app: Flask, session: Any) -> tuple[threading.Event, threading.Thread]:
    """A thread that wants to write, and when it was let in."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    let_in = threading.Event()

    def write_here() -> None:
        with app.app_context(), audit.transaction():
            let_in.set()
            audit.record(WHO, "of_this_process", "case", 1)

    return let_in, threading.Thread(target=write_here)


def entries() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.number)))


def test_another_process_is_waited_for_and_then_both_have_written(
    entered: tuple[threading.Event, threading.Thread],
) -> None:
    let_in, thread = entered
    with another_process(hold) as (_child, ours, back):
        assert os.read(back, 1) == b"!"
        thread.start()
        assert not let_in.wait(0.2), "not even begun: SQLite is not asked again and again"
        os.write(ours, b"!")
        thread.join(20)
    assert entries() == ["of_another_process", "of_this_process"]


def test_a_process_that_stands_still_with_the_turn_is_not_waited_for_without_end(
    entered: tuple[threading.Event, threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody suspends a command with Ctrl+Z: others go on to the database, which says that it is locked. Whoever
    stopped waiting keeps the turn from nobody afterwards."""
    let_in, thread = entered
    monkeypatch.setattr(audit, "PATIENCE", 0.3)
    with another_process(hold) as (child, ours, back):
        assert os.read(back, 1) == b"!"
        os.kill(child, signal.SIGSTOP)
        thread.start()
        assert let_in.wait(10)
        os.kill(child, signal.SIGCONT)
        os.write(ours, b"!")
        thread.join(20)
    assert entries() == ["of_another_process", "of_this_process"]
    with audit._in_turn():
        let_go = os.open(f"{db.engine.url.database}{audit.TURN}", os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(let_go, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(let_go, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(let_go)


def test_a_killed_process_has_no_turn(entered: tuple[threading.Event, threading.Thread]) -> None:
    let_in, thread = entered
    with another_process(hold) as (child, _ours, back):
        assert os.read(back, 1) == b"!"
        thread.start()
        os.kill(child, signal.SIGKILL)
        assert let_in.wait(20)
        thread.join(20)
    assert entries() == ["of_this_process"]


def test_two_processes_that_write_without_pause_lose_nothing(app: Flask, session: Any) -> None:
    def often(_reads: int, writes: int) -> None:
        for _ in range(20):
            write("of_another_process")
        os.write(writes, b"!")

    with another_process(often) as (_child, _ours, back):
        for _ in range(20):
            write("of_this_process")
        assert os.read(back, 1) == b"!"
    db.session.rollback()
    counted = select(AuditEntry.action, func.count()).group_by(AuditEntry.action)
    assert dict(db.session.execute(counted).all()) == {"of_another_process": 20, "of_this_process": 20}  # type: ignore[arg-type]
    assert audit.verify().broken_at is None


def test_a_turn_within_a_turn_is_the_same(app: Flask, session: Any) -> None:
    """Another session of the same thread asks the database, and waits for no lock of its own."""
    with audit._in_turn(), audit._in_turn():
        write("of_this_process")
    assert audit._turns == 0
    assert entries() == ["of_this_process"]


def test_a_folder_that_cannot_be_written_is_the_databases_to_tell(
    app: Flask, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    assert Path(f"{db.engine.url.database}{audit.TURN}").stat().st_mode & 0o077 == 0
    monkeypatch.setattr(audit, "TURN", "/no/such/folder/turn")
    write("of_this_process")
    assert entries() == ["of_this_process"]
