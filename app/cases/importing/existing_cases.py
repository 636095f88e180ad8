"""The cases that a batch of rows speaks of, as they are recorded and as earlier rows of the file have left them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select

from app.cases import population
from app.cases.importing.catalogue import Catalogue, Version
from app.cases.importing.event_derivation import Move, activity, first_moves, later_moves
from app.cases.importing.row_parsing import CONTACTS, DEEDS, FLAGS, ParsedRow, Remark, StatedEvent
from app.cases.importing.staging import Plan, Prepared
from app.cases.importing.values import ContradictingRow
from app.cases.kept_files import without_legal_value
from app.cases.models import Case, CaseEvent, is_one_of
from app.cases.rows import Row, case_row
from app.cases.service import events_of
from app.cases.timeline import CaseState, Event, as_corrected, project
from app.cases.vocabulary import Channel, EventKind, Knows, with_what_follows
from app.core.calendar import WorkingCalendar
from app.core.codes import code_key
from app.organisation.lineage import ONE_DAY, Lineage
from app.web.extensions import db


class RowOutcome(IntEnum):
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
    knows: Knows = Knows.NOTHING
    flags: dict[str, bool | None] = field(default_factory=lambda: dict.fromkeys(FLAGS))
    events: list[Event] = field(default_factory=list)
    external: dict[str, Event] = field(default_factory=dict)  # events of other software by their identity
    moves: list[Move] = field(default_factory=list)
    state: CaseState | None = None
    said: ParsedRow | None = None  # the last statement taken: a row that repeats it says nothing new
    filled: bool = False  # blank contacts were filled in, or something was told that was not known
    counted: int = 0  # moves of earlier batches of the file
    before: Row = field(default_factory=dict)  # columns of a known case as they were before the file
    passed: tuple[datetime, datetime] | None = None  # the last row moves this promise, which had passed, to that
    result_denied: bool = False  # the files of its result that lie here bear no signature that holds
    again: Prepared | None = None  # what earlier batches of the file have made of it already

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.moves) or self.filled


@dataclass(frozen=True, slots=True)
class RowContext:
    """What every row is judged by: the site's calendar, the file's zone, and the moment of the import."""

    calendar: WorkingCalendar
    zone: ZoneInfo
    now: datetime
    lineage: Lineage
    reopens: bool = False  # a case that has ended and is in work again was opened again


def open_dossier(said: ParsedRow, version: Version, unit_id: int | None, channel: Channel, by: RowContext) -> Dossier:
    """A case not known before: of the unit that the file names, or of who had succeeded it by then, and of its
    successors since, unless it had ended. Raises OutOfOrder when its events cannot follow each other."""
    day = by.calendar.local_day(said.received.at)
    accountable = by.lineage.heir(unit_id or version.unit_id, day, version.code)
    dossier = Dossier(
        said.code,
        version,
        accountable,
        said.channel or channel,
        {name: getattr(said, name) for name in CONTACTS},
        online_payable=version.online_payable,
        knows=_aspects_told(said, version),
        flags={name: getattr(said, name) for name in FLAGS},
    )
    _add(dossier, list(first_moves(said, accountable, version.fee)), by)
    _add(dossier, list(_passing_on(dossier, accountable, day, by)), by)
    dossier.said = said
    return dossier


def _passing_on(dossier: Dossier, unit_id: int, day: date, by: RowContext) -> Iterator[Move]:
    """The successions of the unit since the case was received, as long as it had not ended."""
    assert dossier.state is not None
    ended_at = dossier.state.ended_at
    for last_day, gone, heir in by.lineage.steps(unit_id, day, dossier.version.code):
        at = by.calendar.start_of_day(last_day + ONE_DAY)
        if ended_at is not None and ended_at < at:
            return
        yield Move(EventKind.UNIT_SUCCEEDED, at, {"unit_id": gone, "to_unit_id": heir, "accountable": True})


def take_statement(dossier: Dossier, said: ParsedRow, unit_id: int | None, by: RowContext) -> list[Remark]:
    """Let a row move a known case on. Raises Contradiction or OutOfOrder, and then nothing has changed."""
    if said is dossier.said or said == dossier.said:
        return []
    if dossier.state is None:
        dossier.state = project(dossier.version.terms, dossier.events, by.calendar)
        if dossier.case_id is not None and not dossier.moves:
            dossier.before |= case_row(dossier.state)
    if unit_id is not None:  # an old name goes on meaning whoever took over
        unit_id = by.lineage.heir(unit_id, by.calendar.local_day(by.now), dossier.version.code)
    before = dossier.state
    fee = dossier.version.fee
    moves = list(later_moves(said, unit_id, before, dossier.events, by.now, by.zone, fee, reopens=by.reopens))
    denied = [move for move in moves if _is_denied(move, dossier)]
    moves = [move for move in moves if move not in denied]
    _add(dossier, moves, by)
    dossier.said = said
    _learn(dossier, said)
    remarks = [Remark.CONTACT_DIFFERS] if _fill(dossier, said) else []
    if denied:
        remarks.append(Remark.DENIED)
    if any(move.kind is EventKind.REOPENED for move in moves):
        remarks.append(Remark.REOPENED)
    if any(move.kind is EventKind.PROMISE_MOVED for move in moves) and (had_passed := _had_passed(before, by.now)):
        assert said.promised is not None
        dossier.passed = had_passed, said.promised.end
        remarks.append(Remark.PROMISE_PASSED)
    return remarks


_MAY_BE_DENIED = frozenset({*DEEDS.values(), EventKind.PAID})


def _is_denied(move: Move, dossier: Dossier) -> bool:
    """Whether it is known here that this was not done: somebody has put right that it had been (of a payment: of that
    amount), and the row gives no later day; or the result's own file bears no signature that holds."""
    if move.kind not in _MAY_BE_DENIED:
        return False
    void = [each for each in as_corrected(dossier.events) if each.void and each.event.kind is move.kind]
    if move.kind is EventKind.PAID:
        void = [each for each in void if each.event.data.get("amount") == move.data["amount"]]
    if void and ("time_unknown" in move.data or move.at <= void[-1].before[-1][1].at):
        return True
    return move.kind is EventKind.ISSUED_ELECTRONIC and dossier.result_denied


