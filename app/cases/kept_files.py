"""What the room that keeps files tells of a case here, without being known: what its applicant's earlier cases have
digitised already, and whether its electronic result has legal value."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.core.errors import DomainError
from app.organisation.access import Actor, Scope
from app.organisation.permissions import Capability, needs

# What an applicant's earlier cases have digitised already, so that nobody hands it in (or scans it) twice.
#
# The room that keeps the files registers itself here; taking in asks through these two functions and knows nothing
# of files. (Decree 107/2021/NĐ-CP: what has been digitised is used again.)


@dataclass(frozen=True, slots=True)
class ReusableDocument:
    """A file of an earlier case of the same applicant. `name` is the document's on that case's checklist."""

    attachment_id: int
    name: str
    file_name: str
    media_type: str
    size: int  # bytes
    case_id: int
    case_code: str
    added_at: datetime


class Keeper(Protocol):
    """The room that keeps files."""

    def documents(self, scope: Scope, id_number: str, *, except_case: int | None = None) -> Sequence[ReusableDocument]:
        """What was digitised for this identity number, the newest first."""

    def attach(self, scope: Scope, by: Actor, case_id: int, chosen: Mapping[int, int]) -> None:
        """Attach to a case what was chosen: id of its CaseDocument -> id of the earlier attachment."""


keepers: list[Keeper] = []


def reusable_documents(scope: Scope, id_number: str) -> list[ReusableDocument]:
    """Documents already digitised for this identity number within the scope, the newest first; none without one."""
    return [found for keeper in keepers for found in keeper.documents(scope, id_number)] if id_number else []


@needs(Capability.HANDLE_CASES)
def reuse_documents(scope: Scope, by: Actor, case_id: int, chosen: Mapping[int, int]) -> None:
    """Attach earlier files to a case, within the caller's transaction: CaseDocument id -> attachment id.

    Raises DomainError when one belongs to somebody else, is gone, or is none of the case's documents.
    """
    for keeper in keepers if chosen else ():
        keeper.attach(scope, by, case_id, chosen)


# Whether a case's electronic result has legal value is what its signature says, where its file is kept here, and not
# what somebody ticks. The room that keeps the files registers itself; a case whose result lies elsewhere is as told.

witnesses: list[Callable[[Collection[int]], dict[int, DomainError]]] = []
"""Each says of some cases, by their ids, why the files of their results have no legal value; nothing of those of which
it knows of nothing."""


def check_legal_value(case_id: int) -> None:
    """Raises DomainError where the result's own files have no legal value."""
    for why in without_legal_value([case_id]).values():
        raise why


def without_legal_value(case_ids: Collection[int]) -> dict[int, DomainError]:
    """The cases the files of whose results have no legal value, and why: the same few questions for one as for many."""
    return {case_id: why for against in witnesses if case_ids for case_id, why in against(case_ids).items()}
