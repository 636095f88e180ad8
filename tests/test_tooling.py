"""The promises of the Makefile, the lock files and .ci/: small, and easily broken unnoticed."""

import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests import postgres
from tests.needs import missing

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [ROOT / ".locks" / "run.txt", ROOT / ".locks" / "dev.txt"]
BUILD_LOCK = ROOT / ".locks" / "build.txt"
COMMANDS = ["run", "test", "lint", "bench", "mutate", "docs", "setup", "setup-dev", "translations", "lock", "help"]


def locked(path: Path) -> dict[str, str]:
    """Package -> version of one lock file."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", path.read_text(), flags=re.MULTILINE))


def declared(group: str | None = None) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["optional-dependencies"][group] if group else project["dependencies"]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize(("path", "least"), [(LOCKS[0], 50), (LOCKS[1], 80), (BUILD_LOCK, 1)])
def test_every_locked_package_carries_a_hash(path: Path, least: int) -> None:
    entries = re.split(r"^(?=[A-Za-z0-9])", path.read_text(), flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked(path)) >= least, "one version a package, for every Python"
    without = [entry.split()[0] for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)]
    assert without == []


@pytest.mark.parametrize("path", [*LOCKS, BUILD_LOCK], ids=lambda path: path.name)
def test_lock_file_leaves_no_package_out_on_another_system(path: Path) -> None:
    """A marker that is false makes pip pass the package over without a word: only real differences may have one."""
    without = re.findall(r"^(?!librt)\S+==\S+ ; .*", path.read_text(), flags=re.MULTILINE)
    assert [line for line in without if re.search(r"sys_platform|implementation_name|< '3\.15'", line)] == []


@pytest.mark.parametrize("path", [*LOCKS, BUILD_LOCK], ids=lambda path: path.name)
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


def test_what_compiles_the_engine_is_locked() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    for requirement in map(Requirement, groups["build"]):
        assert requirement.specifier.contains(locked(BUILD_LOCK)[requirement.name])


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


def test_the_tests_begin_by_naming_their_python() -> None:
    planned = subprocess.run(["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    naming = re.search(r"^\.venv/bin/python -c '(.*sys\.version.*)'$", planned, flags=re.MULTILINE)
    assert naming and naming.start() < planned.index("pytest")
    said = subprocess.run([sys.executable, "-c", naming[1]], capture_output=True, text=True, check=True).stdout
    assert f"Python {platform.python_version()}" in said


def test_scripts_name_no_registry_and_no_mirror() -> None:
    """They come from the machine's own configuration."""
    addresses = {
        found for path in (ROOT / ".ci").iterdir() for found in re.findall(r"\w+://[^/\s'\"]*", path.read_text())
    }
    assert addresses <= {"http://127.0.0.1:$1", "file://[^"}


SCRIPTS = [("sh", "system"), ("sh", "setup"), ("sh", "lock"), ("bash", "run"), ("bash", "fresh"), ("bash", "pythons")]


@pytest.mark.parametrize(("shell", "script"), SCRIPTS)
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
        self.python("python3.11")
        self.program("id", "echo 1000")

    def python(self, name: str, version: tuple[int, int] = sys.version_info[:2]) -> None:
        """This test's Python, which says of itself that it is of some version when it is asked by `-c`."""
        real = Path(sys.executable).resolve()
        pretend = f"import sys; sys.version_info = ({version[0]}, {version[1]}, 0); exec(sys.argv[2])"
        self.program(name, f'case $1 in -c) exec {real} -c "{pretend}" "$@" ;; *) exec {real} "$@" ;; esac')

    def program(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def system(self, kind: str, ci: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.folder), "CC": "false", "CI": ci, **more}
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


@pytest.mark.parametrize("minor", range(9, 17))
def test_the_python_taken_is_one_that_the_lock_files_hold_for(machine: BareMachine, minor: int) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    held = SpecifierSet(project["requires-python"]).contains(f"3.{minor}.1")
    machine.python("somewhere", (3, minor))
    done = machine.system("python", PYTHON="somewhere")
    assert (done.returncode == 0) == held == (11 <= minor <= 14)
    if not held:
        assert "3.11, 3.12, 3.13 hoặc / or 3.14 (PYTHON=somewhere)" in done.stderr


def test_a_python_that_does_not_answer_is_passed_over(machine: BareMachine) -> None:
    """As pyenv's, which are on PATH and say `command not found`."""
    machine.program("python3", "exit 127")
    done = machine.system("python")
    assert (done.returncode, done.stdout.strip()) == (0, str(machine.folder / "python3.11"))


