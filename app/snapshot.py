"""Reading everything at one instant, while others go on writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.engine import Connection

from app.extensions import db


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A read-only connection on which every statement sees the same instant."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            yield connection
        return
    with db.engine.connect() as connection:
        connection.execute(text("BEGIN"))  # the driver begins by itself only before it writes
        try:
            yield connection
        finally:
            connection.execute(text("ROLLBACK"))


@contextmanager
def session_snapshot() -> Iterator[None]:
    """The same for the session: what it reads inside is of one instant. It must hold nothing unwritten."""
    db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    else:
        db.session.execute(text("BEGIN"))
    try:
        yield
    finally:
        db.session.rollback()
