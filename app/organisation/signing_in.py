"""Signing in (đăng nhập): who somebody is, by password or by the province's OpenID Connect provider, then by a code."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from threading import BoundedSemaphore
from typing import Any

from flask import Flask, current_app
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError
from app.organisation import attempts, audit, passwords, queries, second_factor, sessions
from app.organisation.access import Actor, site
from app.organisation.models import Person, Role, SignInWay
from app.web import extensions
from app.web.extensions import db
from app.web.settings import Settings

# Signing in through the province's OpenID Connect provider: authorization code with PKCE, state and nonce (Authlib).
#
# The provider says who somebody is; whether they are somebody here is decided by an account that is there already,
# bound by its e-mail address or by the provider's subject. No account is ever made from what a provider says. Nothing
# leaves the machine before somebody follows the button; the provider's description is asked for once and kept by the
# process.

NAME = "province"
ANSWER_WITHIN = 5  # seconds that the provider is waited for
QUIET = 30  # seconds for which a provider that did not answer is not asked again: eight waiting people are a full house
ASKING = 2  # requests to the provider at once
_EXTENSION = "dung-han-openid"


class ProviderFailed(DomainError):
    """The provider did not answer, or its answer cannot be believed."""


class NotBound(DomainError):
    """The provider knows this person and the site does not."""

    def __init__(self, message: str, /, *, person: Person | None = None, **params: object) -> None:
        super().__init__(message, field=None, **params)
        self.person = person


@dataclass
class _Provider:
    """The site's provider as this process knows it."""

    client: Any
    settings: Settings
    asking: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(ASKING))
    silent_since: float | None = None


def is_offered() -> bool:
    """Whether the site has a provider."""
    return bool(current_app.config["SETTINGS"].openid_issuer)


def send_there(return_address: str) -> Answer:
    """The redirect to the provider, which sends the browser back to that address. Raises ProviderFailed."""
    provider = _provider()
    with _asking(provider):
        metadata = provider.client.load_server_metadata()
        if str(metadata.get("issuer", "")).rstrip("/") != provider.settings.openid_issuer.rstrip("/"):
            provider.client.server_metadata.pop("_loaded_at", None)
            raise ValueError("the issuer calls itself by another name")
        answer: Answer = provider.client.authorize_redirect(return_address)
        return answer


def claims_of_answer() -> Mapping[str, Any]:
    """What the ID token says, once everything about it is right. Raises ProviderFailed.

    Checked: state and code verifier (this browser asked), signature by the provider's keys, issuer, audience, nonce and
    times.
    """
    provider = _provider()
    with _asking(provider):
        issuer, client_id = provider.client.load_server_metadata()["issuer"], provider.settings.openid_client_id
        token = provider.client.authorize_access_token(
            claims_options={
                "iss": {"essential": True, "values": [issuer]},
                "aud": {"essential": True, "values": [client_id]},
            }
        )
        claims: Mapping[str, Any] = token["userinfo"]
        return claims


def person_of(claims: Mapping[str, Any]) -> Person:
    """The account that these claims are bound to. Raises NotBound."""
    if current_app.config["SETTINGS"].openid_claim == "sub":
        subject = str(claims.get("sub") or "")
        found = _people(Person.openid_subject == subject) if subject else []
        shown = subject
    else:
        shown = str(claims.get("email") or "").strip()
        if not shown:
            raise NotBound("Nơi cấp tài khoản không cho biết địa chỉ thư điện tử, nên không biết bạn là ai ở đây.")
        if claims.get("email_verified") is not True:
            raise NotBound("Nơi cấp tài khoản chưa xác minh địa chỉ thư điện tử %(email)s.", email=shown)
        found = _people(func.lower(Person.email) == shown.lower())
    active = [who for who in found if who.active]
    if len(active) != 1:
        raise NotBound(
            "Tài khoản %(account)s chưa gắn với người dùng nào ở đây. Hãy đề nghị quản trị viên của cơ quan gắn giúp.",
            person=found[0] if len(found) == 1 else None,
            account=shown[:200],
        )
    return active[0]


def _people(condition: Any) -> list[Person]:
    return list(db.session.scalars(select(Person).where(Person.site == site(), condition).limit(3)))


@contextmanager
def _asking(provider: _Provider) -> Iterator[None]:
    """What goes wrong with the provider is one of two sentences; one that is silent is left alone for a while."""
    from authlib.integrations.base_client import OAuthError
    from joserfc.errors import JoseError
    from requests import RequestException

    down = ProviderFailed("Không liên lạc được với nơi cấp tài khoản của tỉnh. Hãy thử lại sau ít phút.")
    if provider.silent_since is not None and time.monotonic() - provider.silent_since < QUIET:
        raise down
    if not provider.asking.acquire(blocking=False):
        raise down
    try:
        yield
        provider.silent_since = None
    except RequestException as error:
        current_app.logger.warning("OpenID provider: %s", type(error).__name__)
        provider.silent_since = time.monotonic()
        raise down from error
    except (OAuthError, JoseError, KeyError, ValueError, TypeError, RuntimeError) as error:
        current_app.logger.warning("OpenID provider: %s: %s", type(error).__name__, str(error)[:200])
        raise ProviderFailed(
            "Nơi cấp tài khoản của tỉnh không xác nhận được lần đăng nhập này. Hãy đăng nhập lại từ đầu."
        ) from error
    finally:
        provider.asking.release()


def _provider() -> _Provider:
    settings: Settings = current_app.config["SETTINGS"]
    known = current_app.extensions.get(_EXTENSION)
    if not isinstance(known, _Provider) or known.settings is not settings:
        known = _Provider(_client(current_app._get_current_object(), settings), settings)  # type: ignore[attr-defined]
        current_app.extensions[_EXTENSION] = known
    return known


def _client(app: Flask, settings: Settings) -> Any:
    from authlib.integrations.flask_client import OAuth  # takes over a second: not before somebody follows the button

    return OAuth(app).register(
        NAME,
        client_id=settings.openid_client_id,
        client_secret=settings.openid_client_secret,
        server_metadata_url=settings.openid_issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": ANSWER_WITHIN,
        },
    )


# Signing in (đăng nhập): who somebody is, first by password or by the province's provider, then by a code.
#
# identify, or openid.person_of -> enter -> (awaits a code: second_factor.check -> complete) -> a session

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
