"""Pages where records and judgement meet, a module each subject."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("reporting", __name__)
