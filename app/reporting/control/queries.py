"""The figures of form II.06a, counted by the database, and the cases behind each; its columns, who is counted in each,
and the sums that must come out; and the days that its period counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from flask import current_app
from sqlalchemy import Integer, Select, and_, case, cast, func, or_, select

from app.cases import population
from app.cases.explanations.models import Apology, Explanation
from app.cases.lists import Window
from app.cases.models import Case
from app.cases.population import both, either, opposite
from app.cases.vocabulary import Knows
from app.core.periods import Period
from app.organisation.access import Scope
from app.organisation.calendars import site_calendar
from app.organisation.lineage import AN_INSTANT, passed_since
from app.organisation.models import Unit
from app.procedures.models import ProcedureVersion
from app.reporting.control.form import ControlColumns, Counts, Rows, control_forms
from app.web import extensions
from app.web.extensions import db

# The days that a control report's period counts: from the 15th to the 14th, or those of the calendar. Pure.


class PeriodScheme(StrEnum):
    """How the days of a period are counted."""

    CUT_OFF = "15-14"  # Decree 09/2019/NĐ-CP, article 12
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class ControlSpan:
    """A period as a control report counts it; both days are included."""

    period: Period
    first: date
    last: date

    def bounds(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """The instants (UTC) at which it begins and at which it is over: start <= t < end."""
        days = self.first, self.last + timedelta(days=1)
        start, end = (datetime.combine(day, time.min, zone).astimezone(UTC) for day in days)
        return start, end

    @property
    def form(self) -> ControlColumns:
        """The form that its figures are laid out by: of its last day."""
        return control_forms().on(self.last)


def schemes(setting: str) -> list[tuple[date, PeriodScheme]]:
    """The setting `control_periods`: which scheme holds from which day, the earliest first."""
    pairs = (each.split("=") for each in setting.split(",") if each)
    return sorted((date.fromisoformat(day), PeriodScheme(scheme)) for day, scheme in pairs)


def span_of(period: Period, dated: Iterable[tuple[date, PeriodScheme]]) -> ControlSpan:
    """The period's days by the scheme that held when it ended; by the calendar before the first of them."""
    held = [scheme for day, scheme in dated if day <= period.last]
    if not held or held[-1] is PeriodScheme.CALENDAR:
        return ControlSpan(period, period.first, period.last)
    before = period.first - timedelta(days=1)
    return ControlSpan(period, before.replace(day=15), period.last.replace(day=14))


# The columns of form II.06a, who is counted in each, and the sums that must come out.
#
# Which moment ends a case, and what counts as late, is said by `cases.population`; the form's notes say it to
# readers.

Condition = Callable[[Any, Window, tzinfo], Any]


def _received(of: Any, w: Window) -> Any:
    return both(population.between(of.received_at, w.start, w.as_of), population.stands(of))


def _carried(of: Any, w: Window) -> Any:
    return both(
        population.done(of.received_at, w.start), population.not_yet(of.ended_at, w.start), population.stands(of)
    )


def _ended(of: Any, w: Window) -> Any:
    return population.ended_in(of, w.start, w.as_of)


def _open(of: Any, w: Window) -> Any:
    return both(
        population.done(of.received_at, w.as_of), population.not_yet(of.ended_at, w.as_of), population.stands(of)
    )


def _early(of: Any, w: Window, zone: tzinfo) -> Any:
    return both(_ended(of, w), population.known(of.late_after), population.ended_before_due_day(of, zone, w.as_of))


def _late(of: Any, w: Window) -> Any:
    return both(_ended(of, w), population.known(of.late_after), population.ended_late(of))


def _in_time(of: Any, w: Window, zone: tzinfo) -> Any:
    known = both(
        population.known(of.late_after),
        opposite(population.ended_before_due_day(of, zone, w.as_of)),
        population.ended_in_time(of),
    )
    return both(_ended(of, w), either(population.missing(of.late_after), known))


