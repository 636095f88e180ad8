"""What the demonstration's units are told to do and asked: directives, petitions, surveys, targets; and what it
says the national portal showed for the last full month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.periods import Period, PeriodKind
from app.demo.world import MARK, Ground, person_name, turn
from app.obligations.models import BodyKind, Directive, OnlineTarget, Petition, Survey
from app.obligations.service import WORKING_DAYS_TO_ANSWER
from app.reporting.models import PortalScore
from app.web import extensions
from app.web.extensions import Base

DOERS = ("LDVL", "NCC", "BTXH", "TEXH", "TTDVVL", "TTBTXH", "VP", "TTR", "KHTC")
_ISSUERS = ("Ủy ban nhân dân tỉnh", "Sở Nội vụ", "Giám đốc Sở", "Văn phòng Ủy ban nhân dân tỉnh")
_ORDERS = (
    "Rà soát, xử lý dứt điểm hồ sơ quá hạn trên phần mềm một cửa",
    "Chấn chỉnh việc số hóa hồ sơ, kết quả giải quyết thủ tục hành chính",
    "Đẩy mạnh thanh toán trực tuyến phí, lệ phí thủ tục hành chính",
    "Khắc phục tồn tại sau kiểm tra cải cách hành chính",
    "Cập nhật, niêm yết công khai thủ tục hành chính mới công bố",
    "Tăng cường tiếp nhận, trả lời phản ánh, kiến nghị của người dân, doanh nghiệp",
)
_COMPLAINTS = (
    "Đề nghị hướng dẫn rõ thành phần hồ sơ khi nộp trực tuyến, hệ thống báo lỗi không đính kèm được tệp",
    "Hồ sơ đã quá ngày hẹn mà chưa nhận được kết quả, đề nghị cho biết lý do",
    "Kiến nghị bỏ yêu cầu nộp bản sao giấy tờ đã có trong cơ sở dữ liệu",
    "Phản ánh thời gian chờ lâu tại Bộ phận Một cửa vào đầu tuần",
    "Đề nghị cho biết cách nộp lệ phí trực tuyến và nhận biên lai điện tử",
)
_ANSWERED = "Đã trả lời người gửi bằng văn bản số {number} ngày {day:%d/%m/%Y} ({mark})."
SURVEYED = {
    "LDVL": (BodyKind.ADMINISTRATIVE, 0.93),
    "NCC": (BodyKind.ADMINISTRATIVE, 0.97),
    "BTXH": (BodyKind.ADMINISTRATIVE, 0.915),
    "TEXH": (BodyKind.ADMINISTRATIVE, 0.84),  # below what every plan asks for
    "TTDVVL": (BodyKind.PUBLIC_SERVICE, 0.9),
    "TTBTXH": (BodyKind.PUBLIC_SERVICE, 0.88),
    "TTDDNCC": (BodyKind.PUBLIC_SERVICE, 0.96),
}
"""Whose service it is, and the share of the satisfied, within a point or so."""
ROUNDS = {4: 1, 10: 2}  # month -> number of the year's round
TARGETS = {"LDVL": 35, "NCC": 25, "BTXH": 20, "TEXH": 25, "TTDVVL": 20}  # percent; TTBTXH has been given none


def dealings(ground: Ground) -> Iterator[Base]:
    months = list(ground.periods(PeriodKind.MONTH))
    for number, month in enumerate(months):
        yield from _directives(ground, month, number)
        yield from _petitions(ground, month, number)
        if month.first.month in ROUNDS:
            yield from _surveys(ground, month)
    for year in sorted({month.first.year for month in months}):
        yield from _targets(ground, year)


def _directives(ground: Ground, month: Period, number: int) -> Iterator[Directive]:
    """Two a month. In the last full month one is past its day and not done."""
    for place in range(2):
        rng = ground.rng("directive", month.key, place)
        unit, received = turn(DOERS, 2 * number + place), _day(ground, month, rng.randint(2, 12))
        due = ground.working(received, rng.randint(5, 9))
        left_undone = month == ground.month and place == 1
        late = not left_undone and rng.random() < 0.08
        done = None if left_undone else ground.come(ground.working(due, rng.randint(1, 6) if late else -1))
        order = turn(_ORDERS, number + 2 * place)
        yield Directive(
            site=ground.site,
            unit_id=ground.units[unit],
            number=f"{rng.randint(100, 3900)}/{'UBND-KSTT' if place == 0 else 'SNV-CCHC'}",
            issuer=turn(_ISSUERS, 2 * place + number % 2),
            summary=f"{order} ({MARK.lower()})",
            received_on=received,
            due_on=due,
            done_on=done,
            result=f"Đã thực hiện, có báo cáo kết quả ({MARK.lower()})." if done else "",
            revision=2 if done else 1,
        )


def _petitions(ground: Ground, month: Period, number: int) -> Iterator[Petition]:
    """Two a month, answered in time as a rule. Of the month before the last full one, one was answered late."""
    for place in range(2):
        rng = ground.rng("petition", month.key, place)
        unit, received = turn(ground.owners(), 2 * number + place), _day(ground, month, rng.randint(2, 25))
        due = ground.working(received, WORKING_DAYS_TO_ANSWER)
        late = (month == ground.month.previous() and place == 0) or rng.random() < 0.06
        days = WORKING_DAYS_TO_ANSWER + (4 if late else -rng.randint(1, 10))
        answered = ground.come(ground.working(received, days))
        answer = f"{rng.randint(50, 900)}/{unit}"
        yield Petition(
            site=ground.site,
            code=f"PA{received.year}-{(received.month - 1) * 2 + place + 1:04}",
            unit_id=ground.units[unit],
            sender=person_name(rng),
            content=f"{turn(_COMPLAINTS, number + place)} ({MARK.lower()}).",
            received_on=received,
            due_on=due,
            answered_on=answered,
            answer=_ANSWERED.format(number=answer, day=answered, mark=MARK.lower()) if answered else "",
            revision=2 if answered else 1,
        )


def _surveys(ground: Ground, month: Period) -> Iterator[Survey]:
    number, held = ROUNDS[month.first.month], _day(ground, month, 20)
    for unit, (body, share) in SURVEYED.items():
        rng = ground.rng("survey", month.key, unit)
        asked = rng.randint(120, 260)
        answered = round(asked * rng.uniform(0.8, 0.97))
        yield Survey(
            site=ground.site,
            unit_id=ground.units[unit],
            round=f"Đợt {number} năm {held.year}",
            body=body,
            held_on=held,
            asked=asked,
            answered=answered,
            satisfied=round(answered * (share + rng.uniform(-0.01, 0.01))),
            method=f"Phát phiếu tại Bộ phận Một cửa và qua Cổng Dịch vụ công ({MARK.lower()})",
        )


def _targets(ground: Ground, year: int) -> Iterator[OnlineTarget]:
    assigned = ground.working(date(year, 2, 15))
    for unit, percent in TARGETS.items() if ground.has_come(assigned) else ():
        yield OnlineTarget(
            site=ground.site,
            unit_id=ground.units[unit],
            year=year,
            percent=percent,
            assigned_on=assigned,
            document=f"Quyết định giao chỉ tiêu hồ sơ trực tuyến năm {year} ({MARK.lower()})",
        )


def _day(ground: Ground, month: Period, day: int) -> date:
    return ground.working(month.first.replace(day=day))


EXACT_UNIT = "LDVL"
"""Exactly 35 % of its payments are online in every full month: one plan asks for that, another for more."""
EXACT_OF, EXACT_ONLINE = 20, frozenset({1, 4, 7, 9, 12, 15, 18})
"""Of every twenty payments of a month these are online: 7 of 20."""


@dataclass(frozen=True, slots=True)
class Habits:
    """Shares, from 0 to 1, of a unit's cases."""

    late: float = 0.04  # its own step overruns
    files: float = 0.96  # papers digitised
    results: float = 0.96  # results digitised
    electronic: float = 0.95  # results issued electronically as well
    same_day: float = 0.93  # of those, on the day of the result
    paid: float = 0.9  # fee paid, where one is due
    online: float = 0.3  # of the payments, online
    unclosed: float = 0.0  # of the recent ones with a result, never closed on the software
    at_once: bool = False  # nothing of its cases is ever late, at whatever unit


