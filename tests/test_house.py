"""Rules of the house that no single room can keep: translations complete, arrows one way, nothing from outside."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_keywords
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"


def imports_of(path: Path) -> set[str]:
    """Modules a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_every_sentence_has_its_english() -> None:
    with (APP / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    messages = [message for message in catalogue if message.id]
    assert len(messages) > 1000
    without = [m.id for m in messages if m.fuzzy or not (m.string if isinstance(m.string, str) else all(m.string))]
    assert without == []


def words_that_ask() -> dict[str, Any]:
    """The calls in which `make translations` looks for sentences."""
    recipe = re.sub(r"\\\n\s*", "", (ROOT / "Makefile").read_text(encoding="utf-8"))
    refusals, asked = (re.search(p, recipe)[1] for p in (r"REFUSALS := (.*)", r"--keywords '(.*?)'"))  # type: ignore[index]
    return {**DEFAULT_KEYWORDS, **parse_keywords(asked.replace("$(REFUSALS)", refusals).split())}


@cache
def sentences_found() -> frozenset[tuple[str | None, str]]:
    """What `make translations` finds in the code and the templates, by its own settings; with its context, if any."""
    keywords = words_that_ask()
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["babel"]["mappings"]
    found = set()
    for folder in ("app", "templates"):
        methods = [
            (mapping["pattern"].removeprefix(f"{folder}/"), mapping["method"])
            for mapping in mappings
            if mapping["pattern"].startswith(folder)
        ]
        for _file, _line, message, _said, context in extract_from_dir(ROOT / folder, methods, keywords=keywords):
            found.add((context, message if isinstance(message, str) else message[0]))
    return frozenset(found)


def test_every_sentence_in_the_code_is_in_the_catalogue() -> None:
    with (APP / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    known = {(each.context, each.id if isinstance(each.id, str) else each.id[0]) for each in catalogue}
    assert sorted(sentences_found() - known, key=str) == []


def test_no_sentence_is_asked_for_inside_an_f_string() -> None:
    """There `make translations` finds it on Python 3.12 and later only."""
    asking = {
        "_",
        "_l",
        "_p",
        "gettext",
        "lazy_gettext",
        "ngettext",
        "npgettext",
        "pgettext",
        "counted",
        "N_",
        "N_n",
        "NP_",
        "NP_n",
        "in_language",
        "in_language_as",
    }
    hidden = [
        f"{path.relative_to(APP)}:{node.lineno}"
        for path in APP.rglob("*.py")
        for string in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(string, ast.JoinedStr)
        for node in ast.walk(string)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in asking
    ]
    assert hidden == []


def test_english_keeps_the_placeholders_of_the_vietnamese() -> None:
    placeholder = re.compile(r"%\(\w+\)\w+")
    with (APP / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    for message in catalogue:
        if not message.id:
            continue
        original = message.id if isinstance(message.id, str) else message.id[1]
        for translated in (message.string,) if isinstance(message.string, str) else message.string:
            assert set(placeholder.findall(translated)) == set(placeholder.findall(original)), original


def test_only_the_engine_knows_durable_rules() -> None:
    users = {
        path.relative_to(APP).as_posix()
        for path in APP.rglob("*.py")
        if any(name.split(".")[0] in ("durable", "durable_rules_engine") for name in imports_of(path))
    }
    assert users == {"compliance/evaluation/engine_worker.py"}


def test_pages_bring_no_script_or_style_of_their_own_and_nothing_from_outside() -> None:
    forbidden = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=\"|javascript:|(?:src|href)=\"(?:https?:)?//", re.I
    )
    for path in (ROOT / "templates").rglob("*.html"):
        match = forbidden.search(path.read_text(encoding="utf-8"))
        assert match is None, f"{path.name}: {match and match.group()}"
    for path in (ROOT / "static/css").glob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//", path.read_text(encoding="utf-8")), path.name


def test_every_form_that_posts_carries_its_token() -> None:
    for path in (ROOT / "templates").rglob("*.html"):
        text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, re.S | re.I):
            assert re.search(r"csrf_token|hidden_tag|hidden_fields", form), path.name
