"""Files that prove what a record says: an answer, a report handed in, a score, a waiver.

A room whose records take such files says here how one is found, by whoever may see it and nobody else; the room that
keeps files (`app.attachments`) keeps those of all rooms alike, and neither knows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from app.core.errors import NotFound
from app.organisation.access import Actor, Scope

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage, MultiDict


class EvidenceOf(StrEnum):
    """What files can prove."""

    VIOLATION = "violation"  # the answer to a violation
    EXPLANATION = "explanation"  # of one overdue case
    FILING = "filing"
    TASK = "task"  # a unit's part in a task of a plan
    SCORE = "score"  # the self-score of a criterion
    WAIVER = "waiver"
    SEAL = "seal"  # of a month


@dataclass(frozen=True, slots=True)
class Proven:
    """A record that takes files, as one person sees it."""

    kind: str  # of subject and
    name: str  # name, as the trail has them
    title: str  # as the reader knows it
    endpoint: str  # of the page that shows it
    takes: bool  # the person may add files now
    owns: bool = False  # it is theirs: they may take off what others added, too
    settled: bool = False  # decided: nothing is taken off any more
    place: Mapping[str, Any] = field(default_factory=dict)  # what the endpoint needs

    def gives_up(self, by: Actor, added_by_id: int | None) -> bool:
        """Whether this person may take off a file that this other one added."""
        added = added_by_id is not None and added_by_id == by.person_id
        return not self.settled and (self.owns or (self.takes and added))


Find = Callable[[Scope, Actor, int], Proven]
"""One record by its id. Raises NotFound outside the scope, NotAllowed for who may not see its kind at all."""


class Received(Protocol):
    """Files that have arrived, were looked into and wait for the record that they prove."""

    def attach(self, scope: Scope, by: Actor, of: EvidenceOf, holder_ids: Collection[int]) -> int:
        """Keep them with each of these records, all or none. Returns how many were new."""
        ...


class EvidenceKeeper(Protocol):
    """The room that keeps the files."""

    def receiving(self, uploads: Iterable[tuple[str, BinaryIO]]) -> AbstractContextManager[Received]:
        """Take in files (name, content). Raises a sentence that names the first that cannot be kept."""
        ...

    def sums(self, site: str, of: EvidenceOf, holder_ids: Collection[int]) -> Mapping[int, list[dict[str, Any]]]:
        """The files of each record, with hash, name, size, who added them and when; those taken off left out."""
        ...

    def is_whole(self, sha256: str) -> bool:
        """Whether the file of this hash is there and unchanged."""
        ...


_finds: dict[EvidenceOf, Find] = {}
keepers: list[EvidenceKeeper] = []


def register_proven(of: EvidenceOf, find: Find) -> None:
    """Say how a record of this kind is found."""
    _finds[of] = find


def proven(scope: Scope, by: Actor, of: EvidenceOf, holder_id: int) -> Proven:
    """The record, as that person sees it. Raises NotFound, NotAllowed."""
    find = _finds.get(of)
    if find is None:
        raise NotFound("Không tìm thấy mục này.")
    return find(scope, by, holder_id)


def sent_with(form: MultiDict[str, FileStorage]) -> list[tuple[str, BinaryIO]]:
    """The files that came with a form, in its box for evidence (`components/evidence_box.html`)."""
    return [(file.filename or "", cast("BinaryIO", file.stream)) for file in form.getlist("evidence") if file.filename]


def keeper() -> EvidenceKeeper:
    """The room that keeps the files."""
    return keepers[0]
