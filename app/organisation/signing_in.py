"""Signing in (đăng nhập): who somebody is, first by password or by the province's provider, then by a code.

identify, or openid.person_of -> enter -> (awaits a code: second_factor.check -> complete) -> a session
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from threading import BoundedSemaphore

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from app.core.errors import DomainError
from app.organisation import attempts, audit, passwords, queries, second_factor, sessions
from app.organisation.access import Actor
from app.organisation.models import Person, Role, SignInWay
from app.web import extensions

UNKNOWN = "(không rõ)"
LONGEST_NAME = 64


class SignInRefusal(StrEnum):
    """Why somebody was not let in: for the audit trail, never for whoever asks."""

    UNKNOWN = "unknown"
    PASSWORD = "password"  # noqa: S105  a word, no password
    INACTIVE = "inactive"
    CODE = "code"
    LOCAL = "local"  # by password, where the site lets administrators alone do that
    UNBOUND = "unbound"  # the provider knows them, the site does not


class SignInRefused(DomainError):
    """The same sentence whatever was wrong, so that nobody learns which usernames exist."""


class SignInBusy(DomainError):
    """Too many are at the door at once."""


# Checking a password takes 64 MiB and a core. A flood of strangers takes a few of the server's threads and no more, so
# that the pages of those who are in still answer; who has signed in from the same address before is not turned away.
_DOOR = BoundedSemaphore(4)


@contextmanager
def _at_the_door(known: bool) -> Iterator[None]:
    if known:
        yield
        return
    if not _DOOR.acquire(blocking=False):
        raise SignInBusy("Đang có quá nhiều người đăng nhập cùng lúc. Hãy thử lại sau vài giây.")
    try:
        yield
    finally:
        _DOOR.release()


def identify(username: str, password: str, *, address: str) -> Person:
    """Whose username and password these are. Raises SignInRefused, SignInBusy and TooManyFailures.

    Refused attempts are in the audit trail too (those that were not looked at are not); with the username only if it is
    somebody's, because people type their password into the wrong field.
    """
    name = username.strip().lower()[:LONGEST_NAME]
    who = queries.person_by_username(name)
    known = who is not None and attempts.is_known(who.id, address)
    counts = attempts.counts_of(name, address, known=known)
    with _at_the_door(known):
        attempts.take_turn(counts)
        right = passwords.matches_or_takes_as_long(who.password_hash if who else None, password)
    if who is None:
        _refuse(None, address, SignInRefusal.UNKNOWN, counts)
    elif not right:
        _refuse(who, address, SignInRefusal.PASSWORD, counts)
    elif not who.active:
        _refuse(who, address, SignInRefusal.INACTIVE, counts)
    else:
        with audit.transaction():
            attempts.release_counts(counts)
            if passwords.needs_rehash(who.password_hash):
                who.password_hash = passwords.hash_password(password)
        if current_app.config["SETTINGS"].local_sign_in == "administrators" and who.role is not Role.ADMIN:
            _refuse(who, address, SignInRefusal.LOCAL)
            raise SignInRefused("Cơ quan đã tắt đăng nhập bằng mật khẩu. Hãy đăng nhập bằng tài khoản của tỉnh.")
        return who
    raise SignInRefused("Tên đăng nhập hoặc mật khẩu không đúng.")


@dataclass(frozen=True, slots=True)
class Entered:
    """A session's token, and whether it opens nothing until a code is entered."""

    token: str
    awaits_code: bool


def enter(who: Person, way: SignInWay, *, address: str, device: str) -> Entered:
    """Begin a session for somebody who has shown who they are; a person with a second factor has yet to use it."""
    if second_factor.is_asked_of(who.id):
        with audit.transaction():
            return Entered(sessions.begin(who, way, address=address, device=device, awaits_code=True), True)
    with audit.transaction():
        return Entered(_let_in(who, way, address, device), False)


def complete(token: str, code: str, *, address: str, device: str) -> Entered:
    """The second factor of a session that awaits it: a code of the authenticator, or a recovery code.

    The session goes on under a new token. Raises SignInRefused (wrong, or the time for it is over), TooManyFailures.
    """
    waiting = sessions.awaiting_code(token)
    if waiting is None:
        raise SignInRefused("Đã quá thời gian nhập mã. Hãy đăng nhập lại từ đầu.")
    who = waiting.person
    counts = attempts.counts_of(who.username, address, known=attempts.is_known(who.id, address), asked="code")
    attempts.take_turn(counts)
    way = waiting.session.way
    right = False
    try:
        with audit.transaction():
            if right := second_factor.accept(who, code):
                attempts.release_counts(counts)
                sessions.drop(token)
                return Entered(_let_in(who, way, address, device), False)
    except SQLAlchemyError:
        if right:  # what broke was not theirs: neither the code nor the turn is used up
            with suppress(SQLAlchemyError), audit.transaction():
                attempts.release_counts(counts)
        raise
    _refuse(who, address, SignInRefusal.CODE, counts)
    raise SignInRefused("Mã không đúng hoặc đã dùng. Hãy nhập mã đang hiện trên ứng dụng.", field="code")


def _let_in(who: Person, way: SignInWay, address: str, device: str) -> str:
    attempts.remember(who, address)
    who.last_signed_in_at = extensions.now()
    more = {"way": way} if way is not SignInWay.PASSWORD else {}
    audit.record(_as(who), "sign_in", "person", who.username, address=address, **more)
    return sessions.begin(who, way, address=address, device=device)


def refuse_unbound(who: Person | None, address: str) -> None:
    """Note that the provider sent somebody whom the site does not let in."""
    _refuse(who, address, SignInRefusal.UNBOUND)


def _refuse(
    who: Person | None, address: str, why: SignInRefusal, counts: tuple[attempts.AttemptCount, ...] = ()
) -> None:
    by = Actor.of(who) if who else Actor(UNKNOWN)
    with audit.transaction():
        attempts.failed(counts)
        audit.record(by, "refuse_sign_in", "person", who.username if who else UNKNOWN, address=address, why=why)


def sign_out(who: Person, *, address: str) -> None:
    """End the session at hand: its token opens nothing from now on."""
    with audit.transaction():
        sessions.drop(who.session_token)
        audit.record(_as(who), "sign_out", "person", who.username, address=address)


def _as(who: Person) -> Actor:
    return Actor.of(who)
