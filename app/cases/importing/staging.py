"""What an import is going to write, kept outside the database until all of the file has been read; and the units and
procedures that it makes, thought of meanwhile and written with its cases."""

from __future__ import annotations

import json
import marshal
import pickle
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple, cast

from flask_babel import gettext as _
from sqlalchemy import Table as SqlTable
from sqlalchemy import delete, select

from app.cases.chain import data_text, utc
from app.cases.importing.row_parsing import CONTACTS, TOLD_LATER
from app.cases.models import DERIVED_TABLES, Case
from app.cases.rows import DERIVED, Row
from app.cases.timeline import Terms, whole
from app.core.calendar import PauseMode, TimeUnit
from app.core.codes import code_key
from app.organisation.models import AuditEntry, Unit, UnitKind
from app.procedures.models import Level, Procedure, ProcedureVersion
from app.procedures.service import search_key
from app.web.extensions import Value, db
from app.web.stored import Instants, StoredColumns

# What an import is going to write, kept outside the database until all of the file has been read.
#
# Reading a file writes nothing: other clerks go on writing meanwhile. What is prepared lies in a temporary SQLite
# file of this process (small ones never leave memory), so that memory does not grow with the file.

CHUNK = 2000  # cases

PreparedEvent = tuple[int, str, datetime, str, dict[str, Any], str | None]
"""Number within the case, kind (its word), at (UTC), actor, data, identity in the other software."""


@dataclass(slots=True)
class Prepared:
    """One case to be written. `case_id` is None when the file brings it; `revision` is the one that was read.

    `case` are its columns (of a known case only those that an import may change), `derived` the rows of the
    derived tables by table, `before` the columns of a known case as they were. `year` is that of its reception.
    """

    code: str
    case_id: int | None
    revision: int
    case: Row
    events: Sequence[PreparedEvent]
    derived: dict[str, list[Row]]
    before: Row
    year: int


class StagedEvent(NamedTuple):
    """An event as it lies until it is written: `at` as the database keeps it, `utc` and `data` as they are hashed."""

    number: int
    kind: str
    at: str
    utc: str
    actor: str
    data: str
    external_id: str | None


_Rows = dict[str, list[tuple[Value, ...]]]


@dataclass(slots=True)
class Staged:
    """One case as it lies until it is written. `row` has the values of `Staging.of(case_id is None)`, `derived` those
    of `Staging.derived` by table, `before` the columns of a known case that change, as JSON. `place` (from 1) is where
    it comes among the new ones of its year, known once all of the file has been read."""

    code: str
    case_id: int | None
    revision: int
    row: tuple[Value, ...]
    events: list[StagedEvent]
    derived: _Rows
    before: str
    year: int
    place: int = 0


_TOLD = (*CONTACTS, *TOLD_LATER, "other_code_key", "search_text", "unit_id")
CHANGED = (*DERIVED, *_TOLD)
"""Columns of a known case that an import may change."""
BROUGHT = (*CHANGED, "code", "code_key", "version_id", "fee_due", "online_payable", "returns_result")
"""Columns of a case that an import brings."""
_OF_A_CASE = ("site", "case_id")
_MADE = '": -'
"""In the data of an event: the negative id of what the import itself is going to make."""


