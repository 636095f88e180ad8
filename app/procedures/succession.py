"""What of the catalogue passes when a unit is succeeded: procedures that it answers for, and stages at it.

A procedure says so by a new version, in force from the successors' first day; the version before it stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from app.organisation.access import Actor
from app.organisation.models import Unit
from app.organisation.succession import Decision, Part, Passing, register_part
from app.procedures import queries, service
from app.procedures.contents import Contents, contents_of
from app.procedures.models import Procedure, ProcedureStage, ProcedureVersion
from app.web.extensions import db


def _versions(decided: Decision) -> list[ProcedureVersion]:
    """Versions in force on the successors' first day or later that name the unit, by procedure and number."""
    v, unit_id = ProcedureVersion, decided.unit.id
    staged = select(ProcedureStage.version_id).where(ProcedureStage.unit_id == unit_id)
    chosen = (
        select(v)
        .join(Procedure, Procedure.id == v.procedure_id)
        .where(v.site == decided.unit.site, or_(v.unit_id == unit_id, v.id.in_(staged)))
        .where(or_(v.in_force_to.is_(None), v.in_force_to >= decided.first_day))
        .order_by(Procedure.code, v.number)
    )
    return list(db.session.scalars(chosen).unique())


def _foreseen(decided: Decision) -> Iterator[Passing]:
    seen: set[int] = set()
    for version in _versions(decided):
        procedure = version.procedure
        if procedure.id in seen:
            continue
        seen.add(procedure.id)
        note = "" if version.unit_id == decided.unit.id else str(_l("chỉ các bước xử lý"))
        yield Passing(
            "procedure",
            procedure.id,
            f"{procedure.code} – {version.name}",
            decided.heir(procedure.code),
            note,
            procedure.code,
        )


def _pass_on(by: Actor, decided: Decision, passings: Sequence[Passing]) -> None:
    heirs = {each.record_id: each.to for each in passings}
    for named in _versions(decided):
        heir, version = heirs[named.procedure_id], queries.version_for_change(named.site, named.id)
        assert heir is not None
        assert version is not None
        if version.in_force_from >= decided.first_day:  # begins with the successor: nothing of it is the unit's
            _put(version, decided.unit, heir)
            continue
        contents, until = _instead(contents_of(version), decided.unit, heir), version.in_force_to
        service.succeed_version(by, version, contents=contents, in_force_from=decided.first_day, in_force_to=until)
    db.session.flush()


def _instead(contents: Contents, gone: Unit, heir: Unit) -> Contents:
    """What a version says, the heir in the place of the unit that is gone."""
    stages = tuple(replace(stage, unit_id=heir.id) if stage.unit_id == gone.id else stage for stage in contents.stages)
    unit_id = heir.id if contents.unit_id == gone.id else contents.unit_id
    return replace(contents, unit_id=unit_id, stages=stages)


def _put(version: ProcedureVersion, gone: Unit, heir: Unit) -> None:
    if version.unit_id == gone.id:
        version.unit_id = heir.id
    for stage in version.stages:
        if stage.unit_id == gone.id:
            stage.unit_id = heir.id


register_part(Part("procedure", _l("Thủ tục và các bước xử lý"), _foreseen, _pass_on, one_by_one=True))
