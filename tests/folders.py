"""Where tests put what is gone after them."""

from __future__ import annotations

import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 1024**3
"""Bytes free: a container may have 64 MB of it only."""


def in_memory() -> Path | None:
    """A folder in memory with room enough; None where there is none, as `tempfile` has it for its own choice."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH else None
