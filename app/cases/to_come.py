"""What is still to come of a running period: the cases and stays whose last day falls in what is left of it.

Each will be counted by its end, well if it ends in time and badly if not. Cases received from now on, and those whose
clock is stopped, are not among them.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, func, select, true, union_all
from sqlalchemy.engine import Connection

from app.cases import population
from app.cases.models import Case, CaseStage
from app.core.facts import FactQuery
from app.core.to_come import StillToCome, register_to_come
from app.organisation.models import Unit


def _coming(
    table: type[Case] | type[CaseStage], connection: Connection, query: FactQuery, *also: ColumnElement[bool]
) -> Mapping[int, int]:
    is_open, ended_since = population.open_then(table, query.as_of)
    later = select(table.unit_id).where(
        table.site == query.site, population.due_later(table, query.as_of, query.end), *also
    )
    # Told from which unit, the index of what ended is gone through unit by unit.
    units = select(Unit.id).where(Unit.site == query.site)
    both = union_all(later.where(is_open), later.where(ended_since, table.unit_id.in_(units))).subquery()
    counted = select(both.c.unit_id, func.count()).group_by(both.c.unit_id)
    return dict(connection.execute(counted).all())


def _cases(connection: Connection, query: FactQuery) -> Mapping[int, int]:
    return _coming(Case, connection, query, population.stands(Case))


def _with_result(connection: Connection, query: FactQuery) -> Mapping[int, int]:
    return _coming(Case, connection, query, population.stands(Case), population.done(Case.result_at, query.as_of))


def _stays(connection: Connection, query: FactQuery) -> Mapping[int, int]:
    return _coming(CaseStage, connection, query, true())


def register() -> None:
    """Tell early warnings of them."""
    register_to_come("timeliness.on_time", StillToCome(_cases))
    register_to_come("closing.closed_in_time", StillToCome(_with_result))
    register_to_come("stage_use.within", StillToCome(_stays))
    for field in ("digitisation.files_digitised", "digitisation.results_digitised", "result_attached.attached"):
        register_to_come(field, StillToCome(mendable=True))


register()