class PretendedSetup:
    """.ci/setup in a virtual environment whose Python only notes what it is asked to do."""

    def __init__(self, folder: Path, version: tuple[int, int], attempts: int) -> None:
        self.venv, self.stamp, self.calls, self.tries = (folder / n for n in ("venv", "stamp", "calls", "tries"))
        program = self.venv / "bin" / "python"
        program.parent.mkdir(parents=True)
        real = Path(sys.executable).resolve()
        program.write_text(
            f"""#!/bin/sh
            echo "$CPPFLAGS|$*" >>{self.calls}
            case $1 in
            -c) exec {real} -c "import sys; sys.version_info = {version}; exec(sys.argv[1])" "$2" ;;
            .ci/engine.py) echo try >>{self.tries}; test $(wc -l <{self.tries}) -gt {attempts} ;;
            esac
            """
        )
        program.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "VENV": str(self.venv)}
        command = [ROOT / ".ci" / "setup", "dev", str(self.stamp)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    @property
    def installations(self) -> list[str]:
        return [line for line in self.calls.read_text().splitlines() if "-m pip install" in line]


@pytest.mark.parametrize(
    ("minor", "flag"), [(11, ""), (12, ""), (13, "-DPyEval_CallObject="), (14, "-DPyEval_CallObject=")]
)
def test_the_engine_is_compiled_for_its_python_and_never_taken_from_the_cache(
    tmp_path: Path, minor: int, flag: str
) -> None:
    setup = PretendedSetup(tmp_path, (3, minor), attempts=1)
    done = setup.run()
    assert done.returncode == 0 and setup.stamp.exists(), done.stderr
    wheels, compiler, engine = setup.installations
    assert "--only-binary :all:" in wheels and "--require-hashes" in wheels
    assert "--only-binary :all:" in compiler and ".locks/build.txt" in compiler
    assert all(option in engine for option in ("--no-binary durable-rules", "--no-cache-dir", "--force-reinstall"))
    assert "--require-hashes" in engine and "--no-build-isolation" in engine
    assert flag in engine.split("|")[0] and bool(engine.split("|")[0].strip()) == bool(flag)


def test_an_engine_that_works_is_not_compiled_again(tmp_path: Path) -> None:
    setup = PretendedSetup(tmp_path, (3, 13), attempts=0)
    assert setup.run().returncode == 0
    assert len(setup.installations) == 1


def test_an_engine_that_does_not_work_stops_setup_with_one_sentence(tmp_path: Path) -> None:
    setup = PretendedSetup(tmp_path, (3, 13), attempts=9)
    done = setup.run()
    assert done.returncode == 1 and not setup.stamp.exists()
    assert re.search(r"durable_rules 2\.0\.28 cannot be compiled and run", done.stderr)


def engine_fault(wanted: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / ".ci" / "engine.py", wanted]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_the_engine_installed_here_fires() -> None:
    done = engine_fault(locked(LOCKS[0])["durable-rules"])
    assert (done.returncode, done.stderr) == (0, "")


def test_an_engine_compiled_wrongly_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "durable_rules_engine.py").write_text("raise ImportError('undefined symbol: PyEval_CallObject')")
    done = engine_fault(locked(LOCKS[0])["durable-rules"], PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "does not run: undefined symbol: PyEval_CallObject" in done.stderr


def test_an_engine_of_another_version_is_noticed() -> None:
    done = engine_fault("9.9")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "9.9 is wanted" in done.stderr


@pytest.mark.parametrize(("target", "gone"), [("/usr/bin/env", False), ("/no/such/python", True)])
def test_setup_is_done_again_when_its_python_has_gone(tmp_path: Path, target: str, gone: bool) -> None:
    """As after an upgrade of Debian from 12 to 13."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for folder in (".ci", ".locks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program = tmp_path / ".venv" / "bin" / "python"
    if gone:
        program.symlink_to(target)
    else:
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    planned = subprocess.run(["make", "--dry-run", "setup"], cwd=tmp_path, capture_output=True, text=True, check=True)
    stamp = re.search(r"\.ci/setup run (\S+)", planned.stdout)
    assert stamp
    (tmp_path / stamp[1]).touch()
    planned = subprocess.run(["make", "--dry-run", "setup"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (".ci/setup run" in planned.stdout) == gone


def test_fresh_without_root_says_that_it_could_not_try(machine: BareMachine) -> None:
    (machine.folder / "bash").symlink_to(shutil.which("bash") or "/bin/bash")
    command = [ROOT / ".ci" / "fresh", "bookworm"]
    done = subprocess.run(command, env={"PATH": str(machine.folder)}, capture_output=True, text=True, check=False)
    assert done.returncode == 77
    assert "NOT TRIED" in done.stdout and "sudo .ci/fresh bookworm" in done.stdout


def test_fresh_refuses_what_is_no_debian_it_knows() -> None:
    done = subprocess.run([ROOT / ".ci" / "fresh", "woody"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (2, "usage: .ci/fresh [trixie|bookworm|sid]")


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
