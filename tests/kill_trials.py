"""`make kills`: what is long is begun, killed with SIGKILL at a random moment, and begun again; then everything must be
as if it had never been killed. Minutes to hours: by hand, never in CI.

    python -m tests.kill_trials --cases 20000 --tries 100 --seed 8

Each trial has a fresh copy of one site. The moment is drawn from the time that the same work takes when undisturbed.
What is tried, what survived, and what was wrong is printed by kind and database.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, select, text
from tabulate import tabulate

from app import create_app
from app.cases.bulk import service
from app.cases.bulk.models import BulkAction, BulkCaseState
from app.cases.importing.mapping import find_mapping
from app.cases.importing.models import Import, ImportState
from app.cases.importing.service import Upload, import_file, mappings_folder
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.compliance.models import CheckRun
from app.compliance.runs.service import run_check
from app.demo import loading
from app.organisation import audit, backup, restoring
from app.organisation.access import Actor, scope_of, site, whole_site
from app.organisation.calendars import last_month
from app.organisation.models import AuditEntry, Person, Role
from app.web import serving
from app.web.extensions import db
from tests.benchmarks.importing import write_list
from tests.postgres import PostgresServer, postgres_server

BY = Actor("make kills")
OLD = "0010"  # where the upgrade begins
ROWS = 500  # of the file that is imported


@dataclass(slots=True)
class Trial:
    """One kind of work: the work, how it is begun again, and what is wrong afterwards, if anything."""

    name: str
    work: Callable[[], Any]
    again: Callable[[], Any]
    wrong: Callable[[], list[str]]
    before: Callable[[], Any] = lambda: None
    took: float = 0.0  # seconds, undisturbed
    found: Counter[str] = field(default_factory=Counter)
    tried: int = 0
    survived: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """A site of its own in a folder, made again from its template for each trial."""

    app: Flask
    folder: Path
    kind: str
    server: PostgresServer | None

    @property
    def instance(self) -> Path:
        return self.folder / "instance"

    def keep(self, name: str) -> None:
        """Keep the site as it is."""
        with self.app.app_context():
            release()
        if self.server:
            self.server.create_database(f"kept_{name}", template="site")
        copy_tree(self.instance, self.folder / f"kept-{name}")

    def put_back(self, name: str) -> None:
        """The site as it was kept."""
        with self.app.app_context():
            release()
        if self.server:
            self.server.create_database("site", template=f"kept_{name}")
        copy_tree(self.folder / f"kept-{name}", self.instance)


def copy_tree(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


def release() -> None:
    """No connection is open any more: SQLite's do not live through a fork."""
    db.session.remove()
    db.engine.dispose()


@contextmanager
def sites(kind: str, cases: int) -> Iterator[Site]:
    """A site with a demonstration in it, on that kind of database."""
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        if kind == "sqlite":
            yield _filled(folder, kind, f"sqlite:///{folder}/instance/site.sqlite3", None, cases)
        else:
            with postgres_server() as server:
                yield _filled(folder, kind, server.create_database("site"), server, cases)


def _filled(folder: Path, kind: str, url: str, server: PostgresServer | None, cases: int) -> Site:
    (folder / "instance").mkdir()
    app = create_app(database_url=url, instance=folder / "instance", secret_key="for trials only")
    app.config["SERVER_NAME"] = "localhost"
    with app.app_context():
        upgrade()
        loading.load(BY, cases=cases, seed=8)
        release()
    return Site(app, folder, kind, server)


# What is tried


def trials(file: Path, folder: Path) -> list[Trial]:
    """Every kind of work that takes a while. `file` is imported, `folder` takes the backups."""
    made = folder / "b.tar.gz"
    return [
        Trial("upgrade", upgrade, upgrade, _not_newest, before=lambda: downgrade(revision=OLD)),
        Trial("restore", lambda: _restore(made), lambda: _restore(made), _not_restored, before=lambda: _backup(made)),
        Trial("bulk action", _act, _go_on, _untrue_actions),
        Trial("undo", _undo, _undo, _untrue_actions, before=_act),
        Trial("import", lambda: _import(file), lambda: _import(file), _not_imported),
        Trial("check", _check, _check, _not_checked),
        Trial("backup", lambda: _backup(made), lambda: _backup(made), lambda: _not_backed_up(made)),
    ]


def _backup(made: Path) -> None:
    backup.make_backup(BY, made, overwrite=True)


def _restore(made: Path) -> None:
    backup.restore_backup(BY, made, replace=True)


def _clerk() -> Person:
    return db.session.scalars(select(Person).where(Person.role == Role.DESK).order_by(Person.id)).first()


def _act() -> None:
    who = _clerk()
    open_cases = select(Case.id, Case.revision).where(Case.ended_at.is_(None)).order_by(Case.id).limit(service.MOST)
    chosen = [(key, revision) for key, revision in db.session.execute(open_cases)]
    by = Actor.of(who)
    service.carry_out(scope_of(who), by, EventKind.HANDED_OVER, chosen, {}, "make kills")


def _go_on() -> None:
    who = _clerk()
    left = service.unfinished(who.id)
    if not left and not db.session.scalar(select(func.count()).select_from(BulkAction)):
        _act()
    for action in left:
        service.go_on(scope_of(who), Actor.of(who), action.id)


def _undo() -> None:
    who = _clerk()
    action = db.session.scalars(select(BulkAction).order_by(BulkAction.id)).first()
    if action is not None and action.undone_at is None:
        service.undo(scope_of(who), Actor.of(who), action.id)


