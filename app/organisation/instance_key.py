"""What is done with the instance's secret key, which is in no database and no backup: sealing, and keyed hashes.

A key of its own is derived for every purpose, so that none of them tells anything of another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from flask import current_app


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
