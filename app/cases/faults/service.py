"""Mistakes found in the handling of cases (sai sót): recorded, and withdrawn when recorded in error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select

from app.cases.faults.models import CaseFault, FaultSource
from app.cases.models import Case
from app.cases.population import on_desk_of
from app.core.errors import N_, Conflict, DomainError, NotAllowed, NotFound
from app.core.reasons import checked_reason, checked_words
from app.core.text import tidy
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db

LONGEST = 2_000  # characters of what was wrong


@needs(Capability.RECORD_FAULTS)
def record_fault(
    scope: Scope, by: Actor, case_id: int, *, found_on: date, source: FaultSource, what: str, document: str = ""
) -> CaseFault:
    """Record that a case was found to have been handled wrongly, on a day not before it came in and not to come.

    A head records it of the cases of their units, inspectors of every case.
    """
    words = checked_words(what, field="what", missing=N_("Hãy ghi sai sót là gì."), most=LONGEST)
    with transaction() as session:
        case = session.scalar(_case(scope, case_id).with_for_update(of=Case))
        if case is None:
            raise NotFound("Không tìm thấy hồ sơ này.")
        if not scope.covers(case.unit_id):
            raise NotAllowed("Chỉ người đứng đầu đơn vị có hồ sơ hoặc cán bộ thanh tra ghi nhận sai sót.")
        _check_day(case, found_on)
        last = session.scalar(select(func.max(CaseFault.number)).where(CaseFault.case_id == case.id)) or 0
        fault = CaseFault(
            site=case.site,
            case_id=case.id,
            number=last + 1,
            unit_id=case.unit_id,
            found_on=found_on,
            source=source,
            what=words,
            document=tidy(document),
            recorded_at=extensions.now(),
            person_id=by.person_id,
            actor=by.name,
        )
        session.add(fault)
        session.flush()
        audit.record(by, "record_fault", "case", case.code, found_on=found_on, source=source, what=words)
    return fault


@needs(Capability.WITHDRAW_FAULTS)
def withdraw_fault(scope: Scope, by: Actor, case_id: int, fault_id: int, reason: str) -> CaseFault:
    """Take back what was recorded in error. The record stays, with the reason; past checks stay as they were."""
    words = checked_reason(reason, missing=N_("Hãy ghi lý do rút lại."))
    with transaction() as session:
        fault = session.scalar(
            select(CaseFault)
            .where(CaseFault.id == fault_id, CaseFault.case_id == case_id)
            .where(CaseFault.site == scope.site, scope.within(CaseFault.unit_id))
            .with_for_update()
        )
        if fault is None:
            raise NotFound("Không tìm thấy sai sót này.")
        if fault.withdrawn_at is not None:
            raise Conflict("Sai sót này đã được rút lại.")
        fault.withdrawn_at, fault.withdrawn_by, fault.withdrawal = extensions.now(), by.name, words
        code = session.scalar(select(Case.code).where(Case.id == fault.case_id))
        audit.record(by, "withdraw_fault", "case", code, reason=words)
    return fault


def fault_of(scope: Scope, case_id: int, fault_id: int) -> CaseFault:
    """One mistake of a case. Raises NotFound, also for a mistake of another case."""
    found = select(CaseFault).where(CaseFault.id == fault_id, CaseFault.case_id == case_id)
    fault = db.session.scalar(found.where(CaseFault.site == scope.site, scope.within(CaseFault.unit_id)))
    if fault is None:
        raise NotFound("Không tìm thấy sai sót này.")
    return fault


def faults_of(case_id: int) -> Sequence[CaseFault]:
    """The mistakes found in a case, the first first; withdrawn ones too."""
    return db.session.scalars(select(CaseFault).where(CaseFault.case_id == case_id).order_by(CaseFault.number)).all()


def _case(scope: Scope, case_id: int) -> Select[Any]:
    return select(Case).where(Case.id == case_id, Case.site == scope.site, on_desk_of(scope))


def _check_day(case: Case, found_on: date) -> None:
    calendar = site_calendar()
    if found_on > calendar.local_day(extensions.now()):
        raise DomainError("Ngày phát hiện sai sót không được sau hôm nay.", field="found_on")
    if found_on < calendar.local_day(case.received_at):
        raise DomainError("Ngày phát hiện sai sót không được trước ngày tiếp nhận hồ sơ.", field="found_on")
