"""The files of the instance are for their owner alone: cases, scans, the key that signs sessions."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

UMASK = 0o077
_BESIDE_A_DATABASE = ("", "-wal", "-shm", "-journal")


@dataclass(slots=True)
class Narrowed:
    """How many files and folders others could read until now, and those whose permissions could not be changed."""

    count: int = 0
    failed: list[OSError] = field(default_factory=list)


def keep_private(instance: Path, database_url: str) -> Narrowed:
    """Take every permission of others off the instance folder, what lies in it, and an embedded database elsewhere.

    A folder that others cannot enter protects what is in it: all of it is walked only when they could enter, else its
    first level. A link is left as it is; what it leads to is not the site's.
    """
    done = Narrowed()
    if instance.is_dir():
        open_to_others = _is_open(instance)
        _narrow(instance, done)
        for path in _everything(instance) if open_to_others else instance.iterdir():
            _narrow(path, done)
    for path in _database(database_url):
        if path.exists():
            _narrow(path, done)
    return done


def _database(database_url: str) -> Iterator[Path]:
    scheme, _, path = database_url.partition(":///")
    if scheme.split("+")[0] == "sqlite" and path and path != ":memory:":
        yield from (Path(path.partition("?")[0] + ending) for ending in _BESIDE_A_DATABASE)


def _everything(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):  # goes into no linked folder
        yield from (Path(where, name) for name in (*folders, *files))


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & UMASK)


def _narrow(path: Path, done: Narrowed) -> None:
    try:
        mode = path.lstat().st_mode
        if not mode & UMASK or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return
        path.chmod(stat.S_IMODE(mode) & ~UMASK)
        done.count += 1
    except FileNotFoundError:
        return  # a file of a moment, gone again
    except OSError as error:
        done.failed.append(error)


LOCK = ".dang-dung"
STALE = 24 * 3600  # seconds after which nobody writes to an unfinished file, or to a folder without a lock


@contextmanager
def working_folder(prefix: str, parent: Path, *, kept: Callable[[], bool] = lambda: False) -> Iterator[Path]:
    """A fresh folder within `parent`, for its owner only; gone at the end, unless it is `kept`. Raises OSError."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            if not kept():
                shutil.rmtree(folder, ignore_errors=True)


def sweep_folders(parent: Path, prefix: str, keep: Iterable[str] = ()) -> list[Path]:
    """Remove the folders with this prefix whose owner has gone, but for those named in `keep`. What was removed."""
    kept = set(keep)
    gone = [path for path in _folders(parent, prefix) if path.name not in kept and not _in_use(path)]
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
    return gone


def sweep_files(folder: Path, pattern: str) -> list[Path]:
    """Remove the unfinished files that nobody has written to for a day. What was removed."""
    gone = []
    for path in folder.glob(pattern) if folder.is_dir() else ():
        try:
            if path.is_file() and age_of(path) > STALE:
                path.unlink()
                gone.append(path)
        except FileNotFoundError:
            continue  # another process was quicker
    return gone


def _folders(parent: Path, prefix: str) -> list[Path]:
    if not parent.is_dir():
        return []
    return [path for path in sorted(parent.glob(f"{prefix}*")) if path.is_dir() and not path.is_symlink()]


def _in_use(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return age_of(folder) < STALE
    except OSError:
        return True
    return False


def age_of(path: Path) -> float:
    """Seconds since it was last written to."""
    return time.time() - path.stat().st_mtime


def sha256_of(path: Path) -> str:
    """Of what the file holds, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Names in it that were added, changed or taken away reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
