"""What every test may ask for: the application on both databases, a clean database, people signed in.

`app` and all that stands on it runs twice, on SQLite and on PostgreSQL, each migrated as a site would be.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import io
import os
import secrets
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from flask_babel import refresh
from hypothesis import settings

from app import create_app
from app.attachments import apart
from app.compliance.adoption import repository, uploading
from app.compliance.adoption.examining import Examined
from app.core.working_days import public_holidays
from app.organisation import audit
from app.organisation import clock as asked_clock
from app.organisation.models import Person, SignInSession, SignInWay
from app.rulepacks import loader
from app.rulepacks.pack import Pack, texts_hash
from app.web import extensions, formats
from app.web.extensions import db
from tests.clock import at
from tests.folders import MUCH, in_memory
from tests.grounds import Grounds, wipe
from tests.needs import missing
from tests.postgres import PostgresMissing, postgres_server

settings.register_profile("house", settings(), deadline=None)  # a busy machine is no fault of the code
settings.load_profile("house")

ROOT = Path(__file__).parents[1]
DATABASES = ("sqlite", "postgresql")
for _name in ("LC_ALL", "LC_MESSAGES", "LANG"):  # commands speak Vietnamese, whatever the machine speaks
    os.environ.pop(_name, None)
APART = apart.run
FOR_EVER = datetime(2200, 1, 1, tzinfo=UTC)
LONGEST = (
    "tests/worlds/test_worlds.py",
    "tests/browser/test_accessibility.py",
    "tests/demo/test_loading.py",
    "tests/benchmarks/test_bench_smoke.py",
    "tests/test_links_followed.py",
    "tests/cases/test_facts.py",
    "tests/browser/test_long_words.py",
    "tests/test_queries_counted.py",
    "tests/browser/test_pages.py",
    "tests/browser/test_stories.py",
    "tests/test_migrations_cut_off.py",
    "tests/test_migrations_cut_off_on_postgresql.py",
    "tests/test_routes_walked.py",
    "tests/web/test_sent_addresses.py",
    "tests/demo/test_scans.py",
    "tests/browser/test_intake.py",
    "tests/test_migrations.py",
    "tests/cases/importing/test_memory.py",
    "tests/web/test_outages.py",
    "tests/web/test_processes.py",
    "tests/reporting/test_index.py",
    "tests/browser/test_bad_days.py",
    "tests/web/test_sent_forms.py",
    "tests/organisation/test_permissions.py",
    "tests/demo/test_demonstration.py",
    "tests/browser/test_attachments.py",
    "tests/organisation/test_restore_cut_off.py",
    "tests/test_startup.py",
)
"""Files that take half a minute or more: they begin, so that no process is left alone with one at the end."""

gc.set_threshold(
    100_000, 50, 1000
)  # while tests are found little is thrown away, and all of it is walked again and again
public_holidays(2024)  # loaded when first asked: here, and not within the time that a property has for one example


GIGABYTE = 1024**3
A_WORKER = 1.5 * GIGABYTE
"""Memory for a process of tests (its own takes 350 to 600 MB), its PostgreSQL, a site that it serves and a browser."""


def pytest_xdist_auto_num_workers() -> int:
    """Three processes for two processors, five for four: about one in four waits for a browser, a disk, or a program to
    start or end. Fewer where there is no memory for them."""
    processors = len(os.sched_getaffinity(0))
    wanted = processors + max(1, processors // 4)
    return max(1, min(wanted, int(psutil.virtual_memory().available // A_WORKER)))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Folders of tests, and of the browsers and programs that they start, wait for no disk, where the machine has room
    for them; xdist gives each of its processes one within the first's."""
    memory = in_memory(MUCH, programs=True)
    if memory is None or config.option.basetemp or hasattr(config, "workerinput"):
        return
    for left in memory.glob("dung-han-tests-*-*"):  # by a run that was killed
        if not Path("/proc", left.name.split("-")[3]).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"dung-han-tests-{os.getpid()}-", dir=memory))
    config.option.basetemp = str(folder / "tests")
    (folder / "tmp").mkdir()
    os.environ["TMPDIR"], tempfile.tempdir = str(folder / "tmp"), None  # asked again
    mine = os.getpid()  # forks of it end too
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == mine else None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, all others as they are."""
    place = {str(ROOT / name): number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(str(item.path), len(LONGEST)))


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: Python's collector need not walk through it again and again, and goes
    less often through what tests have made themselves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A throw-away PostgreSQL server for this test run."""
    try:
        server = postgres_server()
        running = server.__enter__()
    except PostgresMissing as exc:
        missing(str(exc))
    yield running
    server.__exit__(None, None, None)


