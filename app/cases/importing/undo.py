"""Taking an import back as a whole (hoàn tác lần nhập), while nothing else has touched its cases.

Events are never changed, and a mistake is put right by a later event. A file brought in by mistake is another thing:
its rows are not somebody's acts, and to correct thousands of them one by one would bury the true ones. So the
events that the import added are removed, its new cases with them, and the other cases are folded again from what is
left. The audit trail keeps who did it, when, how much it was and which cases; the Import stays, as undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, ForeignKey, Table, and_, bindparam, delete, exists, insert, or_, select, update

from app.cases.due_notices import about
from app.cases.importing.models import Import, ImportedCase, ImportState
from app.cases.importing.row_parsing import CONTACTS, TOLD_LATER
from app.cases.importing.service import may_import
from app.cases.importing.staging import remove_made
from app.cases.models import DERIVED_TABLES, Case, CaseEvent
from app.cases.numbering import release_lines
from app.cases.population import ACCOUNTABLE, HELD, STAY
from app.cases.rows import DERIVED, Row, case_row, derived_rows, terms_of, versions_by_id
from app.cases.service import events_of
from app.cases.timeline import project
from app.cases.vocabulary import Channel
from app.core.codes import code_key
from app.core.errors import N_, Conflict, NotAllowed
from app.notifications import service as notices
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.models import PassedRecord
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db

LISTED = 100
_OWN = frozenset({"case_events", *DERIVED_TABLES})
_WHEN = ("added_at", "sent_at")  # when somebody added a row about a case


class Touch(StrEnum):
    """What has happened to a case since."""

    CHANGED = "changed"  # an event, another import, a correction: its revision is another one
    ADDED_TO = "added_to"  # a file, an explanation, a portal's line: somebody's row hangs on it
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Touched:
    """A case that has been touched. `case_id` None: it is no longer there."""

    code: str
    case_id: int | None
    touch: Touch


def touched_cases(scope: Scope, import_id: int, limit: int = LISTED) -> Sequence[Touched]:
    """The first cases of the import that something else has touched since, in the order of the file."""
    mine = (Import.id == ImportedCase.import_id, Import.id == import_id, Import.site == scope.site)
    found = (
        select(ImportedCase.code, Case.id, Case.revision == ImportedCase.revision)
        .join(Import, and_(*mine))
        .outerjoin(Case, Case.id == ImportedCase.case_id)
        .where(or_(Case.id.is_(None), Case.revision != ImportedCase.revision, *map(_added, _others())))
        .order_by(ImportedCase.id)
    )
    return [
        Touched(code, case_id, Touch.GONE if case_id is None else Touch.ADDED_TO if same else Touch.CHANGED)
        for code, case_id, same in db.session.execute(found.limit(limit))
    ]


def _others() -> list[Table]:
    """The tables of every room whose rows hang on a case, beside what follows from its events."""
    cases = db.metadata.tables[Case.__tablename__]
    return [
        table
        for table in db.metadata.sorted_tables
        if table.name not in _OWN and any(key.references(cases) for key in _keys(table))
    ]


def _keys(table: Table) -> list[ForeignKey]:
    return [key for key in table.foreign_keys if key.parent.name == "case_id"]


def _added(table: Table) -> ColumnElement[bool]:
    """Whether somebody has added a row since. On a case that was there before, only what says when can tell."""
    hangs = table.c.case_id == ImportedCase.case_id
    when = next((table.c[name] for name in _WHEN if name in table.c), None)
    since = when > Import.finished_at if when is not None else ImportedCase.is_new
    return exists().where(hangs, or_(ImportedCase.is_new, since)).correlate(ImportedCase, Import)


CHUNK = 1000  # cases
CODES_KEPT = 200  # case codes in the audit entry
_CASES, _IMPORTED = cast(Table, Case.__table__), cast(Table, ImportedCase.__table__)
PASSED = (ACCOUNTABLE, HELD, STAY)
_RESTORED = [*DERIVED, *CONTACTS, *TOLD_LATER, "other_code_key", "search_text", "revision", "unit_id"]


class CasesTouched(Conflict):
    """Somebody has done something to cases of the import since: `touched` are the first of them."""

    def __init__(self, touched: Sequence[Touched]) -> None:
        codes = ", ".join(case.code for case in touched[:5])
        super().__init__(
            N_("Không hoàn tác được: sau lần nhập này đã có việc khác trên hồ sơ của nó (%(codes)s%(more)s)."),
            codes=codes,
            more=", …" if len(touched) > 5 else "",
        )
        self.touched = touched


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back. `made_removed`: units and procedures that the import had made and nobody uses."""

    cases_removed: int
    cases_restored: int
    events_removed: int
    made_removed: int


@needs(Capability.IMPORT_CASES)
def undo_import(scope: Scope, by: Actor, import_id: int) -> Undone:
    """Take an import back as a whole. Raises CasesTouched, and Conflict when it cannot be taken back any more."""
    if not may_import(scope):
        raise NotAllowed("Chỉ bộ phận một cửa và quản trị viên được nhập hồ sơ từ tệp.")
    with transaction():
        _claim(scope, by, import_id)
        _lock(import_id)
        if touched := touched_cases(scope, import_id):
            raise CasesTouched(touched)
        ours = select(ImportedCase.code).where(ImportedCase.import_id == import_id).order_by(ImportedCase.id)
        codes = db.session.scalars(ours.limit(CODES_KEPT)).all()
        events = _removed(delete(CaseEvent).where(CaseEvent.import_id == import_id))
        years = _register_years(import_id)
        removed = _remove_cases(scope.site, import_id)
        release_lines(scope.site, years)
        restored = sum(_restore(import_id, chunk, scope.site) for chunk in _known(import_id))
        undone = Undone(removed, restored, events, remove_made(scope.site, import_id))
        audit.record(by, "undo_import", "import", import_id, **asdict(undone), codes=list(codes))
    return undone


