"""Where the petitions that facts name are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import url_for
from sqlalchemy import select

from app.extensions import db
from app.organisation.access import Scope
from app.plans.duties.models import Petition
from app.subjects import SubjectPage, register_pages


def petitions(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A petition by its code: its line in the list."""
    found = select(Petition.code, Petition.content).where(
        Petition.site == scope.site, Petition.code.in_(names), scope.within(Petition.unit_id)
    )
    return {
        row.code: SubjectPage(f"{row.code} – {row.content}", url_for("obligations.petitions"))
        for row in db.session.execute(found)
    }


register_pages("petition", petitions)
