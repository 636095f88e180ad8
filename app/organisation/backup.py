"""Backup (sao lưu) and restore of a whole site: its database and its files, in one file.

The file is a gzipped tar: the database as its own tool writes it, the files of the instance folder, and last a
manifest with the SHA-256 of each. SQLite is copied by `VACUUM INTO`, PostgreSQL by pg_dump: both see one moment
of the database while people go on working. The key that signs sessions and the database itself are left out of
the files: a site restored elsewhere makes its own key, and everybody signs in again.
"""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from flask import current_app
from sqlalchemy import inspect, select

from app import extensions
from app.errors import DomainError
from app.extensions import Base, db
from app.organisation import audit, postgres_tools, sessions
from app.organisation.access import Actor, site

FORMAT = 1
MANIFEST = "manifest.json"
FILES = "files"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
LEFT_OUT = ("secret_key", "README.md", "jobs", "previews")  # previews are made again from the attachments
LEFT_OUT_ENDINGS = (".sqlite3", ".sqlite3-wal", ".sqlite3-shm", ".sqlite3-journal", ".part")


class BackupRefused(DomainError):
    """A backup cannot be made or brought back; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: the site, when it was made (UTC), the kind of database, and SHA-256 by file name."""

    format: int
    site: str
    made_at: datetime
    database: str
    files: dict[str, str]


def make_backup(by: Actor, file: Path, *, overwrite: bool = False) -> Manifest:
    """Write a backup of the site to `file`, whole or not at all. Raises BackupRefused."""
    if file.exists() and not overwrite:
        raise BackupRefused("Tệp %(file)s đã có; thêm --force để ghi đè.", file=file)
    if file.resolve().is_relative_to(Path(current_app.instance_path)):
        raise BackupRefused(
            "Hãy ghi bản sao lưu ra ngoài thư mục dữ liệu %(folder)s.", folder=current_app.instance_path
        )
    if not file.parent.is_dir():
        raise BackupRefused("Không có thư mục %(folder)s.", folder=file.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=".sao-luu-", dir=file.parent) as folder:
            part = Path(folder) / "backup.part"
            manifest = _write(part, _dump_database(Path(folder)))
            part.chmod(0o600)  # it holds people's data
            part.replace(file)
    except OSError as exc:
        raise BackupRefused("Không ghi được %(file)s: %(why)s.", file=file, why=exc.strerror or exc) from exc
    with audit.transaction():
        audit.record(by, "make_backup", "backup", file.name[:64], files=len(manifest.files), sha256=_sha256(file))
    return manifest


def restore_backup(by: Actor, file: Path, *, replace: bool = False) -> Manifest:
    """Bring a backup back, after every file of it has been checked.

    Raises BackupRefused when the file is no whole backup, is another site's or another kind of database's, or
    when this site has data already and `replace` is not given. Files that the backup does not have are kept.
    """
    instance = Path(current_app.instance_path)
    instance.mkdir(parents=True, exist_ok=True)
    if not replace and _has_data():
        raise BackupRefused("Cơ sở dữ liệu đang có dữ liệu; thêm --force để thay bằng bản sao lưu.")
    with tempfile.TemporaryDirectory(prefix=".khoi-phuc-", dir=instance) as folder:
        manifest = _unpack(file, Path(folder))
        kind = db.engine.dialect.name
        if manifest.site != site():
            raise BackupRefused(
                "Bản sao lưu là của cơ quan %(theirs)s, không phải %(ours)s.", theirs=manifest.site, ours=site()
            )
        if manifest.database != kind:
            raise BackupRefused(
                "Bản sao lưu là của %(theirs)s, cơ sở dữ liệu ở đây là %(ours)s.", theirs=manifest.database, ours=kind
            )
        if kind == "sqlite":
            _refuse_damaged(Path(folder) / DATABASES[kind])
        _put_back(Path(folder) / FILES, instance)
        _load_database(Path(folder) / DATABASES[kind])
    with audit.transaction():
        sessions.drop_everybodys()
        audit.record(
            by, "restore_backup", "backup", file.name[:64], made_at=manifest.made_at, files=len(manifest.files)
        )
    return manifest


# Making


def _dump_database(folder: Path) -> Path:
    kind = db.engine.dialect.name
    target = folder / DATABASES[kind]
    if kind == "postgresql":
        postgres_tools.dump(db.engine.url, target)
    else:
        with _sqlite(_sqlite_path()) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    return target


def _write(part: Path, database: Path) -> Manifest:
    sums: dict[str, str] = {}
    with tarfile.open(part, "w:gz", compresslevel=6) as tar:
        _add(tar, database, database.name, sums)
        for path in _instance_files():
            _add(tar, path, f"{FILES}/{path.relative_to(current_app.instance_path).as_posix()}", sums)
        manifest = Manifest(FORMAT, site(), extensions.now(), db.engine.dialect.name, sums)
        content = json.dumps(asdict(manifest), default=str, ensure_ascii=False, indent=2).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(content), 0o600
        tar.addfile(entry, io.BytesIO(content))
    return manifest


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


def _unpack(file: Path, folder: Path) -> Manifest:
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
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    if present != set(manifest.files) or DATABASES.get(manifest.database) not in present:
        raise broken
    for name, expected in manifest.files.items():
        if _sha256(folder / name) != expected:
            raise BackupRefused("Tệp %(name)s trong bản sao lưu đã bị hỏng hoặc bị sửa.", name=name)
    return manifest


def _may_unpack(entry: tarfile.TarInfo) -> bool:
    """A plain file, under one of the names that a backup has."""
    name = PurePosixPath(entry.name)
    known = entry.name in (MANIFEST, *DATABASES.values()) or (name.parts[:1] == (FILES,) and len(name.parts) > 1)
    return entry.isreg() and known and not name.is_absolute() and ".." not in name.parts


def _read_manifest(path: Path) -> Manifest:
    values: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return Manifest(
        int(values["format"]),
        str(values["site"]),
        datetime.fromisoformat(values["made_at"]),
        str(values["database"]),
        {str(name): str(digest) for name, digest in values["files"].items()},
    )


def _has_data() -> bool:
    """Whether any table of ours has a row; tables that are not there yet have none."""
    present = set(inspect(db.engine).get_table_names())
    tables = [table for table in Base.metadata.sorted_tables if table.name in present]
    return any(db.session.execute(select(1).select_from(table).limit(1)).first() for table in tables)


def _refuse_damaged(database: Path) -> None:
    damaged = BackupRefused("Cơ sở dữ liệu trong bản sao lưu bị hỏng.")
    try:
        with _sqlite(database) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise damaged
    except sqlite3.DatabaseError as exc:
        raise damaged from exc


def _load_database(source: Path) -> None:
    db.session.remove()
    db.engine.dispose()
    if db.engine.dialect.name == "postgresql":
        postgres_tools.load(db.engine.url, source)
        return
    # Copied into the database rather than put in its place: a running site keeps the file it has open.
    with _sqlite(source) as backup, _sqlite(_sqlite_path()) as target:
        backup.backup(target)


def _put_back(files: Path, instance: Path) -> None:
    for path in sorted(files.rglob("*")) if files.is_dir() else ():
        if path.is_file():
            target = instance / path.relative_to(files)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


# Both


def _sqlite_path() -> Path:
    return Path(str(db.engine.url.database))


def _sqlite(path: Path) -> closing[sqlite3.Connection]:
    """A bare connection, closed afterwards."""
    return closing(sqlite3.connect(path, timeout=60, isolation_level=None))


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
