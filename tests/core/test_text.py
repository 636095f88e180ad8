"""Folding: the same as taking every letter apart, in one pass."""

from __future__ import annotations

import re
import sys
import unicodedata
from random import Random

import pytest

from app.core import text
from app.core.text import fold


def apart(said: str) -> str:
    """As the docstring of `fold` says it, letter by letter."""
    plain = unicodedata.normalize("NFD", said.lower().replace("đ", "d").replace("ð", "d"))
    return re.sub("[^0-9a-z]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


@pytest.mark.parametrize(
    ("said", "folded"),
    [
        ("Phòng LĐ – Việc làm", "phong ld viec lam"),
        ("  Ðỗ\u00a0Thị\tThử ", "do thi thu"),
        (unicodedata.normalize("NFD", "Nguyễn Quỳnh Như"), "nguyen quynh nhu"),
        ("H32.12-240603-0001", "h32 12 240603 0001"),
        ("Ａ１ ﬁ Σ 가 王", ""),
        ("–\u0302–", ""),
    ],
)
def test_vietnamese_is_folded(said: str, folded: str) -> None:
    assert fold(said) == apart(said) == folded


def test_every_letter_folds_as_when_it_is_taken_apart() -> None:
    every = [chr(number) for number in range(0x3000)]
    assert [fold(f"a{letter}b") for letter in every] == [apart(f"a{letter}b") for letter in every]
    chance = Random(7)
    letters = [*"aẾ-. ĐÐđΣİ²", "\u0302", "\u0323", "\u1100", "\ud800"]
    for _time in range(500):
        mixed = "".join(
            chance.choice(letters) if chance.random() < 0.8 else chr(chance.randrange(sys.maxunicode))
            for _place in range(90)
        )
        assert fold(mixed) == apart(mixed), ascii(mixed)


def test_letters_of_other_scripts_fill_no_memory() -> None:
    fold("".join(map(chr, range(0x4E00, 0x9FFF))))
    assert max(text._LETTERS) < text.END_OF_LATIN
