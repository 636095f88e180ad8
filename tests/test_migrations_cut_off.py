"""An upgrade cut off after any statement of any migration leaves nothing of that migration, and is run again."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import pytest
from alembic import util
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, Engine, event, text

from app import create_app
from app.web import migrating
from app.web.extensions import db
from app.web.serving import MIGRATIONS
from tests.databases import all_of, fill, number_on
from tests.kills import READING, killed_after


def versions() -> list[str]:
    """Every version, the oldest first."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [step.revision for step in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]


VERSIONS = versions()


Databases = Callable[[str], str]


@contextmanager
def applications(folder: Path, database: Databases) -> Iterator[Callable[[str], Flask]]:
    """Applications, each on a database of its own that holds nothing at all; `database` gives the address of one."""
    made: list[Flask] = []

    def make(name: str) -> Flask:
        made.append(create_app(database_url=database(name), instance=folder, secret_key="for tests only"))
        return made[-1]

    with migrations_read_once():
        yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@contextmanager
def migrations_read_once() -> Iterator[None]:
    """Alembic reads every migration for each step that is made: here a thousand are, each in a process of its own."""
    read = cache(util.load_python_file)
    for version in (MIGRATIONS / "versions").glob("0*.py"):
        read(str(version.parent), version.name)

    def load(folder: str, file: str) -> ModuleType:
        return util.pyfiles.load_python_file(folder, file) if file == "env.py" else read(str(folder), str(file))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(util, "load_python_file", load)
        yield


class OnDisk:
    """What a process that is killed just then leaves of an embedded database: its files as they lie there."""

    def __init__(self, engine: Engine) -> None:
        self.file = Path(str(engine.url.database))
        engine.connect().close()  # which makes the file, empty
        self.before = self._left()

    def look(self, _cursor: Any) -> bool:
        """Whether whoever opens it next finds what was there before, to the last byte."""
        return self._left() == self.before

    def done(self, _engine: Engine) -> bool:
        """Whether something has come of it."""
        return self._left() != self.before

    def _left(self) -> str:
        with TemporaryDirectory(dir=self.file.parent) as folder:
            for ending in ("", "-wal", "-journal"):
                with suppress(FileNotFoundError):
                    shutil.copyfile(f"{self.file}{ending}", f"{folder}/left{ending}")
            with closing(sqlite3.connect(f"{folder}/left")) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return hashlib.sha256(Path(folder, "left").read_bytes()).hexdigest()


class OneTransaction:
    """Of PostgreSQL: whether all is one transaction under way, which the server takes back when its client dies."""

    def __init__(self, _engine: Engine) -> None:
        self.numbers: set[str] = set()

    def look(self, cursor: Any) -> bool:
        """Whether this statement belongs to the one transaction, which has a number from the first row it writes."""
        asked = cursor.connection.cursor()
        number, status = asked.execute(_TRANSACTION).fetchone()
        if number is None:
            return not self.numbers
        self.numbers.add(number)
        return status == "in progress" and len(self.numbers) == 1

    def done(self, engine: Engine) -> bool:
        """Whether that transaction is committed."""
        with engine.connect() as connection:
            status = connection.execute(text("SELECT pg_xact_status(CAST(:n AS xid8))"), {"n": self.numbers.pop()})
            return status.scalar_one() == "committed"


_TRANSACTION = (
    "SELECT pg_current_xact_id_if_assigned()::text, coalesce(pg_xact_status(pg_current_xact_id_if_assigned()), '')"
)


def looked_at_after_every_statement(what: Callable[..., None], to: str) -> int:
    """Go to a version; whoever dies after any statement on the way leaves nothing of it. How many statements write."""
    kind = OnDisk if db.engine.dialect.name == "sqlite" else OneTransaction
    left, seen = kind(db.engine), count()

    def look(connection: Connection, cursor: Any, sql: str, *_rest: Any) -> None:
        if connection.engine.url == db.engine.url and not sql.lstrip().upper().startswith(READING):
            assert left.look(cursor), f"{what.__name__} to {to}, after its statement {next(seen) + 1}: {sql}"
            next(seen)

    event.listen(Engine, "after_cursor_execute", look)
    try:
        what(revision=to)
    finally:
        event.remove(Engine, "after_cursor_execute", look)
    assert left.done(db.engine)
    return next(seen)


