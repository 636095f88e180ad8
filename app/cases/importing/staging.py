"""What an import is going to write, kept outside the database until all of the file has been read; and the units and
procedures that it makes, thought of meanwhile and written with its cases."""

from __future__ import annotations

import io
import json
import pickle
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select

from app.cases.rows import Row
from app.cases.timeline import Terms, whole
from app.cases.vocabulary import CaseStatus, Channel, EventKind, PaymentChannel, PromiseCause
from app.core.calendar import PauseMode, TimeUnit
from app.core.codes import code_key
from app.organisation.models import AuditEntry, Unit, UnitKind
from app.procedures.models import Level, Procedure, ProcedureVersion
from app.procedures.service import search_key
from app.web.extensions import db

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
    derived tables by table, `before` the columns of a known case as they were. `year` is that of its reception, `place`
    (from 1) where it comes among the new ones of that year, known once all of the file has been read.
    """

    code: str
    case_id: int | None
    revision: int
    case: Row
    events: Sequence[PreparedEvent]
    derived: dict[str, list[Row]]
    before: Row
    year: int
    place: int = 0


class _Dumper(pickle.Pickler):
    """Cases as bytes. The words of the vocabularies are kept as their texts: an enumeration takes ten times as long."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, protocol=pickle.HIGHEST_PROTOCOL)
        words = (CaseStatus, Channel, EventKind, PaymentChannel, PromiseCause)
        self.dispatch_table = {kind: lambda word: (str, (str(word),)) for kind in words}

    def dumped(self, case: Prepared) -> bytes:
        """The case, to be read by `_loaded`."""
        self._bytes.seek(0)
        self._bytes.truncate()
        self.clear_memo()
        self.dump(
            (case.code, case.case_id, case.revision, case.case, case.events, case.derived, case.before, case.year)
        )
        return self._bytes.getvalue()


def _loaded(blob: bytes, place: int = 0) -> Prepared:
    case = Prepared(*pickle.loads(blob))  # noqa: S301  our own bytes, from a file that nobody else can open
    case.place = place
    return case


class Plan:
    """The cases to be written, in the order in which the file first speaks of them."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # "": a temporary file, gone when it is closed
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute(
            "CREATE TABLE plan (position INTEGER PRIMARY KEY, key UNIQUE, is_new, year, received_at, prepared)"
        )
        self._file.execute("BEGIN")
        self._dumper = _Dumper()

    def put(self, cases: Iterable[Prepared]) -> None:
        """Keep cases; one that is there already is replaced, in its place."""
        self._file.executemany(
            "INSERT INTO plan (key, is_new, year, received_at, prepared) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET prepared = excluded.prepared",
            (
                (
                    code_key(case.code),
                    case.case_id is None,
                    case.year,
                    case.case["received_at"].timestamp(),
                    self._dumper.dumped(case),
                )
                for case in cases
            ),
        )

    def get(self, keys: Iterable[str]) -> dict[str, Prepared]:
        """Those of these cases that are to be written, by the keys of their codes."""
        if not self:
            return {}
        wanted = "SELECT key, prepared FROM plan WHERE key IN (SELECT value FROM json_each(?))"
        return {key: _loaded(blob) for key, blob in self._file.execute(wanted, (json.dumps(list(keys)),))}

    def first(self, count: int, *, new: bool) -> list[Prepared]:
        """The first of the new cases, or of the known ones."""
        rows = self._file.execute(
            "SELECT prepared FROM plan WHERE is_new = ? ORDER BY position LIMIT ?", (new, count)
        ).fetchall()
        return [_loaded(blob) for (blob,) in rows]

    def count(self, *, new: bool) -> int:
        """Number of new cases, or of known ones."""
        return int(self._file.execute("SELECT count(*) FROM plan WHERE is_new = ?", (new,)).fetchone()[0])

    def years(self) -> dict[int, int]:
        """How many new cases were received in each year."""
        return dict(self._file.execute("SELECT year, count(*) FROM plan WHERE is_new GROUP BY year").fetchall())

    def chunks(self) -> Iterator[list[Prepared]]:
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
            yield [_loaded(blob, place) for _position, blob, place in rows]

    def close(self) -> None:
        """Let go of the file."""
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

    def settle(self, row: dict[str, Any]) -> None:
        """Give a row the real ids."""
        for name, ids in (("unit_id", self.units), ("holder_unit_id", self.units), ("version_id", self.versions)):
            if (row.get(name) or 0) < 0:
                row[name] = ids[row[name]]


class NewEntities:
    """What one import makes. `created` has a sentence for each."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.units: list[MadeUnit] = []
        self.procedures: list[MadeProcedure] = []
        self.created: list[str] = []

    def unit(self, code: str, name: str) -> MadeUnit:
        """Think of a unit."""
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
