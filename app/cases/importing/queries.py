"""What the pages and commands read of imports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from app.cases.importing.mapping import Mapping
from app.cases.importing.models import Import, ImportedCase, ImportName, ImportNameKind, ImportRefusal
from app.cases.importing.report import RECORDED, RefusedRow
from app.cases.importing.row_parsing import CONTACTS
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import CaseStatus, EventKind
from app.core.errors import NotFound
from app.organisation.access import Scope
from app.organisation.models import Person
from app.web.extensions import db

RECENT = 50
COUNTS = ("rows", "cases_new", "cases_changed", "cases_unchanged", "events_new", "refused_count")


def recent_imports(scope: Scope, limit: int = RECENT) -> Sequence[Import]:
    """The latest imports and previews, newest first; none for who may not import."""
    if not scope.is_whole:
        return []
    found = select(Import).where(Import.site == scope.site).order_by(Import.id.desc()).limit(limit)
    return db.session.scalars(found).all()


def one_import(scope: Scope, import_id: int) -> Import:
    """An import as it stands now. Raises NotFound, also for who may not import."""
    wanted = select(Import).where(Import.id == import_id, Import.site == scope.site)
    found = db.session.scalar(wanted.execution_options(populate_existing=True)) if scope.is_whole else None
    if found is None:
        raise NotFound("Không tìm thấy lần nhập này.")
    return found


def refusals(record: Import, limit: int | None = None, *, contradictory: bool | None = None) -> Iterator[RefusedRow]:
    """The refused rows in the order of the file, a thousand at a time.

    `contradictory`: only those that contradict what is recorded here (True), or only the others (False).
    """
    columns = (ImportRefusal.row, ImportRefusal.column, ImportRefusal.reason, ImportRefusal.cells)
    wanted = select(*columns).where(ImportRefusal.import_id == record.id)
    wanted = wanted.order_by(ImportRefusal.row, ImportRefusal.id)
    if contradictory is not None:
        wanted = wanted.where(_contradicts() if contradictory else ~_contradicts())
    for row in db.session.execute(wanted.limit(limit).execution_options(yield_per=1000)):
        yield RefusedRow.kept(*row)


def contradictory_rows(record: Import) -> int:
    """How many of the refused rows contradict what is recorded here."""
    counted = select(func.count()).where(ImportRefusal.import_id == record.id, _contradicts())
    return db.session.scalar(counted) or 0


def _contradicts() -> ColumnElement[bool]:
    recorded: ColumnElement[str] = ImportRefusal.cells[RECORDED].as_string()
    return recorded.is_not(None)


def remembered_names(site: str, mapping: str | None = None) -> Sequence[ImportName]:
    """What people said that other software's names stand for, in the order of the names; of one mapping, or all."""
    found = select(ImportName).where(ImportName.site == site)
    if mapping is not None:
        found = found.where(ImportName.mapping == mapping[:64])
    return db.session.scalars(found.order_by(ImportName.mapping, ImportName.kind, ImportName.key)).all()


def as_told(site: str, mapping: Mapping) -> Mapping:
    """The mapping with what people have said of statuses and columns of its files."""
    told = [each for each in remembered_names(site, mapping.name) if each.means]
    statuses, columns = (
        {each.name: each.means for each in told if each.kind is kind}
        for kind in (ImportNameKind.STATUS, ImportNameKind.COLUMN)
    )
    return mapping.also(statuses, columns)


@dataclass(frozen=True, slots=True)
class DoneCase:
    """What an import did to one case. `case_id` None: it is not there any more; `events` in the order of recording."""

    key: int
    code: str
    case_id: int | None
    is_new: bool
    before: CaseStatus | None  # None: the import left the status as it was
    status: CaseStatus | None  # as it is now
    events: tuple[EventKind, ...]
    filled: tuple[str, ...]  # contacts that were blank; `knows`, where something was not known


def done_cases(record: Import, after: int = 0, limit: int = RECENT) -> list[DoneCase]:
    """What an import did, case by case in the order of the file, from the one after that key."""
    here = and_(Case.id == ImportedCase.case_id, Case.site == record.site, Case.code == ImportedCase.code)
    rows = db.session.execute(
        select(ImportedCase, Case.id, Case.status)
        .outerjoin(Case, here)
        .where(ImportedCase.import_id == record.id, ImportedCase.id > after)
        .order_by(ImportedCase.id)
        .limit(limit)
    ).all()
    added: dict[int, list[EventKind]] = defaultdict(list)
    of_import = CaseEvent.import_id == record.id, CaseEvent.case_id.in_([row[0].case_id for row in rows])
    for case_id, kind in db.session.execute(
        select(CaseEvent.case_id, CaseEvent.kind).where(*of_import).order_by(CaseEvent.case_id, CaseEvent.number)
    ):
        added[case_id].append(kind)
    return [
        DoneCase(
            done.id,
            done.code,
            case_id,
            done.is_new,
            CaseStatus(done.before["status"]) if "status" in done.before else None,
            status,
            tuple(added[done.case_id]),
            tuple(name for name in (*CONTACTS, "knows") if name in done.before),
        )
        for done, case_id, status in rows
    ]


def names_of(records: Sequence[Import]) -> dict[int, str]:
    """Names of the people who imported or undid, by id."""
    return people_of(key for record in records for key in (record.person_id, record.undone_by_id))


def people_of(ids: Iterable[int | None]) -> dict[int, str]:
    """Names of these people, by id."""
    known = {key for key in ids if key is not None}
    return dict(db.session.execute(select(Person.id, Person.full_name).where(Person.id.in_(known))).all())


def as_json(record: Import) -> dict[str, Any]:
    """An import as the command prints it."""
    plain = {name: getattr(record, name) for name in ("id", "file_name", "sha256", "mapping", *COUNTS)}
    undone_at = record.undone_at.isoformat() if record.undone_at else None
    return plain | {
        "state": record.state.value,
        "started_at": record.started_at.isoformat(),
        "undone_at": undone_at,
        "contradictory": contradictory_rows(record),
    }
