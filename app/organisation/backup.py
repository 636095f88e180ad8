"""Backup (sao lưu) and restore of a whole site: its database and its files, in one file.

The file is a gzipped tar (.tar.gz): the database as its own tool writes it, the files of the instance folder, and
last a manifest with the SHA-256 of each. SQLite is copied by `VACUUM INTO`, PostgreSQL by pg_dump: both see one moment
of the database while people go on working. The key that signs sessions and the database itself are left out of
the files: a site restored elsewhere makes its own key, and everybody signs in again.

A backup is read again before it gets its name. What the site itself has lost (an attached file that is damaged or
missing) does not keep it from being backed up: it is named, in the backup too. A restore that is cut off is done again
from its beginning (see `restoring`).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from flask import current_app
from sqlalchemy import inspect, select

from app.core.errors import DomainError
from app.organisation import audit, restoring, sessions, verifying
from app.organisation.access import Actor, site
from app.organisation.models import Person
from app.organisation.permissions import Capability, needs
from app.web import extensions, serving
from app.web.extensions import Base, db
from app.web.formats import local
from app.web.private_files import LOCK, sha256_of, sweep_files, sweep_folders, sync_folder, working_folder

FORMAT = 1
MANIFEST = "manifest.json"
FILES = "files"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
ENDINGS = (".tar.gz", ".tgz")
MAKING, RESTORING = ".sao-luu-", ".khoi-phuc-"  # working folders
LEFT_OUT = (
    "secret_key",
    "seal_key",  # seals of months: who has the backup must not be able to make one
    "README.md",
    "jobs",
    "previews",
    "templates",
    restoring.NOTE,
)  # previews are made again from the attachments, and templates are compiled again
LEFT_OUT_ENDINGS = (".sqlite3", ".sqlite3-wal", ".sqlite3-shm", ".sqlite3-journal", ".part", ".new")


class BackupRefused(DomainError):
    """A backup cannot be made or brought back; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: the site, when it was made (UTC), the kind of database, and SHA-256 by file name.

    `schema` is the version of its tables, empty in backups from before this was kept; `wrong` says, in Vietnamese,
    what the site had lost already when it was made; `trail` is where the audit trail ended, “number:hash”.
    """

    format: int
    site: str
    made_at: datetime
    database: str
    files: dict[str, str]
    schema: str = ""
    wrong: tuple[str, ...] = ()
    trail: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written: where, what it holds, and what is wrong with what it holds."""

    file: Path
    manifest: Manifest
    wrong: list[DomainError]


Check = Callable[[], Callable[[Mapping[str, str]], list[DomainError]]]
"""What has to be true of the files of a site. Called when the database has just been copied, it gives what is then
called with all that went into the backup (SHA-256 by name in it), and says what is not as it should be."""


CHECKS: list[Check] = []
"""What each room looks for; a room adds its own when it is bound."""


@needs(Capability.KEEP_SITE)
def make_backup(by: Actor, target: Path, *, overwrite: bool = False) -> Made:
    """Write a backup of the site, whole or not at all, to a file or, under a name of its own, into a folder.

    Raises BackupRefused. What the site has lost is no reason not to back up the rest: see `Made.wrong`.
    """
    file = target / _name() if target.is_dir() else target
    if not file.name.lower().endswith(ENDINGS):
        raise BackupRefused(
            "Bản sao lưu là tệp tar nén gzip: hãy đặt tên kết thúc bằng .tar.gz, không phải “%(name)s”.", name=file.name
        )
    if file.exists() and not overwrite:
        raise BackupRefused("Tệp %(file)s đã có; thêm --force để ghi đè.", file=file)
    if file.resolve().is_relative_to(Path(current_app.instance_path)):
        raise BackupRefused(
            "Hãy ghi bản sao lưu ra ngoài thư mục dữ liệu %(folder)s.", folder=current_app.instance_path
        )
    if not file.parent.is_dir():
        raise BackupRefused("Không có thư mục %(folder)s.", folder=file.parent)
    restoring.refuse_while_half_restored()
    sweep_folders(file.parent, MAKING)
    try:
        with working_folder(MAKING, file.parent) as folder:
            part = folder / "backup.part"
            end = audit.head()  # before the database is copied: the copy holds this entry
            manifest, wrong = _write(part, _dump_database(folder), f"{end.number}:{end.hash}" if end else "")
            if _sums_of(part) != manifest.files:
                raise BackupRefused("Bản sao lưu vừa ghi ra %(file)s đọc lại không khớp; hãy kiểm tra đĩa.", file=file)
            part.chmod(0o600)  # it holds people's data
            with part.open("rb") as written:
                os.fsync(written.fileno())
            part.replace(file)
            sync_folder(file.parent)
    except OSError as exc:
        where = exc.filename if exc.filename and MAKING not in str(exc.filename) else file
        raise BackupRefused("Không ghi được %(file)s: %(why)s.", file=where, why=exc.strerror or exc) from exc
    with audit.transaction():
        details = {"files": len(manifest.files), "sha256": sha256_of(file)}
        if wrong:
            details["wrong"] = len(wrong)
        audit.record(by, "make_backup", "backup", file.name[:64], **details)
    verifying.write_line("backup")
    return Made(file, manifest, wrong)


