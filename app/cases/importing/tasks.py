"""An import as a page starts it: the upload is kept, then previewed and confirmed as background jobs."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any, BinaryIO

from flask import current_app
from flask_babel import gettext as _

from app.cases.importing.formats import BadFile
from app.cases.importing.header import NoHeader
from app.cases.importing.mapping import find_mapping
from app.cases.importing.models import Import, ImportState
from app.cases.importing.queries import one_import
from app.cases.importing.service import Progress, Upload, import_file, mappings_folder, preview
from app.cases.importing.undo import undo_import
from app.core.errors import Conflict
from app.organisation.access import Actor, whole_site
from app.organisation.permissions import Capability, needs
from app.web import jobs
from app.web.formats import counted

_CHUNK = 1024 * 1024
_SHA256 = re.compile("[0-9a-f]{64}")


def keep_upload(stream: BinaryIO) -> str:
    """Store an uploaded file under the hash of its content; the same file twice is kept once. Returns the hash."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    handle, name = tempfile.mkstemp(dir=folder, prefix="incoming-")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
        fresh.replace(folder / digest.hexdigest())
    finally:
        fresh.unlink(missing_ok=True)
    return digest.hexdigest()


@needs(Capability.IMPORT_CASES)
def start_preview(by: Actor, sha256: str, name: str, mapping: str) -> str:
    """Preview an upload in the background; the job's result is the id of the Import. Returns the job's id."""
    return jobs.start("preview", _preview, by, sha256, name, mapping, None, False, False, owner=by.person_id)


@needs(Capability.IMPORT_CASES)
def preview_again(by: Actor, import_id: int, *, mends: bool | None = None, reopens: bool | None = None) -> str:
    """Preview the same upload once more, now that more is known. `mends`: whether names in old code pages are read as
    they were meant; `reopens`: whether ended cases in work were opened again; as before when left out. Raises Conflict
    when it was carried out already."""
    record = _waiting(import_id)
    mends = record.mends if mends is None else mends
    reopens = record.reopens if reopens is None else reopens
    values = (record.sha256, record.file_name, record.mapping, import_id, mends, reopens)
    return jobs.start("preview", _preview, by, *values, owner=by.person_id)


@needs(Capability.IMPORT_CASES)
def start_import(by: Actor, import_id: int) -> str:
    """Carry out a previewed import in the background. Raises Conflict when it was carried out already."""
    _waiting(import_id)
    return jobs.start("import", _import, by, import_id, owner=by.person_id)


@needs(Capability.IMPORT_CASES)
def start_undo(by: Actor, import_id: int) -> str:
    """Undo an import in the background. Raises Conflict when it is not one that can be undone."""
    if one_import(whole_site(), import_id).state is not ImportState.DONE:
        raise Conflict("Lần nhập này chưa được thực hiện hoặc đã được hoàn tác.")
    return jobs.start("undo", _undo, by, import_id, owner=by.person_id)


def _waiting(import_id: int) -> Import:
    record = one_import(whole_site(), import_id)
    if record.state is not ImportState.PREVIEWED:
        raise Conflict("Lần nhập này đã được thực hiện.")
    return record


def _preview(
    job: jobs.Job,
    by: Actor,
    sha256: str,
    name: str,
    mapping: str,
    previewed: int | None,
    mends: bool,
    reopens: bool,
) -> Any:
    """The id of the Import; of a file of which it must first be said which column is what, where to say it."""
    chosen, upload, tell = find_mapping(mapping, mappings_folder()), kept_upload(sha256, name), _progress_reporter(job)
    try:
        return preview(whole_site(), by, upload, chosen, tell, previewed=previewed, mends=mends, reopens=reopens)
    except NoHeader:
        return {"sha256": sha256, "ten": name, "loai": mapping, "lan": previewed}


def _undo(job: jobs.Job, by: Actor, import_id: int) -> int:
    job.update(0, 0, _("Đang gỡ các hồ sơ và sự kiện của lần nhập"))
    undo_import(whole_site(), by, import_id)
    return import_id


def _import(job: jobs.Job, by: Actor, import_id: int) -> int:
    record = one_import(whole_site(), import_id)
    chosen = find_mapping(record.mapping, mappings_folder())
    upload = kept_upload(record.sha256, record.file_name)
    tell = _progress_reporter(job)
    agreed = {"mends": record.mends, "reopens": record.reopens}
    import_file(whole_site(), by, upload, chosen, previewed=import_id, progress=tell, asks=True, **agreed)
    return import_id


def kept_upload(sha256: str, name: str) -> Upload:
    """An upload by the hash of its content. Raises BadFile when it is no longer there."""
    path = _folder() / sha256
    if not _SHA256.fullmatch(sha256) or not path.is_file():
        raise BadFile("Tệp “%(name)s” không còn trên máy chủ. Hãy tải lên lại.", name=name)
    return Upload(path, name)


def _progress_reporter(job: jobs.Job) -> Progress:
    def tell(rows: int, done: int, total: int) -> None:
        whole = round(rows * total / done) if done and total else 0  # rows of the file, as far as can be guessed
        job.update(rows, max(whole, rows) if whole else 0, counted("Đã đọc %(n)s dòng", rows))

    return tell


def _folder() -> Path:
    return Path(current_app.config["SETTINGS"].instance) / "uploads"
