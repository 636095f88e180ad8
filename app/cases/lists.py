"""Lists of cases: those that a check's figures stand for, each holding exactly the cases (stages, payments) that a
figure counts; and those by how open cases stand today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CTE, ColumnElement, Select, and_, func, select, union

from app.cases import population
from app.cases.models import Case, CaseStage, Payment
from app.cases.population import Bucket
from app.core.calendar import WorkingCalendar
from app.core.errors import NotFound
from app.core.facts import register_lists
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.lineage import AN_INSTANT, passed_since
from app.organisation.models import Unit
from app.web.extensions import db

# The lists that a check's figures stand for: each holds exactly the cases (stages, payments) that a figure counts.
#
# Built on the conditions of `population` alone, as the facts are, so that a list has as many lines as its figure
# says. A line is a case, a stay of a case in a stage, or a payment, and belongs to the unit the figure is counted
# for.

ListSubject = type[Case] | type[CaseStage] | type[Payment]


@dataclass(frozen=True, slots=True)
class Window:
    """A period and the instant from which it is looked at (UTC); `allowed` are working days by which what ought to come
    at once may come later."""

    start: datetime
    end: datetime
    as_of: datetime
    allowed: int = 0

    @classmethod
    def of(cls, period: Period, zone: tzinfo, now: datetime, allowed: int = 0) -> Window:
        """The period as a check of it sees it: from its end, or from now while it runs."""
        start, end = period.bounds(zone)
        return cls(start, end, min(end, now), allowed)


# The lines of a list, as conditions that shut each other out: each is one range of one index.
Branches = Callable[[Window], Sequence[ColumnElement[bool]]]


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list that rules and pages name. `since` is the instant its lines are sorted by, the oldest first.

    `in_order`: it is one branch, a range of that same instant, so that an index gives a unit's lines in their order.
    `at` is the instant whose unit a line is counted for; None: the last that the window sees.
    """

    title: Any
    subject: ListSubject
    since: Any
    branches: Branches
    in_order: bool = False
    at: Any = None


def _open_overdue(table: type[Case] | type[CaseStage], w: Window) -> list[ColumnElement[bool]]:
    return [and_(population.past_due(table, w.as_of), still) for still in population.still_open(table, w.as_of)]


def _late(table: type[Case] | type[CaseStage], w: Window) -> ColumnElement[bool]:
    return and_(population.finished_late(table, w.start, w.end))


def _resolved_not_closed(w: Window) -> list[ColumnElement[bool]]:
    return [and_(*branch) for branch in population.not_closed_branches(w.start, w.end, w.as_of)]


def _cases(
    title: Any, branches: Branches, since: Any = Case.received_at, *, in_order: bool = False, at: Any = None
) -> NamedList:
    return NamedList(title, Case, since, branches, in_order, at)


def _stages(title: Any, branches: Branches) -> NamedList:
    return NamedList(title, CaseStage, CaseStage.started_at, branches)


def _payments(title: Any, branches: Branches) -> NamedList:
    return NamedList(title, Payment, Payment.paid_at, branches, in_order=True)


def _at_a_division() -> ColumnElement[bool]:
    """Receiving and handing out at the one-stop desk leave no opinion on a case."""
    return CaseStage.unit_id.not_in(select(Unit.id).where(Unit.is_desk))


