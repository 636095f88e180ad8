"""What a run was told, kept so that anybody can judge it again: facts as canonical JSON lines, hashed."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from app.core.facts import Fact

_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False)
"""Made once: a month may have fifty thousand facts."""


def canonical(facts: Iterable[Fact]) -> str:
    """One line a fact, keys and lines sorted: the same facts always give the same text."""
    return "".join(sorted(_ENCODER.encode(fact) + "\n" for fact in facts))


def digest(text: str) -> str:
    """`sha256:` and the digest of the text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def pack_away(text: str) -> bytes:
    """Compressed, the same bytes for the same text."""
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def keep(facts: Iterable[Fact]) -> tuple[str, bytes]:
    """What a run keeps of its facts: their digest, and their text packed away."""
    text = canonical(facts)
    return digest(text), pack_away(text)


RESULT_COLUMNS = (
    *("pack", "rule", "unit", "status", "numerator", "denominator", "comparison", "target", "shortfall", "figures"),
)
"""What the hash of a run's results covers, in this order; the unit by its code."""
LATER_COLUMNS = ("unknown", "due", "subjects")
"""What it covers besides, where a result has any of them: those found before there were any keep their hash."""


def with_later(values: Iterable[Any], later: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values of a result as its hash covers them; days as texts."""
    told = tuple(value.isoformat() if isinstance(value, date) else value for value in later)
    return (*values, *told) if any(value is not None for value in told) else (*values,)


class ResultsDigest:
    """One hash over the results of a run, in the order in which they were written."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()

    def add(self, *values: Any) -> None:
        """Take one more: the values of RESULT_COLUMNS, then those of LATER_COLUMNS."""
        values = with_later(values[: len(RESULT_COLUMNS)], values[len(RESULT_COLUMNS) :])
        self._sum.update(_ENCODER.encode(values).encode())

    def text(self) -> str:
        """`sha256:` and the hash so far."""
        return f"sha256:{self._sum.hexdigest()}"


def unpack_text(stored: bytes) -> str:
    """The canonical text of a stored run's facts. Raises OSError, EOFError or zlib.error for what is no gzip."""
    return gzip.decompress(stored).decode()


def parse(text: str) -> list[Fact]:
    """The facts of a canonical text."""
    return [json.loads(line) for line in text.splitlines()]


def unpack(stored: bytes) -> list[Fact]:
    """The facts of a stored run."""
    return parse(unpack_text(stored))
