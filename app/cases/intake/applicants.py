"""An applicant recalled by identity number or telephone: what earlier cases say of them, and what is still open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select

from app.cases.models import Case
from app.cases.population import on_desk_of
from app.cases.vocabulary import CaseStatus
from app.core.text import fold, sought
from app.organisation.access import Scope
from app.procedures.models import ProcedureVersion
from app.web.extensions import db

SHORTEST = 8  # characters of a number that is looked up
LOOKED_AT = 50  # newest cases of a number
SHOWN = 5  # applicants offered
OPEN_SHOWN = 5  # open cases told of each


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case of an applicant that has not ended."""

    case_id: int
    code: str
    procedure: str
    status: CaseStatus
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownApplicant:
    """Somebody who applied before, as their newest case tells; `cases` counts those looked at."""

    name: str
    id_number: str
    phone: str
    address: str
    email: str
    last_at: datetime
    cases: int
    open_cases: list[OpenCase] = field(default_factory=list)


def known_applicants(scope: Scope, *, id_number: str = "", phone: str = "") -> list[KnownApplicant]:
    """Who applied with exactly this number before, within the scope, the latest first; nobody for a few digits."""
    rows: dict[int, tuple[Case, str]] = {}
    for column, typed in ((Case.id_number, id_number), (Case.phone, phone)):
        if numbers := ways_to_write(typed):
            rows |= _newest(scope, and_(column != "", column.in_(numbers)))
    found: dict[tuple[str, str], list[tuple[Case, str]]] = {}
    for _id, (case, procedure) in sorted(rows.items(), reverse=True):
        found.setdefault((fold(case.applicant), case.id_number), []).append((case, procedure))
    return [_known(cases) for cases in list(found.values())[:SHOWN]]


def _newest(scope: Scope, wanted: ColumnElement[bool]) -> dict[int, tuple[Case, str]]:
    found = db.session.execute(
        select(Case, ProcedureVersion.name)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .where(Case.site == scope.site, wanted, on_desk_of(scope))
        .order_by(Case.id.desc())
        .limit(LOOKED_AT)
    )
    return {case.id: (case, procedure) for case, procedure in found}


def _known(cases: Sequence[tuple[Case, str]]) -> KnownApplicant:
    newest = cases[0][0]

    def latest(column: str) -> str:
        return next((str(value) for case, _procedure in cases if (value := getattr(case, column))), "")

    still_open = [
        OpenCase(case.id, case.code, procedure, case.status, case.due_at)
        for case, procedure in cases
        if case.ended_at is None
    ]
    return KnownApplicant(
        newest.applicant,
        newest.id_number,
        phone=latest("phone"),
        address=latest("address"),
        email=latest("email"),
        last_at=newest.received_at,
        cases=len(cases),
        open_cases=still_open[:OPEN_SHOWN],
    )


def ways_to_write(typed: str) -> set[str]:
    """The ways in which a number may have been written down: as typed, in one row, in the usual groups; none of a few
    digits."""
    number = sought(typed)
    digits = re.sub(r"[\s.\-]", "", number)
    if len(digits) < SHORTEST:
        return set()
    forms = {number, digits, digits.upper()}
    if digits.startswith("+84"):
        digits = "0" + digits[3:]
        forms.add(digits)
    if len(digits) == 10 and digits.isdigit():
        groups = (digits[:4], digits[4:7], digits[7:])
        forms |= {" ".join(groups), ".".join(groups)}
    if len(digits) == 12 and digits.isdigit():
        forms.add(" ".join(digits[start : start + 3] for start in range(0, 12, 3)))
    return forms
