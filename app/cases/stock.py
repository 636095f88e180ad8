"""Words that a site keeps for reasons: chosen in a form and changed there; citizens read the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select

from app.cases.models import StockReason
from app.cases.vocabulary import EventKind
from app.core.errors import DomainError
from app.core.text import tidy
from app.organisation import audit
from app.organisation.access import Actor
from app.organisation.audit import transaction
from app.organisation.permissions import Capability, needs
from app.web.extensions import db

KINDS = (EventKind.SUPPLEMENT_REQUESTED, EventKind.REFUSED)
LONGEST, MOST = 500, 50


def stock_reasons(site: str, kind: EventKind) -> list[str]:
    """The words kept for that kind, in the order in which they were written down."""
    kept = select(StockReason.words).where(StockReason.site == site, StockReason.kind == kind)
    return list(db.session.scalars(kept.order_by(StockReason.id)))


@needs(Capability.KEEP_CATALOGUE)
def keep_stock_reasons(site: str, by: Actor, reasons: Mapping[EventKind, Sequence[str]]) -> None:
    """The site keeps these words from now on, and no others. DomainError at the kind for what is too long or many."""
    kept: dict[EventKind, list[str]] = {}
    for kind in KINDS:
        kept[kind] = list(dict.fromkeys(words for each in reasons.get(kind, ()) if (words := tidy(each))))
        if len(kept[kind]) > MOST:
            raise DomainError("Mỗi loại không quá %(most)s lý do mẫu.", field=kind.value, most=MOST)
        if too_long := next((words for words in kept[kind] if len(words) > LONGEST), None):
            raise DomainError(
                "Lý do mẫu không quá %(most)s ký tự: “%(words)s…”.", field=kind.value, most=LONGEST, words=too_long[:40]
            )
    with transaction() as session:
        session.execute(delete(StockReason).where(StockReason.site == site))
        session.add_all(
            [StockReason(site=site, kind=kind, words=words) for kind, lines in kept.items() for words in lines]
        )
        counts = {kind.value: len(lines) for kind, lines in kept.items()}
        audit.record(by, "keep_stock_reasons", "site", site, **counts)
