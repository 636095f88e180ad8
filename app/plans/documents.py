"""The plans' documents that stand in the rules' folder: which of them have an annex of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import yaml
from flask import current_app

from app.errors import DomainError, NotFound
from app.formats import in_both
from app.plans.annexes import read_annex


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A document: its code, title in `vi` and `en`, day of issue where it is certain, and its text."""

    code: str
    title: Mapping[str, str]
    issued: date | None
    text: str

    def title_in_language(self) -> str:
        """The title in the reader's language, after its code."""
        return f"{self.code}: {in_both(self.title)}"


def documents_with_tasks() -> list[PlanDocument]:
    """The documents that have an annex of tasks, in the order of their index."""
    return list(_known(Path(current_app.config["SETTINGS"].rules) / "documents"))


def document_with_tasks(code: str) -> PlanDocument:
    """One of them. NotFound when there is none of this code."""
    for document in documents_with_tasks():
        if document.code == code:
            return document
    raise NotFound("Không có văn bản “%(code)s” có phụ lục nhiệm vụ.", field="document", code=code)


def plan_title(code: str) -> str:
    """The title of a plan in the reader's language; its code when its document is not here."""
    found = next((d for d in documents_with_tasks() if d.code == code), None)
    return in_both(found.title) if found else code


@lru_cache(maxsize=4)
def _known(folder: Path) -> tuple[PlanDocument, ...]:
    """Read once for each process: the documents are part of the installation and do not change while it runs."""
    index = folder / "documents.yaml"
    if not index.is_file():
        return ()
    entries = yaml.safe_load(index.read_text("utf-8")) or []
    documents = (
        PlanDocument(entry["code"], entry["title"], entry.get("issued"), (folder / entry["file"]).read_text("utf-8"))
        for entry in entries
    )
    return tuple(document for document in documents if _has_tasks(document.text))


def _has_tasks(text: str) -> bool:
    try:
        read_annex(text)
    except DomainError:
        return False
    return True
