"""What a mistyped word may stand for."""

from __future__ import annotations

import sys

import pytest

from app.cases import search
from app.cases.search import LONGEST, meant, near, without_telex
from app.core import text


@pytest.mark.parametrize("typed", ["nguyne", "nguye", "nguyeen", "nguyem", "ngueyn", "nguyeenx", "nguyenf"])
def test_one_slip_is_understood(typed: str) -> None:
    assert "nguyen" in meant(typed)


@pytest.mark.parametrize("typed", ["an", "12345", "a1b2"])
def test_short_words_and_numbers_mean_themselves(typed: str) -> None:
    assert meant(typed) == frozenset()


def test_two_slips_are_another_word() -> None:
    assert "nguyen" not in meant("ngxyem")


def test_a_word_does_not_stand_for_itself() -> None:
    assert "nguyen" not in meant("nguyen")
    assert near("nguyne", ["nguyen"])
    assert not near("tran", ["nguyen"])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ddawng", "dang"),
        ("dduowngf", "duong"),
        ("thuys", "thuy"),
        ("vawn", "van"),
        ("traanf", "tran"),
        ("ddoong", "dong"),
    ],
)
def test_telex_is_read_with_the_keyboard_off(typed: str, said: str) -> None:
    assert said in without_telex(typed)


@pytest.mark.parametrize("typed", ["tran", "minh", "lan"])
def test_plain_letters_are_no_telex(typed: str) -> None:
    assert without_telex(typed) == set()


@pytest.mark.parametrize("letters", [LONGEST + 1, 2_000, 100_000])
def test_what_is_too_long_for_a_word_stands_for_nothing_and_is_not_remembered(letters: int) -> None:
    before = search._meant.cache_info()
    assert meant("b" * letters) == frozenset() and not near("e" * letters, ["nguyen"])
    assert search._meant.cache_info() == before, "not even looked at"


def test_the_words_remembered_are_few_and_short() -> None:
    longest = [f"{number:0{LONGEST}}".translate(str.maketrans("0123456789", "abcdeghikl")) for number in range(300)]
    variants = [meant(word) for word in longest]
    assert max(map(len, variants)) <= 53 * LONGEST + 25
    assert search._meant.cache_info().currsize <= search.REMEMBERED
    one = max(sys.getsizeof(found) + sum(map(sys.getsizeof, found)) for found in variants)
    assert one * search.REMEMBERED < 16_000_000


def test_foldings_remembered_are_short_and_a_long_text_is_folded_all_the_same() -> None:
    long = "Đường Đ " * 20_000
    before = text._folded.cache_info()
    assert text.fold(long) == ("duong d " * 20_000).strip()
    assert text._folded.cache_info() == before
    name = "ệ" * text.LONGEST_REMEMBERED
    assert text.fold(name) == "e" * text.LONGEST_REMEMBERED
    assert (sys.getsizeof(name) + sys.getsizeof(text.fold(name)) + 150) * text.REMEMBERED < 20_000_000
