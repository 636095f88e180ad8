"""The cells of a score table carry scraps of HTML: paragraphs and lists. Made plain lines here. Pure."""

from __future__ import annotations

import html
import re

from app.text import tidy

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
