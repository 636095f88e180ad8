"""The years of the calendar stand in the code: nobody loads every country's holidays to know them."""

from __future__ import annotations

import holidays

from app.core.working_days import FIRST_YEAR, LAST_YEAR, last_announced_year, package_version


def test_the_calendar_covers_the_years_that_the_package_knows() -> None:
    vietnam = holidays.country_holidays("VN")

    assert (vietnam.start_year, vietnam.end_year) == (FIRST_YEAR, LAST_YEAR)
    assert last_announced_year() >= 2025
    assert package_version() == holidays.__version__
