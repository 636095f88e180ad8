"""Whose a record was at an instant, after units were succeeded: the one place that reads `passed_records`.

A record's own row says whose it is now. What passed is remembered beside it, so that a period that lies before is
counted as it was. Only such a period asks: every other one reads the row alone, and its indexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.engine import Connection

from app.organisation.models import PassedRecord
from app.web.once import once

AN_INSTANT = timedelta(microseconds=1)


def passed_since(connection: Connection, site: str, start: datetime, *kinds: str) -> bool:
    """Whether records of these kinds passed after that instant: a period that begins then must ask whose they were."""
    last = once("last passings", lambda: _last_passings(connection, site))
    return any(last[kind] > start for kind in kinds if kind in last)


def _last_passings(connection: Connection, site: str) -> dict[str, datetime]:
    """Until when the record of each kind was its former unit's that passed last."""
    p = PassedRecord
    found = select(p.kind, func.max(p.until_at).label("last")).where(p.site == site).group_by(p.kind)
    return {row.kind: row.last for row in connection.execute(found)}


def unit_then(
    table: Any, kind: str, at: Any, *, unit: Any = None, record: Any = None, passed: Sequence[Any] = ()
) -> ColumnElement[int]:
    """SQL: the unit whose record of that table it was at an instant, or at that of a column. Seen from `as_of`, ask of
    the instant before it: a record passes at the end of a day, and what is looked at then was still the former's.

    `unit` and `record` are the columns that name whose it is now and which it is; `passed`: more that must be so.
    """
    p = PassedRecord
    key = table.id if record is None else record
    had = (
        select(p.unit_id)
        .where(p.site == table.site, p.kind == kind, p.record_id == key, p.until_at > at, *passed)
        .order_by(p.until_at, p.id)
        .limit(1)
        .correlate(table)
        .scalar_subquery()
    )
    return func.coalesce(had, table.unit_id if unit is None else unit)


def owner(connection: Connection, site: str, table: Any, kind: str, at: datetime, *, unit: Any = None) -> Any:
    """The column, or SQL, for the unit whose record of that table it was at an instant (see `unit_then`)."""
    if passed_since(connection, site, at, kind):
        return unit_then(table, kind, at, unit=unit)
    return table.unit_id if unit is None else unit
