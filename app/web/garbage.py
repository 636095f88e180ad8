"""What a process keeps of the memory: the garbage collector during work that makes many objects, and what glibc holds
back of what was given up."""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

SELDOM = (50_000, 50, 1000)
"""Thresholds of the three generations. What lives briefly is still looked for every fifty thousand objects; what has
lived on is left alone: looking through all of it again and again took a fifth of a month's check."""

HEAPS, M_ARENA_MAX = 2, -8  # the second is glibc's name for the first (malloc.h)

_lock = threading.Lock()
_inside = 0
_usual = gc.get_threshold()


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """Leave what has lived on alone until the work is done, in the whole process; several may work at once."""
    global _inside, _usual
    with _lock:
        if not _inside:
            _usual = gc.get_threshold()
            gc.set_threshold(*SELDOM)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                gc.set_threshold(*_usual)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Nothing of a batch can be freed before it is written: the collector would walk it over and over for nothing."""
    resting = not gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not resting:
            gc.enable()


def few_heaps() -> None:
    """Two heaps for all threads from now on. Left alone each has its own, and keeps the largest that ever passed; and
    Python's own lock lets one thread at a time allocate anyway."""
    with suppress(OSError, AttributeError):  # another C library than glibc has another way
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)


def give_back() -> None:
    """What is free within the heaps goes back to the machine: some ten milliseconds, in which others may work."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