def _overdue(of: Any, w: Window) -> Any:
    return both(_open(of, w), population.known(of.late_after), population.past_due(of, w.as_of))


def _running(of: Any, w: Window) -> Any:
    due = both(population.known(of.late_after), opposite(population.past_due(of, w.as_of)))
    return both(_open(of, w), either(population.missing(of.late_after), due))


CONDITIONS: Mapping[Counts, Condition] = {
    Counts.RECEIVED_ONLINE: lambda of, w, _zone: both(_received(of, w), population.came_electronically(of)),
    Counts.RECEIVED_OTHERWISE: lambda of, w, _zone: both(
        _received(of, w), opposite(population.came_electronically(of))
    ),
    Counts.CARRIED_OVER: lambda of, w, _zone: _carried(of, w),
    Counts.ENDED_EARLY: _early,
    Counts.ENDED_IN_TIME: _in_time,
    Counts.ENDED_LATE: lambda of, w, _zone: _late(of, w),
    Counts.OPEN_IN_TIME: lambda of, w, _zone: _running(of, w),
    Counts.OPEN_LATE: lambda of, w, _zone: _overdue(of, w),
}
"""Who is counted in each column that is no sum; asked of the table or of one case."""

HANDED_IN = (Counts.RECEIVED_ONLINE, Counts.RECEIVED_OTHERWISE, Counts.CARRIED_OVER)
STILL_OPEN = (Counts.OPEN_IN_TIME, Counts.OPEN_LATE)
ANSWERED = (Counts.ENDED_EARLY, Counts.ENDED_IN_TIME, Counts.ENDED_LATE, *STILL_OPEN)
"""What has come in, and what has become of it."""


def in_any(counts: Iterable[Counts], of: Any, w: Window, zone: tzinfo) -> Any:
    """The case is one of these."""
    return either(*(CONDITIONS[each](of, w, zone) for each in counts))


def unbalanced(of: Any, w: Window, zone: tzinfo) -> Any:
    """The case stands on one side of the form's balance only: it ended before it was received, as its records have
    it."""
    came, left = in_any(HANDED_IN, of, w, zone), in_any(ANSWERED, of, w, zone)
    return either(both(came, opposite(left)), both(left, opposite(came)))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the form: its name and its figures by column, those that are sums made of the others."""

    name: str
    key: str
    cells: Mapping[int, int]
    form: ControlColumns

    def __getitem__(self, column: int) -> int:
        parts = self.form.sums.get(column)
        return self.cells[column] if parts is None else sum(self.cells[part] for part in parts)

    @property
    def excess(self) -> int:
        """What came less what became of it: 0 where the line balances."""
        return self[self.form.balance.all] - sum(self[part] for part in self.form.balance.parts)


def total_of(lines: list[Line], form: ControlColumns) -> Line:
    """The line that is the sum of the others; it has no name of its own."""
    return Line("", "", {column: sum(line.cells[column] for line in lines) for column in form.cells}, form)


# The figures of form II.06a, counted by the database, and the cases behind each.


class Doubt(StrEnum):
    """Cases that readers of the figures must know of; each is a list of its own."""

    CHANNEL_UNKNOWN = "khong-ro-cach-nop"
    NO_DUE_TIME = "khong-co-han"
    NOT_CLOSED = "co-ket-qua-chua-ket-thuc"
    UNBALANCED = "khong-khop"
    CARRY_OVER = "chuyen-ky-lech"


@dataclass(frozen=True, slots=True)
class ControlFigures:
    """The form of a period: lines by field or by unit, and how many cases of each doubt there are.

    `before` is the period before and how many cases were open when it ended: those that are carried over.
    """

    span: ControlSpan
    rows: Rows
    as_of: datetime
    lines: Sequence[Line]
    doubts: dict[Doubt, int] = field(default_factory=dict)
    before: tuple[ControlSpan, int] | None = None

    @property
    def total(self) -> Line:
        return total_of(list(self.lines), self.span.form)

    @property
    def is_over(self) -> bool:
        """Whether its last day had passed when it was counted."""
        return self.as_of >= self.span.bounds(site_calendar().zone)[1]


def control_span(period: Period) -> ControlSpan:
    """The days of a control report's period on this site."""
    return span_of(period, schemes(current_app.config["SETTINGS"].control_periods))


