"""JSON Schemas of the pack files, for editors that complete and check YAML while it is written."""

from __future__ import annotations

from typing import Any

from app.compliance.language import PACK_FILES


def schemas() -> dict[str, dict[str, Any]]:
    """A JSON Schema (2020-12) for each file of a pack, by the file's name."""
    return {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
        | content.json_schema(by_alias=True)
        for name, content in PACK_FILES.items()
    }