LISTS: dict[str, NamedList] = {
    "received": _cases(
        _l("Hồ sơ tiếp nhận"),
        lambda w: [population.received_in(Case, w.start, w.end)],
        in_order=True,
        at=Case.received_at,
    ),
    "finished": _cases(
        _l("Hồ sơ kết thúc"),
        lambda w: [population.finished(Case, w.start, w.end)],
        Case.ended_at,
        in_order=True,
    ),
    "late": _cases(_l("Hồ sơ kết thúc quá hạn"), lambda w: [_late(Case, w)]),
    "open_overdue": _cases(_l("Hồ sơ chưa kết thúc đã quá hạn"), lambda w: _open_overdue(Case, w)),
    "overdue": _cases(_l("Hồ sơ quá hạn"), lambda w: [_late(Case, w), *_open_overdue(Case, w)]),
    "resolved_not_closed": _cases(_l("Hồ sơ có kết quả không kết thúc trên phần mềm trong hạn"), _resolved_not_closed),
    "files_not_digitised": _cases(
        _l("Hồ sơ chưa số hóa"),
        lambda w: [population.files_not_digitised(Case, w.start, w.end, w.as_of)],
        in_order=True,
        at=Case.received_at,
    ),
    "files_unknown": _cases(
        _l("Hồ sơ chưa rõ đã số hóa hay chưa"),
        lambda w: [population.files_unknown(Case, w.start, w.end, w.as_of)],
        in_order=True,
    ),
    "results": _cases(
        _l("Kết quả đã trả"),
        lambda w: [population.result_given(Case, w.start, w.end)],
        Case.result_at,
        in_order=True,
        at=Case.result_at,
    ),
    "results_not_digitised": _cases(
        _l("Kết quả chưa số hóa"),
        lambda w: [population.result_not_digitised(Case, w.start, w.end, w.as_of)],
        at=Case.result_at,
    ),
    "results_unknown": _cases(
        _l("Kết quả chưa rõ đã số hóa hay chưa"), lambda w: [population.result_unknown(Case, w.start, w.end, w.as_of)]
    ),
    "not_electronic": _cases(
        _l("Kết quả không có bản điện tử đồng thời"),
        lambda w: [population.no_electronic_result(Case, w.start, w.end, w.as_of, w.allowed)],
        at=Case.result_at,
    ),
    "electronic_unknown": _cases(
        _l("Kết quả chưa rõ có bản điện tử hay không, hoặc có từ ngày nào"),
        lambda w: [population.electronic_unknown(Case, w.start, w.end, w.as_of)],
    ),
    "stage_over": _stages(
        _l("Bước xử lý kết thúc quá thời gian quy định"),
        lambda w: [and_(population.overran(CaseStage, w.start, w.end))],
    ),
    "stage_open_over": _stages(
        _l("Bước xử lý chưa kết thúc đã quá thời gian quy định"),
        lambda w: _open_overdue(CaseStage, w),
    ),
    "stages_without_note": _stages(
        _l("Bước xử lý không có ý kiến xử lý"),
        lambda w: [
            and_(population.between(CaseStage.ended_at, w.start, w.end), _at_a_division(), ~population.stage_noted())
        ],
    ),
    "results_not_attached": _cases(
        _l("Hồ sơ kết thúc chưa gắn kết quả"),
        lambda w: [population.result_not_attached(Case, w.start, w.end, w.as_of)],
    ),
    "attached_unknown": _cases(
        _l("Hồ sơ kết thúc chưa rõ đã gắn kết quả hay chưa"),
        lambda w: [population.attached_unknown(Case, w.start, w.end, w.as_of)],
    ),
    "stages_unknown": _cases(
        _l("Hồ sơ kết thúc chưa rõ các bước xử lý"),
        lambda w: [and_(population.ended_in(Case, w.start, w.end), population.stages_unknown())],
        Case.ended_at,
        in_order=True,
    ),
    "payments": _payments(
        _l("Giao dịch của thủ tục đủ điều kiện thanh toán trực tuyến"),
        lambda w: [population.payment_counted(w.start, w.end)],
    ),
    "paid_in_person": _payments(
        _l("Giao dịch không thanh toán trực tuyến"), lambda w: [population.paid_in_person(w.start, w.end)]
    ),
}

register_lists({name: each.title for name, each in LISTS.items()})


def named(names: Sequence[str]) -> list[NamedList]:
    """The lists of those names. NotFound for a name nobody knows, or lists that are not sorted by the same thing."""
    if unknown := [name for name in names if name not in LISTS]:
        raise NotFound("Không có danh sách “%(name)s”.", name=unknown[0][:60])
    chosen = [LISTS[name] for name in dict.fromkeys(names)]
    if len({each.since.key for each in chosen}) > 1:
        raise NotFound("Các danh sách này không ghép với nhau được.")
    return chosen


def lines(scope: Scope, chosen: Sequence[NamedList], window: Window, unit_id: int | None = None) -> CTE:
    """The lines of the lists together: `id`, `case_id` and `since` of each, once, within the scope and the unit.

    Worked out apart from what is selected from it, so that the database does not look for a handful of late
    cases among all cases in the order of their reception; unless the lines lie in their order already.
    """
    found = []
    for each in chosen:
        table = each.subject
        case_id = Case.id if table is Case else table.case_id  # type: ignore[union-attr]
        columns = (table.id.label("id"), case_id.label("case_id"), each.since.label("since"))
        units = [unit_id] if unit_id is not None else _units_of(scope)
        owner = _whose(each, scope, window)
        mine = table.site == scope.site, scope.within(owner), owner.in_(units)
        for condition in each.branches(window):
            found.append(select(*columns).where(*mine, condition))
    both = found[0] if len(found) == 1 else union(*found)
    apart = len(found) > 1 or not chosen[0].in_order
    return both.cte("found").prefix_with("MATERIALIZED" if apart else "NOT MATERIALIZED")


