"""What breaks under the site: a person gets the site's own page and one sentence, and nothing is half-written."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask, Response, stream_with_context
from flask.testing import FlaskClient
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from app import create_app
from app.organisation import audit, passwords
from app.organisation.models import Person, Role
from app.web import extensions
from app.web.extensions import db
from app.web.outages import Outage, outage_of
from app.web.settings import ROOT
from tests.conftest import signed_in
from tests.factories import make_department, make_person
from tests.postgres import PostgresServer, _identity, _initialise, _running, server_programs
from tests.tables import digests

FULL, BUSY = "hết dung lượng đĩa", "đang bận"
READ_ONLY, GONE = "chỉ đọc", "Mất kết nối với cơ sở dữ liệu"


@pytest.fixture
def admin(app: Flask, session: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """The administrator of a site that answers as in production, and whose patience is short."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setitem(extensions._SQLITE, "busy_timeout", 50)
    monkeypatch.setattr(audit, "PATIENCE", 0.05)
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    who = make_person(make_department()["SO"], Role.ADMIN, "quantri")
    who.password_hash = passwords.hash_password("đúng mật khẩu 1")
    session.commit()
    yield who
    session.rollback()
    session.remove()
    db.engine.dispose()


@contextmanager
def each_connection(*statements: str) -> Iterator[None]:
    """Every connection of the site says this first."""

    def say(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        connection.commit()

    db.session.rollback()
    db.engine.dispose()
    event.listen(db.engine, "connect", say)
    try:
        yield
    finally:
        event.remove(db.engine, "connect", say)
        db.session.rollback()
        db.session.remove()
        db.engine.dispose()


@contextmanager
def full_disk() -> Iterator[str]:
    """SQLite may take no page more; PostgreSQL's disk cannot be filled so, and its refusal is told apart below."""
    db.session.rollback()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM")  # the tests before have left pages free
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    with each_connection(f"PRAGMA max_page_count = {pages}"):
        yield FULL


@contextmanager
def read_only() -> Iterator[str]:
    """Neither database takes a change."""
    sqlite = db.engine.dialect.name == "sqlite"
    with each_connection("PRAGMA query_only = ON" if sqlite else "SET default_transaction_read_only = on"):
        yield READ_ONLY


@contextmanager
def locked() -> Iterator[str]:
    """Somebody else writes, and does not end."""
    if db.engine.dialect.name == "sqlite":
        with each_connection():
            other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            try:
                yield BUSY
            finally:
                other.close()
        return
    with each_connection():  # as patient as with SQLite's writer
        other_url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(other_url) as other:
            other.execute("LOCK TABLE audit_entries IN EXCLUSIVE MODE")
            yield BUSY
            other.rollback()


FAULTS = {"full": full_disk, "read-only": read_only, "locked": locked}


def is_the_sites_page(answer: Any, sentence: str) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert sentence in answer.text
    assert 'class="brand-name">Đúng Hạn' in answer.text
    assert "Traceback" not in answer.text and "sqlalchemy" not in answer.text.lower()
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def add_unit(client: FlaskClient, n: int, name: str = "Phòng mới") -> Any:
    return client.post("/don-vi/them", data={"code": f"PM{n}", "name": name, "kind": "division", "parent_id": "1"})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_that_the_database_refuses_is_told_and_nothing_of_it_is_kept(
    fault: str, app: Flask, admin: Person, sign_in: Callable[[Person], FlaskClient]
) -> None:
    if fault == "full" and db.engine.dialect.name != "sqlite":
        pytest.skip("the disk of PostgreSQL: test_what_is_an_outage")
    client = sign_in(admin)
    with FAULTS[fault]() as sentence:
        for n in range(200):
            answer = add_unit(client, n, f"{n} " + "x" * 180)
            if answer.status_code != 302:
                break
        is_the_sites_page(answer, sentence)
        with db.engine.connect() as connection:
            kept = connection.execute(text(f"SELECT count(*) FROM units WHERE code = 'PM{n}'")).scalar()
            told = connection.execute(text(f"SELECT count(*) FROM audit_entries WHERE subject_id = 'PM{n}'")).scalar()
        assert (kept, told) == (0, 0)
    assert add_unit(client, 999).status_code == 302, "and when it is over, the site goes on"


@pytest.mark.parametrize("fault", FAULTS)
def test_signing_in_is_told_too(fault: str, app: Flask, admin: Person, client: FlaskClient) -> None:
    if fault == "full":
        pytest.skip("a sign-in fits into what the database has")
    form = {"username": "quantri", "password": "đúng mật khẩu 1"}
    before = digests()
    with FAULTS[fault]() as sentence:
        is_the_sites_page(client.post("/dang-nhap", data=form), sentence)
    assert digests() == before
    assert client.post("/dang-nhap", data=form).status_code == 302


def test_the_page_is_in_the_language_of_the_session_the_person_or_the_browser(
    app: Flask, admin: Person, sign_in: Callable[[Person], FlaskClient]
) -> None:
    def language(client: FlaskClient, address: str, accepted: str) -> str:
        form = {"code": "PM", "name": "Phòng", "kind": "division", "parent_id": "1", "username": "quantri"}
        form["password"] = "đúng mật khẩu 1"
        answer = client.post(address, data=form, headers={"Accept-Language": accepted})
        assert answer.status_code == 503
        return answer.text.partition('<html lang="')[2][:2]

    client = sign_in(admin)
    with read_only():
        assert language(app.test_client(), "/dang-nhap", "en-GB,en;q=0.8") == "en"
        assert language(app.test_client(), "/dang-nhap", "fr") == "vi"
        assert language(client, "/don-vi/them", "en") == "vi", "the person's own"
        with client.session_transaction() as cookie:
            cookie["locale"] = "en"
        assert language(client, "/don-vi/them", "vi") == "en"


# PostgreSQL, stopped and started again


class Cluster:
    """A server of the test's own, that may be stopped: it keeps what was committed, as a site's does."""

    def __init__(self, folder: Path) -> None:
        self.programs, self.folder = server_programs(), folder
        self.identity = _identity(folder)
        _initialise(self.programs, folder, self.identity)
        self.server = PostgresServer(folder)

    @contextmanager
    def running(self) -> Iterator[None]:
        with _running(self.programs, self.folder, self.identity):
            yield


@pytest.fixture
def cluster(postgres: Any) -> Iterator[Cluster]:
    """It lies in /tmp: a socket's path may have 107 bytes."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="dung-han-outage-", dir="/tmp"))
    try:
        yield Cluster(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_stopped_postgresql_is_told_and_comes_back_without_a_restart_of_the_site(
    cluster: Cluster, tmp_path: Path
) -> None:
    from flask_migrate import upgrade

    with cluster.running():
        url = cluster.server.create_database("site")
        site = create_app(database_url=url, instance=tmp_path, secret_key="for tests only", site="TEST")
        site.config.update(WTF_CSRF_ENABLED=False, SERVER_NAME="localhost")
        with site.app_context():
            upgrade()
            admin = make_person(make_department()["SO"], Role.ADMIN, "quantri")
            client = signed_in(site.test_client(), admin)
        assert client.get("/don-vi").status_code == 200
    for answer in (
        client.get("/don-vi"),
        client.get("/khong-co-trang-nay"),
        client.get("/don-vi.csv"),
        client.get("/dang-nhap"),
        add_unit(client, 1),
        site.test_client().post("/dang-nhap", data={"username": "quantri", "password": "gì đó 12345"}),
    ):
        is_the_sites_page(answer, GONE)
    done = command(tmp_path, "units", "list", DATABASE_URL=url)
    is_one_sentence(done, GONE)
    with cluster.running():
        assert client.get("/don-vi").status_code == 200
        with cluster.server.connect("site") as connection:  # somebody ends the connections under the site
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        assert client.get("/don-vi").status_code == 200, "a connection that died is replaced"
        with site.app_context():
            db.engine.dispose()


# Commands


def command(instance: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    every = {**os.environ, "DUNG_HAN_INSTANCE": str(instance), "DUNG_HAN_SITE": "TEST", **environ}
    return subprocess.run(line, cwd=ROOT, env=every, capture_output=True, text=True, check=False, timeout=600)


def is_one_sentence(done: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_commands_tell_bad_settings_folders_and_files_in_one_sentence(tmp_path: Path) -> None:
    is_one_sentence(command(tmp_path, "units", "list", DUNG_HAN_ZONE="Sao Hỏa"), "DUNG_HAN_ZONE")
    is_one_sentence(command(tmp_path, "--help", DUNG_HAN_ZONE="Sao Hỏa"), "DUNG_HAN_ZONE")
    for url in ("gì đó", "mysql://root:matkhau@x/y"):
        done = command(tmp_path, "units", "list", DATABASE_URL=url)
        is_one_sentence(done, "DUNG_HAN_DATABASE_URL")
        assert "matkhau" not in done.stderr
    (tmp_path / "file").touch(mode=0o600)  # whose permissions need no narrowing, which would be a note of its own
    is_one_sentence(command(tmp_path / "file" / "instance", "units", "list"), "không phải thư mục")
    is_one_sentence(command(tmp_path, "units", "list"), "flask db upgrade")
    (tmp_path / "secret_key").write_text("")
    is_one_sentence(command(tmp_path, "units", "list"), "secret_key")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_commands_on_a_full_and_on_a_read_only_disk(tmp_path: Path, applications: Callable[[str], Flask]) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", tmp_path], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let root mount")
    try:
        with applications("sqlite").app_context(), closing(sqlite3.connect(str(db.engine.url.database))) as migrated:
            migrated.execute("VACUUM INTO ?", (str(tmp_path / "dung-han.sqlite3"),))  # as small as a new one
        (tmp_path / "dung-han.sqlite3").chmod(0o600)
        assert add_by_command(tmp_path, "SO").returncode == 0
        before = entries(tmp_path)
        with (tmp_path / "ballast").open("wb", buffering=0) as ballast:
            (tmp_path / "ballast").chmod(0o600)
            with pytest.raises(OSError, match="No space left"):
                while True:
                    ballast.write(b"x" * 4096)
            is_one_sentence(add_by_command(tmp_path, "VP"), FULL)
        (tmp_path / "ballast").unlink()
        assert entries(tmp_path) == before
        subprocess.run(["mount", "-o", "remount,ro", tmp_path], check=True)
        done = add_by_command(tmp_path, "VP")
        assert done.returncode == 2 and "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1
        subprocess.run(["mount", "-o", "remount,rw", tmp_path], check=True)
        assert add_by_command(tmp_path, "VP").returncode == 0
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


def add_by_command(instance: Path, code: str) -> subprocess.CompletedProcess[str]:
    return command(instance, "units", "add", "--code", code, "--name", "Đơn vị " + code, "--kind", "office")


def entries(instance: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(instance / "dung-han.sqlite3")) as found:  # open, it would keep the disk busy
        units = found.execute("SELECT count(*) FROM units").fetchone()[0]
        return units, found.execute("SELECT count(*) FROM audit_entries").fetchone()[0]


# The outermost door


def environ_of(app: Flask, path: str, **more: str) -> dict[str, Any]:
    with app.test_request_context(path, headers=more) as context:
        return dict(context.request.environ)


def answered(app: Flask, environ: dict[str, Any]) -> tuple[str, dict[str, str], str]:
    told: list[Any] = []
    body = b"".join(app.wsgi_app(environ, lambda *what: told.append(what) or (lambda _piece: None)))  # type: ignore[arg-type, func-returns-value]
    assert len(told) == 1
    return told[0][0], dict(told[0][1]), body.decode()


@pytest.fixture
def bare(tmp_path: Path) -> Flask:
    """A site of its own, as served."""
    return create_app(instance=tmp_path, secret_key="for tests only", database_url=f"sqlite:///{tmp_path}/x.sqlite3")


def test_a_fault_outside_the_views_is_a_page_of_the_site(bare: Flask) -> None:
    environ = environ_of(bare, "/dang-nhap", **{"Accept-Language": "en"})

    @bare.teardown_request
    def fail(_error: object) -> None:
        raise KeyError("gì đó")

    status, headers, body = answered(bare, environ)
    assert status.startswith("500") and '<html lang="en">' in body
    assert headers["Content-Type"].startswith("text/html")


def test_a_list_that_fails_before_its_first_line_is_told_as_such(bare: Flask) -> None:
    @bare.get("/thu")
    def listed() -> Response:
        def lines() -> Iterator[str]:
            raise OperationalError("SELECT 1", {}, sqlite3.OperationalError("x"), connection_invalidated=True)
            yield "a"

        return Response(stream_with_context(lines()))

    status, headers, body = answered(bare, environ_of(bare, "/thu"))
    assert status.startswith("503") and GONE in body and headers["Retry-After"]


def test_a_fault_of_the_sites_own_has_a_number_that_the_log_has_too(
    bare: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    @bare.get("/thu")
    def broken() -> str:
        raise RuntimeError("hỏng")

    status, _headers, body = answered(bare, environ_of(bare, "/thu"))
    number = body.partition('<strong class="code">')[2].partition("</strong>")[0]
    assert status.startswith("500") and len(number) == 8
    assert number in caplog.text and "hỏng" in caplog.text


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (OSError(errno.ENOSPC, ""), Outage.FULL),
        (OSError(errno.EROFS, ""), Outage.READ_ONLY),
        (OSError(errno.EIO, ""), Outage.FAILING),
        (FileNotFoundError(errno.ENOENT, ""), None),
        (psycopg.errors.DiskFull(), Outage.FULL),
        (psycopg.errors.AdminShutdown(), Outage.GONE),
        (psycopg.errors.CannotConnectNow(), Outage.GONE),
        (psycopg.errors.TooManyConnections(), Outage.BUSY),
        (psycopg.errors.LockNotAvailable(), Outage.BUSY),
        (psycopg.errors.DataCorrupted(), Outage.FAILING),
        (psycopg.errors.UniqueViolation(), None),
        (psycopg.OperationalError("connection refused"), Outage.GONE),
        (ValueError("x"), None),
    ],
)
def test_what_is_an_outage(error: Exception, outage: Outage | None) -> None:
    assert outage_of(error) is outage
    if isinstance(error, psycopg.Error):
        assert outage_of(OperationalError("SELECT 1", {}, error)) is outage


def test_waitress_itself_speaks_as_the_site(bare: Flask) -> None:
    import socket
    import threading

    from waitress import create_server

    from app.web.serving import speaking_as_the_site

    with speaking_as_the_site(bare):
        server = create_server(bare, host="127.0.0.1", port=0, threads=1, max_request_header_size=1000, ident=None)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            for sent, status in (
                (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 2000 + b"\r\n\r\n", b"431"),
                (b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", b"400"),
            ):
                with socket.create_connection(("127.0.0.1", server.effective_port), timeout=10) as wire:
                    wire.sendall(sent)
                    answer = b""
                    while piece := wire.recv(65536):
                        answer += piece
                assert answer.split()[1] == status
                assert "Đúng Hạn".encode() in answer and b"waitress" not in answer
        finally:
            server.close()
