"""Lateness and the other populations of a check, as SQL conditions: one place for facts, lists and exports.

All are seen from an instant `as_of` (UTC): what was recorded as done later had not happened yet, so that a past
month judged again gives the same figures. A period is half open: from its start, before its end.
Late is after the due instant; a due day lasts until 23:59:59 of the site's day.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, or_
from sqlalchemy.orm import aliased

from app.calendar import WorkingCalendar
from app.cases.models import Case, CaseEvent, CaseStage, Payment
from app.cases.vocabulary import EventKind, PaymentChannel

# Where the unit that holds a case writes what it thinks of it.
WITH_WORDS = (
    EventKind.NOTED,
    EventKind.HANDED_OVER,
    EventKind.RETURNED,
    EventKind.SUPPLEMENT_REQUESTED,
    EventKind.CONSULTED,
    EventKind.RESOLVED,
    EventKind.REFUSED,
    EventKind.STOPPED,
    EventKind.CLOSED,
)


def between(column: Any, start: datetime, end: datetime) -> ColumnElement[bool]:
    """The instant falls in the period."""
    return and_(column >= start, column < end)


def done(column: Any, as_of: datetime) -> ColumnElement[bool]:
    """It had happened by then. (The null test is for indexes.)"""
    return and_(column.is_not(None), column < as_of)


def ended_late() -> ColumnElement[bool]:
    """The case ended after its due time."""
    return Case.ended_at > Case.due_at


def open_overdue(as_of: datetime) -> ColumnElement[bool]:
    """The case had not ended by then and was past due."""
    return and_(
        Case.due_at < as_of, or_(Case.ended_at.is_(None), and_(Case.ended_at >= as_of, Case.ended_at > Case.due_at))
    )


def became_overdue(due_at: datetime, calendar: WorkingCalendar) -> date:
    """The site's day on which it was late: the morning after a due day, the same day for a due hour."""
    return calendar.local_day(due_at + timedelta(seconds=1))


def overdue(start: datetime, end: datetime, as_of: datetime) -> ColumnElement[bool]:
    """Late in the period: ended in it late, or not ended by `as_of` and past due."""
    return or_(and_(between(Case.ended_at, start, end), ended_late()), open_overdue(as_of))


def fell_overdue(since: datetime, as_of: datetime) -> ColumnElement[bool]:
    """Its due time passed from `since` on and before `as_of`, and it had not ended by then."""
    passed = and_(Case.due_at >= since, Case.due_at < as_of)
    return and_(passed, or_(Case.ended_at.is_(None), ended_late()))


def not_closed(start: datetime, end: datetime, as_of: datetime) -> ColumnElement[bool]:
    """Has a result, but was not closed on the software by its due time (Bắc Giang's footnote 4)."""
    return and_(
        Case.result_at < as_of,
        or_(
            and_(between(Case.ended_at, start, end), Case.closed_at.is_not(None), ended_late()),
            open_overdue(as_of),
        ),
    )


def files_not_digitised(start: datetime, end: datetime, as_of: datetime) -> ColumnElement[bool]:
    """Received in the period, its file not digitised by `as_of`."""
    return and_(
        between(Case.received_at, start, end),
        or_(Case.files_digitised_at.is_(None), Case.files_digitised_at >= as_of),
    )


def result_not_digitised(start: datetime, end: datetime, as_of: datetime) -> ColumnElement[bool]:
    """Result given in the period, not digitised by `as_of`."""
    return and_(
        between(Case.result_at, start, end),
        Case.returns_result,
        or_(Case.result_digitised_at.is_(None), Case.result_digitised_at >= as_of),
    )


def no_electronic_result(start: datetime, end: datetime, as_of: datetime) -> ColumnElement[bool]:
    """Result given in the period without a legally valid electronic copy by `as_of`."""
    return and_(
        between(Case.result_at, start, end),
        Case.returns_result,
        or_(Case.electronic_result_at.is_(None), Case.electronic_result_at >= as_of),
    )


def stage_late() -> ColumnElement[bool]:
    """The stage ended after its allowance ran out."""
    return CaseStage.ended_at > CaseStage.due_at


def stage_open_over(as_of: datetime) -> ColumnElement[bool]:
    """The stage had not ended by then and its allowance had run out."""
    return and_(
        CaseStage.due_at < as_of,
        or_(CaseStage.ended_at.is_(None), and_(CaseStage.ended_at >= as_of, CaseStage.ended_at > CaseStage.due_at)),
    )


def payment_counted(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Money taken in the period for a procedure eligible for online payment, and not voided.

    What was given back later, even all of it, was paid all the same: a refund changes no figure of a past month.
    """
    return and_(between(Payment.paid_at, start, end), Payment.online_payable, ~Payment.voided)


def paid_in_person(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Of those payments: taken otherwise than online."""
    return and_(payment_counted(start, end), Payment.channel != PaymentChannel.ONLINE)


def stage_noted() -> ColumnElement[bool]:
    """The unit holding the case wrote something in this stay, by a note or with the act that ended it.

    The words of a hand-over belong to the stage it ends. A reason for recording late stands alone in brackets:
    it is no opinion on the case. What was declared never to have happened does not count.
    """
    event, correction = aliased(CaseEvent), aliased(CaseEvent)
    voided = exists().where(
        correction.case_id == event.case_id,
        correction.corrects_id == event.id,
        correction.data["void"].as_boolean(),
    )
    return exists().where(
        event.case_id == CaseStage.case_id,
        event.note != literal_column("''"),  # these two as the index says them
        func.substr(event.note, literal_column("1"), literal_column("1")) != literal_column("'('"),
        event.kind.in_(WITH_WORDS),
        event.at.between(CaseStage.started_at, CaseStage.ended_at),
        or_(event.kind != EventKind.NOTED, event.unit_id == CaseStage.unit_id, event.unit_id.is_(None)),
        or_(
            event.kind.not_in((EventKind.HANDED_OVER, EventKind.RETURNED)),
            event.at > CaseStage.started_at,
            CaseStage.ended_at == CaseStage.started_at,
        ),
        ~voided,
    )


def closed_with_result(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Closed in the period with a result that is handed out."""
    return and_(
        between(Case.ended_at, start, end),
        Case.closed_at.is_not(None),
        Case.result_at.is_not(None),
        Case.returns_result,
    )


def result_attached(as_of: datetime) -> ColumnElement[bool]:
    """The case carries its result by then: digitised, or issued in electronic form."""
    return or_(done(Case.result_digitised_at, as_of), done(Case.electronic_result_at, as_of))
