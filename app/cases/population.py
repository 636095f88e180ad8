"""Who is late, in breach, owed, paused, waiting or not closed, at an instant; and who may look into a case.

The one home of these populations: facts, lists, worklists, notices, slips, pages and exports ask it. Each is asked of
a table (`Case`, `CaseStage`) and is then an SQL condition, or of one row or state of a case (`state.CaseState`), and is
then true or false: one body says both, so that a page and a figure cannot differ.

All are seen from an instant `as_of` (UTC): what was recorded as done later had not happened yet, so that a past
month judged again gives the same figures. A period is half open: from its start, before its end.
Late is after the due instant; a due day lasts until 23:59:59 of the site's day. What is not known is in no population.
A case has broken its promise once it is open after `late_after`, of the first promise that no other replaced in time:
it is late until it ends, whatever was promised since, and whenever it is looked at.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, literal_column, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.operators import ColumnOperators

from app.cases.models import Case, CaseEvent, CaseStage, Consultation, Payment
from app.cases.timeline import CaseState
from app.cases.vocabulary import Channel, EventKind, Knows, PaymentChannel, ReturnMethod
from app.core.calendar import WorkingCalendar
from app.organisation import lineage
from app.organisation.access import Scope
from app.organisation.models import PassedRecord
from app.web.due import due_after, due_by, kept, missed
from app.web.extensions import local_day

SOON = 2  # working days ahead that still count as soon
COLLECTED_WITHIN = timedelta(days=365)  # a result nobody came for in a year is no longer waited for

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


ACCOUNTABLE, HELD, STAY = "case", "case_held", "case_stage"
"""What passes of a case when a unit is succeeded: that it answers for it, has it, has it in its stage. All of them
are remembered by the case's id."""


# --- whose a case was


def unit_then(table: type[Case] | type[CaseStage], at: Any) -> ColumnElement[int]:
    """SQL: the unit whose the case or the stay was at an instant; of a stay, only one that was open passes."""
    if table is Case:
        return lineage.unit_then(Case, ACCOUNTABLE, at)
    open_then = or_(CaseStage.ended_at.is_(None), CaseStage.ended_at >= PassedRecord.until_at)
    passed = CaseStage.started_at < PassedRecord.until_at, open_then
    return lineage.unit_then(CaseStage, STAY, at, record=CaseStage.case_id, passed=passed)


def holder_then(at: Any) -> ColumnElement[int]:
    """SQL: the unit that had the case at an instant, as far as successions tell."""
    return lineage.unit_then(Case, HELD, at, unit=Case.holder_unit_id)


# --- conditions of a table, answers about a row


def both(*parts: Any) -> Any:
    return and_(*parts) if any(isinstance(part, ColumnOperators) for part in parts) else all(parts)


def either(*parts: Any) -> Any:
    return or_(*parts) if any(isinstance(part, ColumnOperators) for part in parts) else any(parts)


def missing(value: Any) -> Any:
    return value.is_(None) if isinstance(value, ColumnOperators) else value is None


def known(value: Any) -> Any:
    """It has happened."""
    return value.is_not(None) if isinstance(value, ColumnOperators) else value is not None


def _when(compare: Callable[[Any, Any], Any], value: Any, at: datetime) -> Any:
    return compare(value, at) if isinstance(value, ColumnOperators) else value is not None and compare(value, at)


def between(value: Any, start: datetime, end: datetime) -> Any:
    """The instant falls in the period."""
    return both(_when(operator.ge, value, start), _when(operator.lt, value, end))


def done(value: Any, as_of: datetime) -> Any:
    """It had happened by then. (The null test is for indexes.)"""
    if isinstance(value, datetime):  # as below, for a hundred thousand rows
        return value < as_of
    return both(known(value), _when(operator.lt, value, as_of))


def not_yet(value: Any, as_of: datetime) -> Any:
    """It had not happened by then."""
    return either(missing(value), _when(operator.ge, value, as_of))


# --- late. `of` is a case, or a stay in a stage: whatever has `late_after` and `ended_at`


def ended_late(of: Any) -> Any:
    """Ended after its due time."""
    return missed(of.late_after, of.ended_at)


