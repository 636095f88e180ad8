"""The glossary speaks of names that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_name_of_the_glossary_is_in_the_code() -> None:
    rows = [line for line in (ROOT / "docs/glossary.md").read_text("utf-8").splitlines() if line.count("|") == 4]
    named = {name for row in rows for name in re.findall(r"`([\w.]+)`", row.split("|")[3])}
    assert len(named) > 80
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.py"))
    words = set(re.findall(r"\w+", code))
    modules = {name for name in named if name.startswith("app.")}
    assert {name for name in named - modules if name not in words} == set()
    assert {name for name in modules if not (ROOT / name.replace(".", "/")).is_dir()} == set()
