"""The guides of docs/ as a page shows them: cut into sections, blocks and words, so that a template draws and escapes
them. Of Markdown it reads what the guides use: headings, paragraphs, lists, tables, code, bold, emphasis and links.

Guides of both languages have the same sections in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs"
# Name of a guide: its file in Vietnamese and in English.
GUIDES = {
    "desk": ("huong-dan/can-bo-mot-cua.md", "guide/desk.md"),
    "head": ("huong-dan/truong-don-vi.md", "guide/unit-head.md"),
    "inspector": ("huong-dan/thanh-tra.md", "guide/inspector.md"),
    "director": ("huong-dan/giam-doc.md", "guide/director.md"),
    "setup": ("huong-dan/thiet-lap.md", "guide/setup.md"),
    "units": ("huong-dan/quan-tri-don-vi.md", "guide/units.md"),
}
_INLINE = re.compile(
    r"\*\*(?P<strong>.+?)\*\*|`(?P<code>[^`]+)`|\*(?P<em>[^*\s][^*]*)\*|!?\[(?P<link>[^\]]*)\]\([^)]*\)"
)


@dataclass(frozen=True, slots=True)
class GuideWords:
    """A piece of a line; `kind` is empty, strong, em or code."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class GuideBlock:
    """A paragraph (p), a list (ul, ol), a table (rows of cells) or lines of code (pre)."""

    kind: str
    items: tuple[tuple[GuideWords, ...], ...] = ()
    rows: tuple[tuple[tuple[GuideWords, ...], ...], ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class GuideSection:
    """What stands under one heading; before the first one it has none."""

    heading: str
    blocks: tuple[GuideBlock, ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide in one language."""

    title: str
    opening: GuideSection
    sections: tuple[GuideSection, ...]


@cache
def guide(name: str, language: str) -> Guide | None:
    """The guide of that name; None where the site was set up without it."""
    file = FOLDER / GUIDES[name][language == "en"]
    return read_guide(file.read_text(encoding="utf-8")) if file.is_file() else None


def read_guide(text: str) -> Guide:
    """A guide as it is written."""
    parts = re.split(r"^## +", text, flags=re.MULTILINE)
    title, _, opening = parts[0].partition("\n")
    sections = [part.partition("\n") for part in parts[1:]]
    return Guide(
        title.removeprefix("#").strip(),
        GuideSection("", tuple(_blocks(opening))),
        tuple(GuideSection(heading.strip(), tuple(_blocks(body))) for heading, _, body in sections),
    )


def _blocks(text: str) -> Iterator[GuideBlock]:
    for piece in re.split(r"\n\s*\n", text.strip("\n")):
        lines = [line for line in piece.splitlines() if line.strip()]
        while lines:
            kind = _kind_of(lines[0])
            taken = 1
            while taken < len(lines) and (
                _kind_of(lines[taken]) == kind or (kind in ("ul", "ol") and lines[taken][0] == " ")
            ):
                taken += 1
            if block := _block(kind, lines[:taken]):
                yield block
            lines = lines[taken:]


def _kind_of(line: str) -> str:
    if line.startswith("    "):
        return "pre"
    if line.startswith("|"):
        return "table"
    if line.startswith("- "):
        return "ul"
    return "ol" if re.match(r"\d+\. ", line) else "p"


def _block(kind: str, lines: list[str]) -> GuideBlock | None:
    if kind == "pre":
        return GuideBlock("pre", text="\n".join(line[4:] for line in lines))
    if kind == "table":
        cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
        rows = (row for row in cells if not all(re.fullmatch(r":?-+:?", cell) for cell in row))
        return GuideBlock("table", rows=tuple(tuple(_words(cell) for cell in row) for row in rows))
    if kind in ("ul", "ol"):
        items: list[str] = []
        for line in lines:
            found = re.match(r"(?:- |\d+\. )(.*)", line)
            if found:
                items.append(found[1])
            else:
                items[-1] += " " + line.strip()
        return GuideBlock(kind, tuple(_words(item) for item in items))
    words = " ".join(line.strip() for line in lines if not line.startswith("!["))
    return GuideBlock("p", (_words(words),)) if words else None


def _words(line: str) -> tuple[GuideWords, ...]:
    found: list[GuideWords] = []
    at = 0
    for match in _INLINE.finditer(line):
        if match.start() > at:
            found.append(GuideWords(line[at : match.start()]))
        kind = match.lastgroup or ""
        found.append(GuideWords(match[kind], "" if kind == "link" else kind))
        at = match.end()
    return (*found, GuideWords(line[at:])) if at < len(line) else tuple(found)
