"""Where the explanation of an overdue case stands on its way to the Director. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ExplanationState(StrEnum):
    """Stands for the latest explanation of a case, or for there being none."""

    MISSING = "missing"
    SENT = "sent"  # on its way to the Office
    RECEIVED = "received"  # with the Office, before the Director
    ACCEPTED = "accepted"
    RETURNED = "returned"  # with the Director's words: to be given again

    @property
    def is_owed(self) -> bool:
        """The head of the unit has to write."""
        return self in (ExplanationState.MISSING, ExplanationState.RETURNED)


class OnItsWay(Protocol):
    """What an explanation's state is read from."""

    office_received_at: datetime | None
    accepted: bool | None


def state_of(explanation: OnItsWay | None) -> ExplanationState:
    """The state of a case whose latest explanation is this one."""
    if explanation is None:
        return ExplanationState.MISSING
    if explanation.accepted is not None:
        return ExplanationState.ACCEPTED if explanation.accepted else ExplanationState.RETURNED
    return ExplanationState.RECEIVED if explanation.office_received_at else ExplanationState.SENT
