"""Importing a file: preview it, take it in, and what came of it. One transaction for the whole file.

A dry run does all that an import does and takes it back, so that what it foretells is what happens.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import SQLAlchemyError

from app import extensions
from app.cases.importing.header import Table, find_table
from app.cases.importing.mapping import Mapping
from app.cases.importing.readers import opened
from app.cases.importing.report import Report
from app.cases.importing.run import Run
from app.cases.models import Import, ImportRefusal, ImportState
from app.errors import Conflict, DomainError, NotAllowed
from app.extensions import db
from app.formats import sentence
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar

BATCH = 2000  # rows
Progress = Callable[[int, int, int], None]
"""Told after each batch: rows read, how much of the file was read, and of how much (0: unknown)."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to import. `name` is what its owner calls it; `path` where it lies."""

    path: Path
    name: str

    def sha256(self) -> str:
        """Hash of the content, by which an import says what it took in."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def mappings_folder() -> Path:
    """Where a site keeps its own mappings."""
    return Path(current_app.config["SETTINGS"].instance) / "mappings"


def may_import(scope: Scope) -> bool:
    """An export holds cases of every unit: only who sees them all may take one in."""
    return scope.unit_ids is None


def import_file(
    scope: Scope,
    by: Actor,
    upload: Upload,
    mapping: Mapping,
    *,
    dry_run: bool = False,
    previewed: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Take a file in; with `dry_run`, only say what would come of it. `previewed` is the Import it completes.

    Raises BadFile when the file cannot be read, Conflict when that Import was already completed. On any failure
    nothing of the file is left, and the Import says that it failed.
    """
    if not may_import(scope):
        raise NotAllowed("Chỉ bộ phận một cửa và quản trị viên được nhập hồ sơ từ tệp.")
    with opened(upload.path, upload.name) as source:
        table = find_table(source, mapping, upload.name)
        report = Report(sha256=upload.sha256())
        try:
            with _taken_back() if dry_run else transaction():
                record = _begin(scope.site, by, upload, mapping, report.sha256, previewed)
                zone = ZoneInfo(mapping.zone or current_app.config["SETTINGS"].zone)
                run = Run(scope.site, by, mapping, table, zone, site_calendar(), report, record)
                for batch in _batches(table):
                    run.take(batch)
                    if progress:
                        progress(report.rows, *source.progress())
                run.finish()
                _finish(by, record, mapping, report, ImportState.DONE)
        except Exception as error:
            if not dry_run and not isinstance(error, Conflict):
                with suppress(SQLAlchemyError):  # a database that is not there: the first error says it
                    _record_failure(scope.site, by, upload, mapping, report.sha256, previewed, error)
            raise
    report.import_id = None if dry_run else record
    return report


def preview(scope: Scope, by: Actor, upload: Upload, mapping: Mapping, progress: Progress | None = None) -> int:
    """Foretell an import and keep the report: the id of an Import that waits to be confirmed."""
    report = import_file(scope, by, upload, mapping, dry_run=True, progress=progress)
    with transaction():
        record = _begin(scope.site, by, upload, mapping, report.sha256, None)
        _finish(by, record, mapping, report, ImportState.PREVIEWED)
    return record


def _batches(table: Table) -> Iterator[list[tuple[int, list[Any]]]]:
    while batch := list(islice(table.rows, BATCH)):
        yield batch


@contextmanager
def _taken_back() -> Iterator[None]:
    """Everything written inside is taken back."""
    try:
        yield
    finally:
        db.session.rollback()


def _begin(site: str, by: Actor, upload: Upload, mapping: Mapping, sha256: str, previewed: int | None) -> int:
    """The Import that this becomes: a new one, or the previewed one, which only one may complete.

    Being the transaction's first statement and a write, it also keeps other writers of SQLite out until the end.
    """
    now = extensions.now()
    if previewed is not None:
        taken = db.session.execute(
            update(Import)
            .where(Import.id == previewed, Import.site == site, Import.state == ImportState.PREVIEWED)
            .values(state=ImportState.DONE, started_at=now, person_id=by.person_id)
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict("Lần nhập này đã được thực hiện.")
        db.session.execute(delete(ImportRefusal).where(ImportRefusal.import_id == previewed))
        return previewed
    record = Import(
        site=site,
        file_name=upload.name[-255:],
        sha256=sha256,
        mapping=mapping.name[:64],
        state=ImportState.DONE,
        started_at=now,
        person_id=by.person_id,
    )
    db.session.add(record)
    db.session.flush()
    return record.id


def _finish(by: Actor, record: int, mapping: Mapping, report: Report, state: ImportState) -> None:
    """Write the counts, the notices and the refused rows; one entry in the audit trail."""
    site = str(current_app.config["SITE"])
    refusals = iter(report.refused)
    while chunk := list(islice(refusals, 1000)):
        rows = [
            {
                "site": site,
                "import_id": record,
                "row": refusal.row,
                "column": refusal.column[:120],
                "reason": refusal.reason,
                "cells": refusal.cells,
            }
            for refusal in chunk
        ]
        db.session.execute(insert(ImportRefusal), rows)
    values = report.counts() | {"notices": report.notices(), "state": state, "finished_at": extensions.now()}
    db.session.execute(update(Import).where(Import.id == record).values(**values))
    verb = "import_cases" if state is ImportState.DONE else "preview_import"
    details = report.counts() | {"sha256": report.sha256, "mapping": mapping.name, "created": report.created}
    audit.record(by, verb, "import", record, **details)


def _record_failure(
    site: str, by: Actor, upload: Upload, mapping: Mapping, sha256: str, previewed: int | None, error: Exception
) -> None:
    """In its own small transaction: nothing of the file is left, and the Import says why."""
    reason = sentence(error) if isinstance(error, DomainError) else _("Có lỗi ngoài dự kiến: xem nhật ký máy chủ.")
    with transaction():
        record = _begin(site, by, upload, mapping, sha256, previewed)
        failed = update(Import).where(Import.id == record)
        db.session.execute(failed.values(state=ImportState.FAILED, notices=[reason], finished_at=extensions.now()))
        audit.record(by, "fail_import", "import", record, reason=reason, sha256=sha256)
