"""The pages of the organisation room, a module each: account, signing in, units, people, calendar, audit trail."""

from flask import Blueprint

bp = Blueprint("organisation", __name__)
