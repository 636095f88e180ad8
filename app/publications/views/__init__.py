"""Pages of the publications room, a module each: publications, checks of the catalogue, reviews of procedures.

Heads see and record their own units' work; the head of the Office, inspectors and administrators everybody's.
"""

from flask import Blueprint

from app.organisation.access import Scope, current_scope, person
from app.organisation.models import Role, UnitKind

READERS = (Role.HEAD, Role.INSPECTOR, Role.ADMIN)

bp = Blueprint("publications", __name__)


def scope() -> Scope:
    """What the person may see and record here: the Office puts together what all units do."""
    who = person()
    of_office = who.role is Role.HEAD and who.unit.kind is UnitKind.OFFICE and not who.unit.is_desk
    return Scope(who.site) if of_office else current_scope()
