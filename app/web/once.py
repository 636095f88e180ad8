"""What a page asks again and again and what cannot change while it is read: asked once for each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g, has_request_context, request

T = TypeVar("T")


def once(name: str, read: Callable[[], T]) -> T:
    """What `read` gave when this request asked first. A request that may change something reads anew each time."""
    if not has_request_context() or request.method != "GET":
        return read()
    kept: dict[str, Any] = g.setdefault("read_once", {})
    if name not in kept:
        kept[name] = read()
    found: T = kept[name]
    return found
