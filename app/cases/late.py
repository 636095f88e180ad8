"""Late cases as the facts need them: which they are, whose they were, and those after which something is owed.

Most of what is late in a month was late in the month before. A check judges both, and its sources of facts ask for the
same cases again and again: what is owed after is read once (`owing`), and told of each period as of its own end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Select, Subquery, func, literal, or_, select, union_all
from sqlalchemy.engine import Connection, Row

from app.cases import population
from app.cases.explanations.models import Apology, Explanation
from app.cases.models import Case, CaseStage
from app.core.facts import FactQuery
from app.organisation.calendars import site_calendar
from app.organisation.lineage import AN_INSTANT, passed_since
from app.procedures.models import Procedure, ProcedureVersion
from app.web.once import once

_AT_ONCE = 1000
"""Cases asked for in one statement, and rows in the hand at a time."""


def whose(table: type[Case] | type[CaseStage], at: Any, query: FactQuery, connection: Connection) -> Any:
    """The unit to count a row for: whose it was at that instant. Only where something passed since the period began is
    it looked up row by row; else it is the row's own, as the indexes have it."""
    return population.unit_then(table, at) if _has_passed(query, connection) else table.unit_id


def holder_of(query: FactQuery, connection: Connection) -> Any:
    """The unit that had a case at `as_of`, as far as successions tell."""
    if not _has_passed(query, connection):
        return Case.holder_unit_id
    return population.holder_then(query.as_of - AN_INSTANT)


def _has_passed(query: FactQuery, connection: Connection) -> bool:
    kinds = population.ACCOUNTABLE, population.HELD, population.STAY
    return passed_since(connection, query.site, query.start, *kinds)


def late_rows(table: type[Case] | type[CaseStage], query: FactQuery, *columns: Any, connection: Connection) -> Subquery:
    """Every row that is late in the period; `ended` is 1 for those that ended in it, 0 for those still open at
    `as_of`: open now, or ended since then. Each of the three is read from an index that holds no others, and
    they are joined before anything is counted, so that no database looks for them in the order of the count.
    """
    owner = whose(table, query.as_of - AN_INSTANT, query, connection)
    ended, still_open = (
        select(unit.label("unit_id"), *columns, literal(value).label("ended")).where(table.site == query.site)
        for unit, value in ((table.unit_id, 1), (owner, 0))  # what ended passes to nobody
    )
    past_due = still_open.where(population.past_due(table, query.as_of))
    return union_all(
        ended.where(population.finished_late(table, query.start, query.end)),
        *(past_due.where(still) for still in population.still_open(table, query.as_of)),
    ).subquery()


class LateCase(NamedTuple):
    """A late case. Whose it is, and who has it, is as of the instant for which it was read."""

    id: int
    unit_id: int
    code: str
    procedure: str
    late_after: datetime
    ended_at: datetime | None
    result_at: datetime | None
    holder_id: int
    officer: str
    explained_at: datetime | None
    """When its head first explained it, in words that were not given back."""
    apologised_at: datetime | None
    """When its lateness was first apologised for, after it had begun."""


_EXPLAINED = Explanation.case_id == Case.id, Explanation.by_head, Explanation.accepted.is_not(False)
_APOLOGISED = Apology.case_id == Case.id, ~Apology.wrong, Apology.sent_at > Case.late_after


def late_cases(connection: Connection, query: FactQuery, ids: Any) -> Iterator[LateCase]:
    """The cases with the ids that a statement finds; rows are not held in memory."""
    found = (
        select(
            Case.id,
            whose(Case, query.as_of - AN_INSTANT, query, connection),
            Case.code,
            Procedure.code,
            Case.late_after,
            Case.ended_at,
            Case.result_at,
            holder_of(query, connection),
            Case.officer,
            select(func.min(Explanation.sent_at)).where(*_EXPLAINED).scalar_subquery(),
            select(func.min(Apology.sent_at)).where(*_APOLOGISED).scalar_subquery(),
        )
        .join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
        .join(Procedure, Procedure.id == ProcedureVersion.procedure_id)
        .where(Case.id.in_(ids))
        .execution_options(yield_per=_AT_ONCE)
    )
    return map(LateCase._make, chain.from_iterable(connection.execute(found).partitions()))


@dataclass(frozen=True, slots=True)
class OwingCases:
    """The cases after which something is owed in a period, by their codes, and what was written about them."""

    cases: Sequence[LateCase]
    said: Mapping[int, Sequence[Row[int, bool, datetime, bool | None, datetime | None]]]
    """By case: what explains it, the first sent first."""
    letters: Mapping[int, Sequence[Row[int, datetime, datetime | None]]]
    """By case: the apologies for its lateness, the first sent first."""


