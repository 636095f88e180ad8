"""The site makes its early warning by itself each night."""

from __future__ import annotations

from datetime import time, timedelta

from app.compliance.warnings.service import warn
from app.organisation.schedule import BY_ITSELF, Routine, add_routine


def _warn() -> None:
    warn(BY_ITSELF)


add_routine(Routine("warn", (time(2, 30),), _warn, lease=timedelta(hours=2)))
