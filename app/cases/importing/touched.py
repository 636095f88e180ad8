"""Which cases of an import have been touched since: then it can no longer be undone as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Table, and_, exists, or_, select

from app.cases.importing.models import Import, ImportedCase
from app.cases.models import DERIVED_TABLES, MADE_ABOUT_A_CASE, Case
from app.extensions import db
from app.organisation.access import Scope

LISTED = 100
_OWN = frozenset({"case_events", *DERIVED_TABLES})
_WHEN = ("added_at", "sent_at")  # when somebody added a row about a case


class Touch(StrEnum):
    """What has happened to a case since."""

    CHANGED = "changed"  # an event, another import, a correction: its revision is another one
    ADDED_TO = "added_to"  # a file, an explanation, a portal's line: somebody's row hangs on it
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Touched:
    """A case that has been touched. `case_id` None: it is no longer there."""

    code: str
    case_id: int | None
    touch: Touch


def touched_cases(scope: Scope, import_id: int, limit: int = LISTED) -> Sequence[Touched]:
    """The first cases of the import that something else has touched since, in the order of the file."""
    mine = (Import.id == ImportedCase.import_id, Import.id == import_id, Import.site == scope.site)
    found = (
        select(ImportedCase.code, Case.id, Case.revision == ImportedCase.revision)
        .join(Import, and_(*mine))
        .outerjoin(Case, Case.id == ImportedCase.case_id)
        .where(or_(Case.id.is_(None), Case.revision != ImportedCase.revision, *map(_added, _others())))
        .order_by(ImportedCase.id)
    )
    return [
        Touched(code, case_id, Touch.GONE if case_id is None else Touch.ADDED_TO if same else Touch.CHANGED)
        for code, case_id, same in db.session.execute(found.limit(limit))
    ]


def _others() -> list[Table]:
    """The tables of every room whose rows hang on a case, beside what follows from its events."""
    cases = db.metadata.tables[Case.__tablename__]
    return [
        table
        for table in db.metadata.sorted_tables
        if table.name not in _OWN
        and not table.info.get(MADE_ABOUT_A_CASE)
        and any(key.references(cases) for key in _keys(table))
    ]


def following() -> list[Table]:
    """Tables of what the system itself makes about a case (their `info` says so): it goes with the case."""
    return [table for table in db.metadata.sorted_tables if table.info.get(MADE_ABOUT_A_CASE)]


def _keys(table: Table) -> list[ForeignKey]:
    return [key for key in table.foreign_keys if key.parent.name == "case_id"]


def _added(table: Table) -> ColumnElement[bool]:
    """Whether somebody has added a row since. On a case that was there before, only what says when can tell."""
    hangs = table.c.case_id == ImportedCase.case_id
    when = next((table.c[name] for name in _WHEN if name in table.c), None)
    since = when > Import.finished_at if when is not None else ImportedCase.is_new
    return exists().where(hangs, or_(ImportedCase.is_new, since)).correlate(ImportedCase, Import)
