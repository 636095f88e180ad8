"""Answering violations: explained by the head of the unit, accepted or returned, remedied; whole, or by single things.

What is wrong once is answered once: what other plans say of the same figure moves with it. Where the answer is a record
of its own (`books`), explaining writes that record and nothing else, and it is decided where it is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select

from app.compliance import notices
from app.compliance.adoption.repository import rule_by_name
from app.compliance.models import Violation, ViolationMove, ViolationState, ViolationSubject
from app.compliance.violations.books import book_of_rule, state_of_all
from app.compliance.violations.findings import same_finding
from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.text import checked_reason, tidy_lines
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, needs
from app.organisation.registries import AnswerBook
from app.web import extensions
from app.web.extensions import db

Moves = frozenset[tuple[ViolationState, ViolationState]]

MOVES: Mapping[Capability, Moves] = {
    Capability.ANSWER_VIOLATIONS: frozenset(
        {(ViolationState.OPEN, ViolationState.EXPLAINED), (ViolationState.RETURNED, ViolationState.EXPLAINED)}
    ),
    Capability.DECIDE_VIOLATIONS: frozenset(
        {
            (ViolationState.EXPLAINED, ViolationState.ACCEPTED),
            (ViolationState.EXPLAINED, ViolationState.RETURNED),
            (ViolationState.ACCEPTED, ViolationState.REMEDIED),
        }
    ),
}
"""From which state to which a violation, or a single thing of it, is moved, by what that needs."""


def moves_open_to(by: Actor, states: Collection[ViolationState]) -> list[ViolationState]:
    """The states that somebody may move something to that stands in one of these."""
    open_moves = (move for capability, moves in MOVES.items() if by.may(capability) for move in moves)
    return sorted({to for start, to in open_moves if start in states}, key=list(ViolationState).index)


@needs(Capability.ANSWER_VIOLATIONS)
def explain_violation(
    scope: Scope,
    by: Actor,
    violation_id: int,
    to: ViolationState,
    reason: str,
    revision: int,
    subjects: Collection[str] | None = None,
) -> Violation:
    """The head of the unit explains a violation, or explains it again: whole, or only those of its single things that
    are named; what other plans say of the same figure is explained with it."""
    moves = MOVES[Capability.ANSWER_VIOLATIONS]
    with transaction():
        violation = _the_violation(scope, violation_id, revision)
        book = book_of_rule(rule_by_name(violation.pack, violation.rule))
        if book is None:
            _move_finding(scope, by, violation, to, reason, moves, subjects)
            db.session.flush()
            notices.answered(by.person_id, violation)
            return violation
        if to is not ViolationState.EXPLAINED:
            raise _no_such_move(violation.state, to)
        return _written_in(book, scope, by, violation, reason, subjects)


@needs(Capability.DECIDE_VIOLATIONS)
def decide_violation(
    scope: Scope,
    by: Actor,
    violation_id: int,
    to: ViolationState,
    reason: str,
    revision: int,
    subjects: Collection[str] | None = None,
) -> Violation:
    """An inspector accepts or returns an explanation, or says that the violation is remedied, saying why; of the whole
    finding at once, or of those single things that are named."""
    if to is ViolationState.RETURNED:
        reason = checked_reason(reason, missing=N_("Hãy ghi lý do trả lại."))
    with transaction():
        violation = _the_violation(scope, violation_id, revision)
        if book_of_rule(rule_by_name(violation.pack, violation.rule)) is not None:
            raise NotAllowed("Giải trình này được tiếp nhận và quyết định ở trang Giải trình quá hạn, không ở đây.")
        _move_finding(scope, by, violation, to, reason, MOVES[Capability.DECIDE_VIOLATIONS], subjects)
        db.session.flush()
        notices.answer_decided(violation, to)
        return violation


def _the_violation(scope: Scope, violation_id: int, revision: int) -> Violation:
    violation = db.session.scalar(
        select(Violation)
        .where(Violation.id == violation_id, Violation.site == scope.site, scope.within(Violation.unit_id))
        .with_for_update()
    )
    if violation is None:
        raise NotFound("Không tìm thấy vi phạm này.")
    if violation.revision != revision:
        raise Conflict("Vi phạm vừa được người khác cập nhật. Hãy xem lại rồi ghi tiếp.")
    return violation


def _written_in(
    book: AnswerBook, scope: Scope, by: Actor, violation: Violation, reason: str, subjects: Collection[str] | None
) -> Violation:
    """Write the records that answer the violation: of the single things named, or of all that wait for one."""
    standing = _standing(violation, subjects)
    waiting = (ViolationState.OPEN, ViolationState.RETURNED)
    names = [thing.subject for thing in standing if subjects is not None or thing.state in waiting]
    if not names:
        raise _no_such_move(violation.state, ViolationState.EXPLAINED)
    book.give(scope, by, names, reason)
    db.session.refresh(violation)
    return violation


def _no_such_move(before: ViolationState, to: ViolationState) -> NotAllowed:
    return NotAllowed("Không thể chuyển vi phạm từ “%(before)s” sang “%(after)s”.", before=before, after=to)


def _standing(violation: Violation, subjects: Collection[str] | None) -> Sequence[ViolationSubject]:
    """The single things of a violation that stand: those named, else all."""
    chosen = select(ViolationSubject).where(
        ViolationSubject.violation_id == violation.id, ViolationSubject.gone_run_id.is_(None)
    )
    found = db.session.scalars(chosen.order_by(ViolationSubject.id)).all()
    if subjects is None:
        return found
    if not subjects:
        raise DomainError("Hãy chọn ít nhất một việc.", field="subjects")
    if strange := sorted(set(subjects) - {thing.subject for thing in found}):
        raise NotFound("Vi phạm này không còn “%(subject)s”. Hãy tải lại trang.", field="subjects", subject=strange[0])
    return [thing for thing in found if thing.subject in set(subjects)]


def _move_finding(
    scope: Scope,
    by: Actor,
    violation: Violation,
    to: ViolationState,
    reason: str,
    moves: Moves,
    subjects: Collection[str] | None,
) -> None:
    """Move a violation, and with it those of the same finding: one fault is answered once."""
    if not (words := tidy_lines(reason)):
        raise DomainError("Hãy ghi nội dung giải trình hoặc ý kiến.", field="reason")
    others, before = same_finding(scope, violation.id), violation.state
    _move(by, violation, to, words, moves, subjects)
    for other in others:
        db.session.refresh(other, with_for_update=True)
        theirs = None
        if subjects is not None:
            theirs = set(subjects) & {thing.subject for thing in _standing(other, None)}
            if not theirs:
                continue
        if theirs or other.state is before:
            _move(by, other, to, words, moves, theirs, whatever_fits=True)


def _move(
    by: Actor,
    violation: Violation,
    to: ViolationState,
    reason: str,
    moves: Moves,
    subjects: Collection[str] | None,
    *,
    whatever_fits: bool = False,
) -> None:
    """Move one violation: the single things named, all of which must be where that starts from; without names all that
    are. `whatever_fits` leaves aside those named that are not."""
    standing, before = _standing(violation, subjects), violation.state
    by_state: dict[ViolationState, list[str]] = defaultdict(list)
    for thing in standing:
        fits = (thing.state, to) in moves
        if not fits and subjects is not None and not whatever_fits:
            raise NotAllowed(
                "Không thể chuyển “%(subject)s” từ “%(before)s” sang “%(after)s”.",
                subject=thing.subject,
                before=thing.state,
                after=to,
            )
        if fits:
            by_state[thing.state].append(thing.subject)
            thing.state = to
    moved: dict[ViolationState, list[str] | None] = dict(by_state)
    if not standing and (before, to) in moves:
        moved[before] = None
    if not moved:
        if whatever_fits:
            return
        raise _no_such_move(before, to)
    for state, names in moved.items():
        db.session.add(
            ViolationMove(
                site=violation.site,
                violation_id=violation.id,
                at=extensions.now(),
                person_id=by.person_id,
                actor=by.name,
                from_state=state,
                to_state=to,
                reason=reason.strip(),
                subjects=names,
            )
        )
    violation.state = state_of_all(thing.state for thing in _standing(violation, None)) if standing else to
    violation.revision += 1
    named = {} if subjects is None else {"subjects": sorted(subjects)}
    audit.record(by, "move_violation", "violation", violation.key, before=before, after=to, **named)
