"""Anchors: where the audit trail ended at some moment, kept where who can write to the database cannot write.

A line of JSON is added to a file outside the database with each check, each backup and each `flask audit anchor`.
The file is only ever added to: it may lie on another disk, on a share that takes additions only, or go with the
system's own log to another machine.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import current_app

from app.core.errors import N_, DomainError
from app.organisation import audit
from app.organisation.access import site
from app.web import extensions

_log = logging.getLogger(__name__)


class AnchorFailed(DomainError):
    """The file could not be written to or read."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The trail reached to this entry with this hash, at a moment (UTC); `line` of the file, from 1."""

    number: int
    hash: str
    at: datetime
    line: int


def file() -> Path | None:
    """The file of this site's settings; None: no anchor is kept outside the database."""
    path: Path | None = current_app.config["SETTINGS"].audit_anchor_file
    return path


def anchor(why: str) -> audit.Head | None:
    """Add where the trail ends now to the file, safely to the disk. None without a file, or without a trail.

    Raises AnchorFailed.
    """
    path, head = file(), audit.head()
    if path is None or head is None:
        return None
    told = {"site": site(), "number": head.number, "hash": head.hash, "at": extensions.now().isoformat(), "why": why}
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, (json.dumps(told, ensure_ascii=False) + "\n").encode())  # one write: lines do not mix
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise AnchorFailed(_NOT_WRITTEN, file=path, why=error.strerror or str(error)) from error
    return head


_NOT_WRITTEN = N_("Không ghi được mốc nhật ký vào %(file)s: %(why)s.")


def write_line(why: str) -> None:
    """`anchor` after work that is done: a file that cannot be written to is told to the log, and stops nobody."""
    try:
        anchor(why)
    except AnchorFailed as error:
        _log.error("%s", error)


def kept() -> Iterator[Anchor]:
    """The anchors of the file, in its order; those of other sites are left out. Raises AnchorFailed."""
    path = file()
    if path is None:
        return
    try:
        with path.open(encoding="utf-8") as lines:
            for line, text in enumerate(lines, 1):
                told = json.loads(text)
                if told["site"] == site():
                    yield Anchor(int(told["number"]), str(told["hash"]), datetime.fromisoformat(told["at"]), line)
    except FileNotFoundError:
        return
    except OSError as error:
        raise AnchorFailed(
            "Không đọc được tệp mốc nhật ký %(file)s: %(why)s.", file=path, why=error.strerror or str(error)
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise AnchorFailed("Tệp mốc nhật ký %(file)s có dòng không đọc được.", file=path) from error
