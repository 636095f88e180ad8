"""Folders that something works in until it is done, and the sweeping of those whose owner died.

The owner holds a lock on a file in its folder. The system takes the lock away with the process, however it ends, so
that whoever sweeps never takes a folder that is in use. Folders without that file are from before, and are swept when
nobody can be writing to them any more.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
            if path.is_file() and _age(path) > STALE:
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
        return _age(folder) < STALE
    except OSError:
        return True
    return False


def _age(path: Path) -> float:
    """Seconds since it was last written to."""
    return time.time() - path.stat().st_mtime
