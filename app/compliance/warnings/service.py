"""Early warning: the running month, judged so far. It asks nobody to answer, and counts against nobody."""

from __future__ import annotations

from app.compliance.runs.service import CheckReport, Progress, run_check
from app.compliance.warnings.queries import running_month
from app.organisation.access import Actor
from app.organisation.permissions import Capability, needs


@needs(Capability.RUN_CHECKS)
def warn(by: Actor, progress: Progress = lambda done, total, doing: None) -> CheckReport:
    """Make the provisional check of the running month: every pack and unit, by what is recorded until now."""
    return run_check(by, running_month(), progress=progress)
