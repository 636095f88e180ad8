# ruff: noqa: DTZ001, DTZ007, DTZ901 - on paper there are no zones
"""A second opinion on small worlds, worked out from what was recorded as an official would on paper. Pure.

It knows nothing of the product: no population, fold, fact, rule or calendar of it is used here (test_second_opinion.py
reads the imports). What it says of a cell is `Cell`: the figures, and the single things that are owed.

A promise that passes unkept is a breach; a case with one counts as late until it ends. What must be done by a last day
is missing once that day has passed, in every period until it is done; done later in the same period it is late, done
in a later one it is that period's, and breaks nothing there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

ONE_DAY = timedelta(days=1)
# The official list of 2024: New Year, Tết, the Hùng Kings, 29/4 in exchange for 4/5, 30/4, 1/5, National Day.
OFF = {
    date(2024, 1, 1), *(date(2024, 2, day) for day in range(8, 15)), date(2024, 4, 18), date(2024, 4, 29),
    date(2024, 4, 30), date(2024, 5, 1), date(2024, 9, 2), date(2024, 9, 3),
}  # fmt: skip
WORKED = {date(2024, 5, 4)}
EXPLAIN_WITHIN, APOLOGISE_WITHIN, REPORT_WITHIN = 3, 3, 5  # working days


def is_working_day(day: date) -> bool:
    """Whether the Department works."""
    return day in WORKED or (day.weekday() < 5 and day not in OFF)


def next_working_day(day: date) -> date:
    """The next one after that day."""
    day += ONE_DAY
    while not is_working_day(day):
        day += ONE_DAY
    return day


def working_days_on(day: date, number: int) -> date:
    """So many working days after a day, which is not counted."""
    for _ in range(number):
        day = next_working_day(day)
    return day


def working_days_between(first: date, last: date) -> int:
    """Working days after the first one, until the last."""
    count = 0
    while first < last:
        first += ONE_DAY
        count += is_working_day(first)
    return count


@dataclass
class Act:
    """Something that happened to a case at `at`, and was recorded then or later."""

    kind: str
    at: datetime
    due: date | None = None
    electronic: bool = False
    channel: str = ""
    new_date: date | None = None
    recorded: datetime = datetime.min

    def __post_init__(self) -> None:
        if self.recorded == datetime.min:
            self.recorded = self.at

    def said(self, case: str) -> str:
        """As a world says it."""
        match self.kind:
            case "outside_promise":
                return f"outside_promise: {{case: {case}, due: {self.due}}}"
            case "result":
                return f"result: {{case: {case}, electronic: {'signed' if self.electronic else 'none'}}}"
            case "digitise_file" | "digitise_result":
                return f"digitise: {{case: {case}, what: {self.kind.removeprefix('digitise_')}}}"
            case "pay":
                return f"pay: {{case: {case}, channel: {self.channel}}}"
            case "return":
                return f"decide: {{case: {case}, what: return, reason: Chưa cụ thể}}"
            case "apologise":
                return f"apologise: {{case: {case}, for: lateness, new_date: {self.new_date or 'none'}}}"
        return f"{self.kind}: {{case: {case}}}"


@dataclass
class Case:
    """A case: whose, how long it may take, and what happened to it."""

    name: str
    unit: str
    days: int
    channel: str
    received: datetime
    acts: list[Act] = field(default_factory=list)

    def known(self, looked: datetime) -> list[Act]:
        """What was recorded by then, in the order in which it happened."""
        return sorted((act for act in self.acts if act.recorded <= looked), key=lambda act: act.at)

    def breaches(self, until: datetime, looked: datetime) -> list[date]:
        """The promised days that passed unkept before `until`, by what was recorded when somebody looked."""
        promise: date | None = working_days_on(self.received.date(), self.days)
        stopped: datetime | None = None
        found: list[date] = []
        for act in [*self.known(looked), Act("nothing more", until)]:
            at = min(act.at, until)
            if promise is not None and stopped is None and at > end_of(promise):
                found.append(promise)
                promise = None
            if act.at >= until:
                break
            match act.kind:
                case "pause":
                    stopped = act.at
                case "resume":
                    assert stopped is not None
                    if promise is not None:
                        promise = working_days_on(promise, working_days_between(stopped.date(), act.at.date()))
                    stopped = None
                case "outside_promise":
                    promise = act.due
                case "apologise":
                    promise = act.new_date or promise
                case "close" | "withdraw":
                    break
        return found

    def ended(self, until: datetime, looked: datetime) -> datetime | None:
        """When it ended, if before `until`."""
        ends = [act.at for act in self.known(looked) if act.kind in ("close", "withdraw") and act.at < until]
        return ends[0] if ends else None

    # What the teller of a story must know, so that it tells only what can be.

    def first_late_day(self) -> date | None:
        """The day after the first promise that passes unkept, if one does."""
        passed = self.breaches(datetime(2025, 1, 1), datetime(2025, 1, 1))
        return passed[0] + ONE_DAY if passed else None

    def breaks_several(self) -> bool:
        """Whether more than one of its promises passes unkept."""
        return len(self.breaches(datetime(2025, 1, 1), datetime(2025, 1, 1))) > 1

    def late_as_recorded(self, at: datetime) -> bool:
        """Whether it is late by what is recorded then."""
        return bool(self.breaches(at, at))

    def ended_as_recorded(self, at: datetime) -> bool:
        """Whether it has ended by what is recorded then."""
        return self.ended(at, at) is not None

    def far_day(self, at: datetime) -> date:
        """A day so far on that no promise goes beyond it."""
        promised = [act.due for act in self.acts if act.due is not None]
        return working_days_on(max([at.date(), *promised]), 40)


@dataclass(frozen=True)
class Filing:
    """A monthly report that was handed in."""

    unit: str
    month: str
    day: date
    recorded: datetime


@dataclass(frozen=True)
class Check:
    """Somebody looks at a month."""

    when: datetime
    period: str


@dataclass(frozen=True)
class Story:
    """What happened, and when somebody looked."""

    days: dict[str, int]
    cases: list[Case]
    filings: list[Filing]
    checks: list[Check]


@dataclass(frozen=True)
class Cell:
    """What a check must say: figures where the rule is a share, and the things that break it or are told as late."""

    numerator: int | None = None
    denominator: int | None = None
    things: dict[str, tuple[str, date | None]] | None = None
    """Name of the thing: missing, returned or late, and since when it is owed where that was before the period."""
    fails: bool | None = None


def end_of(day: date) -> datetime:
    """The last second of a day."""
    return datetime.combine(day, time(23, 59, 59))


def opinion(story: Story, check: Check) -> dict[tuple[str, str], Cell]:
    """What a check must say, by rule and unit."""
    start = datetime.strptime(check.period, "%Y-%m")
    end = (start + timedelta(days=31)).replace(day=1)
    looking = Looking(start, end, min(end, check.when), check.when)
    said: dict[tuple[str, str], Cell] = {}
    for unit in sorted({case.unit for case in story.cases} | {filing.unit for filing in story.filings}):
        mine = [case for case in story.cases if case.unit == unit]
        said["bg-5.1", unit] = _on_time(mine, looking)
        said["khd-2b.1-files", unit] = _files(mine, looking)
        said["khd-2b.1-results", unit] = _results(mine, looking)
        said["khd-2c.2", unit] = _payments(mine, looking)
        said["bg-5.3", unit] = _owed(_explanations(mine, looking), looking)
        said["dn-3a", unit] = _owed(_apologies(mine, looking), looking)
        said["bg-iv.1", unit] = _owed(_reports(unit, story.filings, looking), looking)
    said["khd-2c.2", "SO"] = _payments(story.cases, looking)
    return said


@dataclass(frozen=True)
class Looking:
    """A period, the instant as of which it is judged, and when somebody looks."""

    start: datetime
    end: datetime
    as_of: datetime
    looked: datetime

    def within(self, at: datetime | None) -> bool:
        """Whether something happened in the period, by then."""
        return at is not None and self.start <= at < self.as_of


def _on_time(cases: list[Case], looking: Looking) -> Cell:
    ended = open_late = kept = 0
    for case in cases:
        if case.received >= looking.as_of:
            continue
        breached = bool(case.breaches(looking.as_of, looking.looked))
        at = case.ended(looking.as_of, looking.looked)
        if looking.within(at):
            ended += 1
            kept += not breached
        elif at is None and breached:
            open_late += 1
    return Cell(kept, ended + open_late)


def _files(cases: list[Case], looking: Looking) -> Cell:
    received = [case for case in cases if looking.within(case.received)]
    scanned = [case for case in received if case.channel == "online" or _done(case, "digitise_file", looking)]
    return Cell(len(scanned), len(received))


def _results(cases: list[Case], looking: Looking) -> Cell:
    results = scanned = 0
    for case in cases:
        act = next((act for act in case.known(looking.looked) if act.kind == "result"), None)
        if act is not None and looking.within(act.at):
            results += 1
            scanned += act.electronic or _done(case, "digitise_result", looking)
    return Cell(scanned, results)


def _done(case: Case, kind: str, looking: Looking) -> bool:
    return any(act.kind == kind and act.at < looking.as_of for act in case.known(looking.looked))


def _payments(cases: list[Case], looking: Looking) -> Cell:
    paid = [act for case in cases for act in case.known(looking.looked) if act.kind == "pay" and looking.within(act.at)]
    return Cell(sum(act.channel == "online" for act in paid), len(paid))


@dataclass(frozen=True)
class Duty:
    """Something to be done by a last day, the day on which it was done, and whether it was given back."""

    name: str
    due: date
    done: date | None
    returned: bool = False


def _explanations(cases: list[Case], looking: Looking) -> Iterator[Duty]:
    for case in cases:
        breaches = case.breaches(looking.as_of, looking.looked)
        if len(breaches) != 1:
            continue
        due = working_days_on(breaches[0] + ONE_DAY, EXPLAIN_WITHIN)
        done: date | None = None
        returned = False
        for act in case.known(looking.looked):
            if act.at >= looking.as_of:
                break
            if act.kind == "explain":
                done, returned = done or act.at.date(), False
            elif act.kind == "return":
                done, returned = None, True
        yield Duty(case.name, due, done, returned)


def _apologies(cases: list[Case], looking: Looking) -> Iterator[Duty]:
    for case in cases:
        breaches = case.breaches(looking.as_of, looking.looked)
        if len(breaches) != 1:
            continue
        sent = [
            act.at.date() for act in case.known(looking.looked) if act.kind == "apologise" and act.at < looking.as_of
        ]
        yield Duty(case.name, working_days_on(breaches[0] + ONE_DAY, APOLOGISE_WITHIN), sent[0] if sent else None)


def _reports(unit: str, filings: list[Filing], looking: Looking) -> Iterator[Duty]:
    handed_in = {
        filing.month: filing for filing in filings if filing.unit == unit and filing.recorded <= looking.looked
    }
    month = date(2024, 1, 1)
    while month < looking.end.date():
        following = (month + timedelta(days=31)).replace(day=1)
        filing = handed_in.get(f"{month:%Y-%m}")
        done = filing.day if filing is not None and filing.day < looking.as_of.date() + _rest(looking) else None
        yield Duty(f"{month:%Y-%m}", working_days_on(following - ONE_DAY, REPORT_WITHIN), done)
        month = following


def _rest(looking: Looking) -> timedelta:
    """A day that is still going on counts for what is dated by days."""
    return ONE_DAY if looking.as_of.time() != time() else timedelta(0)


def _owed(duties: Iterator[Duty], looking: Looking) -> Cell:
    things: dict[str, tuple[str, date | None]] = {}
    fails = False
    for duty in duties:
        if duty.due >= looking.as_of.date():  # the day has not passed: nothing is broken
            continue
        since = duty.due if duty.due < looking.start.date() else None
        if duty.done is None:
            things[duty.name] = ("returned" if duty.returned else "missing", since)
            fails = True
        elif duty.done > duty.due and duty.done >= looking.start.date():
            things[duty.name] = ("late", since)
            fails = fails or since is None
    return Cell(things=things, fails=fails)
