"""The arrows of the house: which room may know which. One table; code, templates and names in strings are held to it.

`python -m tests.test_layers` draws the table anew into docs/architecture.md.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
APP, TEMPLATES, DRAWING = ROOT / "app", ROOT / "templates", ROOT / "docs" / "architecture.md"

GROUND = ("organisation", "web", "core")
LAYERS: dict[str, tuple[str, ...]] = {
    "core": (),
    "web": ("core",),
    "organisation": ("web", "core"),
    "notifications": GROUND,
    "monitoring": ("notifications", *GROUND),
    "desk": GROUND,
    "procedures": GROUND,
    "publications": ("procedures", *GROUND),
    "cases": ("desk", "procedures", "notifications", *GROUND),
    "attachments": ("cases", "procedures", *GROUND),
    "slips": ("cases", "desk", "procedures", *GROUND),
    "payments": ("slips", "cases", "procedures", *GROUND),
    "tasks": ("procedures", "notifications", *GROUND),
    "obligations": ("tasks", "cases", "procedures", "notifications", *GROUND),
    "scorecards": ("tasks", *GROUND),
    "rulepacks": ("core",),
    "compliance": ("rulepacks", "notifications", *GROUND),
    "reporting": (
        *("compliance", "rulepacks", "attachments", "cases", "notifications", "obligations", "publications"),
        *("procedures", "scorecards", "slips", "tasks", *GROUND),
    ),
}
"""What each room may import, from the ground up. Nothing is above it but the demonstration and what binds the rooms."""

ABOVE = {"demo", "application", "command_names", "rooms", "migrations", ""}
"""May know every room: the demonstration, what binds the rooms (app/*.py), and the migrations, which know no room."""

LINKS: dict[str, tuple[str, ...]] = {
    "organisation": (
        "cases",
        "reporting",
    ),  # which cases' deadlines a day added to the calendar moves; the way from an empty site
    "compliance": ("cases", "reporting"),  # the cases behind a figure are a list of theirs; a month leads to its report
    "scorecards": ("reporting",),  # the live figures beside a criterion, asked for where that room is bound
    "obligations": ("reporting", "publications"),  # tabs of one page in three rooms
    "cases": ("slips",),  # the form of intake prints the slip of what is missing
}
"""Pages that lead to a room above: by the name of an address alone, and only where that room is bound."""

MENU = {APP / "organisation" / "navigation.py"}
"""Names the pages of every room; those of a room that is not bound are left out."""

TABLES = {("procedures", "cases")}
"""A room that counts the rows of another's table by its name: the catalogue, the cases received under a version."""

BLUEPRINTS = {"imports": "cases", "desk_lists": "cases", "evidence": "attachments"}
"""Names of addresses that are not called by their room."""


def allowed(room: str, other: str) -> bool:
    return room == other or room in ABOVE or other in LAYERS.get(room, ())


def room_of(path: Path) -> str:
    parts = path.relative_to(APP).parts
    return parts[0] if len(parts) > 1 else path.stem.replace("__init__", "")


@cache
def modules() -> Mapping[str, Path]:
    found = {}
    for path in APP.rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path, *, everywhere: bool = True) -> Iterator[str]:
    """Modules of the house that a file imports: wherever in it, or only when it is itself imported."""
    nodes = ast.walk(tree(path)) if everywhere else iter(tree(path).body)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "app")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "app":
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in modules() else node.module


def of_module(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def rooms() -> list[str]:
    return sorted({room_of(path) for path in modules().values()} - ABOVE)


def test_the_table_names_every_room_and_runs_one_way() -> None:
    assert sorted(LAYERS) == rooms()
    below: set[str] = set()
    for room, others in LAYERS.items():
        assert set(others) <= below, f"{room} knows a room that is not below it"
        below.add(room)


def test_no_room_imports_one_that_the_table_does_not_allow() -> None:
    wrong = {
        f"{path.relative_to(ROOT)} -> {name}"
        for path in modules().values()
        for name in imported(path)
        if name != "app" and not allowed(room_of(path), of_module(name))
    }
    assert wrong == set()


def test_no_name_of_a_module_in_a_string_goes_round_the_table() -> None:
    wrong = {
        f"{path.relative_to(ROOT)}: {node.value}"
        for path in modules().values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"app(\.\w+)+", node.value)
        if node.value in modules() and not allowed(room_of(path), of_module(node.value))
    }
    assert wrong == set()


def endpoints(text: str) -> set[str]:
    names = "|".join(sorted({*LAYERS, *BLUEPRINTS}))
    return set(re.findall(rf"[\"']({names})\.[a-z_]+[\"']", text))


def test_a_page_leads_only_where_its_room_may() -> None:
    wrong = set()
    for path in [*modules().values(), *TEMPLATES.rglob("*.*")]:
        inside = APP in path.parents
        room = room_of(path) if inside else room_of_template(path)
        if path in MENU or room in ABOVE:
            continue
        for name in endpoints(re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)):
            other = BLUEPRINTS.get(name, name)
            if not allowed(room, other) and other not in LINKS.get(room, ()):
                wrong.add(f"{path.relative_to(ROOT)} -> {other}")
    assert wrong == set()


def room_of_template(path: Path) -> str:
    """A template's room; the frame of every page, its errors and the shared macros are nobody's."""
    first = path.relative_to(TEMPLATES).parts[0]
    return first if first in LAYERS else "" if first != "components" else "web"


def test_a_template_includes_only_what_its_room_may() -> None:
    wrong = set()
    for path in TEMPLATES.rglob("*.*"):
        room = room_of_template(path)
        text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)
        for name in re.findall(r"\{%-?\s*(?:include|extends|import|from)\s+\"([^\"]+)\"", text):
            other = name.split("/")[0] if "/" in name else ""
            if other in LAYERS and not allowed(room, other):
                wrong.add(f"{path.relative_to(ROOT)} -> {name}")
    assert wrong == set()


def test_no_room_names_the_table_of_one_it_may_not_know() -> None:
    owners = {
        node.value.value: room_of(path)
        for path in modules().values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if any(isinstance(target, ast.Name) and target.id == "__tablename__" for target in node.targets)
    }
    assert len(owners) > 40
    named = {
        (room_of(path), owners[node.args[0].value])
        for path in modules().values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "table" and node.args
        if isinstance(node.args[0], ast.Constant) and node.args[0].value in owners
    }
    assert {pair for pair in named if not allowed(*pair)} == TABLES


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """What leads back to itself (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in arrows.get(name, set()):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            circle = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(circle) > 1:
                found.append(sorted(circle))

    sys.setrecursionlimit(10_000)
    for name in arrows:
        if name not in index:
            visit(name)
    return found


def test_circles_are_seen() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c"]]


def test_no_circle_of_files() -> None:
    assert circles({n: set(imported(p, everywhere=False)) - {n} for n, p in modules().items()}) == []


def test_no_circle_of_rooms() -> None:
    arrows: dict[str, set[str]] = defaultdict(set)
    for name, path in modules().items():
        if room_of(path) not in ABOVE:
            arrows[of_module(name)] |= {of_module(other) for other in imported(path)} - {of_module(name)}
    assert circles(arrows) == []


def test_every_module_that_brings_something_is_bound() -> None:
    """A table, word, fact or page that no `register` loads would be missing only where nobody else imports it."""
    doors = {"models", "labels", "facts", "subjects"}
    wanted = {
        name
        for name, path in modules().items()
        if room_of(path) not in ABOVE
        if (path.stem in doors and room_of(path) not in ("core", "web")) or "\n@bp." in path.read_text(encoding="utf-8")
    }
    asked = (
        "import sys; from app import create_app; create_app(instance=sys.argv[1], secret_key='x'); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", asked, "/nonexistent"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert len(wanted) > 40
    assert wanted - set(loaded.stdout.split()) == set()


@pytest.mark.parametrize("package", ["core", "rulepacks"])
def test_what_is_pure_loads_neither_flask_nor_sqlalchemy(package: str) -> None:
    """In a process of its own, every module of it."""
    names = [name for name in modules() if of_module(name) == package]
    assert len(names) > 5
    asked = f"import sys, {', '.join(names)}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"flask", "flask_babel", "sqlalchemy", "werkzeug"} & set(done.stdout.split()) == set()


PURE = ("cases/timeline.py", "cases/vocabulary.py", "tasks/deadlines.py", "tasks/annexes.py")


@pytest.mark.parametrize("name", PURE)
def test_what_is_reckoned_needs_no_web_framework(name: str) -> None:
    found = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree(APP / name))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert not [module for module in found if module.startswith("flask")]


def test_no_class_name_in_two_modules() -> None:
    """One name for one thing, one thing for one name (docs/glossary.md)."""
    homes: dict[str, list[str]] = defaultdict(list)
    for path in modules().values():
        if "migrations" in path.parts:
            continue
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(str(path.relative_to(ROOT)))
    assert len(homes) > 400
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}


def test_helpers_are_named_for_what_they_do() -> None:
    unsaid = {"_told", "_said", "_plain", "_cells"}
    found = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in modules().values()
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and node.name in unsaid
    }
    assert found == set()


BEGIN, END = "<!-- layers: made by `python -m tests.test_layers` -->", "<!-- end of layers -->"


def drawing() -> str:
    """The table as a drawing; an arrow that follows from others is left out."""
    lines = ["```mermaid", "graph BT"]
    for room, others in LAYERS.items():
        direct = [other for other in others if not any(other in LAYERS[via] for via in others if via != other)]
        lines += [f"    {other} --> {room}" for other in direct] or [f"    {room}"]
    return "\n".join([BEGIN, "", *lines, "```", "", END])


def test_the_drawing_is_of_this_table() -> None:
    assert drawing() in DRAWING.read_text(encoding="utf-8")


if __name__ == "__main__":
    text = DRAWING.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    DRAWING.write_text(before + drawing() + after, encoding="utf-8")
