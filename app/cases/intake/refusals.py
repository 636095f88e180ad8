"""Refusing a file at the counter, before it is a case: kept in a register of its own, with the words of its slip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.cases.intake.contents import Applicant, check_applicant
from app.cases.models import CounterRefusal
from app.cases.numbering import raise_counter
from app.core.errors import N_, DomainError, NotFound
from app.core.text import checked_reason, tidy, tidy_lines
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability, needs
from app.procedures.models import Procedure, ProcedureVersion
from app.procedures.queries import version_at_desk
from app.web import extensions
from app.web.extensions import db

COUNTER = "tu-choi"  # of the numbers of a year
SHOWN = 1_000  # newest of a year


@dataclass(frozen=True, slots=True)
class RefusalLine:
    """A line of the register of refusals."""

    id: int
    number: str
    refused_at: datetime
    applicant: str
    phone: str
    procedure_code: str
    procedure: str
    reason: str
    officer: str


@needs(Capability.RECEIVE_CASES)
def refuse_at_counter(
    scope: Scope,
    by: Actor,
    *,
    version_id: int | None,
    applicant: Applicant,
    reason: str,
    content: str = "",
    phone: str = "",
    token: str = "",
) -> CounterRefusal:
    """Refuse a file that is not taken in (từ chối tiếp nhận). `phone` is the officer's own; `token` names the form that
    was sent: sent twice it is one refusal. DomainError without procedure, applicant or a reason that says something."""
    if token and (sent := _of_form(scope.site, token)):
        return sent
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do từ chối."))
    version = version_at_desk(scope, version_id) if version_id is not None else None
    if version is None:
        raise DomainError("Hãy chọn thủ tục ở mẫu tiếp nhận trước khi từ chối.", field="version_id")
    check_applicant(applicant)
    now = extensions.now()
    year = site_calendar().local_day(now).year
    try:
        with transaction() as session:
            made = CounterRefusal(
                site=scope.site,
                year=year,
                number=raise_counter(scope.site, COUNTER, date(year, 1, 1)),
                refused_at=now,
                person_id=by.person_id,
                officer=by.name,
                phone_of_officer=phone,
                version_id=version.id,
                applicant=tidy(applicant.name),
                owner=tidy(applicant.owner),
                id_number=tidy(applicant.id_number),
                phone=tidy(applicant.phone),
                address=tidy(applicant.address),
                email=tidy(applicant.email),
                content=tidy_lines(content),
                reason=reason,
                token=token or None,
            )
            session.add(made)
            session.flush()
            audit.record(by, "refuse_at_counter", "counter_refusal", made.shown_number, version=version.id)
    except IntegrityError:
        if token and (sent := _of_form(scope.site, token)):
            return sent
        raise
    return made


def _of_form(site: str, token: str) -> CounterRefusal | None:
    return db.session.scalar(select(CounterRefusal).where(CounterRefusal.site == site, CounterRefusal.token == token))


def refusal(scope: Scope, refusal_id: int) -> tuple[CounterRefusal, str, str]:
    """A refusal with its procedure's code and name. NotFound outside the scope."""
    columns = select(CounterRefusal, Procedure.code, ProcedureVersion.name)
    found = db.session.execute(_within(columns, scope).where(CounterRefusal.id == refusal_id)).first()
    if found is None:
        raise NotFound("Không tìm thấy lần từ chối này.")
    return found[0], found[1], found[2]


def refusals(scope: Scope, year: int) -> list[RefusalLine]:
    """The register of refusals of a year, the latest first."""
    r = CounterRefusal
    columns = select(
        *(r.id, r.number, r.refused_at, r.applicant, r.phone, Procedure.code, ProcedureVersion.name),
        *(r.reason, r.officer),
    )
    rows = _within(columns, scope).where(r.year == year).order_by(r.number.desc()).limit(SHOWN)
    return [RefusalLine(key, f"{number}/{year}", *rest) for key, number, *rest in db.session.execute(rows)]


def years_of_refusals(scope: Scope) -> Sequence[int]:
    """The years that have any, the latest first."""
    years = _within(select(CounterRefusal.year), scope).distinct().order_by(CounterRefusal.year.desc())
    found: Sequence[int] = db.session.scalars(years).all()
    return found


def _within(query: Any, scope: Scope) -> Any:
    return (
        query.select_from(CounterRefusal)
        .join(ProcedureVersion, ProcedureVersion.id == CounterRefusal.version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(CounterRefusal.site == scope.site, scope.within(ProcedureVersion.unit_id))
    )
