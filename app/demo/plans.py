"""The plans in the demonstration: keeping the catalogue (publications on every track, monthly checks, reviews of
procedures), tasks and a score table as the documents print them, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import takewhile
from pathlib import Path
from random import Random
from typing import Any

from flask import current_app
from sqlalchemy import select

from app.core.errors import NotFound
from app.core.periods import Period, PeriodKind
from app.demo.catalogue import PROCEDURES
from app.demo.world import MARK, Ground, turn
from app.organisation import audit
from app.publications.clocks import Dates, starts_on
from app.publications.models import (
    CatalogueCheck,
    ProcedureReview,
    Publication,
    PublicationProcedure,
    PublicationTrack,
)
from app.scorecards import queries as scores
from app.scorecards import service
from app.scorecards.arithmetic import children_by_parent
from app.scorecards.loading import load_table
from app.scorecards.models import Criterion, CriterionScore
from app.scorecards.reading import YearStatement, document_text, read_statement, read_table
from app.tasks import queries
from app.tasks.loading import document_with_tasks, load_tasks
from app.tasks.models import PlanTask, PlanTaskUnit, TaskEvent, TaskRole
from app.tasks.models import TaskEventKind as Kind
from app.tasks.service import rederive
from app.web.extensions import db

# Keeping the catalogue in the demonstration: publications on every track, monthly checks, reviews of procedures.

CATALOGUE, EARLY, PROCESS = PublicationTrack.CATALOGUE, PublicationTrack.EARLY_NUMBER, PublicationTrack.PROCESS
FORGETS_CHECK, LEAVES_OUT = "TEXH", "TTBTXH"
EVERY = 3
FIELDS = {procedure.unit: procedure.field for procedure in reversed(PROCEDURES)}


@dataclass(frozen=True, slots=True)
class PublicationRun:
    """A publication in working days: from the decision to its arrival, to the hand-over, the end, the public sites.

    Each is counted from the one before; None has not happened.
    """

    unit: str
    track: PublicationTrack
    arrives: int
    hands_over: int | None
    finishes: int | None
    publishes: int | None
    starts: int = 3  # day of the month, the decision's


OF_THE_LAST_MONTH = (
    PublicationRun("BTXH", CATALOGUE, 1, 4, 1, 1, starts=2),  # the division over its three days, the whole within five
    PublicationRun("LDVL", EARLY, 7, None, 2, 1, starts=4),  # the five days were over on arrival
    PublicationRun("NCC", PROCESS, 0, 2, 2, 0, starts=8),  # in time
    PublicationRun("TTDVVL", PROCESS, 0, 1, 5, 1, starts=9),  # the Office took too long
    PublicationRun("TEXH", CATALOGUE, 1, None, None, None, starts=24),  # the division still has it
)
BEFORE = (
    PublicationRun("LDVL", CATALOGUE, 1, 2, 2, 1),
    PublicationRun("LDVL", PROCESS, 0, 4, 1, 0, starts=10),  # the division over its two days, the whole within five
    PublicationRun("NCC", PROCESS, 0, 2, 3, 0, starts=8),
    PublicationRun("BTXH", EARLY, 1, None, 3, 1),
    PublicationRun(
        "TEXH", CATALOGUE, 1, 5, 2, 1, starts=6
    ),  # the division over its three days, and the whole over five
    PublicationRun("TTBTXH", PROCESS, 0, 2, 2, 1),
    PublicationRun("TTDVVL", CATALOGUE, 1, 3, 2, 1),
)
"""One a month in this turn, whatever the first month; two of the seven are late at the division's step."""
UNLISTED = PublicationRun("TTBTXH", PROCESS, 0, 2, 2, None, starts=12)
"""Of the month before the last full one: the process stands, and nobody has put it on the public sites."""


