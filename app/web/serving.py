"""Serving the site with waitress, and what must be true before: the database is at the newest migration."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from app.core.errors import DomainError
from app.web.extensions import db
from app.web.garbage import few_heaps, give_back
from app.web.logs import log_as_a_server
from app.web.outages import accepted, refusal_page
from app.web.private_files import sweep_folders, working_folder
from app.web.processes import Seat, SharedSocket, ended_by_a_signal, here, keep, processors
from app.web.settings import ROOT

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from alembic.script import ScriptDirectory

    from app.web.turns import Dispatcher

THREADS = 8  # of each process
BACKLOG = 1024  # as waitress has it
COUNTING, FIGURES = "figures-", "PROMETHEUS_MULTIPROC_DIR"
"""How the folder of the processes' figures begins, and where prometheus-client looks for it."""
MIGRATIONS = ROOT / "app" / "migrations"


class NotMigrated(DomainError):
    """The database is not at the newest migration."""


def migration_heads() -> tuple[set[str], set[str]]:
    """The database's migrations and the newest ones; they are the same when nothing is to be done."""
    from alembic.runtime.migration import MigrationContext  # heavy: only for commands that ask

    with db.engine.connect() as connection:
        current = set(MigrationContext.configure(connection).get_current_heads())
    return current, set(_scripts().get_heads())


def known_migrations() -> set[str]:
    """Every version that this software knows."""
    return {step.revision for step in _scripts().walk_revisions()}


@cache
def _scripts() -> ScriptDirectory:
    """The steps there are, read once: as long as a process runs its code stays what it was."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def refuse_old_database() -> None:
    """NotMigrated, saying what to run, unless the database is at the newest migration."""
    current, newest = migration_heads()
    if current != newest:
        raise NotMigrated(
            "Cơ sở dữ liệu đang ở phiên bản %(current)s, cần %(newest)s: hãy chạy “flask db upgrade” trước.",
            current=", ".join(sorted(current)) or "–",
            newest=", ".join(sorted(newest)),
        )


@contextmanager
def speaking_as_the_site(app: Flask) -> Iterator[None]:
    """What waitress answers to bytes that it cannot read as a request is a page of the site, not its own English."""

    from waitress.channel import HTTPChannel
    from waitress.task import ErrorTask

    class Refusal(ErrorTask):  # type: ignore[misc]
        def execute(self) -> None:
            error = self.request.error
            language = accepted(self.request.headers.get("ACCEPT_LANGUAGE", ""))
            with app.app_context():
                body = refusal_page(error.code, language).encode()
            self.status = f"{error.code} {error.reason}"
            self.response_headers.append(("Content-Type", "text/html; charset=utf-8"))
            self.set_close_on_finish()
            self.content_length = len(body)
            self.write(body)

    before, HTTPChannel.error_task_class = HTTPChannel.error_task_class, Refusal
    try:
        yield
    finally:
        HTTPChannel.error_task_class = before


def turns(app: Flask) -> Dispatcher:
    """The threads that serve, and whose turn it is. Made once in a process, before anything is served."""
    from app.web.turns import AT_ONCE, Dispatcher  # waitress is only for serving

    few_heaps()
    # Beside an embedded database nothing is waited for but its writer's turn, which the other process may have.
    one = here().board.places > 1 and db.engine.dialect.name == "sqlite"
    return Dispatcher(app, THREADS, 1 if one else AT_ONCE)


def processes_of(app: Flask) -> int:
    """How many processes serve: as many as the setting says; left to itself two, where there are two processors."""
    return int(app.config["SETTINGS"].processes) or min(2, processors())


def listen(host: str, port: int) -> list[SharedSocket]:
    """Sockets bound to every address of the host. Raises OSError when one cannot be used."""
    bound: list[SharedSocket] = []
    try:
        for family, kind, protocol, _name, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            bound.append(each := SharedSocket(family, kind, protocol))
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            each.bind(address)
            each.listen(BACKLOG)
    except OSError:
        for each in bound:
            each.close()
        raise
    return bound


def serve(
    app: Flask,
    sockets: Sequence[SharedSocket],
    *,
    once: Callable[[], Callable[[], None]] = lambda: lambda: None,
    site: WSGIApplication | None = None,
) -> None:
    """Serve until stopped. `once` begins what one process alone does beside serving; what it returns ends it.

    `site`: what answers, if not the application itself. To be called within its context.
    """
    log_as_a_server(app)

    def work(place: Seat) -> None:
        end = once() if place.number == 0 else lambda: None
        try:
            _answer(app, site or app, sockets, place)
        finally:
            end()

    processes = processes_of(app)
    if processes == 1:
        with ended_by_a_signal():
            work(here())
        return
    with _figures_of_all(Path(app.instance_path)):
        _be_copied(app)
        keep(processes, work)


def _answer(app: Flask, site: WSGIApplication, sockets: Sequence[SharedSocket], place: Seat) -> None:
    import waitress

    for each in sockets:
        each.place = place
    # Waitress keeps a whole request on disk before the site sees it. What is a little too large still gets the site's
    # own page; what is far too large (a film, a disk image) is refused at its first line, before it fills the disk.
    largest = 2 * int(app.config["MAX_CONTENT_LENGTH"])
    with speaking_as_the_site(app):
        waitress.create_server(
            site,
            sockets=list(sockets),
            _dispatcher=turns(app),
            ident=None,
            max_request_body_size=largest,
            clear_untrusted_proxy_headers=False,  # app.web.client_address takes them all away, and believes some before
        ).run()


def _be_copied(app: Flask) -> None:
    """Everything is loaded and nothing is open: what is here now is shared by all processes, and looked through by no
    garbage collector, which would make it each one's own."""
    _ = app.url_map  # whoever asks for it has the whole site bound
    db.session.remove()
    db.engine.dispose()
    gc.collect()
    give_back()
    gc.freeze()


@contextmanager
def _figures_of_all(instance: Path) -> Iterator[None]:
    """A folder in which the processes put down their figures, so that each can tell those of all (`app.monitoring`).
    What a keeper that was killed has left goes."""
    instance.mkdir(parents=True, exist_ok=True)
    sweep_folders(instance, COUNTING)
    with working_folder(COUNTING, instance) as folder:
        os.environ[FIGURES] = str(folder)
        try:
            yield
        finally:
            os.environ.pop(FIGURES, None)
