"""The clocks of a publication (công bố, công khai TTHC): which days its steps ran, and who had it. Pure.

Bắc Giang, plan 38, II.4.1 with footnotes 2 and 3. A day that starts a clock is not counted; the day on which
the step is done is. Working days and calendar days are both counted: which of them decides, and how many are
allowed, is a matter of the plans.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from enum import StrEnum

from app.core.calendar import TimeUnit
from app.core.errors import N_, DomainError
from app.core.working_days import WorkingDays
from app.publications.models import PublicationTrack

EARLIEST = date(2000, 1, 1)  # anything before is a slip of the keyboard


class PublicationStep(StrEnum):
    """A stretch of a publication with a clock of its own."""

    DIVISION = "division"  # phòng chuyên môn
    OFFICE = "office"  # Văn phòng Sở, from the hand-over
    WHOLE = "whole"  # both together
    JOINT = "joint"  # both at once: the decision was numbered ahead


class Stage(StrEnum):
    """Where a publication stands."""

    DIVISION = "with_division"
    OFFICE = "with_office"
    JOINT = "with_both"
    FINISHED = "finished"  # submitted; not yet made public
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Dates:
    """What happened to a publication, on the site's days.

    `printed_on` is the date on the decision: the Ministry's, or on the process track the provincial chairman's.
    """

    printed_on: date | None = None
    arrived_on: date | None = None
    handed_over_on: date | None = None
    finished_on: date | None = None
    published_on: date | None = None

    def until(self, day: date) -> Dates:
        """Only what had happened by the end of that day."""
        later = {f.name: None for f in fields(self) if (value := getattr(self, f.name)) is not None and value > day}
        return replace(self, **later)

    @classmethod
    def of(cls, source: object) -> Dates:
        """The dates that a record carries under the same names."""
        return cls(**{field.name: getattr(source, field.name) for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class StepClock:
    """One step: when it ran, and the days used until it ended or until the day asked about.

    `leads` says whose step it is: the division's, the Office's, or both's (joint).
    """

    step: PublicationStep
    leads: tuple[PublicationStep, ...]
    started_on: date | None
    ended_on: date | None
    working_days: int
    calendar_days: int

    @property
    def running(self) -> bool:
        """Whether the step has begun and is not done."""
        return self.started_on is not None and self.ended_on is None


def starts_on(track: PublicationTrack, dates: Dates) -> date | None:
    """The day from which the track counts: arrival on the document system, or the date on the decision."""
    return dates.arrived_on if track is PublicationTrack.CATALOGUE else dates.printed_on


def ended_on(track: PublicationTrack, dates: Dates) -> date | None:
    """The day the whole clock stopped. On the process track two products share one clock: the later of them."""
    if track is not PublicationTrack.PROCESS:
        return dates.finished_on
    if dates.finished_on is None or dates.published_on is None:
        return None
    return max(dates.finished_on, dates.published_on)


def stage(track: PublicationTrack, dates: Dates) -> Stage:
    """Where it stands, by what has happened."""
    if ended_on(track, dates) is not None:
        return Stage.PUBLISHED if dates.published_on else Stage.FINISHED
    if track is PublicationTrack.EARLY_NUMBER:
        return Stage.JOINT
    return Stage.OFFICE if dates.handed_over_on else Stage.DIVISION


def clocks(track: PublicationTrack, dates: Dates, day: date, calendar: WorkingDays) -> tuple[StepClock, ...]:
    """Every clock of a publication as it stood at the end of that day; none before it has begun."""
    dates = dates.until(day)
    began, ended = starts_on(track, dates), ended_on(track, dates)
    if began is None:
        return ()

    def clock(
        step: PublicationStep, leads: tuple[PublicationStep, ...], start: date | None, end: date | None
    ) -> StepClock:
        if start is None:
            return StepClock(step, leads, None, None, 0, 0)
        until = end or day
        return StepClock(step, leads, start, end, calendar.count_working_days(start, until), (until - start).days)

    if track is PublicationTrack.EARLY_NUMBER:
        return (clock(PublicationStep.JOINT, (PublicationStep.DIVISION, PublicationStep.OFFICE), began, ended),)
    division = clock(PublicationStep.DIVISION, (PublicationStep.DIVISION,), began, dates.handed_over_on)
    office = clock(PublicationStep.OFFICE, (PublicationStep.OFFICE,), dates.handed_over_on, ended)
    return division, office, clock(PublicationStep.WHOLE, (_longer(track, division, office),), began, ended)


def _longer(track: PublicationTrack, division: StepClock, office: StepClock) -> PublicationStep:
    """Who answers for the whole: the one that had it for more working days; if equally many, the one given fewer.

    With shares of 3 + 2 and 2 + 3 days a total over 5 is so always told to one that overran its own share.
    """
    if office.started_on is None:
        return PublicationStep.DIVISION
    if division.working_days == office.working_days:
        return PublicationStep.DIVISION if track is PublicationTrack.PROCESS else PublicationStep.OFFICE
    return PublicationStep.DIVISION if division.working_days > office.working_days else PublicationStep.OFFICE


def used_on_arrival(track: PublicationTrack, dates: Dates, calendar: WorkingDays) -> tuple[int, int]:
    """Working and calendar days already gone when a decision numbered ahead arrived; else none."""
    if track is not PublicationTrack.EARLY_NUMBER or dates.printed_on is None or dates.arrived_on is None:
        return 0, 0
    gone = (dates.arrived_on - dates.printed_on).days
    return calendar.count_working_days(dates.printed_on, dates.arrived_on), gone


def check_dates(track: PublicationTrack, dates: Dates, today: date) -> None:
    """Raise DomainError (field named) for the first thing that cannot have happened so."""
    for problem in _problems(track, dates, today):
        raise problem


def check_day(day: date, field: str, today: date) -> None:
    """Raise DomainError for a day that has not come, or is so long ago that the year must be a slip."""
    for problem in _day_problems(day, field, today):
        raise problem


def _day_problems(day: date, field: str, today: date) -> Iterator[DomainError]:
    if day > today:
        yield DomainError("Ngày %(day)s chưa đến: chỉ ghi việc đã xảy ra.", field=field, day=day)
    if day < EARLIEST:
        yield DomainError("Ngày %(day)s quá xa: hãy xem lại năm.", field=field, day=day)


def _problems(track: PublicationTrack, dates: Dates, today: date) -> Iterator[DomainError]:
    yield from _missing(track, dates)
    for name in (field.name for field in fields(dates)):
        day = getattr(dates, name)
        if day is not None:
            yield from _day_problems(day, name, today)
    if track is PublicationTrack.EARLY_NUMBER and dates.handed_over_on:
        yield DomainError(
            "Quyết định lấy số trước do hai đơn vị cùng làm, không có bước bàn giao.", field="handed_over_on"
        )
    for earlier, later, sentence in _ORDER:
        first, then = getattr(dates, earlier), getattr(dates, later)
        if first and then and then < first and not (later == "published_on" and track is PublicationTrack.PROCESS):
            yield DomainError(sentence, field=later, day=then, before=first)
    start = starts_on(track, dates)
    if start and dates.published_on and dates.published_on < start:
        yield DomainError(
            "Ngày công khai (%(day)s) không được trước ngày bắt đầu tính (%(before)s).",
            field="published_on",
            day=dates.published_on,
            before=start,
        )


def _missing(track: PublicationTrack, dates: Dates) -> Iterator[DomainError]:
    if dates.arrived_on is None and track is not PublicationTrack.PROCESS:
        yield DomainError(
            "Hãy ghi ngày quyết định đến Sở trên hệ thống quản lý văn bản và điều hành.", field="arrived_on"
        )
    if dates.printed_on is None and track is PublicationTrack.EARLY_NUMBER:
        yield DomainError("Hãy ghi ngày in trên quyết định: thời hạn tính từ ngày này.", field="printed_on")
    if dates.printed_on is None and track is PublicationTrack.PROCESS:
        yield DomainError("Hãy ghi ngày Chủ tịch UBND tỉnh ban hành quyết định công bố.", field="printed_on")
    if dates.finished_on and not dates.handed_over_on and track is not PublicationTrack.EARLY_NUMBER:
        yield DomainError("Phòng chuyên môn chưa bàn giao cho Văn phòng: hãy ghi bàn giao trước.", field="finished_on")
    if dates.published_on and not dates.finished_on and track is not PublicationTrack.PROCESS:
        yield DomainError("Chưa trình xong: hãy ghi ngày trình trước khi ghi ngày công khai.", field="published_on")


_ARRIVED_FIRST = N_("Ngày đến trên hệ thống (%(day)s) không được trước ngày ghi trên quyết định (%(before)s).")
_HANDED_AFTER = N_("Ngày bàn giao (%(day)s) không được trước ngày nhận quyết định (%(before)s).")
_FINISHED_AFTER = N_("Ngày hoàn thành (%(day)s) không được trước ngày %(before)s, khi việc được giao đến.")
_PUBLISHED_AFTER = N_("Ngày công khai (%(day)s) không được trước ngày trình (%(before)s).")
_ORDER = (
    ("printed_on", "arrived_on", _ARRIVED_FIRST),
    ("printed_on", "handed_over_on", _HANDED_AFTER),
    ("arrived_on", "handed_over_on", _HANDED_AFTER),
    ("printed_on", "finished_on", _FINISHED_AFTER),
    ("arrived_on", "finished_on", _FINISHED_AFTER),
    ("handed_over_on", "finished_on", _FINISHED_AFTER),
    ("finished_on", "published_on", _PUBLISHED_AFTER),
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Days allowed, counted as working or as calendar days, and the plan that says so."""

    days: int
    unit: TimeUnit
    plan: str

    def used(self, clock: StepClock) -> int:
        """Days used of it, counted as the plan counts."""
        return clock.working_days if self.unit is TimeUnit.WORKING_DAYS else clock.calendar_days

    def last_day(self, start: date, calendar: WorkingDays) -> date:
        """The last day on which a step begun that day is in time."""
        if self.unit is TimeUnit.WORKING_DAYS:
            return calendar.add_working_days(start, self.days)
        return start + timedelta(days=self.days)


AllowanceSource = Callable[[PublicationTrack, PublicationStep, date], Sequence[Allowed]]

sources: list[AllowanceSource] = []
"""Asked for the allowances of a step of a publication whose clock began on that day."""


def allowed(track: PublicationTrack, step: PublicationStep, day: date) -> list[Allowed]:
    """What the plans in force that day allow for a step."""
    return [one for source in sources for one in source(track, step, day)]


@dataclass(frozen=True, slots=True)
class AllowedClock:
    """A clock beside what one plan allows: days over (0 when kept), days left, the last day."""

    allowed: Allowed
    used: int
    last_day: date | None

    @property
    def over(self) -> int:
        """Days used beyond what is allowed."""
        return max(0, self.used - self.allowed.days)

    @property
    def left(self) -> int:
        """Days not used yet."""
        return max(0, self.allowed.days - self.used)


def beside(
    track: PublicationTrack, clock: StepClock, day: date, calendar: WorkingDays, start: date | None = None
) -> list[AllowedClock]:
    """A clock beside each plan's allowance; `start` as the clock's own unless given."""
    began = start or clock.started_on
    return [
        AllowedClock(one, one.used(clock), one.last_day(began, calendar) if began else None)
        for one in allowed(track, clock.step, day)
    ]
