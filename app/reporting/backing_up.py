"""What a backup has to hold besides files: a trail, events and checks that are as the software wrote them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.errors import DomainError
from app.organisation import backup
from app.reporting import verifying

MOST = 20
"""Broken places that a backup names; `flask audit verify` names all of them."""


def check() -> Callable[[Mapping[str, str]], list[DomainError]]:
    """What is broken in the database now; its files are looked at where they go into the backup."""
    found = verifying.verify(walks=verifying.WITHOUT_FILES)
    told = [broken.what for broken in found.broken[:MOST]]
    if found.broken_in_all > MOST:
        told.append(DomainError("Tất cả có %(n)s chỗ không còn như phần mềm đã ghi.", n=found.broken_in_all))
    return lambda _sums: told


backup.CHECKS.append(check)
