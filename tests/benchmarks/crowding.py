"""A demonstration made fuller: its cases spread over more units, more of them overdue, more tasks and duties.

Runs in a child, on a copy of a demonstration's database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case, cast, delete, func, insert, literal, or_, select, text, true, update
from sqlalchemy.types import String

from app.cases.explanations.models import Apology, Explanation
from app.cases.models import Case, CaseEvent, CaseStage, Payment
from app.cases.vocabulary import CaseStatus
from app.compliance.models import (
    CheckResult,
    CheckRun,
    PackAdoption,
    RunViolation,
    Violation,
    ViolationMove,
    ViolationSubject,
)
from app.compliance.runs.service import run_check
from app.core.periods import Period
from app.obligations.models import Directive, Petition
from app.organisation.access import Actor, site
from app.organisation.models import Unit, UnitKind
from app.tasks.deadlines import DeadlineKind
from app.tasks.models import PlanTask, PlanTaskUnit, TaskEvent, TaskEventKind, TaskRole
from app.web.extensions import db
from tests.benchmarks.measuring import END, PERIOD, START, Answer, application
from tests.factories import adopt_packs

CHUNK = 500
OFFICERS = 4  # in each unit
MOST_DAYS_LATE = 45
A_QUARTER = timedelta(days=92)
PLANS = ("bg-2024", "khp-2024")
SPREAD = (Case, CaseStage, CaseEvent, Payment)


def crowd(url: str, units: int, exceptions: int, duties: int, rules: str) -> Answer:
    """Fill the database, and check the month before by the rules of a folder, as a site would have done."""
    with application(url, rules=rules):
        with db.engine.begin() as connection:
            ids = _more_units(connection, units)
            with _indexes_aside(connection):
                _spread(connection, ids)
            _delay(connection, exceptions)
            _answer_for_some(connection)
            _give_tasks(connection, ids, duties * 7 // 10)
            _give_duties(connection, ids, duties - duties * 7 // 10)
            _forget_checks(connection)
            if connection.dialect.name == "sqlite":
                connection.execute(text("ANALYZE"))  # what was known of an index that was set aside is lost
        judge_by_the_folder()
        run_check(Actor("bench"), Period.parse(PERIOD).previous())
    return {}


def judge_by_the_folder() -> None:
    """Have the site judge by the packs of its rules folder, and by nothing else, whenever it is asked."""
    db.session.execute(delete(PackAdoption))
    adopt_packs(until=date(2099, 12, 31))


def _more_units(connection: Connection, units: int) -> list[int]:
    """Divisions beside the Department's own, until there are so many units in all: the ids of the new ones."""
    root = connection.execute(select(Unit.id, Unit.path).where(Unit.parent_id.is_(None))).one()
    known = connection.scalar(select(func.count()).select_from(Unit)) or 0
    codes = [f"P{number:03}" for number in range(1, units - known + 1)]
    connection.execute(
        insert(Unit),
        [
            {
                "site": site(),
                "code": code,
                "name": f"Phòng số {code[1:]}",
                "kind": UnitKind.DIVISION,
                "parent_id": root.id,
                "path": f"{root.path}{code}/",
            }
            for code in codes
        ],
    )
    return list(connection.scalars(select(Unit.id).where(Unit.code.in_(codes)).order_by(Unit.id)))


@contextmanager
def _indexes_aside(connection: Connection) -> Iterator[None]:
    """The indexes that name a unit, set aside while every row gets another."""
    touched = {"unit_id", "holder_unit_id"}
    indexes = [i for model in SPREAD for i in model.__table__.indexes if touched & {c.name for c in i.columns}]
    for index in indexes:
        index.drop(connection)
    yield
    for index in indexes:
        index.create(connection)


