"""The pages of the organisation room, a module each: account, units, people, calendar, audit trail."""

from flask import Blueprint

bp = Blueprint("organisation", __name__)

from app.organisation.views import account, audit, calendar, clock, people, units  # noqa: E402, F401  they need `bp`
