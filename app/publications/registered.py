"""What the publications room registers with the rooms below: where checks of the published catalogue and reviews are
recorded, and what passes when a unit is succeeded."""

from __future__ import annotations

from collections.abc import Iterator

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, or_, select

from app.organisation.access import can
from app.organisation.permissions import Capability
from app.organisation.registries import Act, Wanted, register_act
from app.organisation.succession import Decision, Part, Passing, register_part, rows_part
from app.publications.check_queries import unchecked
from app.publications.models import DIVISION, OFFICE, CatalogueCheck, ProcedureReview, Publication
from app.web.extensions import db


def _check_the_catalogue(_wanted: Wanted) -> Act | None:
    if not can(Capability.KEEP_PUBLICATIONS):
        return None
    return Act(_("Ghi kiểm tra danh mục"), url_for("publications.checks"))


for kind in ("catalogue_check", "listing_checked", "defect_put_right"):
    register_act(kind, _check_the_catalogue)


# Publications that a unit has under way, or that nobody has checked since, when it is succeeded.


def _under_way(decided: Decision) -> ColumnElement[bool]:
    p = Publication
    return or_(p.finished_on.is_(None), p.published_on.is_(None), unchecked(decided.last_day))


def _defects(decided: Decision) -> Iterator[Passing]:
    """Found by the unit and not put right: they stay its own, and its successor answers for them."""
    c = CatalogueCheck
    chosen = select(c).where(c.site == decided.unit.site, c.unit_id == decided.unit.id, c.defects != "")
    for row in db.session.scalars(chosen.where(c.fixed_on.is_(None)).order_by(c.id)):
        yield Passing("catalogue_check", row.id, f"{row.checked_on:%d/%m/%Y}: {row.defects}", decided.heir())


def _checked_after(decided: Decision) -> str | None:
    c, r = CatalogueCheck, ProcedureReview
    for column, model in ((c.checked_on, c), (r.reviewed_on, r)):
        mine = (model.site == decided.unit.site, model.unit_id == decided.unit.id)
        day = db.session.scalar(select(column).where(*mine, column > decided.last_day).order_by(column).limit(1))
        if day is not None:
            return f"{day:%d/%m/%Y}"
    return None


def _name(row: Publication) -> str:
    return f"{row.code} – {row.decision}"


register_part(
    rows_part(
        DIVISION,
        _l("Việc công bố, công khai (phòng chuyên môn)"),
        Publication,
        _under_way,
        _name,
        column="division_id",
    )
)
register_part(
    rows_part(
        OFFICE,
        _l("Việc công bố, công khai (Văn phòng)"),
        Publication,
        lambda decided: or_(Publication.finished_on.is_(None), Publication.published_on.is_(None)),
        _name,
        column="office_id",
    )
)
register_part(
    Part("catalogue_check", _l("Sai sót của danh mục chưa cập nhật lại"), _defects, later_work=_checked_after)
)
