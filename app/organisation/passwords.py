"""Passwords (mật khẩu): hashing with argon2id, checking, and what is too weak to be one. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import DomainError
from app.core.text import fold
from app.web.processes import Few

SHORTEST, LONGEST = 10, 200
MEASURED = 64  # characters that are looked at for weakness: a weak beginning of that length is long enough
GUESSES = 10**8  # zxcvbn's own bound between what a stolen hash gives away in minutes and what it keeps for months

hasher = PasswordHasher()
"""argon2id with the library's own parameters; tests put a cheaper one here."""

_few = Few(2)  # a check takes 64 MiB: eight at once would be half of what the whole site may take

_MEASURING = Lock()  # zxcvbn keeps the words it is given in a table that all its callers share

# Zxcvbn's lists come from English and from what leaked over the world, where a few of these stand far down.
VIETNAMESE = (
    *("matkhau", "matkhaumoi", "khongbiet", "khongco", "quenmatkhau", "dangnhap", "taikhoan", "quantri", "quantrivien"),
    *("thanhtra", "motcua", "canbo", "truongphong", "phogiamdoc", "giamdoc", "chuyenvien", "vanphong", "nhanvien"),
    *("anhyeuem", "emyeuanh", "yeuemnhieu", "yeuanh", "yeuem", "iloveyou", "gaiadep", "conyeu", "giadinh", "bome"),
    *("vietnam", "vietnamvodich", "hanoi", "saigon", "hochiminh", "danang", "haiphong", "cantho", "khanhhoa"),
    *("nhatrang", "hue", "xinchao", "xinloi", "camon", "toiyeuvietnam", "congtu", "congchua", "hoahong", "hoasen"),
    *("sotaichinh", "solaodong", "sonoivu", "soyte", "ubnd", "tinhuy", "dichvucong", "dunghan", "hoso"),
)


class WeakPassword(DomainError):
    """The password is too easy to guess."""


def hash_password(password: str) -> str:
    """The hash to store. Raises nothing: what is weak is refused by `refuse_weak`, where people choose."""
    with _few():
        return hasher.hash(_same_form(password))


def matches(password_hash: str, password: str) -> bool:
    """Whether the password is the one of the hash. A hash that cannot be read matches nothing."""
    try:
        with _few():
            return hasher.verify(password_hash, _same_form(password[:LONGEST]))
    except (VerificationError, InvalidHashError):
        return False


def matches_or_takes_as_long(password_hash: str | None, password: str) -> bool:
    """As `matches`; without a hash that can be checked it takes as long, so that the clock tells nobody who exists."""
    usable = password_hash is not None and password_hash.startswith("$argon2id$")
    return matches(password_hash if usable and password_hash else _hash_of_nobody(hasher), password) and usable


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return hasher.check_needs_rehash(password_hash)


def refuse_weak(password: str, own: Iterable[str] = ()) -> None:
    """Raises WeakPassword: too short or long, common, made of rows and repetitions, or of words of its owner's own
    (`own`: names, username, unit, site, telephone), also without diacritics, turned round, or with digits after them.
    """
    plain = _same_form(password)
    if len(plain) < SHORTEST:
        raise WeakPassword("Mật khẩu phải có ít nhất %(shortest)s ký tự.", field="password", shortest=SHORTEST)
    if len(plain) > LONGEST:
        raise WeakPassword("Mật khẩu không được dài quá %(longest)s ký tự.", field="password", longest=LONGEST)
    mine = _words_of(own)
    for written in dict.fromkeys((plain, _together(plain))):
        _refuse_guessable(written[:MEASURED], mine)


def _refuse_guessable(written: str, mine: list[str]) -> None:
    from zxcvbn import zxcvbn

    with _MEASURING:
        found = zxcvbn(written, user_inputs=[*mine, *VIETNAMESE], max_length=MEASURED)
    if found["guesses"] >= GUESSES:
        return
    parts = found["sequence"]
    words = [part for part in parts if part["pattern"] == "dictionary"]
    if any(part["dictionary_name"] == "user_inputs" and part["matched_word"] in mine for part in words):
        raise WeakPassword(
            "Mật khẩu dựa vào họ tên, tên đăng nhập, đơn vị hoặc số điện thoại của chính người dùng, rất dễ đoán. "
            "Hãy chọn mật khẩu khác.",
            field="password",
        )
    if words:
        raise WeakPassword(
            "Mật khẩu này, hoặc phần chính của nó, nằm trong danh sách mật khẩu thường gặp. "
            "Hãy ghép vài từ không liên quan đến nhau.",
            field="password",
        )
    if any(part["pattern"] in ("repeat", "sequence", "spatial", "date") for part in parts):
        raise WeakPassword(
            "Mật khẩu gồm ký tự lặp lại, dãy liền nhau hoặc ngày tháng, rất dễ đoán. Hãy chọn mật khẩu khác.",
            field="password",
        )
    raise WeakPassword("Mật khẩu này quá dễ đoán. Hãy chọn mật khẩu khác.", field="password")


def _words_of(own: Iterable[str]) -> list[str]:
    """The words somebody would make a password of: each text, any of its words that follow each other as one, and the
    whole of it beginning with the last (Lan Nguyễn Thị)."""
    words: dict[str, None] = {}
    for text in own:
        parts = fold(text).split()[:12]
        runs = ("".join(parts[first:last]) for first in range(len(parts)) for last in range(len(parts), first, -1))
        for word in (*runs, "".join(reversed(parts)), "".join([*parts[-1:], *parts[:-1]])):
            if len(word) >= 3:
                words.setdefault(word[:MEASURED])
    return list(words)


def _together(text: str) -> str:
    """Without diacritics, spaces and marks, as on another keyboard: "Mật khẩu 123" -> "matkhau123"."""
    return fold(text).replace(" ", "")


@cache
def _hash_of_nobody(with_hasher: PasswordHasher) -> str:
    return with_hasher.hash("nobody has this password")


def _same_form(password: str) -> str:
    """Vietnamese keyboards send "ế" in several Unicode forms; all of them are the same password."""
    return unicodedata.normalize("NFKC", password)
