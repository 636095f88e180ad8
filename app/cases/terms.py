"""What a procedure version promises, as the fold of a case wants to know it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.cases.timeline import StageTerms, Terms, whole
from app.extensions import db
from app.procedures.models import ProcedureVersion


def terms_of(version: ProcedureVersion) -> Terms:
    """The terms of a version whose stages are loaded."""
    return Terms(
        amount=whole(version.time_amount),
        unit=version.time_unit,
        pause_mode=version.pause_mode,
        unit_id=version.unit_id,
        stages=tuple(
            StageTerms(stage.position, stage.name, stage.unit_id, whole(stage.allowance)) for stage in version.stages
        ),
    )


def versions_by_id(ids: Iterable[int]) -> dict[int, ProcedureVersion]:
    """Those versions with their stages, by id."""
    found = db.session.scalars(
        select(ProcedureVersion).where(ProcedureVersion.id.in_(set(ids))).options(selectinload(ProcedureVersion.stages))
    )
    return {version.id: version for version in found}