def _whose(chosen: NamedList, scope: Scope, window: Window) -> Any:
    """The unit that a line is counted for, as the facts have it: in a past period, whose it was then."""
    table = chosen.subject
    passed = (population.ACCOUNTABLE, population.STAY)
    if table is Payment or not passed_since(db.session.connection(), scope.site, window.start, *passed):
        return table.unit_id
    at = window.as_of - AN_INSTANT if chosen.at is None else chosen.at
    return population.unit_then(table, at)  # type: ignore[arg-type]


def _units_of(scope: Scope) -> Select[int]:
    """The scope's units: naming them lets a database go from unit to unit in an index that begins with the unit."""
    return select(Unit.id).where(Unit.site == scope.site, scope.within(Unit.id))


# Lists by how open cases stand today: due, overdue, waiting too long, not closed, not collected.

MOST_DAYS = 60


class DueList(StrEnum):
    """What a clerk looks for in the morning."""

    DUE_TODAY = "due_today"
    DUE_SOON = "due_soon"  # from today within so many working days
    OVERDUE = "overdue"
    PAUSED_LONG = "paused_long"  # waiting for the applicant longer than the site allows
    NOT_CLOSED = "not_closed"  # has its result, still open on the software
    TO_COLLECT = "to_collect"  # its result waits at the desk


@dataclass(frozen=True, slots=True)
class ListMoment:
    """From when the lists are seen (UTC), and the site's patience with applicants in days."""

    calendar: WorkingCalendar
    now: datetime
    paused_days: int


def condition(which: DueList, moment: ListMoment, days: int) -> ColumnElement[bool]:
    """SQL: the case is in that list. `days` are working days ahead, for DUE_SOON."""
    calendar, now, is_open = moment.calendar, moment.now, population.missing(Case.ended_at)
    match which:
        case DueList.DUE_TODAY:
            return and_(is_open, population.in_bucket(Case, Bucket.TODAY, calendar, now))
        case DueList.DUE_SOON:
            return and_(is_open, population.due_within(Case, now, population.horizon(calendar, now, days)))
        case DueList.OVERDUE:
            return and_(is_open, population.in_bucket(Case, Bucket.OVERDUE, calendar, now))
        case DueList.PAUSED_LONG:
            return and_(population.paused_long(Case, calendar, now, moment.paused_days))
        case DueList.NOT_CLOSED:
            return and_(population.unclosed(Case))
    return and_(population.to_collect(Case, now))


def since(which: DueList) -> Any:
    """The instant that the list is sorted by, the earliest first."""
    match which:
        case DueList.PAUSED_LONG:
            return Case.paused_at
        case DueList.NOT_CLOSED | DueList.TO_COLLECT:
            return Case.result_at
    return Case.late_after


MOST_NAMED = 5
"""Cases that `due_by_holder` names of each unit; the list has all."""


@dataclass(frozen=True, slots=True)
class HeldAndDue:
    """Cases that a unit has and that will soon be overdue: how many, and the first of them, the most urgent first."""

    unit: Unit
    number: int
    first: tuple[Case, ...]


def number_due(scope: Scope, moment: ListMoment, days: int) -> int:
    """How many cases the scope lists as due within so many working days."""
    soon = Case.site == scope.site, condition(DueList.DUE_SOON, moment, days), population.on_desk_of(scope)
    return db.session.scalar(select(func.count()).select_from(Case).where(*soon)) or 0


def due_by_holder(scope: Scope, moment: ListMoment, days: int) -> list[HeldAndDue]:
    """The cases that the scope lists as due within so many working days, by the unit that has them, the most first."""
    soon = Case.site == scope.site, condition(DueList.DUE_SOON, moment, days), population.on_desk_of(scope)
    counted = select(Case.holder_unit_id, func.count()).where(*soon).group_by(Case.holder_unit_id)
    numbers = dict(db.session.execute(counted).all())
    rank = func.row_number().over(partition_by=Case.holder_unit_id, order_by=(Case.late_after, Case.id))
    ranked = select(Case.id, rank.label("rank")).where(*soon).subquery()
    chosen = (
        select(Case, Unit)
        .join(ranked, ranked.c.id == Case.id)
        .join(Unit, Unit.id == Case.holder_unit_id)
        .where(ranked.c.rank <= MOST_NAMED)
        .order_by(Case.late_after, Case.id)
    )
    first: dict[int, tuple[Unit, list[Case]]] = {}
    for each, unit in db.session.execute(chosen):
        first.setdefault(unit.id, (unit, []))[1].append(each)
    held = [HeldAndDue(unit, numbers[unit_id], tuple(some)) for unit_id, (unit, some) in first.items()]
    return sorted(held, key=lambda each: (-each.number, each.unit.path))