class Staging:
    """Cases as bytes and back: what is going to be written is made ready once, when it was read."""

    def __init__(self) -> None:
        dialect = db.engine.dialect
        self.instants = Instants(dialect)
        cases = cast(SqlTable, Case.__table__)
        self.known = StoredColumns(cases, CHANGED, self.instants, dialect)
        self.brought = StoredColumns(cases, BROUGHT, self.instants, dialect)
        self.derived = {
            name: StoredColumns(table, _columns_of(table), self.instants, dialect)
            for name, table in DERIVED_TABLES.items()
        }

    def of(self, is_new: bool) -> StoredColumns:
        """The columns of a case that is new, or known."""
        return self.brought if is_new else self.known

    def stored(self, cases: Sequence[Prepared]) -> Iterator[bytes]:
        own = {new: self.of(new).rows([each.case for each in cases if (each.case_id is None) is new]) for new in _BOTH}
        found = {name for case in cases for name in case.derived}
        derived = {
            name: self.derived[name].rows([row for case in cases for row in case.derived.get(name, ())])
            for name in found
        }
        for case in cases:
            yield marshal.dumps(
                (
                    case.code,
                    case.case_id,
                    case.revision,
                    next(own[case.case_id is None]),
                    [self._event(event) for event in case.events],
                    {name: list(islice(derived[name], len(rows))) for name, rows in case.derived.items()},
                    _before(case),
                    case.year,
                    pickle.dumps(case.before) if case.before else b"",
                )
            )

    def _event(self, event: PreparedEvent) -> tuple[Value, ...]:
        number, kind, at, actor, data, external_id = event
        return number, str(kind), self.instants[at], utc(at), actor, data_text(data), external_id

    def staged(self, blob: bytes, place: int = 0) -> Staged:
        """The case as it is to be written."""
        code, case_id, revision, row, events, derived, before, year, _ = marshal.loads(blob)  # noqa: S302
        return Staged(
            code, case_id, revision, row, [StagedEvent(*each) for each in events], derived, before, year, place
        )

    def prepared(self, blob: bytes) -> Prepared:
        """The case as it was prepared."""
        code, case_id, revision, row, events, derived, _, year, before = marshal.loads(blob)  # noqa: S302  our own bytes
        return Prepared(
            code,
            case_id,
            revision,
            self.of(case_id is None).record(row),
            [
                (number, kind, datetime.fromisoformat(at), actor, json.loads(data), external_id)
                for number, kind, _, at, actor, data, external_id in events
            ],
            {name: [self.derived[name].record(each) for each in rows] for name, rows in derived.items()},
            pickle.loads(before) if before else {},  # noqa: S301  from a file that nobody else can open
            year,
        )


_BOTH = (True, False)


def _columns_of(table: SqlTable) -> list[str]:
    return [column.name for column in table.c if column.name not in ("id", *_OF_A_CASE)]


def _before(case: Prepared) -> str:
    """The columns of a known case that change, as they were."""
    if not case.before:
        return "{}"
    kept = {name: _iso_value(value) for name, value in case.before.items() if case.case[name] != value}
    return json.dumps(kept, ensure_ascii=False)


def _iso_value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


