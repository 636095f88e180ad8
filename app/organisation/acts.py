"""Where what breaks a rule is mended: the page of the act, with what it is about already chosen.

A room of records registers, by the kind of fact that its acts make or change, what finds the page; the judging half
asks here for the kinds that a rule reads, so that neither knows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.periods import Period
    from app.organisation.access import Scope


@dataclass(frozen=True, slots=True)
class Act:
    """What may be done, in the reader's words, and the page where it is done."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be mended: a unit's, of a period, these things (none: the unit's own figure)."""

    scope: Scope
    period: Period
    unit_id: int
    unit: str
    """The unit's code."""
    names: tuple[str, ...]


Finder = Callable[[Wanted], Act | None]
"""The act that mends it, or None where the reader may not do it."""

_finders: dict[str, Finder] = {}


def register_act(kind: str, finder: Finder) -> None:
    """Say what finds the act for facts of this kind."""
    _finders[kind] = finder


def acts_for(kinds: Collection[str], wanted: Wanted) -> list[Act]:
    """The acts for facts of these kinds, each page once."""
    found = (_finders[kind](wanted) for kind in kinds if kind in _finders)
    return list({act.url: act for act in found if act is not None}.values())