def _had_passed(state: CaseState, now: datetime) -> datetime | None:
    """What was promised, when it had passed by now or the case has ended: no other date changes who was late."""
    over = state.ended_at is not None or population.past_due(state, now)
    return state.late_after if over else None


def _aspects_told(said: ParsedRow, version: Version) -> Knows:
    """What the row makes known. That something was paid, but neither how much nor of which fee, tells no payment."""
    without_amount = said.payment is not None and not (said.payment.amount or version.fee)
    return said.told & ~Knows.PAYMENT if without_amount else said.told


def _learn(dossier: Dossier, said: ParsedRow) -> None:
    """A later file may tell what an earlier one did not; what is known already stays as it is."""
    told = _aspects_told(said, dossier.version) & ~dossier.knows
    if not told:
        return
    if Knows.CHANNEL in told and said.channel is not None:
        dossier.channel = said.channel
    dossier.knows = with_what_follows(dossier.knows | told)
    dossier.filled = True


def take_event(dossier: Dossier, stated: StatedEvent) -> list[Remark]:
    """Add an activity, once. Raises Contradiction when its identity is recorded with another time or name."""
    known = dossier.external.get(stated.external_id)
    if known is not None:
        if known.data.get("name") != stated.name or abs(known.at - stated.at).total_seconds() >= 60:
            raise ContradictingRow(
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


def _add(dossier: Dossier, moves: list[Move], by: RowContext) -> None:
    """Add moves after folding them with what is there: what cannot follow is refused before anything changes."""
    if not moves:
        return
    start = len(dossier.events) + 1
    events = [*dossier.events, *(move.event(number) for number, move in enumerate(moves, start))]
    dossier.state = project(dossier.version.terms, events, by.calendar)
    dossier.events = events
    dossier.moves.extend(moves)


def _fill(dossier: Dossier, said: ParsedRow) -> bool:
    """Fill in contacts that are blank; a different one is kept as recorded. Whether one differs."""
    differs = False
    for name in CONTACTS:
        recorded, stated = dossier.contacts[name], getattr(said, name)
        if stated and not recorded:
            dossier.contacts[name] = stated
            dossier.filled = True
        elif stated and stated != recorded:
            differs = True
    for name, known in dossier.flags.items():
        stated = getattr(said, name)
        if stated is not None and known is None:
            dossier.flags[name] = stated
            dossier.filled = True
        differs = differs or (stated is not None and known is not None and stated != known)
    return differs


_COLUMNS = (
    *("id", "code", "version_id", "unit_id", "channel", "knows", "revision", "online_payable", "owner", "status"),
    *("search_text", *CONTACTS, *FLAGS),
)


def dossiers_of(
    site: str,
    keys: Collection[str],
    catalogue: Catalogue,
    plan: Plan,
    *,
    identities: bool,
    lock: bool,
    electronic: Collection[str] = (),
) -> dict[str, Dossier]:
    """The cases whose codes have these keys, by key: recorded ones, and new ones of earlier batches.

    `identities`: also which events came from other software. `lock`: nobody else changes them until the end of
    the transaction. `electronic`: the keys of those of which the file tells an electronic result.
    """
    if not keys:
        return {}
    found = _recorded(site, keys, catalogue, identities=identities, lock=lock)
    told = {found[key].case_id: found[key] for key in electronic if key in found}
    for case_id in without_legal_value([case_id for case_id in told if case_id is not None]):
        told[case_id].result_denied = True
    for key, prepared in plan.get(keys).items():
        found[key] = _going_on(found.get(key) or _brought(prepared, catalogue), prepared)
    return found


def _recorded(
    site: str, keys: Collection[str], catalogue: Catalogue, *, identities: bool, lock: bool
) -> dict[str, Dossier]:
    found = select(*(getattr(Case, name) for name in _COLUMNS)).where(Case.site == site, Case.code_key.in_(list(keys)))
    rows = db.session.execute(found.with_for_update() if lock else found).all()
    dossiers = {row.id: _dossier(row, catalogue) for row in rows}
    if not dossiers:
        return {}
    for case_id, events in events_of(dossiers).items():
        dossiers[case_id].events = events
    if identities:
        known = select(CaseEvent.case_id, CaseEvent.external_id, CaseEvent.number)
        for case_id, external_id, number in db.session.execute(
            known.where(CaseEvent.case_id.in_(list(dossiers)), CaseEvent.external_id.is_not(None))
        ):
            dossiers[case_id].external[str(external_id)] = dossiers[case_id].events[number - 1]
    return {code_key(dossier.code): dossier for dossier in dossiers.values()}


def _dossier(row: Any, catalogue: Catalogue) -> Dossier:
    contacts = {name: getattr(row, name) for name in CONTACTS}
    return Dossier(
        row.code,
        catalogue.known(row.version_id),
        row.unit_id,
        row.channel,
        contacts,
        owner=row.owner,
        case_id=row.id,
        revision=row.revision,
        online_payable=row.online_payable,
        knows=Knows(row.knows),
        flags={name: getattr(row, name) for name in FLAGS},
        before={name: getattr(row, name) for name in ("status", "search_text", "channel", "knows", *CONTACTS, *FLAGS)},
    )


def _brought(prepared: Prepared, catalogue: Catalogue) -> Dossier:
    """A new case that an earlier batch has brought."""
    case = prepared.case
    return Dossier(
        prepared.code,
        catalogue.versions[case["version_id"]],
        case["unit_id"],
        Channel(case["channel"]),
        {name: case[name] for name in CONTACTS},
        online_payable=case["online_payable"],
        knows=Knows(case["knows"]),
        flags={name: case[name] for name in FLAGS},
    )


def _going_on(dossier: Dossier, prepared: Prepared) -> Dossier:
    """The case with what earlier batches have added to it."""
    for number, kind, at, actor, data, external_id in prepared.events:
        move = Move(EventKind(kind), at, data, actor, external_id)
        event = move.event(number)
        dossier.moves.append(move)
        dossier.events.append(event)
        if external_id is not None:
            dossier.external[external_id] = event
    dossier.contacts = {name: prepared.case[name] for name in CONTACTS}
    dossier.channel, dossier.knows = Channel(prepared.case["channel"]), Knows(prepared.case["knows"])
    dossier.flags = {name: prepared.case[name] for name in FLAGS}
    dossier.counted, dossier.before = len(dossier.moves), prepared.before
    now = {**dossier.contacts, **dossier.flags, "knows": dossier.knows}
    dossier.filled = any(prepared.before.get(name, value) != value for name, value in now.items())
    dossier.again = prepared
    return dossier


def under_our_codes(site: str, said: Collection[ParsedRow]) -> dict[str, str]:
    """The codes under which the site knows cases that other systems call otherwise: key of a row's code -> our code.

    A code that is the site's own means that case; else whichever case is known by it elsewhere, and else the one that
    the row names itself as the other system's.
    """
    keys = {row.key for row in said}
    others = {code_key(row.other_code): row.key for row in said if row.other_code}
    wanted = list(keys | others.keys())
    found = db.session.execute(
        select(Case.code, Case.code_key, Case.other_code_key)
        .where(Case.site == site, or_(Case.code_key.in_(wanted), is_one_of(Case.other_code_key, keys)))
        .order_by(Case.id.desc())
    ).all()
    own = {row.code_key for row in found}
    named = {others[row.code_key]: row.code for row in found if row.code_key in others}
    elsewhere = {row.other_code_key: row.code for row in found if row.other_code_key in keys}
    return {key: code for key, code in (named | elsewhere).items() if key not in own}
