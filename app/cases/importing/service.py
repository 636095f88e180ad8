"""Importing a file: preview it, take it in, and what came of it.

Reading comes first and writes nothing, so that others go on writing while a large file is read; then everything is
written in one short transaction, or nothing. When somebody has meanwhile written to one of the file's cases, the
file is read again; the last time with the others kept out, so that it ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import SQLAlchemyError

from app.cases.importing.formats import SheetSource, opened
from app.cases.importing.header import SheetTable, Tables, find_tables
from app.cases.importing.mapping import Mapping
from app.cases.importing.models import Import, ImportRefusal, ImportState
from app.cases.importing.preview import discard_preview, keep_preview
from app.cases.importing.queries import as_told
from app.cases.importing.reader import ImportReader
from app.cases.importing.report import ImportReport
from app.cases.importing.row_parsing import RowReader
from app.cases.importing.values import CellInstant
from app.cases.importing.writing import MovedOn, Writer
from app.core.errors import Conflict, DomainError, NotAllowed
from app.organisation import audit
from app.organisation.access import Actor, Scope
from app.organisation.audit import transaction
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db
from app.web.formats import sentence
from app.web.garbage import without_garbage_collection

BATCH = 2000  # rows
ATTEMPTS = 3  # readings of a file whose cases others write to meanwhile; the last one keeps them out
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
    return scope.is_whole


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be imported, by whom and how. `previewed` is the Import that it completes."""

    site: str
    by: Actor
    upload: Upload
    mapping: Mapping
    sha256: str
    previewed: int | None
    progress: Progress | None
    asks: bool
    mends: bool
    reopens: bool


@needs(Capability.IMPORT_CASES)
def import_file(
    scope: Scope,
    by: Actor,
    upload: Upload,
    mapping: Mapping,
    *,
    dry_run: bool = False,
    previewed: int | None = None,
    progress: Progress | None = None,
    asks: bool = False,
    mends: bool = False,
    reopens: bool = False,
) -> ImportReport:
    """Take a file in; with `dry_run`, only say what would come of it. `previewed` is the Import it completes.

    `asks`: a unit or procedure that nobody knows is refused and asked about, even where the mapping would have it
    made. `mends`: names in the letters of old code pages are read as they were meant, else refused. `reopens`:
    cases that have ended and are in work again were opened again, else their rows are refused. Raises BadFile
    when the file cannot be read, Conflict when that Import was already completed. On any failure nothing of the file
    is left, and the Import says that it failed.
    """
    task = _task(scope, by, upload, mapping, previewed, progress, asks, mends, reopens)
    if dry_run:
        return _foretold(task).report
    for attempt in range(1, ATTEMPTS + 1):
        with opened(upload.path, upload.name) as source:
            tables = find_tables(source, task.mapping, upload.name)
            try:
                return _carry_out(task, source, tables, alone=attempt == ATTEMPTS)
            except MovedOn as error:
                if attempt == ATTEMPTS:
                    _record_failure(task, error)
                    raise Conflict("Có người vừa ghi vào hồ sơ của tệp này. Hãy nhập lại.") from error
            except Exception as error:
                if not isinstance(error, Conflict):
                    with suppress(SQLAlchemyError):  # a database that is not there: the first error says it
                        _record_failure(task, error)
                raise
    raise AssertionError


@needs(Capability.IMPORT_CASES)
def preview(
    scope: Scope,
    by: Actor,
    upload: Upload,
    mapping: Mapping,
    progress: Progress | None = None,
    *,
    previewed: int | None = None,
    asks: bool = True,
    mends: bool = False,
    reopens: bool = False,
) -> int:
    """Foretell an import and keep the report: the id of an Import that waits to be confirmed.

    `previewed` is an earlier preview of the same file, which this one replaces.
    """
    task = _task(scope, by, upload, mapping, previewed, progress, asks, mends, reopens)
    run = _foretold(task)
    with transaction():
        record = _begin(task)
        _finish(task, record, run.report, ImportState.PREVIEWED)
    keep_preview(record, run)
    return record


def _task(
    scope: Scope,
    by: Actor,
    upload: Upload,
    mapping: Mapping,
    previewed: int | None,
    progress: Progress | None,
    asks: bool,
    mends: bool,
    reopens: bool,
) -> Task:
    if not may_import(scope):
        raise NotAllowed("Chỉ bộ phận một cửa và quản trị viên được nhập hồ sơ từ tệp.")
    with opened(upload.path, upload.name):  # not a file that can be read: said before its hash is taken
        pass
    told = as_told(scope.site, mapping)
    return Task(scope.site, by, upload, told, upload.sha256(), previewed, progress, asks, mends, reopens)


def _foretold(task: Task) -> ImportReader:
    """Read the whole file; nothing is written."""
    with opened(task.upload.path, task.upload.name) as source:
        tables = find_tables(source, task.mapping, task.upload.name)
        try:
            return _read(task, source, tables, lock=False)
        finally:
            db.session.rollback()  # the end of reading: a later write starts from what is there then


