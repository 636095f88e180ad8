"""Where the procedures that facts name are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import url_for
from sqlalchemy import select

from app.extensions import db
from app.organisation.access import Scope
from app.procedures.models import Procedure
from app.subjects import SubjectPage, register_pages


def pages(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A procedure by its code."""
    found = select(Procedure.id, Procedure.code).where(Procedure.site == scope.site, Procedure.code.in_(names))
    return {
        row.code: SubjectPage(row.code, url_for("procedures.detail", procedure_id=row.id))
        for row in db.session.execute(found)
    }


register_pages("procedure", pages)