def _name() -> str:
    return f"dung-han-{site()}-{local(extensions.now()):%Y%m%d-%H%M%S}.tar.gz"


@needs(Capability.KEEP_SITE)
def restore_backup(by: Actor, file: Path, *, replace: bool = False) -> Manifest:
    """Bring a backup back, after every file of it has been checked, and bring it to the newest migration.

    Raises BackupRefused when the file is no whole backup, is another site's, another kind of database's or of newer
    software, or when this site has data already and `replace` is not given. Files that the backup does not have are
    kept. One that was cut off before is finished first.
    """
    instance = Path(current_app.instance_path)
    instance.mkdir(parents=True, exist_ok=True)
    before = restoring.begun(instance)
    if before and _unpacked(before, instance).exists() and finish_restore() and before.sha256 == sha256_of(file):
        return _manifest_of(file)
    if not before and not replace and _has_data():
        raise BackupRefused("Cơ sở dữ liệu đang có dữ liệu; thêm --force để thay bằng bản sao lưu.")
    sweep_left_over()
    with working_folder(RESTORING, instance, kept=restoring.note_path(instance).exists) as folder:
        manifest = unpack(file, folder)
        refuse_others(manifest)
        if manifest.database == "sqlite":
            refuse_damaged(folder / DATABASES["sqlite"])
        _sync_all(folder)
        begun = restoring.Restore(
            *(file.name, sha256_of(file), folder.name, manifest.made_at.isoformat(), len(manifest.files)),
            *(by.name, by.person_id),
        )
        restoring.begin(instance, begun)
        try:
            _load_database(_unpacked(begun, instance))
        except DomainError:  # the database's own tool did nothing: neither have we
            restoring.end(instance)
            raise
        _put_in_place(begun, instance)
    return manifest


def finish_restore() -> restoring.Restore | None:
    """Do again, from its beginning, what a restore that was cut off had begun; the one it was, if there was one.

    Sweeps what others left that were cut off earlier, before they replaced anything.
    """
    instance = Path(current_app.instance_path)
    begun = restoring.begun(instance)
    if begun:
        if not _unpacked(begun, instance).exists():
            raise BackupRefused(
                "Lần khôi phục %(file)s bị ngắt và phần đã giải nén không còn: hãy khôi phục lại từ tệp sao lưu.",
                file=begun.file,
            )
        _load_database(_unpacked(begun, instance))
        _put_in_place(begun, instance)
    sweep_left_over()
    return begun


def sweep_left_over() -> list[Path]:
    """Remove working folders whose owner has gone and files that nobody finishes. What was removed."""
    instance = Path(current_app.instance_path)
    begun = restoring.begun(instance)
    keep = [begun.folder] if begun else []
    return [
        *sweep_folders(instance, RESTORING, keep),
        *sweep_files(instance / "attachments" / "incoming", "*.part"),
        *sweep_files(instance / "previews", "**/*.part"),
        *sweep_files(instance / "jobs", "*.new"),
        *sweep_files(instance / "uploads", "*.new"),
        *sweep_files(instance, "*.new"),
    ]


