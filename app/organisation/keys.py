"""Keys of a site: the instance's, which is in no database and no backup, and one of its own, kept in its database and
so in its backups."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from flask import current_app
from sqlalchemy import select

from app.organisation import audit
from app.organisation.models import SiteKey
from app.web.extensions import db

# What is done with the instance's secret key, which is in no database and no backup: sealing, and keyed hashes.
#
# A key of its own is derived for every purpose, so that none of them tells anything of another.


def fingerprint(purpose: str, text: str) -> str:
    """A keyed hash (64 hexadecimal digits): the same text gives the same one; without the key it says nothing."""
    return hmac.new(_key(purpose), text.encode(), hashlib.sha256).hexdigest()


def seal(purpose: str, text: str) -> str:
    """The text encrypted and authenticated (Fernet: AES-128-CBC with HMAC-SHA256)."""
    from cryptography.fernet import Fernet

    return Fernet(base64.urlsafe_b64encode(_key(purpose))).encrypt(text.encode()).decode()


def unseal(purpose: str, sealed: str) -> str | None:
    """What was sealed; None when it was sealed with another key, or changed since."""
    from cryptography.fernet import Fernet, InvalidToken

    try:
        return Fernet(base64.urlsafe_b64encode(_key(purpose))).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _key(purpose: str) -> bytes:
    return hmac.new(str(current_app.config["SECRET_KEY"]).encode(), f"dung-han {purpose}".encode(), "sha256").digest()


# A key of the site's own, kept in its database and so in its backups: for what is printed on paper and must hold when
# the site has moved to another machine, whose instance key is another one.
#
# Made at random when first asked for. Whoever can read the database can read it: nothing is protected by it from
# them.


def site_key(site: str, purpose: str) -> bytes:
    """The site's key for a purpose, 32 bytes. None but the first call writes anything."""
    known = select(SiteKey.key).where(SiteKey.site == site, SiteKey.purpose == purpose)
    kept = db.session.scalar(known)
    if kept is None:
        with audit.transaction():
            audit.one_at_a_time(f"site key {purpose}")
            kept = db.session.scalar(known)
            if kept is None:
                kept = secrets.token_hex(32)
                db.session.add(SiteKey(site=site, purpose=purpose, key=kept))
    return bytes.fromhex(kept)