def add_publications(ground: Ground) -> list[Publication]:
    """One a month, and one of every kind in the last full month; within a transaction."""
    before = [month for month in ground.periods(PeriodKind.MONTH) if month != ground.month]
    runs = [(turn(BEFORE, 12 * month.first.year + month.first.month), month.first) for month in before]
    runs += [(UNLISTED, month.first) for month in before[-1:]]
    runs += [(run, ground.month.first) for run in OF_THE_LAST_MONTH]
    made = [_publication(ground, run, first, number) for number, (run, first) in enumerate(runs, 1)]
    db.session.add_all(made)
    db.session.flush()
    for publication, (run, _) in zip(made, runs, strict=True):
        codes = ground.procedures_of(run.unit)[:2]
        db.session.add_all(
            PublicationProcedure(site=ground.site, publication_id=publication.id, procedure_id=ground.procedures[code])
            for code in codes
        )
    return made


def _publication(ground: Ground, run: PublicationRun, first: date, number: int) -> Publication:
    printed = ground.working(first.replace(day=run.starts))
    arrived = ground.working(printed, run.arrives)
    handed = _after(ground, arrived, run.hands_over)
    finished = _after(ground, handed or (arrived if run.track is EARLY else None), run.finishes)
    published = _after(ground, finished, run.publishes)
    dates = Dates(printed, arrived, handed, finished, published).until(ground.last)
    decided, authority = f"{ground.rng('decision', number).randint(100, 1990)}", "QĐ-LĐTBXH ngày {} của Bộ"
    if run.track is PROCESS:
        authority = "QĐ-UBND ngày {} của Chủ tịch Ủy ban nhân dân tỉnh"
    said = authority.format(f"{printed:%d/%m/%Y}")
    return Publication(
        site=ground.site,
        code=f"CB-{number}",
        track=run.track,
        decision=f"Quyết định số {decided}/{said} công bố thủ tục hành chính lĩnh vực {FIELDS[run.unit]}",
        starts_on=starts_on(run.track, dates),
        printed_on=dates.printed_on,
        arrived_on=dates.arrived_on,
        handed_over_on=dates.handed_over_on,
        finished_on=dates.finished_on,
        published_on=dates.published_on,
        division_id=ground.units[run.unit],
        office_id=ground.units["VP"],
        note=f"{MARK}.",
    )


def _after(ground: Ground, day: date | None, days: int | None) -> date | None:
    return None if day is None or days is None else ground.working(day, days) if days else day


def checks(ground: Ground, published: Sequence[Publication]) -> Iterator[CatalogueCheck]:
    """Each unit looks at its catalogue once a month; one forgets, one leaves a site out, and after publications."""
    for place, month in enumerate(reversed(list(ground.periods(PeriodKind.MONTH)))):
        for unit in ground.owners():
            if unit != FORGETS_CHECK or place % EVERY:
                yield _monthly_check(ground, month, unit, everywhere=unit != LEAVES_OUT or bool(place % EVERY))
    late = ground.units["LDVL"]  # checks when it comes round to it
    for publication in published:
        if publication.published_on is None or publication.division_id == late:
            continue
        day = ground.working(publication.published_on, 1)
        if ground.has_come(day):
            yield _check(ground, publication.division_id, day, publication_id=publication.id)


def _monthly_check(ground: Ground, month: Period, unit: str, *, everywhere: bool) -> CatalogueCheck:
    rng = ground.rng("check", month.key, unit)
    day = ground.working(month.first.replace(day=rng.randint(10, 20)))
    check = _check(ground, ground.units[unit], day, website=everywhere)
    if rng.random() < 0.1:
        check.defects = f"Mẫu đơn trên Cổng Dịch vụ công chưa cập nhật theo quyết định công bố mới ({MARK.lower()})."
        check.fixed_on = ground.come(ground.working(day, rng.randint(1, 6)))
    return check


def _check(
    ground: Ground, unit_id: int, day: date, *, website: bool = True, publication_id: int | None = None
) -> CatalogueCheck:
    return CatalogueCheck(
        site=ground.site,
        unit_id=unit_id,
        checked_on=day,
        portal=True,
        one_stop=True,
        website=website,
        publication_id=publication_id,
        recorded_at=ground.at(day, 16),
    )


