"""What a run was told, kept so that anybody can judge it again: facts as canonical JSON lines, hashed."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable
from datetime import date
from typing import Any

from app.core.facts import Fact

_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, check_circular=False)
"""Made once: a month may have a hundred thousand facts, and none holds itself."""


def canonical_text(told: Any) -> str:
    """The JSON of anything, keys sorted."""
    return _ENCODER.encode(told)


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
    """What a run keeps of its facts: the digest of their canonical text, and the text packed away. The text itself,
    which may be fifty megabytes, is never made in one piece."""
    lines = [_ENCODER.encode(fact).encode() for fact in facts]
    lines.sort()  # UTF-8 sorts as its letters do
    total, packed, pieces = hashlib.sha256(), zlib.compressobj(6, wbits=_GZIP), []
    for start in range(0, len(lines), _AT_ONCE):
        part = b"\n".join((*lines[start : start + _AT_ONCE], b""))
        total.update(part)
        pieces.append(packed.compress(part))
    return f"sha256:{total.hexdigest()}", b"".join((*pieces, packed.flush()))


_AT_ONCE = 1000
_GZIP = 31
"""The window's bits by which zlib writes gzip, without name and time."""


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
        self.add_text(_ENCODER.encode(values))

    def add_text(self, text: str) -> None:
        """Take one more, whose values are JSON already."""
        self._sum.update(text.encode())

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