def _read(task: Task, source: SheetSource, tables: Tables, *, lock: bool) -> ImportReader:
    """Every table of the file, one after another."""
    zone = ZoneInfo(task.mapping.zone or current_app.config["SETTINGS"].zone)
    report = ImportReport(sha256=task.sha256)
    is_short = task.mapping.row == "event" and "received_at" not in tables.first.columns
    run = ImportReader(
        task.site,
        task.mapping,
        zone,
        site_calendar(),
        report,
        asks=task.asks,
        mends=task.mends,
        reopens=task.reopens,
        lock=lock,
        begun=_first_times(task, zone) if is_short else None,
    )
    read: list[SheetTable] = []
    for table in tables:
        read.append(table)
        run.begin(table, named=source.several)
        for batch in _batches(table):
            run.take(batch)
            if task.progress:
                task.progress(report.rows, *source.progress())
    report.tell_sheets(tables, read)
    run.finish()
    return run


def _first_times(task: Task, zone: ZoneInfo) -> dict[str, CellInstant]:
    """When each case of a log had its first activity, by the key of its code: the log is read through for it."""
    found: dict[str, CellInstant] = {}
    with opened(task.upload.path, task.upload.name) as source:
        for table in find_tables(source, task.mapping, task.upload.name):
            reader = RowReader(task.mapping, table, zone, extensions.now(), mends=task.mends)
            for _number, cells in table.rows:
                if told := reader.time_of(cells):
                    key, moment = told
                    found[key] = min(found.get(key, moment), moment, key=lambda each: each.at)
    return found


def _carry_out(task: Task, source: SheetSource, tables: Tables, *, alone: bool) -> ImportReport:
    """One attempt: read, then write. `alone`: others are kept out from before the reading. Raises MovedOn."""
    run = None
    if not alone:
        try:
            run = _read(task, source, tables, lock=False)
        finally:
            db.session.rollback()
    with transaction():
        record = _begin(task)
        run = run or _read(task, source, tables, lock=True)
        if site_calendar() is not run.reading.calendar:
            raise MovedOn  # the due dates were counted with other days
        with without_garbage_collection():
            writer = Writer(task.site, record, task.by.person_id, run.now)
            writer.write(run.plan, run.catalogue.making)
        _finish(task, record, run.report, ImportState.DONE, events_hash=writer.digest.text())
    run.plan.close()
    discard_preview(record)
    run.report.import_id = record
    return run.report


def _batches(table: SheetTable) -> Iterator[list[tuple[int, list[Any]]]]:
    while batch := list(islice(table.rows, BATCH)):
        yield batch


def _begin(task: Task) -> int:
    """The Import that this becomes: a new one, or the previewed one, which only one may complete.

    Being the transaction's first statement and a write, it also keeps other writers of SQLite out until the end.
    """
    now = extensions.now()
    if task.previewed is not None:
        taken = db.session.execute(
            update(Import)
            .where(Import.id == task.previewed, Import.site == task.site, Import.state == ImportState.PREVIEWED)
            .values(state=ImportState.DONE, started_at=now, person_id=task.by.person_id)
            .values(mends=task.mends, reopens=task.reopens)
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict("Lần nhập này đã được thực hiện.")
        db.session.execute(delete(ImportRefusal).where(ImportRefusal.import_id == task.previewed))
        return task.previewed
    record = Import(
        site=task.site,
        file_name=task.upload.name[-255:],
        sha256=task.sha256,
        mapping=task.mapping.name[:64],
        state=ImportState.DONE,
        started_at=now,
        person_id=task.by.person_id,
        mends=task.mends,
        reopens=task.reopens,
    )
    db.session.add(record)
    db.session.flush()
    return record.id


def _finish(task: Task, record: int, report: ImportReport, state: ImportState, **kept: str) -> None:
    """Write the counts, the notices and the refused rows; one entry in the audit trail, with what it is to keep."""
    refusals = iter(report.refused)
    while chunk := list(islice(refusals, 1000)):
        rows = [
            {
                "site": task.site,
                "import_id": record,
                "row": refusal.row,
                "column": refusal.column[:120],
                "reason": refusal.reason,
                "cells": refusal.kept_cells(),
            }
            for refusal in chunk
        ]
        db.session.execute(insert(ImportRefusal), rows)
    values = report.counts() | {"notices": report.notices(), "state": state, "finished_at": extensions.now()}
    db.session.execute(update(Import).where(Import.id == record).values(**values))
    verb = "import_cases" if state is ImportState.DONE else "preview_import"
    details = report.counts() | {"sha256": report.sha256, "mapping": task.mapping.name, "created": report.created}
    audit.record(task.by, verb, "import", record, **details, **kept)


def _record_failure(task: Task, error: Exception) -> None:
    """In its own small transaction: nothing of the file is left, and the Import says why."""
    reason = sentence(error) if isinstance(error, DomainError) else _("Có lỗi ngoài dự kiến: xem nhật ký máy chủ.")
    with transaction():
        record = _begin(task)
        failed = update(Import).where(Import.id == record)
        db.session.execute(failed.values(state=ImportState.FAILED, notices=[reason], finished_at=extensions.now()))
        audit.record(task.by, "fail_import", "import", record, reason=reason, sha256=task.sha256)
