"""The papers of a case as its page shows them: what came at reception, what was asked for since, and what came then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select

from app.cases.case_page import CaseView
from app.cases.handling import AskedDocument, asked_documents, documents_come
from app.cases.models import CaseDocument
from app.cases.vocabulary import EventKind
from app.web.extensions import db


class _DatedEvent(Protocol):
    @property
    def kind(self) -> EventKind: ...
    @property
    def at(self) -> datetime: ...
    @property
    def data(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper of the case. `paper` is None for one that was only asked for; `came` at which supplements, and how many;
    `asked_at`: it was asked for then and has not come."""

    name: str
    paper: CaseDocument | None
    came: Sequence[tuple[datetime, AskedDocument]] = ()
    asked_at: datetime | None = None

    @property
    def is_missing(self) -> bool:
        """It must be there and is not."""
        return self.asked_at is not None or (self.paper is not None and self.paper.required and not self.paper.received)


def paper_lines(view: CaseView) -> list[PaperLine]:
    """In the order of the checklist, then what was asked for beside it; what is not in the file and need not be is left
    out."""
    wanted = select(CaseDocument).where(CaseDocument.case_id == view.case.id).order_by(CaseDocument.position)
    papers = {paper.name: paper for paper in db.session.scalars(wanted)}
    came, asked = supplements(each.event for each in view.corrected if not each.void)
    names = dict.fromkeys([*papers, *came, *asked])
    lines = [PaperLine(name, papers.get(name), came.get(name, ()), asked.get(name)) for name in names]
    return [line for line in lines if line.is_missing or line.came or (line.paper and line.paper.received)]


def supplements(
    events: Iterable[_DatedEvent],
) -> tuple[Mapping[str, list[tuple[datetime, AskedDocument]]], Mapping[str, datetime]]:
    """What came with supplements, by name, and since when what was asked for has not come. A supplement of which
    nobody said what came brought everything that was asked for."""
    came: dict[str, list[tuple[datetime, AskedDocument]]] = {}
    asked: dict[str, datetime] = {}
    for event in sorted(events, key=lambda each: each.at):
        if event.kind is EventKind.SUPPLEMENT_REQUESTED:
            asked |= dict.fromkeys((each.name for each in asked_documents(event.data)), event.at)
        elif event.kind is EventKind.SUPPLEMENTED and "came" not in event.data:
            asked.clear()
        elif event.kind is EventKind.SUPPLEMENTED:
            for each in documents_come(event.data):
                came.setdefault(each.name, []).append((event.at, each))
                asked.pop(each.name, None)
    return came, asked
