"""Small pictures of stored pictures, made once and kept beside the store; they can be thrown away at any time.

They are made outside the web's threads, each by a process of its own with a bound on its memory and time, one at a
time over all server processes. What could not be made is kept as the reason why, and not tried again.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import subprocess
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.attachments import BadContent, apart
from app.attachments.store import Store
from app.core.errors import DomainError, NotFound

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


THUMBNAIL = 192  # pixels of the longer edge: sharp at 96 on a dense screen
PAGE = 1600  # a page to read, of what browsers do not show themselves
MOST_WAITING = 500  # pictures asked for; beyond them a page asks again later
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Preview:
    """A small picture as it stands: there (`path`), refused for good (`why`), or neither: still being made."""

    path: Path | None = None
    why: DomainError | None = None


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """A small picture: of which content, how large at most, and where it is kept."""

    store: Store
    folder: Path
    sha256: str
    edge: int

    @property
    def kept(self) -> Path:
        """Where the picture is, once it is made."""
        return self.folder / self.sha256[:2] / f"{self.sha256}-{self.edge}.jpg"

    @property
    def refused(self) -> Path:
        """Where the reason is, when it could not be made."""
        return self.kept.with_suffix(".json")


def preview(wanted: PreviewRequest) -> Preview:
    """The small picture; one that is not there yet is put on the list of what to make."""
    found = _standing(wanted)
    if found.path is None and found.why is None:
        _ask_for(wanted)
    return found


def make(wanted: PreviewRequest) -> Preview:
    """Make it now, or find out why not; waits until nobody else makes one. Raises NotFound when the file is gone."""
    with turn(wanted.folder / ".making", longest=None):
        found = _standing(wanted)
        return found if found.path or found.why else _make(wanted)


def _standing(wanted: PreviewRequest) -> Preview:
    if wanted.kept.is_file():
        return Preview(path=wanted.kept)
    with suppress(OSError, ValueError, KeyError):
        return Preview(why=_refusal(wanted.refused.read_text(encoding="utf-8")))
    return Preview()


def _make(wanted: PreviewRequest) -> Preview:
    source = wanted.store.path(wanted.sha256)
    if not source.is_file():
        raise NotFound("Tệp này không còn trong kho; hãy báo người quản trị.")
    wanted.kept.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=wanted.kept.parent, suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        why = _run(source, part, wanted.edge)
        if why is None:
            part.replace(wanted.kept)  # whole or not at all
            return Preview(path=wanted.kept)
    finally:
        part.unlink(missing_ok=True)
    said = {"message": why.message, "params": dict(why.params)}
    wanted.refused.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    return Preview(why=why)


def _run(source: Path, target: Path, edge: int) -> BadContent | None:
    """Why it could not be made, or None when it is."""
    try:
        done = apart.run("picture", str(source), str(target), str(edge))
    except subprocess.TimeoutExpired:
        return _given_up()
    if done.returncode == 0 and target.stat().st_size:
        return None
    if done.returncode == apart.REFUSED:
        return _refusal(done.stdout.decode())
    _log.warning("preview of %s ended with %s: %s", source.name, done.returncode, done.stderr.decode()[-300:])
    return _given_up()


def _refusal(text: str) -> BadContent:
    said = json.loads(text)
    message, params = said["message"], said["params"]
    return BadContent(message, **params)


def _given_up() -> BadContent:
    return BadContent("Ảnh cần nhiều bộ nhớ hoặc thời gian quá mức cho phép nên không xem trước được; hãy tải về.")


_waiting: OrderedDict[Path, PreviewRequest] = OrderedDict()
_changing = threading.Lock()
_maker: threading.Thread | None = None


def _ask_for(wanted: PreviewRequest) -> None:
    global _maker
    with _changing:
        if wanted.kept not in _waiting and len(_waiting) < MOST_WAITING:
            _waiting[wanted.kept] = wanted
        if _maker is None or not _maker.is_alive():
            _maker = threading.Thread(target=_make_what_waits, name="previews", daemon=True)
            _maker.start()


def _make_what_waits() -> None:
    """The first asked for first, until nothing waits."""
    global _maker
    while True:
        with _changing:
            wanted = next(iter(_waiting.values()), None)
            if wanted is None:
                _maker = None
                return
        try:
            make(wanted)
        except (OSError, DomainError) as error:  # a full disk, or the file is gone: told where the file is asked for
            _log.warning("preview of %s: %s", wanted.sha256, error)
        finally:
            with _changing:
                _waiting.pop(wanted.kept, None)
