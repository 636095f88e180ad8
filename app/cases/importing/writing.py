"""Cases between the importer and the tables: prepared one by one, written many rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table as SqlTable
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError

from app.cases.chain import START, Digest, event_hash, last_hashes
from app.cases.importing.existing_cases import Dossier
from app.cases.importing.models import ImportedCase
from app.cases.importing.row_parsing import CONTACTS, TOLD_LATER
from app.cases.importing.staging import AlreadyEntered, Ids, NewEntities, Plan, Prepared
from app.cases.models import DERIVED_TABLES, Case, CaseEvent
from app.cases.numbering import enter_in_register, next_lines
from app.cases.population import ACCOUNTABLE, HELD
from app.cases.rows import DERIVED, Row, case_row, derived_rows, search_text
from app.cases.timeline import CaseState, project
from app.cases.vocabulary import EventKind
from app.core.calendar import WorkingCalendar
from app.core.codes import code_key
from app.organisation.models import PassedRecord
from app.web.extensions import db, write_records

_CASES, _EVENTS = cast(SqlTable, Case.__table__), cast(SqlTable, CaseEvent.__table__)
_PASSED = cast(SqlTable, PassedRecord.__table__)
_IMPORTED = cast(SqlTable, ImportedCase.__table__)
_CHANGED = [*DERIVED, *CONTACTS, *TOLD_LATER, "other_code_key", "search_text", "unit_id"]


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
        "revision": 1,
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
        self.site, self.import_id = site, import_id
        self._of_event = {
            "site": site,
            "recorded_at": now,
            "recorded_by_id": person_id,
            "note": "",
            "import_id": import_id,
        }
        self.now, self.person_id = now, person_id
        self.ids, self.digest = Ids(), Digest()
        # An embedded database has one writer: the lines of the register are taken first, and each case is written once.
        # Elsewhere whoever takes a case in waits for the counter, which is asked for when all else is written.
        self.alone = db.engine.dialect.name == "sqlite"
        self.lines: dict[int, int] = {}

    def write(self, plan: Plan, making: NewEntities) -> None:
        """Write all of it. Raises MovedOn when a case is not as it was read."""
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

    def _write(self, cases: list[Prepared]) -> None:
        were_new = [case.case_id is None for case in cases]
        new = [case for case in cases if case.case_id is None]
        known = [case for case in cases if case.case_id is not None]
        self._check(known)
        self._insert_cases(new)
        self._update_cases(known)
        before = last_hashes(case.case_id for case in known if case.case_id is not None)
        events: list[Row] = []
        derived: dict[str, list[Row]] = {name: [] for name in DERIVED_TABLES}
        for case in cases:
            events += self._event_rows(case, before.get(case.case_id or 0, START))
            for name, rows in case.derived.items():
                derived[name] += (self._owned(row, case) for row in rows)
        _insert(_EVENTS, events)
        _insert(_PASSED, [row for case in cases for row in self._passed_rows(case)])
        for name, rows in derived.items():
            _insert(DERIVED_TABLES[name], rows)
        _insert(_IMPORTED, [self._imported_row(case, is_new) for case, is_new in zip(cases, were_new, strict=True)])

    def _check(self, known: list[Prepared]) -> None:
        if not known:
            return
        ids = [case.case_id for case in known]
        found = db.session.execute(select(Case.id, Case.revision).where(Case.id.in_(ids)).with_for_update())
        if dict(found.all()) != {case.case_id: case.revision for case in known}:
            raise MovedOn

    def _insert_cases(self, cases: list[Prepared]) -> None:
        if not cases:
            return
        codes = [case.code for case in cases]
        written = select(Case.code, Case.id).where(Case.site == self.site, Case.code.in_(codes))
        if db.session.execute(written.limit(1)).first():
            raise MovedOn
        _insert(_CASES, [self._settled(case.case | self._entered(case)) for case in cases])
        ids = dict(db.session.execute(written).all())
        for case in cases:
            case.case_id = ids[case.code]

    def _entered(self, case: Prepared) -> Row:
        whose = {"site": self.site, "import_id": self.import_id}
        if not self.alone:
            return whose
        return whose | {"register_year": case.year, "register_number": self.lines[case.year] + case.place}

    def _update_cases(self, cases: list[Prepared]) -> None:
        if not cases:
            return
        statement = update(_CASES).where(_CASES.c.id == bindparam("key"))
        names = [*_CHANGED, "revision"]
        db.session.connection().execute(
            statement.values({name: bindparam("new_" + name) for name in names}),
            [self._updated_row(case) for case in cases],
        )
        ids = [case.case_id for case in cases]
        for table in DERIVED_TABLES.values():
            db.session.execute(delete(table).where(table.c.case_id.in_(ids)))

    def _updated_row(self, case: Prepared) -> Row:
        row = self._settled(dict(case.case))
        new = {"new_" + name: row[name] for name in _CHANGED}
        return {"key": case.case_id, "new_revision": case.revision + 1} | new

    def _event_rows(self, case: Prepared, previous: str) -> Iterable[Row]:
        """The events as the next links of the case's chain, after the hash `previous`."""
        for number, kind, at, actor, data, external_id in case.events:
            row = dict(self._of_event)
            row["case_id"], row["number"], row["kind"], row["at"] = case.case_id, number, kind, at
            row["actor"], row["data"], row["external_id"] = actor, self._settled(data), external_id
            row["hash"] = previous = event_hash(
                previous,
                self.site,
                case.code,
                number,
                kind,
                at,
                self.now,
                self.person_id,
                None,
                actor,
                "",
                data,
                None,
                external_id,
                self.import_id,
            )
            self.digest.add(previous)
            yield row

    def _passed_rows(self, case: Prepared) -> Iterator[Row]:
        """Whose the case was until its unit was succeeded."""
        for _number, kind, at, _actor, data, _external_id in case.events:
            if kind == EventKind.UNIT_SUCCEEDED:
                passed = {"unit_id": data["unit_id"], "successor_id": data["to_unit_id"], "until_at": at}
                for what in (ACCOUNTABLE, HELD):
                    yield {"site": self.site, "kind": what, "record_id": case.case_id, **passed}

    def _owned(self, row: Row, case: Prepared) -> Row:
        row["site"], row["case_id"] = self.site, case.case_id
        return self._settled(row)

    def _imported_row(self, case: Prepared, is_new: bool) -> Row:
        return {
            "site": self.site,
            "import_id": self.import_id,
            "case_id": case.case_id,
            "code": case.code,
            "is_new": is_new,
            "revision": 1 if is_new else case.revision + 1,
            "before": {name: _iso_value(value) for name, value in case.before.items() if case.case[name] != value},
        }

    def _settled(self, row: Row) -> Row:
        """With the real ids of what the import itself has made."""
        if self.ids:
            self.ids.settle(row)
        return row


def _iso_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _insert(table: SqlTable, rows: list[Row]) -> None:
    write_records(db.session.connection(), table, rows)