def up_and_down_cut_off_at_every_statement(empty: Callable[[str], Flask]) -> None:
    """With rows in every table, on the way up to the newest version and down again to nothing.

    After every statement one looks at what there would be if the process died there. In each step one is killed, in
    the first after its first statement, in the next after its last, and so on; then it is run again.
    """
    undisturbed, killed = empty("undisturbed"), empty("killed")
    filled: dict[Flask, set[str]] = {undisturbed: set(), killed: set()}
    tried = 0
    ways = [(upgrade, to) for to in VERSIONS] + [(downgrade, to) for to in [*reversed(VERSIONS[:-1]), "base"]]
    for which, (way, to) in enumerate(ways):
        with undisturbed.app_context():
            statements = looked_at_after_every_statement(way, to)
            fill(db.engine, filled[undisturbed])
            number_on(db.engine)
            expected = all_of(db.engine)
        with killed.app_context():
            before = all_of(db.engine)
            dies_after = (1, statements, (statements + 1) // 2)[which % 3]
            assert killed_after(dies_after, way, revision=to)
            number_on(db.engine)
            assert all_of(db.engine) == before, f"{way.__name__} to {to}, killed after its statement {dies_after}"
            way(revision=to)
            fill(db.engine, filled[killed])
            number_on(db.engine)
            assert all_of(db.engine) == expected, f"{way.__name__} to {to}"
        tried += statements
    assert tried > 10 * len(VERSIONS)


def test_cut_off_after_any_statement_it_is_run_again_up_and_down(tmp_path: Path) -> None:
    """On SQLite; on PostgreSQL in a file of its own, so that they may go side by side."""
    with applications(tmp_path, lambda name: f"sqlite:///{tmp_path / name}.sqlite3") as empty:
        up_and_down_cut_off_at_every_statement(empty)


# What older versions left half-way


@contextmanager
def as_before(engine: Engine) -> Iterator[Connection]:
    """The connection that migrations had: the driver begins a transaction before the first row that is written.

    But foreign keys are off: with rows that refer to imports, 0011 did not even get through before.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.commit()
        yield connection


def upgrade_as_before(revision: str) -> None:
    migrating.connection_for_migrations = as_before
    migrating.mend = lambda _connection, _script: None
    migrating.refuse_lost_references = lambda _connection: lambda **_step: None
    upgrade(revision=revision)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Path]:
    """A database in a file, and the application on it."""
    file = tmp_path / "mended.sqlite3"
    app = create_app(database_url=f"sqlite:///{file}", instance=tmp_path, secret_key="for tests only")
    with app.app_context():
        yield file
        db.engine.dispose()


def put(content: Path, file: Path) -> None:
    """The file is as it was kept."""
    db.session.remove()
    db.engine.dispose()
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    shutil.copyfile(content, file)


def keep(file: Path, at: Path) -> None:
    at.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("VACUUM INTO ?", (str(at),))


def test_a_step_that_would_leave_half_of_itself_is_seen(on_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade(revision="0001")
    monkeypatch.setattr(migrating, "connection_for_migrations", as_before)
    with pytest.raises(AssertionError, match="upgrade to 0002, after its statement"):
        looked_at_after_every_statement(upgrade, "0002")


def test_an_upgrade_that_an_older_version_left_half_way_is_gone_on_with(on_sqlite: Path, tmp_path: Path) -> None:
    """Killed as it was before each step was a transaction, after every third statement that stayed."""
    kept, filled, left = tmp_path / "kept.sqlite3", set[str](), 0
    for version in [each for each in VERSIONS if each <= "0018"]:
        keep(on_sqlite, kept)
        before = all_of(db.engine)
        upgrade(revision=version)
        expected = all_of(db.engine)
        for statement in count(1, 3):
            put(kept, on_sqlite)
            if not killed_after(statement, upgrade_as_before, revision=version) or all_of(db.engine) == before:
                break  # done, or from here on within a transaction
            left += 1
            upgrade(revision=version)
            assert all_of(db.engine) == expected, f"{version}, left after statement {statement}"
        put(kept, on_sqlite)
        upgrade(revision=version)
        fill(db.engine, filled)
    assert left > 20


def test_what_cannot_be_mended_is_told_with_what_to_do(on_sqlite: Path) -> None:
    upgrade(revision="0010")
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE waivers"))
    script = ScriptDirectory(str(MIGRATIONS))
    with pytest.raises(CommandError, match="restore --force") as told, db.engine.connect() as connection:
        migrating.mend(connection, script)
    assert "waivers" in str(told.value)


def test_what_somebody_added_themselves_stays(on_sqlite: Path) -> None:
    upgrade(revision="0010")
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE of_their_own (a, b)"))
        connection.execute(text("CREATE INDEX of_their_own_too ON people (email)"))
        connection.execute(text("CREATE TABLE drafts (a)"))  # a table of a later version, and empty
    upgrade()
    made = all_of(db.engine)
    assert "made of_their_own" in made and "made of_their_own_too" in made


def test_a_step_that_loses_what_rows_refer_to_is_not_made(on_sqlite: Path) -> None:
    upgrade(revision="0010")
    fill(db.engine, set())
    with migrating.connection_for_migrations(db.engine) as connection:
        refuse = migrating.refuse_lost_references(connection)
        with connection.begin():
            refuse()
            connection.execute(text("DELETE FROM units"))
            with pytest.raises(CommandError, match="units"):
                refuse()
