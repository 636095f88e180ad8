"""The plans' documents that stand in the rules' folder: which of them have an annex of tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from flask import current_app

from app.core.errors import DomainError, NotFound
from app.tasks.annexes import read_annex
from app.web.formats import in_both


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
    return list(_known(_folder()))


def document_with_tasks(code: str) -> PlanDocument:
    """One of them. NotFound when there is none of this code."""
    for document in documents_with_tasks():
        if document.code == code:
            return document
    raise NotFound("Không có văn bản “%(code)s” có phụ lục nhiệm vụ.", field="document", code=code)


def code_of(text: str) -> str | None:
    """The code of the document whose text this is, white space aside; None when it is none of the known ones. A copy
    under any file name is the same document."""
    told = " ".join(text.split())
    return next((code for code, known in _texts(_folder()).items() if known == told), None)


def plan_title(code: str) -> str:
    """The title of a plan in the reader's language; its code when its document is not here."""
    found = next((d for d in documents_with_tasks() if d.code == code), None)
    return in_both(found.title) if found else code


def _folder() -> Path:
    return Path(current_app.config["SETTINGS"].rules) / "documents"


@lru_cache(maxsize=4)
def _known(folder: Path) -> tuple[PlanDocument, ...]:
    """Read once for each process: the documents are part of the installation and do not change while it runs."""
    documents = (
        PlanDocument(entry["code"], entry["title"], entry.get("issued"), (folder / entry["file"]).read_text("utf-8"))
        for entry in _entries(folder)
    )
    return tuple(document for document in documents if _has_tasks(document.text))


@lru_cache(maxsize=4)
def _texts(folder: Path) -> Mapping[str, str]:
    """The text of every document by its code, every run of white space made one space."""
    return {entry["code"]: " ".join((folder / entry["file"]).read_text("utf-8").split()) for entry in _entries(folder)}


def _entries(folder: Path) -> list[Any]:
    index = folder / "documents.yaml"
    return (yaml.safe_load(index.read_text("utf-8")) or []) if index.is_file() else []


def _has_tasks(text: str) -> bool:
    try:
        read_annex(text)
    except DomainError:
        return False
    return True
