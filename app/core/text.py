"""Vietnamese text: folding for search and matching, and tidying of what arrives from outside."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MOST_SOUGHT = 200  # letters of a search that are looked at; a case code and a full name have 60
LONGEST_REMEMBERED = 64  # letters of a text whose folding is kept: names, codes and headings, never a whole note
REMEMBERED = 32_768  # such foldings: 20 MB at the very most
END_OF_LATIN = 0x2000  # above the block of Vietnamese letters with two marks
_APART = re.compile(r"[^0-9a-z]+")

# What nobody sees and no official means: controls (but tab and the ends of lines), those that turn the direction of
# writing, so that a name reads as another (U+202E), and those that take no room, so that two equal names differ.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_GAPS = re.compile("[\x0b\x0c\x1c-\x1f]")
_ENDS_OF_LINES = re.compile("[\x85\u2028\u2029]")


def visible(text: str) -> str:
    """Without control, direction and zero-width characters; the ends of lines stay."""
    if text.isprintable():
        return text
    return _UNSEEN.sub("", _GAPS.sub(" ", _ENDS_OF_LINES.sub("\n", text)))


def tidy(text: str) -> str:
    """One Unicode form (NFC), what can be seen, single spaces, none at the ends. What is stored has passed here."""
    return " ".join(unicodedata.normalize("NFC", visible(text)).split())


def tidy_lines(text: str) -> str:
    """The same for a text of several lines: each line tidied, none empty at the ends, two empty at most between."""
    lines = [tidy(line) for line in re.split("\r\n?|\n", visible(text))]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)).strip("\n")


def sought(text: str) -> str:
    """What a search looks at of what somebody typed or pasted: its first letters, tidied."""
    return tidy(text[: 2 * MOST_SOUGHT])[:MOST_SOUGHT]


def fold(text: str) -> str:
    """Lower case, no diacritics, single spaces: "Phòng LĐ – Việc làm" -> "phong ld viec lam"."""
    return _folded(text) if len(text) <= LONGEST_REMEMBERED else _fold(text)


def words(text: str) -> list[str]:
    """The folded words of a text."""
    return fold(text).split()


class _Letters(dict[int, str]):
    """What becomes of each letter: looked up in one pass, where taking a text apart and going through its marks one by
    one was a fifth of an import. Those of Latin are remembered, so that nobody fills the memory with the others."""

    def __missing__(self, number: int) -> str:
        # Ð (U+00D0) is Icelandic, and is what old keyboards and fonts write for Đ.
        plain = unicodedata.normalize("NFD", chr(number).lower().replace("đ", "d").replace("ð", "d"))
        found = _APART.sub(" ", "".join(c for c in plain if not unicodedata.combining(c)))
        if number < END_OF_LATIN:
            self[number] = found
        return found


_LETTERS = _Letters()


def _fold(text: str) -> str:
    return " ".join(text.translate(_LETTERS).split())


_folded = lru_cache(maxsize=REMEMBERED)(_fold)