def window_of(span: ControlSpan) -> Window:
    """The period as seen from its end, or from now while it runs."""
    start, end = span.bounds(site_calendar().zone)
    return Window(start, end, max(min(end, extensions.now()), start))


def control_figures(scope: Scope, period: Period, rows: Rows) -> ControlFigures:
    """Counted in one statement."""
    span, earlier = control_span(period), control_span(period.previous())
    window, before, zone = window_of(span), window_of(earlier), site_calendar().zone
    form = span.form
    flags = [_flag(CONDITIONS[counts](Case, window, zone)).label(f"c{n}") for n, counts in form.cells.items()]
    flags += [_flag(_doubt(which, window, before)).label(which.name) for which in Doubt]
    flags.append(_flag(_open_then(before)).label("open_before"))
    group = _group(rows, scope, window)
    each = _joined(_cases(scope, before), rows).with_only_columns(
        group.label("key"), *flags, maintain_column_froms=True
    )
    one = each.subquery()
    sums = [func.sum(column).label(column.name) for column in one.c if column.name != "key"]
    if rows is Rows.FIELD:
        counted = select(one.c.key, one.c.key.label("name"), *sums).group_by(one.c.key).order_by(one.c.key)
    else:
        counted = select(one.c.key, Unit.name, *sums).join(Unit, Unit.id == one.c.key)
        counted = counted.group_by(one.c.key, Unit.name, Unit.path).order_by(Unit.path)
    found = db.session.execute(counted).mappings().all()
    lines = [Line(row["name"], str(row["key"]), {n: int(row[f"c{n}"]) for n in form.cells}, form) for row in found]
    lines = [line for line in lines if any(line.cells.values())]
    return ControlFigures(
        span,
        rows,
        window.as_of,
        lines,
        {which: int(sum(row[which.name] for row in found)) for which in Doubt},
        (earlier, int(sum(row["open_before"] for row in found))),
    )


def _flag(condition: Any) -> Any:
    return case((condition, 1), else_=0)


def _cases(scope: Scope, window: Window) -> Select[Any]:
    """The cases that may be counted: received or ended since the period began, or open."""
    near = or_(Case.received_at >= window.start, Case.ended_at.is_(None), Case.ended_at >= window.start)
    return select(Case.id).where(Case.site == scope.site, population.stands(Case), near, scope.within(Case.unit_id))


def _group(rows: Rows, scope: Scope, window: Window) -> Any:
    if rows is Rows.FIELD:
        return ProcedureVersion.field
    if passed_since(db.session.connection(), scope.site, window.start, population.ACCOUNTABLE):
        return population.unit_then(Case, window.as_of - AN_INSTANT)
    return Case.unit_id


def unit_of(scope: Scope, period: Period) -> Any:
    """SQL: the unit in whose line a case of the period stands."""
    return _group(Rows.UNIT, scope, window_of(control_span(period)))


def _joined(counted: Select[Any], rows: Rows) -> Select[Any]:
    if rows is Rows.FIELD:
        return counted.join(ProcedureVersion, ProcedureVersion.id == Case.version_id)
    return counted


def _doubt(which: Doubt, w: Window, earlier: Window) -> Any:
    zone = site_calendar().zone
    match which:
        case Doubt.CHANNEL_UNKNOWN:
            return and_(in_any(HANDED_IN[:2], Case, w, zone), ~population.told(Case, Knows.CHANNEL))
        case Doubt.NO_DUE_TIME:
            return and_(in_any((Counts.ENDED_IN_TIME,), Case, w, zone), Case.late_after.is_(None))
        case Doubt.NOT_CLOSED:
            return and_(in_any(STILL_OPEN, Case, w, zone), population.done(Case.result_at, w.as_of))
        case Doubt.UNBALANCED:
            return unbalanced(Case, w, zone)
    return _apart(w, earlier)