def _cases_of(import_id: int, *, new: bool) -> Any:
    return select(ImportedCase.case_id).where(ImportedCase.import_id == import_id, ImportedCase.is_new.is_(new))


def _claim(scope: Scope, by: Actor, import_id: int) -> None:
    """Only one may undo it, once. The transaction's first statement and a write: from here on SQLite is ours."""
    taken = db.session.execute(
        update(Import)
        .where(Import.id == import_id, Import.site == scope.site, Import.state == ImportState.DONE)
        .values(state=ImportState.UNDONE, undone_at=extensions.now(), undone_by_id=by.person_id)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("Lần nhập này chưa được thực hiện hoặc đã được hoàn tác.")
    if not recorded_case_by_case(import_id):
        raise Conflict(
            "Lần nhập này có từ trước khi từng hồ sơ của mỗi lần nhập được ghi lại, nên không hoàn tác được."
        )


def recorded_case_by_case(import_id: int) -> bool:
    """Whether it is known what the import did to each case; of imports before this was kept, it is not."""
    counts = db.session.execute(select(Import.cases_new, Import.cases_changed).where(Import.id == import_id)).one()
    first = select(ImportedCase.id).where(ImportedCase.import_id == import_id).limit(1)
    return not sum(counts) or db.session.scalar(first) is not None


def _lock(import_id: int) -> None:
    """Nobody else writes to these cases until the end: what is found untouched stays so (PostgreSQL)."""
    ours = select(ImportedCase.case_id).where(ImportedCase.import_id == import_id)
    db.session.execute(select(Case.id).where(Case.id.in_(ours)).with_for_update()).all()


def _removed(statement: Any) -> int:
    done: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


def _remove_cases(site: str, import_id: int) -> int:
    new = _cases_of(import_id, new=True)
    notices.forget(site, [about(case_id) for case_id in db.session.scalars(new) if case_id is not None])
    for table in DERIVED_TABLES.values():
        _removed(delete(table).where(table.c.case_id.in_(new)))
    _removed(delete(PassedRecord).where(PassedRecord.kind.in_(PASSED), PassedRecord.record_id.in_(new)))
    return _removed(delete(Case).where(Case.id.in_(new)))


def _register_years(import_id: int) -> list[int]:
    lines = select(Case.register_year).where(Case.id.in_(_cases_of(import_id, new=True))).distinct()
    return [year for year in db.session.scalars(lines) if year is not None]


def _known(import_id: int) -> Iterator[list[int]]:
    ids = list(db.session.scalars(_cases_of(import_id, new=False).order_by(ImportedCase.case_id)))
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def _restore(import_id: int, case_ids: list[int], site: str) -> int:
    """Fold these cases again from the events that are left, and give their contacts back what they were."""
    calendar, events = site_calendar(), events_of(case_ids)
    columns = ("id", "version_id", "unit_id", "online_payable", "revision", "search_text", *CONTACTS, *TOLD_LATER)
    cases = db.session.execute(select(*(getattr(Case, name) for name in columns)).where(Case.id.in_(case_ids))).all()
    versions = versions_by_id(case.version_id for case in cases)
    kept = select(ImportedCase.case_id, ImportedCase.before)
    before: dict[int, Row] = dict(
        db.session.execute(kept.where(ImportedCase.import_id == import_id, ImportedCase.case_id.in_(case_ids))).all()
    )
    restored: list[Row] = []
    derived: dict[str, list[Row]] = {name: [] for name in DERIVED_TABLES}
    for case in cases:
        state = project(terms_of(versions[case.version_id]), events[case.id], calendar)
        own = {name: before[case.id].get(name, getattr(case, name)) for name in (*CONTACTS, *TOLD_LATER, "search_text")}
        own["channel"], own["other_code_key"] = Channel(own["channel"]), code_key(own["other_code"])
        row = {"unit_id": case.unit_id} | case_row(state) | own | {"revision": case.revision + 1}
        restored.append({"key": case.id} | {"new_" + name: row[name] for name in _RESTORED})
        for name, rows in derived_rows(site, case.id, row["unit_id"], case.online_payable, state).items():
            derived[name] += rows
    _write_back(restored, derived, case_ids)
    _tell_earlier_imports(import_id, restored)
    return len(restored)


def _write_back(restored: list[Row], derived: dict[str, list[Row]], case_ids: list[int]) -> None:
    statement = update(_CASES).where(_CASES.c.id == bindparam("key"))
    values: dict[str, Any] = {name: bindparam("new_" + name) for name in _RESTORED}
    db.session.connection().execute(statement.values(values), restored)
    for name, rows in derived.items():
        table = DERIVED_TABLES[name]
        _removed(delete(table).where(table.c.case_id.in_(case_ids)))
        if rows:
            db.session.execute(insert(table), rows)


def _tell_earlier_imports(import_id: int, restored: list[Row]) -> None:
    """An undone import has not touched anything: what it went on from can still be undone itself.

    The revision never goes back, so that nobody's open page mistakes the case for the one that it showed.
    """
    statement = update(_IMPORTED).where(
        _IMPORTED.c.case_id == bindparam("key"),
        _IMPORTED.c.revision == bindparam("was"),
        _IMPORTED.c.import_id != import_id,
    )
    moved = [{"key": row["key"], "was": row["new_revision"] - 2, "becomes": row["new_revision"]} for row in restored]
    db.session.connection().execute(statement.values(revision=bindparam("becomes")), moved)
