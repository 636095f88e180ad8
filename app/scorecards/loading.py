"""Enters a score table, read whole from its document, and what its plan states of the year's result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import Conflict, DomainError
from app.organisation import audit
from app.organisation.access import Actor, site
from app.organisation.audit import transaction
from app.organisation.models import Unit
from app.organisation.permissions import Capability, needs
from app.organisation.queries import units_in_being_by_key
from app.scorecards import queries
from app.scorecards.arithmetic import parent_of
from app.scorecards.models import Criterion, YearResult
from app.scorecards.reading import PrintedCriterion, PrintedTable, YearStatement, first_lead, unknown_leads
from app.web.extensions import db

_PLACE = frozenset({"row", "source_line"})  # a criterion that only moved says nothing else
_CODE = re.compile(r"[a-z0-9][a-z0-9.\-]{0,31}")


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """What loading a table did, counted in criteria."""

    table: str
    year: int
    new: int
    changed: tuple[str, ...]
    """Numbers of the criteria that the document now says otherwise."""
    gone: tuple[str, ...]
    unchanged: int
    mapped: tuple[str, ...]
    """Numbers of the criteria known before, whose lead is known only now."""
    result_changed: bool
    """Whether the stated result of the year before is new, or says otherwise."""
    unmapped: tuple[tuple[str, str], ...]
    """(number, name) of each lead that is no unit of the site."""

    @property
    def anything(self) -> bool:
        """Whether anything was to be written."""
        return bool(self.new or self.changed or self.gone or self.mapped or self.result_changed)


@needs(Capability.KEEP_SCORE_TABLES)
def load_table(
    by: Actor,
    code: str,
    printed: PrintedTable,
    stated: YearStatement | None = None,
    *,
    source: str = "",
    keep: bool = True,
) -> LoadedTable:
    """Enter a table under its document's code. Loading the same again changes nothing.

    A criterion that reads otherwise is changed, one that is no longer in the document removed; self-scores are
    kept. `keep=False` only tries. Raises DomainError when a criterion with a score would be removed or would get
    others below it, or the text speaks of another year; Conflict when the year has another table already.
    """
    code = code.strip().lower()
    with transaction() as session:
        _check(code, printed, stated)
        loading = _Loading(code, printed.year, units_in_being_by_key(), queries.criteria_by_number(code))
        loading.refuse_lost_scores(printed)
        loading.write(printed)
        result_changed = stated is not None and _state_result(code, stated, source)
        loaded = loading.outcome(result_changed)
        if loaded.anything and keep:
            audit.record(
                by,
                "load_score_table",
                "score_table",
                code,
                year=loaded.year,
                new=loaded.new,
                changed_criteria=list(loaded.changed),
                removed=list(loaded.gone),
                mapped=list(loaded.mapped),
                source=source,
            )
        if not keep:
            session.rollback()
    return loaded


def _check(code: str, printed: PrintedTable, stated: YearStatement | None) -> None:
    if not _CODE.fullmatch(code):
        raise DomainError(
            "Mã bảng điểm “%(code)s” không dùng được: chỉ gồm chữ thường không dấu, số, dấu gạch và dấu chấm.",
            field="code",
            code=code[:40],
        )
    if stated is not None and stated.year != printed.year - 1:
        raise DomainError(
            "Văn bản nói kết quả năm %(stated)s, nhưng bảng ghi điểm đạt được năm %(table)s.",
            field="text",
            stated=stated.year,
            table=printed.year - 1,
        )
    other = queries.table_of_year(printed.year)
    if other is not None and other != code:
        raise Conflict(
            "Năm %(year)s đã có bảng điểm %(other)s; mỗi năm một bảng.", field="code", year=printed.year, other=other
        )


@dataclass(slots=True)
class _Loading:
    """One loading at work."""

    table: str
    year: int
    units: Mapping[str, Unit]
    known: dict[str, Criterion]
    new: int = 0
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    mapped: list[str] = field(default_factory=list)
    unmapped: list[tuple[str, str]] = field(default_factory=list)

    def refuse_lost_scores(self, printed: PrintedTable) -> None:
        """A score given must not lose its place."""
        numbers = {criterion.number for criterion in printed.criteria}
        parents = {criterion.parent for criterion in printed.criteria}
        scored = queries.scored_numbers(self.table)
        for number in self.known:
            if number in scored and number not in numbers:
                raise DomainError("Tiêu chí %(n)s đã được chấm điểm nhưng không còn trong văn bản.", n=number)
            if number in scored and number in parents:
                raise DomainError("Tiêu chí %(n)s đã được chấm điểm, nay lại có tiêu chí thành phần.", n=number)

    def write(self, printed: PrintedTable) -> None:
        self._make_room(printed)
        ids: dict[str, int] = {}
        for row, line in enumerate(printed.criteria, 1):
            criterion = self._criterion(row, line, ids.get(parent_of(line.number)))
            ids[line.number] = criterion.id
            self.unmapped += [(line.number, name) for name in unknown_leads(line.lead, self.units)]

    def _make_room(self, printed: PrintedTable) -> None:
        """Criteria no longer printed go, the lowest first; where the order has changed, rows are freed."""
        numbers = [criterion.number for criterion in printed.criteria]
        for number in reversed(list(self.known)):
            if number not in numbers:
                db.session.delete(self.known.pop(number))
                db.session.flush()
                self.gone.append(number)
        if any(self.known[number].row != row for row, number in enumerate(numbers, 1) if number in self.known):
            for criterion in self.known.values():
                criterion.row = -criterion.row
            db.session.flush()

    def _criterion(self, row: int, line: PrintedCriterion, parent_id: int | None) -> Criterion:
        values = _values(row, line, self.year, parent_id)
        criterion = self.known.get(line.number)
        if criterion is None:
            self.new += 1
            criterion = Criterion(site=site(), table=self.table, number=line.number, **values)
            db.session.add(criterion)
        elif any(getattr(criterion, name) != value for name, value in values.items() if name not in _PLACE):
            self.changed.append(line.number)
            if criterion.lead_text != line.lead:
                criterion.lead_unit_id = None
            criterion.revision += 1
        for name, value in values.items():
            setattr(criterion, name, value)
        # A person's choice of unit stays as long as the words do; a spelling learnt since is used.
        if criterion.lead_unit_id is None and (unit := first_lead(line.lead, self.units)):
            criterion.lead_unit_id = unit.id
            if line.number in self.known and line.number not in self.changed:
                self.mapped.append(line.number)
        db.session.flush()
        return criterion

    def outcome(self, result_changed: bool) -> LoadedTable:
        unchanged = len(self.known) - len(self.changed)
        return LoadedTable(
            self.table,
            self.year,
            self.new,
            tuple(self.changed),
            tuple(self.gone),
            unchanged,
            tuple(self.mapped),
            result_changed,
            tuple(self.unmapped),
        )


def _values(row: int, line: PrintedCriterion, year: int, parent_id: int | None) -> dict[str, Any]:
    return {
        "row": row,
        "year": year,
        "parent_id": parent_id,
        "name": line.name,
        "maximum": line.maximum,
        "last_score": line.last_score,
        "target": line.target,
        "measures": line.measures,
        "lead_text": line.lead,
        "cooperating_text": line.cooperating,
        "source_line": line.line,
    }


def _state_result(code: str, stated: YearStatement, source: str) -> bool:
    """Keep the result as the plan's text states it. Whether it is new, or says otherwise."""
    values: dict[str, Any] = {
        "score": stated.score,
        "maximum": stated.maximum,
        "rank": stated.rank,
        "ranked": stated.ranked,
        "rank_change": stated.rank_change,
        "rank_gain": stated.rank_gain,
        "fields": [
            {"number": f.number, "name": f.name, "score": f.score, "maximum": f.maximum, "line": f.line}
            for f in stated.fields
        ],
        "source": source,
    }
    result = queries.year_result(code, stated.year)
    if result is None:
        db.session.add(YearResult(site=site(), table=code, year=stated.year, **values))
        db.session.flush()
        return True
    changed = any(getattr(result, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(result, name, value)
    return changed
