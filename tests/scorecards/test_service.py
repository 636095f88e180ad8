"""Loading a score table, self-scoring its criteria with evidence, and recording the year's result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import Conflict, DomainError, NotFound
from app.core.text import fold
from app.organisation.access import Scope, scope_of
from app.organisation.models import AuditEntry, Role, Unit, UnitAlias
from app.scorecards import queries, service
from app.scorecards.loading import LoadedTable, load_table
from app.scorecards.models import Criterion, CriterionScore, YearResult
from app.scorecards.reading import PrintedTable, document_text, read_statement, read_table
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE, SITE, make_person
from tests.scorecards.score_samples import ANNEX, CODE, PLAN, criterion, line, load_real, score_department, table_of


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return score_department()


def head_of(unit: Unit) -> Scope:
    return scope_of(make_person(unit, Role.HEAD))


def real() -> PrintedTable:
    return read_table(document_text(ANNEX.read_bytes()))


def load(*lines: str, code: str = "t", **more: Any) -> LoadedTable:
    return load_table(CLERK, code, read_table(table_of(*lines)), **more)


def score(number: str, points: int, evidence: str = "Báo cáo 12/BC", scope: Scope = EVERYWHERE) -> Criterion:
    return service.score_criterion(CLERK, scope, criterion(number).id, score=points, evidence=evidence)


def row(number: str, scope: Scope = EVERYWHERE) -> queries.CriterionRow:
    return next(r for r in queries.score_table(scope, CODE).rows if r.number == number)


# Loading


def test_the_real_annex_is_loaded_whole(units: dict[str, Unit]) -> None:
    loaded = load_real()
    assert (loaded.year, loaded.new, loaded.changed, loaded.gone, loaded.unchanged) == (2024, 32, (), (), 0)
    leads = {c.number: c.lead_unit.code if c.lead_unit else "" for c in queries.criteria_by_number(CODE).values()}
    assert {number for number, code in leads.items() if not code} == {"1", "6", "6.1", "6.3", "7"}
    assert (leads["2"], leads["6.1.1"], leads["7.2"], leads["7.3"]) == ("VP", "KHTC", "GDNN", "GDNN")
    assert criterion("6.3.1").parent_id == criterion("6.3").id
    assert criterion("6.3").parent_id == criterion("6").id


def test_a_lead_cut_short_in_the_document_is_told_and_not_guessed(units: dict[str, Unit]) -> None:
    assert load_real().unmapped == (("7.2", "Trung tâm Dịch vụ việc"),)


def test_the_result_that_the_plan_states_is_kept(units: dict[str, Unit]) -> None:
    load_real()
    result = db.session.query(YearResult).one()
    assert (result.year, result.score, result.rank, result.ranked) == (2023, 8942, 11, 22)
    assert (result.rank_change, result.rank_gain, len(result.fields)) == (-2, 1, 7)


def test_loading_the_same_again_changes_nothing(units: dict[str, Unit]) -> None:
    load_real()
    score("1.1", 250)
    before = [(c.id, c.revision, c.self_score) for c in queries.criteria_by_number(CODE).values()]
    entries = db.session.query(AuditEntry).count()
    again = load_real()
    assert (again.new, again.changed, again.gone, again.unchanged, again.anything) == (0, (), (), 32, False)
    assert [(c.id, c.revision, c.self_score) for c in queries.criteria_by_number(CODE).values()] == before
    assert db.session.query(AuditEntry).count() == entries


def test_a_changed_document_says_what_changed_and_keeps_the_scores(units: dict[str, Unit]) -> None:
    load(line("1"), line("2"), line("3"), code=CODE)
    score("2", 200)
    loaded = load(line("2", target="2,5"), line("3"), line("4"), code=CODE)
    assert (loaded.new, loaded.changed, loaded.gone, loaded.unchanged) == (1, ("2",), ("1",), 1)
    kept = queries.criteria_by_number(CODE)
    assert list(kept) == ["2", "3", "4"]
    assert (kept["2"].row, kept["2"].target, kept["2"].self_score) == (1, 250, 200)


def test_rows_that_changed_places_are_no_other_criteria(units: dict[str, Unit]) -> None:
    load(line("1"), line("2"), code=CODE)
    ids = {number: c.id for number, c in queries.criteria_by_number(CODE).items()}
    loaded = load(line("2"), line("1"), code=CODE)
    assert {number: c.id for number, c in queries.criteria_by_number(CODE).items()} == ids
    assert list(queries.criteria_by_number(CODE)) == ["2", "1"]
    assert loaded.unchanged == 2


def test_a_criterion_with_a_score_cannot_vanish_from_the_document(units: dict[str, Unit]) -> None:
    load(line("1"), line("2"), code=CODE)
    score("2", 200)
    with pytest.raises(DomainError, match="Tiêu chí 2 đã được chấm điểm nhưng không còn trong văn bản"):
        load(line("1"), code=CODE)
    assert list(queries.criteria_by_number(CODE)) == ["1", "2"]


def test_a_criterion_with_a_score_cannot_become_a_sum(units: dict[str, Unit]) -> None:
    load(line("1"), code=CODE)
    score("1", 200)
    with pytest.raises(DomainError, match="Tiêu chí 1 đã được chấm điểm, nay lại có tiêu chí thành phần"):
        load(line("1"), line("1.1"), code=CODE)


def test_trying_only_writes_nothing(units: dict[str, Unit]) -> None:
    loaded = load_table(CLERK, CODE, real(), read_statement(PLAN.read_text("utf-8")), keep=False)
    assert loaded.new == 32
    assert queries.tables(EVERYWHERE) == []
    assert db.session.query(YearResult).count() == 0
    assert db.session.query(AuditEntry).count() == 0


def test_a_year_has_one_table(units: dict[str, Unit]) -> None:
    load(line("1"), code="mot")
    with pytest.raises(Conflict, match="Năm 2024 đã có bảng điểm mot"):
        load(line("1"), code="hai")
    assert queries.tables(EVERYWHERE) == [("mot", 2024)]


def test_a_text_of_another_year_is_refused_with_nothing_loaded(units: dict[str, Unit]) -> None:
    stated = replace(read_statement(PLAN.read_text("utf-8")), year=2022)
    with pytest.raises(DomainError, match="Văn bản nói kết quả năm 2022, nhưng bảng ghi điểm đạt được năm 2023"):
        load_table(CLERK, CODE, real(), stated)
    assert queries.tables(EVERYWHERE) == []


@pytest.mark.parametrize("code", ["", "bảng", "a b", "x" * 33, "-x"])
def test_a_code_that_cannot_be_an_address_is_refused(units: dict[str, Unit], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        load(line("1"), code=code)
    assert refused.value.field == "code"


def test_a_spelling_learnt_since_is_used_at_the_next_loading(units: dict[str, Unit]) -> None:
    load(line("1", lead="Phòng Mới"), code=CODE)
    assert criterion("1").lead_unit_id is None
    units["NCC"].aliases.append(UnitAlias(site=SITE, alias="Phòng Mới", key=fold("Phòng Mới")))
    db.session.commit()
    assert load(line("1", lead="Phòng Mới"), code=CODE).mapped == ("1",)
    assert criterion("1").lead_unit_id == units["NCC"].id


def test_a_person_s_choice_of_lead_stays_as_long_as_the_words_do(units: dict[str, Unit]) -> None:
    load(line("1", lead="Văn phòng Sở"), code=CODE)
    service.assign_lead(CLERK, criterion("1").id, units["NCC"].id)
    load(line("1", lead="Văn phòng Sở", target="2,5"), code=CODE)
    assert criterion("1").lead_unit_id == units["NCC"].id
    load(line("1", lead="Phòng Kế hoạch - Tài chính"), code=CODE)
    assert criterion("1").lead_unit_id == units["KHTC"].id


# Self-scoring


def test_a_score_is_kept_with_its_evidence_and_its_history(units: dict[str, Unit], freeze: Callable[..., Any]) -> None:
    load_real()
    score("6.1.2", 150, "Báo cáo 12/BC")
    freeze("2024-11-05 09:00")
    score("6.1.2", 200, "Báo cáo 40/BC")
    view = queries.criterion_view(EVERYWHERE, criterion("6.1.2").id)
    assert [(g.score, g.evidence) for g in view.history] == [(200, "Báo cáo 40/BC"), (150, "Báo cáo 12/BC")]
    assert (view.row.score, view.row.gap) == (200, 0)
    entries = db.session.query(AuditEntry).filter_by(action="score_criterion").order_by(AuditEntry.number).all()
    assert [entry.details["changed"] for entry in entries] == [
        {"self_score": [None, "1,5"]},
        {"self_score": ["1,5", "2"]},
    ]


def test_a_score_at_the_maximum_is_taken_and_one_above_it_refused(units: dict[str, Unit]) -> None:
    load_real()
    assert score("6.1.2", 200).self_score == 200
    with pytest.raises(DomainError, match="Điểm tự chấm 2,01 cao hơn điểm tối đa 2 của tiêu chí") as refused:
        score("6.1.2", 201)
    assert refused.value.field == "score"
    assert db.session.query(CriterionScore).count() == 1


@pytest.mark.parametrize("evidence", ["", "  \n "])
def test_a_score_without_evidence_is_refused(units: dict[str, Unit], evidence: str) -> None:
    load_real()
    with pytest.raises(DomainError) as refused:
        score("6.1.2", 100, evidence)
    assert refused.value.field == "evidence"
    assert criterion("6.1.2").self_score is None


def test_a_criterion_that_others_make_up_is_not_scored_itself(units: dict[str, Unit]) -> None:
    load_real()
    with pytest.raises(DomainError, match=r"Tiêu chí 6\.1 là tổng các tiêu chí thành phần"):
        score("6.1", 100)


def test_a_score_seen_before_somebody_else_s_is_refused(units: dict[str, Unit]) -> None:
    load_real()
    seen = criterion("6.1.2").revision
    score("6.1.2", 100)
    with pytest.raises(Conflict):
        service.score_criterion(CLERK, EVERYWHERE, criterion("6.1.2").id, score=200, evidence="Báo cáo", revision=seen)
    assert criterion("6.1.2").self_score == 100


def test_a_parent_s_score_is_its_children_s_sum_once_all_are_scored(units: dict[str, Unit]) -> None:
    load_real()
    score("6.1.1", 100)
    score("6.1.2", 150)
    assert row("6.1").score is None
    score("6.1.3", 75)
    assert (row("6.1").score, row("6.1").gap, row("6").score) == (325, -25, None)


def test_a_sum_above_the_printed_maximum_is_seen(units: dict[str, Unit]) -> None:
    load_real()
    score("1.3.1", 200)
    score("1.3.2", 100)
    assert (row("1.3").maximum, row("1.3").score, row("1.3").above_maximum) == (200, 300, True)


# Who sees and scores what


def test_a_head_sees_what_their_unit_leads_below_what_the_document_prints(units: dict[str, Unit]) -> None:
    load_real()
    score("7.1", 900)
    score("7.3", 150)
    table = queries.score_table(head_of(units["GDNN"]), CODE)
    assert [(r.number, r.own, r.score) for r in table.rows] == [
        ("7", False, None),
        ("7.2", True, None),
        ("7.3", True, 150),
    ]
    assert not table.whole
    assert (table.totals.criteria, table.totals.scored, table.totals.target, table.totals.gap) == (2, 1, 600, 50)
    assert [gap.unit.code for gap in table.leads if gap.unit] == ["GDNN"]
    assert {f.number for f in table.findings} == {"7"}


def test_a_head_scores_what_their_unit_leads_and_nothing_else(units: dict[str, Unit]) -> None:
    load_real()
    head = head_of(units["GDNN"])
    assert score("7.3", 150, scope=head).self_score == 150
    for number in ("7.1", "7", "6.1.2"):
        with pytest.raises(NotFound):
            score(number, 100, scope=head)
        with pytest.raises(NotFound):
            queries.criterion_view(head, criterion(number).id)


def test_a_head_whose_unit_leads_nothing_sees_no_row(units: dict[str, Unit]) -> None:
    load_real()
    table = queries.score_table(head_of(units["NCC"]), CODE)
    assert table.rows == () and table.findings == ()


def test_the_table_can_be_limited_to_one_lead(units: dict[str, Unit]) -> None:
    load_real()
    table = queries.score_table(EVERYWHERE, CODE, "GDNN")
    assert [r.number for r in table.rows] == ["7", "7.2", "7.3"]
    assert table.totals.maximum == 800


def test_the_whole_table_sums_its_fields_and_the_gap_of_each_lead(units: dict[str, Unit]) -> None:
    load_real()
    score("6.1.2", 150)
    score("6.1.1", 100)
    table = queries.score_table(EVERYWHERE, CODE)
    sums = table.totals
    assert (sums.maximum, sums.last_score, sums.target) == (10000, 8943, 9525)
    assert (sums.criteria, sums.scored, sums.score, sums.gap) == (26, 2, 250, 50)
    by_code = {gap.unit.code if gap.unit else "": gap.totals for gap in table.leads}
    assert list(by_code) == ["GDNN", "KHTC", "VP"]
    assert (by_code["KHTC"].criteria, by_code["KHTC"].scored, by_code["KHTC"].gap) == (11, 2, 50)
    assert table.last_year is not None and table.last_year.score == 8942
    assert len(table.findings) == 13


def test_an_unknown_table_is_not_found(units: dict[str, Unit]) -> None:
    with pytest.raises(NotFound):
        queries.score_table(EVERYWHERE, "khong-co")


# The year's result


def result(points: int = 9100, rank: int | None = 10, ranked: int | None = 22, source: str = "QĐ 1") -> YearResult:
    return service.record_result(CLERK, CODE, score=points, rank=rank, ranked=ranked, source=source)


def test_the_result_of_the_year_is_recorded_beside_the_year_before(units: dict[str, Unit]) -> None:
    load_real()
    result()
    table = queries.score_table(EVERYWHERE, CODE)
    assert table.this_year is not None and table.last_year is not None
    assert (table.this_year.year, table.this_year.rank, table.this_year.maximum) == (2024, 10, 10000)
    assert table.last_year.rank == 11


def test_recording_the_result_again_replaces_it_and_the_audit_trail_keeps_both(units: dict[str, Unit]) -> None:
    load_real()
    result()
    result(9200, 9)
    assert db.session.query(YearResult).filter_by(year=2024).one().rank == 9
    last = db.session.query(AuditEntry).order_by(AuditEntry.number.desc()).first()
    assert last.details["changed"]["result"] == [["91", 10, 22], ["92", 9, 22]]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"points": 10001}, "score"),
        ({"rank": 0}, "rank"),
        ({"rank": 23}, "rank"),
        ({"rank": None}, "rank"),
        ({"source": " "}, "source"),
    ],
)
def test_a_result_that_cannot_be_is_refused(units: dict[str, Unit], values: dict[str, Any], field: str) -> None:
    load_real()
    with pytest.raises(DomainError) as refused:
        result(**values)
    assert refused.value.field == field
    assert db.session.query(YearResult).filter_by(year=2024).count() == 0
