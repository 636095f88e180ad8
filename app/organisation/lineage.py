"""Who succeeds whom among units, read from `unit_successions`: the one place that follows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from app.core.errors import DomainError
from app.organisation.models import Unit, UnitSuccession
from app.web.extensions import db
from app.web.once import once

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
    s = UnitSuccession
    rows = db.session.execute(
        select(s.unit_id, s.successor_id, s.last_day, s.is_default, s.passes).where(s.site == site).order_by(s.id)
    ).all()
    found: dict[int, _Heirs] = {}
    for unit_id, successor_id, last_day, is_default, passes in rows:
        known = found.get(unit_id) or _Heirs(last_day, None)
        chosen = dict.fromkeys(passes.get("procedures", ()), successor_id) if successor_id is not None else {}
        default = successor_id if is_default else known.default
        found[unit_id] = _Heirs(last_day, default, known.by_procedure | chosen)
    return Lineage(found)


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