def ended_in_time(of: Any) -> Any:
    """Ended by its due time."""
    return kept(of.late_after, of.ended_at)


def ended_before_due_day(of: Any, zone: tzinfo, near: datetime) -> Any:
    """Ended on an earlier day than the one on which it was due (trước hạn). `near`: see `database.local_day`."""
    if isinstance(of.ended_at, ColumnOperators):
        return due_after(local_day(of.late_after, zone, near), local_day(of.ended_at, zone, near))
    days = (at.astimezone(zone).date() if at else None for at in (of.late_after, of.ended_at))
    return due_after(*days)


def past_due(of: Any, at: datetime) -> Any:
    """Its due time had passed by then, whether it had ended or not."""
    return missed(of.late_after, at)


def late(of: Any, as_of: datetime) -> Any:
    """In breach: its due time passed before `as_of`, and it had not ended by it. What ended late stays so."""
    return both(past_due(of, as_of), either(missing(of.ended_at), ended_late(of)))


def ended_by(of: Any, at: datetime) -> Any:
    """Had ended by then, at that instant included."""
    return _when(operator.le, of.ended_at, at)


def still_open(of: Any, as_of: datetime) -> tuple[Any, Any]:
    """The two ways in which what is past due was open at `as_of`: open now, or ended since then. Each is a range of
    an index of its own, and they shut each other out."""
    return missing(of.ended_at), both(_when(operator.ge, of.ended_at, as_of), ended_late(of))


def open_then(of: Any, as_of: datetime) -> tuple[Any, Any]:
    """The two ways in which it was open at `as_of`, late or not: open now, or ended since then."""
    return missing(of.ended_at), _when(operator.ge, of.ended_at, as_of)


def due_later(of: Any, as_of: datetime, end: datetime) -> Any:
    """Not past due at `as_of`, and will be by `end`."""
    return both(kept(of.late_after, as_of), past_due(of, end))


def open_overdue(of: Any, as_of: datetime) -> Any:
    """Had not ended by then and was past due."""
    return both(past_due(of, as_of), either(*still_open(of, as_of)))


def finished_late(of: Any, start: datetime, end: datetime) -> Any:
    """Ended in the period, after its due time."""
    return both(between(of.ended_at, start, end), ended_late(of))


def overdue(of: Any, start: datetime, end: datetime, as_of: datetime) -> Any:
    """Late in the period: ended in it late, or not ended by `as_of` and past due."""
    return either(finished_late(of, start, end), open_overdue(of, as_of))


def overran(of: Any, start: datetime, end: datetime) -> Any:
    """Ended in the period after its due time, which fell in the period as well: an overrun is one fault, of the period
    in which the time ran out."""
    return both(finished_late(of, start, end), kept(of.late_after, start))


def resulted_in_time(of: Any) -> Any:
    """Had its result by its due time."""
    return kept(of.late_after, of.result_at)


def not_closed_branches(start: datetime, end: datetime, as_of: datetime, of: Any = Case) -> Iterator[tuple[Any, ...]]:
    """The ways in which a case had its result in time and was not closed on the software by its due time (Bắc Giang's
    footnote 4), each a range of an index, shutting the others out: closed since in the same period, or open. It is of
    the period its due time falls in, and of those after it while it is open; that which closes it finds no fault."""
    yield finished_late(of, start, end), known(of.closed_at), resulted_in_time(of), kept(of.late_after, start)
    for still in still_open(of, as_of):
        yield past_due(of, as_of), still, resulted_in_time(of)


def not_closed(of: Any, start: datetime, end: datetime, as_of: datetime) -> Any:
    return either(*(both(*branch) for branch in not_closed_branches(start, end, as_of, of)))


def became_overdue(late_after: datetime, calendar: WorkingCalendar) -> date:
    """The site's day on which it was late: the morning after a due day, the same day for a due hour."""
    return calendar.local_day(late_after + timedelta(seconds=1))


def last_day(as_of: datetime, calendar: WorkingCalendar) -> date:
    """The site's last day that is looked back on from `as_of`: a month seen from its end has not come to the next."""
    return calendar.local_day(as_of - lineage.AN_INSTANT)


