"""Which events a row adds to a case. Pure.

An export states where a case stands, not always since when. What it gives no time for (a supplement asked
for, another officer) is recorded at the last moment known of the case and says so: `data["time_unknown"]`. Of a
clock that stopped or runs again it also says when the export told it, `data["known_at"]`: a case that was late by
then stays late, and the clock stood until then.
What is recorded is never overwritten: a row that contradicts it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.cases.importing.mapping import ForeignStatus
from app.cases.importing.row_parsing import ParsedRow, StatedEvent
from app.cases.importing.values import CellInstant, ContradictingRow, OpenAgain, RowRefused
from app.cases.timeline import CaseState, Event
from app.cases.vocabulary import ENDED, MOVES, ONCE, RUNNING, CaseStatus, EventKind, PromiseCause

NO_STAGE = 0  # position of a hand-over that enters no stage: the export does not know the internal process
_ENDINGS = {
    ForeignStatus.REFUSED: EventKind.REFUSED,
    ForeignStatus.WITHDRAWN: EventKind.WITHDRAWN,
    ForeignStatus.STOPPED: EventKind.STOPPED,
}
_STATUS = {
    ForeignStatus.CLOSED: CaseStatus.CLOSED,
    ForeignStatus.REFUSED: CaseStatus.REFUSED,
    ForeignStatus.WITHDRAWN: CaseStatus.WITHDRAWN,
    ForeignStatus.STOPPED: CaseStatus.STOPPED,
}


_IN_WORK = frozenset({ForeignStatus.RECEIVED, ForeignStatus.IN_PROGRESS, ForeignStatus.SUPPLEMENT})


@dataclass(slots=True)
class Move:
    """An event to be added; it gets its number when it is recorded."""

    kind: EventKind
    at: datetime
    data: dict[str, Any]
    actor: str = ""
    external_id: str | None = None

    def event(self, number: int) -> Event:
        """As the fold wants it."""
        return Event(number, self.kind, self.at, self.actor, data=self.data)


def activity(event: StatedEvent) -> Move:
    """A step of other software; it changes no state."""
    return Move(
        EventKind.ACTIVITY, event.at, {"name": event.name, "group": event.group}, event.actor, event.external_id
    )


def first_moves(said: ParsedRow, unit_id: int, fee: int = 0) -> Iterator[Move]:
    """The life of a case that was not known before. `fee` (đồng): what a payment without an amount was."""
    yield from _first_standing(said, unit_id)
    result_at = None if said.standing in _ENDINGS else said.ended
    yield from _deeds(said, said.received.at, result_at)
    yield from _paid(said, said.received.at, fee)


def _first_standing(said: ParsedRow, unit_id: int) -> Iterator[Move]:
    data: dict[str, Any] = {"unit_id": unit_id, "stages_unknown": True}
    if said.promised:
        data["promised_at"] = said.promised.end.isoformat()
    if said.officer:
        data["officer"] = said.officer
    yield Move(EventKind.RECEIVED, said.received.at, data)
    if said.standing is ForeignStatus.IN_PROGRESS:
        yield _handed_over(said.received.at, unit_id, said.officer)
    elif said.standing is ForeignStatus.SUPPLEMENT:
        yield Move(EventKind.SUPPLEMENT_REQUESTED, said.received.at, {"time_unknown": True})
    elif said.ended:
        yield from _endings(said.standing, said.ended)


def later_moves(
    said: ParsedRow,
    unit_id: int | None,
    state: CaseState,
    events: list[Event],
    now: datetime,
    zone: ZoneInfo,
    fee: int = 0,
    *,
    reopens: bool = False,
) -> Iterator[Move]:
    """What a row adds to a case as it stands; nothing when it says nothing new. Raises Contradiction. `reopens`: a case
    that has ended and is in work again was opened again, and the file is not an old one.

    What was recorded as done stays so, whatever a later file says: other software need not know of it.
    """
    moves = list(_later_standing(said, unit_id, state, events, now, zone, reopens))
    yield from moves
    resolved = (move.at for move in moves if move.kind is EventKind.RESOLVED)
    for move in _deeds(said, state.received_at, next(resolved, state.result_at)):
        if getattr(state, ONCE[move.kind]) is None:
            yield move
    if not any(not paid.voided for paid in state.payments):
        yield from _paid(said, state.received_at, fee)


def _later_standing(
    said: ParsedRow,
    unit_id: int | None,
    state: CaseState,
    events: list[Event],
    now: datetime,
    zone: ZoneInfo,
    reopens: bool,
) -> Iterator[Move]:
    if not said.begins_with_event and not said.received.agrees(state.received_at, zone):
        raise ContradictingRow(
            "Mâu thuẫn: ngày tiếp nhận đã ghi là %(recorded)s.", field="received_at", recorded=state.received_at
        )
    if said.promised and (moved := _moved_promise(said.promised, state, zone)):
        if any(made.since == now for made in state.promises):
            raise ContradictingRow(
                "Mâu thuẫn: tệp này cho hồ sơ hai ngày hẹn trả khác nhau cùng một lúc; hãy giữ một dòng đúng.",
                field="promised_at",
                recorded=state.promises[-1].due_at or state.promised_at,
            )
        yield Move(EventKind.PROMISE_MOVED, now, {"promised_at": moved.isoformat()})
    ended_at = state.ended_at or state.result_at
    if ended_at is not None:
        opened = [event for event in events if event.kind is EventKind.REOPENED]
        yield from _after_end_or_again(said, state, ended_at, opened, now, zone, reopens=reopens)
        return
    last = max(event.at for event in events if event.kind in MOVES)
    if state.status is CaseStatus.SUPPLEMENT:
        if said.standing in (None, ForeignStatus.SUPPLEMENT):
            return
        if said.standing not in _ENDINGS:
            yield Move(EventKind.SUPPLEMENTED, last, {"time_unknown": True, "known_at": now.isoformat()})
    elif said.standing is ForeignStatus.SUPPLEMENT:
        yield Move(EventKind.SUPPLEMENT_REQUESTED, last, {"time_unknown": True, "known_at": now.isoformat()})
        return
    if said.ended:
        if said.ended < last and not (said.end_is_day and said.ended + timedelta(days=1) > last):
            raise ContradictingRow(
                "Mâu thuẫn: sự kiện gần nhất đã ghi lúc %(recorded)s.", field="ended_at", recorded=last
            )
        yield from _endings(said.standing, max(said.ended, last))
    elif not state.stays and state.status in RUNNING and _in_other_hands(said, unit_id, state):
        yield _handed_over(last, unit_id or state.holder_unit_id, said.officer or state.officer)


def _deeds(said: ParsedRow, received_at: datetime, result_at: datetime | None) -> Iterator[Move]:
    """What the row says was done to the file and to the result, never before there was one. Without a day: then."""
    for kind, when in said.deeds:
        first = received_at if kind is EventKind.FILES_DIGITISED else result_at
        if first is None:
            raise RowRefused("Dòng ghi đã có kết quả điện tử hoặc đã số hóa kết quả, nhưng hồ sơ chưa có kết quả.")
        yield Move(kind, max(when.at, first) if when else first, {} if when else {"time_unknown": True})


def _paid(said: ParsedRow, received_at: datetime, fee: int) -> Iterator[Move]:
    """The payment that the row states: of the amount it says, else of the fee; on its day, else at reception."""
    if said.payment is None or not (amount := said.payment.amount or fee):
        return
    data: dict[str, Any] = {"amount": amount, "channel": said.payment.channel.value}
    when = said.payment.paid
    yield Move(EventKind.PAID, when.at if when else received_at, data | ({} if when else {"time_unknown": True}))


def _in_other_hands(said: ParsedRow, unit_id: int | None, state: CaseState) -> bool:
    started = said.standing is ForeignStatus.IN_PROGRESS and state.status is CaseStatus.RECEIVED
    other_unit = unit_id not in (None, state.holder_unit_id)
    other_officer = said.officer not in ("", state.officer)
    return started or other_unit or other_officer


def _after_end_or_again(
    said: ParsedRow,
    state: CaseState,
    ended_at: datetime,
    opened: list[Event],
    now: datetime,
    zone: ZoneInfo,
    *,
    reopens: bool,
) -> Iterator[Move]:
    """What a row adds to a case that has ended. `opened`: the times it was opened again; its ends after the first are
    told by these, and whether it was in time by its first end."""
    again = _instant(opened[-1].data.get("ended_at")) if opened else None
    in_work_again = bool(opened) and again is None
    if said.end is None and said.standing in _IN_WORK:
        if in_work_again:
            return
        if not reopens:
            raise OpenAgain("Mâu thuẫn: hồ sơ đã kết thúc xử lý lúc %(recorded)s.", field="ended_at", recorded=ended_at)
        yield Move(EventKind.REOPENED, now, {"time_unknown": True, "known_at": now.isoformat()})
    elif said.end is not None and again is not None and said.end.agrees(again, zone):
        return
    elif said.end is not None and in_work_again and said.end.at > ended_at and not said.end.agrees(ended_at, zone):
        yield Move(EventKind.REOPENED, said.end.at, {"ended_at": said.end.at.isoformat()})
    else:
        yield from _after_end(said, state, ended_at, zone)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _handed_over(at: datetime, unit_id: int, officer: str) -> Move:
    data = {"position": NO_STAGE, "unit_id": unit_id, "officer": officer, "time_unknown": True}
    return Move(EventKind.HANDED_OVER, at, data)


def _endings(standing: ForeignStatus | None, at: datetime) -> Iterator[Move]:
    if standing in _ENDINGS:
        yield Move(_ENDINGS[standing], at, {})
        return
    yield Move(EventKind.RESOLVED, at, {})
    if standing is ForeignStatus.CLOSED:
        yield Move(EventKind.CLOSED, at, {})


def _after_end(said: ParsedRow, state: CaseState, ended_at: datetime, zone: ZoneInfo) -> Iterator[Move]:
    """The case has a result or has ended: the row may repeat it, or close what was only resolved."""
    end = said.end
    if end is None:
        raise ContradictingRow(
            "Mâu thuẫn: hồ sơ đã kết thúc xử lý lúc %(recorded)s.", field="ended_at", recorded=ended_at
        )
    recorded = [moment for moment in (state.result_at, state.ended_at) if moment]
    same = any(end.agrees(moment, zone) for moment in recorded)
    if state.status in ENDED:
        status = _STATUS.get(said.standing) if said.standing else state.status
        behind = said.standing is ForeignStatus.RESOLVED and state.status is CaseStatus.CLOSED
        if status is not state.status and not behind:
            raise ContradictingRow("Mâu thuẫn: hồ sơ đã được ghi là “%(status)s”.", field="status", status=state.status)
        if not same:
            raise ContradictingRow(
                "Mâu thuẫn: hồ sơ đã kết thúc lúc %(recorded)s.", field="ended_at", recorded=ended_at
            )
        return
    if said.standing in _ENDINGS:
        raise ContradictingRow("Mâu thuẫn: hồ sơ đã được ghi là “%(status)s”.", field="status", status=state.status)
    if not same and (said.standing is ForeignStatus.RESOLVED or end.end < ended_at):
        raise ContradictingRow("Mâu thuẫn: kết quả đã ghi lúc %(recorded)s.", field="ended_at", recorded=ended_at)
    if said.standing is ForeignStatus.CLOSED:
        yield Move(EventKind.CLOSED, max(end.at, ended_at), {})


def _moved_promise(promised: CellInstant, state: CaseState, zone: ZoneInfo) -> datetime | None:
    """The new promise, if it is neither the one that stands nor what the other software said last."""
    outside = [made.due_at for made in state.promises if made.cause is PromiseCause.OTHER_SOFTWARE]
    standing = [state.due_at or state.promised_at, *outside[-1:]]
    return None if any(due_at and promised.agrees(due_at, zone) for due_at in standing) else promised.end
