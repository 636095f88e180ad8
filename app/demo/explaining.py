"""What the demonstration's heads say of overdue cases: explanations to the Director, apologies to the citizen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from app.cases import population
from app.cases.explanations.models import Apology, Explanation
from app.cases.models import Case, CaseEvent
from app.cases.vocabulary import EventKind
from app.demo.sheets import EVENTS_OF_A_CASE
from app.demo.world import MARK, Ground
from app.organisation.queries import person_by_username
from app.web.extensions import Base, db

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
