"""Pages of the publications room, a module each: publications, checks of the catalogue, reviews of procedures.

Heads see and record their own units' work; the head of the Office, inspectors and administrators everybody's.
"""

from flask import Blueprint

from app.organisation.access import Scope, can, current_scope, whole_site
from app.organisation.permissions import Capability

bp = Blueprint("publications", __name__)


def scope() -> Scope:
    """What the person may see and record here: the Office puts together what all units do."""
    return whole_site() if can(Capability.OVERSEE_PUBLICATIONS) else current_scope()
