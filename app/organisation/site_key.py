"""A key of the site's own, kept in its database and so in its backups: for what is printed on paper and must hold when
the site has moved to another machine, whose instance key is another one.

Made at random when first asked for. Whoever can read the database can read it: nothing is protected by it from them.
"""

from __future__ import annotations

import secrets

from sqlalchemy import select

from app.organisation import audit
from app.organisation.models import SiteKey
from app.web.extensions import db


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
