"""What a page asks again and again and what cannot change while it is read: asked once for each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, g, request

T = TypeVar("T")


def once(name: str, read: Callable[[], T]) -> T:
    """What `read` gave when this request asked first. A request that may change something reads anew each time."""
    kept: dict[str, Any] | None = g.get("read_once")
    if kept is None:
        return read()
    if name not in kept:
        kept[name] = read()
    found: T = kept[name]
    return found


def register(app: Flask) -> None:
    """Remember from the beginning of a GET to its end."""
    app.before_request(_begin)
    app.teardown_request(_end)


def _begin() -> None:
    if request.method == "GET":
        g.read_once = {}


def _end(_error: BaseException | None) -> None:
    g.pop("read_once", None)
