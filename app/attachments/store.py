"""Where the files lie: outside the database, each under the SHA-256 of its content, each content once. No Flask here.

`<folder>/ab/cd/abcd…` holds what was kept. What is still arriving lies in `<folder>/incoming/` and is renamed into
its place in one step, after it is safely on the disk: a file is there whole, or not at all. Files are never changed
and never deleted, except orphans, by `flask attachments verify --delete-orphans`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from app.core.errors import N_, DomainError, NotFound
from app.web.private_files import age_of, sha256_of, sync_folder

CHUNK = 256 * 1024  # bytes held in memory of a file that arrives
INCOMING = "incoming"
ENDING = ".part"  # what is not whole yet; backups leave it out
STALE = 24 * 3600  # seconds after which nobody is writing an incoming file any more
YOUNG = 3600  # seconds in which a file without a record may still be getting one
GONE = N_("Tệp này không còn trong kho; hãy báo người quản trị.")
CHANGED = N_(
    "Tệp này đã hỏng hoặc bị thay đổi trong kho nên không được mở; hãy báo người quản trị khôi phục từ bản sao lưu."
)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_HASH = re.compile(r"[0-9a-f]{64}")


class TooLarge(DomainError):
    """A file above the limit; it was not read to its end."""


class EmptyFile(DomainError):
    """A file without content."""


class StoreFailed(DomainError):
    """The disk did not take the file; nothing of it is left."""


def store_failed(error: OSError) -> StoreFailed:
    """What a person is told of a disk that is full or does not work."""
    if error.errno in _FULL:
        return StoreFailed(
            "Máy chủ hết dung lượng đĩa nên tệp chưa được lưu; hãy báo người quản trị giải phóng đĩa rồi tải lại tệp."
        )
    return StoreFailed(
        "Máy chủ không ghi được tệp (%(why)s) nên tệp chưa được lưu; hãy báo người quản trị rồi tải lại tệp.",
        why=error.strerror or type(error).__name__,
    )


class Damaged(NotFound):
    """A file that is in the store no longer, or not as it was kept: it is not given to anybody."""

    def __init__(self, message: str, sha256: str) -> None:
        super().__init__(message)
        self.sha256 = sha256


@dataclass(slots=True)
class Incoming:
    """A file that has arrived whole and waits to be kept. `size` in bytes."""

    path: Path
    size: int
    sha256: str
    target: Path

    def keep(self) -> None:
        """Put it in its place; content that is there already stays one file. Raises StoreFailed."""
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self.path.replace(self.target)
            sync_folder(self.target.parent)
        except OSError as error:
            raise store_failed(error) from error


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """What a look through the store found: hashes of records whose file is missing or has changed, files that no
    record knows, and unfinished files that were left behind."""

    files: int
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    orphans: list[Path] = field(default_factory=list)
    leftovers: list[Path] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Every record has its file, unchanged."""
        return not self.missing and not self.damaged


@dataclass(frozen=True, slots=True)
class FileState:
    """A kept file: its size in bytes, and whether its content is what its name says."""

    size: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Store:
    """The files in one folder."""

    folder: Path

    def path(self, sha256: str) -> Path:
        """Where the file with this hash lies, or would lie."""
        if not _HASH.fullmatch(sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """The file with this hash, read through and found to be what was kept, from its beginning. Raises Damaged."""
        try:
            content = self.path(sha256).open("rb")
        except OSError as error:
            raise Damaged(GONE, sha256) from error
        try:
            self._refuse_damaged(sha256, content)
        except BaseException:
            content.close()
            raise
        return content

    def check(self, sha256: str) -> None:
        """The same for what was made of a file: its content is read again only when the file was written since.

        Raises Damaged.
        """
        try:
            seen = self.path(sha256).stat()
        except OSError as error:
            raise Damaged(GONE, sha256) from error
        _found_sound(self, sha256, (seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns))

    def _refuse_damaged(self, sha256: str, content: BufferedReader) -> None:
        try:
            found = hashlib.file_digest(content, "sha256").hexdigest()
            content.seek(0)
        except OSError as error:  # the disk cannot read it
            raise Damaged(CHANGED, sha256) from error
        if found != sha256:
            raise Damaged(CHANGED, sha256)

    @contextmanager
    def receiving(self, stream: BinaryIO, limit: int) -> Iterator[Incoming]:
        """Read a file of at most `limit` bytes to the disk; it goes again at the end of the block unless it is kept.

        Raises TooLarge as soon as there is more, EmptyFile, StoreFailed.
        """
        try:
            folder = self.folder / INCOMING
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=folder, suffix=ENDING)
        except OSError as error:
            raise store_failed(error) from error
        path = Path(name)
        try:
            size, sha256 = _write(handle, stream, limit)
            yield Incoming(path, size, sha256, self.path(sha256))
        finally:
            path.unlink(missing_ok=True)

    def state_of(self, sha256: str) -> FileState | None:
        """The file with this hash as it lies there, read whole; None when there is none, or it cannot be read."""
        try:
            path = self.path(sha256)
            return FileState(path.stat().st_size, sha256_of(path) == sha256)
        except (OSError, ValueError):
            return None

    def verify(self, known: Mapping[str, int]) -> StoreCheck:
        """Compare the store with the records: hash -> size in bytes. Reads every file that a record knows."""
        verdict, found = StoreCheck(len(known)), set()
        for path in self._files():
            if path.parent.name == INCOMING:
                if age_of(path) > STALE:
                    verdict.leftovers.append(path)
            elif path.name in known and path == self.path(path.name):
                found.add(path.name)
                if path.stat().st_size != known[path.name] or sha256_of(path) != path.name:
                    verdict.damaged.append(path.name)
            elif age_of(path) > YOUNG:
                verdict.orphans.append(path)
        verdict.missing.extend(sorted(set(known) - found))
        return verdict

    def _files(self) -> Iterator[Path]:
        for path in sorted(self.folder.rglob("*")) if self.folder.is_dir() else ():
            if path.is_file() and not path.is_symlink():
                yield path


@lru_cache(maxsize=4096)
def _found_sound(store: Store, sha256: str, _state: tuple[int, ...]) -> None:
    """Remembered by the file's state on the disk; a refusal is not remembered."""
    store.open(sha256).close()


def _write(handle: int, stream: BinaryIO, limit: int) -> tuple[int, str]:
    """Copy the stream to the open file, safely to the disk. Its size and hash."""
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise TooLarge(
                        "Tệp lớn hơn %(mb)s MB; hãy quét lại ở 200–300 dpi hoặc chia thành nhiều tệp rồi tải lên.",
                        mb=limit // (1024 * 1024),
                    )
                digest.update(chunk)
                _write_all(file.fileno(), chunk)
            os.fsync(file.fileno())
    except OSError as error:
        raise store_failed(error) from error
    if not size:
        raise EmptyFile("Tệp không có nội dung; hãy quét hoặc lưu lại rồi tải lên.")
    return size, digest.hexdigest()


def _write_all(handle: int, chunk: bytes) -> None:
    """The whole chunk: a disk that is nearly full may take a part only."""
    view = memoryview(chunk)
    while view:
        view = view[os.write(handle, view) :]
