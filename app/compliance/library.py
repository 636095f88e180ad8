"""The texts that a judgement rests on, for pages: the packs as a run used them, and the official documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import current_app
from sqlalchemy import select

from app.compliance import packs
from app.compliance.documents import Document, load_documents
from app.compliance.language import Rule
from app.compliance.loader import DOCUMENTS, pack_from_texts
from app.compliance.models import CheckRun, PackText
from app.compliance.pack import Pack
from app.errors import NotFound
from app.extensions import db
from app.organisation.access import site

if TYPE_CHECKING:
    from app.compliance.queries import Sighted

Library = dict[str, Pack]
"""Packs by id."""

_old: dict[str, Pack] = {}


def packs_of(run: CheckRun) -> Library:
    """The packs that the run judged by, in its order, in the words they had then."""
    now = {pack.hash: pack for pack in packs.all_packs()}
    hashes = [used["hash"] for used in run.packs]
    missing = [text_hash for text_hash in hashes if text_hash not in now and text_hash not in _old]
    if missing:
        kept = select(PackText).where(PackText.site == site(), PackText.hash.in_(missing))
        _old.update((row.hash, pack_from_texts(row.files)) for row in db.session.scalars(kept))
    found = {**_old, **now}
    return {found[text_hash].id: found[text_hash] for text_hash in hashes if text_hash in found}


def rule_in(library: Library, pack_id: str, rule_id: str) -> Rule | None:
    """The rule, or None where the library does not have it."""
    pack = library.get(pack_id)
    return next((rule for rule in pack.rules if rule.id == rule_id), None) if pack else None


def with_rules(run: CheckRun, seen: Iterable[Sighted]) -> Iterator[tuple[Sighted, Rule]]:
    """The violations that a run spoke of, each with its rule as the run used it."""
    used = packs_of(run)
    for found in seen:
        yield found, rule_in(used, found.pack, found.rule) or rule_by_name(found.pack, found.rule)


def rule_by_name(pack_id: str, rule_id: str) -> Rule:
    """The rule as its pack has it now; one taken out since, in the last words that a run used. Raises NotFound."""
    if rule := rule_in(present(), pack_id, rule_id):
        return rule
    kept = select(PackText).where(PackText.site == site(), PackText.pack == pack_id).order_by(PackText.id.desc())
    for row in db.session.scalars(kept):
        if row.hash not in _old:
            _old[row.hash] = pack_from_texts(row.files)
        if rule := rule_in({pack_id: _old[row.hash]}, pack_id, rule_id):
            return rule
    raise NotFound("Bộ quy tắc %(pack)s không có quy tắc %(rule)s.", pack=pack_id, rule=rule_id)


def present() -> Library:
    """The packs as they are in the rules folder now."""
    return {pack.id: pack for pack in packs.all_packs()}


def documents() -> dict[str, Document]:
    """The official documents by code."""
    folder = Path(current_app.config["SETTINGS"].rules) / DOCUMENTS
    return _documents(folder, max((path.stat().st_mtime_ns for path in folder.iterdir()), default=0))


@lru_cache(maxsize=4)
def _documents(folder: Path, _changed: int) -> dict[str, Document]:
    return load_documents(folder)


def alike(rule: Rule, library: Library) -> Iterator[tuple[Pack, Rule]]:
    """The other rules that judge the same figures, perhaps by other words of another plan."""
    for pack, other in every_rule(library.values()):
        if other is not rule and other.rate is not None and rule.rate is not None and _counted(other) == _counted(rule):
            yield pack, other


def every_rule(packs: Iterable[Pack]) -> Iterator[tuple[Pack, Rule]]:
    """Rule after rule, each with its pack."""
    for pack in packs:
        for rule in pack.rules:
            yield pack, rule


def _counted(rule: Rule) -> tuple[object, object] | None:
    return (rule.rate.count, rule.rate.among) if rule.rate else None
