"""What the score tables tell the engine: criteria at their lead units, fields, and the year's result."""

from __future__ import annotations

from typing import Any

import pytest

from app.core import facts
from app.core.periods import Period
from app.organisation.models import Unit
from app.scorecards import service
from app.scorecards.loading import load_table
from app.scorecards.reading import read_table
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE
from tests.scorecards.score_samples import CODE, criterion, line, load_real, score_department, table_of


@pytest.fixture
def units(session: Any) -> dict[str, Unit]:
    return score_department()


def told(kind: str, period: str = "2024", units: tuple[str, ...] | None = None) -> dict[str, facts.Fact]:
    """The facts of a kind by their number, or by unit."""
    asked = Period.parse(period)
    start, end = asked.bounds("Asia/Ho_Chi_Minh")
    query = facts.FactQuery("TEST", asked, start, end, as_of=end, units=units)
    found = facts.gather(db.session.connection(), query, [kind])
    return {fact.get("number", fact["unit"]): fact for fact in found}


def score(number: str, points: int) -> None:
    service.score_criterion(CLERK, EVERYWHERE, criterion(number).id, score=points, evidence="Báo cáo")


def test_each_criterion_is_told_at_its_lead_unit_and_the_rest_at_the_department(units: dict[str, Unit]) -> None:
    load_real()
    found = told("criterion")
    assert len(found) == 32
    assert {number: found[number]["unit"] for number in ("1", "1.1", "6", "6.1.2", "7.3")} == {
        "1": "SO",
        "1.1": "VP",
        "6": "SO",
        "6.1.2": "KHTC",
        "7.3": "GDNN",
    }
    assert found["6.1.2"]["subject"] == "dn-2024-annex:6.1.2"


def test_a_parent_s_fact_carries_its_children_s_sums(units: dict[str, Unit]) -> None:
    load_real()
    fact = told("criterion")["6.1"]
    assert (fact["children"], fact["has_children"], fact["is_leaf"]) == (3, True, False)
    assert (fact["maximum"], fact["last_score"], fact["target"]) == (400, 333, 300)
    assert (fact["children_maximum"], fact["children_last_score"], fact["children_target"]) == (400, 333, 400)


def test_a_score_below_the_target_is_told_and_one_at_it_is_not(units: dict[str, Unit]) -> None:
    load_real()
    score("6.1.2", 199)
    score("6.1.1", 100)
    found = told("criterion")
    assert (found["6.1.2"]["scored"], found["6.1.2"]["self_score"], found["6.1.2"]["below_target"]) == (True, 199, True)
    assert (found["6.1.1"]["scored"], found["6.1.1"]["below_target"]) == (True, False)
    assert (found["6.1.3"]["scored"], found["6.1.3"]["self_score"], found["6.1.3"]["below_target"]) == (False, 0, False)
    assert found["6.1"]["scored"] is False


def test_a_score_given_after_the_year_counts_for_it(units: dict[str, Unit], freeze: Any) -> None:
    load_real()
    freeze("2025-02-10 08:00")
    score("6.1.2", 150)
    assert told("criterion")["6.1.2"]["self_score"] == 150


@pytest.mark.parametrize(
    ("period", "number"), [("2024", 32), ("2024-06", 32), ("2024-Q4", 32), ("2023", 0), ("2025", 0)]
)
def test_the_table_is_told_in_every_period_that_ends_in_its_year(
    units: dict[str, Unit], period: str, number: int
) -> None:
    load_real()
    assert len(told("criterion", period)) == number


def test_only_the_units_asked_for_are_told(units: dict[str, Unit]) -> None:
    load_real()
    assert set(told("criterion", units=("GDNN",))) == {"7.2", "7.3"}
    assert told("index_result", units=("GDNN",)) == {}


def test_each_field_is_told_with_what_text_and_table_state(units: dict[str, Unit]) -> None:
    load_real()
    found = told("score_field")
    assert list(found) == ["1", "2", "3", "4", "5", "6", "7"]
    six = found["6"]
    assert (six["unit"], six["stated_score"], six["table_score"]) == ("SO", 758, 758)
    assert (six["stated_maximum"], six["table_maximum"], six["in_text"], six["in_table"]) == (1100, 1100, True, True)


def test_without_the_plan_s_text_no_field_can_be_compared(units: dict[str, Unit]) -> None:
    load_table(CLERK, CODE, read_table(table_of(line("1"))))
    assert told("score_field") == {}
    assert told("index_result")["SO"]["rank_last_year"] == 0


def test_a_rank_not_yet_announced_is_told_as_such(units: dict[str, Unit]) -> None:
    load_real()
    fact = told("index_result")["SO"]
    assert (fact["ranked"], fact["rank_this_year"], fact["rank_last_year"]) == (False, 0, 11)
    assert (fact["rank_moved"], fact["places_moved"]) == ("", 0)
    assert (fact["score_last_year"], fact["text_fields_score"], fact["table_fields_score"]) == (8942, 8943, 8943)


@pytest.mark.parametrize(("rank", "moved", "places"), [(10, "up", 1), (11, "same", 0), (13, "down", 2), (1, "up", 10)])
def test_a_rank_that_fell_fell_by_so_many_places(units: dict[str, Unit], rank: int, moved: str, places: int) -> None:
    load_real()
    service.record_result(CLERK, CODE, score=9000, rank=rank, ranked=22, source="QĐ 1")
    fact = told("index_result")["SO"]
    assert (fact["ranked"], fact["rank_this_year"], fact["rank_last_year"]) == (True, rank, 11)
    assert (fact["rank_moved"], fact["places_moved"]) == (moved, places)


def test_a_site_without_a_table_tells_nothing(units: dict[str, Unit]) -> None:
    assert told("criterion") == {} and told("index_result") == {}
