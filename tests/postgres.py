"""A throw-away PostgreSQL server for tests: made in seconds, private to this process, gone afterwards.

    with postgres_server() as server:
        url = server.create_database("cases")   # postgresql+psycopg://postgres@/cases?host=/tmp/...

It listens on a Unix socket in its own temporary folder and on no port, so that it meets no other server.
It does not wait for the disk, since nothing in it outlives the test run.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psycopg
from psycopg import sql

START_SECONDS = 30.0
STOP_SECONDS = 10.0
DEBIAN_SERVERS = Path("/usr/lib/postgresql")
NO_WAITING_FOR_DISK = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
SMALL = {"listen_addresses": "", "max_connections": "60", "shared_buffers": "64MB"}
# As a department's own server would have it; code that forgets to say UTC is found out here.
ZONE = {"timezone": "Asia/Ho_Chi_Minh"}


class PostgresMissing(LookupError):
    """No PostgreSQL server programs on this machine, or no account that may run them."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server; `folder` holds its socket and, once it is stopped, is deleted."""

    folder: Path

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def create_database(self, name: str, template: str = "template0") -> str:
        """Make an empty database, or a copy of `template`, in place of any of that name; return its URL."""
        self.drop_database(name)
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending any connection still open on it."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A plain autocommit connection, for what SQLAlchemy would wrap in a transaction."""
        return psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True)

    def _execute(self, statement: sql.Composed) -> None:
        with self.connect() as connection:
            connection.execute(statement)


def server_programs() -> Path:
    """Folder with `initdb` and `postgres`, of the newest version found. Raises PostgresMissing."""
    debian = sorted(DEBIAN_SERVERS.glob("*/bin"), key=_major_version, reverse=True)
    for folder in [*debian, *_configured_folder(), *_folders_on_path()]:
        if all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
            return folder
    raise PostgresMissing("no PostgreSQL server (initdb, postgres) on this machine")


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server and yield it; stop it and delete its folder whatever happens. Raises PostgresMissing."""
    programs = server_programs()
    # Not TMPDIR: a socket's path may have 107 bytes, and the server's account must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="dung-han-postgres-", dir="/tmp"))
    try:
        identity = _identity(folder)
        _initialise(programs, folder, identity)
        with _running(programs, folder, identity, NO_WAITING_FOR_DISK):
            yield PostgresServer(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _identity(folder: Path) -> dict[str, object]:
    """As whom the server runs, as arguments of subprocess: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, account.pw_uid, account.pw_gid)
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise PostgresMissing("PostgreSQL refuses to run as root, and there is no account postgres or nobody")


def _initialise(programs: Path, folder: Path, identity: dict[str, object]) -> None:
    command = [programs / "initdb", "--pgdata", folder / "data", "--username", "postgres", "--auth", "trust"]
    command += ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **identity)
    if done.returncode:
        raise RuntimeError(f"initdb failed:\n{done.stdout}{done.stderr}")


@contextmanager
def _running(
    programs: Path, folder: Path, identity: dict[str, object], more: Mapping[str, str] = MappingProxyType({})
) -> Iterator[None]:
    settings = dict(more) | SMALL | ZONE | {"unix_socket_directories": str(folder)}
    command: list[str | Path] = [programs / "postgres", "-D", folder / "data"]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **identity)
    try:
        _wait_until_it_answers(process, folder)
        yield
    finally:
        _stop(process)


def _wait_until_it_answers(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            PostgresServer(folder).connect().close()
        except psycopg.OperationalError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text(errors='replace')}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Immediate shutdown (SIGQUIT): open connections are cut, and nothing is written for a next start."""
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _major_version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


def _configured_folder() -> list[Path]:
    """The folder that `pg_config` names, where there is one."""
    if not (program := shutil.which("pg_config")):
        return []
    answer = subprocess.run([program, "--bindir"], capture_output=True, text=True, check=False)
    return [Path(answer.stdout.strip())] if answer.returncode == 0 else []


def _folders_on_path() -> list[Path]:
    return [Path(program).parent] if (program := shutil.which("initdb")) else []
