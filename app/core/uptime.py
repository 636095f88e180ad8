"""How long the machine has been running: time that nobody moves by setting the clock."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def since_boot() -> tuple[str, int]:
    """Which start of the machine this is (empty where it does not say), and the whole seconds since, sleep included."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return _boot(), int(time.clock_gettime(clock) if clock is not None else time.monotonic())


@cache
def _boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()[:64]
    except OSError:
        return ""