def _unpacked(begun: restoring.Restore, instance: Path) -> Path:
    """The database of a restore that was begun."""
    return instance / begun.folder / DATABASES[db.engine.dialect.name]


def _put_in_place(begun: restoring.Restore, instance: Path) -> None:
    """The database is in its place: the files, the newest migration, the entry in the audit trail; then it is done."""
    _put_back(instance / begun.folder / FILES, instance)
    with restoring.by_this_process():
        current, newest = serving.migration_heads()
        if current != newest:
            from flask_migrate import upgrade  # Alembic: only when there is something to do

            upgrade()
        with audit.transaction(asked=False):  # the newest entry is of the day of the backup: no clock is judged by it
            sessions.drop_everybodys()
            audit.record(
                Actor(begun.actor, begun.person_id if db.session.get(Person, begun.person_id or 0) else None),
                *("restore_backup", "backup", begun.file[:64]),
                made_at=datetime.fromisoformat(begun.made_at),
                files=begun.files,
                sha256=begun.sha256,
            )
    restoring.end(instance)
    shutil.rmtree(instance / begun.folder, ignore_errors=True)


def refuse_others(manifest: Manifest) -> None:
    """BackupRefused for another site's, another kind of database's, or newer software's."""
    kind = db.engine.dialect.name
    if manifest.site != site():
        raise BackupRefused(
            "Bản sao lưu là của cơ quan %(theirs)s, không phải %(ours)s.", theirs=manifest.site, ours=site()
        )
    if manifest.database != kind:
        raise BackupRefused(
            "Bản sao lưu là của %(theirs)s, cơ sở dữ liệu ở đây là %(ours)s.", theirs=manifest.database, ours=kind
        )
    if manifest.schema and manifest.schema not in serving.known_migrations():
        raise BackupRefused(
            "Bản sao lưu do phần mềm mới hơn làm ra (lược đồ %(schema)s); hãy cài phiên bản đó rồi khôi phục.",
            schema=manifest.schema,
        )


# Making


def _dump_database(folder: Path) -> Path:
    kind = db.engine.dialect.name
    target = folder / DATABASES[kind]
    if kind == "postgresql":
        restoring.dump(db.engine.url, target)
    else:
        with bare_sqlite(_sqlite_path()) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    return target


def _write(part: Path, database: Path, trail: str) -> tuple[Manifest, list[DomainError]]:
    sums: dict[str, str] = {}
    looks = [check() for check in CHECKS]
    with tarfile.open(part, "w:gz", compresslevel=6) as tar:
        _add(tar, database, database.name, sums)
        for path in _instance_files():
            _add(tar, path, f"{FILES}/{path.relative_to(current_app.instance_path).as_posix()}", sums)
        wrong = [fault for look in looks for fault in look(sums)]
        schema = ", ".join(sorted(serving.migration_heads()[0]))
        said = tuple(str(fault) for fault in wrong)
        manifest = Manifest(FORMAT, site(), extensions.now(), db.engine.dialect.name, sums, schema, said, trail)
        content = json.dumps(asdict(manifest), default=str, ensure_ascii=False, indent=2).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(content), 0o600
        tar.addfile(entry, io.BytesIO(content))
    return manifest, wrong


def _sums_of(part: Path) -> dict[str, str]:
    """What a backup really holds, read again from the disk."""
    sums = {}
    with tarfile.open(part, "r:gz") as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            if entry.name != MANIFEST and content is not None:
                sums[entry.name] = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    return sums


def _add(tar: tarfile.TarFile, path: Path, name: str, sums: dict[str, str]) -> None:
    with path.open("rb") as content:
        hashed = _Hashing(content)
        tar.addfile(tar.gettarinfo(arcname=name, fileobj=content), hashed)
        sums[name] = hashed.hexdigest()


