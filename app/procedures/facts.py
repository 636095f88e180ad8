"""What the catalogue tells the engine: per accountable unit, procedures with a fee and their online payment.

Counted over procedures, not cases, as they stand on the last day of the period on the site's calendar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.engine import Connection

from app.core.fact_kinds import fact_kinds
from app.core.facts import Fact, FactQuery, StillToCome, register, register_to_come
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.organisation.registries import SubjectPage, register_pages
from app.procedures.models import Procedure, ProcedureVersion
from app.procedures.queries import deployed_on, in_force_on
from app.web.extensions import db

KINDS = fact_kinds("procedures")
CATALOGUE_PAYMENT = KINDS["catalogue_payment"]


def catalogue_payment(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """One fact per unit that has a fee-bearing procedure in force on the period's last day."""
    day, v = query.period.last, ProcedureVersion
    counted = (
        select(
            Unit.code,
            func.count().label("fee_bearing"),
            _count(v.online_payment_eligible),
            _count(and_(v.online_payment_eligible, deployed_on(day))),
        )
        .select_from(v)
        .join(Unit, Unit.id == v.unit_id)
        .where(v.site == query.site, v.fee > 0, in_force_on(day))
        .group_by(v.site, Unit.code)
        .order_by(Unit.code)
    )
    if query.units is not None:
        counted = counted.where(Unit.code.in_(query.units))
    for unit, fee_bearing, eligible, deployed in connection.execute(counted):
        yield CATALOGUE_PAYMENT.fact(
            unit,
            query.period.key,
            fee_bearing=fee_bearing,
            eligible=int(eligible),
            deployed=int(deployed),
        )


def _count(condition: ColumnElement[bool] | Any) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


register(CATALOGUE_PAYMENT, catalogue_payment)
register_to_come("catalogue_payment.deployed", StillToCome(mendable=True))


def pages(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A procedure by its code."""
    found = select(Procedure.id, Procedure.code).where(Procedure.site == scope.site, Procedure.code.in_(names))
    return {
        row.code: SubjectPage(row.code, url_for("procedures.detail", procedure_id=row.id))
        for row in db.session.execute(found)
    }


register_pages("procedure", pages)
