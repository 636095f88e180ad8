"""Small pictures: made outside the site, within a bound of memory and time, one at a time; and why there is none."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest
from PIL import Image

from app.attachments import BadContent, apart, pictures, previews
from app.attachments.previews import Busy, PreviewRequest, make, preview, turn
from app.attachments.store import Store
from app.core.errors import NotFound
from tests.attachments.samples import picture

pytestmark = pytest.mark.usefixtures("documents_looked_at_apart")
MEMORY = apart.TASKS["picture"].memory
LARGE = (6_240, 6_240)  # 39 million points


@pytest.fixture
def kept(tmp_path: Path):
    """Put some content into a store, as one of its files that wants a small picture."""
    store = Store(tmp_path / "store")

    def keep(content: bytes, edge: int = 192) -> PreviewRequest:
        with store.receiving(io.BytesIO(content), 1 << 30) as incoming:
            incoming.keep()
            return PreviewRequest(store, tmp_path / "previews", incoming.sha256, edge)

    return keep


def grey_png(size: tuple[int, int], bits: int) -> bytes:
    """A grey PNG of one shade, packed small, written without holding it unpacked."""
    width, height = size
    row = b"\0" + bytes(width * bits // 8)
    packer, packed = zlib.compressobj(), b""
    for _ in range(height):
        packed += packer.compress(row)
    packed += packer.flush()

    def part(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", packed) + part(b"IEND", b"")


LARGE_PICTURES = {
    "grey of 16 bits": lambda: grey_png(LARGE, 16),
    "in colours": lambda: picture("PNG", LARGE),
    "clear in places": lambda: saved(Image.new("RGBA", LARGE, (9, 9, 9, 9)), "PNG"),
    "a jpeg, all of it at the end": lambda: picture("JPEG", LARGE, progressive=True),
    "a tiff": lambda: picture("TIFF", LARGE, compression="tiff_lzw"),
}


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("what", LARGE_PICTURES)
def test_the_largest_picture_taken_gets_its_small_one_within_the_bound(what: str, tmp_path: Path) -> None:
    content = LARGE_PICTURES[what]()
    path = tmp_path / "content"
    path.write_bytes(content)
    pictures.check(path, Image.open(path).format.lower())
    del content
    target = tmp_path / "small.jpg"
    told = (
        f"import runpy, sys; sys.argv[0] = {apart.__file__!r}\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])\n"
    )
    program = [sys.executable, "-I", "-c", told, "picture", path, target, "192"]
    done = subprocess.run(program, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert max(Image.open(target).size) == 192
    assert int(done.stdout) * 1024 < MEMORY - 64 * 1024 * 1024, "with room to spare"


def test_a_picture_that_would_take_more_memory_than_the_bound_is_said_and_not_tried_again(kept, monkeypatch) -> None:
    hungry = "bytearray(1 << 30)"
    wanted = kept(picture())
    run_instead(monkeypatch, hungry)
    found = make(wanted)
    assert found.path is None and "nhiều bộ nhớ hoặc thời gian" in str(found.why)
    monkeypatch.setattr(previews, "_run", lambda *_of: pytest.fail("tried again"))
    assert "nhiều bộ nhớ" in str(make(wanted).why) and "nhiều bộ nhớ" in str(preview(wanted).why)


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 11)", "os.kill(os.getpid(), 9)", "time.sleep(99)"])
def test_a_maker_that_crashes_is_killed_or_hangs_ends_alone_and_leaves_nothing(kept, monkeypatch, end: str) -> None:
    monkeypatch.setattr(apart, "LONGEST", 1.0)
    wanted = kept(picture())
    run_instead(monkeypatch, end)
    assert "không xem trước được" in str(make(wanted).why)
    assert [path.suffix for path in wanted.kept.parent.iterdir()] == [".json"]


def run_instead(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """The maker's process bounds itself as it does, then does this."""
    real = subprocess.run

    def run(program: list[str], **options: object) -> object:
        bounded = f"import os, resource, time\nresource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))\n{what}"
        return real([sys.executable, "-I", "-c", bounded], **options)

    monkeypatch.setattr(subprocess, "run", run)


