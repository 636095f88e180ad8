"""Scanned pictures: opened before they are believed, and made small for a first look. No Flask here."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from app.attachments.refusals import BadContent

MOST_PIXELS = 40_000_000  # an A4 page at 600 dpi has 35 million; what is above takes the server's memory
MOST_FRAMES = 200  # pages of one TIFF
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError)


def check(path: Path, kind: str) -> int | None:
    """Open every page of a picture of that kind (jpeg, png, tiff). Number of pages of a TIFF. Raises BadContent."""
    try:
        with Image.open(path, formats=[kind.upper()]) as image:
            frames = getattr(image, "n_frames", 1) if kind == "tiff" else 1
            if frames > MOST_FRAMES:
                raise BadContent("Ảnh có quá %(n)s trang; hãy chia thành nhiều tệp.", n=MOST_FRAMES)
            for frame in range(frames):
                _check_frame(image, frame)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_big() from error
    except UnidentifiedImageError as error:
        raise _damaged() from error
    except _BROKEN as error:
        raise _damaged() from error
    return frames if kind == "tiff" else None


def _check_frame(image: Image.Image, frame: int) -> None:
    if frame:
        image.seek(frame)
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise _too_big()
    image.draft("RGB", (max(width // 8, 1), max(height // 8, 1)))  # a JPEG is read to its end in little memory
    image.load()


def small(content: BinaryIO, edge: int) -> bytes:
    """The first page as a JPEG whose longer edge has at most `edge` pixels. Raises BadContent."""
    try:
        with Image.open(content, formats=["JPEG", "PNG", "TIFF"]) as image:
            image.draft("RGB", (edge, edge))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((edge, edge))
            out = io.BytesIO()
            _on_white(upright).save(out, "JPEG", quality=80, optimize=True)
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
    if image.mode.startswith("I"):  # sixteen bits of grey
        image = image.point(lambda value: value / 256).convert("L") if image.mode.startswith("I;16") else image
    return image.convert("RGB")


def _too_big() -> BadContent:
    return BadContent(
        "Ảnh có quá %(n)s triệu điểm ảnh; hãy quét lại ở 200–300 dpi rồi tải lên.", n=MOST_PIXELS // 1_000_000
    )


def _damaged() -> BadContent:
    return BadContent("Ảnh bị hỏng hoặc chưa trọn vẹn; hãy quét lại rồi tải lên.")