def _import(file: Path) -> None:
    done = select(func.count()).select_from(Import).where(Import.state == ImportState.DONE)
    if not db.session.scalar(done):
        chosen = find_mapping("igate", mappings_folder())
        import_file(whole_site(), BY, Upload(file, file.name), chosen)


def _check() -> None:
    run_check(BY, last_month())


# What is wrong afterwards


def _everywhere() -> list[str]:
    wrong = []
    if audit.verify().broken_at is not None:
        wrong.append("the audit trail is broken")
    if db.engine.dialect.name == "sqlite":
        if db.session.execute(text("PRAGMA integrity_check")).scalar() != "ok":
            wrong.append("the database is damaged")
        if db.session.execute(text("PRAGMA foreign_key_check")).first():
            wrong.append("rows refer to what is not there")
    if restoring.begun(_instance()) is not None:
        wrong.append("a restore is unfinished")
    if list(_instance().glob(".khoi-phuc-*")):
        wrong.append("a working folder is left")
    return wrong


def _instance() -> Path:
    return Path(current_app.instance_path)


def _not_newest() -> list[str]:
    current, newest = serving.migration_heads()
    return [] if current == newest else ["not at the newest migration"]


def _entries(action: str) -> int:
    found = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == action, AuditEntry.site == site())
    return db.session.scalar(found) or 0


def _not_restored() -> list[str]:
    return [] if _entries("restore_backup") == 1 else [f"{_entries('restore_backup')} entries restore_backup"]


def _untrue_actions() -> list[str]:
    wrong = []
    for action in db.session.scalars(select(BulkAction)):
        if action.is_unfinished:
            wrong.append("an action is unfinished")
        for row in action.cases:
            kinds = list(
                db.session.scalars(
                    select(CaseEvent.kind).where(CaseEvent.case_id == row.case_id, CaseEvent.note == action.note)
                )
            )
            was_done = row.state in (BulkCaseState.DONE, BulkCaseState.UNDONE, BulkCaseState.KEPT)
            if kinds.count(EventKind.HANDED_OVER) != was_done:
                wrong.append("a case was done twice, or not as is told")
    n = db.session.scalar(select(func.count()).select_from(BulkAction))
    if n != 1 or _entries("finish_bulk_action") != 1:
        wrong.append("not one action, told once")
    return wrong


def _not_imported() -> list[str]:
    done = select(Import.cases_new).where(Import.state == ImportState.DONE)
    counts = list(db.session.scalars(done))
    return [] if counts == [ROWS] else [f"imported {counts}"]


def _not_checked() -> list[str]:
    return [] if db.session.scalar(select(func.count()).select_from(CheckRun)) else ["no check"]


def _not_backed_up(made: Path) -> list[str]:
    wrong = [] if backup._sums_of(made) == backup._manifest_of(made).files else ["the backup is not whole"]
    return wrong + (["a working folder is left"] if list(made.parent.glob(".sao-luu-*")) else [])


# Trying


def child(place: Site, what: Callable[[], Any]) -> int:
    """Begin it in a process group of its own; its id."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        with place.app.app_context(), suppress(BaseException):
            what()
            os._exit(0)
        os._exit(1)
    return pid


def tried(place: Site, trial: Trial, chance: random.Random) -> None:
    """Kill it once, begin it again, and look."""
    place.put_back(trial.name.replace(" ", "_"))
    pid = child(place, trial.work)
    time.sleep(chance.uniform(0, trial.took))
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    trial.tried += 1
    with place.app.app_context():
        try:
            trial.again()
            wrong = _everywhere() + trial.wrong()
        except Exception as error:
            wrong = [f"{type(error).__name__}: {str(error).splitlines()[0][:80]}"]
        release()
    trial.found.update(set(wrong))
    trial.survived += not wrong


def prepared(place: Site, trial: Trial) -> None:
    """Keep the site as the work finds it, and see how long it takes when nothing disturbs it."""
    name = trial.name.replace(" ", "_")
    place.put_back("template")
    with place.app.app_context():
        trial.before()
    place.keep(name)
    began = time.monotonic()
    _pid, status = os.waitpid(child(place, trial.work), 0)
    trial.took = time.monotonic() - began
    if status:
        raise SystemExit(f"{trial.name} does not even work undisturbed")


def main() -> None:
    """Try, and print the table."""
    options = argparse.ArgumentParser(description="kill -9 at random moments")
    options.add_argument("--cases", type=int, default=20_000)
    options.add_argument("--tries", type=int, default=100, help="in all, over kinds and databases")
    options.add_argument("--seed", type=int, default=8)
    options.add_argument("--databases", default="sqlite,postgresql")
    options.add_argument("--only", default="", help="kinds, by comma")
    asked = options.parse_args()
    chance, rows = random.Random(asked.seed), []
    kinds, only = asked.databases.split(","), set(filter(None, asked.only.split(",")))
    for kind in kinds:
        with sites(kind, asked.cases) as place:
            place.keep("template")
            outside = place.folder / "backups"
            outside.mkdir()
            write_list(place.folder / "list.csv", ROWS)
            chosen = [t for t in trials(place.folder / "list.csv", outside) if not only or t.name in only]
            for trial in chosen:
                prepared(place, trial)
                for _n in range(max(1, round(asked.tries / len(kinds) / len(chosen)))):
                    tried(place, trial, chance)
                wrong = "; ".join(f"{what} ×{n}" for what, n in trial.found.items())
                rows.append((trial.name, kind, trial.tried, trial.survived, f"{trial.took:.1f}", wrong))
                print(*rows[-1], sep=" | ", flush=True)
    print(tabulate(rows, ["kind", "database", "tried", "survived", "s undisturbed", "what was wrong"]))


if __name__ == "__main__":
    main()
