"""One at a time over all threads and all server processes of a site: what takes much memory waits for its turn."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import DomainError

LONGEST_WAIT = 60.0  # seconds that an upload waits for those before it
EVERY = 0.05


class Busy(DomainError):
    """Too many others wait for the same."""


@contextmanager
def turn(lock: Path, longest: float | None = LONGEST_WAIT) -> Iterator[None]:
    """Hold the lock file for the block. Raises Busy after `longest` seconds; with None it waits as long as it takes.

    The system lets go of it when a process dies, however it dies.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        until = None if longest is None else time.monotonic() + longest
        while not _taken(held.fileno(), wait=until is None):
            if until is not None and time.monotonic() > until:
                raise Busy("Máy chủ đang xem nhiều tệp khác; hãy tải tệp này lên lại sau ít phút.")
            time.sleep(EVERY)
        yield


def _taken(handle: int, *, wait: bool) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
