"""What the events of a case add up to: its status, dates, stages and pauses. Pure.

`project` folds the events, in the order they happened, into a `CaseState`. Nothing is ever incremented: after
a correction, or when a day off is added to the calendar, the same events are folded again.

The promise is a history (`PromiseMade`), never one value: the procedure's time from receipt (Decree 61/2018/NĐ-CP,
art. 17) or the date that other software gave, moved by the applicant's supplements as the procedure version says
(`PauseMode`), by a letter about lateness and by another date of the other software. A date that had passed when the
next was given stays broken beside it: nothing later takes that away. Each stage has its allowance from the moment it
starts, in the same unit of time. Late means done after the due instant; a due day lasts until 23:59:59.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

from app.cases.vocabulary import (
    ALLOWED_IN,
    ENDED,
    LEADS_TO,
    ONCE,
    CaseStatus,
    EventKind,
    PaymentChannel,
    PromiseCause,
)
from app.core.calendar import Allowance, PauseMode, TimeUnit, WorkingCalendar
from app.core.calendar import Pause as Span
from app.core.errors import N_, DomainError


@dataclass(slots=True)
class StageStay:
    """A stay in a stage. `due_at` is None while the clock is stopped; `used` is set when it ended."""

    number: int
    position: int
    name: str
    unit_id: int
    officer: str
    allowance: Decimal | int
    started_at: datetime
    due_at: datetime | None = None
    ended_at: datetime | None = None
    used: Decimal | None = None
    person_id: int | None = None  # whose account had it, where one did; `officer` is the name as written

    @property
    def late_after(self) -> datetime | None:
        """As of a case: a stay has one time, which nothing but pauses moves."""
        return self.due_at


@dataclass(slots=True)
class PromiseMade:
    """A date given to the applicant: since when, why, by whom, by the event of that number.

    `due_at` is None while the clock is stopped. A case open after `late_after` has broken this promise; None where
    another took its place in time, where the clock stands, and of one given when the case had ended.
    """

    number: int
    event_number: int
    since: datetime
    due_at: datetime | None
    cause: PromiseCause
    actor: str
    late_after: datetime | None


@dataclass(slots=True)
class Pause:
    """A stop of the clock, until the applicant has supplemented the file."""

    started_at: datetime
    ended_at: datetime | None = None
    reason: str = ""


@dataclass(slots=True)
class Paid:
    """Money taken, in đồng, by the event of that number. A voided one stays in the record and counts nowhere.

    `refunded` is what of it was given back later: a payment was made all the same, and counts as one.
    """

    event_number: int
    at: datetime
    amount: int
    channel: PaymentChannel
    transaction_number: str
    voided: bool
    receipt_number: str
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money given back, in đồng, of the payment whose event has that number."""

    event_number: int
    payment_number: int
    at: datetime
    amount: int
    reason: str


@dataclass(slots=True)
class OpinionAsked:
    """Another unit was asked for its opinion, by the event of that number; answered when `answered_at` is set."""

    number: int
    unit_id: int
    asked_at: datetime
    due_at: datetime | None
    question: str
    answered_at: datetime | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Accountable:
    """From an instant on another unit answers for the case; the same one, where the case had ended by then."""

    since: datetime
    unit_id: int
    to_unit_id: int


