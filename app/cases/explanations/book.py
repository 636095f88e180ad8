"""The explanation of an overdue case is the one answer to a violation that asks for it (`organisation.answers`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from flask import url_for
from sqlalchemy import func, select

from app.cases.explanations import service
from app.cases.explanations.models import Explanation
from app.cases.models import Case
from app.core.errors import DomainError, NotFound
from app.organisation.access import Actor, Scope
from app.organisation.answers import AnswerBook, AnswerState, KeptAnswer, register_book
from app.organisation.audit import transaction
from app.organisation.evidence_files import EvidenceOf
from app.organisation.permissions import Capability, needs
from app.web.extensions import db

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