SPRING = {"LDVL": (20, 15), "NCC": None, "BTXH": (18, 16), "TTBTXH": None}
"""Who reviews a procedure in April, and the items to be declared before and after where it is restructured."""
AUTUMN = {"NCC": (24, 18), "TEXH": (21, 19)}
"""The same in the last full month. TTDVVL reviews nothing."""


def reviews(ground: Ground) -> Iterator[ProcedureReview]:
    """Each year's reviews in April, some of them restructured by a fifth or more; two more in the last full month."""
    for number, month in enumerate(ground.periods(PeriodKind.MONTH)):
        if month.first.month == 4 and month != ground.month:
            for unit, fields in SPRING.items():
                yield _review(ground, month, unit, number, fields)
        if month == ground.month:
            for unit, fields in AUTUMN.items():
                yield _review(ground, month, unit, number, fields)


def _review(ground: Ground, month: Period, unit: str, number: int, fields: tuple[int, int] | None) -> ProcedureReview:
    day = ground.working(month.first.replace(day=ground.rng("review", month.key, unit).randint(6, 24)))
    before, after = fields or (None, None)
    words = "Đề nghị bỏ thông tin đã có trong Cơ sở dữ liệu quốc gia về dân cư" if fields else "Giữ nguyên thủ tục"
    return ProcedureReview(
        site=ground.site,
        unit_id=ground.units[unit],
        procedure_id=ground.procedures[turn(ground.procedures_of(unit), number)],
        reviewed_on=day,
        restructured=fields is not None,
        fields_before=before,
        fields_after=after,
        proposal=f"{words} ({MARK.lower()}).",
        recorded_at=ground.at(day, 16),
    )


# Tasks and a score table of the plans in the demonstration, loaded as the documents print them, and what became of
# them.

# The tasks of the plans in the demonstration, loaded from the documents' annexes, and what became of them.

ASSIGNED = {"bg-2024": date(2024, 3, 4), "khp-2024": date(2024, 1, 8)}
"""The plans whose annexes are loaded, and the day on which the demonstration's units were given their tasks."""
ACTORS = {"unit": "Lãnh đạo đơn vị (trình diễn)", "office": "Văn phòng Sở (trình diễn)"}
OF_THE_OFFICE = frozenset({Kind.ACCEPTED, Kind.REJECTED, Kind.ADJUSTMENT_GRANTED, Kind.ADJUSTMENT_REFUSED})


@dataclass(frozen=True, slots=True)
class TaskStep:
    """Something that happens to a unit's task."""

    on: date
    kind: Kind
    note: str
    data: dict[str, Any] = field(default_factory=dict)


def add_tasks(ground: Ground) -> None:
    """Load the tasks whose plans have been assigned by the demonstration's end, and tell their stories."""
    for plan, assigned in ASSIGNED.items():
        if not ground.has_come(assigned):
            continue
        try:
            document = document_with_tasks(plan)
        except NotFound:  # a site may have taken the documents out of its folder of rules
            continue
        load_tasks(ground.by, plan, document.text, assigned_on=assigned)
        _live(ground, plan, assigned)


def _live(ground: Ground, plan: str, assigned: date) -> None:
    with audit.transaction() as session:
        tasks = queries.tasks_of_plan(ground.site, plan)
        parts = [(task, part) for task in tasks for part in task.units if part.role is TaskRole.LEAD]
        events = queries.events_of([part.id for _, part in parts])
        for task, part in parts:
            steps = takewhile(lambda step: step.on <= ground.last, _story(ground, task, part, assigned))
            added = [_event(ground, part, step) for step in steps]
            session.add_all(added)
            rederive(part, task, [*events[part.id], *added])
            part.revision += len(added)
        audit.record(ground.by, "load_demo_tasks", "plan", plan, parts=len(parts), seed=ground.world.seed)


AT_ONCE = 0.32
"""Who would begin a task before so much of its time is gone begins it at once, as the plan asks."""


