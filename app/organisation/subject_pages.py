"""Pages of the single things that facts speak of: a case, a task, a publication, a criterion.

A room of records registers, for each word that its facts have for a single thing, what finds the pages of things by
their names; the judging half asks here, so that neither knows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.organisation.access import Scope


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """Where a single thing is shown, and what it is called there, in the reader's language."""

    title: str
    url: str


Finder = Callable[["Scope", Collection[str]], Mapping[str, SubjectPage]]
"""The pages of things by the names that facts give them; those that are not there, or not the reader's, left out."""

_finders: dict[str, Finder] = {}


def register_pages(subject: str, finder: Finder) -> None:
    """Say what finds the pages of one sort of single things (`FactKind.subject`). A second finder takes its place."""
    _finders[subject] = finder


def pages_of(scope: Scope, subject: str, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """The pages of those things that have one, by name; nothing for a sort of thing that nobody shows."""
    finder = _finders.get(subject)
    return finder(scope, names) if finder is not None and names else {}
