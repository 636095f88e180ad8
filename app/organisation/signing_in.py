"""Signing in (đăng nhập): who somebody is, from username and password or from their session."""

from __future__ import annotations

from enum import StrEnum

from app import extensions
from app.errors import DomainError
from app.organisation import audit, passwords, queries
from app.organisation.access import Actor, site
from app.organisation.models import Person

UNKNOWN = "(không rõ)"


class Refusal(StrEnum):
    """Why somebody was not let in: for the audit trail, never for whoever asks."""

    UNKNOWN = "unknown"
    PASSWORD = "password"  # noqa: S105  a word, no password
    INACTIVE = "inactive"


class SignInRefused(DomainError):
    """The same sentence whatever was wrong, so that nobody learns which usernames exist."""


def sign_in(username: str, password: str, *, address: str) -> Person:
    """The person who signs in, from a network address. Raises SignInRefused.

    Refused attempts are in the audit trail too; with the username only if it is somebody's, because people
    type their password into the wrong field.
    """
    who = queries.person_by_username(username)
    if who is None:
        passwords.waste_the_time_of_a_check(password)
        _refuse(None, address, Refusal.UNKNOWN)
    elif not passwords.matches(who.password_hash, password):
        _refuse(who, address, Refusal.PASSWORD)
    elif not who.active:
        _refuse(who, address, Refusal.INACTIVE)
    else:
        with audit.transaction():
            if passwords.needs_rehash(who.password_hash):
                who.password_hash = passwords.hash_password(password)
            who.last_signed_in_at = extensions.now()
            audit.record(Actor(who.full_name, who.id, who.unit_id), "sign_in", "person", who.username, address=address)
        return who
    raise SignInRefused("Tên đăng nhập hoặc mật khẩu không đúng.")


def _refuse(who: Person | None, address: str, why: Refusal) -> None:
    by = Actor(who.full_name if who else UNKNOWN, who.id if who else None)
    with audit.transaction():
        audit.record(by, "refuse_sign_in", "person", who.username if who else UNKNOWN, address=address, why=why)


def sign_out(who: Person, *, address: str) -> None:
    """Note in the audit trail that somebody signed out."""
    with audit.transaction():
        audit.record(Actor(who.full_name, who.id, who.unit_id), "sign_out", "person", who.username, address=address)


def person_of_session(identity: str) -> Person | None:
    """The person of a session's identity `id.stamp`: None after a change of password or a deactivation."""
    number, _, stamp = identity.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    who = queries.person(int(number))
    return who if who and who.site == site() and who.active and str(who.session_stamp) == stamp else None
