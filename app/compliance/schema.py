"""JSON Schemas of the pack files, for editors that complete and check YAML while it is written.

They are kept in `rules/schema/`; `python -m app.compliance.schema` writes them, and the reference of the language in
`docs/rule-language.md`, anew when the language changes.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from app.compliance.language import PACK_FILES

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "rules" / "schema"
REFERENCE = ROOT / "docs" / "rule-language.md"


def schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema (2020-12) for each file of a pack, by the file's name."""
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
        | content.json_schema(by_alias=True)
        for name, content in PACK_FILES.items()
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


if __name__ == "__main__":
    from app.compliance.reference import reference

    REFERENCE.write_text(reference(), encoding="utf-8")
    FOLDER.mkdir(exist_ok=True)
    for name, text in schema_texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
