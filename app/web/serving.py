"""Serving the site with waitress, and what must be true before: the database is at the newest migration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from flask import Flask

from app.core.errors import DomainError
from app.web.extensions import db
from app.web.garbage import few_heaps
from app.web.logs import log_as_a_server
from app.web.outages import accepted, refusal_page
from app.web.settings import ROOT

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from app.web.turns import Dispatcher

THREADS = 8
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
    from app.web.turns import Dispatcher  # waitress is only for serving

    few_heaps()
    return Dispatcher(app, THREADS)


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until stopped. Raises OSError when the address cannot be used."""
    import waitress

    # Waitress keeps a whole request on disk before the site sees it. What is a little too large still gets the site's
    # own page; what is far too large (a film, a disk image) is refused at its first line, before it fills the disk.
    largest = 2 * int(app.config["MAX_CONTENT_LENGTH"])
    log_as_a_server(app)
    with speaking_as_the_site(app):
        waitress.serve(
            app,
            host=host,
            port=port,
            _dispatcher=turns(app),
            ident=None,
            max_request_body_size=largest,
            clear_untrusted_proxy_headers=False,  # app.web.client_address takes them all away, and believes some before
        )
