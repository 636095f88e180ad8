"""The lives of the demonstration's cases, as events: what the desk and the divisions would have recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zlib import crc32

from app.cases.timeline import Event, StageTerms
from app.cases.vocabulary import Channel, EventKind, ReturnMethod
from app.core.calendar import TimeUnit, WorkingCalendar
from app.demo.dealings import EXACT_OF, EXACT_ONLINE, EXACT_UNIT, HABITS, Habits
from app.demo.intake import Arrival, DayPlan, Intake, exact_payer
from app.demo.world import DemoApplicant, KnownProcedure, World, applicant, pick

OPEN, LUNCH, BACK, CLOSE = 27_000, 41_400, 46_800, 61_200  # 7:30, 11:30, 13:00, 17:00 as seconds of the day


class OfficeMoment:
    """A local day and second of the day; `at` is the instant in UTC."""

    __slots__ = ("_calendar", "_starts", "day", "second")

    def __init__(self, calendar: WorkingCalendar, starts: dict[date, datetime]) -> None:
        self._calendar, self._starts = calendar, starts
        self.day, self.second = date.min, 0

    def put(self, day: date, second: int) -> None:
        self.day, self.second = day, second

    @property
    def at(self) -> datetime:
        """The instant, in UTC."""
        start = self._starts.get(self.day)
        if start is None:
            start = self._starts[self.day] = self._calendar.start_of_day(self.day)
        return start + timedelta(seconds=self.second)

    def work(self, seconds: int) -> None:
        """Spend so much office time, at most a day of it."""
        second = self.second
        if second >= CLOSE or not self._calendar.is_working_day(self.day):
            self.day, second = self._calendar.add_working_days(self.day, 1), OPEN
        elif second < OPEN:
            second = OPEN
        elif LUNCH <= second < BACK:
            second = BACK
        end = second + seconds
        if second < LUNCH <= end:
            end += BACK - LUNCH
        if end >= CLOSE:
            self.day, end = self._calendar.add_working_days(self.day, 1), OPEN + (end - CLOSE)
            if end >= LUNCH:
                end += BACK - LUNCH
        self.second = end

    def stay_on(self, seconds: int) -> None:
        """Let so much time pass, office hours or not; never past the end of the day."""
        self.second = min(self.second + seconds, 86_390)

    def next_days(self, working_days: int, rng: Random) -> None:
        """Some office hour, one or more working days later."""
        self.day = self._calendar.add_working_days(self.day, working_days)
        second = OPEN + int(rng.random() * (CLOSE - OPEN - (BACK - LUNCH)))
        self.second = second if second < LUNCH else second + BACK - LUNCH

    def days_since(self, day: date) -> int:
        """Working days after a day, up to this one."""
        return self._calendar.count_working_days(day, self.day)


# How results reach the applicants in the demonstration: over the counter, by post, online; a few wait for long.
#
# Who waits follows from the case's code: chance is not asked, so that what it decides elsewhere stays as it was.

# Of a hundred results, by how the case came in: by post, then online; the others over the counter.
BY_POST = {Channel.IN_PERSON: 8, Channel.ONLINE: 15, Channel.POST: 90}
SENT_ONLINE = {Channel.IN_PERSON: 0, Channel.ONLINE: 60, Channel.POST: 0}
NEVER, SLOWLY = 2, 20  # of those over the counter: nobody comes for it; somebody does, after a week or more


def return_method(channel: Channel, code: str) -> ReturnMethod:
    """How the applicant wants the result."""
    place = _mark(code, "returned")
    if place < BY_POST[channel]:
        return ReturnMethod.POST
    return ReturnMethod.ONLINE if place < BY_POST[channel] + SENT_ONLINE[channel] else ReturnMethod.IN_PERSON


def is_collected(method: ReturnMethod, code: str) -> bool:
    """Whether the applicant ever gets it: what is sent arrives."""
    return method is not ReturnMethod.IN_PERSON or _mark(code, "collected") >= NEVER


def days_waiting(method: ReturnMethod, code: str, chance: float) -> int:
    """Working days until somebody has it in hand, by chance from 0 to 1: most come within the week."""
    slowly = method is ReturnMethod.IN_PERSON and _mark(code, "collected") < NEVER + SLOWLY
    return 6 + int(chance * 20) if slowly else 1 + int(chance * 4)


def _mark(code: str, what: str) -> int:
    return crc32(f"{what}/{code}".encode()) % 100


MINUTE, HOUR = 60, 3600
COMPANY_PROCEDURES = frozenset({"LDVL.GPLD", "1.013725", "2.000355", "1.010938", "1.010939", "1.010940"})
FORWARDED = (
    "Hồ sơ đầy đủ, hợp lệ; chuyển phòng chuyên môn thẩm định.",
    "Đã thẩm định, đủ điều kiện; trình lãnh đạo Sở ký duyệt.",
    "Lãnh đạo Sở đã ký; chuyển vào sổ và trả kết quả.",
)
MISSING = (
    "Bổ sung bản sao chứng thực giấy tờ tùy thân còn hiệu lực.",
    "Bổ sung giấy khám sức khỏe trong thời hạn 12 tháng.",
    "Bổ sung văn bản xác nhận của UBND cấp xã nơi cư trú.",
    "Tờ khai chưa đúng mẫu; đề nghị kê khai lại.",
    "Bổ sung văn bản chấp thuận nhu cầu sử dụng lao động.",
)
REFUSED = "Hồ sơ không đủ điều kiện giải quyết theo quy định."
WITHDRAWN = "Người nộp đề nghị rút hồ sơ."
STOPPED = "Quá thời hạn mà người nộp không bổ sung hồ sơ."
WRONG_TIME = "Đính chính thời điểm kết thúc hồ sơ do cập nhật chậm."
PAID_TWICE = "Ghi trùng giao dịch thanh toán."
PAID_BACK = "Người nộp rút hồ sơ trước khi giải quyết; hoàn trả theo đề nghị."
SENT_BACK = "Dự thảo thiếu căn cứ pháp lý; đề nghị bổ sung, trình lại."
QUESTION = "Đề nghị cho ý kiến về đối tượng nêu trong hồ sơ thuộc lĩnh vực đơn vị theo dõi."
OPINION = "Thống nhất; đối tượng không thuộc trường hợp đang giải quyết tại đơn vị."

# Shares of all cases.
REFUSALS, WITHDRAWALS = 0.012, 0.01
PAUSES, SECOND_PAUSES, NEVER_SUPPLEMENTED = 0.11, 0.18, 0.04
SLOW_HANDS = 0.012  # at the desk and on the leaders' table, a step overruns
WRONG_TIMES, DOUBLE_PAYMENTS = 0.004, 0.06
# Of a hundred cases, by a mark of their code: chance is not asked, so that what it decides stays as it was.
TAKEN, SIGNED, CONSULTED, SENT_BACK_ONCE = range(0, 20), range(0, 25), range(20, 24), range(24, 26)


@dataclass(slots=True)
class PlannedEvent:
    """An event before it has its number. `unit_id` did it; `puts_right` is the one that it corrects.

    Data that name another event do so by its number: `about` is that event, under that name.
    """

    at: datetime
    kind: EventKind
    actor: str
    unit_id: int
    note: str
    data: dict[str, Any]
    puts_right: PlannedEvent | None = None
    about: tuple[str, PlannedEvent] | None = None


@dataclass(slots=True)
class DemoCase:
    """A case and all that happened to it until the horizon; `units` are those of the events, in order."""

    id: int
    code: str
    procedure: KnownProcedure
    channel: Channel
    return_method: ReturnMethod
    applicant: DemoApplicant
    events: list[Event]
    units: list[int]


class Lives:
    """Makes up the cases of a day, from the world alone: nothing is remembered from one day to the next."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calendar: WorkingCalendar = world.days.calendar()
        self.intake = Intake(world, self.calendar)
        self.moment = OfficeMoment(self.calendar, {})
        names = world.officers()
        self.officers = {procedure.unit_id: names[procedure.unit] for procedure in world.procedures}
        self.desk, self.leaders = names["MC"], names["SO"]
        self.handing = {name: {"officer": name} for unit in names.values() for name in unit}
        self.recent = world.month[0]
        self.asked = sorted({procedure.unit_id for procedure in world.procedures})
        self.first_of = {procedure.unit_id: names[procedure.unit][0] for procedure in world.procedures}

    def of_day(self, plan: DayPlan) -> Iterator[DemoCase]:
        """The cases received on one day, in order."""
        rng = self.world.rng("lives", plan.day)
        payer = plan.paying[0] if plan.paying else 0
        for number, arrival in enumerate(self.intake.arrivals(plan.day, plan.cases)):
            online: bool | None = None
            pays = True
            if plan.paying and exact_payer(self.world, arrival):
                pays, online = payer < plan.paying[1], payer % EXACT_OF in EXACT_ONLINE
                payer += 1
            code = f"{self.world.prefix}-{plan.day:%y%m%d}-{number + 1:04d}"
            life = _Life(self, rng, arrival, plan, code)
            life.live(pays, online)
            yield self._case(plan.first_id + number, code, life, arrival)

    def _case(self, case_id: int, code: str, life: _Life, arrival: Arrival) -> DemoCase:
        happened = [h for h in life.happenings if h.at <= self.world.horizon]
        happened.sort(key=lambda h: h.at)  # stable: what happens at one moment stays in the order it was told
        events = []
        for number, h in enumerate(happened, 1):
            corrects = happened.index(h.puts_right) + 1 if h.puts_right else None
            data = h.data if h.about is None else h.data | {h.about[0]: happened.index(h.about[1]) + 1}
            events.append(Event(number, h.kind, h.at, h.actor, h.note, data, corrects))
        units = [h.unit_id for h in happened]
        who = applicant(life.rng, life.procedure.code in COMPANY_PROCEDURES)
        return DemoCase(case_id, code, life.procedure, arrival.channel, life.return_method, who, events, units)