def broken(promise: Any, of: Any, as_of: datetime) -> Any:
    """A promise of that case had been broken by then (quá hẹn): its last day passed, and the case had not ended."""
    open_after = either(missing(of.ended_at), missed(promise.late_after, of.ended_at))
    return both(missed(promise.late_after, as_of), open_after)


# --- how open cases stand today


class Bucket(StrEnum):
    """How urgent an open case is; it is in exactly one of these."""

    OVERDUE = "overdue"
    TODAY = "today"
    SOON = "soon"
    LATER = "later"
    PAUSED = "paused"


def in_bucket(of: Any, bucket: Bucket, calendar: WorkingCalendar, now: datetime) -> Any:
    """The open case is as urgent as that."""
    match bucket:
        case Bucket.OVERDUE:
            return past_due(of, now)
        case Bucket.TODAY:
            return due_within(of, now, horizon(calendar, now, 0))
        case Bucket.SOON:
            ahead = due_after(of.late_after, horizon(calendar, now, 0))
            return both(ahead, due_by(of.late_after, horizon(calendar, now, SOON)))
        case Bucket.LATER:
            return due_after(of.late_after, horizon(calendar, now, SOON))
    return missing(of.late_after)


def bucket_of(row: Any, calendar: WorkingCalendar, now: datetime) -> Bucket:
    """How urgent an open case is."""
    return next(bucket for bucket in Bucket if in_bucket(row, bucket, calendar, now))


@lru_cache(maxsize=64)  # a list asks it of each line
def horizon(calendar: WorkingCalendar, now: datetime, days: int) -> datetime:
    """The last moment (UTC) of the day so many working days ahead; of today, for none."""
    today = calendar.local_day(now)
    return calendar.end_of_day(calendar.add_working_days(today, days) if days else today)


def due_within(of: Any, first: datetime, last: datetime) -> Any:
    """Due between those moments, both included."""
    return both(kept(of.late_after, first), due_by(of.late_after, last))


def may_move(of: Any, since: datetime) -> Any:
    """A change of the calendar from that moment on may move its due time, or what it is late after."""
    return either(kept(of.due_at, since), kept(of.late_after, since), known(of.paused_at))


def unclosed(of: Any) -> Any:
    """Has its result and is not closed on the software."""
    return both(missing(of.ended_at), known(of.result_at))


def paused_long(of: Any, calendar: WorkingCalendar, now: datetime, days: int) -> Any:
    """Has waited for its applicant for more than so many days."""
    since = calendar.start_of_day(calendar.local_day(now) - timedelta(days=days))
    return both(missing(of.ended_at), done(of.paused_at, since))


def supplement_missed(of: Any, day: date) -> Any:
    """What the applicant was asked for has not come, and the last day for it is over."""
    return both(missing(of.ended_at), missed(of.supplement_by, day))


def to_collect(of: Any, now: datetime) -> Any:
    """Its result waits at the desk, as far as is known. A state knows no way of returning it: ask this of a case."""
    return both(
        _when(operator.gt, of.result_at, now - COLLECTED_WITHIN),
        missing(of.delivered_at),
        of.returns_result,
        of.return_method == ReturnMethod.IN_PERSON,
        return_told(of),
    )


def answer_overdue(question: Any, now: datetime) -> Any:
    """A unit that was asked for its opinion has not given it in time."""
    return both(missing(question.answered_at), missed(question.due_at, now))


# --- digitised, electronic, attached, noted: and whether the records tell it. What came or went out as a data file
# needs no scan. What was done speaks for itself from its instant on, whatever the way in had told.


def opposite(part: Any) -> Any:
    return ~part if isinstance(part, ColumnOperators) else not part


def told(of: Any, what: Knows) -> Any:
    """The way in, or a later file, has told this of the case."""
    if isinstance(of.knows, ColumnOperators):
        return of.knows.bitwise_and(literal_column(str(int(what)))) != literal_column("0")
    return what in Knows(of.knows)


def return_told(of: Any) -> Any:
    """It is known how the applicant wants the result: the desk asks, no file tells."""
    return either(missing(of.import_id), told(of, Knows.RETURN))


