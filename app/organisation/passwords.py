"""Passwords (mật khẩu): hashing with argon2id, checking, and what is too weak to be one. Pure."""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import DomainError

SHORTEST, LONGEST = 10, 200

hasher = PasswordHasher()
"""argon2id with the library's own parameters; tests put a cheaper one here."""


class WeakPassword(DomainError):
    """The password is too easy to guess."""


def hash_password(password: str) -> str:
    """The hash to store. Raises nothing: what is weak is refused by `refuse_weak`, where people choose."""
    return hasher.hash(_same_form(password))


def matches(password_hash: str, password: str) -> bool:
    """Whether the password is the one of the hash. A hash that cannot be read matches nothing."""
    try:
        return hasher.verify(password_hash, _same_form(password[:LONGEST]))
    except (VerificationError, InvalidHashError):
        return False


def waste_the_time_of_a_check(password: str) -> None:
    """Take as long as `matches` does, so that the clock does not tell which usernames exist."""
    matches(_hash_of_nobody(hasher), password)


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return hasher.check_needs_rehash(password_hash)


def refuse_weak(password: str, username: str = "") -> None:
    """Raises WeakPassword: fewer than 10 characters, more than 200, one character repeated, or the username."""
    plain = _same_form(password)
    if len(plain) < SHORTEST:
        raise WeakPassword("Mật khẩu phải có ít nhất %(shortest)s ký tự.", field="password", shortest=SHORTEST)
    if len(plain) > LONGEST:
        raise WeakPassword("Mật khẩu không được dài quá %(longest)s ký tự.", field="password", longest=LONGEST)
    if len(set(plain)) < 3 or (username and username.lower() in plain.lower() and len(plain) < 2 * len(username)):
        raise WeakPassword("Mật khẩu này quá dễ đoán. Hãy chọn mật khẩu khác.", field="password")


@cache
def _hash_of_nobody(with_hasher: PasswordHasher) -> str:
    return with_hasher.hash("nobody has this password")


def _same_form(password: str) -> str:
    """Vietnamese keyboards send "ế" in several Unicode forms; all of them are the same password."""
    return unicodedata.normalize("NFKC", password)
