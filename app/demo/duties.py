"""The duties of the plans in the demonstration: what units hand in, answer, publish, review, score and explain."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta

from sqlalchemy import select

from app.cases.models import Case, CaseEvent
from app.cases.rows import terms_of, versions_by_id
from app.cases.service import events_of, replace_derived, stored_derived
from app.cases.timeline import project
from app.core.calendar import WorkingCalendar
from app.core.periods import Period, PeriodKind
from app.demo import sheets
from app.demo.counter import add_receipts, add_statement
from app.demo.dealings import dealings, portal_scores
from app.demo.explaining import apologies, explanations, faults
from app.demo.plans import add_publications, add_scores, add_tasks, checks, reviews
from app.demo.world import MARK, Ground, World, turn
from app.obligations.models import Filing, FilingKind
from app.organisation import audit
from app.organisation.access import Actor
from app.procedures.models import Procedure
from app.reporting.control.queries import control_span
from app.reporting.control.service import mark_report_sent
from app.web.extensions import Base, db

# What the demonstration's units hand in again and again: reports, lists, news items, dialogues.

REPORTERS = ("TTR", "KHTC", "LDVL", "NCC", "BTXH", "TEXH", "TTDVVL", "TTBTXH", "TTDDNCC")
FORGETS_REPORT, FORGETS_LIST, LATE = "TTBTXH", "TEXH", "BTXH"
EVERY = 4
"""The forgetful leave out the last full month, and every fourth before it."""
LATE_BY = 8  # working days after the period; the plans' packs allow five

_REPORTS = (
    (FilingKind.MONTHLY_REPORT, PeriodKind.MONTH, "Báo cáo kết quả cải cách hành chính {} (số liệu minh họa)"),
    (FilingKind.QUARTERLY_REPORT, PeriodKind.QUARTER, "Báo cáo công tác cải cách hành chính {} (số liệu minh họa)"),
    (FilingKind.HALF_YEAR_REPORT, PeriodKind.HALF, "Báo cáo công tác cải cách hành chính {} (số liệu minh họa)"),
    (FilingKind.ANNUAL_REPORT, PeriodKind.YEAR, "Báo cáo tổng kết cải cách hành chính {} (số liệu minh họa)"),
)
_NEWS = (
    "Người dân hài lòng với dịch vụ công trực tuyến lĩnh vực người có công",
    "Sở tổ chức tập huấn số hóa hồ sơ, kết quả giải quyết thủ tục hành chính",
    "Hướng dẫn nộp hồ sơ cấp giấy phép lao động trên Cổng Dịch vụ công",
    "Thanh toán trực tuyến phí, lệ phí: tiện lợi cho người dân và doanh nghiệp",
    "Bộ phận Một cửa rút ngắn thời gian chờ của người dân",
    "Cắt giảm thông tin phải khai báo trong thủ tục bảo trợ xã hội",
    "Sở kiểm tra công tác cải cách hành chính tại các đơn vị trực thuộc",
    "Kết quả khảo sát mức độ hài lòng của người dân, tổ chức",
)
_DIALOGUES = {
    5: "Đối thoại với doanh nghiệp về thủ tục cấp giấy phép lao động",
    10: "Đối thoại với người dân, doanh nghiệp về giải quyết thủ tục hành chính của Sở",
}


def filings(ground: Ground) -> Iterator[Filing]:
    for kind, length, title in _REPORTS:
        for period in ground.periods(length):
            if ground.has_come(period.last):
                yield from _reports(ground, kind, period, title)
    months = list(ground.periods(PeriodKind.MONTH))
    for place, month in enumerate(reversed(months)):
        yield from _lists(ground, month, place)
        yield from _events(ground, month, place)
    for quarter in ground.periods(PeriodKind.QUARTER):
        if quarter.key.endswith("Q3"):
            title = f"Báo cáo thực hiện kế hoạch nâng cao chỉ số cải cách hành chính {quarter.label()} (minh họa)"
            yield from _reports(ground, FilingKind.DATED_REPORT, quarter, title)
    yield from _plans(ground)
    yield from _of_the_office(ground)


ATTACHED = ("TTDVVL", "TTBTXH", "TTDDNCC")
_FOR_THE_DEPARTMENT = (
    (FilingKind.DEPARTMENT_REPORT, PeriodKind.QUARTER, "Báo cáo cải cách hành chính của Sở {} (số liệu minh họa)"),
    (FilingKind.OFFICE_REPORT, PeriodKind.QUARTER, "Báo cáo tình hình các phòng, đơn vị {} (số liệu minh họa)"),
    (FilingKind.RISK_REPORT, PeriodKind.MONTH, "Báo cáo nhiệm vụ chậm, có nguy cơ {} (số liệu minh họa)"),
)


def _plans(ground: Ground) -> Iterator[Filing]:
    """The plans of a year: the Department's and the attached units' own in quarter I, the training plan in spring."""
    for year in ground.periods(PeriodKind.YEAR):
        for unit in ("SO", *ATTACHED):
            rng = ground.rng(FilingKind.REFORM_PLAN, year.key, unit)
            day = ground.working(year.first.replace(month=2, day=rng.randint(1, 20)))
            title = f"Kế hoạch cải cách hành chính năm {year.key} (minh họa)"
            if ground.has_come(day):
                yield _filing(
                    ground, unit, FilingKind.REFORM_PLAN, day, title, year.key, f"{rng.randint(10, 60)}/KH-{unit}"
                )
            if unit == "TTDVVL" or (unit == "TTBTXH" and year.first.year == ground.month.first.year):
                title = f"Quyết định tự bảo đảm chi thường xuyên năm {year.key} (minh họa)"
                if ground.has_come(day):
                    yield _filing(
                        ground, unit, FilingKind.AUTONOMY, day, title, year.key, f"{rng.randint(10, 60)}/QĐ-SO"
                    )
        day = ground.working(year.first.replace(month=3, day=20))
        if ground.has_come(day):
            title = f"Kế hoạch tập huấn, bồi dưỡng cải cách hành chính năm {year.key} (minh họa)"
            yield _filing(ground, "VP", FilingKind.TRAINING_PLAN, day, title, year.key, "52/KH-VP")


def _of_the_office(ground: Ground) -> Iterator[Filing]:
    """What the Office reports for the Department, to the Director, and of tasks at risk; that now and then too late."""
    for kind, length, title in _FOR_THE_DEPARTMENT:
        for period in ground.periods(length):
            rng = ground.rng(kind, period.key, "VP")
            late = kind is FilingKind.RISK_REPORT and _forgotten(ground, period)
            day = ground.working(period.last, LATE_BY if late else rng.randint(2, 4))
            if ground.has_come(period.last) and ground.has_come(day):
                number = f"{rng.randint(20, 400)}/BC-VP"
                yield _filing(ground, "VP", kind, day, title.format(_within_sentence(period)), period.key, number)


def _reports(ground: Ground, kind: FilingKind, period: Period, title: str) -> Iterator[Filing]:
    for unit in REPORTERS:
        rng = ground.rng(kind, period.key, unit)
        if kind is FilingKind.MONTHLY_REPORT and unit == FORGETS_REPORT and _forgotten(ground, period):
            continue
        late = unit == LATE and (_forgotten(ground, period) or rng.random() < 0.2)
        day = ground.working(period.last, LATE_BY if late else rng.randint(1, 4))
        if ground.has_come(day):
            number = f"{rng.randint(20, 400)}/BC-{unit}"
            yield _filing(ground, unit, kind, day, title.format(_within_sentence(period)), period.key, number)


def _within_sentence(period: Period) -> str:
    """A period as it stands within a sentence: "quý IV/2024"."""
    words = period.label()
    return words[0].lower() + words[1:]


def _lists(ground: Ground, month: Period, place: int) -> Iterator[Filing]:
    for unit in ground.owners():
        if unit == FORGETS_LIST and place % EVERY == 0:
            continue
        late = unit == LATE and place % EVERY == 1
        rng = ground.rng("list", month.key, unit)
        day = ground.working(month.last, 3) if late else ground.working(month.last, -rng.randint(1, 4))
        title = f"Danh mục thủ tục hành chính thuộc phạm vi quản lý, {_within_sentence(month)} (số liệu minh họa)"
        if ground.has_come(day):
            number = f"{rng.randint(20, 400)}/DM-{unit}"
            yield _filing(ground, unit, FilingKind.CATALOGUE_LIST, day, title, month.key, number)


def _events(ground: Ground, month: Period, place: int) -> Iterator[Filing]:
    """A news item of the Office a month, and of a division now and then; two dialogues a year."""
    rng = ground.rng("news", month.key)
    items = [("VP", turn(_NEWS, place))]
    if rng.random() < 0.5:
        items.append((turn(("NCC", "LDVL", "TTDVVL"), place), turn(_NEWS, place + 3)))
    for unit, title in items:
        day = ground.working(month.first.replace(day=rng.randint(3, 24)))
        address = f"https://so.trinh-dien.invalid/tin-tuc/{day:%Y%m%d}-{unit.lower()}"
        yield _filing(ground, unit, FilingKind.NEWS_ITEM, day, f"{title} (tin minh họa)", document=address)
    if month.first.month in _DIALOGUES:
        day = ground.working(month.first.replace(day=rng.randint(8, 22)))
        title = f"{_DIALOGUES[month.first.month]} năm {day.year} (số liệu minh họa)"
        yield _filing(ground, "VP", FilingKind.DIALOGUE, day, title, document=f"{rng.randint(50, 300)}/BB-VP")


def _forgotten(ground: Ground, period: Period) -> bool:
    """Whether this is the last full month, or every fourth before it."""
    last = ground.month.first
    return period.kind is PeriodKind.MONTH and (
        ((last.year - period.first.year) * 12 + last.month - period.first.month) % EVERY == 0
    )


def _filing(
    ground: Ground, unit: str, kind: FilingKind, day: date, title: str, period: str = "", document: str = ""
) -> Filing:
    return Filing(
        site=ground.site,
        unit_id=ground.units[unit],
        kind=kind,
        period=period,
        filed_on=day,
        title=title,
        document=document,
        recorded_at=ground.at(day, 10),
    )


# The duties of the plans in the demonstration: what units hand in, answer, publish, review, score and explain,
# and the mistakes found in their cases.
#
# As with the cases, most is in order and every kind of failing can be seen, most of them in the last full month:
# TEXH forgets its checks and its list, TTBTXH its report, BTXH is late, and so on. All of it follows the seed.


def add_duties(by: Actor, world: World, calendar: WorkingCalendar, units: Mapping[str, int]) -> int:
    """Add the duties of the plans to a demonstration whose cases are there. Returns the case events added."""
    ground = Ground(by, world, calendar, units, _procedures(world.site))
    add_tasks(ground)
    add_scores(ground)
    with audit.transaction() as session:
        add_receipts(ground)
        add_statement(ground)
        from app.demo.scans import add_scans  # heavy: Pillow

        add_scans(ground)
        published = add_publications(ground)
        regretted = [*apologies(ground), *faults(ground)]
        sheets.go_on([row for row in regretted if isinstance(row, CaseEvent)])
        session.add_all(regretted)
        _fold_again({row.case_id for row in regretted if isinstance(row, CaseEvent)}, calendar)
        rows = [*_records(ground), *checks(ground, published)]
        session.add_all(rows)
        _send_report(ground)
        audit.record(by, "load_demo_duties", "site", world.site, records=len(rows), seed=world.seed)
    return sum(row.__tablename__ == "case_events" for row in regretted)


def _send_report(ground: Ground) -> None:
    """The last full month's form II.06a went out, so that the next has what its carry-over is held against."""
    span = control_span(ground.month)
    sent = ground.working(span.last + timedelta(days=4))
    if ground.has_come(sent):
        mark_report_sent(ground.by, ground.month, sent_on=sent, document=f"{sent:%d%m}/BC-SO", note=MARK)


def _fold_again(case_ids: Collection[int], calendar: WorkingCalendar) -> None:
    """A letter may give another date: what the events of those cases add up to is written again."""
    db.session.flush()
    events, stored = events_of(case_ids), stored_derived(case_ids)
    cases = db.session.scalars(select(Case).where(Case.id.in_(case_ids))).all()
    versions = versions_by_id(case.version_id for case in cases)
    for case in cases:
        state = project(terms_of(versions[case.version_id]), events[case.id], calendar)
        case.revision -= 1  # the event has been counted already
        replace_derived(case, state, stored[case.id])


def _records(ground: Ground) -> Iterator[Base]:
    yield from filings(ground)
    yield from dealings(ground)
    yield from reviews(ground)
    yield from explanations(ground)
    yield from portal_scores(ground)


def _procedures(site: str) -> Mapping[str, int]:
    found = db.session.scalars(select(Procedure).where(Procedure.site == site))
    return {procedure.code: procedure.id for procedure in found}
