"""What went wrong with the demonstration's cases and was said of it: explanations to the Director, apologies to the
citizen, mistakes found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.cases import population
from app.cases.explanations.models import Apology, CaseFault, Explanation, FaultSource
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.core.periods import Period, PeriodKind
from app.demo.sheets import EVENTS_OF_A_CASE
from app.demo.world import MARK, Ground, turn
from app.organisation.models import Person
from app.organisation.queries import person_by_username
from app.web.extensions import Base, db

# What the demonstration's heads say of overdue cases: explanations to the Director, apologies to the citizen.

HEADS = {"LDVL": ("truongphong.ldvl", 0.85), "BTXH": ("truongphong.btxh", 0.6)}
"""Accounts of heads who explain, and the share of their overdue cases they get round to. Others explain nothing."""
MOST = 40  # cases of a unit looked at, however large the load
APOLOGIES = 2
SIGNER = "Trần Quốc Bảo"
_REASONS = (
    "Cán bộ thụ lý nghỉ ốm, chưa phân công người thay; đã phân công lại và chấn chỉnh.",
    "Phải xác minh nơi cư trú nhiều lần, chậm báo cáo để gia hạn; phòng rút kinh nghiệm.",
    "Hồ sơ tăng đột biến trong tháng, chưa kịp điều chuyển nhân lực; đã bổ sung một cán bộ.",
    "Chờ ý kiến phối hợp của Công an tỉnh; phòng đã đôn đốc bằng văn bản.",
)


def explanations(ground: Ground) -> Iterator[Explanation]:
    """Explanations of last month's overdue cases: in time and late, accepted, refused, waiting."""
    for unit, (username, share) in HEADS.items():
        head = person_by_username(username)
        if head is None:
            continue
        for case in _late_cases(ground, unit):
            rng = ground.rng("explanation", case.code)
            if rng.random() >= share or case.late_after is None:
                continue
            sent = _at(ground, case.late_after, rng.choice((1, 2, 3, 6)))
            if sent is None:
                continue
            received = _at(ground, sent, 1)
            decided = _at(ground, received, 2) if received and rng.random() < 0.7 else None
            accepted = rng.random() < 0.8 if decided else None
            yield Explanation(
                site=ground.site,
                case_id=case.id,
                unit_id=case.unit_id,
                text=f"{rng.choice(_REASONS)} ({MARK})",
                sent_at=sent,
                person_id=head.id,
                actor=head.full_name,
                by_head=True,
                office_received_at=received,
                decided_at=decided,
                accepted=accepted,
                decision=_decision(accepted),
                revision=1 + (received is not None) + (decided is not None),
            )


def apologies(ground: Ground) -> Iterator[Base]:
    """A letter to the applicants of a few cases that were late for days: each with the event that records it."""
    written = 0
    for case in _late_cases(ground, "LDVL"):
        sent = _at(ground, case.late_after, 1) if case.late_after else None
        if sent is None or written == APOLOGIES or (case.ended_at is not None and sent >= case.ended_at):
            continue
        written += 1
        promised = ground.calendar.end_of_day(ground.working(ground.calendar.local_day(sent), 5))
        number, reason = f"{ground.rng('apology', case.code).randint(10, 300)}/XL-LDVL", f"{_REASONS[1]} ({MARK})"
        yield from letter(ground, case, sent, number, reason, promised)


def letter(
    ground: Ground,
    case: Case,
    sent: datetime,
    number: str,
    reason: str,
    promised: datetime | None = None,
    *,
    signer: str = SIGNER,
    wrong: bool = False,
) -> Iterator[Base]:
    """A letter of apology, for lateness or a mistake, and the event that records it; `promised` for an open case."""
    yield Apology(
        site=ground.site,
        case_id=case.id,
        number=number,
        reason=reason,
        wrong=wrong,
        faults=[1] if wrong else [],  # the only one of its case
        sent_at=sent,
        old_due_at=case.due_at,
        new_due_at=promised,
        signer=signer,
    )
    case.revision += 1
    yield CaseEvent(
        id=case.id * EVENTS_OF_A_CASE + case.revision,
        site=ground.site,
        case_id=case.id,
        number=case.revision,
        kind=EventKind.APOLOGISED,
        at=sent,
        recorded_at=sent,
        unit_id=case.unit_id,
        actor=signer,
        note=reason,
        data={"number": number}
        | ({"wrong": True} if wrong else {})
        | ({"new_due_at": promised.isoformat()} if promised else {}),
    )


def _late_cases(ground: Ground, unit: str) -> Sequence[Case]:
    """Cases of a unit that were ended late in the last full month, or became overdue in it and are open.

    Both are found by the index of such cases, however many there are.
    """
    start, end = ground.month.bounds(ground.calendar.zone)
    of_unit = select(Case).where(Case.site == ground.site, Case.unit_id == ground.units[unit])
    ended = of_unit.where(population.finished_late(Case, start, end))
    still_open = of_unit.where(Case.ended_at.is_(None), population.between(Case.late_after, start, end))
    return [
        case
        for late in (ended.order_by(Case.ended_at, Case.id), still_open.order_by(Case.late_after, Case.id))
        for case in db.session.scalars(late.limit(MOST))
    ]


