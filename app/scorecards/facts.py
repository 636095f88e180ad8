"""What the score tables tell the engine: each criterion at its lead unit, the fields, and the year's result.

A self-score is about the table's year, and is mostly given after it: the latest counts, whenever it was given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flask import url_for
from sqlalchemy import Row, func, or_, select
from sqlalchemy.engine import Connection

from app.core.fact_kinds import fact_kinds
from app.core.facts import (
    Fact,
    FactQuery,
    register_source,
)
from app.core.subjects import criterion_name, read_criterion
from app.organisation.access import Scope
from app.organisation.lineage import AN_INSTANT, owner
from app.organisation.models import Unit
from app.organisation.registries import SubjectPage, register_pages
from app.scorecards.arithmetic import Column, children_by_parent, rolled_up
from app.scorecards.models import CRITERION as OF_CRITERION
from app.scorecards.models import Criterion, YearResult
from app.web.extensions import db

KINDS = fact_kinds("scorecards")
CRITERION = KINDS["criterion"]
SCORE_FIELD = KINDS["score_field"]
INDEX_RESULT = KINDS["index_result"]


ALL_KINDS = (CRITERION, SCORE_FIELD, INDEX_RESULT)


Line = Row[*tuple[Any, ...]]
Rows = dict[str, Line]


def score_facts(connection: Connection, query: FactQuery) -> Iterator[Fact]:
    """The facts of the table of the year in which the period ends; nothing where the year has none."""
    root = _root(connection, query)
    year = query.period.last.year
    code = _table(connection, query, year)
    if root is None or code is None:
        return
    criteria, results = _criteria(connection, query, code), _results(connection, query, code)
    told = [
        *_criterion_facts(code, criteria, root),
        *_field_facts(code, criteria, results.get(year - 1), root),
        _result_fact(criteria, results.get(year), results.get(year - 1), root),
    ]
    for fact in told:
        if query.units is None or fact["unit"] in query.units:
            yield {**fact, "period": query.period.key}


def _criterion_facts(code: str, criteria: Rows, root: str) -> Iterator[Fact]:
    below = children_by_parent(criteria)
    scores = {number: row.self_score for number, row in criteria.items()}
    for number, row in criteria.items():
        children = [criteria[child] for child in below.get(number, ())]
        score = rolled_up(below, scores, number)
        yield {
            "kind": CRITERION.name,
            "unit": row.unit or root,
            "subject": criterion_name(code, number),
            "number": number,
            "name": row.name,
            "is_leaf": not children,
            "maximum": row.maximum,
            "last_score": row.last_score,
            "target": row.target,
            "self_score": score or 0,
            "scored": score is not None,
            "below_target": score is not None and score < row.target,
            "has_children": bool(children),
            "children": len(children),
            **{f"children_{column}": sum(getattr(child, column) for child in children) for column in Column},
            "has_measures": bool(row.measures),
        }


def _field_facts(code: str, criteria: Rows, stated: Line | None, root: str) -> Iterator[Fact]:
    """One for each field that the table or the text has; nothing to compare where the text has none."""
    told = {field["number"]: field for field in stated.fields} if stated is not None else {}
    printed = {number: row for number, row in criteria.items() if row.parent_id is None}
    for number in sorted({*told, *printed}, key=int) if told else ():
        text, row = told.get(number), printed.get(number)
        yield {
            "kind": SCORE_FIELD.name,
            "unit": root,
            "subject": criterion_name(code, number),
            "number": number,
            "name": row.name if row is not None else text["name"] if text else "",
            "stated_score": text["score"] if text else 0,
            "stated_maximum": text["maximum"] if text else 0,
            "table_score": row.last_score if row is not None else 0,
            "table_maximum": row.maximum if row is not None else 0,
            "in_text": text is not None,
            "in_table": row is not None,
        }


def _result_fact(criteria: Rows, this: Line | None, last: Line | None, root: str) -> Fact:
    fields = [row for row in criteria.values() if row.parent_id is None]
    told = last.fields if last is not None else []
    rank = (this.rank or 0) if this is not None else 0
    before = (last.rank or 0) if last is not None else 0
    return {
        "kind": INDEX_RESULT.name,
        "unit": root,
        "ranked": rank > 0,
        "rank_this_year": rank,
        "rank_last_year": before,
        "rank_moved": ("up" if rank < before else "down" if rank > before else "same") if rank and before else "",
        "places_moved": abs(before - rank) if rank and before else 0,
        "scored": this is not None,
        "score_this_year": this.score if this is not None else 0,
        "score_last_year": last.score if last is not None else 0,
        "maximum_last_year": last.maximum if last is not None else 0,
        "text_fields_score": sum(field["score"] for field in told),
        "text_fields_maximum": sum(field["maximum"] for field in told),
        "table_fields_score": sum(row.last_score for row in fields),
        "table_fields_maximum": sum(row.maximum for row in fields),
        "target": sum(row.target for row in fields),
    }


def _root(connection: Connection, query: FactQuery) -> str | None:
    """Code of the Department itself."""
    on = query.period.last
    in_being = or_(Unit.valid_from.is_(None), Unit.valid_from <= on), or_(Unit.valid_to.is_(None), Unit.valid_to >= on)
    top = select(Unit.code).where(Unit.site == query.site, Unit.parent_id.is_(None), *in_being)
    return connection.scalar(top.order_by(Unit.path).limit(1))


def _table(connection: Connection, query: FactQuery, year: int) -> str | None:
    return connection.scalar(
        select(func.max(Criterion.table)).where(Criterion.site == query.site, Criterion.year == year)
    )


def _criteria(connection: Connection, query: FactQuery, code: str) -> Rows:
    """The criteria by number, in the table's order, each with its lead's code as `unit`."""
    c, at = Criterion, query.as_of - AN_INSTANT
    lead = owner(connection, query.site, c, OF_CRITERION, at, unit=c.lead_unit_id)
    chosen = (
        select(
            c.number,
            c.parent_id,
            c.name,
            c.maximum,
            c.last_score,
            c.target,
            c.measures,
            c.self_score,
            Unit.code.label("unit"),
        )
        .outerjoin(Unit, Unit.id == lead)
        .where(c.site == query.site, c.table == code)
        .order_by(c.row)
    )
    return {row.number: row for row in connection.execute(chosen)}


def _results(connection: Connection, query: FactQuery, code: str) -> dict[int, Line]:
    r = YearResult
    chosen = select(r.year, r.score, r.maximum, r.rank, r.fields).where(r.site == query.site, r.table == code)
    return {row.year: row for row in connection.execute(chosen)}


register_source(ALL_KINDS, score_facts)


def criterion_pages(scope: Scope, names: Collection[str]) -> Mapping[str, SubjectPage]:
    """A criterion by its table and number ("dn-2024-annex:6.3.1")."""
    tables = {read_criterion(name)[0] for name in names}
    found = select(Criterion.id, Criterion.table, Criterion.number, Criterion.name).where(
        Criterion.site == scope.site, Criterion.table.in_(tables)
    )
    pages = {
        criterion_name(row.table, row.number): SubjectPage(
            f"{row.number}. {row.name}", url_for("scorecards.criterion", criterion_id=row.id)
        )
        for row in db.session.execute(found)
    }
    return {name: pages[name] for name in names if name in pages}


register_pages("criterion", criterion_pages)
register_pages("field", criterion_pages)