@pytest.fixture(scope="session", autouse=True)
def shipped_packs_pass() -> Iterator[None]:
    """What examining a pack of `rules/` gives, without the seconds that its tests take at each demonstration:
    `tests/compliance/adoption/test_repository.py` runs them. Its texts are read once."""
    really, folders = uploading.examine_apart, [path.parent for path in (ROOT / "rules").glob("*/pack.yaml")]
    shipped = [{path.name: path.read_text("utf-8") for path in folder.iterdir()} for folder in folders]
    hashes = {texts_hash(texts) for texts in shipped}
    passed: dict[str, Examined] = {}
    known: dict[str, Pack] = {}

    def pack_from_texts(texts: Mapping[str, str]) -> Pack:
        if texts not in shipped:
            return loader.pack_from_texts(texts)
        text_hash = texts_hash(texts)
        if text_hash not in known:
            known[text_hash] = loader.pack_from_texts(texts)
        return known[text_hash]

    def examine_apart(texts: Mapping[str, str], *args: Any) -> Examined:
        text_hash = texts_hash(texts)
        if text_hash not in hashes:
            return really(texts, *args)
        if text_hash not in passed:
            pack = pack_from_texts(texts)
            passed[text_hash] = Examined(pack.id, pack.hash, texts, len(pack.tests), (), ())
        return passed[text_hash]

    read_once = lru_cache(maxsize=8)(repository._seeds.__wrapped__)  # a site has one such folder, tests have several
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repository, "_seeds", read_once)
        patch.setattr(uploading, "examine_apart", examine_apart)
        patch.setattr(uploading, "pack_from_texts", pack_from_texts)
        patch.setattr(repository, "pack_from_texts", pack_from_texts)
        yield


@pytest.fixture(scope="session", autouse=True)
def documents_are_looked_at_here() -> Iterator[None]:
    """Signatures and pictures are looked at by the same task in this process: to start another takes longer. Tests of
    that other one ask for `documents_looked_at_apart`."""

    def run(task: str, *arguments: str) -> CompletedProcess[bytes]:
        printed, complained, code = io.StringIO(), "", 1
        try:
            with contextlib.redirect_stdout(printed):
                code = import_module(apart.TASKS[task].module).main(*arguments)
        except Exception:
            complained = traceback.format_exc()
        return CompletedProcess([task, *arguments], code, printed.getvalue().encode(), complained.encode())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(apart, "run", run)
        yield


@pytest.fixture
def documents_looked_at_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a process of its own, as on a site."""
    monkeypatch.setattr(apart, "run", APART)


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once(of_the_run: Path) -> Iterator[None]:
    """For all sites of a run: each has an instance of its own."""
    folder = of_the_run / "templates"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "folder_of_compiled", lambda _instance: folder)
        yield


@pytest.fixture(scope="session")
def applications(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Flask]]:
    """The application on each database that was asked for, made once: a run goes from one to the other and back with
    every file of tests."""
    made: dict[str, Flask] = {}

    def on(database: str) -> Flask:
        if database not in made:
            made[database] = _application(_empty_database(database, request), tmp_path_factory)
        return made[database]

    yield on
    for application in made.values():
        with application.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder that waits for no disk, where the machine has one."""
    with TemporaryDirectory(prefix="dung-han-", dir=in_memory()) as folder:
        yield Path(folder)


