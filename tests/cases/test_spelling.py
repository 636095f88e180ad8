"""What a mistyped word may stand for."""

from __future__ import annotations

import pytest

from app.cases.spelling import meant, near, without_telex


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
