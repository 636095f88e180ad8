"""Receipt numbers (số biên lai): `BL-{year}-{number of the year}`, given out once, also to two desks at a time."""

from __future__ import annotations

from datetime import date

from app.cases.counters import raise_counter

SERIES = "bien-lai"  # no prefix of case codes: those have no hyphen


def next_receipt_number(site: str, year: int) -> str:
    """The next number of the year's series. What is rolled back is given out again: the series has no gaps.

    The counter stays locked until the payment itself is written.
    """
    return receipt_number(year, raise_counter(site, SERIES, date(year, 1, 1)))


def receipt_number(year: int, number: int) -> str:
    """As it is printed."""
    return f"BL-{year}-{number:06d}"