def _at(ground: Ground, since: datetime, working_days: int) -> datetime | None:
    """An office hour so many working days later, unless the demonstration ends before."""
    day = ground.working(ground.calendar.local_day(since), working_days)
    at = ground.calendar.start_of_day(day) + timedelta(hours=14)
    return at if at <= ground.world.horizon else None


def _decision(accepted: bool | None) -> str:
    if accepted is None:
        return ""
    return f"Chấp nhận giải trình ({MARK.lower()})." if accepted else f"Nêu rõ thêm trách nhiệm ({MARK.lower()})."


# Mistakes found in the demonstration's cases: now and then one; in the last full month several, one taken back.

UNITS = ("LDVL", "BTXH", "TEXH", "TTDVVL", "TTBTXH")  # NCC keeps every promise and makes no mistake
FAULT_HEADS = {"LDVL": "truongphong.ldvl", "BTXH": "truongphong.btxh"}
INSPECTOR = "thanhtra"
EVERY, OF_THE_LAST_MONTH = 3, 4  # one in every third month; so many in the last full one
MOST_FAULTS = 40  # cases of a unit and a month looked at, however large the load
FIRST_DAYS = 12  # of a month: a case ended in them has its mistake found in the same month
TAKEN_BACK = "Ghi nhầm: sai sót thuộc hồ sơ khác của cùng người nộp."


@dataclass(frozen=True, slots=True)
class _Mistake:
    source: FaultSource
    what: str
    document: str = ""


MISTAKES = (
    _Mistake(FaultSource.UNIT, "Quyết định ghi sai ngày sinh của người hưởng; đã thu hồi, cấp lại."),
    _Mistake(FaultSource.APPLICANT, "Kết quả ghi sai số định danh; người nộp phát hiện khi nhận, đã đính chính."),
    _Mistake(
        FaultSource.INSPECTION, "Trình ký khi hồ sơ còn thiếu một giấy tờ bắt buộc; đã yêu cầu bổ sung.", "KL-TTr"
    ),
    _Mistake(FaultSource.COMPLAINT, "Tính sai thời gian hưởng; khiếu nại đúng, đã điều chỉnh quyết định.", "QĐ-GQKN"),
)


def faults(ground: Ground) -> Iterator[Base]:
    """The mistakes; for every second one a letter of apology within two working days, with its event."""
    number = 0
    for place, month in enumerate(reversed(list(ground.periods(PeriodKind.MONTH)))):
        wanted = OF_THE_LAST_MONTH if month == ground.month else place % EVERY == 0
        for _ in range(wanted):
            unit, mistake = turn(UNITS, number), turn(MISTAKES, number)
            cases = _ended(ground, unit, month)
            rng = ground.rng("fault", month.key, number)
            if cases:
                yield from _found(ground, rng.choice(cases), unit, mistake, number)
            number += 1


def _found(ground: Ground, case: Case, unit: str, mistake: _Mistake, number: int) -> Iterator[Base]:
    assert case.ended_at is not None
    rng = ground.rng("fault", case.code)
    day = ground.working(ground.calendar.local_day(case.ended_at), rng.randint(1, 6))
    if not ground.has_come(day):
        return
    who = _recorder(unit, mistake)
    fault = CaseFault(
        site=ground.site,
        case_id=case.id,
        number=1,
        unit_id=case.unit_id,
        found_on=day,
        source=mistake.source,
        what=f"{mistake.what} ({MARK})",
        document=f"{rng.randint(5, 60)}/{mistake.document}" if mistake.document else "",
        recorded_at=ground.at(day, 15),
        person_id=who.id,
        actor=who.full_name,
    )
    answered = ground.working(day, 2)
    if number == OF_THE_LAST_MONTH - 1 and ground.has_come(answered):
        judge = _person(INSPECTOR)
        fault.withdrawn_at, fault.withdrawn_by = ground.at(answered, 10), judge.full_name
        fault.withdrawal = f"{TAKEN_BACK} ({MARK})"
    yield fault
    if number % 2 == 0 and ground.has_come(answered):
        said, leader = f"{rng.randint(10, 300)}/XL-{unit}", ground.world.officers()["SO"][0]
        yield from letter(ground, case, ground.at(answered, 14), said, fault.what, signer=leader, wrong=True)


def _recorder(unit: str, mistake: _Mistake) -> Person:
    """The head, of what the unit itself or its applicant found; else the inspector."""
    own = mistake.source in (FaultSource.UNIT, FaultSource.APPLICANT)
    return _person(FAULT_HEADS.get(unit, INSPECTOR) if own else INSPECTOR)


def _person(username: str) -> Person:
    person = person_by_username(username)
    assert person is not None, username
    return person


def _ended(ground: Ground, unit: str, month: Period) -> Sequence[Case]:
    """Cases of a unit closed in the first days of a month."""
    start = ground.calendar.start_of_day(month.first)
    end = ground.calendar.start_of_day(month.first.replace(day=FIRST_DAYS + 1))
    wanted = (
        select(Case)
        .where(Case.site == ground.site, Case.unit_id == ground.units[unit])
        .where(Case.ended_at >= start, Case.ended_at < end, Case.closed_at.is_not(None))
        .order_by(Case.ended_at, Case.id)
        .limit(MOST_FAULTS)
    )
    return db.session.scalars(wanted).all()
