"""Passwords: what matches, what is too weak, what is hashed again."""

import unicodedata

import pytest
from argon2 import PasswordHasher

from app.organisation import passwords
from app.organisation.passwords import WeakPassword


def test_a_password_matches_its_hash_and_no_other() -> None:
    stored = passwords.hash_password("Hồ sơ đúng hạn")
    assert passwords.matches(stored, "Hồ sơ đúng hạn")
    assert not passwords.matches(stored, "Hồ sơ đúng hẹn")


def test_the_same_password_matches_however_the_keyboard_composes_it() -> None:
    stored = passwords.hash_password(unicodedata.normalize("NFC", "Hồ sơ đúng hạn"))
    assert passwords.matches(stored, unicodedata.normalize("NFD", "Hồ sơ đúng hạn"))


@pytest.mark.parametrize("stored", ["", "!", "$argon2id$broken"])
def test_nothing_matches_a_hash_that_cannot_be_read(stored: str) -> None:
    assert not passwords.matches(stored, "")
    assert not passwords.matches(stored, "anything at all")


@pytest.mark.parametrize("weak", ["", "ngắn quá", "aaaaaaaaaaaa", "truongphong1", "x" * 201])
def test_a_weak_password_is_refused(weak: str) -> None:
    with pytest.raises(WeakPassword):
        passwords.refuse_weak(weak, "truongphong")


def test_a_sentence_is_a_good_password() -> None:
    passwords.refuse_weak("cà phê sữa đá buổi sáng", "truongphong")


def test_a_hash_made_with_other_parameters_asks_to_be_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = passwords.hash_password("cà phê sữa đá")
    assert not passwords.needs_rehash(stored)
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert passwords.needs_rehash(stored)