def test_the_maker_knows_nothing_of_the_site(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(picture("PNG"))
    told = (
        "import sys, runpy; sys.argv = ['x', *sys.argv[1:]]\n"
        f"try: runpy.run_path({apart.__file__!r}, run_name='__main__')\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "assert not {'flask', 'sqlalchemy', 'app.web.settings'} & set(sys.modules)\n"
    )
    target = tmp_path / "a.jpg"
    done = subprocess.run(
        [sys.executable, "-I", "-c", told, "picture", source, target, "64"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert Image.open(target).size == (64, 48)


def test_pictures_are_made_one_at_a_time(kept, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, most = [], []
    entered = threading.Barrier(3)

    def run(_source: Path, target: Path, _edge: int) -> None:
        at_once.append(target)
        most.append(len(at_once))
        threading.Event().wait(0.05)
        target.write_bytes(b"made")
        at_once.pop()

    monkeypatch.setattr(previews, "_run", run)
    all_wanted = [kept(picture(colour=colour)) for colour in ("red", "green", "blue")]

    def make_one(wanted: PreviewRequest) -> None:
        entered.wait()
        make(wanted)

    threads = [threading.Thread(target=make_one, args=(wanted,)) for wanted in all_wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1] and all(wanted.kept.is_file() for wanted in all_wanted)


def test_another_process_waits_for_its_turn_and_a_dead_one_holds_nobody(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    hold = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); print('held', flush=True)"
    hold += "; time.sleep(99)"
    other = subprocess.Popen([sys.executable, "-c", hold, lock], stdout=subprocess.PIPE)
    assert other.stdout is not None and other.stdout.readline() == b"held\n"
    with pytest.raises(Busy, match="sau ít phút"), turn(lock, longest=0.1):
        pass
    other.kill()
    other.wait()
    with turn(lock, longest=5):
        assert lock.is_file()


def test_what_is_asked_for_is_made_beside_the_web_once(kept, monkeypatch: pytest.MonkeyPatch) -> None:
    makers = []

    def run(_source: Path, target: Path, _edge: int) -> None:
        makers.append(threading.current_thread().name)
        target.write_bytes(b"made")

    monkeypatch.setattr(previews, "_run", run)
    wanted = kept(picture())
    for _ in range(5):
        preview(wanted)
    if (maker := previews._maker) is not None:
        maker.join()
    assert makers == ["previews"]
    assert preview(wanted).path == wanted.kept


def test_a_file_that_is_gone_is_no_reason_to_keep(kept) -> None:
    wanted = kept(picture())
    wanted.store.path(wanted.sha256).unlink()
    with pytest.raises(NotFound):
        make(wanted)
    assert not wanted.refused.exists()


@pytest.mark.parametrize("bits", [8, 16])
def test_a_picture_is_measured_by_its_head_before_it_is_unpacked(tmp_path: Path, monkeypatch, bits: int) -> None:
    monkeypatch.setattr(Image.Image, "load", lambda *_of: pytest.fail("unpacked"))
    path = tmp_path / "content"
    path.write_bytes(grey_png((64_000, 700), bits))
    with pytest.raises(BadContent, match="điểm ảnh"):
        pictures.check(path, "png")


def test_of_many_pages_only_so_much_is_unpacked_as_shows_that_they_are_whole(tmp_path: Path, monkeypatch) -> None:
    page = Image.new("1", (2_000, 2_000))
    content = saved(page, "TIFF", save_all=True, append_images=[page] * 59, compression="group4")
    path, unpacked = tmp_path / "content", []
    real = pictures._unpack
    monkeypatch.setattr(pictures, "_unpack", lambda image: (unpacked.append(image.width * image.height), real(image)))
    path.write_bytes(content)
    assert pictures.check(path, "tiff") == 60
    assert sum(unpacked) <= pictures.MOST_UNPACKED and len(unpacked) == 50
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadContent):
        pictures.check(path, "tiff")


def test_a_tiff_of_too_many_pages_is_refused_before_any_is_unpacked(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(pictures, "_unpack", lambda _image: pytest.fail("unpacked"))
    monkeypatch.setattr(pictures, "MOST_FRAMES", 3)
    page, path = Image.new("1", (20, 20)), tmp_path / "content"
    path.write_bytes(saved(page, "TIFF", save_all=True, append_images=[page] * 3))
    with pytest.raises(BadContent, match="quá 3 trang"):
        pictures.check(path, "tiff")


def test_the_bounds_are_those_of_this_system() -> None:
    assert os.name == "posix" and MEMORY > pictures.MOST_MEMORY * 2
