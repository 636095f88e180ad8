"""Counters: the numbers of case codes, receipts and slips, each given out once, also to two desks at a time.

A counter has a name, and a first day (of the day, month or year) from which it counts anew; it begins at 0 and comes
into being when it is first asked for. Whoever raises or locks one holds it until their transaction ends, and what is
rolled back is given out again: on PostgreSQL its row is locked, and others wait only if they want the same counter; on
SQLite the database has one writer, who waits for and is waited for by every other, in this process and in others.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement
from sqlalchemy.dialects import postgresql, sqlite

from app.cases.models import CaseCounter
from app.extensions import db


def raise_counter(site: str, name: str, since: date, by: int = 1) -> int:
    """Take the next number, or the next few: the last of those taken now."""
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    raised: ColumnElement[int] = CaseCounter.last + by
    last: int = db.session.execute(
        dialect.insert(CaseCounter)
        .values(site=site, prefix=name, day=since, last=by)
        .on_conflict_do_update(index_elements=["site", "prefix", "day"], set_={"last": raised})
        .returning(CaseCounter.last)
    ).scalar_one()
    return last


def lock_counter(site: str, name: str, since: date) -> int:
    """Keep others from taking a number while it is looked whether one is needed: the last number given so far."""
    return raise_counter(site, name, since, by=0)
