"""The store: whole or not at all, each content once, and a disk that is full leaves nothing behind."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import threading
import time
from pathlib import Path

import pytest

from app.attachments.store import CHUNK, EmptyFile, Store, StoreFailed, TooLarge

CONTENT = os.urandom(3 * CHUNK + 17)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "attachments")


def files(store: Store) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


def keep(store: Store, content: bytes) -> str:
    with store.receiving(io.BytesIO(content), 10**9) as incoming:
        incoming.keep()
        return incoming.sha256


class Endless(io.RawIOBase):
    """Two gigabytes that nobody has; counts what was read of them."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int = -1) -> bytes:
        assert 0 < size <= CHUNK, "read in pieces"
        self.taken += size
        return bytes(size) if self.taken <= 2 * 1024**3 else b""


def test_a_file_lies_under_its_hash(store: Store) -> None:
    sha256 = keep(store, CONTENT)
    assert sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert files(store) == [store.folder / sha256[:2] / sha256[2:4] / sha256]
    with store.open(sha256) as content:
        assert content.read() == CONTENT


def test_the_same_content_is_stored_once(store: Store) -> None:
    assert keep(store, CONTENT) == keep(store, CONTENT)
    assert len(files(store)) == 1


def test_what_is_not_kept_goes_again(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.receiving(io.BytesIO(CONTENT), 10**9):
        raise ZeroDivisionError
    assert files(store) == []


def test_two_gigabytes_are_refused_after_the_limit_and_leave_nothing(store: Store) -> None:
    film = Endless()
    with pytest.raises(TooLarge, match="20 MB"), store.receiving(film, 20 * 1024**2):
        pass
    assert film.taken <= 20 * 1024**2 + CHUNK
    assert files(store) == []


def test_a_file_without_content_is_refused(store: Store) -> None:
    with pytest.raises(EmptyFile), store.receiving(io.BytesIO(b""), 100):
        pass
    assert files(store) == []


@pytest.mark.parametrize("when", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_nothing_half(store: Store, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if when == "write":
        real, calls = os.write, []

        def half(handle: int, data: bytes) -> int:
            calls.append(1)
            return real(handle, data[: CHUNK // 2]) if len(calls) < 3 else full()  # type: ignore[return-value]

        monkeypatch.setattr(os, "write", half)
    elif when == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreFailed, match="hết dung lượng"), store.receiving(io.BytesIO(CONTENT), 10**9) as incoming:
        incoming.keep()
    monkeypatch.undo()
    assert files(store) == []


def test_a_disk_that_takes_a_part_of_each_piece_gets_the_rest(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:1000]))
    with store.open(keep(store, CONTENT)) as content:
        assert content.read() == CONTENT


def test_the_same_content_from_many_at_once_is_one_whole_file(store: Store) -> None:
    together, failed = threading.Barrier(6), []

    def send() -> None:
        try:
            with store.receiving(io.BytesIO(CONTENT), 10**9) as incoming:
                together.wait(10)
                incoming.keep()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(files(store)) == 1
    assert files(store)[0].read_bytes() == CONTENT


def test_verifying_tells_missing_changed_orphaned_and_unfinished(store: Store) -> None:
    kept, changed, lost = keep(store, b"giu"), keep(store, b"sua"), keep(store, b"mat")
    known = {kept: 3, changed: 3, lost: 3}
    store.path(changed).write_bytes(b"SUA")
    store.path(lost).unlink()
    orphan = store.path(keep(store, "mồ côi".encode()))
    young = store.path(keep(store, "vừa tới".encode()))
    part = store.folder / "incoming" / "x.part"
    part.write_bytes(b"")
    long_ago = time.time() - 7 * 24 * 3600
    for path in (orphan, part):
        os.utime(path, (long_ago, long_ago))
    verdict = store.verify(known)
    assert (verdict.missing, verdict.damaged) == ([lost], [changed])
    assert (verdict.orphans, verdict.leftovers) == ([orphan], [part])
    assert young.exists() and not verdict.sound


def test_a_path_is_made_of_a_hash_and_nothing_else(store: Store) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        store.path("../../etc/passwd")