HABITS = {
    "LDVL": Habits(late=0.05, paid=0.97, online=0.34),
    "NCC": Habits(late=0, files=1, results=1, electronic=1, same_day=1, at_once=True),
    "BTXH": Habits(late=0.06, files=0.97, results=0.9, electronic=0.82, online=0.4, unclosed=0.25),
    "TEXH": Habits(late=0.09, files=0.84, results=0.88, electronic=0.9, online=0.18),
    "TTDVVL": Habits(late=0.03, files=0.99, paid=0),  # fees are due, and no payment is ever recorded
    "TTBTXH": Habits(late=0.04, results=0.93),
}

SCORES = {
    "PUBLISH_ON_TIME": 540,
    "PUBLIC_CONTENT_FULL": 194,
    "DOSSIER_SYNC": 563,
    "PROCESS_ON_TIME": 1893,
    "ONLINE_CASES": 548,
    "PAID_ONLINE": 231,
    "SYNCED_WITH_DVCQG_PERSONAL_STORAGE": 212,
    "DOSSIER_RECEIVING_SATISFACTION": 571,
}
"""Hundredths of a point."""


def portal_scores(ground: Ground) -> Iterator[PortalScore]:
    """Those that the portal alone knows, and some to compare with; nothing before the month is over."""
    seen = ground.month.last + timedelta(days=3)
    if not ground.has_come(seen):
        return
    for metric, score in SCORES.items():
        yield PortalScore(
            site=ground.site,
            period=ground.month.key,
            metric=metric,
            score=score,
            seen_on=seen,
            source=f"{MARK}: không phải điểm của Cổng",
            recorded_at=extensions.now(),
            actor=ground.by.name,
        )
