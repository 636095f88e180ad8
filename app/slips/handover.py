"""The lists with which many cases are handed over at once: one for each unit that received some."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select

from app.cases.bulk.models import BulkAction, BulkCase, BulkCaseState
from app.cases.models import Case, CaseDocument, CaseEvent, CaseStage
from app.cases.vocabulary import EventKind
from app.organisation.calendars import site_calendar
from app.organisation.models import Unit
from app.procedures.models import ProcedureVersion
from app.slips.content.handover import HandedOver, hand_over_list
from app.slips.document import PrintedSlip
from app.slips.service import NothingToPrint, Press
from app.web.extensions import db

HANDED = (BulkCaseState.DONE, BulkCaseState.KEPT)


def hand_over_lists(action: BulkAction, giver: str, giving: str, press: Press) -> list[PrintedSlip]:
    """The papers of an action that handed cases over; what was taken back is on none. NothingToPrint without any."""
    d = CaseDocument
    handed_in = func.sum(d.originals + d.certified + d.copies + d.electronic)
    papers = select(handed_in).where(d.case_id == Case.id).correlate(Case).scalar_subquery()
    entered = (
        select(CaseStage.unit_id)
        .where(CaseStage.case_id == CaseEvent.case_id, CaseStage.started_at == CaseEvent.at)
        .order_by(CaseStage.number.desc())
        .limit(1)
        .correlate(CaseEvent)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Case.code, Case.applicant, ProcedureVersion.name, papers, Case.due_at, Unit.name)
        .select_from(BulkCase)
        .join(Case, Case.id == BulkCase.case_id)
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(CaseEvent, (CaseEvent.case_id == Case.id) & (CaseEvent.number == BulkCase.event_number))
        .join(Unit, Unit.id == func.coalesce(entered, Case.holder_unit_id))
        .where(BulkCase.action_id == action.id, BulkCase.state.in_(HANDED), Case.site == action.site)
        .order_by(Unit.name, BulkCase.position)
    )
    lists: dict[str, list[HandedOver]] = defaultdict(list)
    calendar = site_calendar()
    for code, applicant, procedure, count, due_at, unit in rows:
        day = None if due_at is None else calendar.local_day(due_at)
        lists[unit].append(HandedOver(code, applicant, procedure, int(count or 0), day))
    if action.kind != EventKind.HANDED_OVER or not lists:
        raise NothingToPrint("Lần làm này không bàn giao hồ sơ nào.")
    at = action.done_at.astimezone(press.zone)
    return [
        hand_over_list(lines, press.house, at=at, giver=giver, giving=giving, receiving=receiving, note=action.note)
        for receiving, lines in lists.items()
    ]
