"""The databases that are measured: demonstrations of several sizes. SQLite's are made once and kept in .bench/."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.benchmarks.measuring import PERIOD, ROOT, Answer, application, in_child
from tests.benchmarks.month import Month
from tests.postgres import PostgresServer, postgres_server

SEED = 2024
UNTIL = date(2024, 12, 31)
MONTHS = 13
MADE_BY = (
    "app/demo/*.py",
    "app/migrations/versions/*.py",
    "tests/benchmarks/crowding.py",
)  # a database is made anew when these change


@dataclass(frozen=True)
class Demonstration:
    """A Department with so many cases, received over so many full months up to UNTIL."""

    cases: int
    months: int = MONTHS

    @property
    def name(self) -> str:
        """What its database is called."""
        return f"{self.cases}-{SEED}" + ("" if self.months == MONTHS else f"-{self.months}-months")


class SqliteDatabases:
    """Databases in files of a folder."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def holding(self, demonstration: Demonstration) -> str:
        """URL of a database that holds the demonstration; the one made before, if it would be made the same now."""
        path, note = (self.folder / f"{demonstration.name}.{end}" for end in ("sqlite3", "json"))
        wanted = {"made_by": _fingerprint()}
        if not (path.exists() and note.exists() and json.loads(note.read_text()) == wanted):
            self._remove(path)
            _load(self._url(path), demonstration)
            note.write_text(json.dumps(wanted))
        return self._url(path)

    def crowded(self, demonstration: Demonstration, month: Month, rules: Path) -> str:
        """URL of a copy of the demonstration that is as full as the month wants it; made once, like the other."""
        path, note = (self.folder / f"{month.name}.{end}" for end in ("sqlite3", "json"))
        wanted = {"made_by": _fingerprint(*MADE_BY, "tests/benchmarks/crowding.py")}
        if not (path.exists() and note.exists() and json.loads(note.read_text()) == wanted):
            self._remove(path)
            shutil.copy(self.holding(demonstration).removeprefix("sqlite:///"), path)
            _crowd(self._url(path), month, rules)
            note.write_text(json.dumps(wanted))
        return self._url(path)

    def empty(self, copies: int) -> list[str]:
        """URLs of so many databases with the Department and its catalogue, and no case."""
        first = self.folder / "empty-0.sqlite3"
        self._remove(first)
        in_child("databases:furnish", self._url(first))
        others = [self.folder / f"empty-{number}.sqlite3" for number in range(1, copies)]
        for path in others:
            self._remove(path)
            shutil.copy(first, path)
        return [self._url(path) for path in (first, *others)]

    def drop(self, urls: list[str]) -> None:
        """Delete databases."""
        for url in urls:
            self._remove(Path(url.removeprefix("sqlite:///")))

    def _url(self, path: Path) -> str:
        return f"sqlite:///{path}"

    def _remove(self, path: Path) -> None:
        for end in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + end).unlink(missing_ok=True)


class PostgresDatabases:
    """Databases of a throw-away server: gone with it."""

    kind = "postgresql"

    def __init__(self, server: PostgresServer) -> None:
        self.server = server

    def holding(self, demonstration: Demonstration) -> str:
        """URL of a database that holds the demonstration."""
        name = _postgres_name(demonstration)
        if self._exists(name):
            return self.server.url(name)
        url = self.server.create_database(name)
        _load(url, demonstration)
        self._vacuum(name)
        return url

    def crowded(self, demonstration: Demonstration, month: Month, rules: Path) -> str:
        """URL of a copy of the demonstration that is as full as the month wants it."""
        if self._exists(month.name):
            return self.server.url(month.name)
        self.holding(demonstration)
        url = self.server.create_database(month.name, template=_postgres_name(demonstration))
        _crowd(url, month, rules)
        self._vacuum(month.name)
        return url

    def _exists(self, name: str) -> bool:
        with self.server.connect() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        return found is not None

    def _vacuum(self, name: str) -> None:
        """As autovacuum would have done by itself by the next morning."""
        with self.server.connect(name) as connection:
            connection.execute("VACUUM ANALYZE")

    def empty(self, copies: int) -> list[str]:
        """URLs of so many databases with the Department and its catalogue, and no case."""
        urls = [self.server.create_database("empty_0")]
        in_child("databases:furnish", urls[0])
        urls += [self.server.create_database(f"empty_{number}", template="empty_0") for number in range(1, copies)]
        return urls

    def drop(self, urls: list[str]) -> None:
        """Delete databases."""
        for url in urls:
            self.server.drop_database(url.partition("@/")[2].partition("?")[0])


Databases = SqliteDatabases | PostgresDatabases


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Databases]:
    """Databases of that kind. Raises PostgresMissing."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["BENCH_FOLDER"] = str(folder)
    if kind == "sqlite":
        yield SqliteDatabases(folder)
        return
    with postgres_server() as server:
        yield PostgresDatabases(server)


def _fingerprint(*patterns: str) -> str:
    """Of what decides the rows and the tables."""
    digest = hashlib.sha256(f"{SEED} {UNTIL}".encode())
    for pattern in patterns or MADE_BY:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _postgres_name(demonstration: Demonstration) -> str:
    return f"bench_{demonstration.cases}_{demonstration.months}"


def _crowd(url: str, month: Month, rules: Path) -> None:
    print(f"  {month.name}: {month.units} units, {month.exceptions} open overdue", file=sys.stderr, flush=True)
    in_child("crowding:crowd", url, month.units, month.exceptions, month.duties, str(rules))


def _load(url: str, demonstration: Demonstration) -> None:
    print(f"  {demonstration.name}: {demonstration.cases} cases are made", file=sys.stderr, flush=True)
    made = in_child("databases:load", url, demonstration.cases, demonstration.months)
    print(f"  {demonstration.name}: {made['seconds']:.0f} s, {made['peak_mb']:.0f} MB", file=sys.stderr, flush=True)


# --- in a child -----------------------------------------------------------------------------------------------


def load(url: str, cases: int, months: int) -> Answer:
    """Load a demonstration and judge every month of its last year, as a site would have done."""
    from flask_migrate import upgrade

    from app.compliance.runs.service import run_check
    from app.core.periods import Period
    from app.demo import loading
    from app.organisation.access import Actor
    from tests.benchmarks.measuring import run_of, summary
    from tests.factories import adopt_packs

    by, year = Actor("bench"), PERIOD[:4]
    with application(url):
        _quietly(upgrade)
        adopt_packs(until=UNTIL)  # their own tests are no part of what is measured
        taken = run_of(lambda: loading.load(by, cases=cases, seed=SEED, months=months, until=UNTIL))
        for month in range(1, 13):
            run_check(by, Period.parse(f"{year}-{month:02}"))
    return summary([taken])


def furnish(url: str) -> Answer:
    """The Department, its catalogue and its accounts, without a case."""
    from flask_migrate import upgrade

    from app.demo.catalogue import add_catalogue
    from app.demo.departments import add_accounts, add_department
    from app.organisation.access import Actor

    by = Actor("bench")
    with application(url):
        _quietly(upgrade)
        units = add_department(by)
        add_catalogue(by, units)
        add_accounts(by, units)
    return {}


def _quietly(upgrade: object) -> None:
    import logging

    logging.getLogger("alembic").setLevel(logging.WARNING)
    upgrade()  # type: ignore[operator]
