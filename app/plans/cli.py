"""`flask plans`: tasks, duties and score tables on the command line. A part adds its commands to `plans`."""

from __future__ import annotations

from flask.cli import AppGroup

plans = AppGroup("plans", help="Nhiệm vụ, nghĩa vụ định kỳ và bảng chấm điểm của các kế hoạch.")
