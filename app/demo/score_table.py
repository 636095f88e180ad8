"""The score table of one plan in the demonstration: loaded as printed, partly self-scored, with a year's result."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from app.demo.world import MARK, Ground
from app.organisation import audit
from app.scorecards import queries, service
from app.scorecards.arithmetic import children_by_parent
from app.scorecards.loading import load_table
from app.scorecards.models import Criterion, CriterionScore
from app.scorecards.reading import YearStatement, document_text, read_statement, read_table

TABLE, PLAN = "dn-2024-annex", "dn-2024"
BEGINS, SCORED, ANNOUNCED = date(2024, 1, 1), date(2024, 12, 10), date(2025, 4, 18)
SCORED_SHARE = 0.7
ACTOR = "Tổ tự chấm điểm (trình diễn)"


def add_scores(ground: Ground) -> None:
    """Load the table once its year has begun; score it, and announce the result, when these days have come."""
    documents = Path(current_app.config["SETTINGS"].rules) / "documents"
    table, plan = documents / f"{TABLE}.txt", documents / f"{PLAN}.txt"
    if not ground.has_come(BEGINS) or not (table.is_file() and plan.is_file()):
        return
    stated = read_statement(document_text(plan.read_bytes()))
    load_table(ground.by, TABLE, read_table(document_text(table.read_bytes())), stated, source=plan.name)
    if ground.has_come(SCORED):
        _score(ground)
    if ground.has_come(ANNOUNCED):
        _announce(ground, stated)


def _score(ground: Ground) -> None:
    """Most criteria reach their target, some keep last year's score, some are not scored yet."""
    with audit.transaction() as session:
        found = session.scalars(
            select(Criterion).where(Criterion.site == ground.site, Criterion.table == TABLE).order_by(Criterion.row)
        ).all()
        above = children_by_parent([criterion.number for criterion in found])
        scored = 0
        for criterion in found:
            rng = ground.rng("score", criterion.number)
            if criterion.number in above or rng.random() >= SCORED_SHARE:
                continue
            score = min(criterion.maximum, criterion.last_score if rng.random() < 0.25 else criterion.target)
            session.add(_record(ground, criterion, score))
            criterion.self_score, criterion.revision, scored = score, criterion.revision + 1, scored + 1
        audit.record(ground.by, "load_demo_scores", "score_table", TABLE, scored=scored, seed=ground.world.seed)


def _record(ground: Ground, criterion: Criterion, score: int) -> CriterionScore:
    return CriterionScore(
        site=ground.site,
        criterion_id=criterion.id,
        score=score,
        evidence=f"{MARK}: báo cáo tự chấm điểm tiêu chí {criterion.number}, kèm tài liệu kiểm chứng.",
        scored_at=ground.at(SCORED, 15),
        actor=ACTOR,
    )


def _announce(ground: Ground, stated: YearStatement) -> None:
    """A little more than the year before, and one place higher where the text gives a rank."""
    known = queries.year_result(TABLE, stated.year)
    rank, ranked = (known.rank, known.ranked) if known else (None, None)
    score = min(stated.maximum, stated.score + 135)
    service.record_result(
        ground.by,
        TABLE,
        score=score,
        rank=max(1, rank - 1) if rank and ranked else None,
        ranked=ranked if rank else None,
        source=f"Quyết định công bố chỉ số cải cách hành chính năm 2024 ({MARK.lower()})",
    )
