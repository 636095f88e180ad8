"""Who succeeds whom among units, and whose a record was at an instant: the one place that follows `unit_successions`
and reads `passed_records`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.orm import contains_eager

from app.core.errors import DomainError
from app.core.facts import FactQuery
from app.organisation.models import PassedRecord, Unit, UnitKind, UnitSuccession
from app.web.extensions import db
from app.web.once import once

# Who succeeds whom among units, read from `unit_successions`: the one place that follows it.

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Heirs:
    """Of one unit that is gone."""

    last_day: date
    default: int | None
    by_procedure: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lineage:
    """Successors and predecessors of a site's units, by their ids."""

    heirs: dict[int, _Heirs]

    def heir(self, unit_id: int, day: date, procedure: str = "") -> int:
        """Who answers on that day for what the unit had (of a procedure, by its code): itself while it is in being."""
        while (gone := self.heirs.get(unit_id)) is not None and gone.last_day < day:
            successor = gone.by_procedure.get(procedure) or gone.default
            if successor is None:
                break
            unit_id = successor
        return unit_id

    def steps(self, unit_id: int, day: date, procedure: str = "") -> Iterator[tuple[date, int, int]]:
        """How what the unit had on that day passed since: last day, from whom, to whom, the earliest first."""
        while (gone := self.heirs.get(unit_id)) is not None:
            successor = gone.by_procedure.get(procedure) or gone.default
            if successor is None:
                return
            if gone.last_day >= day:
                yield gone.last_day, unit_id, successor
            unit_id = successor

    def answers_for(self, unit_ids: Collection[int]) -> set[int]:
        """These units and those that they succeeded as the default one, however far back."""
        return set(unit_ids) | {gone for gone in self.heirs if self.heir(gone, date.max) in unit_ids}

    def forebears(self, unit_id: int) -> set[int]:
        """Every unit that this one succeeded in anything, however far back."""
        found: set[int] = set()
        seek = {unit_id}
        while seek:
            before = {
                gone for gone, heirs in self.heirs.items() if seek & {heirs.default, *heirs.by_procedure.values()}
            }
            seek = before - found
            found |= before
        return found


def lineage(site: str) -> Lineage:
    """The site's successions. A few rows, read once for a page."""
    return once("lineage", lambda: _read(site))


def _read(site: str) -> Lineage:
    rows = db.session.execute(_SUCCESSIONS, {"site": site}).all()
    found: dict[int, _Heirs] = {}
    for unit_id, successor_id, last_day, is_default, passes in rows:
        known = found.get(unit_id) or _Heirs(last_day, None)
        chosen = dict.fromkeys(passes.get("procedures", ()), successor_id) if successor_id is not None else {}
        default = successor_id if is_default else known.default
        found[unit_id] = _Heirs(last_day, default, known.by_procedure | chosen)
    return Lineage(found)


class UnitSpan(NamedTuple):
    """A unit, and its first and last day; None where nobody said one."""

    id: int
    code: str
    kind: UnitKind
    valid_from: date | None
    valid_to: date | None

    def is_in_being(self, first: date, last: date) -> bool:
        """On some day from the first to the last."""
        begun = self.valid_from is None or self.valid_from <= last
        return begun and (self.valid_to is None or self.valid_to >= first)


def unit_spans(connection: Connection, site: str, codes: Collection[str] | None = None) -> list[UnitSpan]:
    """The site's units, or those of these codes, in the order of the tree: every source of facts asks, so they are
    read once for a page or a check."""
    every = once(f"unit spans of {site}", lambda: _spans(connection, site))
    return every if codes is None else [unit for unit in every if unit.code in codes]


def unit_codes(connection: Connection, query: FactQuery) -> dict[int, str]:
    """Codes of the units that facts are asked of, by id."""
    return {unit.id: unit.code for unit in unit_spans(connection, query.site, query.units)}


def _spans(connection: Connection, site: str) -> list[UnitSpan]:
    return [UnitSpan._make(row) for row in connection.execute(_SPANS, {"site": site})]


_SPANS = (  # this and the successions are asked by every page with figures of units: put together once
    select(Unit.id, Unit.code, Unit.kind, Unit.valid_from, Unit.valid_to)
    .where(Unit.site == bindparam("site"))
    .order_by(Unit.path)
)
_S = UnitSuccession
_SUCCESSIONS = (
    select(_S.unit_id, _S.successor_id, _S.last_day, _S.is_default, _S.passes)
    .where(_S.site == bindparam("site"))
    .order_by(_S.id)
)


def successions_of(site: str, unit_ids: Iterable[int]) -> dict[int, list[UnitSuccession]]:
    """How those units ended, the default successor first; units still in being are left out."""
    chosen = (
        select(UnitSuccession)
        .join(UnitSuccession.unit)
        .where(UnitSuccession.site == site, UnitSuccession.unit_id.in_(list(unit_ids)))
        .options(contains_eager(UnitSuccession.unit))
        .order_by(UnitSuccession.is_default.desc(), UnitSuccession.id)
    )
    found: dict[int, list[UnitSuccession]] = defaultdict(list)
    for row in db.session.scalars(chosen):
        found[row.unit_id].append(row)
    return dict(found)


def in_being(unit: Unit, day: date, field: str | None = None) -> Unit:
    """The unit. Raises DomainError, naming who took over, for one whose last day is before that day."""
    if unit.valid_to is None or day <= unit.valid_to:
        return unit
    heirs = successors_named(successions_of(unit.site, [unit.id]).get(unit.id, ()))
    since = f"{unit.valid_to + ONE_DAY:%d/%m/%Y}"
    if not heirs:
        raise DomainError("“%(unit)s” đã giải thể từ ngày %(day)s.", field=field, unit=unit.name, day=since)
    raise DomainError(
        "“%(unit)s” đã giải thể từ ngày %(day)s, kế thừa: %(successors)s. Hãy chọn đơn vị kế thừa.",
        field=field,
        unit=unit.name,
        day=since,
        successors=heirs,
    )


def successors_named(rows: Sequence[UnitSuccession]) -> str:
    """The names of the successors, the default one first; empty when there is none."""
    return ", ".join(row.successor.name for row in rows if row.successor is not None)


# Whose a record was at an instant, after units were succeeded: the one place that reads `passed_records`.
#
# A record's own row says whose it is now. What passed is remembered beside it, so that a period that lies before is
# counted as it was. Only such a period asks: every other one reads the row alone, and its indexes.

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
