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
        passwords.refuse_weak(weak, ["truongphong"])


def test_a_sentence_is_a_good_password() -> None:
    passwords.refuse_weak("cà phê sữa đá buổi sáng", ["truongphong"])


NGUYEN_THI_LAN = [
    *("Nguyễn Thị Lan", "lan.nt", "Phòng Lao động – Việc làm", "LDVL", "0905123456"),
    *("Sở Lao động – Thương binh và Xã hội", "SO-LDTBXH", "Khánh Hòa"),
]
COMMON, ROWS, OWN = "danh sách mật khẩu thường gặp", "ký tự lặp lại", "của chính người dùng"


@pytest.mark.parametrize(
    ("weak", "why"),
    [
        ("1234567890", COMMON),
        ("matkhau123", COMMON),
        ("Matkhau@123", COMMON),
        ("Mật khẩu 2024", COMMON),
        ("Password123", COMMON),
        ("P@ssw0rd2024", COMMON),
        ("anhyeuem2024", COMMON),
        ("qwertyuiop", COMMON),
        ("aaaaaaabcd", ROWS),
        ("01/01/1990abc", ROWS),
        ("Nguyễn Thị Lan", OWN),
        ("nguyenthilan1990", OWN),
        ("nalihtneyugn", OWN),
        ("LanNguyenThi2024", OWN),
        ("lan.nt2024!", OWN),
        ("0905123456", OWN),
        ("6543215090", OWN),
        ("PhongLaoDong2024", OWN),
        ("so-ldtbxh 2024", OWN),
        ("khanhhoa2024", OWN),
    ],
)
def test_what_others_guess_is_refused_with_its_sentence(weak: str, why: str) -> None:
    with pytest.raises(WeakPassword, match=why) as refused:
        passwords.refuse_weak(weak, NGUYEN_THI_LAN)
    assert refused.value.field == "password"


@pytest.mark.parametrize("good", ["cà phê sữa đá", "dunghan-demo-2024", "xanh cây nhà lá vườn", "hà nội mùa thu"])
def test_a_few_words_together_are_not_refused(good: str) -> None:
    passwords.refuse_weak(good, NGUYEN_THI_LAN)


def test_what_is_one_persons_own_is_not_held_against_the_next() -> None:
    """The library keeps the words it is given in a table that its callers share."""
    with pytest.raises(WeakPassword):
        passwords.refuse_weak("thuongdinhkhe88", ["Thường Đình Khê"])
    passwords.refuse_weak("thuongdinhkhe88", [])


def test_without_a_hash_a_check_takes_as_long_and_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    monkeypatch.setattr(passwords, "matches", lambda stored, typed: bool(checked.append(stored)) or True)
    assert not passwords.matches_or_takes_as_long(None, "nobody has this password")
    assert not passwords.matches_or_takes_as_long("!", "nobody has this password")
    assert all(stored.startswith("$argon2id$") for stored in checked)
    assert len(checked) == 2


def test_a_hash_made_with_other_parameters_asks_to_be_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = passwords.hash_password("cà phê sữa đá")
    assert not passwords.needs_rehash(stored)
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert passwords.needs_rehash(stored)
