"""What a browser asks for, before any page reads it: short enough, visible letters only, numbers the databases know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask, Request, current_app, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestURITooLarge
from werkzeug.routing import BaseConverter, IntegerConverter, PathConverter, UnicodeConverter

from app.core.text import visible
from app.web.forms import MOST_WHOLE

LONGEST_ARGUMENT = 2_000  # letters: an address to come back to, with its filters
MOST_ARGUMENTS = 1_000  # cases ticked in a list, and its filters
LONGEST_FORM = 512 * 1024  # bytes, nine for a letter of ours: reading a longer one takes time that is others'
LONGEST_PART = 300  # letters of a part of an address: a code, a name of a unit


class SentParameters(ImmutableMultiDict[str, Any]):
    """Arguments and form fields as they were sent, without what nobody can see (app.core.text.visible)."""

    def __init__(self, mapping: Any = None) -> None:
        super().__init__(None if mapping is None else _seen(mapping))


class WholeNumber(IntegerConverter):
    """`<int:…>`: a number beyond what the databases keep is no address of this site."""

    def __init__(self, map: Any, **options: Any) -> None:
        super().__init__(map, **{"max": MOST_WHOLE} | options)

    regex = r"\d{1,10}"


class ShortText(UnicodeConverter):
    """`<…>`: a part of an address of at most 300 letters, all visible."""

    def __init__(self, map: Any, **options: Any) -> None:
        super().__init__(map, **{"maxlength": LONGEST_PART} | options)

    def to_python(self, value: str) -> str:
        return visible(value)


class ShortPath(PathConverter):
    """`<path:…>`: the same with slashes in it."""

    regex = f"[^/].{{0,{LONGEST_PART - 1}}}?"

    def to_python(self, value: str) -> str:
        return visible(value)


CONVERTERS: dict[str, type[BaseConverter]] = {
    "default": ShortText,
    "string": ShortText,
    "path": ShortPath,
    "int": WholeNumber,
}


def register(app: Flask) -> None:
    """Before any route is added (a converter is taken when the address is), after the extensions, which bring their own
    class of requests."""
    known: type[Request] = app.request_class
    own = {"parameter_storage_class": SentParameters, "max_content_length": property(_most_sent)}
    app.request_class = type("SiteRequest", (known,), own)
    app.url_map.converters.update(CONVERTERS)
    app.before_request(_refuse_long_addresses)


def _most_sent(request: Request) -> int | None:
    """Bytes that may be sent: files lie on the disk while they arrive, a form's fields in the memory."""
    most: int | None = current_app.config["MAX_CONTENT_LENGTH"]
    return most if request.mimetype == "multipart/form-data" else LONGEST_FORM


def _refuse_long_addresses() -> None:
    values = [value for name, values in request.args.lists() for value in (name, *values)]
    if len(values) > 2 * MOST_ARGUMENTS or any(len(value) > LONGEST_ARGUMENT for value in values):
        raise RequestURITooLarge


def _seen(mapping: Any) -> Iterable[tuple[str, Any]]:
    pairs: Iterator[tuple[Any, Any]] = mapping.items(multi=True) if hasattr(mapping, "lists") else iter(_pairs(mapping))
    for name, value in pairs:
        yield visible(name) if isinstance(name, str) else name, visible(value) if isinstance(value, str) else value


def _pairs(mapping: Any) -> Iterator[tuple[Any, Any]]:
    if not hasattr(mapping, "items"):
        yield from mapping
        return
    for name, values in mapping.items():
        yield from ((name, value) for value in (values if isinstance(values, (list, tuple, set)) else [values]))
