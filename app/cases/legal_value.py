"""Whether a case's electronic result has legal value is what its signature says, where its file is kept here, and not
what somebody ticks. The room that keeps the files registers itself; a case whose result lies elsewhere is as told."""

from __future__ import annotations

from collections.abc import Callable

from app.core.errors import DomainError

witnesses: list[Callable[[int], DomainError | None]] = []
"""Each says of a case, by its id, why the files of its result have no legal value; None when it knows of nothing."""


def check_legal_value(case_id: int) -> None:
    """Raises DomainError where the result's own files have no legal value."""
    for against in witnesses:
        if (why := against(case_id)) is not None:
            raise why
