"""The reference of the rule language, made from its schema, so that it cannot say what the language does not do.

`python -m app.compliance.reference` writes it to docs/rule-language.md with the schemas for editors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.compliance.language import PLACEHOLDERS
from app.compliance.schema import FOLDER, REFERENCE, schema_texts, schemas

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
