"""How far a violation is answered, where the answer is a record of another room: the explanation of an overdue case.

What asks for that record is answered by nothing else. Its state here follows the record, in the transaction that
changes it and in every check; its words are read from the record and kept nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from app.compliance.adoption.repository import rule_by_name
from app.compliance.models import Violation, ViolationState, ViolationSubject
from app.core.errors import NotFound
from app.organisation.registries import AnswerBook, AnswerState, KeptAnswer, book_of, on_answered
from app.rulepacks.language import Rule
from app.web.extensions import db

if TYPE_CHECKING:
    from app.compliance.violations.raising import Raised, SubjectRow

_STATES = {
    AnswerState.GIVEN: ViolationState.EXPLAINED,
    AnswerState.ACCEPTED: ViolationState.ACCEPTED,
    AnswerState.RETURNED: ViolationState.RETURNED,
}
_LEAST_FIRST = (
    *(ViolationState.OPEN, ViolationState.RETURNED, ViolationState.EXPLAINED),
    *(ViolationState.ACCEPTED, ViolationState.REMEDIED),
)
_AT_ONCE = 500


def state_of_all(states: Iterable[ViolationState]) -> ViolationState:
    """The state of a violation whose single things have these: that of the one least far answered."""
    found = list(states)
    return next((state for state in _LEAST_FIRST if state in found), ViolationState.OPEN)


def book_of_rule(rule: Rule | None) -> AnswerBook | None:
    """Where what breaks the rule is answered, if that is a record of its own."""
    return book_of(rule.duty[0]) if rule is not None and rule.duty is not None else None


def _state(answer: KeptAnswer | None) -> ViolationState:
    return _STATES[answer.state] if answer is not None else ViolationState.OPEN


def states_in_books(site: str, raised: Sequence[Raised]) -> list[SubjectRow]:
    """Give the single things of violations that a run found the state of their records; returns those that changed."""
    changed = []
    by_book: dict[int, list[Raised]] = defaultdict(list)
    books = {}
    for each in raised:
        if (book := book_of_rule(each.rule)) is not None:
            books[id(book)] = book
            by_book[id(book)].append(each)
    for number, of_book in by_book.items():
        names = {thing.subject for each in of_book for thing in each.violation.standing}
        answers = books[number].find(site, names)
        for thing in (thing for each in of_book for thing in each.violation.standing):
            state = _state(answers.get(thing.subject))
            if thing.state is not state:
                thing.state = state
                changed.append(thing)
    return changed


def _follow(site: str, kind: str, names: Collection[str]) -> None:
    """Records were given or decided: what asks for them stands as they do."""
    book = book_of(kind)
    if book is None or not names:
        return
    answers = book.find(site, names)
    touched: set[int] = set()
    for part in _parts(sorted(set(names))):
        chosen = (
            select(ViolationSubject, Violation.pack, Violation.rule)
            .join(Violation, Violation.id == ViolationSubject.violation_id)
            .where(ViolationSubject.site == site, ViolationSubject.subject.in_(part))
        )
        for thing, pack, rule in db.session.execute(chosen):
            state = _state(answers.get(thing.subject))
            if thing.state is not state and _asks_for(pack, rule, kind):
                thing.state = state
                touched.add(thing.violation_id)
    db.session.flush()
    settle(touched)


def _asks_for(pack: str, rule_id: str, kind: str) -> bool:
    try:
        rule = rule_by_name(pack, rule_id)
    except NotFound:
        return False
    return rule.duty is not None and rule.duty[0] == kind


def settle(violation_ids: Collection[int]) -> None:
    """Give violations the state that their standing single things have together, and a new revision."""
    states: dict[int, list[ViolationState]] = defaultdict(list)
    for part in _parts(sorted(violation_ids)):
        standing = select(ViolationSubject.violation_id, ViolationSubject.state).where(
            ViolationSubject.violation_id.in_(part), ViolationSubject.gone_run_id.is_(None)
        )
        for violation_id, state in db.session.execute(standing.distinct()):
            states[violation_id].append(state)
    for violation_id, found in states.items():
        row = update(Violation).where(Violation.id == violation_id)
        db.session.execute(row.values(state=state_of_all(found), revision=Violation.revision + 1))


def _parts(ordered: Sequence[Any]) -> list[Sequence[Any]]:
    return [ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE)]


on_answered(_follow)
