"""The words of plan tasks."""

from __future__ import annotations

from enum import StrEnum


class TaskRole(StrEnum):
    """What a unit does in a task."""

    LEAD = "lead"  # chủ trì
    COOPERATE = "cooperate"  # phối hợp


class TaskEventKind(StrEnum):
    """What can happen to a unit's task."""

    ASSIGNED = "assigned"
    STARTED = "started"
    PROGRESS = "progress"
    ADJUSTMENT_REQUESTED = "adjustment_requested"
    ADJUSTMENT_GRANTED = "adjustment_granted"  # new due day
    ADJUSTMENT_REFUSED = "adjustment_refused"
    SUBMITTED = "submitted"  # done, handed in
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # result does not meet the requirement
