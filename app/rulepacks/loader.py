"""Packs from folders and from stored texts; every fault found is named with its file, line and field."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.core.errors import N_, Problem
from app.core.yaml_files import MAX_BYTES, SourceError, YamlSource, plain_text, read_source, read_text
from app.rulepacks.language import PACK_FILES
from app.rulepacks.pack import Pack, Parameters, texts_hash, too_large
from app.rulepacks.sentences import Documents, load_documents
from app.rulepacks.validation import Catalogue, Checker
from app.rulepacks.words import PackError, problems_of

DOCUMENTS = "documents"
OPTIONAL: dict[str, Any] = {"parameters.yaml": {}, "tests.yaml": ()}
"""Files a pack may do without, and what it then has instead."""


def load_packs(root: Path, catalogue: Catalogue | None) -> list[Pack]:
    """Every pack under `rules/`, by name; `rules/documents` holds the official documents.

    Raises PackError with the problems of all packs.
    """
    packs, problems = load_each(root, catalogue)
    if problems:
        raise PackError(problems)
    return packs


def load_each(root: Path, catalogue: Catalogue | None) -> tuple[list[Pack], list[Problem]]:
    """The packs under `rules/` that can be read, by name, and the problems of the others.

    Raises PackError when there is no such folder, or its documents cannot be read.
    """
    if not root.is_dir():
        raise PackError([Problem(str(root), 1, "", "không có thư mục bộ quy tắc này.")])
    documents = load_documents(root / DOCUMENTS)
    packs: list[Pack] = []
    problems: list[Problem] = []
    for folder in sorted(path for path in root.iterdir() if (path / "pack.yaml").is_file()):
        try:
            packs.append(load_pack(folder, catalogue, documents))
        except PackError as error:
            problems.extend(error.problems)
    return packs, problems


def load_pack(path: Path, catalogue: Catalogue | None, documents: Documents | None = None) -> Pack:
    """One pack's folder. Without `documents`, those beside the folder are used if there are any.

    Raises PackError. Messages call a file by folder and name: khanh-hoa-department-2024/rules.yaml.
    """
    if not path.is_dir():
        raise PackError([Problem(str(path), 1, "", "không có thư mục bộ quy tắc này.")])
    if documents is None and (path.parent / DOCUMENTS).is_dir():
        documents = load_documents(path.parent / DOCUMENTS)
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    for name in PACK_FILES:
        if name in OPTIONAL and not (path / name).exists():
            continue
        try:
            texts[name] = read_text(path / name, name)
        except SourceError as error:
            problems.extend(error.problems)
    try:
        if problems:
            raise PackError(problems)
        pack = pack_from_texts(texts, catalogue, documents)
        if pack.id != path.name:
            message = N_("mã “%(id)s” phải giống tên thư mục “%(folder)s”.")
            params = {"id": pack.id, "folder": path.name}
            line = read_source("pack.yaml", texts["pack.yaml"]).line(("id",))
            raise PackError([Problem("pack.yaml", line, "id", message, params)])
    except PackError as error:
        placed = [Problem(f"{path.name}/{p.file}", p.line, p.field, p.message, p.params) for p in error.problems]
        raise PackError(placed) from error
    return pack


def pack_from_texts(
    texts: Mapping[str, str],
    catalogue: Catalogue | None = None,
    documents: Documents | None = None,
    unseen: set[str] | None = None,
) -> Pack:
    """A pack from its files' texts by name, as a run keeps them.

    Without a catalogue the text is one that was taken before: neither its fields nor its size are looked at. Without
    documents, quotes are not compared; a document that is not among them is a fault, or added to `unseen` where that
    is given. Raises PackError.
    """
    texts = {name: plain_text(text) for name, text in texts.items()}
    problems = [Problem(name, 1, "", "không phải là tệp của bộ quy tắc.") for name in texts if name not in PACK_FILES]
    sources: dict[str, YamlSource] = {}
    parts: dict[str, Any] = dict(OPTIONAL)
    for name, content in PACK_FILES.items():
        if name not in texts:
            if name not in OPTIONAL:
                problems.append(Problem(name, 1, "", "bộ quy tắc thiếu tệp này."))
            continue
        try:
            if len(texts[name].encode()) > MAX_BYTES:
                raise SourceError([Problem(name, 1, "", "tệp lớn hơn 1 MB.")])
            sources[name] = source = read_source(name, texts[name])
            if catalogue is not None and (found := too_large(source)):
                raise SourceError(found)
            parts[name] = content.validate_python(source.content)
        except SourceError as error:
            problems.extend(error.problems)
        except ValidationError as error:
            problems.extend(problems_of(error, source))
    if problems:
        raise PackError(problems)
    info, parameters, rules, tests = (parts[name] for name in PACK_FILES)
    if problems := Checker(sources, catalogue, documents, unseen).check(info, parameters, rules, tests):
        raise PackError(problems)
    return Pack(info, Parameters(parameters), rules, tests, texts, texts_hash(texts))
