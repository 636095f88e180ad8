"""The chains of the demonstration's events: what is added to its cases goes on from them, what is put right in it is
chained again before anything vouches for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from app.cases import chain
from app.cases.models import Case, CaseEvent
from app.web.extensions import db


def go_on(events: Sequence[CaseEvent]) -> None:
    """Make new events the next links of their cases' chains, in the order in which they are numbered."""
    last = chain.last_hashes({event.case_id for event in events})
    codes = _codes(last)
    for event in sorted(events, key=lambda event: (event.case_id, event.number)):
        event.hash = last[event.case_id] = chain.hash_of(event, codes[event.case_id], None, last[event.case_id])


def again(case_ids: Iterable[int]) -> None:
    """Chain all events of these cases as they stand."""
    ids = sorted(set(case_ids))
    codes, last = _codes(ids), dict.fromkeys(ids, chain.START)
    numbers: dict[int, int] = {}
    every = select(CaseEvent).where(CaseEvent.case_id.in_(ids)).order_by(CaseEvent.case_id, CaseEvent.number)
    for event in db.session.scalars(every):
        numbers[event.id] = event.number
        corrects = numbers[event.corrects_id] if event.corrects_id else None
        event.hash = last[event.case_id] = chain.hash_of(event, codes[event.case_id], corrects, last[event.case_id])


def _codes(case_ids: Iterable[int]) -> dict[int, str]:
    return dict(db.session.execute(select(Case.id, Case.code).where(Case.id.in_(list(case_ids)))).all())
