"""What the records tell of a case: which of its aspects are known, and which are not. Pure.

What is not known is not “no”. Each way in says what it tells: the desk tells everything; an import tells what its
mapping declares, as far as the row's cells are filled. Later records tell more: a scan, an electronic copy or a payment
that is recorded speaks for itself from its own instant on (`population`), and a later file may tell what an
earlier one did not.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import IntFlag, StrEnum


class Aspect(StrEnum):
    """What a way in may know of a case, as mappings declare it (`knows`)."""

    STAGES = "stages"  # and with them the processing notes
    CHANNEL = "channel"
    DIGITISATION = "digitisation"
    ELECTRONIC_RESULT = "electronic_result"
    ATTACHED_RESULT = "attached_result"
    PAYMENT = "payment"


class Knows(IntFlag):
    """What is told of one case: the bits of `cases.knows`. Digitisation is two: of the file and of the result."""

    NOTHING = 0
    STAGES = 1
    CHANNEL = 2
    FILES = 4
    RESULT = 8
    ELECTRONIC = 16
    ATTACHED = 32
    PAYMENT = 64
    EVERYTHING = 127


COLUMNS: dict[Aspect, dict[str, Knows]] = {
    Aspect.STAGES: {},  # no list or log tells the stages of the internal process
    Aspect.CHANNEL: {"channel": Knows.CHANNEL},
    Aspect.DIGITISATION: {"files_digitised": Knows.FILES, "result_digitised": Knows.RESULT},
    Aspect.ELECTRONIC_RESULT: {"electronic_result": Knows.ELECTRONIC},
    Aspect.ATTACHED_RESULT: {"result_attached": Knows.ATTACHED},
    Aspect.PAYMENT: {"payment": Knows.PAYMENT},
}
"""The columns of an import that tell an aspect, and what a filled cell of each makes known."""


def columns_of(aspects: Collection[Aspect]) -> dict[str, Knows]:
    """The columns that tell those aspects."""
    return {column: told for aspect in aspects for column, told in COLUMNS[aspect].items()}


def with_what_follows(told: Knows) -> Knows:
    """Also what follows from it: neither a scan nor an electronic copy is no result attached."""
    return told | Knows.ATTACHED if Knows.RESULT | Knows.ELECTRONIC in told else told
