"""What a page, a Word document and a PDF draw alike: the typeface of the papers, and the QR code of a slip.

The typeface is Liberation Serif, which has every Vietnamese letter and the widths of Times New Roman, which Decree
30/2020/NĐ-CP prescribes and which may not be given away. The files are vendored whole; a PDF carries the glyphs it
uses, a Word document those of the repertoire below, so that it can still be amended.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from markupsafe import Markup

from app.web.settings import ROOT

if TYPE_CHECKING:
    import segno


FOLDER = ROOT / "static" / "vendor" / "liberation-serif"
FAMILY = "Liberation Serif"
OFFICIAL = "Times New Roman"
STYLES = {"": "Regular", "B": "Bold", "I": "Italic", "BI": "BoldItalic"}

# Latin with its accents, the Vietnamese letters (Latin Extended-A and -B, Additional), combining marks,
# punctuation and signs of money.
_REPERTOIRE = (
    *range(0x20, 0x7F),
    *range(0xA0, 0x1B5),
    *range(0x300, 0x330),
    *range(0x1E00, 0x1F00),
    *range(0x2010, 0x2040),
    *(0x20AB, 0x20AC, 0x2116, 0x2122, 0x2212, 0x2264, 0x2265),
)
_KEYS = UUID("7d3a5a86-5b1c-4f6f-9a8e-2f0c8e0b7a11")  # the keys of obfuscation are derived from it


def font_file(style: str) -> Path:
    """The file of a style: "", "B", "I" or "BI"."""
    return FOLDER / f"LiberationSerif-{STYLES[style]}.ttf"


@lru_cache(maxsize=len(STYLES))
def obfuscated(style: str) -> tuple[str, bytes]:
    """The key and the bytes of the font as a Word document carries it (ECMA-376 part 4, §10.2.8, `.odttf`).

    The first 32 bytes are combined with the key, read backwards, by exclusive or.
    """
    key = uuid5(_KEYS, style or "R")
    mask = key.bytes[::-1]
    font = bytearray(_repertoire(style))
    for n in range(32):
        font[n] ^= mask[n % 16]
    return "{" + str(key).upper() + "}", bytes(font)


def _repertoire(style: str) -> bytes:
    from fontTools.subset import Options, Subsetter  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    options = Options()
    options.hinting = False
    options.drop_tables += ["FFTM"]
    options.layout_features = ["kern", "mark", "mkmk", "ccmp"]
    options.notdef_outline = True
    options.name_IDs = ["*"]
    options.name_languages = ["*"]
    font = TTFont(font_file(style), recalcTimestamp=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=_REPERTOIRE)
    subsetter.subset(font)
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


# The QR code of a slip: the case's address on the site, or its code alone. Pure.

BORDER = 2  # light modules around the code


def _code(data: str) -> segno.QRCode:
    import segno

    return segno.make(data, error="m", micro=False)


def qr_svg(data: str) -> Markup:
    """The code as an <svg> element without any style of its own: the site's policy forbids inline styles."""
    drawn = _code(data).svg_inline(border=BORDER, omitsize=True, svgclass="qr", lineclass=None)
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704  drawn here


def qr_png(data: str) -> bytes:
    """The code as a picture for a Word document."""
    out = io.BytesIO()
    _code(data).save(out, kind="png", scale=8, border=BORDER)
    return out.getvalue()


def qr_modules(data: str) -> tuple[int, list[tuple[int, int, int]]]:
    """Side of the code in modules, border included, and its dark stretches as (column, row, length)."""
    rows = [[bool(module) for module in row] for row in _code(data).matrix]
    stretches = [
        (start + BORDER, y + BORDER, length) for y, row in enumerate(rows) for start, length in _stretches(row)
    ]
    return len(rows) + 2 * BORDER, stretches


def _stretches(row: list[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            yield start, x - start
            start = None
