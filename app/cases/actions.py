"""What can be done to a case as it stands, the next step first. Pure.

What may follow what is said by `vocabulary.ALLOWED_IN`; here stands what of that makes sense to offer, and its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.cases.case_page import CaseView
from app.cases.models import Case
from app.cases.vocabulary import ALLOWED_IN, ENDED, LEADS_TO, ONCE, CaseStatus, EventKind


@dataclass(frozen=True, slots=True)
class Action:
    """Something a clerk may record. `shortcut` is its key on the page, `icon` its picture; `fits` what is done as the
    case stands, the others lie in a menu."""

    kind: EventKind
    shortcut: str
    icon: str
    primary: bool = False
    rare: bool = False
    fits: bool = False


@dataclass(frozen=True, slots=True)
class ActorRights:
    """What the person looking at a case is to it: of the unit that has it, already the one who has it, free to
    change it, asked for an opinion that is still open."""

    of_holder: bool = False
    is_holder: bool = False
    may_change: bool = False
    may_answer: bool = False


# In the order of a case's life. A key may serve two actions that are never possible at once.
KEYS = {
    EventKind.TAKEN_OVER: ("h", "inbox"),
    EventKind.HANDED_OVER: ("c", "send"),
    EventKind.SUPPLEMENTED: ("b", "play"),
    EventKind.RESOLVED: ("k", "file-check"),
    EventKind.CLOSED: ("x", "check"),
    EventKind.SUPPLEMENT_REQUESTED: ("b", "pause"),
    EventKind.RETURNED: ("l", "corner-up-left"),
    EventKind.CONSULTED: ("i", "circle-question-mark"),
    EventKind.CONSULT_ANSWERED: ("a", "message-square"),
    EventKind.FILES_DIGITISED: ("s", "scan-line"),
    EventKind.PAID: ("p", "banknote"),
    EventKind.SIGNED: ("v", "pencil"),
    EventKind.RESULT_DIGITISED: ("d", "scan-line"),
    EventKind.ISSUED_ELECTRONIC: ("e", "stamp"),
    EventKind.ISSUED_PAPER: ("g", "file-text"),
    EventKind.DELIVERED: ("t", "user"),
    EventKind.NOTED: ("y", "message-square"),
}
RARE = {EventKind.WITHDRAWN: "undo-2", EventKind.REFUSED: "ban", EventKind.STOPPED: "circle-x"}

# What is done to a case as it stands; what comes next in its life is always among it.
FITS = {
    CaseStatus.RECEIVED: {EventKind.HANDED_OVER, EventKind.SUPPLEMENT_REQUESTED, EventKind.PAID},
    CaseStatus.IN_PROGRESS: {EventKind.HANDED_OVER, EventKind.SUPPLEMENT_REQUESTED},
    CaseStatus.SUPPLEMENT: {EventKind.SUPPLEMENTED, EventKind.NOTED},
    CaseStatus.RESOLVED: {EventKind.CLOSED, EventKind.DELIVERED, EventKind.PAID, EventKind.RESULT_DIGITISED},
    CaseStatus.CLOSED: {EventKind.DELIVERED, EventKind.PAID, EventKind.RESULT_DIGITISED},
}
_ALWAYS_FIT = {EventKind.TAKEN_OVER, EventKind.CONSULT_ANSWERED}

_OF_THE_RESULT = frozenset({EventKind.RESULT_DIGITISED, EventKind.ISSUED_ELECTRONIC, EventKind.ISSUED_PAPER})


def possible_actions(view: CaseView, hands: ActorRights) -> list[Action]:
    """What this person may record now. A unit that was only asked for its opinion may give it, no more."""
    case = view.case
    offered = [kind for kind in KEYS if case.status in ALLOWED_IN[kind] and _makes_sense(view, kind, hands)]
    if not hands.may_change:
        offered = [kind for kind in offered if kind is EventKind.CONSULT_ANSWERED]
    following = _next_step(case) if hands.may_change else EventKind.CONSULT_ANSWERED
    fitting = {*FITS.get(case.status, ()), *_ALWAYS_FIT, following} | _at_the_last_stage(case)
    usual = [Action(kind, *KEYS[kind], primary=kind is following, fits=kind in fitting) for kind in offered]
    rare = [Action(kind, "", icon, rare=True) for kind, icon in RARE.items() if case.status in ALLOWED_IN[kind]]
    return sorted(usual, key=lambda action: not action.primary) + (rare if hands.may_change else [])


def _makes_sense(view: CaseView, kind: EventKind, hands: ActorRights) -> bool:
    case = view.case
    if kind in ONCE and getattr(case, ONCE[kind]) is not None:
        return False
    match kind:
        case EventKind.TAKEN_OVER:
            return hands.of_holder and not hands.is_holder
        case EventKind.RETURNED:
            return any(stage.position < (case.stage or 0) for stage in case.version.stages)
        case EventKind.CONSULT_ANSWERED:
            return hands.may_answer
        case EventKind.SIGNED:
            return case.returns_result and view.signature is None
        case EventKind.PAID:
            return view.balance.remaining > 0
    return kind not in _OF_THE_RESULT or case.returns_result


def _at_the_last_stage(case: Case) -> set[EventKind]:
    last = max((stage.position for stage in case.version.stages), default=0)
    working = case.status in (CaseStatus.RECEIVED, CaseStatus.IN_PROGRESS) and (case.stage or 0) >= last
    return {EventKind.SIGNED, EventKind.RESOLVED} if working else set()


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


Words = Callable[[CaseStatus | EventKind], str]


def life_page(words: Words) -> str:
    """docs/case-life.md; `words` says what the reader sees for each status and event."""
    return "\n".join(_page(words)) + "\n"


def _page(words: Words) -> Iterator[str]:
    yield "# The life of a case"
    yield ""
    yield "Made by `flask cases life` from `app/cases/vocabulary.py` and `app/cases/actions.py`; do not edit."
    yield "An event that is not allowed in a case's status is refused with a sentence, at the desk as in an import."
    yield ""
    yield "## Events that move a case from one status to another"
    yield ""
    yield "```mermaid"
    yield from diagram(words)
    yield "```"
    yield ""
    yield "## In which status each event may happen"
    yield ""
    yield f"| event | {' | '.join(words(status) for status in CaseStatus)} | then | key |"
    yield "| --- |" + " :-: |" * len(CaseStatus) + " --- | :-: |"
    for kind in EventKind:
        if kind is not EventKind.RECEIVED:
            yield _row(kind, words)
    yield ""
    yield "● allowed; “then” is the status the case is in afterwards (none: it stays as it is); the key records it on"
    yield "the page of the case. While a case waits for its applicant the clock stands still; while it is open in any"
    yield "other status it goes on."


def diagram(words: Words) -> Iterator[str]:
    """The lines of a Mermaid state diagram: the statuses, and what leads from one to another."""
    yield "stateDiagram-v2"
    for status in CaseStatus:
        yield f'    state "{words(status)}" as {status.value}'
    yield f"    [*] --> {CaseStatus.RECEIVED.value}: {words(EventKind.RECEIVED)}"
    for start in CaseStatus:
        for end in CaseStatus:
            leading = [k for k in EventKind if LEADS_TO.get(k) is end and start in ALLOWED_IN[k] and start is not end]
            if leading:
                yield f"    {start.value} --> {end.value}: {', '.join(map(words, leading))}"
    for status in CaseStatus:
        if status in ENDED:
            yield f"    {status.value} --> [*]"


def _row(kind: EventKind, words: Words) -> str:
    allowed = ALLOWED_IN[kind]
    marks = ["●" if status in allowed else "" for status in CaseStatus]
    then = words(LEADS_TO[kind]) if kind in LEADS_TO else ""
    name = words(kind) + (", once" if kind in ONCE else "")
    key = f"`{KEYS[kind][0]}`" if kind in KEYS else ""
    return f"| {name} | {' | '.join(marks)} | {then} | {key} |"
