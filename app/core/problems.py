"""What is wrong in a file, with its place: kept as plain values, told later in the reader's language."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import DomainError, Message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `message` is the Vietnamese msgid, `params` fills its placeholders; `line` starts at 1."""

    file: str
    line: int
    field: str
    message: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.params if self.params else self.message

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"file": self.file, "line": self.line, "field": self.field, **as_json(self)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Problem:
        """From plain values."""
        return cls(kept["file"], kept["line"], kept["field"], kept["message"], from_json(kept).params)

    @property
    def placed(self) -> DomainError:
        """The sentence after its place."""
        place: dict[str, Any] = {"file": self.file, "line": str(self.line), "reason": self}
        if self.field:
            return DomainError("%(file)s, dòng %(line)s, %(place)s: %(reason)s", place=self.field, **place)
        return DomainError("%(file)s, dòng %(line)s: %(reason)s", **place)


def as_json(told: Message) -> dict[str, Any]:
    """A sentence as plain values, to be kept and told later in the reader's language."""
    params = {name: as_json(value) if isinstance(value, Message) else value for name, value in told.params.items()}
    plain = {name: value if isinstance(value, dict | int) else str(value) for name, value in params.items()}
    return {"message": told.message, "params": plain}


def from_json(kept: Mapping[str, Any]) -> DomainError:
    """A sentence that was kept."""
    sentence = kept["message"]
    told = DomainError(sentence)
    told.params = {n: from_json(value) if isinstance(value, dict) else value for n, value in kept["params"].items()}
    return told