def _open_then(earlier: Window) -> Any:
    """Still open when the period before ended."""
    return in_any(STILL_OPEN, Case, earlier, site_calendar().zone)


def _apart(w: Window, earlier: Window) -> Any:
    """Carried over without having been open when the period before ended, or the other way round."""
    carried, left = CONDITIONS[Counts.CARRIED_OVER](Case, w, site_calendar().zone), _open_then(earlier)
    return or_(and_(carried, ~left), and_(left, ~carried))


def case_lines(
    scope: Scope, period: Period, rows: Rows, counts: Iterable[Counts] = (), doubt: Doubt | None = None, key: str = ""
) -> Select[Any]:
    """The cases that a number counts: those, or of the doubt, and of one line where its key is given."""
    window, zone = window_of(control_span(period)), site_calendar().zone
    earlier = window_of(control_span(period.previous()))
    group = _group(rows, scope, window)
    wanted = _doubt(doubt, window, earlier) if doubt is not None else in_any(counts, Case, window, zone)
    chosen = _joined(_cases(scope, earlier), rows).where(wanted)
    if key:
        chosen = chosen.where(group == (key if rows is Rows.FIELD else cast(key, Integer)))
    return chosen


@dataclass(frozen=True, slots=True)
class BehindCase:
    """A case behind a number, as the page lists it."""

    id: int
    code: str
    procedure: str
    field: str
    unit: str
    received_at: datetime
    late_after: datetime | None
    ended_at: datetime | None


def listed(chosen: Select[Any], limit: int, offset: int = 0) -> list[BehindCase]:
    """Those cases, the first received first."""
    version = ProcedureVersion
    own = select(Unit.name).where(Unit.id == Case.unit_id).correlate(Case).scalar_subquery()
    name = select(version.name).where(version.id == Case.version_id).correlate(Case).scalar_subquery()
    area = select(version.field).where(version.id == Case.version_id).correlate(Case).scalar_subquery()
    columns = (Case.id, Case.code, name, area, own, Case.received_at, Case.late_after, Case.ended_at)
    page = chosen.with_only_columns(*columns, maintain_column_froms=True)
    page = page.order_by(Case.received_at, Case.id).limit(limit).offset(offset)
    return [BehindCase(*row) for row in db.session.execute(page)]


def how_many(chosen: Select[Any]) -> int:
    return db.session.scalar(chosen.with_only_columns(func.count(), maintain_column_froms=True)) or 0


@dataclass(frozen=True, slots=True)
class LatenessCause:
    """Why a case that ended late, or is open and overdue, was late: what its head wrote last, and whether an apology
    was sent in time of the report."""

    case: BehindCase
    explanation: str
    apologised: bool
    link: str = ""


def causes(scope: Scope, period: Period, rows: Rows, limit: int) -> list[LatenessCause]:
    """The overdue cases of a period, each with its cause."""
    cases = listed(case_lines(scope, period, rows, (Counts.ENDED_LATE, Counts.OPEN_LATE)), limit)
    ids = [each.id for each in cases]
    until = window_of(control_span(period)).as_of
    latest: dict[int, str] = {}
    sorry: set[int] = set()
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        written = select(Explanation.case_id, Explanation.text).where(Explanation.case_id.in_(part))
        latest |= dict(db.session.execute(written.order_by(Explanation.id)).all())
        letters = select(Apology.case_id).where(Apology.case_id.in_(part), ~Apology.wrong, Apology.sent_at < until)
        sorry |= set(db.session.scalars(letters))
    return [LatenessCause(each, latest.get(each.id, ""), each.id in sorry) for each in cases]
