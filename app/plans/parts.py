"""The parts of this room: tasks, duties, score tables. Each brings its own pages, words, facts, commands."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def gathered(*names: str) -> list[ModuleType]:
    """These modules of the room, imported; one that a part does not have is left out."""
    return [import_module(f"{__package__}.{name}") for name in names if _exists(name)]


def _exists(name: str) -> bool:
    """Whether the room has this module, asked one folder at a time: a folder may be absent too."""
    folder, _dot, rest = name.partition(".")
    found = find_spec(f"{__package__}.{folder}")
    return found is not None and (not rest or find_spec(f"{__package__}.{name}") is not None)
