"""The files of the instance are for their owner alone: cases, scans, the key that signs sessions."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
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
