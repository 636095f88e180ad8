"""The years of the calendar stand in the code: nobody loads every country's holidays to know them."""

from __future__ import annotations

import holidays

from app.core.working_days import FIRST_YEAR, LAST_YEAR, SATURDAY, official_years, package_version, public_holidays


def test_the_calendar_covers_the_years_that_the_package_knows() -> None:
    vietnam = holidays.country_holidays("VN")

    assert (vietnam.start_year, vietnam.end_year) == (FIRST_YEAR, LAST_YEAR)
    assert package_version() == holidays.__version__


def test_the_years_shipped_name_their_announcements_and_are_whole() -> None:
    assert list(official_years()) == list(range(2019, 2027))
    for year, official in official_years().items():
        days, english = official.days, official_years("en")[year].days
        assert official.sources and official.checked
        assert days.names.keys() == english.names.keys()
        assert all(worked.weekday() == SATURDAY and off.weekday() < SATURDAY for worked, off in days.swapped.items())
        assert set(days.swapped.values()) <= days.names.keys()
        assert {day.year for day in days.names} <= {year - 1, year}
        # New Year, five days of Tết, the Kings, 30 April, 1 May, National Day (two days since 2021), at the least.
        exchanged = len(days.swapped) + sum("nghỉ bù" in name for name in days.names.values())
        assert len(days.names) - exchanged - ("Ngày Văn hóa Việt Nam" in days.names.values()) >= 11 - (year < 2021)
        assert public_holidays(year) == official.days
