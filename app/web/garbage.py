"""The garbage collector during work that makes many objects and keeps them."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = (50_000, 50, 1000)
"""Thresholds of the three generations. What lives briefly is still looked for every fifty thousand objects; what has
lived on is left alone: looking through all of it again and again took a fifth of a month's check."""

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
