"""The driver of `make mutate`: what it changes, tries and lists. Mutants themselves are tried by hand."""

from __future__ import annotations

import os
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType

import pytest

from tests import mutants, mutants_nursery
from tests.mutants import EQUIVALENT, MODULES, ROOT, Equivalent, Mutant
from tests.mutants_nursery import COLD

SOURCE = """import sys

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT: int | None = 3


class Over(Protocol):
    @property
    def limit(self) -> int: ...


def over(n: int | None) -> bool | None:
    return n is not None and n > LIMIT
"""


def made() -> list[Mutant]:
    return mutants.mutants("app/x.py", SOURCE)


def test_a_mutant_changes_what_runs_once_and_says_where() -> None:
    pytest.importorskip("cosmic_ray", reason="`make mutate` installs it")
    changes = {(mutant.line, mutant.was, mutant.becomes) for mutant in made()}
    was = "return n is not None and n > LIMIT"
    assert (15, was, "return n is not None and n >= LIMIT") in changes
    assert (15, was, "return n is not None or n > LIMIT") in changes
    assert (6, "LIMIT: int | None = 3", "LIMIT: int | None = 4") in changes
    assert {line for line, _was, _becomes in changes} == {6, 15}, "annotations and protocols are left alone"
    assert len(changes) == len(made()) == len({mutant.source for mutant in made()})
    assert "app/x.py:15\n    - return n is not None and n > LIMIT\n    + " in "".join(map(str, made()))


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

    free: SimpleQueue[Path] = SimpleQueue()
    free.put(tmp_path)
    mutant = Mutant(file, "changed = 1\n", 1, "", "")
    monkeypatch.setattr(mutants, "pytest_in", run)
    monkeypatch.setattr(mutants, "warm_in", lambda *_asked: code)
    assert mutants.survives(free, ["tests/a.py::test"], 5, mutant) is alive
    assert found == [], "what a waiting pytest can tell is not asked again"
    monkeypatch.setattr(mutants, "warm_in", lambda *_asked: COLD)
    assert mutants.survives(free, ["tests/a.py::test"], 5, mutant) is alive
    assert found == [("changed = 1\n", 1e9 + 1, ("-x", "-q", "tests/a.py::test"), 5)]
    assert (path.read_text("utf-8"), path.stat().st_mtime, free.get()) == (was, 1e9 + 2, tmp_path)


# What a waiting pytest can be told


MODULE = """LIMIT = 3

def over(n, limit=2):
    return [each for each in n if each > limit]

class Clock:
    name = "a"

    @property
    def told(self):
        return over([1, 2, 3])

    @classmethod
    def made(cls):
        return cls()
"""


@pytest.mark.parametrize(
    ("was", "becomes", "functions"),
    [
        ("each > limit", "each >= limit", ["over"]),
        ("over([1, 2, 3])", "over([1, 2, 4])", ["Clock.told"]),
        ("return cls()", "return True", ["Clock.made"]),
        ("return cls()", "\n        return cls()", []),  # a line further down
        ("LIMIT = 3", "LIMIT = 4", None),
        ("limit=2", "limit=1", None),
        ('name = "a"', 'name = "b"', None),
        ("@property", "@staticmethod", None),
        ("LIMIT = 3", "LIMIT = True", None),
        ("def over", "def other", None),
    ],
)
def test_only_what_runs_when_it_is_called_is_a_functions(was: str, becomes: str, functions: list[str] | None) -> None:
    changed = MODULE.replace(was, becomes, 1)
    assert mutants_nursery.changed_functions(MODULE, changed) == functions


def test_a_changed_function_is_found_in_what_it_is_wrapped_in() -> None:
    module = ModuleType("made")
    exec(MODULE, vars(module))
    compiled = compile(MODULE.replace("[1, 2, 3]", "[7]").replace("cls()", "7"), "", "exec")
    clock = module.Clock()
    for path in ("Clock.told", "Clock.made"):
        mutants_nursery.function_at(module, path).__code__ = mutants_nursery.code_at(compiled, path)
    assert (clock.told, module.Clock.made()) == ([7], 7)


def test_a_pytest_that_waits_tells_which_changes_its_tests_notice(tmp_path: Path) -> None:
    """What has run by then, and what runs when a module is loaded, it cannot tell."""
    (tmp_path / "tests").mkdir()
    for name in ("mutants_nursery", "mutants_settings"):
        (tmp_path / f"tests/{name}.py").write_text((ROOT / f"tests/{name}.py").read_text("utf-8"), "utf-8")
    source = "LIMIT = 3\n\ndef over(n):\n    return n > LIMIT\n\ndef ran():\n    return 1\n\nRAN = ran()\n"
    (tmp_path / "made.py").write_text(source, "utf-8")
    test = "import made\n\ndef test_over():\n    assert [made.over(n) for n in (2, 4)] == [False, True]\n"
    (tmp_path / "test_made.py").write_text(test, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")

    def outcome(becomes: str, was: str = "n > LIMIT") -> int:
        question = {"module": "made", "old": source, "new": source.replace(was, becomes, 1), "seconds": 2}
        return mutants._ask(tmp_path, ("--warm", *mutants.SETTINGS, "test_made.py"), question)[0]

    try:
        assert [outcome("n < LIMIT"), outcome("n >= LIMIT"), outcome("n > LIMIT")] == [1, 0, 0]
        assert outcome("n") == 1, "an earlier change is gone"
        assert [outcome("LIMIT = 4", "LIMIT = 3"), outcome("return 2", "return 1")] == [COLD, COLD]
        assert outcome("[n for n in iter(int, 1)]") == -1
    finally:
        mutants.stop()