@dataclass(slots=True)
class CaseState:
    """What the events of a case add up to. Instants are UTC."""

    received_at: datetime
    holder_unit_id: int
    status: CaseStatus = CaseStatus.RECEIVED
    promised_at: datetime | None = None
    due_at: datetime | None = None  # the promise that stands
    late_after: datetime | None = None  # the first promise that was not moved in time: open after it is late
    paused_at: datetime | None = None
    supplement_by: date | None = None  # last day to bring what was asked for, while it is awaited
    result_at: datetime | None = None
    closed_at: datetime | None = None
    ended_at: datetime | None = None
    annulled_at: datetime | None = None  # it never was: nothing else is told of it
    delivered_at: datetime | None = None
    files_digitised_at: datetime | None = None
    result_digitised_at: datetime | None = None
    paper_result_at: datetime | None = None
    electronic_result_at: datetime | None = None
    electronic_days: int | None = None  # None, too, where only “yes” was told of the copy, without its day
    holder_id: int | None = None
    officer: str = ""
    stays: list[StageStay] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    promises: list[PromiseMade] = field(default_factory=list)
    payments: list[Paid] = field(default_factory=list)
    refunds: list[Refunded] = field(default_factory=list)
    consultations: list[OpinionAsked] = field(default_factory=list)
    accountable: list[Accountable] = field(default_factory=list)

    @property
    def unit_id(self) -> int | None:
        """The unit that answers for it, where that changed since it was received; else None: its own row says it."""
        return self.accountable[-1].to_unit_id if self.accountable else None

    def accountable_at(self, at: datetime, unit_id: int) -> int:
        """The unit that answered for it at an instant; `unit_id` does if that never changed."""
        former = (each.unit_id for each in self.accountable if at < each.since)
        return next(former, self.unit_id or unit_id)

    @property
    def stay(self) -> StageStay | None:
        """The stage it is in, or None before the first and after the last."""
        return self.stays[-1] if self.stays and self.stays[-1].ended_at is None else None

    @property
    def stage(self) -> int | None:
        """Position of the stage it is in."""
        return self.stay.position if self.stay else None

    @property
    def next_position(self) -> int:
        """Position of the stage that would come next."""
        return (self.stays[-1].position if self.stays else 0) + 1


class OutOfOrder(DomainError):
    """An event that cannot happen to the case as it stands, or before what it follows."""


def whole(amount: Decimal) -> Decimal | int:
    """A whole number of days as an int, which the calendar counts fastest."""
    return int(amount) if amount == int(amount) else amount


