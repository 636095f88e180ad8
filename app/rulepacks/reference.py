"""JSON Schemas of the pack files, for editors that complete and check YAML while it is written.

They are kept in `rules/schema/`; `python -m app.rulepacks.reference` writes them, and the reference of the language in
`docs/rule-language.md`, anew when the language changes.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from app.rulepacks.language import PACK_FILES, PLACEHOLDERS
from app.rulepacks.words import Words

ROOT = next(folder for folder in Path(__file__).resolve().parents if folder.name == "app").parent
FOLDER = ROOT / "rules" / "schema"
REFERENCE = ROOT / "docs" / "rule-language.md"


def schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema (2020-12) for each file of a pack, by the file's name."""
    known = {model.__name__: model for model in _models(Words)}
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
        | _described(content.json_schema(by_alias=True), known)
        for name, content in PACK_FILES.items()
    }


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in model.__subclasses__():
        yield each
        yield from _models(each)


def _described(schema: dict[str, Any], known: dict[str, type[BaseModel]]) -> dict[str, Any]:
    """The schema with the words that stand below each field in the source."""
    for name, part in (schema.get("$defs", {}) | {schema.get("title"): schema}).items():
        if model := known.get(name):
            words = _words_below_fields(model)
            for field, info in model.model_fields.items():
                if field in words:
                    described = part["properties"][info.alias or field]
                    described["description"] = words[field]
                    part["properties"][info.alias or field] = dict(sorted(described.items()))
    return schema


def _words_below_fields(model: type[BaseModel]) -> dict[str, str]:
    """Of a class: the text that stands below each of its fields, by the field's name."""
    (body,) = (node.body for node in ast.parse(inspect.getsource(model)).body if isinstance(node, ast.ClassDef))
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def schema_texts() -> dict[str, str]:
    """The schemas as files: rules.schema.json and so on."""
    return {
        f"{Path(name).stem}.schema.json": json.dumps(schema, ensure_ascii=False, indent=1) + "\n"
        for name, schema in schemas().items()
    }


@cache
def language_version() -> str:
    """Eight letters that change when what may be written in a pack changes."""
    return hashlib.sha256(json.dumps(schemas(), sort_keys=True).encode()).hexdigest()[:8]


Schema = Mapping[str, Any]

HEAD = """# The rule language

Made from the schema of the language by `flask rules reference`; do not edit. How to write a pack is told in
[rules/README.md](../rules/README.md), and step by step in [the tutorial](tutorial-new-plan.md); the kinds of facts
that rules read are listed by `flask rules kinds`.

Everything that stands side by side in a file is needed or may be left out as the tables say; nothing else may be
written. Shares are written `35%` or `87,5%`, days `2024-01-31`, and a list of one may be written without brackets.
"""

PARTS = {
    "pack.yaml": "PackInfo",
    "parameters.yaml": "Parameter",
    "rules.yaml": "Rule",
    "tests.yaml": "PackTest",
}
"""What each file is made of."""
MANY = {
    "parameters.yaml": "Parameters by name, each:",
    "rules.yaml": "A list of rules, each:",
    "tests.yaml": "A list of tests, each:",
}


def reference() -> str:
    """The whole reference, in Markdown."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    told: set[str] = set()
    for file, schema in schemas().items():
        definitions: dict[str, Schema] = dict(schema.get("$defs", {}))
        root = PARTS[file]
        if root not in definitions:
            definitions[root] = {name: value for name, value in schema.items() if name != "$defs"}
        yield f"## {file}\n"
        if file in MANY:
            yield f"{MANY[file]}\n"
        for name in _reached(root, definitions):
            if name not in told:
                told.add(name)
                yield from _part(name, definitions[name], "" if name == root else name)
    yield from _messages()


def _reached(root: str, definitions: Mapping[str, Schema]) -> list[str]:
    """The parts that a part leads to, itself first, each once, in the order in which they are met."""
    found, waiting = [], [root]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting += [ref for ref in _refs(definitions[name]) if ref in definitions]
    return found


def _refs(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema["$ref"].rsplit("/", 1)[-1]
        for value in schema.values():
            yield from _refs(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _refs(value)


def _part(name: str, schema: Schema, heading: str) -> Iterator[str]:
    if heading:
        yield f"### {heading}\n"
    yield f"{schema.get('description', '')}\n"
    if "enum" in schema:
        yield "One of: " + ", ".join(f"`{value}`" for value in schema["enum"]) + ".\n"
        return
    yield "| field | | what it holds | |"
    yield "| --- | --- | --- | --- |"
    required = schema.get("required", ())
    for field, value in schema.get("properties", {}).items():
        needed = "needed" if field in required else ""
        words = " ".join(str(value.get("description", "")).split()).replace("|", "\\|")
        yield f"| `{field}` | {needed} | {_type(value)} | {words} |"
    if name == "Condition":
        yield "| `kind.field` | | Comparison | A field of a fact, compared. |"
    yield ""


def _type(schema: Any) -> str:
    """What may be written, in a few words."""
    if schema is True or not schema:
        return "anything"
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        kinds = [_type(one) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_type(schema.get('items') or {})}"
    if kind == "object":
        return f"by name: {_type(schema.get('additionalProperties') or {})}"
    names = {"string": "text", "integer": "number", "boolean": "true or false", "array": "list"}
    if isinstance(kind, list):
        return " or ".join(names[one] for one in kind)
    return "day" if schema.get("format") == "date" else names.get(str(kind), str(kind))


def _messages() -> Iterator[str]:
    yield "## What a message may say\n"
    yield "Besides, the bare name of any field that the rule reads or that the single thing judged has.\n"
    yield "| form | {placeholders} |"
    yield "| --- | --- |"
    for form, names in PLACEHOLDERS.items():
        yield f"| `{form}` | " + " ".join(f"`{{{name}}}`" for name in names) + " |"
    yield ""


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
    FOLDER.mkdir(exist_ok=True)
    for name, text in schema_texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
