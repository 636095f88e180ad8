"""The audit trail is read by people: every verb, subject and detail that a service records has a name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from flask import Flask

from app.organisation import registries
from app.procedures.contents import ChargeContents, Contents, DocumentContents, ExemptionContents, StageContents

APP = Path(registries.__file__).parents[1]


def recorded() -> Iterator[tuple[str, int, ast.Call]]:
    """Every call of `audit.record` in the code."""
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                yield str(path.relative_to(APP)), node.lineno, node


def words(call: ast.Call) -> Iterator[tuple[str, str]]:
    """The registry and the word, of those that stand in the call."""
    for place, registry in ((1, "_ACTIONS"), (2, "_SUBJECTS")):
        if len(call.args) > place and isinstance(call.args[place], ast.Constant):
            yield registry, str(call.args[place].value)  # type: ignore[attr-defined]
    for keyword in call.keywords:
        if keyword.arg not in (None, "changed"):  # of `changed` the fields are named
            yield "_DETAILS", str(keyword.arg)


def test_every_word_of_the_trail_is_named(app: Flask) -> None:
    calls = list(recorded())
    assert len(calls) > 100
    unnamed = {
        f"{path}:{line} {registry} {word}"
        for path, line, call in calls
        for registry, word in words(call)
        if word not in getattr(registries, registry)
    }
    assert unnamed == set()


def test_what_a_procedure_says_is_named_to_the_last_part(app: Flask) -> None:
    parts = (Contents, StageContents, DocumentContents, ChargeContents, ExemptionContents)
    names = {field.name for part in parts for field in fields(part)}
    assert names - set(registries._DETAILS) == set()


def test_a_paper_and_an_instant_are_told_as_people_tell_them(app: Flask) -> None:
    with app.test_request_context():
        told = registries.details_in_words({"paper": "receipt", "tested_at": "2024-06-03 01:30:05.866346+00:00"})
        assert told == ["Giấy tờ: Biên lai", "Lúc thử: 03/06/2024 08:30"]
        assert registries.details_in_words({"paper": "tiep-nhan"}) == ["Giấy tờ: Giấy tiếp nhận và hẹn trả"]