class Plan:
    """The cases to be written, in the order in which the file first speaks of them."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # "": a temporary file, gone when it is closed
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute(
            "CREATE TABLE plan (position INTEGER PRIMARY KEY, key UNIQUE, is_new, year, received_at, prepared)"
        )
        self._file.execute("BEGIN")
        self.storage = Staging()

    def put(self, cases: Sequence[Prepared]) -> None:
        """Keep cases; one that is there already is replaced, in its place."""
        self._file.executemany(
            "INSERT INTO plan (key, is_new, year, received_at, prepared) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET prepared = excluded.prepared",
            (
                (code_key(case.code), case.case_id is None, case.year, case.case["received_at"].timestamp(), blob)
                for case, blob in zip(cases, self.storage.stored(cases), strict=True)
            ),
        )

    def get(self, keys: Iterable[str]) -> dict[str, Prepared]:
        """Those of these cases that are to be written, by the keys of their codes."""
        if not self:
            return {}
        wanted = "SELECT key, prepared FROM plan WHERE key IN (SELECT value FROM json_each(?))"
        return {key: self.storage.prepared(blob) for key, blob in self._file.execute(wanted, (json.dumps(list(keys)),))}

    def first(self, count: int, *, new: bool) -> list[Prepared]:
        """The first of the new cases, or of the known ones."""
        rows = self._file.execute(
            "SELECT prepared FROM plan WHERE is_new = ? ORDER BY position LIMIT ?", (new, count)
        ).fetchall()
        return [self.storage.prepared(blob) for (blob,) in rows]

    def count(self, *, new: bool) -> int:
        """Number of new cases, or of known ones."""
        return int(self._file.execute("SELECT count(*) FROM plan WHERE is_new = ?", (new,)).fetchone()[0])

    def years(self) -> dict[int, int]:
        """How many new cases were received in each year."""
        return dict(self._file.execute("SELECT year, count(*) FROM plan WHERE is_new GROUP BY year").fetchall())

    def chunks(self) -> Iterator[list[Staged]]:
        """All of them, some thousands at a time, with their places."""
        self._file.execute(
            "CREATE TABLE places AS SELECT position AS of,"
            " row_number() OVER (PARTITION BY year ORDER BY received_at, position) AS place FROM plan WHERE is_new"
        )
        self._file.execute("CREATE UNIQUE INDEX place_of ON places (of, place)")
        after = 0
        while rows := self._file.execute(
            "SELECT position, prepared, coalesce(place, 0) FROM plan LEFT JOIN places ON of = position"
            " WHERE position > ? ORDER BY position LIMIT ?",
            (after, CHUNK),
        ).fetchall():
            after = rows[-1][0]
            yield [self.storage.staged(blob, place) for _position, blob, place in rows]

    def close(self) -> None:
        self._file.close()

    def __bool__(self) -> bool:
        return self._file.execute("SELECT 1 FROM plan LIMIT 1").fetchone() is not None


# Units and procedures that an import makes: thought of while the file is read, written with its cases.
#
# Until they are written they go by negative ids, so that a file can be read without writing anything.

IN_FORCE_FROM = date(2000, 1, 1)  # of a procedure made by an import: since when is not known


class AlreadyEntered(Exception):
    """Somebody has meanwhile entered what was about to be made."""


@dataclass(frozen=True, slots=True)
class MadeUnit:
    """A unit to be made, below the Department."""

    id: int  # negative
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class MadeProcedure:
    """A procedure to be made with its one version; both have the same negative id."""

    id: int
    code: str
    name: str
    field: str
    unit_id: int
    amount: Decimal
    unit: TimeUnit

    @property
    def terms(self) -> Terms:
        """What its version promises."""
        return Terms(whole(self.amount), self.unit, PauseMode.EXTEND, self.unit_id)

    @property
    def time_known(self) -> bool:
        """Whether the mapping tells how long it takes."""
        return not self.terms.open_ended


@dataclass(slots=True)
class Ids:
    """The ids under which what was made is written: negative -> real. Empty when nothing was made."""

    units: dict[int, int] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.units or self.versions)

    def settled(self, names: Sequence[str], rows: list[tuple[Value, ...]]) -> list[tuple[Value, ...]]:
        """Rows of these columns with the real ids."""
        places = [(place, ids) for place, name in enumerate(names) if (ids := self._of(name)) is not None]
        if not (self and places):
            return rows
        settled = []
        for row in rows:
            values = list(row)
            for place, ids in places:
                values[place] = ids.get(cast(Any, values[place]), values[place])
            settled.append(tuple(values))
        return settled

    def settled_data(self, text: str) -> str:
        """The data of an event with the real ids."""
        if _MADE not in text:
            return text
        data: dict[str, Any] = json.loads(text)
        for name in data:
            if (ids := self._of(name)) is not None:
                data[name] = ids.get(data[name], data[name])
        return data_text(data)

    def _of(self, name: str) -> dict[int, int] | None:
        if name in ("unit_id", "holder_unit_id"):
            return self.units
        return self.versions if name == "version_id" else None


class NewEntities:
    """What one import makes. `created` has a sentence for each."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.units: list[MadeUnit] = []
        self.procedures: list[MadeProcedure] = []
        self.created: list[str] = []

    def unit(self, code: str, name: str) -> MadeUnit:
        made = MadeUnit(-1 - len(self.units), code, name[:200])
        self.units.append(made)
        self.created.append(
            _("Đơn vị mới “%(name)s” (mã %(code)s), do tệp này tạo ra: hãy kiểm tra.", name=made.name, code=code)
        )
        return made

    def procedure(
        self, code: str, name: str, of_field: str, unit_id: int, amount: Decimal, unit: TimeUnit
    ) -> MadeProcedure:
        """Think of a procedure. `amount` in `unit`."""
        made = MadeProcedure(-1 - len(self.procedures), code, name, of_field, unit_id, amount, unit)
        self.procedures.append(made)
        told = {"name": name[:120], "code": code}
        self.created.append(
            _("Thủ tục mới “%(name)s” (mã %(code)s), do tệp này tạo ra: hãy kiểm tra.", **told)
            if made.time_known
            else _(
                "Thủ tục mới “%(name)s” (mã %(code)s), do tệp này tạo ra, chưa có thời hạn: hãy ghi ở trang Thủ tục.",
                **told,
            )
        )
        return made

    def write(self, import_id: int) -> Ids:
        """Write them, within the transaction of the import. Raises Taken."""
        ids = Ids()
        if not self.units and not self.procedures:
            return ids
        self._refuse_taken(Unit, [made.code for made in self.units])
        self._refuse_taken(Procedure, [made.code for made in self.procedures])
        top = top_unit(self.site) if self.units else None
        for unit in self.units:
            ids.units[unit.id] = self._write_unit(unit, top, import_id)
        for procedure in self.procedures:
            ids.versions[procedure.id] = self._write_procedure(procedure, ids, import_id)
        return ids

    def _refuse_taken(self, model: Any, codes: list[str]) -> None:
        found = select(model.id).where(model.site == self.site, model.code.in_(codes)).limit(1)
        if codes and db.session.scalar(found):
            raise AlreadyEntered

    def _write_unit(self, made: MadeUnit, top: Unit | None, import_id: int) -> int:
        unit = Unit(
            site=self.site,
            code=made.code,
            name=made.name,
            kind=UnitKind.DIVISION,
            parent_id=top.id if top else None,
            path=f"{top.path if top else '/'}{made.code}/",
            origin=f"import {import_id}",
        )
        db.session.add(unit)
        db.session.flush()
        return unit.id

    def _write_procedure(self, made: MadeProcedure, ids: Ids, import_id: int) -> int:
        version = ProcedureVersion(
            site=self.site,
            procedure=Procedure(site=self.site, code=made.code, origin=f"import {import_id}"),
            number=1,
            name=made.name,
            search_key=search_key(made.code, made.name),
            field=made.field,
            level=Level.IN_PERSON,
            unit_id=ids.units.get(made.unit_id, made.unit_id),
            time_amount=made.amount,
            time_unit=made.unit,
            pause_mode=PauseMode.EXTEND,
            in_force_from=IN_FORCE_FROM,
            details_known=False,
            note=_(
                "Do lần nhập %(number)s tạo ra. Thời hạn, mức độ trực tuyến, phí và các bước chưa được kiểm tra.",
                number=import_id,
            )
            if made.time_known
            else _(
                "Do lần nhập %(number)s tạo ra. Chưa có thời hạn; mức độ trực tuyến, phí và các bước chưa được "
                "kiểm tra.",
                number=import_id,
            ),
        )
        db.session.add(version)
        db.session.flush()
        return version.id


