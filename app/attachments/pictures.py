"""Scanned pictures: opened before they are believed, and made small for a first look. No Flask here."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from app.attachments import BadContent
from app.attachments.apart import REFUSED

MOST_PIXELS = 40_000_000  # an A4 page at 600 dpi has 35 million; what is above takes the server's memory
MOST_FRAMES = 200  # pages of one TIFF
MOST_MEMORY = 4 * MOST_PIXELS  # bytes that a page takes unpacked: 160 MB
MOST_UNPACKED = 200_000_000  # bytes of pages unpacked to see that they are whole; further ones are looked up only
_NARROW = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # bytes a pixel takes; any other mode, four
_PLACES = ((273, 279), (324, 325))  # TIFF: where the strips or tiles of a page begin, and how long they are
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError)


def check(path: Path, kind: str) -> int | None:
    """Measure every page of a picture (jpeg, png, tiff) by its head, then unpack what may be. Number of pages of a
    TIFF. Raises BadContent."""
    try:
        with Image.open(path, formats=[kind.upper()]) as image:
            sizes = [_measured(image) for _ in _frames(image, kind)]
            left, end = MOST_UNPACKED, path.stat().st_size
            for frame, size in enumerate(sizes):
                if frame:
                    image.seek(frame)
                if (left := left - size) >= 0 or not frame:
                    _unpack(image)
                elif not _lies_within(image, end):
                    raise _damaged()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_big() from error
    except UnidentifiedImageError as error:
        raise _damaged() from error
    except _BROKEN as error:
        raise _damaged() from error
    return len(sizes) if kind == "tiff" else None


def _frames(image: Image.Image, kind: str) -> Iterator[int]:
    """The pages one after another, of which only the heads are read; at the end the first again."""
    yield 0
    frame = 0
    while kind == "tiff":
        frame += 1
        try:
            image.seek(frame)
        except EOFError:
            break
        if frame >= MOST_FRAMES:
            raise BadContent("Ảnh có quá %(n)s trang; hãy chia thành nhiều tệp.", n=MOST_FRAMES)
        yield frame
    if frame:
        image.seek(0)


def _measured(image: Image.Image) -> int:
    """Bytes that this page takes unpacked. Raises BadContent for too many."""
    pixels = image.width * image.height
    size = pixels * _NARROW.get(image.mode, 4)
    if pixels > MOST_PIXELS or size > MOST_MEMORY:
        raise _too_big()
    return size


def _unpack(image: Image.Image) -> None:
    image.draft("RGB", (max(image.width // 8, 1), max(image.height // 8, 1)))  # a JPEG: to its end, in little memory
    image.load()


def _lies_within(image: Image.Image, end: int) -> bool:
    """Whether the strips of a TIFF's page all lie in the file: half a file lacks its last ones."""
    tags: Any = getattr(image, "tag_v2", {})
    for begins, lengths in _PLACES:
        if begins in tags and lengths in tags:
            return all(at > 0 and at + length <= end for at, length in zip(tags[begins], tags[lengths], strict=True))
    return False


def small(content: BinaryIO, edge: int) -> bytes:
    """The first page as a JPEG whose longer edge has at most `edge` pixels. Raises BadContent."""
    try:
        with Image.open(content, formats=["JPEG", "PNG", "TIFF"]) as image:
            _measured(image)
            image.draft("RGB", (edge, edge))
            shade = _of_eight_bits(image)
            shade.thumbnail((edge, edge))  # before it is turned: what is made beside it is then small
            out = io.BytesIO()
            _on_white(ImageOps.exif_transpose(shade)).save(out, "JPEG", quality=80, optimize=True)
    except (Image.DecompressionBombError, UnidentifiedImageError, *_BROKEN) as error:
        raise _damaged() from error
    return out.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency, which a JPEG does not have."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        page = Image.new("RGB", layer.size, "white")
        page.paste(layer, mask=layer.getchannel("A"))
        return page
    return image.convert("RGB")


def _of_eight_bits(image: Image.Image) -> Image.Image:
    """Sixteen bits of grey, which Pillow does not make smaller, as eight."""
    return image.point(lambda value: value / 256).convert("L") if image.mode.startswith("I;16") else image


def _too_big() -> BadContent:
    return BadContent(
        "Ảnh có quá %(n)s triệu điểm ảnh; hãy quét lại ở 200–300 dpi rồi tải lên.", n=MOST_PIXELS // 1_000_000
    )


def _damaged() -> BadContent:
    return BadContent("Ảnh bị hỏng hoặc chưa trọn vẹn; hãy quét lại rồi tải lên.")


def main(source: str, target: str, edge: str) -> int:
    """Make one small picture, apart from the site (`apart`): the target is written, or said why not."""
    try:
        with Path(source).open("rb") as content:
            made = small(content, int(edge))
    except BadContent as error:
        json.dump({"message": error.message, "params": dict(error.params)}, sys.stdout)
        return REFUSED
    Path(target).write_bytes(made)
    return 0
