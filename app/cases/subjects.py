"""Where the cases that facts name are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask import url_for
from sqlalchemy import select

from app.cases.models import Case
from app.cases.population import on_desk_of
from app.extensions import db
from app.organisation.access import Scope
from app.subjects import SubjectPage, register_pages


def pages(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A case by its code; one of its mistakes by code#number."""
    codes = {name: name.partition("#")[0] for name in names}
    found = select(Case.id, Case.code, Case.applicant).where(
        Case.site == scope.site, Case.code.in_(set(codes.values())), on_desk_of(scope)
    )
    cases = {row.code: row for row in db.session.execute(found)}
    return {
        name: SubjectPage(f"{code} – {cases[code].applicant}", url_for("cases.show", case_id=cases[code].id))
        for name, code in codes.items()
        if code in cases
    }


register_pages("case", pages)
