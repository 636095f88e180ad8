"""`make mutate`: a module is changed in one place, and its own room's quick tests must notice. Up to hours: by hand,
never in CI.

    python -m tests.mutants permissions calendar --sample 100 --seed 8

Every change of Cosmic Ray's operators is tried in a copy of the tree, on SQLite, with the tests that pass without it,
the shortest first: put into a pytest that waits where it is one within functions, else loaded anew. Annotations are
nobody's to test: types are mypy's. A table and the survivors are printed.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, takewhile
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tabulate import tabulate

from tests.mutants_nursery import COLD

ROOT = Path(__file__).resolve().parents[1]
EQUIVALENT = ROOT / "tests/mutants_equivalent.toml"
LEAST_KILLED = 0.9  # of a module's mutants, those listed as equivalent aside
MOST_EQUIVALENT = 0.02  # of a module's mutants
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".hypothesis", ".*_cache", "instance", "node_modules")


@dataclass(frozen=True, slots=True)
class Module:
    """What is changed, and the quick tests that must notice; both from the root of the tree."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


EVALUATION = "compliance/evaluation"
MODULES = {
    "calendar": Module(("app/core/calendar.py",), ("tests/core/test_calendar.py",)),
    "timeline": Module(
        ("app/cases/timeline.py",),
        tuple(
            f"tests/cases/test_{name}.py"
            for name in ("timeline", "timeline_hands", "timeline_by_hand", "promises", "supplements")
        ),
    ),
    "population": Module(
        ("app/cases/population.py",),
        tuple(
            f"tests/cases/test_{name}.py"
            for name in ("population_by_hand", "population_in_tables", "population", "due_lists", "worklist")
        ),
    ),
    "evaluate": Module(
        tuple(
            f"app/{EVALUATION}/{name}.py"
            for name in ("context", "duties", "evaluate", "figures", "results", "subjects")
        ),
        tuple(
            f"tests/{EVALUATION}/test_{name}.py"
            for name in ("evaluate", "subjects", "asking", "fulfilments", "whole", "judging_by_hand")
        ),
    ),
    "permissions": Module(
        ("app/organisation/permissions.py",),
        ("tests/organisation/test_permission_table.py", "tests/organisation/test_permissions.py"),
    ),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One file with one change."""

    file: str
    source: str
    line: int
    was: str
    becomes: str

    @property
    def change(self) -> tuple[str, str, str]:
        return self.file, self.was, self.becomes

    def __str__(self) -> str:
        lines = [f"{self.file}:{self.line}"]
        lines += [f"    - {each}" for each in self.was.splitlines()]
        return "\n".join(lines + [f"    + {each}" for each in self.becomes.splitlines()])


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A change that no test can notice, and why."""

    change: tuple[str, str, str]
    reason: str


# Changing


class _WithoutTypes(ast.NodeTransformer):
    """Annotations are no part of what runs (PEP 563, PEP 649), also where an older Python still evaluates them; nor is
    what a protocol says, or what is imported for them alone."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        node.annotation = ast.Constant(None)
        self.generic_visit(node)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        if any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases):
            node.body = [ast.Pass()]
        self.generic_visit(node)
        return node

    def visit_If(self, node: ast.If) -> ast.If:
        if any(isinstance(each, ast.Name) and each.id == "TYPE_CHECKING" for each in ast.walk(node.test)):
            node.test, node.body = ast.Constant(False), [ast.Pass()]
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        self.generic_visit(node)
        return node


def _meaning(source: str) -> str | None:
    """What of it runs; None if it is no Python."""
    try:
        return ast.dump(_WithoutTypes().visit(ast.parse(source)))
    except SyntaxError:
        return None


def mutants(file: str, source: str) -> list[Mutant]:
    """Every change of one place in that source that Cosmic Ray knows, each once."""
    return sorted(_made(file, source, places(source)), key=lambda mutant: (mutant.line, mutant.becomes))


def drawn(sources: Mapping[str, str], number: int, seed: int) -> list[Mutant]:
    """So many of them, by chance, without making the others."""
    found = [(file, place) for file, source in sources.items() for place in places(source)]
    random.Random(seed).shuffle(found)
    knowing: dict[str, set[str | None]] = {}
    made = chain.from_iterable(_made(file, sources[file], [place], knowing) for file, place in found)
    return list(islice(made, number))


Place = tuple[str, int]
"""An operator's name, and which of the places where it applies."""


def places(source: str) -> list[Place]:
    """Where each operator applies; some give the same change, or none."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    nodes = list(ast_nodes(get_ast(source)))
    found: list[Place] = []
    for name in operator_names():
        kind = get_operator(name)
        if not kind.arguments():  # the others want to be told what to put in place of what
            operator = kind()
            count = sum(len(list(operator.mutation_positions(node))) for node in nodes)
            found += [(name, n) for n in range(count)]
    return found


def _made(
    file: str, source: str, wanted: Iterable[Place], knowing: dict[str, set[str | None]] | None = None
) -> Iterator[Mutant]:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    knowing = {} if knowing is None else knowing
    known = knowing.setdefault(file, {None, _meaning(source)})
    for name, n in wanted:
        changed = mutate_code(source, get_operator(name)(), n)
        meaning = _meaning(changed)
        if meaning not in known:
            known.add(meaning)
            yield _mutant(file, source, changed)


def _mutant(file: str, source: str, changed: str) -> Mutant:
    old, new = source.splitlines(), changed.splitlines()
    before = _shared(old, new)
    after = _shared(old[before:][::-1], new[before:][::-1])
    was, becomes = (
        "\n".join(line.strip() for line in lines[before : len(lines) - after]).strip() for lines in (old, new)
    )
    return Mutant(file, changed, before + 1, was, becomes)


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """How many lines they begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def equivalents(path: Path = EQUIVALENT) -> list[Equivalent]:
    """Those that are listed."""
    told: list[dict[str, str]] = tomllib.loads(path.read_text("utf-8")).get("equivalent", [])
    return [Equivalent((each["file"], each["was"], each["becomes"]), each["reason"]) for each in told]


def wrong_with(listed: Sequence[Equivalent], made: Sequence[Mutant]) -> list[str]:
    """What is wrong with the list, as far as it is of the files that these mutants are of."""
    files, changes = {mutant.file for mutant in made}, {mutant.change for mutant in made}
    here = [each for each in listed if each.change[0] in files]
    wrong = [f"listed, but no such mutant: {each.change}" for each in here if each.change not in changes]
    wrong += [f"listed without a reason: {each.change}" for each in here if not each.reason.strip()]
    if len(here) > MOST_EQUIVALENT * len(made):
        wrong.append(f"{len(here)} of {len(made)} mutants listed as equivalent, at most {MOST_EQUIVALENT:.0%} may be")
    return wrong


# Trying


@contextmanager
def copies(number: int) -> Iterator[SimpleQueue[Path]]:
    """So many copies of the tree to change: the tree itself is never touched."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        free: SimpleQueue[Path] = SimpleQueue()
        for n in range(number):
            free.put(Path(shutil.copytree(ROOT, Path(folder) / str(n), ignore=NOT_COPIED)))
            (Path(folder) / str(n) / ".venv").symlink_to(ROOT / ".venv")
            (Path(folder) / str(n) / "instance").mkdir()
        try:
            yield free
        finally:
            stop()


_nurseries: dict[tuple[Path, tuple[str, ...]], subprocess.Popen[str]] = {}
SETTINGS = ("-p", "tests.mutants_settings", "-p", "no:cacheprovider")


def _ask(copy: Path, how: Sequence[str], question: Mapping[str, Any]) -> tuple[int, str]:
    """Ask the process of that kind in the copy; the first time it is started."""
    key = copy, tuple(how)
    if key not in _nurseries:
        command = [sys.executable, "-m", "tests.mutants_nursery", *how]
        pipe = subprocess.PIPE
        _nurseries[key] = subprocess.Popen(command, cwd=copy, stdin=pipe, stdout=pipe, text=True)
    nursery = _nurseries[key]
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(json.dumps(question) + "\n")
    nursery.stdin.flush()
    answer = json.loads(nursery.stdout.readline())
    return answer["code"], answer["output"]


def stop() -> None:
    """End the processes that tests run in."""
    for nursery in _nurseries.values():
        nursery.kill()
        nursery.wait()
    _nurseries.clear()


def pytest_in(copy: Path, *arguments: str, seconds: float | None = None) -> tuple[int, str]:
    """Outcome and output of pytest there; -1 when it takes longer than that. The libraries are loaded once a copy."""
    return _ask(copy, (), {"arguments": [*SETTINGS, *arguments], "seconds": seconds})


def warm_in(copy: Path, tests: Sequence[str], mutant: Mutant, seconds: float) -> int:
    """Outcome of the tests there with the mutant's functions put in, the copy being left as it is; COLD if they cannot
    be: then nothing was tried."""
    old = (copy / mutant.file).read_text("utf-8")
    module = mutant.file.removesuffix(".py").replace("/", ".")
    question = {"module": module, "old": old, "new": mutant.source, "seconds": seconds}
    return _ask(copy, ("--warm", *SETTINGS, *tests), question)[0]


def passing(output: str) -> list[str]:
    """The tests that passed, the shortest first, from what `pytest -rpfE -vv --durations=0` prints."""
    took: dict[str, float] = {}
    for seconds, test in re.findall(r"^(\d+\.\d+)s (?:setup|call|teardown) +(\S.*)$", output, flags=re.MULTILINE):
        took[test] = took.get(test, 0) + float(seconds)
    passed = re.findall(r"^PASSED (\S.*)$", output, flags=re.MULTILINE)
    return sorted(passed, key=lambda test: took.get(test, 0))


def baseline(copy: Path, module: Module) -> tuple[list[str], float]:
    """The tests that pass unchanged, shortest first, and the seconds that they all take."""
    began = time.monotonic()
    _code, output = pytest_in(
        copy, "-rpfE", "-vv", "--durations=0", "-k", "not postgresql", "-m", "not slow", *module.tests
    )
    tests = passing(output)
    for failed in re.findall(r"^(?:FAILED|ERROR) .*$", output, flags=re.MULTILINE):
        print("left out, it does not pass unchanged:", failed)
    if not tests:
        raise SystemExit(output)
    return tests, time.monotonic() - began


def survives(free: SimpleQueue[Path], tests: Sequence[str], seconds: float, mutant: Mutant) -> bool:
    """Whether none of the tests notices; one that takes too long has."""
    copy = free.get()
    path = copy / mutant.file
    try:
        code = warm_in(copy, tests, mutant, seconds)
        if code == COLD:
            whole = path.read_text("utf-8")
            try:
                _write(path, mutant.source)
                code, _output = pytest_in(copy, "-x", "-q", *tests, seconds=seconds)
            finally:
                _write(path, whole)
        return code == 0
    finally:
        free.put(copy)


def _write(path: Path, source: str) -> None:
    """A second later than what was there, so that Python compiles it again."""
    at = path.stat().st_mtime + 1
    path.write_text(source, "utf-8")
    os.utime(path, (at, at))


def try_module(name: str, asked: Any) -> tuple[list[Any], list[str]]:
    """A row of the table, and what is wrong."""
    module = MODULES[name]
    sources = {file: (ROOT / file).read_text("utf-8") for file in module.files}
    listed, wrong = equivalents(), []
    if asked.sample:
        made = drawn(sources, asked.sample, asked.seed)
    else:
        made = [mutant for file, source in sources.items() for mutant in mutants(file, source)]
        wrong += wrong_with(listed, made)
    set_aside = {each.change for each in listed}
    tried = [mutant for mutant in made if mutant.change not in set_aside]
    with copies(asked.jobs) as free:
        copy = free.get()
        tests, seconds = baseline(copy, module)
        free.put(copy)
        print(f"{name}: {len(made)} mutants, {len(tried)} tried, {len(tests)} tests in {seconds:.0f} s", flush=True)
        with ThreadPoolExecutor(asked.jobs) as pool:
            outcomes = pool.map(partial(survives, free, tests, 60 + 4 * seconds), tried)
            survivors = []
            for number, (mutant, alive) in enumerate(zip(tried, outcomes, strict=True), 1):
                if number % 25 == 0:
                    print(f"{name}: {number} tried", file=sys.stderr, flush=True)
                if alive:
                    survivors.append(mutant)
                    print("survives:", mutant, flush=True)  # as it is found: who stops the run has seen it
    killed = len(tried) - len(survivors)
    share = killed / len(tried)
    if share < LEAST_KILLED:
        wrong.append(f"{share:.1%} killed, at least {LEAST_KILLED:.0%} must be")
    row = [name, len(made), len(made) - len(tried), len(tried), killed, len(survivors)]
    return [*row, f"{share:.1%}"], [f"{name}: {each}" for each in wrong]


def main() -> None:
    """Try, and print the table."""
    options = argparse.ArgumentParser(description="one change at a time, and the tests that must notice")
    options.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(MODULES)}; without any, all")
    options.add_argument("--sample", type=int, default=0, help="so many of each module, drawn by --seed, not all")
    options.add_argument("--seed", type=int, default=9)
    options.add_argument("--jobs", type=int, default=1, help="at the same time, each in a copy of the tree")
    asked = options.parse_args()
    unknown = set(asked.modules) - set(MODULES)
    if unknown:
        options.error(f"no such module: {', '.join(sorted(unknown))}")
    rows, wrong = [], []
    for name in asked.modules or MODULES:
        row, complaints = try_module(name, asked)
        rows.append(row)
        wrong += complaints
    print(tabulate(rows, ["module", "mutants", "equivalent", "tried", "killed", "survived", "share"]))
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
