"""Where tests put what is gone after them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH, MUCH = 1024**3, 4 * 1024**3
"""Bytes free: a container may have 64 MB of it only. All files of a run of tests take some hundred MB."""


def in_memory(enough: int = ENOUGH, *, programs: bool = False) -> Path | None:
    """A folder in memory with room enough, for `programs` too if so asked; None where there is none, as `tempfile` has
    it for its own choice."""
    if not MEMORY.is_dir() or (programs and os.statvfs(MEMORY).f_flag & os.ST_NOEXEC):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free >= enough else None
