"""`flask plans`: tasks, duties and score tables on the command line. A part adds its commands to `plans`."""

from __future__ import annotations

from flask import Flask
from flask.cli import AppGroup

from app.plans.parts import gathered

plans = AppGroup("plans", help="Nhiệm vụ, nghĩa vụ định kỳ và bảng chấm điểm của các kế hoạch.")


def register(app: Flask) -> None:
    """Add the commands of every part."""
    gathered("task_cli", "duties.cli", "scores.cli")
    app.cli.add_command(plans)
