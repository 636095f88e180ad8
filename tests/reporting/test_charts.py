"""Where a chart's points lie, worked out by hand: a share of 1 at 12, of 0 at 76, months 20 apart."""

from __future__ import annotations

from fractions import Fraction

from app.compliance.overview import RatePoint, last_months
from app.core.periods import Period
from app.reporting.overview import Chart, Mark, drawn
from app.rulepacks.language import Status

MONTHS = last_months(Period.parse("2024-06"))


def point(of: int, among: int, target: str | None, status: Status | None) -> RatePoint:
    return RatePoint(of, among, "at_least", Fraction(target) if target else None, status)


def words(each: RatePoint) -> str:
    return f"{each.numerator}/{each.denominator}"


def test_the_line_is_broken_where_nothing_was_counted() -> None:
    points = {
        MONTHS[0]: point(1, 1, "1/2", Status.PASS),
        MONTHS[1]: point(0, 4, "1/2", Status.FAIL),
        MONTHS[11]: point(1, 4, None, None),
    }
    chart = drawn(MONTHS, points, words)
    assert chart.path == "M10 12.0 L30 76.0 M230 60.0"
    assert chart.marks[:2] == (Mark("hit", 10, 12.0, "1/1"), Mark("miss", 30, 76.0, "0/4"))
    assert (chart.marks[2], chart.last) == (None, Mark("plain", 230, 60.0, "1/4"))
    assert (chart.words_y, chart.target_y) == (60.0, None)


def test_two_words_never_lie_on_each_other() -> None:
    """A target of a half lies at 44: 50 % is written below it, 60 % (37.6) above it, 90 % (18.4) at its own point."""
    found = {of: drawn(MONTHS, {MONTHS[11]: point(of, 10, "1/2", Status.PASS)}, words) for of in (5, 6, 9)}
    assert {chart.target_y for chart in found.values()} == {44.0}
    assert {of: chart.words_y for of, chart in found.items()} == {5: 57.0, 6: 31.0, 9: 18.4}


def test_without_figures_nothing_is_drawn() -> None:
    assert drawn(MONTHS, {}, words) == Chart("", (None,) * 12, None, None)
