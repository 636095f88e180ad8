"""The promises of the Makefile, the lock files and .ci/: small, and easily broken unnoticed."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import postgres
from tests.needs import missing

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [ROOT / ".locks" / "run.txt", ROOT / ".locks" / "dev.txt"]
COMMANDS = ["run", "test", "lint", "bench", "docs", "setup", "setup-dev", "translations", "lock", "help"]


def locked(path: Path) -> dict[str, str]:
    """Package -> version of one lock file."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", path.read_text(), flags=re.MULTILINE))


def declared(group: str | None = None) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["optional-dependencies"][group] if group else project["dependencies"]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_carries_a_hash(path: Path) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", path.read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked(path)) > 20
    without = [entry.split()[0] for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)]
    assert without == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_lock_file_names_no_host_and_no_folder_of_one_machine(path: Path) -> None:
    options = [line for line in path.read_text().splitlines() if line.startswith("-")]
    addresses = re.findall(r"\S*(?:://|file:/|@ )\S*", path.read_text())
    assert (options, addresses) == ([], [])


@pytest.mark.parametrize(("group", "path"), [(None, LOCKS[0]), (None, LOCKS[1]), ("dev", LOCKS[1])])
def test_every_dependency_is_locked_at_a_version_it_allows(group: str | None, path: Path) -> None:
    versions = {canonicalize_name(name): version for name, version in locked(path).items()}
    for requirement in declared(group):
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {path.name}: run `make lock`"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} but {version} is locked"


def test_tests_run_on_the_same_versions_as_the_site() -> None:
    run, dev = locked(LOCKS[0]), locked(LOCKS[1])
    assert {name: dev.get(name) for name in run} == run


def test_every_dependency_says_why_it_is_there() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    silent = [
        line for line in lines if re.match(r'\s+"[a-zA-Z0-9_-]+(\[\w+\])?([=<>~!].*?)?",', line) and "# " not in line
    ]
    entries = [line for line in lines if re.match(r'\s+"[^"]+",\s+# ', line)]
    assert silent == []
    assert len(entries) >= len(declared()) + len(declared("dev"))


def test_make_help_names_every_command() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    named = re.findall(r"^  make ([a-z-]+) +\S", shown, flags=re.MULTILINE)
    assert set(COMMANDS) <= set(named)


def test_readme_names_the_two_commands_and_documents_name_only_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = {page: set(re.findall(r"(?:^\s*|`)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE)) for page in pages}
    assert {"run", "test"} <= named[ROOT / "README.md"]
    assert {page.name: names - targets for page, names in named.items() if names - targets} == {}


@pytest.mark.parametrize(("shell", "script"), [("sh", "system"), ("sh", "setup"), ("bash", "run")])
def test_ci_script_is_executable_and_parses(shell: str, script: str) -> None:
    path = ROOT / ".ci" / script
    assert os.access(path, os.X_OK)
    done = subprocess.run([shell, "-n", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


class BareMachine:
    """A PATH with little on it: no compiler that works, no browser; `program` adds one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("dirname", "env", "mktemp", "rm", "sleep", "tail", "true"):
            (folder / name).symlink_to(shutil.which(name) or f"/bin/{name}")
        self.program("python3.11", f'exec {Path(sys.executable).resolve()} "$@"')
        self.program("id", "echo 1000")

    def program(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def system(self, kind: str, ci: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.folder), "CC": "false", "CI": ci}
        return subprocess.run(
            [ROOT / ".ci" / "system", kind], env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def machine(tmp_path: Path) -> BareMachine:
    return BareMachine(tmp_path)


def test_setup_without_a_compiler_fails_and_names_what_to_install(machine: BareMachine) -> None:
    done = machine.system("run")
    assert done.returncode == 1
    assert re.search(r"apt-get install --no-install-recommends .*gcc libc6-dev", done.stderr)


def test_without_a_browser_tests_go_on_loudly(machine: BareMachine) -> None:
    done = machine.system("test")
    assert done.returncode == 0
    assert re.search("MISSING: .*chromium", done.stderr)
    assert "SKIPPED" in done.stderr


def test_without_a_browser_ci_fails(machine: BareMachine) -> None:
    done = machine.system("test", ci="true")
    assert done.returncode == 1
    assert re.search("MISSING: .*chromium", done.stderr)


@pytest.mark.parametrize(("user", "helper"), [("0", None), ("1000", "sudo")])
def test_root_and_passwordless_sudo_install_what_is_missing(
    machine: BareMachine, user: str, helper: str | None, tmp_path: Path
) -> None:
    calls = tmp_path / "calls"
    machine.program("id", f"echo {user}")
    machine.program("apt-get", f'echo "$DEBIAN_FRONTEND $*" >>{calls}')
    if helper:
        machine.program(helper, 'shift; exec "$@"')
    done = machine.system("run")
    update, install = calls.read_text().splitlines()
    assert update.startswith("noninteractive") and update.endswith("update")
    assert "--no-install-recommends" in install and "gcc libc6-dev" in install
    assert done.returncode == 1, "the pretended apt-get installs nothing, and that is noticed"


@pytest.fixture
def server() -> Iterator[postgres.PostgresServer]:
    try:
        postgres.server_programs()
    except postgres.PostgresMissing as error:
        missing(str(error))
    with postgres.postgres_server() as running:
        yield running


def test_postgres_server_makes_databases_and_copies_of_them(server: postgres.PostgresServer) -> None:
    assert server.create_database("first").startswith("postgresql+psycopg://postgres@/first?host=/")
    with server.connect("first") as connection:
        connection.execute("CREATE TABLE note AS SELECT 'Sở Lao động' AS words")
    server.create_database("second", template="first")
    with server.connect("second") as connection:
        assert connection.execute("SELECT words FROM note").fetchall() == [("Sở Lao động",)]
        server.create_database("first")  # in place of the one that has a table
    with server.connect("first") as connection:
        assert connection.execute("SELECT to_regclass('note')").fetchone() == (None,)


def test_postgres_server_leaves_nothing_behind_when_a_test_fails(server: postgres.PostgresServer) -> None:
    with pytest.raises(ZeroDivisionError), postgres.postgres_server() as second:
        pid = int((second.folder / "data" / "postmaster.pid").read_text().split()[0])
        assert second.folder != server.folder
        _ = 1 / 0
    assert not second.folder.exists()
    assert not Path(f"/proc/{pid}").exists()


def test_postgres_missing_is_said_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres, "DEBIAN_SERVERS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(postgres.PostgresMissing, match="no PostgreSQL server"):
        postgres.server_programs()


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_test_without_its_program_is_skipped_but_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no Chromium"):
        missing("no Chromium on this machine")
