"""Where the criteria that facts name are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import url_for
from sqlalchemy import select

from app.extensions import db
from app.organisation.access import Scope
from app.plans.scores.models import Criterion
from app.subjects import SubjectPage, register_pages


def criteria(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A criterion by its table and number ("dn-2024-annex:6.3.1")."""
    tables = {name.rpartition(":")[0] for name in names}
    found = select(Criterion.id, Criterion.table, Criterion.number, Criterion.name).where(
        Criterion.site == scope.site, Criterion.table.in_(tables)
    )
    pages = {
        f"{row.table}:{row.number}": SubjectPage(
            f"{row.number}. {row.name}", url_for("scorecards.criterion", criterion_id=row.id)
        )
        for row in db.session.execute(found)
    }
    return {name: pages[name] for name in names if name in pages}


register_pages("criterion", criteria)
register_pages("field", criteria)
