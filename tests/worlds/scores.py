"""Verbs of the score table: its criteria, and the year's result."""

from __future__ import annotations

from sqlalchemy import select

from app.scorecards.loading import load_table
from app.scorecards.models import Criterion
from app.scorecards.reading import read_points, read_statement, read_table
from app.scorecards.service import assign_lead, record_result, score_criterion
from app.web.extensions import db
from tests.worlds import reading
from tests.worlds.ground import SITE
from tests.worlds.reading import BadWorld
from tests.worlds.stage import Stage
from tests.worlds.story import ROOT
from tests.worlds.verbs import (
    UNIT,
    Field,
    Said,
    verb,
)


@verb(
    "rank",
    main="rank",
    rank=Field(reading.number),
    of=Field(reading.number, also=("ranked", "among")),
    year=Field(reading.number, also=("for",)),
    score=Field(reading.text, also=("points",)),
    unit=Field(UNIT),
    source=Field(reading.text, also=("decision", "document")),
)
def rank(stage: Stage, said: Said) -> None:
    """The year's result of the index is announced. Plainly the 2024 one, 20 ranked, the score of the year before."""
    load_scores(stage)
    record_result(
        stage.inspector,
        TABLE,
        score=read_points(said.score) if said.score else 8942,
        rank=said.rank,
        ranked=said.of or (20 if said.rank else None),
        source=said.source or "Quyết định công bố chỉ số cải cách hành chính",
    )


@verb(
    "score",
    "scores",
    criterion=Field(reading.text, needed=True, also=("criteria", "number")),
    score=Field(reading.text, needed=True, also=("points", "self_score")),
    evidence=Field(reading.text, also=("text", "note", "document")),
)
def score(stage: Stage, said: Said) -> None:
    """A criterion is scored by those who answer for it."""
    load_scores(stage)
    score_criterion(
        stage.inspector,
        stage.scope,
        _criterion(stage, said.criterion).id,
        score=read_points(said.score),
        evidence=said.evidence or "Báo cáo số 10/BC",
    )


@verb("load_scores", "score_table", main="table", table=Field(reading.text))
def load_scores_now(stage: Stage, said: Said) -> None:
    """The score table of Đắk Nông's plan is loaded; verbs that need it do it themselves."""
    load_scores(stage)


@verb("criterion_lead", criterion=Field(reading.text, needed=True), unit=Field(UNIT, needed=True))
def criterion_lead(stage: Stage, said: Said) -> None:
    """Somebody says which unit the lead named in the table is."""
    load_scores(stage)
    assign_lead(stage.inspector, _criterion(stage, said.criterion).id, stage.unit(said.unit).id)


TABLE = "dn-2024-annex"


def load_scores(stage: Stage) -> None:
    """The table and what the plan's text states of the year before, once."""
    if TABLE in stage.plans:
        return
    stage.plans.add(TABLE)
    folder = ROOT / "rules" / "documents"
    printed = read_table((folder / f"{TABLE}.txt").read_text("utf-8"))
    stated = read_statement((folder / "dn-2024.txt").read_text("utf-8"))
    load_table(stage.inspector, TABLE, printed, stated, source="dn-2024.txt")


def _criterion(stage: Stage, number: str) -> Criterion:
    chosen = select(Criterion).where(Criterion.site == SITE, Criterion.table == TABLE, Criterion.number == number)
    found = db.session.scalar(chosen)
    if found is None:
        raise BadWorld(stage.place, f"the score table has no criterion “{number}”.")
    return found
