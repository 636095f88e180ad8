"""Serving the site with waitress, and what must be true before: the database is at the newest migration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from app.errors import DomainError
from app.extensions import db

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

THREADS = 8
MIGRATIONS = Path(__file__).parent / "migrations"


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


def _scripts() -> ScriptDirectory:
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
            "Cơ sở dữ liệu đang ở phiên bản %(current)s, cần %(newest)s: hãy chạy “flask --app wsgi db upgrade” trước.",
            current=", ".join(sorted(current)) or "trống",
            newest=", ".join(sorted(newest)),
        )


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until stopped. Raises OSError when the address cannot be used."""
    import waitress

    # Waitress keeps a whole request on disk before the site sees it. What is a little too large still gets the site's
    # own page; what is far too large (a film, a disk image) is refused at its first line, before it fills the disk.
    largest = 2 * int(app.config["MAX_CONTENT_LENGTH"])
    waitress.serve(
        app,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=largest,
        clear_untrusted_proxy_headers=False,  # app.client_address takes them all away, and believes some before
    )
