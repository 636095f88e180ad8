"""Where the publications that facts name are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import url_for
from sqlalchemy import select

from app.extensions import db
from app.organisation.access import Scope
from app.publications.models import Publication
from app.subjects import SubjectPage, register_pages


def pages(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A publication by its code, whichever of its steps is meant ("CB-2024-3/office")."""
    codes = {name: name.rpartition("/")[0] or name for name in names}
    found = select(Publication.id, Publication.code, Publication.decision).where(
        Publication.site == scope.site, Publication.code.in_(set(codes.values()))
    )
    rows = {row.code: row for row in db.session.execute(found)}
    return {
        name: SubjectPage(rows[code].decision, url_for("publications.show", publication_id=rows[code].id))
        for name, code in codes.items()
        if code in rows
    }


register_pages("publication", pages)
