"""What the score tables tell the engine: each criterion at its lead unit, the fields, and the year's result.

A self-score is about the table's year, and is mostly given after it: the latest counts, whenever it was given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from flask import url_for
from sqlalchemy import Row, func, or_, select
from sqlalchemy.engine import Connection

from app.core.facts import (
    HUNDREDTHS,
    Fact,
    FactField,
    FactKind,
    FactQuery,
    count_field,
    flag_field,
    register_source,
    text_field,
)
from app.organisation.access import Scope
from app.organisation.models import Unit
from app.organisation.passings import AN_INSTANT, owner
from app.organisation.subject_pages import SubjectPage, register_pages
from app.scorecards.arithmetic import Column, children_by_parent, rolled_up
from app.scorecards.models import CRITERION as OF_CRITERION
from app.scorecards.models import Criterion, YearResult
from app.web.extensions import db


def _points(name: str, vi: str, en: str) -> FactField:
    return FactField(name, int, HUNDREDTHS, {"vi": vi, "en": en})


CRITERION = FactKind(
    "criterion",
    "criterion",
    (
        text_field("number", "Số của tiêu chí trong bảng", "The criterion's number in the table"),
        text_field("name", "Tên tiêu chí", "The criterion's name"),
        flag_field("is_leaf", "Không có tiêu chí thành phần", "Has no criteria below it"),
        _points("maximum", "Điểm tối đa", "Maximum"),
        _points("last_score", "Điểm đạt được năm trước", "Score of the year before"),
        _points("target", "Mục tiêu của năm", "The year's target"),
        _points(
            "self_score",
            "Điểm tự chấm; của tiêu chí có thành phần là tổng các thành phần; 0 nếu chưa chấm",
            "Self-score; of a criterion with others below it their sum; 0 while not scored",
        ),
        flag_field("scored", "Đã chấm, cùng mọi tiêu chí thành phần", "Scored, with every criterion below it"),
        flag_field("below_target", "Đã chấm và thấp hơn mục tiêu", "Scored, and below the target"),
        flag_field("has_children", "Có tiêu chí thành phần", "Has criteria below it"),
        count_field("children", "tiêu chí", "Số tiêu chí thành phần trực tiếp", "Criteria directly below it"),
        _points("children_maximum", "Tổng điểm tối đa của chúng", "Sum of their maxima"),
        _points("children_last_score", "Tổng điểm năm trước của chúng", "Sum of their scores of the year before"),
        _points("children_target", "Tổng mục tiêu của chúng", "Sum of their targets"),
        flag_field("has_measures", "Có nhiệm vụ, giải pháp", "Has measures"),
    ),
    {
        "vi": "Một tiêu chí của bảng chấm điểm, ở đơn vị chủ trì (không ghi chủ trì: ở Sở)",
        "en": "A criterion of the score table, at its lead unit (none named: at the Department)",
    },
)

SCORE_FIELD = FactKind(
    "score_field",
    "field",
    (
        text_field("number", "Số của lĩnh vực", "The field's number"),
        text_field("name", "Tên lĩnh vực", "The field's name"),
        _points("stated_score", "Điểm năm trước mà lời văn ghi", "Score of the year before as the text states it"),
        _points("stated_maximum", "Điểm tối đa mà lời văn ghi", "Maximum as the text states it"),
        _points("table_score", "Điểm năm trước trong bảng", "Score of the year before in the table"),
        _points("table_maximum", "Điểm tối đa trong bảng", "Maximum in the table"),
        flag_field("in_text", "Có trong lời văn", "Is in the text"),
        flag_field("in_table", "Có trong bảng", "Is in the table"),
    ),
    {
        "vi": "Một lĩnh vực: lời văn của kế hoạch và bảng chấm điểm nói gì",
        "en": "A field: what the plan's text and the score table say of it",
    },
)

INDEX_RESULT = FactKind(
    "index_result",
    "unit",
    (
        flag_field("ranked", "Thứ hạng của năm đã được ghi nhận", "The year's rank has been recorded"),
        count_field(
            "rank_this_year", "bậc", "Thứ hạng của năm; 0 nếu chưa có", "The year's rank; 0 while there is none"
        ),
        count_field(
            "rank_last_year", "bậc", "Thứ hạng năm trước; 0 nếu không rõ", "Rank of the year before; 0 if unknown"
        ),
        FactField(
            "rank_moved",
            str,
            "",
            {"vi": "Thứ hạng tăng hay giảm so với năm trước", "en": "Whether the rank rose or fell"},
            {
                "up": {"vi": "tăng", "en": "rose by"},
                "down": {"vi": "giảm", "en": "fell by"},
                "same": {"vi": "tăng", "en": "rose by"},
            },
        ),
        count_field(
            "places_moved", "bậc", "Số bậc tăng hoặc giảm; 0 nếu không đổi", "Places it rose or fell by; 0 if it stayed"
        ),
        flag_field("scored", "Điểm của năm đã được ghi nhận", "The year's score has been recorded"),
        _points("score_this_year", "Điểm của năm; 0 nếu chưa có", "The year's score; 0 while there is none"),
        _points("score_last_year", "Điểm năm trước mà lời văn ghi", "Score of the year before as the text states it"),
        _points("maximum_last_year", "Điểm tối đa mà lời văn ghi", "Maximum as the text states it"),
        _points(
            "text_fields_score",
            "Tổng điểm các lĩnh vực mà lời văn ghi",
            "Sum of the fields' scores as the text states them",
        ),
        _points(
            "text_fields_maximum",
            "Tổng điểm tối đa các lĩnh vực mà lời văn ghi",
            "Sum of the fields' maxima as the text states them",
        ),
        _points("table_fields_score", "Tổng điểm các lĩnh vực trong bảng", "Sum of the fields' scores in the table"),
        _points(
            "table_fields_maximum", "Tổng điểm tối đa các lĩnh vực trong bảng", "Sum of the fields' maxima in the table"
        ),
        _points("target", "Tổng mục tiêu các lĩnh vực trong bảng", "Sum of the fields' targets in the table"),
    ),
    {
        "vi": "Chỉ số cải cách hành chính của Sở: điểm, thứ hạng của năm và năm trước",
        "en": "The Department's reform index: score and rank of the year and of the year before",
    },
)

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
            "subject": f"{code}:{number}",
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
            "subject": f"{code}:{number}",
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
    tables = {name.rpartition(":")[0] for name in names}
    found = select(Criterion.id, Criterion.table, Criterion.number, Criterion.name).where(
        Criterion.site == scope.site, Criterion.table.in_(tables)
    )
    pages = {
        f"{row.table}:{row.number}": SubjectPage(
            f"{row.number}. {row.name}", url_for("scorecards.criterion", criterion_id=row.id)
        )
        for row in db.session.execute(found)
    }
    return {name: pages[name] for name in names if name in pages}


register_pages("criterion", criterion_pages)
register_pages("field", criterion_pages)
