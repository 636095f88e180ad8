"""Who is told that a case falls due: who has it in hand, their head, and the head of the unit that answers for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask_babel import gettext as _
from sqlalchemy import select

from app.cases import population
from app.cases.models import Case
from app.core.calendar import WorkingCalendar
from app.notifications.labels import Figures, News, add_sentences, due_day
from app.notifications.models import NoticeKind
from app.notifications.queries import Colleague, Staff, staff
from app.notifications.service import add_source
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.permissions import ROLES, Capability
from app.procedures.models import ProcedureVersion
from app.web import extensions
from app.web.due import due_by
from app.web.extensions import db

AHEAD = 2  # working days before the due day from which somebody is told


class CaseStep(StrEnum):
    """How far the due day is, in working days."""

    TWO_DAYS = "case_two_days"
    ONE_DAY = "case_one_day"
    DUE_TODAY = "case_due_today"
    OVERDUE = "case_overdue"
    NOT_CLOSED = "case_not_closed"  # has its result, still open on the software


@dataclass(frozen=True, slots=True)
class Pending:
    """An open case whose clock runs. `late_after` is UTC; `holder_id` is who took it over, if anybody did."""

    case_id: int
    code: str
    procedure: str
    late_after: datetime
    resolved: bool
    unit_id: int  # that answers for it
    holder_unit_id: int  # that has it now
    holder_id: int | None
    officer: str


def step_of(pending: Pending, calendar: WorkingCalendar, now: datetime) -> CaseStep | None:
    """What is to be said of the case today; None while its day is further off than two working days."""
    if population.past_due(pending, now):
        step: CaseStep | None = CaseStep.OVERDUE
    else:
        left = calendar.count_working_days(calendar.local_day(now), calendar.local_day(pending.late_after))
        step = {0: CaseStep.DUE_TODAY, 1: CaseStep.ONE_DAY, 2: CaseStep.TWO_DAYS}.get(left)
    return CaseStep.NOT_CLOSED if step and pending.resolved else step


def told_of(pending: Pending, everybody: Staff) -> set[int]:
    """Ids of the people: the holder, or the officer named on the case, or else the unit's clerks; the head of the unit
    that has it, and of the unit that will be asked why it was late."""
    holders = {person.id for person in _holders(pending, everybody)}
    return holders | everybody.heads(pending.holder_unit_id) | everybody.heads(pending.unit_id)


def _holders(pending: Pending, everybody: Staff) -> list[Colleague]:
    if pending.holder_id in everybody.by_id:
        return [everybody.by_id[pending.holder_id]]
    there = everybody.of_unit.get(pending.holder_unit_id, ())
    here = [person for person in there if not person.heads and person.role in ROLES[Capability.HANDLE_CASES]]
    return [person for person in here if person.name == pending.officer] or here


def pending_cases(scope: Scope, until: datetime) -> Iterator[Pending]:
    """Open cases due up to that moment whose clock runs."""
    columns = (Case.id, Case.code, ProcedureVersion.name, Case.late_after, Case.result_at.is_not(None))
    rows = db.session.execute(
        select(*columns, Case.unit_id, Case.holder_unit_id, Case.holder_id, Case.officer)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .where(
            Case.site == scope.site, Case.ended_at.is_(None), population.stands(Case), due_by(Case.late_after, until)
        )
        .order_by(Case.id)
    )
    for case_id, code, procedure, late_after, resolved, unit_id, holder_unit_id, holder_id, officer in rows:
        assert late_after is not None
        yield Pending(case_id, code, procedure, late_after, resolved, unit_id, holder_unit_id, holder_id, officer)


def due_cases(scope: Scope) -> Iterator[News]:
    """What is to be said today of every open case that falls due."""
    now, calendar, everybody = extensions.now(), site_calendar(), staff(scope)
    for pending in pending_cases(scope, population.horizon(calendar, now, AHEAD)):
        step = step_of(pending, calendar, now)
        if step is None:
            continue
        yield News(
            told_of(pending, everybody),
            NoticeKind.CASE,
            step,
            about=about(pending.case_id),
            subject=pending.late_after.isoformat(),
            figures={
                "code": pending.code,
                "procedure": pending.procedure,
                "day": calendar.local_day(pending.late_after).isoformat(),
            },
            page="cases.show",
            place={"case_id": pending.case_id},
        )


def about(case_id: int) -> str:
    """The case, as notices name it."""
    return f"case/{case_id}"


def _named(figures: Figures) -> dict[str, str]:
    return {
        "code": figures["code"],
        "procedure": figures["procedure"],
        "day": due_day(figures, "day"),
    }


add_sentences(
    {
        CaseStep.TWO_DAYS: lambda f: _("Hồ sơ %(code)s còn 2 ngày làm việc, hạn %(day)s: %(procedure)s", **_named(f)),
        CaseStep.ONE_DAY: lambda f: _("Hồ sơ %(code)s còn 1 ngày làm việc, hạn %(day)s: %(procedure)s", **_named(f)),
        CaseStep.DUE_TODAY: lambda f: _("Hồ sơ %(code)s đến hạn hôm nay %(day)s: %(procedure)s", **_named(f)),
        CaseStep.OVERDUE: lambda f: _("Hồ sơ %(code)s đã quá hạn %(day)s: %(procedure)s", **_named(f)),
        CaseStep.NOT_CLOSED: lambda f: _(
            "Hồ sơ %(code)s có kết quả mà chưa kết thúc, hạn %(day)s: %(procedure)s", **_named(f)
        ),
    }
)
add_source([str(step) for step in CaseStep], due_cases)