def top_unit(site: str) -> Unit | None:
    """The Department itself; None where there is not exactly one."""
    tops = select(Unit).where(
        Unit.site == site, Unit.parent_id.is_(None), Unit.kind == UnitKind.DEPARTMENT, Unit.valid_to.is_(None)
    )
    found = db.session.scalars(tops.limit(2)).all()
    return found[0] if len(found) == 1 else None


def remove_made(site: str, import_id: int) -> int:
    """Remove the units and procedures that an import had made, as far as nothing else refers to them by now.

    Returns how many went; one that is used, or that somebody has worked on, stays.
    """
    origin, removed = f"import {import_id}", 0
    for procedure in db.session.scalars(select(Procedure).where(Procedure.site == site, Procedure.origin == origin)):
        versions = db.session.scalars(
            select(ProcedureVersion.id).where(ProcedureVersion.procedure_id == procedure.id)
        ).all()
        inside = frozenset({"procedure_versions"})
        free = len(versions) == 1 and not _referred_to("procedure_versions", versions[0])
        if (
            free
            and not _referred_to("procedures", procedure.id, inside)
            and not _worked_on("procedure", procedure.id, site)
        ):
            db.session.execute(delete(ProcedureVersion).where(ProcedureVersion.id == versions[0]))
            db.session.execute(delete(Procedure).where(Procedure.id == procedure.id))
            removed += 1
    for unit in db.session.scalars(select(Unit).where(Unit.site == site, Unit.origin == origin)):
        if not _referred_to("units", unit.id) and not _worked_on("unit", unit.code, site):
            db.session.execute(delete(Unit).where(Unit.id == unit.id))
            removed += 1
    return removed


def _referred_to(name: str, key: int, but: frozenset[str] = frozenset()) -> bool:
    """Whether a row of any table refers to that row."""
    target = db.metadata.tables[name]
    columns = (
        foreign.parent
        for table in db.metadata.sorted_tables
        if table.name not in but
        for foreign in table.foreign_keys
        if foreign.references(target)
    )
    return any(db.session.scalar(select(column).where(column == key).limit(1)) is not None for column in columns)


def _worked_on(kind: str, subject_id: object, site: str) -> bool:
    """Whether somebody has changed it by hand."""
    entries = select(AuditEntry.id).where(
        AuditEntry.site == site, AuditEntry.subject_kind == kind, AuditEntry.subject_id == str(subject_id)
    )
    return db.session.scalar(entries.limit(1)) is not None