def _spread(connection: Connection, units: Sequence[int]) -> None:
    """Each case goes to one of the new units, with its stages, payments and events; the desk keeps its own part."""
    accountable = list(connection.scalars(select(Case.unit_id).distinct()))

    def instead(case_id: Any) -> Any:
        return units[0] + case_id % len(units)

    holder = case((Case.holder_unit_id.in_(accountable), instead(Case.id)), else_=Case.holder_unit_id)
    officer = literal("Cán bộ ") + cast(Case.id // len(units) % OFFICERS, String)
    connection.execute(update(Case).values(unit_id=instead(Case.id), holder_unit_id=holder, officer=officer))
    for model in (CaseStage, CaseEvent, Payment):
        moved = update(model).where(model.unit_id.in_(accountable)).values(unit_id=instead(model.case_id))
        connection.execute(moved)


def _delay(connection: Connection, exceptions: int) -> None:
    """Cases that ended in the last months are open and overdue at the month's end instead, until there are enough."""
    overdue = and_(Case.ended_at.is_(None), Case.late_after < END)
    open_already = connection.scalar(select(func.count()).where(overdue)) or 0
    ended = select(Case.id, Case.late_after).where(
        Case.ended_at >= START - A_QUARTER, Case.ended_at < END, Case.late_after < END
    )
    chosen = connection.execute(ended.order_by(Case.id % 97, Case.id).limit(max(exceptions - open_already, 0))).all()
    undone = dict.fromkeys(
        ("result_at", "closed_at", "ended_at", "delivered_at", "result_digitised_at", "electronic_result_at")
    )
    for case_id, due_at in chosen:
        due = due_at - timedelta(days=case_id % MOST_DAYS_LATE)
        changed = update(Case).where(Case.id == case_id)
        connection.execute(changed.values(**undone, due_at=due, late_after=due, status=CaseStatus.IN_PROGRESS))
        last = select(func.max(CaseStage.number)).where(CaseStage.case_id == case_id).scalar_subquery()
        stage = update(CaseStage).where(CaseStage.case_id == case_id, CaseStage.number == last)
        connection.execute(stage.values(ended_at=None, used=None, due_at=due))


def _answer_for_some(connection: Connection) -> None:
    """Every second overdue case is explained and every fourth apologised for, in time and late."""
    overdue = select(Case.id, Case.unit_id, Case.late_after).where(Case.ended_at.is_(None), Case.late_after < END)
    cases = connection.execute(overdue).all()
    texts = {"site": site(), "actor": "bench"}
    explained = [
        {**texts, "case_id": c.id, "unit_id": c.unit_id, "text": "Do thiếu người", "by_head": True}
        | {"sent_at": c.late_after + timedelta(days=c.id % 9)}
        for c in cases
        if c.id % 2 == 0
    ]
    sorry = [
        {
            "site": site(),
            "case_id": c.id,
            "number": f"{c.id}/TB",
            "reason": "Do thiếu người",
            "old_due_at": c.late_after,
        }
        | {"sent_at": c.late_after + timedelta(days=c.id % 7), "new_due_at": c.late_after + timedelta(days=20)}
        for c in cases
        if c.id % 4 == 0
    ]
    for model, rows in ((Explanation, explained), (Apology, sorry)):
        if rows:
            connection.execute(insert(model), rows)
    _answer_for_earlier(connection)


def _answer_for_earlier(connection: Connection) -> None:
    """What ended late before the month was explained and apologised for on the day it ended."""
    chosen = Case.ended_at > Case.late_after, Case.ended_at < START
    explained = select(
        Case.site, Case.id, Case.unit_id, literal("Do thiếu người"), Case.ended_at, literal("bench"), true()
    )
    names = ["site", "case_id", "unit_id", "text", "sent_at", "actor", "by_head"]
    connection.execute(insert(Explanation).from_select(names, explained.where(*chosen)))
    sorry = select(Case.site, Case.id, Case.code, literal("Do thiếu người"), Case.ended_at)
    connection.execute(
        insert(Apology).from_select(["site", "case_id", "number", "reason", "sent_at"], sorry.where(*chosen))
    )


def _give_tasks(connection: Connection, units: Sequence[int], tasks: int) -> None:
    """Tasks of two plans, due from June 2024 to March 2025; two of three are begun, one of three is handed in."""
    first = 1 + (connection.scalar(select(func.max(PlanTask.id))) or 0)
    part = 1 + (connection.scalar(select(func.max(PlanTaskUnit.id))) or 0)
    numbers = range(tasks)
    due = [date(2024, 6, 1) + timedelta(days=number % 300) for number in numbers]
    connection.execute(
        insert(PlanTask),
        [
            {
                "id": first + n,
                "site": site(),
                "plan": PLANS[n % 2],
                "row": 1000 + n,
                "number": f"X.{n}",
                "section": "Phụ lục",
                "text": f"Nhiệm vụ {n}",
                "lead_text": "",
                "deadline_text": f"{due[n]:%d/%m/%Y}",
                "deadline_kind": DeadlineKind.DAY,
                "due_on": due[n],
                "reading": {"vi": "", "en": ""},
                "unresolved": [],
            }
            for n in numbers
        ],
    )
    connection.execute(
        insert(PlanTaskUnit),
        [
            {
                "id": part + n,
                "site": site(),
                "task_id": first + n,
                "unit_id": units[n % len(units)],
                "role": TaskRole.LEAD,
                "due_on": due[n],
                "assigned_on": date(2024, 3, 1),
            }
            for n in numbers
        ],
    )
    events = [(n, TaskEventKind.ASSIGNED, date(2024, 3, 1)) for n in numbers]
    events += [(n, TaskEventKind.STARTED, date(2024, 4, 1) + timedelta(days=n % 200)) for n in numbers if n % 3]
    events += [(n, TaskEventKind.SUBMITTED, due[n] + timedelta(days=n % 5 - 3)) for n in numbers if n % 3 == 1]
    connection.execute(
        insert(TaskEvent),
        [
            {"site": site(), "task_unit_id": part + n, "kind": kind, "on": on, "recorded_at": START, "actor": "bench"}
            for n, kind, on in events
        ],
    )


def _give_duties(connection: Connection, units: Sequence[int], duties: int) -> None:
    """Petitions and directives due in the last two months, half of them done."""
    petitions, directives = [], []
    for number in range(duties):
        due = date(2024, 11, 1) + timedelta(days=number % 60)
        unit, done = units[number % len(units)], due + timedelta(days=number % 6 - 3) if number % 2 else None
        common = {"site": site(), "unit_id": unit, "received_on": due - timedelta(days=15), "due_on": due}
        if number % 3:
            petitions.append(common | {"code": f"PAKN-X-{number}", "content": "Phản ánh", "answered_on": done})
        else:
            texts = {"number": f"{number}/CV", "issuer": "UBND tỉnh", "summary": "Chỉ đạo"}
            directives.append(common | texts | {"done_on": done})
    for model, rows in ((Petition, petitions), (Directive, directives)):
        if rows:
            connection.execute(insert(model), rows)


def _forget_checks(connection: Connection) -> None:
    """What was found of the month and the one before while the Department was small."""
    month = Period.parse(PERIOD)
    periods = (month.key, month.previous().key)
    violations = select(Violation.id).where(Violation.period.in_(periods))
    runs = select(CheckRun.id).where(CheckRun.period.in_(periods))
    connection.execute(delete(ViolationMove).where(ViolationMove.violation_id.in_(violations)))
    connection.execute(
        delete(RunViolation).where(or_(RunViolation.run_id.in_(runs), RunViolation.violation_id.in_(violations)))
    )
    connection.execute(delete(ViolationSubject).where(ViolationSubject.violation_id.in_(violations)))
    connection.execute(delete(Violation).where(Violation.period.in_(periods)))
    connection.execute(delete(CheckResult).where(CheckResult.run_id.in_(runs)))
    connection.execute(delete(CheckRun).where(CheckRun.period.in_(periods)))
