"""A batch of cases between the importer and the tables: Core statements over many rows at a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table as SqlTable
from sqlalchemy import bindparam, delete, select, update

from app.calendar import WorkingCalendar
from app.cases.importing.catalogue import Catalogue
from app.cases.importing.dossiers import CONTACTS, Dossier
from app.cases.models import DERIVED_TABLES, Case, CaseEvent
from app.cases.rows import DERIVED, Row, case_row, derived_rows, search_text
from app.cases.service import events_of
from app.cases.timeline import CaseState, project
from app.extensions import db

_CASES, _EVENTS = cast(SqlTable, Case.__table__), cast(SqlTable, CaseEvent.__table__)


def recorded(site: str, codes: Iterable[str], catalogue: Catalogue, *, identities: bool) -> dict[str, Dossier]:
    """The cases with these codes and their events; `identities`: also which events came from other software."""
    columns = ("id", "code", "version_id", "unit_id", "channel", "revision", "online_payable", *CONTACTS)
    found = select(*(getattr(Case, name) for name in columns)).where(Case.site == site, Case.code.in_(list(codes)))
    rows = db.session.execute(found.with_for_update()).all()
    dossiers = {row.id: _dossier(row, catalogue) for row in rows}
    for case_id, events in events_of(dossiers).items():
        dossiers[case_id].events = events
    if identities and dossiers:
        known = select(CaseEvent.case_id, CaseEvent.external_id, CaseEvent.number)
        for case_id, external_id, number in db.session.execute(
            known.where(CaseEvent.case_id.in_(list(dossiers)), CaseEvent.external_id.is_not(None))
        ):
            dossiers[case_id].external[str(external_id)] = dossiers[case_id].events[number - 1]
    return {dossier.code: dossier for dossier in dossiers.values()}


def _dossier(row: Any, catalogue: Catalogue) -> Dossier:
    return Dossier(
        row.code,
        catalogue.known(row.version_id),
        row.unit_id,
        row.channel,
        {name: getattr(row, name) for name in CONTACTS},
        case_id=row.id,
        revision=row.revision,
        online_payable=row.online_payable,
    )


class Writer:
    """Writes the dossiers of one import. `now` is the moment of recording."""

    def __init__(self, site: str, import_id: int, person_id: int | None, now: datetime, calendar: WorkingCalendar):
        self.site, self.import_id, self.person_id, self.now, self.calendar = site, import_id, person_id, now, calendar

    def write(self, dossiers: Iterable[Dossier]) -> None:
        """Write what is new or changed; the dossiers of new cases get their ids."""
        changed = [dossier for dossier in dossiers if dossier.changed]
        new = [dossier for dossier in changed if dossier.case_id is None]
        known = [dossier for dossier in changed if dossier.case_id is not None]
        self._insert_cases(new)
        self._update_cases(known)
        events: list[Row] = []
        derived: dict[str, list[Row]] = {name: [] for name in DERIVED_TABLES}
        for dossier in changed:
            events += self._event_rows(dossier)
            self._derive(dossier, derived)
        _insert(_EVENTS, events)
        for name, rows in derived.items():
            _insert(DERIVED_TABLES[name], rows)

    def _insert_cases(self, dossiers: list[Dossier]) -> None:
        if not dossiers:
            return
        _insert(_CASES, [self._case_row(dossier) for dossier in dossiers])
        codes = [dossier.code for dossier in dossiers]
        written = select(Case.code, Case.id).where(Case.site == self.site, Case.code.in_(codes))
        ids = dict(db.session.execute(written).all())
        for dossier in dossiers:
            dossier.case_id = ids[dossier.code]

    def _case_row(self, dossier: Dossier) -> Row:
        contacts, version = dossier.contacts, dossier.version
        return case_row(self._state(dossier)) | {
            "site": self.site,
            "code": dossier.code,
            "version_id": version.id,
            "unit_id": dossier.unit_id,
            **contacts,
            "search_text": _searched(dossier),
            "channel": dossier.channel,
            "fee_due": version.fee,
            "online_payable": version.online_payable,
            "returns_result": version.returns_result,
            "import_id": self.import_id,
            "revision": 1,
        }

    def _update_cases(self, dossiers: list[Dossier]) -> None:
        if not dossiers:
            return
        names = [*DERIVED, *CONTACTS, "search_text", "revision"]
        statement = update(_CASES).where(_CASES.c.id == bindparam("key"))
        db.session.connection().execute(
            statement.values({name: bindparam("new_" + name) for name in names}),
            [self._changed_row(dossier) for dossier in dossiers],
        )
        ids = [dossier.case_id for dossier in dossiers]
        for table in DERIVED_TABLES.values():
            db.session.execute(delete(table).where(table.c.case_id.in_(ids)))

    def _changed_row(self, dossier: Dossier) -> Row:
        row = case_row(self._state(dossier)) | dossier.contacts
        row |= {"search_text": _searched(dossier), "revision": dossier.revision + 1}
        return {"key": dossier.case_id} | {"new_" + name: value for name, value in row.items()}

    def _event_rows(self, dossier: Dossier) -> list[Row]:
        first = len(dossier.events) - len(dossier.moves) + 1
        return [
            {
                "site": self.site,
                "case_id": dossier.case_id,
                "number": number,
                "kind": move.kind,
                "at": move.at,
                "recorded_at": self.now,
                "recorded_by_id": self.person_id,
                "actor": move.actor,
                "note": "",
                "data": move.data,
                "external_id": move.external_id,
                "import_id": self.import_id,
            }
            for number, move in enumerate(dossier.moves, first)
        ]

    def _derive(self, dossier: Dossier, into: dict[str, list[Row]]) -> None:
        state, case_id = self._state(dossier), dossier.case_id
        assert case_id is not None
        derived = derived_rows(self.site, case_id, dossier.unit_id, dossier.online_payable, state)
        for name, rows in derived.items():
            into[name] += rows

    def _state(self, dossier: Dossier) -> CaseState:
        if dossier.state is None:  # only activities were added
            dossier.state = project(dossier.version.terms, dossier.events, self.calendar)
        return dossier.state


def _searched(dossier: Dossier) -> str:
    contacts = dossier.contacts
    named = (contacts["applicant"], contacts["id_number"], contacts["phone"])
    return search_text(dossier.code, *named, dossier.version.code)


def _insert(table: SqlTable, rows: list[Row]) -> None:
    if rows:
        db.session.connection().execute(table.insert(), rows)
