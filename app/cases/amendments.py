"""What was written down at reception and put right since: how an event tells it, and what stood there before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from app.cases.vocabulary import EventKind

Changes = dict[str, dict[str, Any]]
"""Field -> {"was": …, "is": …}, as JSON keeps it. Of a paper the field is `paper:` and its name."""

WRITTEN = ("applicant", "id_number", "phone", "address", "email", "owner", "other_code", "content")
CHOSEN = ("sets", "channel", "return_method", "exemption", "fee_due")
PAPER = "paper:"
PROCEDURE = ("procedure", "promised_at")


class _Told(Protocol):
    """An event with who recorded it."""

    @property
    def kind(self) -> EventKind: ...
    @property
    def at(self) -> datetime: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def data(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class FormerValue:
    """What a field said until somebody put it right: when, who and why. None: nothing was written there."""

    value: Any
    until: datetime
    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Formerly:
    """What the fields of a case said before, the oldest first."""

    of: Mapping[str, list[FormerValue]] = field(default_factory=dict)

    def field(self, name: str) -> list[FormerValue]:
        """What that field said before; nothing where it was never put right."""
        return self.of.get(name, [])

    def paper(self, name: str) -> list[FormerValue]:
        """How many of that paper were said to have come: kind -> number."""
        return self.of.get(PAPER + name, [])


def changes_between(was: Mapping[str, Any], now: Mapping[str, Any]) -> Changes:
    """The fields that say something else now."""
    return {name: {"was": was.get(name), "is": value} for name, value in now.items() if was.get(name) != value}


def formerly(events: Iterable[_Told]) -> Formerly:
    """What the amendments among these events have put right."""
    found: dict[str, list[FormerValue]] = {}
    for event in events:
        if event.kind is EventKind.AMENDED:
            for name, change in event.data["changes"].items():
                found.setdefault(name, []).append(
                    FormerValue(change["was"], event.recorded_at, event.actor, event.note)
                )
    return Formerly(found)