class _Life:
    """One case: a moment moves through its steps, and leaves happenings behind."""

    __slots__ = (
        *("at_unit", "code", "happenings", "lives", "mark", "moment", "officer", "paid", "plan", "procedure"),
        *("received", "return_method", "rng"),
    )

    def __init__(self, lives: Lives, rng: Random, arrival: Arrival, plan: DayPlan, code: str) -> None:
        self.lives, self.rng, self.plan, self.code = lives, rng, plan, code
        self.procedure = lives.world.procedures[arrival.procedure]
        self.received = arrival
        self.moment = lives.moment
        self.moment.put(plan.day, arrival.second)
        self.happenings: list[PlannedEvent] = []
        self.paid: PlannedEvent | None = None
        self.mark = crc32(code.encode()) % 100
        self.return_method = return_method(arrival.channel, code)
        self.at_unit, self.officer = self.procedure.terms.stages[0].unit_id, pick(rng, lives.desk)

    def live(self, pays: bool, online: bool | None) -> None:
        """From receipt to the end, or until somebody gives up."""
        habits = HABITS[self.procedure.unit]
        self._happens(EventKind.RECEIVED)
        if self.rng.random() < habits.files:
            self._happens(EventKind.FILES_DIGITISED, after=20 + int(self.rng.random() * 600))
        if self.procedure.fee and pays:
            self._pay(habits, online)
        for stage in self.procedure.terms.stages:
            if stage.position > 1:
                self._hand_over(stage)
            if stage.position == len(self.procedure.terms.stages):
                self._result(habits)
            elif not self._step(stage, habits):
                return

    def _happens(self, kind: EventKind, note: str = "", after: int = 0, **data: Any) -> PlannedEvent:
        if after:
            here = self.moment.second
            self.moment.stay_on(after)
            at, self.moment.second = self.moment.at, here
        else:
            at = self.moment.at
        event = PlannedEvent(at, kind, self.officer, self.at_unit, note, data)
        self.happenings.append(event)
        return event

    def _hand_over(self, stage: StageTerms) -> None:
        event = self._happens(EventKind.HANDED_OVER, FORWARDED[stage.position - 2])
        lives = self.lives
        if stage.position == 2:
            self.officer = pick(self.rng, lives.officers[self.procedure.unit_id])
        elif stage.position == 3:
            self.officer = pick(self.rng, lives.leaders)
        else:
            own = stage.unit_id == self.procedure.unit_id
            self.officer = pick(self.rng, lives.officers[stage.unit_id] if own else lives.desk)
        event.data = lives.handing[self.officer]
        self.at_unit = stage.unit_id
        if stage.position == 2 and self.mark in TAKEN:
            self._happens(EventKind.TAKEN_OVER, after=MINUTE).data = lives.handing[self.officer]

    def _step(self, stage: StageTerms, habits: Habits) -> bool:
        """One step of the process; False when the case ended in it."""
        rng, own = self.rng, stage.position == 2
        late = habits.late * (1.6 if self.plan.busy else 1) if own else SLOW_HANDS
        over = not habits.at_once and rng.random() < late
        if own:
            fate = rng.random()
            if fate < REFUSALS + WITHDRAWALS:
                self._work_through(stage, False)
                refused = fate < REFUSALS
                self._happens(EventKind.REFUSED if refused else EventKind.WITHDRAWN, REFUSED if refused else WITHDRAWN)
                if self.paid and not refused:
                    back = self._happens(EventKind.REFUNDED, PAID_BACK, after=10 * MINUTE)
                    back.data, back.about = {"amount": self.paid.data["amount"]}, ("payment", self.paid)
                return False
            if stage.allowance > 1 and self.procedure.terms.unit is TimeUnit.WORKING_DAYS and fate > 1 - PAUSES:
                return self._with_supplement(stage, over)
        question = self._ask() if own and self.mark in CONSULTED and stage.allowance > 1 else None
        self._work_through(stage, over)
        if question:
            answer = self._happens(EventKind.CONSULT_ANSWERED, OPINION)
            answer.unit_id, answer.about = question.data["unit_id"], ("number", question)
            answer.actor = self.lives.first_of[answer.unit_id]
        if stage.position == 3:
            self._leaders_word(stage)
        return True

    def _ask(self) -> PlannedEvent:
        """The division asks the next one for its opinion, within two working days."""
        calendar, units = self.lives.calendar, self.lives.asked
        due = calendar.end_of_day(calendar.add_working_days(self.moment.day, 2))
        unit_id = units[(units.index(self.at_unit) + 1) % len(units)]
        return self._happens(EventKind.CONSULTED, QUESTION, unit_id=unit_id, due_at=due.isoformat())

    def _leaders_word(self, stage: StageTerms) -> None:
        """On the leaders' table a case is signed; now and then a draft goes back first, and comes again at once."""
        if self.mark in SENT_BACK_ONCE and stage.allowance > 1:
            self._happens(EventKind.RETURNED, SENT_BACK, position=2)
            self.moment.work(40 * MINUTE)
            again = self._happens(EventKind.HANDED_OVER, FORWARDED[1])
            again.data = self.lives.handing[self.officer]
            self.moment.work(20 * MINUTE)
        if self.mark in SIGNED:
            day = self.moment.at.astimezone(self.lives.calendar.zone).date().isoformat()
            number = f"{self.code[-4:]}/QĐ-SLĐTBXH"
            self._happens(EventKind.SIGNED, signer=self.officer, number=number, signed_on=day)

    def _work_through(self, stage: StageTerms, over: bool) -> None:
        """Let the time of a step pass: within its allowance, or over it."""
        rng, moment, unit, allowance = self.rng, self.moment, self.procedure.terms.unit, stage.allowance
        if unit is TimeUnit.SAME_DAY:
            moment.work(int((8 if over else 0.4) * HOUR * rng.random()) + 2 * MINUTE)
            return
        if unit is TimeUnit.WORKING_HOURS or allowance < 1:
            hours = float(allowance) * (1 if unit is TimeUnit.WORKING_HOURS else 8)
            moment.work(int(HOUR * (hours * (0.1 + 0.7 * rng.random()) + (4 * rng.random() + hours if over else 0))))
            return
        days = int(allowance)
        if unit is TimeUnit.CALENDAR_DAYS:
            until = date.fromordinal(moment.day.toordinal() + days)
            days = self.lives.calendar.count_working_days(moment.day, until)
        self._pass(self._days_over(days) if over else int((days + 1) * rng.random() ** 1.3))

    def _days_over(self, days: int) -> int:
        return days + 1 + int(min(14.0, self.rng.expovariate(0.4)))

    def _pass(self, days: int) -> None:
        if days > 0:
            self.moment.next_days(days, self.rng)
        else:
            self.moment.work(15 * MINUTE + int(self.rng.random() * 150 * MINUTE))

    def _with_supplement(self, stage: StageTerms, over: bool) -> bool:
        """A step in which the clock stops while the applicant supplements the file, once or twice."""
        rng, moment, allowed = self.rng, self.moment, int(stage.allowance)
        days = self._days_over(allowed) if over else 1 + int(allowed * rng.random())
        pauses = 2 if rng.random() < SECOND_PAUSES and days > 2 else 1
        for left in range(pauses, 0, -1):
            before = moment.day
            self._pass(int(days / (left + 1) * rng.random()))
            days -= moment.days_since(before)
            self._happens(EventKind.SUPPLEMENT_REQUESTED, pick(rng, MISSING))
            if rng.random() < NEVER_SUPPLEMENTED:
                moment.next_days(60, rng)
                self._happens(EventKind.STOPPED, STOPPED)
                return False
            moment.next_days(1 + int(min(40.0, rng.expovariate(0.16))), rng)
            self._happens(EventKind.SUPPLEMENTED)
        self._pass(days)
        return True

    def _pay(self, habits: Habits, online: bool | None) -> None:
        rng, procedure = self.rng, self.procedure
        if online is None:
            if rng.random() >= habits.paid:
                return
            online = procedure.online_payable and rng.random() < habits.online
        after = 60 + int(rng.random() * 900)
        payment = {
            "amount": procedure.fee,
            "channel": "online" if online else "cash",
            "transaction_number": f"GD{self.code.replace('-', '').replace('.', '')}" if online else "",
        }
        event = self._happens(EventKind.PAID, after=after)
        event.data, self.paid = payment, event
        if procedure.unit != EXACT_UNIT and rng.random() < DOUBLE_PAYMENTS:
            again = self._happens(EventKind.PAID, after=after + 3 * MINUTE)
            again.data = payment
            self._happens(EventKind.CORRECTED, PAID_TWICE, after=after + 20 * MINUTE, void=True).puts_right = again

    def _result(self, habits: Habits) -> None:
        """The last step: the result, its copies, its delivery, and closing on the software."""
        rng, moment = self.rng, self.moment
        slow = not habits.at_once and rng.random() < SLOW_HANDS
        self._work_through(self.procedure.terms.stages[-1], slow)
        self._happens(EventKind.RESOLVED)
        if rng.random() < habits.results:
            self._happens(EventKind.RESULT_DIGITISED, after=60 + int(rng.random() * 400))
        day, second = moment.day, moment.second
        issued: PlannedEvent | None = None
        if rng.random() < habits.electronic:
            if rng.random() < habits.same_day:
                issued = self._happens(EventKind.ISSUED_ELECTRONIC, after=60 + int(rng.random() * 500))
            else:
                moment.next_days(1, rng)
                issued = self._happens(EventKind.ISSUED_ELECTRONIC)
                moment.put(day, second)
        self._deliver(issued)
        moment.put(day, second)
        self._close(habits)

    def _deliver(self, issued: PlannedEvent | None) -> None:
        """The applicant gets the result: online as soon as it is issued so, else some days later."""
        method = self.return_method
        if method is ReturnMethod.ONLINE and issued:
            self._happens(EventKind.DELIVERED).at = issued.at
            return
        came_online = self.received.channel is Channel.ONLINE
        rng = self.lives.world.rng("collected", self.code) if came_online else self.rng
        self.moment.next_days(days_waiting(method, self.code, rng.random()), rng)
        if is_collected(method, self.code):
            self._happens(EventKind.DELIVERED)

    def _close(self, habits: Habits) -> None:
        rng, moment = self.rng, self.moment
        if rng.random() < habits.unclosed:
            if moment.day >= self.lives.recent:
                return  # still open, though the applicant has the result
            moment.next_days(5 + int(rng.random() * 20), rng)
            self._happens(EventKind.CLOSED)
            return
        if not habits.at_once and rng.random() < WRONG_TIMES:
            right = moment.at
            moment.next_days(2, rng)
            closed = self._happens(EventKind.CLOSED)
            moment.work(40 * MINUTE)
            self._happens(EventKind.CORRECTED, WRONG_TIME, at=right.isoformat()).puts_right = closed
            return
        self._happens(EventKind.CLOSED, after=0 if rng.random() < 0.5 else 120 + int(rng.random() * 600))
