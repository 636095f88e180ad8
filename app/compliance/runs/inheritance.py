"""Facts about a unit that was gone before the period began: they are its successor's, and none is dropped.

What a room counts row by row it gives to whoever has the row. What is left (a payment for a case that had ended, a
mistake found in one, a part in a task) is told here: figures are added to the successor's, subjects are listed with its
own, under the former unit's name where it has one of the same name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import select

from app.core.facts import Fact, catalogue
from app.organisation.lineage import lineage
from app.organisation.models import Unit
from app.rulepacks.premises import EARLIER_FAILURE
from app.web.extensions import db

_NOT_ADDED = ("ngày làm việc", "ngày", "%")
"""Units of fields of which two have the greater one in common, not the sum."""


def heirs_of(site: str, first: date) -> dict[str, str]:
    """Code of each unit that was gone by that day -> code of who answers for it then."""
    heirs = lineage(site)
    if not heirs.heirs:
        return {}
    codes = {row.id: row.code for row in db.session.execute(select(Unit.id, Unit.code).where(Unit.site == site))}
    found = {codes[gone]: codes[heirs.heir(gone, first)] for gone in heirs.heirs}
    return {gone: heir for gone, heir in found.items() if gone != heir}


def with_forebears(unit_codes: tuple[str, ...] | None, heirs: Mapping[str, str]) -> tuple[str, ...] | None:
    """The units asked for and those that they stand for."""
    if unit_codes is None:
        return None
    return (*unit_codes, *(gone for gone, heir in heirs.items() if heir in unit_codes))


def inherited(found: Iterable[Fact], heirs: Mapping[str, str]) -> list[Fact]:
    """The facts, those of units that are gone given to their successors."""
    if not heirs:
        return list(found)
    kept: list[Fact] = []
    left: list[Fact] = []
    for fact in found:
        (left if fact["unit"] in heirs else kept).append(fact)
    known = {_key(fact): at for at, fact in enumerate(kept)}
    for fact in left:
        if fact["kind"] == EARLIER_FAILURE.name:
            continue  # what the former unit broke before is its own history: nobody broke it twice by taking over
        gone, mine = fact["unit"], fact | {"unit": heirs[fact["unit"]]}
        at = known.get(_key(mine))
        if at is not None and "subject" in mine:
            mine["subject"] = f"{mine['subject']} ({gone})"
            at = None
        if at is None:
            known[_key(mine)] = len(kept)
            kept.append(mine)
        else:
            kept[at] = _together(kept[at], mine)
    return kept


def _key(fact: Fact) -> tuple[str, str, str]:
    return fact["kind"], fact["unit"], str(fact.get("subject", ""))


def _together(own: Fact, other: Fact) -> Fact:
    """The figures of two units as one's."""
    both = dict(own)
    for field in catalogue()[own["kind"]].fields:
        if field.type is int:
            add = max if field.unit in _NOT_ADDED else int.__add__
            both[field.name] = add(own[field.name], other[field.name])
        elif field.type is bool:
            both[field.name] = own[field.name] or other[field.name]
    return both
