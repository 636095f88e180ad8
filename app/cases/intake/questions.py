"""What the desk is told and asked before it takes a case in: what earlier cases say of an applicant, recalled by
identity number or telephone; and what may well be right, and is a mistake more often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select

from app.cases import population
from app.cases.intake.contents import Applicant
from app.cases.models import Case, is_one_of
from app.cases.population import on_desk_of
from app.cases.vocabulary import CaseStatus
from app.core.errors import N_, DomainError
from app.core.text import fold, id_kind, is_telephone, sought, tidy
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.procedures.models import ProcedureVersion
from app.web.extensions import db

# An applicant recalled by identity number or telephone: what earlier cases say of them, and what is still open.

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
            rows |= _newest(scope, is_one_of(column, numbers))
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


# What the desk is asked before it takes a case in: things that may well be right, and are mistakes more often.


class AskFirst(DomainError):
    """Somebody should look again; `questions` says at what, each a sentence."""

    def __init__(self, questions: Sequence[DomainError]) -> None:
        super().__init__(N_("Có điều cần xem lại; nếu vẫn đúng thì xác nhận rồi tiếp nhận."), field="sure")
        self.questions = tuple(questions)


def questions(scope: Scope, version: ProcedureVersion, applicant: Applicant, at: datetime) -> list[DomainError]:
    """What to ask about a case of this procedure that was handed in at an instant (UTC). `field` names each's place."""
    found = []
    if tidy(applicant.id_number) and id_kind(applicant.id_number) is None:
        found.append(
            DomainError(
                "“%(number)s” không giống số định danh, căn cước (12 số), chứng minh nhân dân (9 số), mã số thuế (10 "
                "hoặc 13 số) hay hộ chiếu.",
                field="id_number",
                number=tidy(applicant.id_number),
            )
        )
    if tidy(applicant.phone) and not is_telephone(applicant.phone):
        found.append(
            DomainError("“%(number)s” không giống số điện thoại.", field="phone", number=tidy(applicant.phone))
        )
    calendar = site_calendar()
    day = calendar.local_day(at)
    if codes := _same_today(scope, version, applicant, day):
        found.append(
            DomainError(
                "Người này đã nộp thủ tục này trong ngày: %(codes)s.", field="version_id", codes=", ".join(codes)
            )
        )
    if not calendar.is_working_day(day):
        found.append(DomainError("Ngày %(day)s là ngày nghỉ.", field="at", day=day))
    return found


MOST_NAMED = 5


def _same_today(scope: Scope, version: ProcedureVersion, applicant: Applicant, day: date) -> Sequence[str]:
    """Codes of cases of the same procedure taken in that day of who has the same number."""
    numbers = ways_to_write(applicant.id_number)
    telephones = ways_to_write(applicant.phone) if not numbers else set()
    if not (numbers or telephones):
        return ()
    calendar = site_calendar()
    found = (
        select(Case.code)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .where(Case.site == scope.site, population.stands(Case), population.on_desk_of(scope))
        .where(ProcedureVersion.procedure_id == version.procedure_id)
        .where(Case.received_at >= calendar.start_of_day(day))
        .where(Case.received_at < calendar.start_of_day(day + timedelta(days=1)))
        .where(
            or_(
                is_one_of(Case.id_number, numbers),
                is_one_of(Case.phone, telephones) & (Case.applicant == tidy(applicant.name)),
            )
        )
        .order_by(Case.id)
        .limit(MOST_NAMED)
    )
    return db.session.scalars(found).all()