@dataclass(frozen=True, slots=True)
class StageTerms:
    """One stage of a procedure version: who holds the case, and for how long (in the version's unit of time)."""

    position: int
    name: str
    unit_id: int
    allowance: Decimal | int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a procedure version promises."""

    amount: Decimal | int
    unit: TimeUnit
    pause_mode: PauseMode
    unit_id: int
    stages: tuple[StageTerms, ...] = ()

    @property
    def open_ended(self) -> bool:
        """Nobody knows how long it takes: a procedure that an import made of a file which promised nothing."""
        return self.amount == 0 and self.unit is not TimeUnit.SAME_DAY

    def stage(self, position: int) -> StageTerms | None:
        """The stage at that position, or None."""
        return next((stage for stage in self.stages if stage.position == position), None)


@dataclass(frozen=True, slots=True)
class Event:
    """One event as the fold needs it. `number` is the order of recording; `at` when it happened (UTC)."""

    number: int
    kind: EventKind
    at: datetime
    actor: str = ""
    note: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    corrects: int | None = None  # number of the event it puts right


class _Happened(Protocol):
    """An event, as far as corrections go."""

    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> EventKind: ...
    @property
    def at(self) -> datetime: ...
    @property
    def data(self) -> dict[str, Any]: ...
    @property
    def corrects(self) -> int | None: ...


Recorded = TypeVar("Recorded", bound=_Happened)


@dataclass(frozen=True, slots=True)
class CorrectedEvent(Generic[Recorded]):
    """An event as recorded, and as it stands now: when it happened, or that it never did.

    `before` are its corrections, the oldest first, each with when the event was held to have happened until then.
    """

    event: Recorded
    at: datetime
    void: bool = False
    before: tuple[tuple[datetime, Recorded], ...] = ()


_A_SECOND = timedelta(seconds=1)
_ENDINGS = frozenset(kind for kind, status in LEADS_TO.items() if status in ENDED)
# Other software logs these without order; they change no state.
_FREE = frozenset(
    {
        *(EventKind.NOTED, EventKind.ACTIVITY, EventKind.PAID, EventKind.PROMISE_MOVED, EventKind.APOLOGISED),
        EventKind.REOPENED,
    }
)
_FREE |= {EventKind.REFUNDED, EventKind.UNIT_SUCCEEDED, EventKind.AMENDED, EventKind.PROCEEDED}

# What something else was recorded upon cannot be said never to have happened: the kind that follows, and the part
# of its data that names the one it follows.
_FOLLOWED_BY = {
    EventKind.PAID: (
        EventKind.REFUNDED,
        "payment",
        N_("Khoản thu này đã được hoàn trả; hãy đính chính việc hoàn trả trước."),
    ),
    EventKind.CONSULTED: (
        EventKind.CONSULT_ANSWERED,
        "number",
        N_("Việc lấy ý kiến này đã có trả lời; hãy đính chính phần trả lời trước."),
    ),
}


def project(terms: Terms, events: Iterable[Event], calendar: WorkingCalendar) -> CaseState:
    """Fold the events of one case. Raises OutOfOrder when one cannot follow the ones before it."""
    recorded = list(events)
    standing = corrected(recorded)
    if not standing or standing[0].kind is not EventKind.RECEIVED:
        raise OutOfOrder("Hồ sơ phải bắt đầu bằng việc tiếp nhận.")
    fold = _Fold(terms, calendar, standing[0], _corrections(recorded, standing[0]))
    for event in standing[1:]:
        fold.apply(event)
    fold.settle()
    return fold.state


def corrected(events: Iterable[Event]) -> list[Event]:
    """The events as they stand after corrections, in the order they happened; a payment that was voided among them."""
    standing = [
        _as_it_stands(each) for each in as_corrected(events) if not each.void or each.event.kind is EventKind.PAID
    ]
    return sorted(standing, key=lambda e: (e.kind is not EventKind.RECEIVED, e.at, e.number))


def _as_it_stands(each: CorrectedEvent[Event]) -> Event:
    if not each.before:  # nearly every one: an import folds a hundred thousand
        return each.event
    return replace(each.event, at=each.at, data={**each.event.data, "voided": True} if each.void else each.event.data)


def as_corrected(events: Iterable[Recorded]) -> list[CorrectedEvent[Recorded]]:
    """What was recorded, in that order, each with what was put right of it. The one place that reads corrections.

    A `corrected` event names the event it puts right: with `data["void"]` that one never happened, with `data["at"]`
    (ISO instant) it happened then. Raises OutOfOrder for a correction that cannot be.
    """
    standing: dict[int | None, CorrectedEvent[Recorded]] = {}
    for event in sorted(events, key=lambda e: e.number):
        if event.kind is not EventKind.CORRECTED:
            standing[event.number] = CorrectedEvent(event, event.at)
            continue
        wrong = standing.get(event.corrects)
        if wrong is None or (wrong.void and wrong.event.kind is not EventKind.PAID):
            raise OutOfOrder("Không tìm thấy sự kiện cần đính chính.")
        void = bool(event.data.get("void"))
        if void:
            _check_may_be_void(wrong.event, [each.event for each in standing.values() if not each.void])
        at = wrong.at if void else datetime.fromisoformat(event.data["at"])
        before = (*wrong.before, (wrong.at, event))
        standing[wrong.event.number] = CorrectedEvent(wrong.event, at, wrong.void or void, before)
    return list(standing.values())


def _corrections(events: Iterable[Event], received: Event) -> dict[int, str]:
    """Who put right when something happened, the last one, by the number of the event that is put right. Another
    procedure puts right what was promised at reception."""
    found: dict[int, str] = {}
    for event in events:
        if event.corrects is not None and not event.data.get("void"):
            found[event.corrects] = event.actor
        elif event.kind is EventKind.AMENDED and "version_id" in event.data:
            found[received.number] = event.actor
    return found


def _check_may_be_void(wrong: _Happened, standing: Iterable[_Happened]) -> None:
    if wrong.kind is EventKind.RECEIVED:
        raise OutOfOrder("Không thể bỏ riêng việc tiếp nhận; hồ sơ tiếp nhận nhầm thì dùng “Hủy hồ sơ”.")
    if wrong.kind in _FOLLOWED_BY:
        kind, names, sentence = _FOLLOWED_BY[wrong.kind]
        if any(event.kind is kind and event.data.get(names) == wrong.number for event in standing):
            raise OutOfOrder(sentence, field="void")


class _Fold:
    """The fold's hands: one method per family of events.

    `given` is the date that was given as such, by other software or a letter, and since when; None where the
    procedure's time is counted. `stopped_at`: since when the clock stands, where it did before the promised time had
    passed. `stood`: from when to when it did. `runs_again`: a file told then that it runs, not since when: it stands
    until then, or until the case ends. `copy_dated`: it is known when the electronic copy was issued.
    """

    def __init__(
        self, terms: Terms, calendar: WorkingCalendar, received: Event, corrections: Mapping[int, str]
    ) -> None:
        self.terms = terms
        self.calendar = calendar
        self.corrections = corrections
        self.given: tuple[datetime, datetime] | None = None
        self.stopped_at: datetime | None = None
        self.stood: list[tuple[datetime, datetime]] = []
        self.runs_again: tuple[Event, datetime] | None = None
        self.copy_dated = True
        self.heirs: dict[int, int] = {}  # units that are gone -> who has what was theirs
        self.state = CaseState(
            received.at,
            holder_unit_id=received.data.get("unit_id") or terms.unit_id,
            officer=received.data.get("officer") or received.actor,
            holder_id=received.data.get("person_id"),
        )
        if outside := _instant(received.data.get("promised_at")):
            self.given = outside, received.at
            self._promise(received, outside, PromiseCause.OTHER_SOFTWARE)
        elif not terms.open_ended:
            counted = calendar.due_at(received.at, terms.amount, terms.unit)
            self._promise(received, counted, PromiseCause.RECEPTION)
        self.state.promised_at = self.state.due_at
        if terms.stages and not received.data.get("stages_unknown"):
            who = received.actor, received.data.get("person_id")
            self._enter(terms.stages[0], received.at, received.data.get("unit_id"), *who)

    def apply(self, event: Event) -> None:
        """Let one event happen."""
        self._check(event)
        if self.runs_again and event.at >= self.runs_again[1]:
            self._run(*self.runs_again)
        kind, state = event.kind, self.state
        match kind:
            case EventKind.HANDED_OVER:
                self._hand_over(event)
            case EventKind.RETURNED:
                self._return(event)
            case EventKind.TAKEN_OVER:
                self._take_over(event)
            case EventKind.SUPPLEMENT_REQUESTED:
                self._pause(event)
            case EventKind.SUPPLEMENTED:
                self._resume(event)
            case EventKind.CONSULTED:
                self._consult(event)
            case EventKind.CONSULT_ANSWERED:
                self._answer(event)
            case EventKind.RESOLVED:
                state.result_at = event.at
            case EventKind.PAID:
                self._pay(event)
            case EventKind.REFUNDED:
                self._refund(event)
            case EventKind.UNIT_SUCCEEDED:
                self._succeed(event)
            case EventKind.PROMISE_MOVED:
                self._give(event, _instant(event.data["promised_at"]), PromiseCause.OTHER_SOFTWARE)
            case EventKind.APOLOGISED if not event.data.get("wrong"):
                self._give(event, _instant(event.data.get("new_due_at")), PromiseCause.LETTER)
            case _ if kind in _ENDINGS:
                self._end(event)
            case _ if kind in ONCE:
                setattr(state, ONCE[kind], event.at)
                if kind is EventKind.ISSUED_ELECTRONIC:
                    self.copy_dated = not event.data.get("time_unknown") or event.number in self.corrections
        state.status = LEADS_TO.get(kind, state.status)

    def _check(self, event: Event) -> None:
        kind, state = event.kind, self.state
        if state.status not in ALLOWED_IN[kind]:
            raise OutOfOrder(
                "Không thể ghi “%(event)s” khi hồ sơ đang ở trạng thái “%(status)s”.",
                event=kind,
                status=state.status,
            )
        if kind in ONCE and getattr(state, ONCE[kind]) is not None:
            raise OutOfOrder("“%(event)s” đã được ghi nhận cho hồ sơ này.", event=kind)
        if kind not in _FREE and event.at < state.received_at:  # the others come in order
            raise OutOfOrder("“%(event)s” không thể xảy ra trước sự kiện mà nó tiếp theo.", field="at", event=kind)

    def _hand_over(self, event: Event) -> None:
        state = self.state
        position = int(event.data.get("position", state.next_position))
        stage = self.terms.stage(position)
        self._leave(event.at)
        officer = str(event.data.get("officer", ""))
        unit_id = event.data.get("unit_id")
        if stage is not None:
            self._enter(stage, event.at, unit_id, officer, event.data.get("person_id"))
        elif unit_id is not None:
            state.holder_unit_id, state.officer = self._in_being(int(unit_id)), officer
        else:
            if "position" not in event.data:
                raise OutOfOrder("Hồ sơ đã ở bước cuối của quy trình; hãy chọn đơn vị nhận.", field="position")
            raise OutOfOrder("Quy trình không có bước %(position)s.", field="position", position=position)
        state.holder_id = event.data.get("person_id")

    def _return(self, event: Event) -> None:
        """Back to an earlier stage: to the unit and officer that had it there last, unless others are named."""
        position = int(event.data.get("position", 0))
        stage, here = self.terms.stage(position), self.state.stage
        if stage is None or here is None or position >= here:
            raise OutOfOrder("Chỉ trả lại được về bước trước bước đang xử lý.", field="position")
        before = next((stay for stay in reversed(self.state.stays) if stay.position == position), None)
        unit_id = event.data.get("unit_id") or (before.unit_id if before else None)
        officer, person_id = str(event.data.get("officer", "")), event.data.get("person_id")
        if not officer and before is not None:
            officer, person_id = before.officer, person_id or before.person_id
        self._leave(event.at)
        self._enter(stage, event.at, unit_id, officer, person_id)
        self.state.holder_id = event.data.get("person_id")

    def _succeed(self, event: Event) -> None:
        """A unit that had to do with the case is gone. What has ended by then stays where it was."""
        state, gone, heir = self.state, int(event.data["unit_id"]), int(event.data["to_unit_id"])
        ended = state.ended_at is not None
        if event.data.get("accountable"):
            state.accountable.append(Accountable(event.at, gone, gone if ended else heir))
        if ended:
            return
        self.heirs[gone] = heir
        if state.holder_unit_id == gone:
            state.holder_unit_id = heir
        if state.stay and state.stay.unit_id == gone:
            state.stay.unit_id = heir
        for asked in state.consultations:
            if asked.answered_at is None and asked.unit_id == gone:
                asked.unit_id = heir

    def _in_being(self, unit_id: int) -> int:
        """The unit, or who succeeded it."""
        while unit_id in self.heirs:
            unit_id = self.heirs[unit_id]
        return unit_id

    def _take_over(self, event: Event) -> None:
        state, officer = self.state, str(event.data.get("officer") or event.actor)
        state.officer, state.holder_id = officer, event.data.get("person_id")
        if state.stay:
            state.stay.officer, state.stay.person_id = officer, state.holder_id

    def _enter(self, stage: StageTerms, at: datetime, unit_id: int | None, officer: str, person_id: int | None) -> None:
        state = self.state
        stay = StageStay(
            len(state.stays) + 1,
            stage.position,
            stage.name,
            self._in_being(int(unit_id or stage.unit_id)),
            officer,
            stage.allowance,
            at,
            person_id=person_id,
        )
        state.stays.append(stay)
        state.holder_unit_id, state.officer = stay.unit_id, officer

    def _leave(self, at: datetime) -> None:
        if stay := self.state.stay:
            stay.ended_at = at

    def _end(self, event: Event) -> None:
        state = self.state
        if state.paused_at:
            self._stop_waiting(event)
        if self.stopped_at:
            self._run(event, event.at)
        state.ended_at = event.at
        match event.kind:
            case EventKind.ANNULLED:
                state.annulled_at = event.at
            case EventKind.CLOSED:
                state.closed_at = event.at
        self._leave(event.at)

    def _pause(self, event: Event) -> None:
        """The clock stops, unless the procedure has it run on or the promised time had passed: late stays late.

        A file may tell it without its time, `known_at` being when it was told: a case that was late by then was late
        before it was asked for papers.
        """
        state, began = self.state, event.at
        known_at = _instant(event.data.get("known_at"))
        if known_at is not None and state.due_at is not None and known_at > state.due_at:
            began = max(began, state.due_at + _A_SECOND)
        state.pauses.append(Pause(began, reason=event.note))
        state.paused_at, self.runs_again = began, None
        state.supplement_by = date.fromisoformat(event.data["until"]) if event.data.get("until") else None
        runs_on = self.terms.pause_mode is PauseMode.NONE
        if not runs_on and state.due_at is not None and began <= state.due_at:
            self.stopped_at = began
            self._promise(event, None, PromiseCause.CLOCK_STOPPED)

    def _resume(self, event: Event) -> None:
        self._stop_waiting(event)
        if self.stopped_at is None:
            return
        known_at = _instant(event.data.get("known_at"))
        if known_at is None:
            self._run(event, event.at)
        else:
            self.runs_again = event, known_at

    def _stop_waiting(self, event: Event) -> None:
        pause = self.state.pauses[-1]
        pause.ended_at, self.state.paused_at = max(event.at, pause.started_at), None
        self.state.supplement_by = None

    def _run(self, event: Event, since: datetime) -> None:
        """The clock runs again."""
        state, began = self.state, self.stopped_at
        assert began is not None
        self.stopped_at = self.runs_again = None
        self.stood.append((began, since))
        allowance, mode = Allowance(self.terms.amount, self.terms.unit), self.terms.pause_mode
        if self.given is None and self.terms.open_ended:
            return
        if self.given is None:
            due_at = self.calendar.deadline_with_pauses(state.received_at, allowance, self.stood, mode).due_at
        elif mode is PauseMode.RESTART:
            self.given, due_at = None, self.calendar.due_at(since, allowance.amount, allowance.unit)
        else:
            due_at, given_at = self.given
            due_at = self.calendar.moved_by(due_at, allowance, max(began, given_at), since)
            self.given = due_at, since
        self._promise(event, due_at, PromiseCause.CLOCK_RESUMED, since)

    def _give(self, event: Event, due_at: datetime | None, cause: PromiseCause) -> None:
        """A date given as such. Given while the clock stands, it stands until the clock runs again."""
        if due_at is None:
            return
        if self.state.ended_at is None:
            self.given = due_at, event.at
        self._promise(event, due_at, cause)

    def _promise(
        self, event: Event, due_at: datetime | None, cause: PromiseCause, since: datetime | None = None
    ) -> None:
        """The next promise. Given after the case ended, it binds nobody; given before the one that stands had passed,
        it takes its place; given after that, it stands beside the breach."""
        state, since = self.state, since or event.at
        binds = state.ended_at is None
        if binds:
            for before in state.promises:
                if before.late_after is not None and since <= before.late_after:
                    before.late_after = None
            state.due_at = None if self.stopped_at else due_at
        actor = event.actor
        if event.number in self.corrections:
            cause, actor = PromiseCause.CORRECTION, self.corrections[event.number]
        late_after = max(state.due_at, since) if binds and state.due_at is not None else None
        number = len(state.promises) + 1
        state.promises.append(PromiseMade(number, event.number, since, due_at, cause, actor, late_after))

    def _pay(self, event: Event) -> None:
        data = event.data
        self.state.payments.append(
            Paid(
                event.number,
                event.at,
                int(data["amount"]),
                PaymentChannel(data["channel"]),
                str(data.get("transaction_number", "")),
                bool(data.get("voided")),
                str(data.get("receipt_number", "")),
            )
        )

    def _refund(self, event: Event) -> None:
        """Never more than was paid, and nothing of a payment that was recorded by mistake."""
        number, amount = int(event.data["payment"]), int(event.data["amount"])
        paid = next((each for each in self.state.payments if each.event_number == number), None)
        if paid is None:
            raise OutOfOrder("Không có khoản thu này trước thời điểm hoàn trả.", field="payment")
        if paid.voided:
            raise OutOfOrder("Khoản thu này đã bị hủy, không có gì để hoàn trả.", field="payment")
        left = paid.amount - paid.refunded
        if not 0 < amount <= left:
            raise OutOfOrder("Chỉ hoàn trả được từ 1 đến %(left)s đồng của khoản thu này.", field="amount", left=left)
        paid.refunded += amount
        self.state.refunds.append(Refunded(event.number, number, event.at, amount, event.note))

    def _consult(self, event: Event) -> None:
        unit_id, due_at = int(event.data["unit_id"]), _instant(event.data.get("due_at"))
        self.state.consultations.append(OpinionAsked(event.number, unit_id, event.at, due_at, event.note))

    def _answer(self, event: Event) -> None:
        number = int(event.data["number"])
        asked = next((each for each in self.state.consultations if each.number == number), None)
        if asked is None:
            raise OutOfOrder("Không có việc lấy ý kiến này trước thời điểm trả lời.", field="number")
        if asked.answered_at is not None:
            raise OutOfOrder("Việc lấy ý kiến này đã có trả lời.", field="number")
        asked.answered_at, asked.answer = event.at, event.note

    def settle(self) -> None:
        """Work out when it is late and what is due of each stay, once every pause is known."""
        state = self.state
        if self.runs_again:
            self._run(*self.runs_again)
        if state.annulled_at is not None:
            self._never_was()
            return
        state.late_after = min((p.late_after for p in state.promises if p.late_after is not None), default=None)
        for stay in state.stays:
            pauses = [p for p in state.pauses if _within(p, stay)]
            stay.due_at = self._due(stay.started_at, stay.allowance, pauses)
            if stay.ended_at is not None:
                stay.used = used_in_stage(self.terms, self.calendar, stay, pauses, stay.ended_at)
        if state.electronic_result_at and state.result_at and self.copy_dated:
            counted = self.calendar.counted_day(state.result_at)
            came = self.calendar.add_working_days(self.calendar.local_day(state.electronic_result_at), 0)
            state.electronic_days = max(0, self.calendar.count_working_days(counted, came))

    def _never_was(self) -> None:
        """Nothing follows from what was recorded of an annulled case, but that money was taken and given back."""
        state = self.state
        state.promised_at = state.due_at = state.late_after = state.paused_at = state.supplement_by = None
        state.result_at = state.closed_at = state.electronic_days = None
        for name in ONCE.values():
            setattr(state, name, None)
        for told in (state.stays, state.pauses, state.promises, state.consultations):
            told.clear()

    def _due(self, start: datetime, amount: Decimal | int, pauses: Sequence[Pause]) -> datetime | None:
        if not pauses:
            return self.calendar.due_at(start, amount, self.terms.unit)
        deadline = self.calendar.deadline_with_pauses(
            start, Allowance(amount, self.terms.unit), _spans(pauses), self.terms.pause_mode
        )
        if deadline.stopped_in_time:
            return None  # stopped in time; one that was late when it stopped stays late
        return deadline.due_at


def used_in_stage(
    terms: Terms, calendar: WorkingCalendar, stay: StageStay, pauses: Sequence[Pause], until: datetime
) -> Decimal:
    """Time used in a stage, in the procedure's unit of time, counted as its due time is.

    A supplement takes nothing off where the procedure says the clock runs on, and starts the count again where
    it says so; one asked for after the time had run out does neither.
    """
    began, spans = stay.started_at, _before_it_ran_out(terms, calendar, stay, _spans(pauses))
    if terms.pause_mode is not PauseMode.EXTEND:
        if terms.pause_mode is PauseMode.RESTART and spans:
            began = spans[-1][1] or until
        spans = []
    if terms.unit is TimeUnit.WORKING_DAYS and stay.allowance != int(stay.allowance):
        return _parts_of_days(calendar, stay.allowance, began, until, spans)
    return calendar.working_time_used(min(began, until), until, terms.unit, spans)


def _before_it_ran_out(terms: Terms, calendar: WorkingCalendar, stay: StageStay, spans: list[Span]) -> list[Span]:
    """Those that began while the stage still had time, as its due time counts them."""
    allowance, counted = Allowance(stay.allowance, terms.unit), list[Span]()
    for span in spans:
        if span[0] > calendar.deadline_with_pauses(stay.started_at, allowance, counted, terms.pause_mode).due_at:
            break
        counted.append(span)
    return counted


def _parts_of_days(
    calendar: WorkingCalendar,
    allowance: Decimal | int,
    began: datetime,
    until: datetime,
    spans: Sequence[Span],
) -> Decimal:
    """Working days to 0.01, for an allowance such as half a day, which is due at an hour."""
    if allowance >= 1:
        began = calendar.end_of_day(calendar.local_day(began))  # the day of receipt is not counted
    hours = calendar.working_time_used(min(began, until), until, TimeUnit.WORKING_HOURS, spans)
    day = Decimal(calendar.hours.length()) / 3_600_000_000
    return (hours / day).quantize(Decimal("0.01"))


def _within(pause: Pause, stay: StageStay) -> bool:
    return pause.started_at >= stay.started_at and (stay.ended_at is None or pause.started_at < stay.ended_at)


def _spans(pauses: Sequence[Pause]) -> list[Span]:
    return [(pause.started_at, pause.ended_at) for pause in pauses]


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