def _story(ground: Ground, task: PlanTask, part: PlanTaskUnit, assigned: date) -> Iterator[TaskStep]:
    """What happens, in order; whether it has happened yet is not asked here."""
    rng = ground.rng("task", task.plan, task.number, part.unit_id)
    if task.due_on is None:
        yield from _without_end(ground, assigned, rng)
        return
    due = max(task.due_on, assigned + timedelta(days=20))
    chance = rng.random()
    if chance < 0.05:  # nobody has begun
        return
    if chance < 0.13:
        yield from _never_done(ground, assigned, due, rng)
    elif chance < 0.25:
        yield from _moved(ground, assigned, due, rng, asked_late=chance < 0.16)
    else:
        late = chance < 0.36
        yield from _done(ground, assigned, due, rng, late=late, rejected=not late and chance < 0.45)


def _without_end(ground: Ground, assigned: date, rng: Random) -> Iterator[TaskStep]:
    begun = ground.working(assigned, rng.randint(2, 25))
    yield _begin(begun)
    yield _progress(ground.working(begun, rng.randint(30, 90)), rng.choice((30, 40, 50, 60)))


def _never_done(ground: Ground, assigned: date, due: date, rng: Random) -> Iterator[TaskStep]:
    begun = _between(assigned, due, rng.uniform(0.3, 0.95))
    yield _begin(begun)
    yield _progress(ground.working(begun, rng.randint(5, 40)), rng.choice((20, 40, 60, 70)))


def _moved(ground: Ground, assigned: date, due: date, rng: Random, *, asked_late: bool) -> Iterator[TaskStep]:
    """The last day is moved to soon after the demonstration's end: some of these are at risk today."""
    yield _begin(_between(assigned, due, rng.uniform(0.1, 0.4)))
    asked = max(due + timedelta(days=6) if asked_late else due - timedelta(days=6), _between(assigned, due, 0.45))
    new_due = max(ground.last, due) + timedelta(days=rng.randint(8, 90))
    data = {"due_on": new_due.isoformat()}
    reason = f"Đề nghị gia hạn vì chờ hướng dẫn của Trung ương ({MARK.lower()})."
    yield TaskStep(asked, Kind.ADJUSTMENT_REQUESTED, reason, data)
    yield TaskStep(ground.working(asked, 3), Kind.ADJUSTMENT_GRANTED, f"Đồng ý điều chỉnh ({MARK.lower()}).", data)
    yield _progress(ground.working(asked, 12), rng.choice((40, 60, 80, 90)))


def _done(ground: Ground, assigned: date, due: date, rng: Random, *, late: bool, rejected: bool) -> Iterator[TaskStep]:
    share = 0.9 if late else rng.uniform(0.05, 0.4)
    begun = ground.working(assigned, 2) if share < AT_ONCE else _between(assigned, due, share)
    handed_in = due + timedelta(days=rng.randint(3, 25)) if late else _between(begun, due, rng.uniform(0.6, 0.97))
    yield _begin(begun)
    yield _progress(_between(begun, handed_in, 0.5), 50)
    yield _hand_in(handed_in, rng)
    judged = ground.working(handed_in, rng.randint(2, 5))
    if rejected:
        yield TaskStep(judged, Kind.REJECTED, f"Chưa đạt: thiếu số liệu, chưa có phụ lục chi tiết ({MARK.lower()}).")
        if rng.random() < 0.5:
            return
        again = ground.working(judged, 10)
        yield _hand_in(again, rng)
        judged = ground.working(again, 3)
    yield TaskStep(judged, Kind.ACCEPTED, f"Đạt yêu cầu ({MARK.lower()}).")


def _begin(on: date) -> TaskStep:
    return TaskStep(on, Kind.STARTED, f"Đã phân công cán bộ, lập tiến độ thực hiện ({MARK.lower()}).")