def sets_told(of: Any) -> Any:
    """It is known how many sets of papers were handed in."""
    return either(missing(of.import_id), told(of, Knows.SETS))


def came_electronically(of: Any) -> Any:
    """Handed in online, as a data file."""
    return both(of.channel == Channel.ONLINE, told(of, Knows.CHANNEL))


def file_digital(of: Any, as_of: datetime) -> Any:
    """The case's file is digitised by then: scanned, or it came as a data file."""
    return either(done(of.files_digitised_at, as_of), came_electronically(of))


def fee_known(fee_due: int, looked_at: bool) -> bool:
    """Whether what is due (đồng) is known: that nothing is says only a procedure that somebody has looked at since an
    import made it (`details_known`)."""
    return bool(fee_due) or looked_at


def file_known(of: Any, as_of: datetime) -> Any:
    """It is known by then whether the case's file is digitised."""
    return either(told(of, Knows.FILES), file_digital(of, as_of))


def result_digital(of: Any, as_of: datetime) -> Any:
    """The result is digitised by then, and so the case carries it: scanned, or issued in electronic form."""
    return either(done(of.result_digitised_at, as_of), done(of.electronic_result_at, as_of))


def result_known(of: Any, as_of: datetime) -> Any:
    """It is known by then whether the result is digitised."""
    return either(told(of, Knows.RESULT), result_digital(of, as_of))


def electronic_known(of: Any, as_of: datetime) -> Any:
    """It is known by then whether there is a legally valid electronic copy of the result, and since which day: “yes”
    without a day does not tell that it came at the same time."""
    dated = either(missing(of.electronic_result_at), known(of.electronic_days))
    return both(either(told(of, Knows.ELECTRONIC), done(of.electronic_result_at, as_of)), dated)


def attached_known(of: Any, as_of: datetime) -> Any:
    """It is known by then whether the case carries its result."""
    return either(told(of, Knows.ATTACHED), result_digital(of, as_of))


def stands(of: Any) -> Any:
    """The case was not annulled: one that was taken in by mistake or twice is in no population."""
    return missing(of.annulled_at)


def received_in(of: Any, start: datetime, end: datetime) -> Any:
    return both(between(of.received_at, start, end), stands(of))


def ended_in(of: Any, start: datetime, end: datetime) -> Any:
    """A case that ended in the period."""
    return both(between(of.ended_at, start, end), stands(of))


def never_promised(of: Any) -> Any:
    """Nobody promised a day, and nothing says how long it may take: it is neither in time nor late."""
    return both(missing(of.late_after), missing(of.promised_at), missing(of.due_at))


def finished(of: Any, start: datetime, end: datetime) -> Any:
    """A case that ended in the period and had a day by which to end."""
    return both(ended_in(of, start, end), opposite(never_promised(of)))


def result_given(of: Any, start: datetime, end: datetime) -> Any:
    """A result that is handed out was given in the period."""
    return both(between(of.result_at, start, end), of.returns_result)


def closed_with_result(of: Any, start: datetime, end: datetime) -> Any:
    """Closed in the period with a result that is handed out."""
    return both(between(of.ended_at, start, end), known(of.closed_at), known(of.result_at), of.returns_result)


def files_not_digitised(of: Any, start: datetime, end: datetime, as_of: datetime) -> Any:
    """Received in the period, and known not to have its file digitised by `as_of`."""
    return both(received_in(of, start, end), file_known(of, as_of), opposite(file_digital(of, as_of)))


def files_unknown(of: Any, start: datetime, end: datetime, as_of: datetime) -> Any:
    """Received in the period, and nobody can tell whether its file is digitised."""
    return both(received_in(of, start, end), opposite(file_known(of, as_of)))


def result_not_digitised(of: Any, start: datetime, end: datetime, as_of: datetime) -> Any:
    """Result given in the period, and known not to be digitised by `as_of`."""
    return both(result_given(of, start, end), result_known(of, as_of), opposite(result_digital(of, as_of)))


def result_unknown(of: Any, start: datetime, end: datetime, as_of: datetime) -> Any:
    """Result given in the period, and nobody can tell whether it is digitised."""
    return both(result_given(of, start, end), opposite(result_known(of, as_of)))


