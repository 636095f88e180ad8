"""Whether the events of the cases are as the software wrote them: each case's chain, and what the audit trail keeps.

The chain of a case tells an event that was changed, taken out or slipped in. A chain that was written anew as a whole,
or cut off at its end, is told by the trail: it keeps the hash of each event that somebody recorded, a digest of the
events of each import, and one of what was there before events were chained or was loaded as a demonstration.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, exists, or_, select
from sqlalchemy import Row as SqlRow

from app.cases.chain import START, Digest, hash_of
from app.cases.models import NUMBERED_BY, Case, CaseEvent
from app.cases.rows import DERIVED, Row, case_row, derived_rows, terms_of, versions_by_id
from app.cases.service import Stored, events_of, stored_derived
from app.cases.timeline import Event, Terms, project
from app.core.calendar import WorkingCalendar
from app.core.errors import N_, DomainError
from app.organisation.access import Scope, site
from app.organisation.calendars import past_calendars, site_calendar
from app.organisation.models import AuditEntry
from app.organisation.verifying import Broken
from app.web.extensions import db, session_snapshot

AT_ONCE = 1000  # rows fetched together

_EVENT = tuple(
    getattr(CaseEvent, name)
    for name in (
        *("id", "site", "case_id", "number", "kind", "at", "recorded_at", "recorded_by_id", "unit_id", "actor"),
        *("note", "data", "corrects_id", "external_id", "import_id", "hash"),
    )
)
_WITNESS = (
    AuditEntry.subject_kind == "case",
    or_(AuditEntry.action == "receive_case", AuditEntry.action.startswith("record_", autoescape=True)),
)


_CHANGED = N_("Sự kiện số %(number)s của hồ sơ %(case)s đã bị sửa hoặc chèn thêm ngoài phần mềm.")


@dataclass(slots=True)
class _Kept:
    """What the trail keeps of events that no entry of their own tells of."""

    upto: int = 0
    covers: dict[int, tuple[int, str]] = field(default_factory=dict)  # highest id -> entry, digest
    imports: dict[int, tuple[int, str]] = field(default_factory=dict)  # import -> entry, digest


def events(connection: Connection, counts: Counter[str]) -> Iterator[Broken]:
    """Walk the events of all cases."""
    kept = _kept(connection)
    yield from _cases(connection, counts, kept)
    yield from _imports(connection, kept)
    yield from _covered(connection, kept)
    yield from _gone(connection)


def _kept(connection: Connection) -> _Kept:
    kept = _Kept()
    wanted = ("chain_events", "load_demo", "import_cases", "undo_import")
    entries = select(AuditEntry.number, AuditEntry.action, AuditEntry.subject_id, AuditEntry.details)
    entries = entries.where(AuditEntry.site == site(), AuditEntry.action.in_(wanted)).order_by(AuditEntry.number)
    for number, action, subject, details in connection.execute(entries.execution_options(yield_per=AT_ONCE)):
        if action == "undo_import":
            kept.imports.pop(int(subject), None)
        elif action == "import_cases":
            if "events_hash" in details:
                kept.imports[int(subject)] = number, details["events_hash"]
        elif "events_upto" in details:
            kept.upto = max(kept.upto, details["events_upto"])
            kept.covers[details["events_upto"]] = number, details["events_hash"]
            kept.imports |= {int(key): (number, digest) for key, digest in details.get("imports", {}).items()}
    return kept


def _cases(connection: Connection, counts: Counter[str], kept: _Kept) -> Iterator[Broken]:
    """Case by case: the chain, and the entries that tell of its events."""
    chosen = select(*_EVENT, Case.code).join(Case, Case.id == CaseEvent.case_id).where(Case.site == site())
    rows = connection.execute(chosen.order_by(CaseEvent.case_id, CaseEvent.number).execution_options(yield_per=AT_ONCE))
    witnesses = _Witnesses(connection)
    for case_id, of_case in groupby(rows, key=lambda row: row.case_id):
        found = list(of_case)
        counts["cases"] += 1
        counts["events"] += len(found)
        told = witnesses.of(case_id)
        yield from _chain(found)
        yield from _trail_mismatches(found, told, kept)


class _Witnesses:
    """The hashes that the trail keeps of each case's events, case after case as the events come."""

    def __init__(self, connection: Connection) -> None:
        entries = (
            select(Case.id, AuditEntry.number, AuditEntry.details)
            .join(Case, (Case.site == AuditEntry.site) & (Case.code == AuditEntry.subject_id))
            .where(AuditEntry.site == site(), *_WITNESS)
            .order_by(Case.id, AuditEntry.number)
        )
        self._rows = iter(connection.execute(entries.execution_options(yield_per=AT_ONCE)))
        self._next: Any = next(self._rows, None)

    def of(self, case_id: int) -> dict[int, tuple[int, str]]:
        """By the event's number: the entry and the hash."""
        told: dict[int, tuple[int, str]] = {}
        while self._next is not None and self._next[0] <= case_id:
            of_case, entry, details = self._next
            if of_case == case_id and "event_hash" in details:
                told[details["number"]] = entry, details["event_hash"]
            self._next = next(self._rows, None)
        return told


