"""The pages of the plans' room, a module each part."""

from __future__ import annotations

from flask import Blueprint

from app.plans.parts import gathered

bp = Blueprint("plans", __name__)

gathered("task_views", "task_load_views", "duty_views", "score_views")  # they need `bp`
