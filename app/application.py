"""The application, bound in steps, each when it is first needed: a command does not wait for pages it never shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from flask import Flask, Response
from werkzeug.routing import Map

from app.web.garbage import rare_garbage_collection
from app.web.settings import ROOT, Settings, flask_config

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Step = Callable[["Application"], None]
STATIC = ROOT / "static"
A_YEAR = 31_536_000  # seconds


class Application(Flask):
    """One site. It begins with its settings; `records` (the extensions and what the rooms keep, call and count) and
    then `pages` (addresses, and all that answers them) are bound once each.

    Whoever asks for an address, or sends a request, binds them all: nobody sees half a site.
    """

    def __init__(self, settings: Settings, records: Step, pages: Step) -> None:
        self._binding, self._one_at_a_time = False, RLock()
        self._steps: list[Step] = []
        super().__init__(
            "app",
            template_folder=str(ROOT / "templates"),
            static_folder=str(STATIC),
            static_url_path=f"/static/{_fingerprint(STATIC)}",
            instance_path=str(settings.instance.resolve()),
        )
        self.config.update(flask_config(settings))
        self.shell_context_processor(self._for_the_shell)
        self._steps = [records, pages]

    def bind_records(self) -> None:
        """All that a command needs which makes no address."""
        self._bind(1)

    def bind_pages(self) -> None:
        """The whole site."""
        self._bind(0)

    def _bind(self, left: int) -> None:
        if len(self._steps) <= left:
            return
        with self._one_at_a_time:
            while len(self._steps) > left and not self._binding:
                self._binding = True  # a step asks for what it is just making
                try:
                    with rare_garbage_collection():
                        self._steps[0](self)
                finally:
                    self._binding = False
                self._steps.pop(0)

    def _for_the_shell(self) -> dict[str, Any]:
        self.bind_pages()
        return {}

    @property
    def url_map(self) -> Map:
        """Every address of the site."""
        self.bind_pages()
        return self._addresses

    @url_map.setter
    def url_map(self, addresses: Map) -> None:
        self._addresses = addresses

    def send_static_file(self, filename: str) -> Response:
        """A file of the pages' drawing. Its address changes with what it holds, so a browser never asks twice."""
        answer = super().send_static_file(filename)
        answer.cache_control.no_cache, answer.cache_control.public = None, True
        answer.cache_control.max_age, answer.cache_control.immutable = A_YEAR, True
        return answer

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.bind_pages()
        return super().__call__(environ, start_response)


@cache
def _fingerprint(folder: Path) -> str:
    """Of all that the folder holds: files name each other by their place (fonts, pictures), so they change as one."""
    digest = sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]
