"""Every address of the site and every form, and the names of what each of them reads: for tests that walk them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask
from flask_wtf import FlaskForm
from werkzeug.routing import Rule
from wtforms import Field

APP = Path(__file__).resolve().parent.parent / "app"
LONG = "b" * 100_000


@cache
def all_forms() -> list[type[FlaskForm]]:
    for path in APP.rglob("*.py"):
        if "Form" in path.read_text(encoding="utf-8") and "migrations" not in path.parts:
            import_module(".".join(path.relative_to(APP.parent).with_suffix("").parts))
    return sorted(
        (form for form in below(FlaskForm) if form.__module__.startswith("app.")),
        key=lambda form: (form.__module__, form.__name__),
    )


def below(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def fields_of(form: type[FlaskForm]) -> Iterator[tuple[str, type[Field]]]:
    for name in dir(form):
        field = getattr(form, name, None)
        if hasattr(field, "field_class"):
            yield name, field.field_class


def rules(app: Flask, method: str) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if method in (rule.methods or ()) and rule.endpoint not in ("static", "organisation.sign_out")
    ]


def rule_of(app: Flask, endpoint: str) -> Rule:
    return next(app.url_map.iter_rules(endpoint))


def address(app: Flask, rule: Rule, part: str) -> str:
    choices = re.sub(r"<any\(([^,)]*)[^)]*\):\w+>", r"\1", rule.rule)
    return re.sub(r"<[^>]+>", part, choices)


def argument_names(app: Flask, rule: Rule) -> set[str]:
    """What the view's module reads of an address, and what its forms are called."""
    return names_in(app, rule, r"""request\.(?:args|values)(?:\.get(?:list)?\(|\[)"(\w+)""")


def field_names(app: Flask, rule: Rule) -> set[str]:
    return names_in(app, rule, r"""request\.(?:form|values)(?:\.get(?:list)?\(|\[)"(\w+)""")


def names_in(app: Flask, rule: Rule, pattern: str) -> set[str]:
    return names_of_module(app.view_functions[rule.endpoint].__module__, pattern)


@cache
def names_of_module(name: str, pattern: str) -> set[str]:
    source = Path(str(import_module(name).__file__)).read_text(encoding="utf-8")
    used = [form for form in all_forms() if re.search(rf"\b{form.__name__}\b", source)]
    return set(re.findall(pattern, source)) | {name for form in used for name, _kind in fields_of(form)}
