"""The QR code of a slip: the case's address on the site, or its code alone. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    import segno

BORDER = 2  # light modules around the code


def _code(data: str) -> segno.QRCode:
    import segno

    return segno.make(data, error="m", micro=False)


def svg(data: str) -> Markup:
    """The code as an <svg> element without any style of its own: the site's policy forbids inline styles."""
    drawn = _code(data).svg_inline(border=BORDER, omitsize=True, svgclass="qr", lineclass=None)
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704  drawn here


def png(data: str) -> bytes:
    """The code as a picture for a Word document."""
    out = io.BytesIO()
    _code(data).save(out, kind="png", scale=8, border=BORDER)
    return out.getvalue()


def modules(data: str) -> tuple[int, list[tuple[int, int, int]]]:
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
