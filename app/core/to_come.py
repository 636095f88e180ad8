"""What a running period's figures may still become: told by the rooms of records, asked by early warnings.

A room registers, by the field that a rate counts, how many known records will be counted among by the period's end,
whatever becomes of them, and whether what is counted among and does not count yet can still be put right. Of a field
of which nothing is registered nobody can tell, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.facts import FactQuery

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Coming = Callable[["Connection", FactQuery], Mapping[int, int]]
"""How many known records are still to come, by the id of their unit, seen from `as_of`; absent is none."""


@dataclass(frozen=True, slots=True)
class StillToCome:
    """Of a field that a rate counts."""

    coming: Coming | None = None
    mendable: bool = False


_told: dict[str, StillToCome] = {}


def register_to_come(field: str, what: StillToCome) -> None:
    """Say what may still become of a field: "timeliness.on_time"."""
    _told[field] = what


def to_come_of(fields: Sequence[str]) -> StillToCome | None:
    """Of a rate that counts one field; None where nobody can tell."""
    return _told.get(fields[0]) if len(fields) == 1 else None
