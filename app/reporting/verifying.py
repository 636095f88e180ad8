"""Walking everything that tells of tampering, part by part: what `flask audit verify` says.

What the tables that are derived from events say is held against the events by `flask cases verify`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from app.attachments.verifying import files
from app.cases.verifying import events
from app.compliance.months.proving import months
from app.compliance.runs.verification import runs
from app.core.errors import DomainError, N_n
from app.organisation import backup
from app.organisation.verifying import Broken, Walk, hand_held, kept_outside, trail, unseen
from app.web.database import snapshot

WITHOUT_FILES: tuple[Walk, ...] = (trail, kept_outside, events, runs, months)
"""In the order in which they are walked: first the trail, which the others are held against."""
WALKS: tuple[Walk, ...] = (*WITHOUT_FILES, files)

KEPT = 1000  # broken places listed; the rest is counted


@dataclass(slots=True)
class RecordsVerification:
    """What a walk found. `counts`: how much was looked at, by name; `broken`: the first places; `broken_in_all`."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)
    broken_in_all: int = 0
    unseen: list[DomainError] = field(default_factory=list)


def verify(
    against: Iterable[tuple[int, str]] = (),
    tell: Callable[[Broken], None] = lambda broken: None,
    walks: Iterable[Walk] = WALKS,
) -> RecordsVerification:
    """Walk all of it at one instant; writes nothing. `against`: anchors brought by hand, number and hash or its
    beginning. `tell` hears of each broken place as it is found."""
    found = RecordsVerification()
    with snapshot() as connection:
        for walk in (*walks, hand_held(against)):
            for broken in walk(connection, found.counts):
                tell(broken)
                found.broken_in_all += 1
                if len(found.broken) < KEPT:
                    found.broken.append(broken)
    found.unseen += unseen(found.counts)
    return found


MOST = 20
"""Broken places that a backup names; `flask audit verify` names all of them."""


def check() -> Callable[[Mapping[str, str]], list[DomainError]]:
    """What is broken in the database now; its files are looked at where they go into the backup."""
    found = verify(walks=WITHOUT_FILES)
    told = [broken.what for broken in found.broken[:MOST]]
    if found.broken_in_all > MOST:
        told.append(DomainError(N_n("Tất cả có %(n)s chỗ không còn như phần mềm đã ghi."), n=found.broken_in_all))
    return lambda _sums: told


backup.CHECKS.append(check)
