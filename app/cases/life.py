"""The life of a case, drawn from its declaration (`vocabulary`, `actions`): docs/case-life.md is made here. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.cases.actions import KEYS
from app.cases.vocabulary import ALLOWED_IN, ENDED, LEADS_TO, ONCE, CaseStatus, EventKind

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
