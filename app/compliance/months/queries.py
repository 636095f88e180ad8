"""What the pages of months show: which periods are closed and who is asked to answer, how far each period is, and what
still waits before it can be sealed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select, update

from app.compliance.evaluation.results import Judgement
from app.compliance.models import CheckRun, MonthClosing, MonthSeal, Violation, ViolationState
from app.core.periods import Period, PeriodKind
from app.organisation import audit
from app.organisation.access import site
from app.organisation.calendars import site_calendar, this_month, today
from app.web.extensions import db

# Which periods are closed, and who is asked to answer: nobody before a period is closed.

_UNANSWERED = (ViolationState.OPEN, ViolationState.RETURNED)


def one_at_a_time() -> None:
    """Wait for whoever writes a run, closes, seals or opens a period of the site just now."""
    audit.one_at_a_time(f"months {site()}")


def closings(period: Period | None = None) -> Sequence[MonthClosing]:
    """Every closing, of one period or of all, the earliest first."""
    chosen = select(MonthClosing).where(MonthClosing.site == site())
    if period is not None:
        chosen = chosen.where(MonthClosing.period == period.key)
    return db.session.scalars(chosen.order_by(MonthClosing.id)).all()


def standing(period: Period) -> MonthClosing | None:
    """The closing that holds; None where the period was never closed, or was opened again."""
    last = next(reversed(closings(period)), None)
    return last if last is not None and last.reopened_at is None else None


def closed_periods() -> dict[str, MonthClosing]:
    """The closings that hold, by period."""
    last = {each.period: each for each in closings()}
    return {period: each for period, each in last.items() if each.reopened_at is None}


def ask_nobody(run: CheckRun) -> None:
    """What a run found before the period is closed has no day by which to answer."""
    db.session.execute(
        update(Violation)
        .where(Violation.site == run.site, Violation.period == run.period, Violation.last_run_id == run.id)
        .where(Violation.state.in_(_UNANSWERED))
        .values(answer_due=None)
    )


def ask(run: CheckRun, judgement: Judgement) -> None:
    """From the day of the official run on, what it found is to be answered."""
    calendar = site_calendar()
    since = calendar.local_day(run.started_at)
    days = {(each.pack, each.rule): each.answer_days for each in judgement.results if each.fails}
    for (pack, rule), allowed in sorted(days.items()):
        db.session.execute(
            update(Violation)
            .where(Violation.site == run.site, Violation.period == run.period, Violation.last_run_id == run.id)
            .where(Violation.pack == pack, Violation.rule == rule, Violation.state.in_(_UNANSWERED))
            .values(answer_due=calendar.add_working_days(since, allowed))
        )


# What the pages of months show: how far each period is, and what still waits before it can be sealed.

UNDECIDED = (ViolationState.OPEN, ViolationState.EXPLAINED, ViolationState.RETURNED)


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A period in the list. `closing` is the one that holds; `waiting` how many of its violations nobody decided on."""

    period: Period
    is_over: bool
    runs: int = 0
    closing: MonthClosing | None = None
    reopened: MonthClosing | None = None
    sealed: bool = False
    states: Counter[ViolationState] = field(default_factory=Counter)

    @property
    def explained(self) -> int:
        """Violations whose answer waits to be accepted or returned."""
        return self.states[ViolationState.EXPLAINED]

    @property
    def unanswered(self) -> int:
        """Violations that wait for the unit's answer."""
        return self.states[ViolationState.OPEN] + self.states[ViolationState.RETURNED]

    @property
    def waiting(self) -> int:
        """Violations of an answer that is not given or not decided on."""
        return sum(self.states[state] for state in UNDECIDED)


def unsealed() -> int:
    """How many closed periods wait for their seal, and for no answer or decision before it."""
    sealed = _sealed()
    closed = [period for period, each in closed_periods().items() if each.id not in sealed]
    states = _states(closed) if closed else {}
    return sum(not any(states.get(period, Counter())[state] for state in UNDECIDED) for period in closed)


MOST = 24


def months(limit: int = MOST) -> list[MonthLine]:
    """This month and those before it back to the first judged one, and other periods that were judged; newest first."""
    now = this_month()
    counted = select(CheckRun.period, func.count()).where(CheckRun.site == site()).group_by(CheckRun.period)
    runs = {Period.parse(key): n for key, n in db.session.execute(counted)}
    last = {each.period: each for each in closings()}
    sealed = _sealed()
    wanted = {now, *runs}
    judged = [period for period in runs if period.kind is PeriodKind.MONTH]
    month = now.previous()
    while judged and month >= min(judged) and len(wanted) < limit * 2:
        wanted.add(month)
        month = month.previous()
    chosen = sorted(wanted, reverse=True)[:limit]
    states = _states([period.key for period in chosen])
    return [
        _line(period, runs.get(period, 0), last.get(period.key), states.get(period.key), sealed) for period in chosen
    ]


def month(period: Period) -> MonthLine:
    counted = select(func.count()).select_from(CheckRun).where(CheckRun.site == site(), CheckRun.period == period.key)
    last = next(reversed(closings(period)), None)
    states = _states([period.key])
    return _line(period, db.session.scalar(counted) or 0, last, states.get(period.key), _sealed())


def _line(
    period: Period,
    runs: int,
    last: MonthClosing | None,
    states: Counter[ViolationState] | None,
    sealed: set[int],
) -> MonthLine:
    holds = last is not None and last.reopened_at is None
    return MonthLine(
        period,
        period.is_over(today()),
        runs,
        last if holds else None,
        None if holds else last,
        last is not None and last.id in sealed,
        states or Counter(),
    )


def _sealed() -> set[int]:
    """The closings that were sealed."""
    return set(db.session.scalars(select(MonthSeal.closing_id).where(MonthSeal.site == site())))


def _states(keys: list[str]) -> dict[str, Counter[ViolationState]]:
    counted = (
        select(Violation.period, Violation.state, func.count())
        .where(Violation.site == site(), Violation.period.in_(keys), Violation.gone_run_id.is_(None))
        .group_by(Violation.period, Violation.state)
    )
    found: dict[str, Counter[ViolationState]] = {}
    for key, state, n in db.session.execute(counted):
        found.setdefault(key, Counter())[state] = n
    return found
