"""Signing in through the province's OpenID Connect provider: authorization code with PKCE, state and nonce (Authlib).

The provider says who somebody is; whether they are somebody here is decided by an account that is there already, bound
by its e-mail address or by the provider's subject. No account is ever made from what a provider says. Nothing leaves
the machine before somebody follows the button; the provider's description is asked for once and kept by the process.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any

from flask import Flask, current_app
from sqlalchemy import func, select
from werkzeug.wrappers import Response as Answer

from app.core.errors import DomainError
from app.organisation.access import site
from app.organisation.models import Person
from app.web.extensions import db
from app.web.settings import Settings

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
