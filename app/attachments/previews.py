"""Small pictures of stored pictures, made once and kept beside the store; they can be thrown away at any time."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from app.attachments.store import Store

THUMBNAIL = 192  # pixels of the longer edge: sharp at 96 on a dense screen
PAGE = 1600  # a page to read, of what browsers do not show themselves


def small_picture(store: Store, folder: Path, sha256: str, edge: int) -> bytes:
    """A JPEG of the stored picture. Raises NotFound when it is gone, BadContent when it cannot be read any more."""
    kept = folder / sha256[:2] / f"{sha256}-{edge}.jpg"
    with suppress(OSError):
        return kept.read_bytes()
    from app.attachments import pictures  # heavy: Pillow

    with store.open(sha256) as content:
        made = pictures.small(content, edge)
    with suppress(OSError):  # a full disk costs time at the next look, nothing else
        _write(kept, made)
    return made


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: somebody else may be making the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
