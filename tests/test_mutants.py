"""The driver of `make mutate`: what it changes, tries and lists. Mutants themselves are tried by hand."""

from __future__ import annotations

import os
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests import mutants
from tests.mutants import EQUIVALENT, MODULES, ROOT, Equivalent, Mutant

SOURCE = """import sys

LIMIT: int | None = 3


def over(n: int | None) -> bool | None:
    return n is not None and n > LIMIT
"""


def made() -> list[Mutant]:
    return mutants.mutants("app/x.py", SOURCE)


def test_a_mutant_changes_what_runs_once_and_says_where() -> None:
    pytest.importorskip("cosmic_ray", reason="`make mutate` installs it")
    changes = {(mutant.line, mutant.was, mutant.becomes) for mutant in made()}
    was = "return n is not None and n > LIMIT"
    assert (7, was, "return n is not None and n >= LIMIT") in changes
    assert (7, was, "return n is not None or n > LIMIT") in changes
    assert (3, "LIMIT: int | None = 3", "LIMIT: int | None = 4") in changes
    assert {line for line, _was, _becomes in changes} == {3, 7}, "annotations are left alone"
    assert len(changes) == len(made()) == len({mutant.source for mutant in made()})
    assert "app/x.py:7\n    - return n is not None and n > LIMIT\n    + " in "".join(map(str, made()))


def listed(mutant: Mutant, reason: str = "it is the same") -> Equivalent:
    return Equivalent(mutant.change, reason)


def test_the_list_of_equivalent_mutants_is_short_true_and_gives_reasons() -> None:
    many = [Mutant("app/x.py", "", n, str(n), "0") for n in range(100)]
    assert mutants.wrong_with([listed(each) for each in many[:2]], many) == []
    assert "3 of 100" in mutants.wrong_with([listed(each) for each in many[:3]], many)[0]
    assert "without a reason" in mutants.wrong_with([listed(many[0], " ")], many)[0]
    gone = Mutant("app/x.py", "", 1, "a", "b")
    assert "no such mutant" in mutants.wrong_with([listed(gone)], many)[0]
    assert mutants.wrong_with([listed(Mutant("app/y.py", "", 1, "a", "b"))], many) == [], "of another module"


def test_what_is_named_is_there() -> None:
    named = [name for module in MODULES.values() for name in (*module.files, *module.tests)]
    assert [name for name in named if not (ROOT / name).is_file()] == []
    changed = {name for module in MODULES.values() for name in module.files}
    assert {each.change[0] for each in mutants.equivalents(EQUIVALENT)} <= changed


def test_the_tests_that_pass_are_taken_the_shortest_first() -> None:
    output = """
1.20s call     tests/a.py::test_slow[a b]
0.30s setup    tests/a.py::test_quick
0.01s call     tests/a.py::test_quick
PASSED tests/a.py::test_slow[a b]
PASSED tests/a.py::test_quick
FAILED tests/a.py::test_red - assert 1 == 2
"""
    assert mutants.passing(output) == ["tests/a.py::test_quick", "tests/a.py::test_slow[a b]"]


@pytest.mark.parametrize(("code", "alive"), [(0, True), (1, False), (2, False), (-1, False)])
def test_a_mutant_is_tried_in_a_copy_that_is_whole_again_afterwards(
    code: int, alive: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = "app/organisation/permissions.py"
    path, was = tmp_path / file, (ROOT / file).read_text("utf-8")
    path.parent.mkdir(parents=True)
    path.write_text(was, "utf-8")
    os.utime(path, (1e9, 1e9))
    found = []

    def run(copy: Path, *arguments: str, seconds: float) -> tuple[int, str]:
        found.append(((copy / file).read_text("utf-8"), path.stat().st_mtime, arguments, seconds))
        return code, ""

    monkeypatch.setattr(mutants, "pytest_in", run)
    free: SimpleQueue[Path] = SimpleQueue()
    free.put(tmp_path)
    assert mutants.survives(free, ["tests/a.py::test"], 5, Mutant(file, "changed = 1\n", 1, "", "")) is alive
    assert found == [("changed = 1\n", 1e9 + 1, ("-x", "-q", "tests/a.py::test"), 5)]
    assert (path.read_text("utf-8"), path.stat().st_mtime, free.get()) == (was, 1e9 + 2, tmp_path)
