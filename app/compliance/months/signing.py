"""The site's key that seals months (Ed25519): a file outside database and backup; the trail has its public half."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flask import current_app
from sqlalchemy import select

from app.core.errors import N_, Conflict, DomainError
from app.core.reasons import checked_reason
from app.core.seals import fingerprint
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.audit import transaction
from app.organisation.models import AuditEntry
from app.organisation.permissions import Capability, needs
from app.web import extensions
from app.web.extensions import db

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NAME = "seal_key"
"""Of the file in the instance folder, where no other place is set. A backup leaves it out."""


def path() -> Path:
    """Where the key is kept."""
    return current_app.config["SETTINGS"].seal_key or Path(current_app.instance_path) / NAME


def registered() -> str | None:
    """The public half (hexadecimal) of the site's key, as the trail knows it; None before there is one."""
    chosen = (
        select(AuditEntry.details)
        .where(AuditEntry.site == site(), AuditEntry.action == "make_seal_key")
        .order_by(AuditEntry.number.desc())
        .limit(1)
    )
    details = db.session.scalar(chosen)
    return str(details["public_key"]) if details else None


@needs(Capability.SEAL_MONTHS)
def signing_key(by: Actor) -> tuple[Ed25519PrivateKey, str]:
    """The site's key and its public half; made, and its public half written to the trail, where there is none yet.

    Raises DomainError where the file is gone, open to others, no key, or not the one that the trail knows.
    """
    with transaction():
        known = registered()
        if not path().exists():
            if known is not None:
                raise DomainError(
                    "Không thấy khóa niêm phong ở %(path)s: hãy đặt lại tệp khóa có vân tay %(known)s.",
                    path=path(),
                    known=fingerprint(known),
                )
            _make()
        key = _load()
        public = _public(key)
        if known is None:
            audit.record(by, "make_seal_key", "seal_key", fingerprint(public), public_key=public)
        elif public != known:
            raise DomainError(
                "Khóa ở %(path)s (vân tay %(found)s) không phải khóa niêm phong của cơ quan (vân tay %(known)s).",
                path=path(),
                found=fingerprint(public),
                known=fingerprint(known),
            )
    return key, public


@needs(Capability.SEAL_MONTHS)
def replace_key(by: Actor, reason: str) -> str:
    """Make another key, of which the trail says why; the file of the one before is kept beside it. Its public half.

    Seals made before go on being verified by the key of their time. Raises DomainError without a reason."""
    reason = checked_reason(reason, missing=N_("Hãy ghi lý do thay khóa niêm phong."))
    with transaction():
        known = registered()
        if path().exists():
            kept = path().with_name(f"{path().name}.{extensions.now():%Y%m%d%H%M%S}")
            if kept.exists():
                raise Conflict("Tệp %(path)s đã có; hãy làm lại sau giây lát.", path=kept)
            path().rename(kept)
        _make()
        public = _public(_load())
        more = {} if known is None else {"replaced": known}
        audit.record(by, "make_seal_key", "seal_key", fingerprint(public), public_key=public, reason=reason, **more)
    return public


def _make() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path().parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _load() -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if path().stat().st_mode & 0o077:
        raise DomainError("Tệp khóa niêm phong %(path)s để người khác đọc được: hãy đặt quyền 600.", path=path())
    try:
        key = load_pem_private_key(path().read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise DomainError("Tệp %(path)s không phải khóa niêm phong.", path=path()) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise DomainError("Tệp %(path)s không phải khóa niêm phong.", path=path())
    return key


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()