class _Hashing(io.RawIOBase):
    """Reads a file and hashes what was read: the manifest vouches for what went into the backup."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content, self._hash = content, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self._hash.update(chunk)
        return chunk

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _instance_files() -> Iterator[Path]:
    """Uploads, mappings and other files of the site; neither the database nor what belongs to this machine."""
    instance = Path(current_app.instance_path)
    for path in sorted(instance.rglob("*")):
        inside = path.relative_to(instance)
        if not path.is_file() or path.is_symlink() or inside.parts[0] in LEFT_OUT:
            continue
        if not inside.parts[0].startswith(".") and not path.name.endswith(LEFT_OUT_ENDINGS):
            yield path


# Bringing back


def unpack(file: Path, folder: Path) -> Manifest:
    """Unpack into an empty folder and check every file. Raises BackupRefused."""
    broken = BackupRefused("%(file)s không phải bản sao lưu nguyên vẹn của phần mềm này.", file=file)
    try:
        with tarfile.open(file, "r:gz") as tar:
            for entry in tar:
                if not _may_unpack(entry):
                    raise broken
                tar.extract(entry, folder, filter="data")
        manifest = _read_manifest(folder / MANIFEST)
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError) as exc:
        raise broken from exc
    if manifest.format != FORMAT:
        raise BackupRefused(
            "Bản sao lưu thuộc định dạng %(format)s, phần mềm này chưa đọc được.", format=manifest.format
        )
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST, LOCK}
    if present != set(manifest.files) or DATABASES.get(manifest.database) not in present:
        raise broken
    for name, expected in manifest.files.items():
        if sha256_of(folder / name) != expected:
            raise BackupRefused("Tệp %(name)s trong bản sao lưu đã bị hỏng hoặc bị sửa.", name=name)
    return manifest


def _may_unpack(entry: tarfile.TarInfo) -> bool:
    """A plain file, under one of the names that a backup has."""
    name = PurePosixPath(entry.name)
    known = entry.name in (MANIFEST, *DATABASES.values()) or (name.parts[:1] == (FILES,) and len(name.parts) > 1)
    return entry.isreg() and known and not name.is_absolute() and ".." not in name.parts


def _manifest_of(file: Path) -> Manifest:
    with tarfile.open(file, "r:gz") as tar:
        content = tar.extractfile(MANIFEST)
        if content is None:
            raise KeyError(MANIFEST)
        return _manifest_in(content.read().decode())


def _read_manifest(path: Path) -> Manifest:
    return _manifest_in(path.read_text("utf-8"))


def _manifest_in(text: str) -> Manifest:
    values: dict[str, Any] = json.loads(text)
    return Manifest(
        int(values["format"]),
        str(values["site"]),
        datetime.fromisoformat(values["made_at"]),
        str(values["database"]),
        {str(name): str(digest) for name, digest in values["files"].items()},
        str(values.get("schema", "")),
        tuple(map(str, values.get("wrong", ()))),
    )


def _has_data() -> bool:
    """Whether any table of ours has a row; tables that are not there yet have none."""
    present = set(inspect(db.engine).get_table_names())
    tables = [table for table in Base.metadata.sorted_tables if table.name in present]
    return any(db.session.execute(select(1).select_from(table).limit(1)).first() for table in tables)


def refuse_damaged(database: Path) -> None:
    """BackupRefused where SQLite finds a fault in it."""
    damaged = BackupRefused("Cơ sở dữ liệu trong bản sao lưu bị hỏng.")
    try:
        with bare_sqlite(database) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise damaged
    except sqlite3.DatabaseError as exc:
        raise damaged from exc


def _load_database(source: Path) -> None:
    db.session.remove()
    db.engine.dispose()
    if db.engine.dialect.name == "postgresql":
        restoring.load(db.engine.url, source)
        return
    # Copied into the database rather than put in its place: a running site keeps the file it has open.
    with bare_sqlite(source) as backup, bare_sqlite(_sqlite_path()) as target:
        backup.backup(target)


def _put_back(files: Path, instance: Path) -> None:
    """Each file goes to its place in one step: what an earlier try has put there already is not here any more."""
    for path in sorted(files.rglob("*")) if files.is_dir() else ():
        if path.is_file():
            target = instance / path.relative_to(files)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


def _sync_all(folder: Path) -> None:
    """All of it reaches the disk: a power cut takes nothing of what the note will promise."""
    for path in folder.rglob("*"):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# Both


def _sqlite_path() -> Path:
    return Path(str(db.engine.url.database))


def bare_sqlite(path: Path) -> closing[sqlite3.Connection]:
    """A bare connection, closed afterwards."""
    return closing(sqlite3.connect(path, timeout=60, isolation_level=None))