def _progress(on: date, percent: int) -> TaskStep:
    note = f"Đã hoàn thành dự thảo, đang lấy ý kiến các đơn vị ({MARK.lower()})."
    return TaskStep(on, Kind.PROGRESS, note, {"percent": percent})


def _hand_in(on: date, rng: Random) -> TaskStep:
    note = f"Nộp kết quả thực hiện nhiệm vụ ({MARK.lower()})."
    return TaskStep(on, Kind.SUBMITTED, note, {"document": f"{rng.randint(40, 900)}/BC-SLĐTBXH"})


def _between(first: date, last: date, share: float) -> date:
    return first + timedelta(days=int((last - first).days * share))


def _event(ground: Ground, part: PlanTaskUnit, step: TaskStep) -> TaskEvent:
    return TaskEvent(
        site=ground.site,
        task_unit_id=part.id,
        kind=step.kind,
        on=step.on,
        recorded_at=ground.at(step.on, 11),
        actor=ACTORS["office" if step.kind in OF_THE_OFFICE else "unit"],
        note=step.note,
        data=step.data,
    )


# The score table of one plan in the demonstration: loaded as printed, partly self-scored, with a year's result.

TABLE, PLAN = "dn-2024-annex", "dn-2024"
BEGINS, SCORED, ANNOUNCED = date(2024, 1, 1), date(2024, 12, 10), date(2025, 4, 18)
SCORED_SHARE = 0.7
ACTOR = "Tổ tự chấm điểm (trình diễn)"


def add_scores(ground: Ground) -> None:
    """Load the table once its year has begun; score it, and announce the result, when these days have come."""
    documents = Path(current_app.config["SETTINGS"].rules) / "documents"
    table, plan = documents / f"{TABLE}.txt", documents / f"{PLAN}.txt"
    if not ground.has_come(BEGINS) or not (table.is_file() and plan.is_file()):
        return
    stated = read_statement(document_text(plan.read_bytes()))
    load_table(ground.by, TABLE, read_table(document_text(table.read_bytes())), stated, source=plan.name)
    if ground.has_come(SCORED):
        _score(ground)
    if ground.has_come(ANNOUNCED):
        _announce(ground, stated)


def _score(ground: Ground) -> None:
    """Most criteria reach their target, some keep last year's score, some are not scored yet."""
    with audit.transaction() as session:
        found = session.scalars(
            select(Criterion).where(Criterion.site == ground.site, Criterion.table == TABLE).order_by(Criterion.row)
        ).all()
        above = children_by_parent([criterion.number for criterion in found])
        scored = 0
        for criterion in found:
            rng = ground.rng("score", criterion.number)
            if criterion.number in above or rng.random() >= SCORED_SHARE:
                continue
            score = min(criterion.maximum, criterion.last_score if rng.random() < 0.25 else criterion.target)
            session.add(_record(ground, criterion, score))
            criterion.self_score, criterion.revision, scored = score, criterion.revision + 1, scored + 1
        audit.record(ground.by, "load_demo_scores", "score_table", TABLE, scored=scored, seed=ground.world.seed)


def _record(ground: Ground, criterion: Criterion, score: int) -> CriterionScore:
    return CriterionScore(
        site=ground.site,
        criterion_id=criterion.id,
        score=score,
        evidence=f"{MARK}: báo cáo tự chấm điểm tiêu chí {criterion.number}, kèm tài liệu kiểm chứng.",
        scored_at=ground.at(SCORED, 15),
        actor=ACTOR,
    )


def _announce(ground: Ground, stated: YearStatement) -> None:
    """A little more than the year before, and one place higher where the text gives a rank."""
    known = scores.year_result(TABLE, stated.year)
    rank, ranked = (known.rank, known.ranked) if known else (None, None)
    score = min(stated.maximum, stated.score + 135)
    service.record_result(
        ground.by,
        TABLE,
        score=score,
        rank=max(1, rank - 1) if rank and ranked else None,
        ranked=ranked if rank else None,
        source=f"Quyết định công bố chỉ số cải cách hành chính năm 2024 ({MARK.lower()})",
    )
