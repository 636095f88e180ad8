"""The texts that a judgement rests on, for pages: the packs as a run used them, and the official documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import current_app
from sqlalchemy import select

from app.compliance import packs
from app.compliance.documents import Document, load_documents
from app.compliance.language import Rule
from app.compliance.loader import DOCUMENTS
from app.compliance.models import CheckRun, PackText
from app.compliance.pack import Pack
from app.errors import NotFound
from app.extensions import db
from app.organisation.access import site
from app.periods import Period

if TYPE_CHECKING:
    from app.compliance.queries import Sighted

Library = dict[str, Pack]
"""Packs by id."""


def packs_of(run: CheckRun) -> Library:
    """The packs that the run judged by, in its order, in the words they had then."""
    found: Library = {}
    for used in run.packs:
        with suppress(NotFound):  # a text that somebody deleted beside the software: verifying the run says so
            found[used["id"]] = packs.text(used["hash"])
    return found


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
    kept = select(PackText.hash).where(PackText.site == site(), PackText.pack == pack_id).order_by(PackText.id.desc())
    for text_hash in db.session.scalars(kept):
        if rule := rule_in({pack_id: packs.text(text_hash)}, pack_id, rule_id):
            return rule
    raise NotFound("Bộ quy tắc %(pack)s không có quy tắc %(rule)s.", pack=pack_id, rule=rule_id)


def of_another_year(judged: Iterable[tuple[Pack | None, Period]]) -> list[Pack]:
    """The packs that judge a period in which their plan is not in force, each once."""
    return list({pack.id: pack for pack, period in judged if pack is not None and not pack.is_for(period)}.values())


def present() -> Library:
    """The packs as they are now: adopted, or seeds."""
    return {pack.id: pack for pack in packs.known_packs()}


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