def _chain(found: list[Any]) -> Iterator[Broken]:
    previous, numbers = START, {row.id: row.number for row in found}
    for expected, row in enumerate(found, 1):
        if row.number != expected:
            yield _broken(row, N_("Hồ sơ %(case)s thiếu sự kiện số %(number)s."), number=expected)
            return
        if hash_of(row, row.code, numbers.get(row.corrects_id), previous) != row.hash:
            yield _broken(row, _CHANGED)
        previous = row.hash


def _trail_mismatches(found: list[Any], told: dict[int, tuple[int, str]], kept: _Kept) -> Iterator[Broken]:
    """Every event that the trail tells of is there with its hash, and every other one came by a way it knows."""
    for row in found:
        entry, hash = told.pop(row.number, (0, ""))
        if entry and hash != row.hash:
            message = N_("Sự kiện số %(number)s của hồ sơ %(case)s khác với mục nhật ký số %(entry)s.")
            yield _broken(row, message, entry=entry)
        elif not entry and row.import_id is None and row.id > kept.upto:
            yield _broken(row, N_("Sự kiện số %(number)s của hồ sơ %(case)s không có trong nhật ký."))
    for number, (entry, _hash) in told.items():
        message = N_("Hồ sơ %(case)s thiếu sự kiện số %(number)s mà mục nhật ký số %(entry)s đã ghi.")
        yield _broken(found[0], message, number=number, entry=entry)


def _broken(row: Any, message: str, *, number: int | None = None, **more: int) -> Broken:
    number = row.number if number is None else number
    said = {name: str(value) for name, value in more.items()}
    where = {"case": row.code, "event": number, **more}
    return Broken("events", where, DomainError(message, case=row.code, number=str(number), **said))


def _imports(connection: Connection, kept: _Kept) -> Iterator[Broken]:
    """The events of each import, in the order in which it wrote them, against the digest in its entry."""
    chosen = select(CaseEvent.import_id, CaseEvent.hash).where(
        CaseEvent.site == site(), CaseEvent.import_id.is_not(None)
    )
    rows = connection.execute(chosen.order_by(CaseEvent.import_id, CaseEvent.id).execution_options(yield_per=AT_ONCE))
    waiting = dict(kept.imports)
    for import_id, of_import in groupby(rows, key=lambda row: row.import_id):
        digest = Digest()
        for row in of_import:
            digest.add(row.hash)
        entry, hash = waiting.pop(import_id, (0, ""))
        if digest.text() != hash:
            yield _broken_import(import_id, entry)
    for import_id, (entry, hash) in waiting.items():
        if hash != Digest().text():  # an import that changed nothing has none
            yield _broken_import(import_id, entry)


def _broken_import(import_id: int, entry: int) -> Broken:
    where = {"import": import_id, "entry": entry}
    if not entry:
        what = DomainError("Có sự kiện của lần nhập số %(number)s mà nhật ký không có.", number=str(import_id))
        return Broken("events", where, what)
    message = N_("Các sự kiện của lần nhập số %(number)s không còn như mục nhật ký số %(entry)s đã ghi.")
    return Broken("events", where, DomainError(message, number=str(import_id), entry=str(entry)))


def _covered(connection: Connection, kept: _Kept) -> Iterator[Broken]:
    """What was there before events were chained, and what a demonstration loaded, against the digests of that time."""
    if not kept.covers:
        return
    chosen = select(CaseEvent.id, CaseEvent.hash).where(
        CaseEvent.site == site(), CaseEvent.import_id.is_(None), CaseEvent.id <= kept.upto
    )
    rows = iter(connection.execute(chosen.order_by(CaseEvent.id).execution_options(yield_per=AT_ONCE)))
    row, digest = next(rows, None), Digest()
    for upto, (entry, hash) in sorted(kept.covers.items()):
        while row is not None and row.id <= upto:
            digest.add(row.hash)
            row = next(rows, None)
        if digest.text() != hash:
            message = N_("Các sự kiện có trước mục nhật ký số %(entry)s không còn như mục ấy đã ghi.")
            yield Broken("events", {"entry": entry}, DomainError(message, entry=str(entry)))


