"""The chain of a case's events: each event bears a hash over what it says and over the hash of the event before.

An event changed, taken out or slipped in breaks the chain of its case from there on. That the chain of a case was
not written anew as a whole is told by the audit trail, which keeps the hash of each event that somebody recorded,
and one digest for all events of an import or of what was there before the chain (`covering`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, func, select

from app.cases.models import Case, CaseEvent
from app.cases.timeline import Event, OutOfOrder
from app.organisation.access import Actor
from app.web.extensions import db

START = "0" * 64
_encode = json.JSONEncoder(sort_keys=True, ensure_ascii=False, check_circular=False).encode


def event_hash(
    previous: str,
    site: str,
    code: str,
    number: int,
    kind: str,
    at: datetime,
    recorded_at: datetime,
    recorded_by_id: int | None,
    unit_id: int | None,
    actor: str,
    note: str,
    data: Mapping[str, Any],
    corrects: int | None,
    external_id: str | None,
    import_id: int | None,
) -> str:
    """The hash of an event of the case with that code, after the event whose hash is `previous` (START: the first).

    Instants are written in UTC and the data with its keys sorted: the same text whatever database keeps them.
    `corrects` is the number of the event that it puts right.
    """
    content = [site, code, number, str(kind), utc(at), utc(recorded_at), recorded_by_id, unit_id, actor, note, data]
    return hashlib.sha256(_encode([*content, corrects, external_id, import_id, previous]).encode()).hexdigest()


def data_text(data: Mapping[str, Any]) -> str:
    """What an event says beside its time, as it is hashed."""
    return _encode(data) if data else "{}"


class ImportedLinks:
    """The hashes of the events of one import, as `event_hash` gives them: what all have in common is written once, and
    what the reading has written already is not written again."""

    def __init__(self, site: str, recorded_at: datetime, recorded_by_id: int | None, import_id: int) -> None:
        self._site = f"[{_encode(site)}, "
        self._recorded = f'", "{utc(recorded_at)}", {_encode(recorded_by_id)}, null, '
        self._import = f', {_encode(import_id)}, "'

    def hash(
        self, previous: str, code: str, number: int, kind: str, at: str, actor: str, data: str, external_id: str | None
    ) -> str:
        """As `event_hash`, without a note. `at` is the instant as `utc` writes it, `data` as `data_text` does."""
        other = "null" if external_id is None else _encode(external_id)
        content = (
            f'{self._site}{_encode(code)}, {number}, "{kind}", "{at}{self._recorded}{_encode(actor)}, "", {data}, '
            f'null, {other}{self._import}{previous}"]'
        )
        return hashlib.sha256(content.encode()).hexdigest()


@lru_cache(maxsize=1024)
def utc(moment: datetime) -> str:
    """As an instant is hashed. An import records all of its events at one, and many happened at one."""
    return moment.astimezone(UTC).isoformat()


def hash_of(row: Any, code: str, corrects: int | None, previous: str) -> str:
    """The hash of an event from its row, or from a CaseEvent."""
    return event_hash(
        previous,
        row.site,
        code,
        row.number,
        row.kind,
        row.at,
        row.recorded_at,
        row.recorded_by_id,
        row.unit_id,
        row.actor,
        row.note,
        row.data,
        corrects,
        row.external_id,
        row.import_id,
    )


def last_hashes(case_ids: Iterable[int]) -> dict[int, str]:
    """What the next event of each of these cases goes on from."""
    ids = list(case_ids)
    newest = (
        select(CaseEvent.case_id, func.max(CaseEvent.number).label("number"))
        .where(CaseEvent.case_id.in_(ids))
        .group_by(CaseEvent.case_id)
        .subquery()
    )
    found = select(CaseEvent.case_id, CaseEvent.hash).join(
        newest, (newest.c.case_id == CaseEvent.case_id) & (newest.c.number == CaseEvent.number)
    )
    return dict.fromkeys(ids, START) | dict(db.session.execute(found).all())


def add_event(case: Case, event: Event, now: datetime, who: Actor) -> CaseEvent:
    """Add the event as the next link of the case's chain. Raises OutOfOrder where it corrects one that is not there."""
    corrects_id = None
    if event.corrects is not None:
        corrects_id = db.session.scalar(
            select(CaseEvent.id).where(CaseEvent.case_id == case.id, CaseEvent.number == event.corrects)
        )
        if corrects_id is None:
            raise OutOfOrder("Không tìm thấy sự kiện cần đính chính.")
    row = CaseEvent(
        site=case.site,
        case_id=case.id,
        number=event.number,
        kind=event.kind,
        at=event.at,
        recorded_at=now,
        recorded_by_id=who.person_id,
        unit_id=who.unit_id,
        actor=event.actor,
        note=event.note,
        data=event.data,
        corrects_id=corrects_id,
    )
    previous = START if event.number == 1 else last_hashes([case.id])[case.id]
    row.hash = hash_of(row, case.code, event.corrects, previous)
    db.session.add(row)
    return row


class Digest:
    """One hash over the hashes of many events, in the order in which they were written."""

    def __init__(self) -> None:
        self._sum, self.events = hashlib.sha256(), 0

    def add(self, hash: str) -> None:
        self._sum.update(hash.encode("ascii"))
        self.events += 1

    def text(self) -> str:
        """The hash so far."""
        return self._sum.hexdigest()


def covering(connection: Connection, site: str) -> dict[str, Any]:
    """What an audit entry keeps of all the events there are that came by no import: their number, the highest id,
    and one digest. Of imported ones each import's own entry tells."""
    hashes = (
        select(CaseEvent.id, CaseEvent.hash)
        .where(CaseEvent.site == site, CaseEvent.import_id.is_(None))
        .order_by(CaseEvent.id)
    )
    digest, upto = Digest(), 0
    for upto, hash in connection.execute(hashes.execution_options(yield_per=5000)):  # noqa: B007
        digest.add(hash)
    return {"events_upto": upto, "events_chained": digest.events, "events_hash": digest.text()}
