"""What can be done to a case as it stands, the next step first. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from app.cases.models import Case
from app.cases.vocabulary import ALLOWED_IN, CaseStatus, EventKind


@dataclass(frozen=True, slots=True)
class Action:
    """Something a clerk may record. `shortcut` is its key on the page, `icon` its picture."""

    kind: EventKind
    shortcut: str
    icon: str
    primary: bool = False
    rare: bool = False


# In the order of a case's life. A key may serve two actions that are never possible at once.
KEYS = {
    EventKind.HANDED_OVER: ("c", "send"),
    EventKind.SUPPLEMENTED: ("b", "play"),
    EventKind.RESOLVED: ("k", "file-check"),
    EventKind.CLOSED: ("x", "check"),
    EventKind.SUPPLEMENT_REQUESTED: ("b", "pause"),
    EventKind.FILES_DIGITISED: ("s", "scan-line"),
    EventKind.PAID: ("p", "banknote"),
    EventKind.RESULT_DIGITISED: ("d", "scan-line"),
    EventKind.ISSUED_ELECTRONIC: ("e", "stamp"),
    EventKind.ISSUED_PAPER: ("g", "file-text"),
    EventKind.DELIVERED: ("t", "user"),
    EventKind.NOTED: ("y", "message-square"),
}
RARE = {EventKind.WITHDRAWN: "undo-2", EventKind.REFUSED: "ban", EventKind.STOPPED: "circle-x"}

# Dates that are set once, by their column.
_SET_ONCE = {
    EventKind.FILES_DIGITISED: "files_digitised_at",
    EventKind.RESULT_DIGITISED: "result_digitised_at",
    EventKind.ISSUED_ELECTRONIC: "electronic_result_at",
    EventKind.ISSUED_PAPER: "paper_result_at",
    EventKind.DELIVERED: "delivered_at",
}
_OF_THE_RESULT = frozenset({EventKind.RESULT_DIGITISED, EventKind.ISSUED_ELECTRONIC, EventKind.ISSUED_PAPER})


def possible_actions(case: Case) -> list[Action]:
    """What may be recorded now for a case whose version and stages are loaded."""
    following = _next_step(case)
    usual = [
        Action(kind, key, icon, primary=kind is following)
        for kind, (key, icon) in KEYS.items()
        if case.status in ALLOWED_IN[kind] and _makes_sense(case, kind)
    ]
    rare = [Action(kind, "", icon, rare=True) for kind, icon in RARE.items() if case.status in ALLOWED_IN[kind]]
    return sorted(usual, key=lambda action: not action.primary) + rare


def _makes_sense(case: Case, kind: EventKind) -> bool:
    if kind in _SET_ONCE and getattr(case, _SET_ONCE[kind]) is not None:
        return False
    if kind is EventKind.PAID:
        return case.fee_due > 0
    return kind not in _OF_THE_RESULT or case.returns_result


def _next_step(case: Case) -> EventKind | None:
    match case.status:
        case CaseStatus.SUPPLEMENT:
            return EventKind.SUPPLEMENTED
        case CaseStatus.RESOLVED:
            return EventKind.CLOSED
        case CaseStatus.RECEIVED | CaseStatus.IN_PROGRESS:
            last = max((stage.position for stage in case.version.stages), default=0)
            return EventKind.HANDED_OVER if (case.stage or 0) < last else EventKind.RESOLVED
    return None
