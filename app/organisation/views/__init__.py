"""The pages of the organisation room, a module each: account, signing in, units, people, calendar, audit trail."""

from flask import Blueprint

bp = Blueprint("organisation", __name__)

from app.organisation.views import (  # noqa: E402, F401  they need `bp`
    account,
    audit,
    calendar,
    clock,
    people,
    provider,
    second_factor,
    sessions,
    units,
)
