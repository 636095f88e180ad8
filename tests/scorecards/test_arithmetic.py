"""The audit of a score table's arithmetic: every finding of the real document, and each kind on its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from app.scorecards.arithmetic import TABLE, Column, FindingKind, ScoreFinding, audit, children_by_parent, rolled_up
from app.scorecards.reading import FieldStatement, YearStatement, read_statement, read_table
from tests.scorecards.score_samples import ANNEX, PLAN, line, table_of

MAXIMUM, LAST, TARGET = Column.MAXIMUM, Column.LAST_SCORE, Column.TARGET


def found(
    *lines: str, stated: YearStatement | None = None
) -> list[tuple[FindingKind, str, Column | None, object, object]]:
    return [told(f) for f in audit(read_table(table_of(*lines)).criteria, stated)]


def told(f: ScoreFinding) -> tuple[FindingKind, str, Column | None, object, object]:
    return f.kind, f.number, f.column, f.stated, f.found


def stated(score: int, maximum: int, *fields: FieldStatement) -> YearStatement:
    return YearStatement(2023, score, maximum, None, None, None, None, fields, 1)


def test_every_finding_of_the_real_document() -> None:
    table = read_table(ANNEX.read_text("utf-8"))
    findings = audit(table.criteria, read_statement(PLAN.read_text("utf-8")))
    below = FindingKind.SUM_OF_CHILDREN
    assert [(*told(f), f.line) for f in findings] == [
        (below, "1", MAXIMUM, 1550, 1250, 11),
        (below, "1", LAST, 1350, 1250, 11),
        (below, "1", TARGET, 1550, 1250, 11),
        (below, "1.3", MAXIMUM, 200, 500, 14),
        (below, "1.3", LAST, 200, 300, 14),
        (below, "1.3", TARGET, 200, 300, 14),
        (below, "6", TARGET, 825, 725, 44),
        (below, "6.1", TARGET, 300, 400, 45),
        (FindingKind.BELOW_LAST_YEAR, "6.1", TARGET, 300, 333, 45),
        (FindingKind.NO_MEASURES, "6.3.2", LAST, 0, 100, 56),
        (below, "7", LAST, 1685, 1704, 70),
        (FindingKind.TOTAL_OF_TEXT, TABLE, LAST, 8942, 8943, None),
        (FindingKind.TOTAL_OF_TABLE, TABLE, LAST, 8942, 8943, None),
    ]


def test_a_table_that_adds_up_has_no_findings() -> None:
    assert found(line("1", "5", "4", "5"), line("1.1", "3", "2", "3"), line("1.2", "2", "2", "2")) == []


def test_one_hundredth_of_a_point_is_a_finding() -> None:
    assert found(line("1", "5", "4", "5"), line("1.1", "3", "2", "3"), line("1.2", "2", "1,99", "2")) == [
        (FindingKind.SUM_OF_CHILDREN, "1", LAST, 400, 399)
    ]


def test_a_score_above_its_maximum_is_a_finding() -> None:
    assert found(line("1", "3", "3,5", "3,5")) == [
        (FindingKind.ABOVE_MAXIMUM, "1", LAST, 350, 300),
        (FindingKind.ABOVE_MAXIMUM, "1", TARGET, 350, 300),
    ]


def test_a_target_at_last_year_s_score_is_none() -> None:
    assert found(line("1", "3", "2", "2")) == []


def test_a_target_below_last_year_is_a_finding() -> None:
    assert found(line("1", "3", "2", "1,99")) == [(FindingKind.BELOW_LAST_YEAR, "1", TARGET, 199, 200)]


def test_a_number_that_is_skipped_is_a_finding() -> None:
    lines = [line("1", "4", "4", "4"), line("1.1", "2", "2", "2"), line("1.3", "2", "2", "2"), line("3", "1", "1", "1")]
    findings = audit(read_table(table_of(*lines)).criteria)
    assert [(f.kind, f.number, f.other) for f in findings] == [
        (FindingKind.NUMBER_SKIPPED, "3", "2"),
        (FindingKind.NUMBER_SKIPPED, "1.3", "1.2"),
    ]


def test_points_lost_without_measures_are_a_finding_only_where_nothing_is_below() -> None:
    def without(text: str) -> str:
        return text.replace("Làm tốt", "")

    lines = [without(line("1", "3", "2", "3")), without(line("1.1", "3", "2", "3"))]
    assert found(*lines) == [(FindingKind.NO_MEASURES, "1.1", LAST, 200, 300)]
    assert found(without(line("1", "3", "3", "3"))) == []


def test_a_field_that_text_and_table_state_differently_is_a_finding() -> None:
    said = stated(300, 400, FieldStatement("1", "Một", 300, 400, 7))
    assert found(line("1", "3", "2", "3"), stated=said) == [
        (FindingKind.FIELD_IN_TEXT, "1", LAST, 300, 200),
        (FindingKind.FIELD_IN_TEXT, "1", MAXIMUM, 400, 300),
        (FindingKind.TOTAL_OF_TABLE, TABLE, LAST, 300, 200),
        (FindingKind.TOTAL_OF_TABLE, TABLE, MAXIMUM, 400, 300),
    ]


def test_a_field_that_only_one_of_them_has_is_a_finding() -> None:
    said = stated(200, 300, FieldStatement("2", "Hai", 200, 300, 7))
    assert found(line("1", "3", "2", "3"), stated=said) == [
        (FindingKind.FIELD_MISSING, "1", None, None, 200),
        (FindingKind.FIELD_MISSING, "2", None, 200, None),
    ]


def test_a_total_that_its_own_fields_do_not_make_is_a_finding() -> None:
    said = stated(250, 300, FieldStatement("1", "Một", 200, 300, 7))
    assert found(line("1", "3", "2", "3"), stated=said) == [
        (FindingKind.TOTAL_OF_TEXT, TABLE, LAST, 250, 200),
        (FindingKind.TOTAL_OF_TABLE, TABLE, LAST, 250, 200),
    ]


@dataclass(frozen=True)
class Part:
    number: str
    maximum: int
    last_score: int
    target: int
    name: str = "Tiêu chí"
    measures: str = "Làm tốt"
    line: int | None = None


PARTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=6)


@given(PARTS, st.integers(-3, 3))
def test_a_parent_is_found_exactly_when_it_differs_from_its_children(
    points: list[tuple[int, int]], change: int
) -> None:
    children = [Part(f"1.{n}", high, min(low, high), high) for n, (high, low) in enumerate(points, 1)]
    own = Part(
        "1",
        max(0, sum(c.maximum for c in children) + change),
        sum(c.last_score for c in children),
        sum(c.target for c in children),
    )
    sums = [f for f in audit([own, *children]) if f.kind is FindingKind.SUM_OF_CHILDREN]
    assert bool(sums) == (own.maximum != sum(c.maximum for c in children))
    assert not audit([replace(own, maximum=sum(c.maximum for c in children)), *children])


@given(st.dictionaries(st.sampled_from(["1.1", "1.2.1", "1.2.2", "2"]), st.integers(0, 500)))
def test_a_live_score_rolls_up_only_when_every_part_is_scored(scores: dict[str, int]) -> None:
    below = children_by_parent(["1", "1.1", "1.2", "1.2.1", "1.2.2", "2"])
    parts = [scores.get(number) for number in ("1.1", "1.2.1", "1.2.2")]
    known = [part for part in parts if part is not None]
    expected = sum(known) if len(known) == 3 else None
    assert rolled_up(below, dict(scores), "1") == expected
    assert rolled_up(below, dict(scores), "2") == scores.get("2")
