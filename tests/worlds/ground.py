"""The ground that worlds are played on: one migrated database, the Department standing in it, copied for each world."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from app import create_app
from app.organisation import audit, passwords
from app.organisation.access import Actor
from app.organisation.models import Role, UnitKind
from app.organisation.service import add_person, add_unit
from app.web import extensions
from app.web.extensions import db
from tests.clock import at
from tests.factories import adopt_packs
from tests.folders import in_memory
from tests.postgres import PostgresServer, postgres_server
from tests.worlds.story import ALWAYS

SITE = "TEST"
FOUNDED = date(2023, 1, 1)
FOUNDING = at("2023-01-01 08:00")
"""When the units, people and procedures that a world begins with are recorded."""
PACKS_FROM = date(2024, 1, 1)
COMMAND = Actor("Quản trị hệ thống")
SECRET = "Nguoi dung thu nghiem 2023!"


def stop_clock(moment: datetime) -> None:
    """It is this instant everywhere in the house."""
    extensions.now = lambda: moment


@dataclass(slots=True)
class Ground:
    """An application whose database can be made anew in a moment."""

    app: Flask
    folder: Path
    server: PostgresServer | None
    _open: bool = field(default=False)

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """The application's context, on the Department's database as it was made."""
        assert not self._open, "one world at a time"
        self._open = True
        try:
            with _as_told(), self.app.app_context():
                self._put_back()
                stop_clock(FOUNDING)
                try:
                    yield
                finally:
                    db.session.rollback()
                    db.session.remove()
                    db.engine.dispose()
        finally:
            self._open = False

    def _put_back(self) -> None:
        db.engine.dispose()
        if self.server is not None:
            self.server.create_database("world", template="department")
            return
        for name in ("world.sqlite3-wal", "world.sqlite3-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copyfile(self.folder / "department.sqlite3", self.folder / "world.sqlite3")

    def keep(self) -> None:
        """What the database holds now is what every world begins with."""
        db.session.remove()
        db.engine.dispose()
        if self.server is not None:
            self.server.create_database("department", template="world")
            return
        shutil.copyfile(self.folder / "world.sqlite3", self.folder / "department.sqlite3")


@contextmanager
def ground(database: str = "sqlite") -> Iterator[Ground]:
    """A ground on that kind of database; gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="worlds-", dir=in_memory())))
        server = stack.enter_context(postgres_server()) if database == "postgresql" else None
        url = server.create_database("world") if server else f"sqlite:///{folder / 'world.sqlite3'}"
        app = create_app(database_url=url, instance=folder, secret_key="for worlds only", site=SITE)
        made = Ground(app, folder, server)
        with _as_told(), app.app_context():
            _found_department(made)
        yield made
        with app.app_context():
            db.engine.dispose()


@contextmanager
def _as_told() -> Iterator[None]:
    """The clock is the story's, and passwords cost nothing; everything is as before when the story has been told."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extensions, "now", extensions.now)
        patch.setattr(audit, "before_writing", [])  # the clock goes as the story does
        patch.setattr(passwords, "hash_password", lambda _password: "!")
        patch.setattr(passwords, "refuse_weak", lambda *_words: None)
        event.listen(Engine, "connect", _wait_for_no_disk)
        try:
            yield
        finally:
            event.remove(Engine, "connect", _wait_for_no_disk)


def _wait_for_no_disk(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA synchronous = OFF")


def _found_department(made: Ground) -> None:
    from flask_migrate import upgrade

    upgrade()
    stop_clock(FOUNDING)
    so = add_unit(COMMAND, code="SO", name=ALWAYS["SO"], kind=UnitKind.DEPARTMENT, valid_from=FOUNDED)
    vp = add_unit(COMMAND, code="VP", name=ALWAYS["VP"], kind=UnitKind.OFFICE, parent_id=so.id, valid_from=FOUNDED)
    mc = add_unit(
        COMMAND,
        code="MC",
        name=ALWAYS["MC"],
        kind=UnitKind.OFFICE,
        parent_id=vp.id,
        valid_from=FOUNDED,
        is_desk=True,
    )
    person("giamdoc", "Giám đốc Sở", so.id, Role.DIRECTOR)
    person("head.vp", "Chánh Văn phòng", vp.id, Role.HEAD)
    person("head.mc", "Trưởng Bộ phận Một cửa", mc.id, Role.HEAD)
    person("desk", "Cán bộ Một cửa", mc.id, Role.DESK)
    person("inspector", "Thanh tra Sở", so.id, Role.INSPECTOR)
    person("admin", "Quản trị viên", so.id, Role.ADMIN)
    adopt_packs(since=PACKS_FROM)
    made.keep()


def person(username: str, name: str, unit_id: int, role: Role) -> None:
    """Somebody who signs in."""
    add_person(COMMAND, username=username, full_name=name, unit_id=unit_id, role=role, password=SECRET)
