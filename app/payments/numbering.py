"""Receipt numbers (số biên lai): `BL-{year}-{number of the year}`, given out once, also to two desks at a time."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement
from sqlalchemy.dialects import postgresql, sqlite

from app.cases.models import CaseCounter
from app.extensions import db

SERIES = "bien-lai"  # no prefix of case codes: those have no hyphen


def next_receipt_number(site: str, year: int) -> str:
    """The next number of the year's series. What is rolled back is given out again: the series has no gaps.

    The counter's row stays locked until the payment itself is written.
    """
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    raised: ColumnElement[int] = CaseCounter.last + 1
    number = db.session.scalar(
        dialect.insert(CaseCounter)
        .values(site=site, prefix=SERIES, day=date(year, 1, 1), last=1)
        .on_conflict_do_update(index_elements=["site", "prefix", "day"], set_={"last": raised})
        .returning(CaseCounter.last)
    )
    return receipt_number(year, number or 0)


def receipt_number(year: int, number: int) -> str:
    """As it is printed."""
    return f"BL-{year}-{number:06d}"
