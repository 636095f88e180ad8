"""Which periods the four reports offer to choose from."""

from __future__ import annotations

from datetime import date

from flask import Flask

from app.core.periods import Period, PeriodKind
from app.reporting.forms import last_periods, period_choices, usual

DAY = date(2024, 7, 1)


def test_the_last_of_each_length_from_the_day_backwards() -> None:
    found = last_periods({PeriodKind.MONTH: 2, PeriodKind.YEAR: 1}, DAY)
    assert {each.key for each in found} == {"2024-07", "2024-06", "2024"}
    first = last_periods({PeriodKind.QUARTER: 4}, DAY, lambda each: each.key.endswith(("Q1", "Q3")))
    assert {each.key for each in first} == {"2024-Q3", "2024-Q1"}
    assert usual([PeriodKind.MONTH, PeriodKind.HALF]) == {PeriodKind.MONTH: 18, PeriodKind.HALF: 4}


def test_they_stand_by_length_or_by_their_end(app: Flask) -> None:
    periods = [Period.parse(key) for key in ("2024-05", "2024-Q2", "2024-07", "2023")]
    with app.test_request_context():
        assert [key for key, _label in period_choices(periods)] == ["2024-07", "2024-05", "2024-Q2", "2023"]
        by_end = [key for key, _label in period_choices(periods, latest_first=True)]
        assert by_end == ["2024-07", "2024-Q2", "2024-05", "2023"]
        assert dict(period_choices(periods[:1])) == {"2024-05": "Tháng 5/2024"}