def _empty_database(database: str, request: pytest.FixtureRequest) -> str:
    if database == "sqlite":
        return f"sqlite:///{request.getfixturevalue('memory')}/test.sqlite3"
    return str(request.getfixturevalue("postgres").create_database("dung_han_test"))


def _application(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on a database, migrated to the newest version."""
    from flask_migrate import upgrade

    application = create_app(
        database_url=database_url,
        instance=Path(tmp_path_factory.mktemp("instance")),
        secret_key="for tests only",
        site="TEST",
        sign_in_limit="1000 per minute",
    )
    # Forms bear their token as in a site (a form's fields are then the same as there); what is sent need not.
    application.config.update(TESTING=True, WTF_CSRF_CHECK_DEFAULT=False, SERVER_NAME="localhost")
    application.before_request_funcs.setdefault(None, []).insert(0, _remember_nothing)  # before anything asks who it is
    with application.app_context():
        upgrade()
    return application


@pytest.fixture(scope="session", params=DATABASES)
def app(request: pytest.FixtureRequest, applications: Callable[[str], Flask]) -> Flask:
    """The application on one database, then on the other."""
    return applications(request.param)


def _remember_nothing() -> None:
    """Tests hold one application context open, in which the first request's person and language would stay."""
    g.pop("_login_user", None)
    g.csrf_valid = True
    refresh()


@pytest.fixture
def session(app: Flask) -> Iterator[Any]:
    """The database session, within the application's context, on a database with nothing in it."""
    with app.app_context():
        yield db.session
        db.session.rollback()
        db.session.remove()
        wipe()


@pytest.fixture(scope="session")
def of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all processes of this run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def grounds(of_the_run: Path) -> Grounds:
    """What was made for tests that begin alike."""
    return Grounds(of_the_run / "grounds")


@pytest.fixture
def ground(session: Any, grounds: Grounds) -> Grounds:
    """Makes what several tests begin with, or puts back what it made of it before."""
    return grounds


@pytest.fixture
def freeze(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime | str], datetime]:
    """Stop the clock at an instant, or at a local time such as "2024-06-03 08:00"."""

    def stop(instant: datetime | str) -> datetime:
        moment = at(instant) if isinstance(instant, str) else instant
        monkeypatch.setattr(extensions, "now", lambda: moment)
        return moment

    return stop


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on today's date: unless a test says otherwise it is 1 July 2024, 8:00."""
    if "live" not in request.keywords:
        monkeypatch.setattr(extensions, "now", lambda: at("2024-07-01 08:00"))


@pytest.fixture(autouse=True)
def clock_unasked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests stop the clock where they like, also before what they have written; those marked `asks_clock` do not."""
    asked_clock.forget()
    if "asks_clock" not in request.keywords:
        monkeypatch.setattr(audit, "before_writing", [])


@pytest.fixture
def client(app: Flask, session: Any) -> FlaskClient:
    """A browser that nobody is signed in on."""
    return app.test_client()


@pytest.fixture
def sign_in(client: FlaskClient) -> Callable[[Person], FlaskClient]:
    """Sign a person in on the client."""

    def sign(person: Person) -> FlaskClient:
        return signed_in(client, person)

    return sign


def signed_in(client: FlaskClient, person: Person) -> FlaskClient:
    """The client with a session of that person's, which no stopped clock brings to its end."""
    token = secrets.token_urlsafe(32)
    db.session.add(
        SignInSession(
            site=person.site,
            person_id=person.id,
            token_hash=hashlib.sha256(token.encode()).hexdigest(),
            way=SignInWay.PASSWORD,
            address="127.0.0.1",
            device="tests",
            began_at=FOR_EVER,
            last_seen_at=FOR_EVER,
        )
    )
    db.session.commit()
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie["_user_id"] = token
        cookie["_fresh"] = True
    return client
