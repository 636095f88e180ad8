"""Bringing a backup back is several steps, and may be cut off between them: the site says so and does not go on.

What is to be brought back is unpacked and checked first; then a note of it is laid into the instance folder, and only
then is anything replaced. While the note lies there the site shows nobody half of it and writes nothing; the note is
taken away when everything is in its place and the audit trail tells of it. Whoever finds it does all of it again,
from the folder that it names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, render_template, request

from app.core.errors import DomainError
from app.web.extensions import login

NOTE = "dang-khoi-phuc.json"
_mine: ContextVar[bool] = ContextVar("restoring", default=False)


class HalfRestored(DomainError):
    """A restore was begun and is not finished."""


@dataclass(frozen=True, slots=True)
class Restore:
    """A restore that was begun: the backup's name, SHA-256 and manifest, where it lies unpacked, and who does it."""

    file: str
    sha256: str
    folder: str  # within the instance folder
    made_at: str
    files: int
    actor: str
    person_id: int | None


def note_path(instance: Path) -> Path:
    """Where the note lies while a restore is under way."""
    return instance / NOTE


def begun(instance: Path) -> Restore | None:
    """The restore that was begun and is not finished, if there is one."""
    try:
        values: dict[str, Any] = json.loads(note_path(instance).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return Restore(**values)


def begin(instance: Path, restore: Restore) -> None:
    """From here on it is done to its end. Safely on the disk when this returns."""
    fresh = note_path(instance).with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(restore), file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(note_path(instance))
    sync_folder(instance)


def end(instance: Path) -> None:
    """Everything is in its place."""
    note_path(instance).unlink(missing_ok=True)
    sync_folder(instance)


@contextmanager
def by_this_process() -> Iterator[None]:
    """Within it, what is written is part of the restore."""
    token = _mine.set(True)
    try:
        yield
    finally:
        _mine.reset(token)


def refuse_while_half_restored() -> None:
    """HalfRestored while a restore is under way: what is written now would be lost."""
    if not _mine.get() and note_path(Path(current_app.instance_path)).exists():
        raise HalfRestored(
            "Việc khôi phục bản sao lưu chưa xong nên chưa ghi được gì. Hãy chạy “flask restore --continue”."
        )


def register(app: Flask) -> None:
    """Nobody is shown a site that is half restored."""
    app.before_request(_say_so)


def _say_so() -> tuple[str, int, dict[str, str]] | None:
    if request.endpoint == "static" or not note_path(Path(current_app.instance_path)).exists():
        return None
    g._login_user = login.anonymous_user()  # the database, which knows who it is, is not asked
    return render_template("errors/restoring.html"), 503, {"Retry-After": "60", "Cache-Control": "no-store"}


def sync_folder(folder: Path) -> None:
    """Names in it that were added, changed or taken away reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
