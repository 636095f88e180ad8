"""Mistakes found in the demonstration's cases: now and then one; in the last full month several, one taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.cases.faults.models import CaseFault, FaultSource
from app.cases.models import Case
from app.core.periods import Period, PeriodKind
from app.demo.explaining import letter
from app.demo.world import MARK, Ground, turn
from app.organisation.models import Person
from app.organisation.queries import person_by_username
from app.web.extensions import Base, db

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