def no_electronic_result(of: Any, start: datetime, end: datetime, as_of: datetime, allowed: int = 0) -> Any:
    """Result given in the period, and known to have no legally valid electronic copy by `as_of`, or one that came more
    working days later than are allowed: by default later than at the same time."""
    days = of.electronic_days
    later = days > allowed if isinstance(days, ColumnOperators) else days is not None and days > allowed
    missing_copy = either(not_yet(of.electronic_result_at, as_of), later)
    return both(result_given(of, start, end), electronic_known(of, as_of), missing_copy)


def electronic_unknown(of: Any, start: datetime, end: datetime, as_of: datetime) -> Any:
    """Result given in the period, and nobody can tell whether it has an electronic copy, or since when."""
    return both(result_given(of, start, end), opposite(electronic_known(of, as_of)))


def result_not_attached(of: Any, start: datetime, end: datetime, as_of: datetime) -> Any:
    """Closed with a result in the period, and known not to carry it by `as_of`."""
    return both(closed_with_result(of, start, end), attached_known(of, as_of), opposite(result_digital(of, as_of)))


def attached_unknown(of: Any, start: datetime, end: datetime, as_of: datetime) -> Any:
    """Closed with a result in the period, and nobody can tell whether it carries it."""
    return both(closed_with_result(of, start, end), opposite(attached_known(of, as_of)))


def stages_unknown() -> ColumnElement[bool]:
    """SQL: neither the way in told the stages that a case went through, nor were any recorded since."""
    recorded = exists().where(CaseStage.case_id == Case.id)
    return and_(opposite(told(Case, Knows.STAGES)), ~recorded)


def payment_unknown(as_of: datetime) -> ColumnElement[bool]:
    """SQL: the way in did not tell whether a case was paid for, and no payment of it was recorded by then."""
    paid = exists().where(Payment.case_id == Case.id, ~Payment.voided, Payment.paid_at < as_of)
    return and_(opposite(told(Case, Knows.PAYMENT)), ~paid)


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


# --- money


def payment_counted(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Money taken in the period for a procedure eligible for online payment, and not voided.

    What was given back later, even all of it, was paid all the same: a refund changes no figure of a past month.
    """
    return and_(between(Payment.paid_at, start, end), Payment.online_payable, ~Payment.voided)


def paid_in_person(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Of those payments: taken otherwise than online."""
    return and_(payment_counted(start, end), Payment.channel != PaymentChannel.ONLINE)


# --- who may look into a case, and change it


def on_desk_of(scope: Scope) -> ColumnElement[bool]:
    """SQL: the scope answers for the case, has it now, or was asked for its opinion and has not answered: the cases
    that it finds and lists."""
    if scope.unit_ids is None:
        return scope.within(Case.unit_id)
    asked = select(Consultation.case_id).where(
        Consultation.site == scope.site, scope.within(Consultation.unit_id), Consultation.answered_at.is_(None)
    )
    return or_(scope.within(Case.unit_id), scope.within(Case.holder_unit_id), Case.id.in_(asked))


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """SQL: the scope may look into the case, and print what it says: it answers for it, has it, had it in some stage,
    or was asked about it."""
    was_there = select(CaseStage.id).where(CaseStage.case_id == Case.id, scope.within(CaseStage.unit_id))
    was_asked = select(Consultation.id).where(Consultation.case_id == Case.id, scope.within(Consultation.unit_id))
    return or_(on_desk_of(scope), was_there.exists(), was_asked.exists())


def may_read(scope: Scope, unit_id: int, state: CaseState) -> bool:
    """Whether the scope may look into a case that this unit answers for."""
    been = (stay.unit_id for stay in state.stays)
    return scope.covers(unit_id, state.holder_unit_id, *been, *(asked.unit_id for asked in state.consultations))


def changeable_by(scope: Scope, of: Any = Case) -> Any:
    """The scope may record what happens to the case: it answers for it, or has it."""
    if isinstance(of.unit_id, ColumnOperators):
        return or_(scope.within(of.unit_id), scope.within(of.holder_unit_id))
    return scope.covers(of.unit_id, of.holder_unit_id)
