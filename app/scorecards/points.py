"""Points (điểm) as they are typed and written. Kept in whole hundredths, so that sums are exact. Pure."""

from __future__ import annotations

import html
import re
from decimal import Decimal

from app.core.errors import DomainError
from app.core.text import tidy

HUNDREDTHS = 100
_POINTS = re.compile(r"([0-9]{1,3})(?:,([0-9]{1,2}))?")
_WITH_POINT = re.compile(r"([0-9]{1,3})\.([0-9]{1,2})")


def read_points(text: str) -> int:
    """Hundredths of a point: "13,5" -> 1350. Raises DomainError.

    "2.5" is refused: beside "2,5" it may be another spelling, or a slip; nobody but the writer knows.
    """
    typed = text.strip()
    if found := _POINTS.fullmatch(typed):
        return int(found[1]) * HUNDREDTHS + int((found[2] or "").ljust(2, "0"))
    if found := _WITH_POINT.fullmatch(typed):
        raise DomainError(
            "Điểm “%(text)s” viết dấu chấm; hãy viết dấu phẩy thập phân: “%(meant)s”.",
            text=typed,
            meant=f"{found[1]},{found[2]}",
        )
    if not typed:
        raise DomainError("Chưa ghi điểm.")
    raise DomainError(
        "“%(text)s” không phải là điểm: hãy ghi một số có nhiều nhất hai chữ số thập phân, như 3 hoặc 2,25.",
        text=typed[:20],
    )


def write_points(points: int) -> str:
    """As `read_points` reads it: 1350 -> "13,5"."""
    sign, whole, part = "-" if points < 0 else "", abs(points) // HUNDREDTHS, abs(points) % HUNDREDTHS
    return f"{sign}{whole}" + (f",{part:02}".rstrip("0") if part else "")


def as_number(points: int) -> Decimal:
    """The number of points, to be shown as every number is."""
    return Decimal(points) / HUNDREDTHS


_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")  # the documents do not close every element they open
_BREAK = "\n"
_DASH = re.compile(r"(?:(?<=^)|(?<=[.;0-9] ))[-–•] (?=\S)", re.MULTILINE)


def cell_text(cell: str) -> str:
    """The cell's text, a line for each paragraph or list item: "- a - b" in a list is two lines."""
    if not _TAG.search(cell):
        return tidy(html.unescape(cell))
    plain = html.unescape(_TAG.sub(_BREAK, cell))
    paragraphs = _BREAK.join(filter(None, map(tidy, plain.split(_BREAK))))
    # A dash begins an item only after the end of another: "Kế hoạch - Tài chính" is one name.
    lines = map(tidy, _DASH.sub(f"{_BREAK}- ", paragraphs).split(_BREAK))
    return _BREAK.join(filter(None, lines))