def owing(connection: Connection, query: FactQuery) -> OwingCases:
    """The cases late by `as_of` that were not both explained and apologised for before the period began: what is owed
    after lateness is owed until it is done, also of a case that has ended. What is written may be later than `as_of`.
    """
    read: list[_Read] = once(f"cases that owe words/{query.site}", list)
    found = next((each for each in read if each.serves(connection, query)), None)
    if found is None:
        found = _Read.of(connection, query)
        read.append(found)
    return found.told_of(query)


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read for a period, with what the one before it asks for besides: the cases that were explained and
    apologised for since that began."""

    query: FactQuery
    start: datetime
    """Those explained and apologised for before this instant are not there."""
    passed: bool
    """Whether cases passed to another unit since: then whose each was is true of this period alone."""
    everything: OwingCases
    _told: dict[tuple[datetime, datetime, date], OwingCases] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, query: FactQuery) -> _Read:
        passed = _has_passed(query, connection)
        start = query.start if passed else query.period.previous().bounds(site_calendar().zone)[0]
        found = late_cases(connection, query, _owing_since(query, start))
        cases = sorted(found, key=lambda case: case.code)
        ids = [case.id for case in cases]
        e, a = Explanation, Apology
        said = select(e.case_id, e.by_head, e.sent_at, e.accepted, e.decided_at).where(e.site == query.site)
        sent = select(a.case_id, a.sent_at, a.new_due_at).where(a.site == query.site, ~a.wrong)
        everything = OwingCases(cases, _by_case(connection, said, e, ids), _by_case(connection, sent, a, ids))
        return cls(query, start, passed, everything)

    def serves(self, connection: Connection, query: FactQuery) -> bool:
        """Whether everything that a period asks for was read."""
        if _since(query) < _since(self.query):
            return False
        if self.passed or _has_passed(query, connection):
            return (query.start, query.as_of) == (self.query.start, self.query.as_of)
        return query.start >= self.start and query.as_of <= self.query.as_of

    def told_of(self, query: FactQuery) -> OwingCases:
        """What is there for a period; each source of its facts is told the same."""
        asked = query.start, query.as_of, _since(query)
        if asked not in self._told:
            self._told[asked] = self._owing_in(query)
        return self._told[asked]

    def _owing_in(self, query: FactQuery) -> OwingCases:
        since = min(site_calendar().start_of_day(_since(query)), query.as_of)
        cases = [case for case in self.everything.cases if _owes(case, query, since)]
        return replace(self.everything, cases=cases)


def _owes(case: LateCase, query: FactQuery, since: datetime) -> bool:
    """Whether that case, late by the end of what was read, owes words in the period."""
    done = (at is not None and population.done(at, query.start) for at in (case.explained_at, case.apologised_at))
    ended_before = case.ended_at is not None and population.done(case.ended_at, since)
    return not all(done) and not ended_before and population.late(case, query.as_of)


def _since(query: FactQuery) -> date:
    """What ended before this day owes nothing."""
    return query.owed_from or date(query.period.first.year - 1, 1, 1)


def _owing_since(query: FactQuery, start: datetime) -> Any:
    """SQL: the ids of the cases late by `as_of` that were not both explained and apologised for before an instant.

    Read from the indexes of late cases alone: those open, and those that ended since anything can be owed.
    """
    since = site_calendar().start_of_day(_since(query))
    explained = select(Explanation.id).where(*_EXPLAINED, Explanation.sent_at < start)
    apologised = select(Apology.id).where(*_APOLOGISED, Apology.sent_at < start)
    owed = select(Case.id).where(Case.site == query.site, or_(~explained.exists(), ~apologised.exists()))
    past_due = owed.where(population.past_due(Case, query.as_of))
    return union_all(
        owed.where(population.finished_late(Case, since, query.as_of)),
        *(past_due.where(still) for still in population.still_open(Case, query.as_of)),
    )


def _by_case(
    connection: Connection, chosen: Select[*tuple[Any, ...]], of: Any, ids: Sequence[int]
) -> dict[int, list[Any]]:
    """The rows about those cases, by case, the first sent first."""
    found: dict[int, list[Any]] = defaultdict(list)
    for start in range(0, len(ids), _AT_ONCE):
        of_these = chosen.where(of.case_id.in_(ids[start : start + _AT_ONCE])).order_by(of.sent_at, of.id)
        for row in connection.execute(of_these).all():
            found[row[0]].append(row)
    return found
