"""A department with the plan of Bắc Giang loaded, for the tests of plan tasks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import select

from app.organisation.access import Scope
from app.organisation.models import Unit
from app.tasks.loading import LoadReport, load_tasks
from app.tasks.models import PlanTask, PlanTaskUnit, TaskRole
from app.web.extensions import db
from tests.factories import CLERK, EVERYWHERE, make_department, make_unit

DOCUMENTS = Path(__file__).parents[2] / "rules" / "documents"
GIVEN = date(2024, 3, 1)
HEADER = "PHỤ LỤC\nTT\tNội dung\tĐơn vị chủ trì\tĐơn vị phối hợp\tThời gian hoàn thành\tGhi chú\n"


def text_of(plan: str) -> str:
    """A document's text."""
    return (DOCUMENTS / f"{plan}.txt").read_text("utf-8")


def annex(*rows: tuple[str, str, str]) -> str:
    """A small annex of (text, lead, deadline)."""
    return HEADER + "".join(f"{n}\t{text}\t{lead}\t\t{due}\t\n" for n, (text, lead, due) in enumerate(rows, 1))


def make_labour_department() -> dict[str, Unit]:
    """The department, with the divisions and the spellings that Bắc Giang's annex needs."""
    units = make_department()
    so = units["SO"]
    units["KHTC"] = make_unit("KHTC", "Phòng Kế hoạch – Tài chính", parent=so)
    units["BTXH"] = make_unit("BTXH", "Phòng Bảo trợ xã hội", parent=so)
    return units


def load(text: str = "", plan: str = "bg-2024", assigned_on: date = GIVEN, **options: bool) -> LoadReport:
    """Load an annex: the plan's own unless another text is given."""
    return load_tasks(CLERK, plan, text or text_of(plan), assigned_on=assigned_on, **options)


def task_of(number: str, plan: str = "bg-2024") -> PlanTask:
    """The first task of that printed number."""
    chosen = select(PlanTask).where(PlanTask.plan == plan, PlanTask.number == number).order_by(PlanTask.row)
    return db.session.scalars(chosen.execution_options(populate_existing=True)).first()


def leads_of(number: str, plan: str = "bg-2024") -> set[str]:
    """Codes of the units that lead a task."""
    return {part.unit.code for part in task_of(number, plan).units if part.role is TaskRole.LEAD}


def part_of(number: str, unit: str, plan: str = "bg-2024") -> PlanTaskUnit:
    """A unit's part in a task."""
    chosen = (
        select(PlanTaskUnit)
        .join(PlanTaskUnit.task)
        .join(PlanTaskUnit.unit)
        .where(PlanTask.plan == plan, PlanTask.number == number, Unit.code == unit, PlanTaskUnit.role == TaskRole.LEAD)
    )
    return db.session.scalars(chosen.execution_options(populate_existing=True)).first()


def scope_of_unit(unit: Unit) -> Scope:
    """What the head of one unit sees."""
    return Scope(EVERYWHERE.site, frozenset({unit.id}))
