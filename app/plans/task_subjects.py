"""Where the tasks that facts name are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from flask import url_for
from sqlalchemy import Row, select

from app.extensions import db
from app.organisation.access import Scope
from app.plans.task_models import PlanTask
from app.subjects import SubjectPage, register_pages


def tasks(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A unit's task by plan and number ("bg-2024/III.B.1/LDVL"), with its row where the number repeats ("4#36")."""
    wanted = {name: _plan_number_row(name) for name in names}
    found = select(PlanTask.id, PlanTask.plan, PlanTask.number, PlanTask.row, PlanTask.text).where(
        PlanTask.site == scope.site, PlanTask.plan.in_({plan for plan, _number, _row in wanted.values()})
    )
    rows: dict[tuple[str, str], list[Row[int, str, str, int, str]]] = defaultdict(list)
    for row in db.session.execute(found):
        rows[row.plan, row.number].append(row)
    pages = {}
    for name, (plan, number, place) in wanted.items():
        for row in rows[plan, number]:
            if place in (None, row.row):
                pages[name] = SubjectPage(row.text, url_for("tasks.task", task_id=row.id))
    return pages


def _plan_number_row(name: str) -> tuple[str, str, int | None]:
    plan, _slash, rest = name.partition("/")
    number, _hash, row = rest.rpartition("/")[0].partition("#")
    return plan, number, int(row) if row.isdecimal() else None


register_pages("task", tasks)
