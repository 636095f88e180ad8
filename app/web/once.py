"""What is asked again and again and cannot change meanwhile: asked once while a page is read, or a period judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import Flask, g, request

T = TypeVar("T")


def once(name: str, read: Callable[[], T]) -> T:
    """What `read` gave when it was asked first. A request that may change something reads anew each time."""
    kept: dict[str, Any] | None = g.get("read_once")
    if kept is None:
        return read()
    if name not in kept:
        kept[name] = read()
    found: T = kept[name]
    return found


@contextmanager
def reading_once() -> Iterator[None]:
    """For work that changes nothing of what is remembered, in a command or in a request that may change something."""
    if g.get("read_once") is not None:
        yield
        return
    g.read_once = {}
    try:
        yield
    finally:
        g.pop("read_once", None)


@contextmanager
def forgetting() -> Iterator[None]:
    """For the part of such work that reads much: what it was the first to ask for is remembered no longer than it."""
    kept: dict[str, Any] = g.get("read_once") or {}
    before = set(kept)
    try:
        yield
    finally:
        for name in kept.keys() - before:
            del kept[name]


def register(app: Flask) -> None:
    """Remember from the beginning of a GET to its end."""
    app.before_request(_begin)
    app.teardown_request(_end)


def _begin() -> None:
    if request.method == "GET":
        g.read_once = {}


def _end(_error: BaseException | None) -> None:
    g.pop("read_once", None)
