"""What the explanations of overdue cases register with the rooms below: that they answer a violation that asks for
one, and the files that prove what they say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from flask import url_for
from sqlalchemy import func, select

from app.cases.explanations import service
from app.cases.explanations.models import Explanation
from app.cases.models import Case
from app.core.errors import DomainError, NotFound
from app.organisation.access import Actor, Scope, answers_for
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, needs
from app.organisation.registries import (
    AnswerBook,
    AnswerState,
    EvidenceOf,
    KeptAnswer,
    Proven,
    register_book,
    register_proven,
)
from app.web.extensions import db

# The explanation of an overdue case is the one answer to a violation that asks for it (`organisation.registries`).

_AT_ONCE = 500


def _parts(names: Collection[str], size: int) -> list[list[str]]:
    ordered = sorted(set(names))
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def find(site: str, codes: Collection[str]) -> Mapping[str, KeptAnswer]:
    """The latest explanation of each case. One by somebody else than the unit's head is none until it is accepted."""
    found: dict[str, KeptAnswer] = {}
    for part in _parts(codes, _AT_ONCE):
        latest = (
            select(func.max(Explanation.id))
            .join(Case, Case.id == Explanation.case_id)
            .where(Case.site == site, Case.code.in_(part))
            .group_by(Explanation.case_id)
        )
        rows = select(Case.code, Explanation).join(Case, Case.id == Explanation.case_id)
        for code, each in db.session.execute(rows.where(Explanation.id.in_(latest))):
            if each.by_head or each.accepted is not None:
                found[code] = _kept(each)
    return found


def _kept(each: Explanation) -> KeptAnswer:
    state = AnswerState.GIVEN
    if each.accepted is not None:
        state = AnswerState.ACCEPTED if each.accepted else AnswerState.RETURNED
    return KeptAnswer(each.id, state, each.sent_at, each.actor, each.text, each.decided_at, each.decision)


@needs(Capability.EXPLAIN_CASES)
def give(scope: Scope, by: Actor, codes: Collection[str], text: str) -> None:
    """The head explains these cases, with a record of each."""
    if not codes:
        raise DomainError("Hãy chọn ít nhất một hồ sơ.", field="cases")
    with transaction():
        for part in _parts(codes, service.MOST_AT_ONCE):
            ids = _ids(scope, part)
            if len(ids) != len(part):
                raise NotFound("Không tìm thấy hồ sơ %(code)s.", code=next(code for code in part if code not in ids))
            service.explain(scope, by, list(ids.values()), text)


def pages(scope: Scope, codes: Collection[str]) -> Mapping[str, str]:
    """Where the explanations of each case are."""
    found: dict[str, str] = {}
    for part in _parts(codes, _AT_ONCE):
        found |= {code: url_for("cases.explanation", case_id=case_id) for code, case_id in _ids(scope, part).items()}
    return found


def _ids(scope: Scope, codes: Sequence[str]) -> dict[str, int]:
    chosen = select(Case.code, Case.id).where(Case.site == scope.site, Case.code.in_(codes), scope.within(Case.unit_id))
    return {row.code: row.id for row in db.session.execute(chosen)}


register_book(service.EXPLANATION, AnswerBook(find, give, "cases.explanations", pages, EvidenceOf.EXPLANATION))


# Files that prove what the explanation of an overdue case says.


def _find(scope: Scope, by: Actor, explanation_id: int) -> Proven:
    """An explanation, for the unit that has the case; the Office and the Director see every unit's."""
    chosen = (
        select(Explanation, Case.code, Case.unit_id)
        .join(Case, Case.id == Explanation.case_id)
        .where(Explanation.site == scope.site, Explanation.id == explanation_id)
    )
    commanded = by.person_id is None
    if commanded or not (by.may(Capability.RECEIVE_EXPLANATIONS) or by.may(Capability.DECIDE_EXPLANATIONS)):
        chosen = chosen.where(scope.within(Case.unit_id))
    found = db.session.execute(chosen).first()
    if found is None:
        raise NotFound("Không tìm thấy giải trình này.")
    explanation, code, unit_id = found
    mine = by.may(Capability.EXPLAIN_CASES) and answers_for(by, unit_id)
    decided = explanation.accepted is not None
    place = {"case_id": explanation.case_id}
    return Proven(
        "case", code, code, "cases.explanation", takes=mine and not decided, owns=mine, settled=decided, place=place
    )


register_proven(EvidenceOf.EXPLANATION, _find)
