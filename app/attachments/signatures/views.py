"""The administrator's page of the certificates that this site trusts."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.attachments.signatures.again import counts
from app.attachments.signatures.looking import folder
from app.attachments.signatures.roots import trusted
from app.organisation.access import allowed, site
from app.organisation.permissions import Capability
from app.web import extensions

bp = Blueprint("signatures", __name__)


@bp.get("/chu-ky-so", endpoint="roots")
@allowed(Capability.KEEP_SITE)
def roots() -> str:
    """The certificates and lists in the folder, what is wrong with each, and what files wait to be looked into."""
    return render_template(
        "attachments/roots.html", folder=folder(), seen=trusted(folder(), extensions.now()), counts=counts(site())
    )
