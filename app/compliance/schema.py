"""JSON Schemas of the pack files, for editors that complete and check YAML while it is written.

They are kept in `rules/schema/`; `python -m app.compliance.reference` writes them, and the reference of the language in
`docs/rule-language.md`, anew when the language changes.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from app.compliance.language import PACK_FILES
from app.compliance.words import Words

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
