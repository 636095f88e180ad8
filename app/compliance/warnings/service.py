"""Early warning: the running month, judged so far, by the site itself each night too. It asks nobody to answer, and
counts against nobody. And as data: what `flask check warn` prints."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from flask_babel import gettext as _

from app.compliance.adoption import repository
from app.compliance.explaining import target_shown
from app.compliance.models import CheckRun
from app.compliance.queries import ResultRow
from app.compliance.runs.output import result_row
from app.compliance.runs.service import CheckReport, Progress, run_check
from app.compliance.violations.raising import standing_of
from app.compliance.warnings.queries import RateWarning, falls_due, outlook_in_words, rates, running_month
from app.organisation.access import Actor, whole_site
from app.organisation.calendars import site_calendar
from app.organisation.permissions import Capability, needs
from app.organisation.schedule import BY_ITSELF, Routine, add_routine

# Early warning: the running month, judged so far. It asks nobody to answer, and counts against nobody.


@needs(Capability.RUN_CHECKS)
def warn(by: Actor, progress: Progress = lambda done, total, doing: None) -> CheckReport:
    """Make the provisional check of the running month: every pack and unit, by what is recorded until now."""
    return run_check(by, running_month(), progress=progress)


# Early warnings as data: what `flask check warn` prints.

_KEPT = ("pack", "rule", "unit", "status", "numerator", "denominator", "value", "comparison", "target", "shortfall")


def _figures(cell: ResultRow) -> dict[str, Any]:
    row = result_row(cell)
    return {name: row[name] for name in _KEPT}


def warnings_json(run: CheckRun) -> dict[str, Any]:
    """All of them: each rate with what it takes (`outlook`, null where nobody can tell), and what falls due."""
    library = repository.packs_of(run)
    return {
        "run": run.id,
        "period": run.period,
        "standing": standing_of(run).value,
        "as_of": run.as_of.astimezone(site_calendar().zone).isoformat(timespec="seconds"),
        "rates": [_rate(cell, each) for each in rates(whole_site(), run, library) for cell in each.cells],
        "falls_due": [
            {
                "rules": [{"pack": pack, "rule": rule.id} for pack, rule in each.rules],
                "due": each.due.isoformat(),
                "units": [unit.code for unit in each.units],
                "subjects": list(each.names),
            }
            for each in falls_due(whole_site(), run, library)
        ],
    }


def _rate(cell: ResultRow, warned: RateWarning) -> dict[str, Any]:
    told = warned.outlook
    outlook = None
    if told is not None:
        outlook = {"chance": told.chance.value, "needed": told.needed, "left": told.left, "beyond": told.beyond}
    return _figures(cell) | {"severity": warned.rule.severity.value, "outlook": outlook}


def warnings_table(run: CheckRun) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The rates that fail at this pace, a line each."""
    columns = {
        "rule": _("Quy tắc"),
        "unit": _("Đơn vị"),
        "numerator": _("Tử số"),
        "denominator": _("Mẫu số"),
        "target": _("Chỉ tiêu"),
        "outlook": _("Còn làm được gì"),
    }
    failing = (each for each in rates(whole_site(), run, repository.packs_of(run)) if each.fails)
    rows = [
        _figures(each.cell)
        | {"target": target_shown(each.cell.comparison, each.cell.target), "outlook": outlook_in_words(each)}
        for each in failing
    ]
    return [{name: row[name] for name in columns} for row in rows], columns


# The site makes its early warning by itself each night.


def _warn() -> None:
    warn(BY_ITSELF)


add_routine(Routine("warn", (time(2, 30),), _warn, lease=timedelta(hours=2)))