def _gone(connection: Connection) -> Iterator[Broken]:
    """Cases that somebody took in, and that are not there any more."""
    is_there = exists().where(Case.site == AuditEntry.site, Case.code == AuditEntry.subject_id)
    taken_in = select(AuditEntry.subject_id, AuditEntry.number).where(
        AuditEntry.site == site(), AuditEntry.action == "receive_case", AuditEntry.subject_kind == "case", ~is_there
    )
    for code, entry in connection.execute(taken_in.order_by(AuditEntry.number)):
        message = N_("Không còn hồ sơ %(case)s mà mục nhật ký số %(entry)s đã tiếp nhận.")
        yield Broken("events", {"case": code, "entry": entry}, DomainError(message, case=code, entry=str(entry)))
    empty = select(Case.code).where(Case.site == site(), ~exists().where(CaseEvent.case_id == Case.id))
    for code in connection.scalars(empty.order_by(Case.id)):
        yield Broken("events", {"case": code}, DomainError("Hồ sơ %(case)s không còn sự kiện nào.", case=code))


BATCH = 500  # cases in the hand at a time
_COLUMNS = ("id", "site", "code", "version_id", "unit_id", "online_payable", *DERIVED)


@dataclass(frozen=True, slots=True)
class DerivedDifference:
    """Something stored that the events do not give. `number` is of the row in its table, None for the case's own;
    `field` is empty where a whole row is missing or too many."""

    case: str
    table: str
    number: int | None
    field: str
    stored: object
    folded: object


@dataclass(slots=True)
class Refolding:
    """How many cases were folded again so far."""

    cases: int = 0


def differences(scope: Scope, so_far: Refolding) -> Iterator[DerivedDifference]:
    """Go through every case of the site, some hundreds at a time, all as of one instant."""
    with session_snapshot():
        calendars = [site_calendar(), *past_calendars()]
        after = 0
        while cases := _next_cases(scope, after):
            after = cases[-1].id
            so_far.cases += len(cases)
            yield from _of_batch(cases, calendars)


def _next_cases(scope: Scope, after: int) -> list[SqlRow[Any]]:
    columns = (getattr(Case, name) for name in _COLUMNS)
    wanted = select(*columns).where(Case.site == scope.site, Case.id > after).order_by(Case.id).limit(BATCH)
    return list(db.session.execute(wanted))


def _of_batch(cases: list[SqlRow[Any]], calendars: list[WorkingCalendar]) -> Iterator[DerivedDifference]:
    ids = [case.id for case in cases]
    events, versions = events_of(ids), versions_by_id(case.version_id for case in cases)
    stored = stored_derived(ids)
    for case in cases:
        yield from _of_case(case, terms_of(versions[case.version_id]), events[case.id], stored[case.id], calendars)


def _of_case(
    case: SqlRow[Any],
    terms: Terms,
    events: list[Event],
    stored: Stored,
    calendars: list[WorkingCalendar],
) -> list[DerivedDifference]:
    """What differs, under that one of the calendars under which least does: of an open case, today's."""
    found: list[DerivedDifference] | None = None
    for calendar in calendars if case.ended_at is not None else calendars[:1]:
        under_it = list(_compared(case, terms, events, stored, calendar))
        if not under_it:
            return []
        if found is None or len(under_it) < len(found):
            found = under_it
    return found or []


def _compared(
    case: SqlRow[Any],
    terms: Terms,
    events: list[Event],
    stored: Stored,
    calendar: WorkingCalendar,
) -> Iterator[DerivedDifference]:
    try:
        state = project(terms, events, calendar)
    except (DomainError, LookupError, TypeError, ValueError) as error:
        yield DerivedDifference(case.code, "case_events", None, "", None, error)
        return
    for name, value in case_row(state).items():
        if getattr(case, name) != value:
            yield DerivedDifference(case.code, "cases", None, name, getattr(case, name), value)
    derived = derived_rows(case.site, case.id, case.unit_id, case.online_payable, state)
    for table, rows in derived.items():
        key = NUMBERED_BY.get(table, "number")
        yield from _rows_compared(case.code, table, stored[table], {row[key]: row for row in rows})


def _rows_compared(
    code: str, table: str, stored: Mapping[int, Mapping[str, Any]], folded: Mapping[int, Row]
) -> Iterator[DerivedDifference]:
    for number in sorted(stored.keys() | folded.keys()):
        kept, again = stored.get(number), folded.get(number)
        if kept is None or again is None:
            yield DerivedDifference(code, table, number, "", kept is not None, again is not None)
            continue
        for name, value in again.items():
            if kept[name] != value:
                yield DerivedDifference(code, table, number, name, kept[name], value)
