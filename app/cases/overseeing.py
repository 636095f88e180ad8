"""What heads and inspectors look through: cases that were annulled, what was put right after
reception, and what was gone on with although something was missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from app.cases.models import Case, CaseEvent
from app.cases.population import changeable_by
from app.cases.vocabulary import EventKind
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.procedures.models import ProcedureVersion
from app.web.extensions import db
from app.web.keyset import Cursor, Keyset

PAGE = 50
OVERSEEN = (EventKind.PROCEEDED, EventKind.ANNULLED, EventKind.AMENDED)
_INDEXED = text("case_events.kind IN ('amended', 'annulled', 'proceeded')")  # as the index says it


@dataclass(frozen=True, slots=True)
class OverseenEvent:
    """Something that somebody did to a case and gave a reason for."""

    id: int
    kind: EventKind
    recorded_at: datetime
    who: str
    why: str
    data: dict[str, Any]
    case_id: int
    code: str
    applicant: str
    procedure: str
    unit: str


@dataclass(frozen=True, slots=True)
class OverseenPage:
    """A page of them, the newest first; the cursors of its neighbours, None at an end."""

    lines: list[OverseenEvent]
    before: Cursor | None
    after: Cursor | None


def overseen(
    scope: Scope, kind: EventKind | None = None, *, after: Cursor | None = None, before: Cursor | None = None
) -> OverseenPage:
    """What was done to cases of the scope, of one kind or of all."""
    e = CaseEvent
    keyset: Keyset[Cursor] = Keyset(after, before, PAGE)
    found = (
        select(
            *(e.id, e.kind, e.recorded_at, e.actor, e.note, e.data),
            *(Case.id, Case.code, Case.applicant, ProcedureVersion.name, Unit.name),
        )
        .join(Case, Case.id == e.case_id)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(Unit, Unit.id == Case.unit_id)
        .where(e.site == scope.site, _INDEXED, changeable_by(scope))
    )
    if kind is not None:
        found = found.where(e.kind == kind)
    rows = [OverseenEvent(*row) for row in db.session.execute(keyset.cut(found, e.recorded_at, e.id))]
    return OverseenPage(*keyset.lines(rows, lambda line: Cursor(line.recorded_at, line.id)))
