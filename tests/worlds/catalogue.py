"""Verbs of the catalogue: procedures that come into force and go, online payment, reviews."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from app.publications import catalogue_service
from app.publications.catalogue_service import Findings
from app.publications.models import ProcedureReview
from app.web.extensions import db
from tests.worlds import reading
from tests.worlds.ground import SITE
from tests.worlds.reading import BadWorld
from tests.worlds.stage import Stage
from tests.worlds.verbs import (
    ON,
    PROCEDURE,
    PROCEDURES,
    REASON,
    UNIT,
    Field,
    Said,
    verb,
)


@verb(
    "in_force",
    unit=Field(UNIT, needed=True),
    new_procedures=Field(reading.anything, also=("procedures", "count", "number")),
    since=Field(reading.day, also=("from", "on", "day")),
    internal=Field(reading.flag),
    fee=Field(reading.number),
    online_payment=Field(reading.flag, also=("eligible",)),
    deployed=Field(reading.optional(reading.day)),
)
def in_force(stage: Stage, said: Said) -> None:
    """Procedures of a unit come into force: so many, or those named."""
    for code in _new_codes(stage, said):
        given = {name: getattr(said, name) for name in ("internal", "fee", "online_payment", "deployed")}
        stage.add_procedure(stage.plain_procedure(code, said.unit, **given), said.since or stage.day)


def _new_codes(stage: Stage, said: Said) -> list[str]:
    wanted = said.new_procedures
    if wanted is None or (isinstance(wanted, str) and wanted.strip().isdigit()):
        count = said.times or (reading.number(wanted) if wanted is not None else 1)
        return [f"{said.unit}.{stage.next_number(f'procedure {said.unit}'):03}" for _ in range(count)]
    return reading.listed(reading.text)(wanted)


@verb("abolish", "end_procedure", main="procedure", procedure=Field(PROCEDURES, needed=True), day=ON, reason=REASON)
def abolish(stage: Stage, said: Said) -> None:
    """Procedures are in force no longer than this day."""
    from app.procedures.service import withdraw

    for code in said.procedure:
        version = stage.version(code, stage.day)
        withdraw(
            stage.inspector,
            version.procedure_id,
            last_day=said.day or stage.day,
            reason=said.reason or "Bãi bỏ theo quyết định của Chủ tịch UBND tỉnh",
        )


@verb(
    "deploy_payment",
    "online_payment",
    "deploy_online_payment",
    main="procedure",
    procedure=Field(PROCEDURES, needed=True, also=("procedures",)),
    day=ON,
    fee=Field(reading.number),
)
def deploy_payment(stage: Stage, said: Said) -> None:
    """The fee of a procedure can be paid online from that day on."""
    from dataclasses import replace

    from app.procedures.contents import contents_of
    from app.procedures.service import add_version, amend_version
    from tests.worlds.stage import PLAIN_FEE

    for code in said.procedure:
        day = said.day or stage.day
        version = stage.version(code, day)
        contents = replace(
            contents_of(version),
            fee=said.fee or version.fee or PLAIN_FEE,
            online_payment_eligible=True,
            online_payment_reason="Quyết định công bố",
            online_payment_from=day,
        )
        if version.in_force_from == day:
            amend_version(stage.inspector, version.id, contents=contents, in_force_from=day)
        else:
            add_version(stage.inspector, version.procedure_id, contents=contents, in_force_from=day)


@verb(
    "review",
    main="procedures",
    unit=Field(UNIT),
    procedures=Field(reading.anything, also=("procedure", "count", "number")),
    day=Field(reading.day, also=("on", "reviewed_on", "date")),
    fields_before=Field(reading.number, also=("before",)),
    fields_after=Field(reading.number, also=("after",)),
    fields_cut=Field(reading.number, also=("cut",)),
    restructured=Field(reading.flag),
    proposal=Field(reading.text),
    simplified=Field(reading.optional(reading.day), also=("approved", "approved_on", "simplification_approved_on")),
    decision=Field(reading.text),
)
def review(stage: Stage, said: Said) -> None:
    """Procedures are reviewed: so many of the unit's that were not yet, or those named."""
    day = said.day or stage.day
    before, after = said.fields_before, said.fields_after
    if before is not None and after is None:
        after = before - (said.fields_cut or 0)
    for code in _reviewed(stage, said, day):
        by = stage.head_of(said.unit) if said.unit else stage.inspector
        catalogue_service.record_review(
            stage.scope,
            by,
            procedure=code,
            findings=Findings(
                reviewed_on=day,
                restructured=before is not None if said.restructured is None else said.restructured,
                fields_before=before,
                fields_after=after,
                proposal=said.proposal or "",
                simplification_approved_on=said.simplified,
                decision=said.decision or ("20/QĐ-UBND" if said.simplified else ""),
            ),
        )


def _reviewed(stage: Stage, said: Said, day: date) -> list[str]:
    from app.procedures.models import Procedure, ProcedureVersion
    from app.procedures.queries import in_force_on

    wanted = said.procedures
    if wanted is not None and not (isinstance(wanted, str) and wanted.strip().isdigit()):
        return reading.listed(reading.text)(wanted)
    count = said.times or (reading.number(wanted) if wanted is not None else 1)
    known = select(Procedure.code).join(ProcedureVersion, ProcedureVersion.procedure_id == Procedure.id)
    known = known.where(Procedure.site == SITE, in_force_on(day))
    if said.unit:
        known = known.where(ProcedureVersion.unit_id == stage.unit(said.unit).id)
    known = known.where(Procedure.id.not_in(select(ProcedureReview.procedure_id))).order_by(Procedure.id)
    codes = list(db.session.scalars(known))
    if len(codes) < count:
        raise BadWorld(stage.place, f"only {len(codes)} procedures in force are left to review, {count} are told.")
    return codes[:count]


@verb(
    "approve_simplification",
    "simplify",
    main="procedure",
    procedure=Field(PROCEDURE, needed=True),
    day=ON,
    decision=Field(reading.text),
)
def approve_simplification(stage: Stage, said: Said) -> None:
    """The simplification that a review proposed is approved."""
    chosen = (
        select(ProcedureReview)
        .where(ProcedureReview.procedure_id == stage.version(said.procedure, stage.day).procedure_id)
        .order_by(ProcedureReview.id.desc())
        .limit(1)
    )
    found = db.session.scalar(chosen)
    if found is None:
        raise BadWorld(stage.place, f"procedure {said.procedure} was not reviewed.")
    catalogue_service.approve_simplification(
        stage.scope, stage.inspector, found.id, on=said.day or stage.day, decision=said.decision or "20/QĐ-UBND"
    )
