"""Vietnamese text: folding for search and matching, and tidying of what arrives from outside."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_APART = re.compile(r"[^0-9a-z]+")


def tidy(text: str) -> str:
    """One Unicode form (NFC), single spaces, none at the ends. What is stored has passed here."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Lower case, no diacritics, single spaces: "Phòng LĐ – Việc làm" -> "phong ld viec lam"."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return _APART.sub(" ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


def words(text: str) -> list[str]:
    """The folded words of a text."""
    return fold(text).split()
