"""Random small worlds: a few cases, payments, letters and reports of two divisions, told as a story. Pure.

The same seed makes the same story, on whatever machine. What is told could have happened: nobody explains what is not
late, and what is recorded late happened before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from tests.worlds.second_opinion import Act, Case, Check, Filing, Story, is_working_day, next_working_day

FIRST, LAST = date(2024, 5, 6), date(2024, 7, 19)
UNITS = ("LDVL", "NCC")
NAMES = {"LDVL": "Phòng Lao động – Việc làm", "NCC": "Phòng Người có công"}
FEE = 100_000
AFTERWARDS = timedelta(minutes=1)


def story(seed: int) -> Story:
    """A story."""
    return _Teller(Random(f"world {seed}")).tell()


@dataclass
class _Teller:
    rng: Random
    acts: list[Act] = field(default_factory=list)

    def tell(self) -> Story:
        days = {unit: self.rng.choice((1, 2, 3, 5, 8)) for unit in UNITS}
        cases = [self.case(f"C{n}", days) for n in range(1, self.rng.randint(1, 4) + 1)]
        filings = [filing for unit in UNITS for filing in self.reports(unit)]
        return Story(days, cases, filings, self.checks())

    def checks(self) -> list[Check]:
        chosen = []
        for _ in range(self.rng.randint(1, 3)):
            period = self.rng.choice(("2024-05", "2024-06", "2024-06", "2024-07"))
            month = int(period[-2:])
            begun = date(2024, month, 1)
            earliest = begun + timedelta(days=9)
            looked = earliest + timedelta(days=self.rng.randint(0, 75))
            chosen.append(Check(datetime.combine(looked, time(20)), period))
        return chosen

    def reports(self, unit: str) -> list[Filing]:
        made = []
        for month in range(1, 7):
            if month < 4:  # so that old debts do not drown the rest
                day = date(2024, month + 1, 1)
            elif self.rng.random() < 0.25:
                continue
            else:
                day = date(2024, month + 1, 1) + timedelta(days=self.rng.choice((0, 2, 4, 5, 6, 7, 8, 20, 45)))
            made.append(Filing(unit, f"2024-{month:02}", day, datetime.combine(day, time(15))))
        return made

    def case(self, name: str, days: dict[str, int]) -> Case:
        rng, unit = self.rng, self.rng.choice(UNITS)
        received = self.moment(FIRST, date(2024, 6, 27))
        case = Case(name, unit, days[unit], rng.choice(("in_person", "in_person", "online")), received)
        at = received
        if rng.random() < 0.3:
            at = self.after(at, 0, 5)
            case.acts.append(Act("pause", at))
            if rng.random() < 0.8:
                at = self.after(at, 0, 6)
                case.acts.append(Act("resume", at))
            else:
                return self.extras(case, at, open_end=True)
        elif rng.random() < 0.3:
            moved = self.after(at, 0, 8)
            case.acts.append(Act("outside_promise", moved, due=self.later_day(moved.date(), 1, 10)))
            at = max(at, moved)
        ends = rng.random()
        if ends < 0.7:
            at = self.after(at, 0, 9)
            case.acts.append(Act("result", at, electronic=rng.random() < 0.4))
            if ends < 0.6:
                at = self.after(at, 0, 3)
                case.acts.append(Act("close", at))
        elif ends < 0.8:
            case.acts.append(Act("withdraw", self.after(at, 0, 9)))
        return self.extras(case, at, open_end=ends >= 0.6)

    def extras(self, case: Case, at: datetime, *, open_end: bool) -> Case:
        rng = self.rng
        self.record_late(case)
        if rng.random() < 0.5:
            case.acts.append(Act("digitise_file", self.after(case.received, 0, 12)))
        result = next((act for act in case.acts if act.kind == "result"), None)
        if result is not None and rng.random() < 0.5:
            scanned = self.after(result.at, 0, 20)
            case.acts.append(Act("digitise_result", scanned, recorded=max(scanned, result.recorded + AFTERWARDS)))
        for _ in range(rng.choice((0, 1, 1, 2))):
            paid = self.after(case.received, 0, 15)
            case.acts.append(Act("pay", paid, channel=rng.choice(("online", "in_person"))))
        self.letters(case)
        case.acts.sort(key=lambda act: act.recorded)
        return case

    def record_late(self, case: Case) -> None:
        """Some of what moves a case on is recorded days after it happened, in the order in which it did."""
        recorded = case.received
        for act in case.acts:
            recorded = max(recorded, act.at)
            if self.rng.random() < 0.15:
                recorded = self.after(recorded, 1, 8)
            act.recorded = recorded

    def letters(self, case: Case) -> None:
        """Explanations and apologies, once the case is late by what is recorded then."""
        if self.rng.random() < 0.4 or (late := case.first_late_day()) is None:
            return
        at = self.after(datetime.combine(late, time(8)), 0, 12)
        if case.late_as_recorded(at):
            case.acts.append(Act("explain", at))
            if self.rng.random() < 0.35:
                back = self.after(at, 1, 3)
                case.acts.append(Act("return", back))
                again = self.after(back, 1, 15)
                if self.rng.random() < 0.5 and case.late_as_recorded(again):
                    case.acts.append(Act("explain", again))
        sent = self.after(datetime.combine(late, time(9)), 0, 12)
        if self.rng.random() < 0.6 and case.late_as_recorded(sent):
            case.acts.append(
                Act("apologise", sent, new_date=None if case.ended_as_recorded(sent) else case.far_day(sent))
            )

    def moment(self, first: date, last: date) -> datetime:
        day = first + timedelta(days=self.rng.randint(0, (last - first).days))
        while not is_working_day(day):
            day += timedelta(days=1)
        return datetime.combine(day, time(self.rng.randint(8, 15), self.rng.choice((0, 30))))

    def after(self, at: datetime, least: int, most: int) -> datetime:
        """A moment of a working day so many working days later, after that one."""
        day = at.date()
        for _ in range(self.rng.randint(least, most)):
            day = next_working_day(day)
        while not is_working_day(day):
            day = next_working_day(day)
        if day == at.date():
            return at + timedelta(minutes=self.rng.choice((1, 5, 30)))
        return datetime.combine(day, time(self.rng.randint(8, 15), self.rng.choice((0, 15, 45))))

    def later_day(self, day: date, least: int, most: int) -> date:
        for _ in range(self.rng.randint(least, most)):
            day = next_working_day(day)
        return day


def as_yaml(told: Story, title: str) -> str:
    """The story as a file that can be played, with the checks that ask nothing."""
    lines = [f"title: {title}", "units:"]
    lines += [f"  - {{code: {unit}, name: {NAMES[unit]}, kind: division}}" for unit in UNITS]
    lines.append("procedures:")
    for unit in UNITS:
        plain = f"unit: {unit}, time: {told.days[unit]} working_days, fee: {FEE}, online_payment: true"
        lines.append(f"  - {{code: TT-{unit}, {plain}}}")
    lines.append("happens:")
    happenings = [
        (
            case.received,
            0,
            _line(
                case.received,
                None,
                f"receive: {{case: {case.name}, procedure: TT-{case.unit}, channel: {case.channel}}}",
            ),
        )
        for case in told.cases
    ]
    for case in told.cases:
        for act in case.acts:
            at = act.at if act.recorded != act.at else None
            happenings.append((act.recorded, 1, _line(act.recorded, at, act.said(case.name))))
    for filing in told.filings:
        said = f"file: {{duty: monthly_report, unit: {filing.unit}, for: {filing.month}, handed_in: {filing.day}}}"
        happenings.append((filing.recorded, 1, _line(filing.recorded, None, said)))
    lines += [line for _when, _first, line in sorted(happenings, key=lambda one: one[:2])]
    lines.append("checks:")
    lines += [f"  - {{when: {check.when:%Y-%m-%d %H:%M}, period: {check.period}}}" for check in told.checks]
    return "\n".join(lines) + "\n"


def _line(when: datetime, at: datetime | None, said: str) -> str:
    happened = f", at: {at:%Y-%m-%d %H:%M}" if at is not None else ""
    return f"  - {{when: {when:%Y-%m-%d %H:%M}{happened}, {said}}}"
