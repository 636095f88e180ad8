"""Cases between the importer and the tables: prepared one by one, written many rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table as SqlTable
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.cases.chain import START, Digest, ImportedLinks, last_hashes
from app.cases.importing.existing_cases import Dossier
from app.cases.importing.models import ImportedCase
from app.cases.importing.staging import AlreadyEntered, Ids, NewEntities, Plan, Prepared, Staged
from app.cases.models import DERIVED_TABLES, Case, CaseEvent
from app.cases.numbering import enter_in_register, next_lines
from app.cases.population import ACCOUNTABLE, HELD
from app.cases.rows import Row, case_row, derived_rows, search_text
from app.cases.timeline import CaseState, project
from app.cases.vocabulary import EventKind
from app.core.calendar import WorkingCalendar
from app.core.codes import code_key
from app.organisation.models import PassedRecord
from app.web.extensions import Value, db
from app.web.stored import insert_stored, next_ids, update_stored

_CASES, _EVENTS = cast(SqlTable, Case.__table__), cast(SqlTable, CaseEvent.__table__)
_PASSED = cast(SqlTable, PassedRecord.__table__)
_IMPORTED = cast(SqlTable, ImportedCase.__table__)
_OF_EVENT = (
    *("site", "case_id", "number", "kind", "at", "recorded_at", "recorded_by_id", "actor", "note", "data"),
    *("external_id", "import_id", "hash"),
)
_OF_PASSED = ("site", "kind", "record_id", "unit_id", "successor_id", "until_at")
_OF_IMPORTED = ("site", "import_id", "code", "is_new", "revision", "before", "case_id")


class MovedOn(Exception):
    """What was read is no longer so: somebody has written to one of these cases meanwhile."""


def prepared(dossier: Dossier, calendar: WorkingCalendar) -> Prepared:
    """A case as it is to be written."""
    first = len(dossier.events) - len(dossier.moves) + 1
    events = [
        (number, move.kind, move.at, move.actor, move.data, move.external_id)
        for number, move in enumerate(dossier.moves, first)
    ]
    if dossier.state is None and dossier.again is not None:  # only activities were added, which change no state
        again = dossier.again
        return Prepared(
            dossier.code, dossier.case_id, dossier.revision, again.case, events, again.derived, again.before, again.year
        )
    state = dossier.state or project(dossier.version.terms, dossier.events, calendar)
    derived = derived_rows("", 0, dossier.unit_id, dossier.online_payable, state)
    return Prepared(
        dossier.code,
        dossier.case_id,
        dossier.revision,
        _new_row(dossier, state) if dossier.case_id is None else _changed_row(dossier, state),
        events,
        {name: rows for name, rows in derived.items() if rows},
        dossier.before,
        calendar.local_day(state.received_at).year,
    )


def _new_row(dossier: Dossier, state: CaseState) -> Row:
    version = dossier.version
    return _changed_row(dossier, state) | {
        "code": dossier.code,
        "code_key": code_key(dossier.code),
        "version_id": version.id,
        "fee_due": version.fee,
        "online_payable": version.online_payable,
        "returns_result": version.returns_result,
    }


def _changed_row(dossier: Dossier, state: CaseState) -> Row:
    """The columns that an import may change."""
    contacts = dossier.contacts
    searched = search_text(
        dossier.code,
        contacts["applicant"],
        contacts["id_number"],
        contacts["phone"],
        dossier.version.code,
        dossier.owner,
        contacts["other_code"],
    )
    told: Row = {"channel": dossier.channel, "knows": int(dossier.knows), **dossier.flags}
    told["other_code_key"] = code_key(contacts["other_code"])
    return {"unit_id": dossier.unit_id} | case_row(state) | contacts | told | {"search_text": searched}


class Writer:
    """Writes what one import has prepared, within its transaction. `now` is the moment of recording (UTC).

    `digest` is over the events as they were written: what the audit trail keeps of them.
    """

    def __init__(self, site: str, import_id: int, person_id: int | None, now: datetime) -> None:
        self.site, self.import_id, self.now, self.person_id = site, import_id, now, person_id
        self.ids, self.digest = Ids(), Digest()
        self.links = ImportedLinks(site, now, person_id, import_id)
        # An embedded database has one writer: the lines of the register are taken first, and each case is written once.
        # Elsewhere whoever takes a case in waits for the counter, which is asked for when all else is written.
        self.alone = db.engine.dialect.name == "sqlite"
        self.lines: dict[int, int] = {}

    def write(self, plan: Plan, making: NewEntities) -> None:
        """Write all of it. Raises MovedOn when a case is not as it was read, or has been entered meanwhile."""
        self.storage = plan.storage
        try:
            self.ids = making.write(self.import_id)
            if self.alone:
                self.lines = next_lines(self.site, plan.years())
            for cases in plan.chunks():
                self._write(cases)
            if not self.alone:
                enter_in_register(self.site, Case.import_id == self.import_id)
        except (AlreadyEntered, IntegrityError) as error:
            raise MovedOn from error

    def _write(self, cases: list[Staged]) -> None:
        new = [case for case in cases if case.case_id is None]
        known = [case for case in cases if case.case_id is not None]
        self._check(known)
        imported = [self._imported_row(case) for case in cases]
        self._insert_cases(new)
        self._update_cases(known)
        before = last_hashes(case.case_id for case in known if case.case_id is not None)
        recorded_at = self.storage.instants[self.now]
        events: list[tuple[Value, ...]] = []
        passed: list[tuple[Value, ...]] = []
        for case in cases:
            case_id = cast(int, case.case_id)
            previous = before.get(case_id, START)
            for number, kind, at, instant, actor, data, external_id in case.events:
                if self.ids:
                    data = self.ids.settled_data(data)
                previous = self.links.hash(previous, case.code, number, kind, instant, actor, data, external_id)
                self.digest.add(previous)
                events.append(
                    (
                        *(self.site, case_id, number, kind, at, recorded_at, self.person_id, actor, "", data),
                        *(external_id, self.import_id, previous),
                    )
                )
                if kind == EventKind.UNIT_SUCCEEDED:
                    passed += self._passed_rows(case_id, at, data)
        self._insert(_EVENTS, _OF_EVENT, events)
        self._insert(_PASSED, _OF_PASSED, passed)
        for name, columns in self.storage.derived.items():
            rows = [(self.site, case.case_id, *row) for case in cases for row in case.derived.get(name, ())]
            self._insert(DERIVED_TABLES[name], ("site", "case_id", *columns.names), rows)
        rows = [(*row, case.case_id) for row, case in zip(imported, cases, strict=True)]
        self._insert(_IMPORTED, _OF_IMPORTED, rows)

    def _check(self, known: list[Staged]) -> None:
        if not known:
            return
        ids = [case.case_id for case in known]
        found = db.session.execute(select(Case.id, Case.revision).where(Case.id.in_(ids)).with_for_update())
        if dict(found.all()) != {case.case_id: case.revision for case in known}:
            raise MovedOn

    def _insert_cases(self, cases: list[Staged]) -> None:
        if not cases:
            return
        ids = next_ids(db.session.connection(), _CASES, len(cases))
        names = ("id", "site", "import_id", "revision", *self.storage.brought.names)
        rows: list[tuple[Value, ...]] = []
        for case_id, case in zip(ids, cases, strict=True):
            case.case_id = case_id
            rows.append((case_id, self.site, self.import_id, 1, *case.row))
        if self.alone:
            names += ("register_year", "register_number")
            rows = [
                (*row, case.year, self.lines[case.year] + case.place) for row, case in zip(rows, cases, strict=True)
            ]
        self._insert(_CASES, names, rows)

    def _update_cases(self, cases: list[Staged]) -> None:
        if not cases:
            return
        names = self.storage.known.names
        own = self.ids.settled(names, [case.row for case in cases])
        rows = [(*row, case.revision + 1, case.case_id) for row, case in zip(own, cases, strict=True)]
        update_stored(db.session.connection(), _CASES, (*names, "revision"), rows)
        ids = [case.case_id for case in cases]
        for table in DERIVED_TABLES.values():
            db.session.execute(delete(table).where(table.c.case_id.in_(ids)))

    def _passed_rows(self, case_id: int, at: str, data: str) -> Iterator[tuple[Value, ...]]:
        """Whose the case was until its unit was succeeded."""
        told = json.loads(data)
        for what in (ACCOUNTABLE, HELD):
            yield self.site, what, case_id, told["unit_id"], told["to_unit_id"], at

    def _imported_row(self, case: Staged) -> tuple[Value, ...]:
        is_new = case.case_id is None
        return self.site, self.import_id, case.code, is_new, 1 if is_new else case.revision + 1, case.before

    def _insert(self, table: SqlTable, names: Sequence[str], rows: list[tuple[Value, ...]]) -> None:
        insert_stored(db.session.connection(), table, names, self.ids.settled(names, rows))
