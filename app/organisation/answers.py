"""Answers that a room of records keeps itself.

What breaks a rule is answered on its violation, unless the rule asks for the very paper that answers it: the
explanation of an overdue case. That paper is the one record: the room that keeps it registers its book here, by the
kind of fact that the rule requires, so that the judging half can read and write there and neither knows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from app.organisation.evidence_files import EvidenceOf

if TYPE_CHECKING:
    from app.organisation.access import Actor, Scope


class AnswerState(StrEnum):
    """How far the answer has come."""

    GIVEN = "given"
    ACCEPTED = "accepted"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The latest answer about one thing: who gave it, when, its words, and what was decided."""

    id: int  # of its record
    state: AnswerState
    at: datetime
    actor: str
    text: str
    decided_at: datetime | None
    decision: str


Find = Callable[[str, Collection[str]], Mapping[str, KeptAnswer]]
"""The latest answers of a site about the things named; those without one left out."""
Give = Callable[["Scope", "Actor", Collection[str], str], None]
"""Write one answer about several things, all or none; raises a sentence that names the first that takes none."""


@dataclass(frozen=True, slots=True)
class AnswerBook:
    """Where answers of one kind are kept: how they are found and given, and where each thing's answers are shown,
    received and decided (`endpoint` of the list of all; the page of one thing is its own)."""

    find: Find
    give: Give
    endpoint: str
    pages: Callable[[Scope, Collection[str]], Mapping[str, str]]
    """The page of each thing's answers, by the thing's name."""
    proven_as: EvidenceOf
    """As what the records of the answers take files."""


_books: dict[str, AnswerBook] = {}
_listeners: list[Callable[[str, str, Collection[str]], None]] = []


def register_book(kind: str, book: AnswerBook) -> None:
    """Say that facts of this kind are answers kept in a book."""
    _books[kind] = book


def book_of(kind: str | None) -> AnswerBook | None:
    """The book of a kind of fact, if it has one."""
    return _books.get(kind) if kind is not None else None


def on_answered(listener: Callable[[str, str, Collection[str]], None]) -> None:
    """Be told, within the transaction, when answers of a kind were given or decided: site, kind, names of things."""
    if listener not in _listeners:
        _listeners.append(listener)


def answered(site: str, kind: str, names: Collection[str]) -> None:
    """Tell whoever listens that answers about these things were given or decided."""
    for listener in _listeners:
        listener(site, kind, names)
