"""What the pages and commands read of imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from app.cases.models import Import, ImportRefusal
from app.errors import NotFound
from app.extensions import db
from app.organisation.access import Scope
from app.organisation.models import Person

RECENT = 50
COUNTS = ("rows", "cases_new", "cases_changed", "cases_unchanged", "events_new", "refused_count")


def recent_imports(scope: Scope, limit: int = RECENT) -> Sequence[Import]:
    """The latest imports and previews, newest first; none for who may not import."""
    if scope.unit_ids is not None:
        return []
    found = select(Import).where(Import.site == scope.site).order_by(Import.id.desc()).limit(limit)
    return db.session.scalars(found).all()


def one_import(scope: Scope, import_id: int) -> Import:
    """An import as it stands now. Raises NotFound, also for who may not import."""
    wanted = select(Import).where(Import.id == import_id, Import.site == scope.site)
    found = db.session.scalar(wanted.execution_options(populate_existing=True)) if scope.unit_ids is None else None
    if found is None:
        raise NotFound("Không tìm thấy lần nhập này.")
    return found


def refusals(record: Import, limit: int | None = None) -> Iterator[ImportRefusal]:
    """The refused rows in the order of the file, a thousand at a time."""
    wanted = select(ImportRefusal).where(ImportRefusal.import_id == record.id).order_by(ImportRefusal.id)
    yield from db.session.scalars(wanted.limit(limit).execution_options(yield_per=1000))


def names_of(records: Sequence[Import]) -> dict[int, str]:
    """Names of the people who imported, by id."""
    ids = {record.person_id for record in records if record.person_id is not None}
    found = select(Person.id, Person.full_name).where(Person.id.in_(ids))
    return dict(db.session.execute(found).all())


def as_json(record: Import) -> dict[str, Any]:
    """An import as the command prints it."""
    plain = {name: getattr(record, name) for name in ("id", "file_name", "sha256", "mapping", *COUNTS)}
    return plain | {"state": record.state.value, "started_at": record.started_at.isoformat()}
