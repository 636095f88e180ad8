"""What the desk is asked before it takes a case in: things that may well be right, and are mistakes more often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from app.cases import population
from app.cases.intake.applicants import ways_to_write
from app.cases.intake.contents import Applicant
from app.cases.models import Case
from app.core.errors import N_, DomainError
from app.core.text import id_kind, is_telephone, tidy
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.procedures.models import ProcedureVersion
from app.web.extensions import db


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
        .where(or_(Case.id_number.in_(numbers), Case.phone.in_(telephones) & (Case.applicant == tidy(applicant.name))))
        .order_by(Case.id)
        .limit(MOST_NAMED)
    )
    return db.session.scalars(found).all()
