"""A case as an import works on it: what is recorded, and what the file adds. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from zoneinfo import ZoneInfo

from app.calendar import WorkingCalendar
from app.cases.importing.catalogue import Version
from app.cases.importing.moves import Move, activity, first_moves, later_moves
from app.cases.importing.plan import Prepared
from app.cases.importing.statements import CONTACTS, Remark, StatedEvent, Statement
from app.cases.importing.values import Contradiction
from app.cases.rows import Row, case_row
from app.cases.timeline import CaseState, Event, project
from app.cases.vocabulary import Channel, EventKind


class Outcome(IntEnum):
    """What a row did to its case; the greater tells more of a case that several rows speak of."""

    UNCHANGED = 1
    CHANGED = 2
    NEW = 3


@dataclass(slots=True)
class Dossier:
    """One case of a batch. `case_id` is None when the file brings it; `moves` are the events to be written."""

    code: str
    version: Version
    unit_id: int
    channel: Channel
    contacts: dict[str, str]
    owner: str = ""
    case_id: int | None = None
    revision: int = 1
    online_payable: bool = False
    events: list[Event] = field(default_factory=list)
    external: dict[str, Event] = field(default_factory=dict)  # events of other software by their identity
    moves: list[Move] = field(default_factory=list)
    state: CaseState | None = None
    said: Statement | None = None  # the last statement taken: a row that repeats it says nothing new
    filled: bool = False  # blank contacts were filled in
    counted: int = 0  # moves of earlier batches of the file
    before: Row = field(default_factory=dict)  # columns of a known case as they were before the file
    again: Prepared | None = None  # what earlier batches of the file have made of it already

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.moves) or self.filled


@dataclass(frozen=True, slots=True)
class Reading:
    """What every row is judged by: the site's calendar, the file's zone, and the moment of the import."""

    calendar: WorkingCalendar
    zone: ZoneInfo
    now: datetime


def open_dossier(said: Statement, version: Version, unit_id: int | None, channel: Channel, by: Reading) -> Dossier:
    """A case not known before. Raises OutOfOrder when its events cannot follow each other."""
    accountable = unit_id or version.unit_id
    dossier = Dossier(
        said.code,
        version,
        accountable,
        said.channel or channel,
        {name: getattr(said, name) for name in CONTACTS},
        online_payable=version.online_payable,
    )
    _add(dossier, list(first_moves(said, accountable)), by)
    dossier.said = said
    return dossier


def take_statement(dossier: Dossier, said: Statement, unit_id: int | None, by: Reading) -> list[Remark]:
    """Let a row move a known case on. Raises Contradiction or OutOfOrder, and then nothing has changed."""
    if said is dossier.said or said == dossier.said:
        return []
    if dossier.state is None:
        dossier.state = project(dossier.version.terms, dossier.events, by.calendar)
        if dossier.case_id is not None and not dossier.moves:
            dossier.before |= case_row(dossier.state)
    _add(dossier, list(later_moves(said, unit_id, dossier.state, dossier.events, by.now, by.zone)), by)
    dossier.said = said
    return [Remark.CONTACT_DIFFERS] if _fill(dossier, said) else []


def take_event(dossier: Dossier, stated: StatedEvent) -> list[Remark]:
    """Add an activity, once. Raises Contradiction when its identity is recorded with another time or name."""
    known = dossier.external.get(stated.external_id)
    if known is not None:
        if known.data.get("name") != stated.name or abs(known.at - stated.at).total_seconds() >= 60:
            raise Contradiction(
                "Mâu thuẫn: công việc mang mã này đã được ghi khác.",
                field="event_id",
                recorded=str(known.data.get("name", "")),
            )
        return []
    move = activity(stated)
    early = _first(dossier) > move.at and not any(
        event.kind is EventKind.ACTIVITY and event.at < _first(dossier) for event in dossier.events
    )
    event = move.event(len(dossier.events) + 1)
    dossier.events.append(event)
    dossier.moves.append(move)
    dossier.external[stated.external_id] = event
    return [Remark.EARLY_ACTIVITY] if early else []


def _first(dossier: Dossier) -> datetime:
    return dossier.state.received_at if dossier.state else dossier.events[0].at


def _add(dossier: Dossier, moves: list[Move], by: Reading) -> None:
    """Add moves after folding them with what is there: what cannot follow is refused before anything changes."""
    if not moves:
        return
    start = len(dossier.events) + 1
    events = [*dossier.events, *(move.event(number) for number, move in enumerate(moves, start))]
    dossier.state = project(dossier.version.terms, events, by.calendar)
    dossier.events = events
    dossier.moves.extend(moves)


def _fill(dossier: Dossier, said: Statement) -> bool:
    """Fill in contacts that are blank; a different one is kept as recorded. Whether one differs."""
    differs = False
    for name in CONTACTS:
        recorded, stated = dossier.contacts[name], getattr(said, name)
        if stated and not recorded:
            dossier.contacts[name] = stated
            dossier.filled = True
        elif stated and stated != recorded:
            differs = True
    return differs
