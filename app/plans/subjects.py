"""Where the tasks, criteria and petitions that facts name are shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from flask import url_for
from sqlalchemy import Row, select

from app.extensions import db
from app.organisation.access import Scope
from app.plans.models import Criterion, Petition, PlanTask
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
                pages[name] = SubjectPage(row.text, url_for("plans.task", task_id=row.id))
    return pages


def _plan_number_row(name: str) -> tuple[str, str, int | None]:
    plan, _slash, rest = name.partition("/")
    number, _hash, row = rest.rpartition("/")[0].partition("#")
    return plan, number, int(row) if row.isdecimal() else None


def criteria(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A criterion by its table and number ("dn-2024-annex:6.3.1")."""
    tables = {name.rpartition(":")[0] for name in names}
    found = select(Criterion.id, Criterion.table, Criterion.number, Criterion.name).where(
        Criterion.site == scope.site, Criterion.table.in_(tables)
    )
    pages = {
        f"{row.table}:{row.number}": SubjectPage(
            f"{row.number}. {row.name}", url_for("plans.criterion", criterion_id=row.id)
        )
        for row in db.session.execute(found)
    }
    return {name: pages[name] for name in names if name in pages}


def petitions(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A petition by its code: its line in the list."""
    found = select(Petition.code, Petition.content).where(
        Petition.site == scope.site, Petition.code.in_(names), scope.within(Petition.unit_id)
    )
    return {
        row.code: SubjectPage(f"{row.code} – {row.content}", url_for("plans.petitions"))
        for row in db.session.execute(found)
    }


register_pages("task", tasks)
register_pages("criterion", criteria)
register_pages("field", criteria)
register_pages("petition", petitions)
