"""Score tables for tests: the real annex, and small ones written out."""

from __future__ import annotations

from pathlib import Path

from app.organisation.models import Unit, UnitKind
from app.scorecards.loading import LoadedTable, load_table
from app.scorecards.models import Criterion
from app.scorecards.reading import document_text, read_statement, read_table
from app.web.extensions import db
from tests.factories import CLERK, make_department, make_unit

DOCUMENTS = Path(__file__).parents[2] / "rules" / "documents"
ANNEX = DOCUMENTS / "dn-2024-annex.txt"
PLAN = DOCUMENTS / "dn-2024.txt"
CODE = "dn-2024-annex"

HEADING = (
    "STT\tLĩnh vực/Tiêu chí\tĐiểm theo bộ tiêu chí\tĐiểm đạt được năm 2023\tMục tiêu năm 2024"
    "\tNhiệm vụ, giải pháp\tTrách nhiệm thực hiện\t\tGhi chú\n"
    "\t\t\t\t\t\tChủ trì\tPhối hợp\t\n(1)\t(2)\t(3)\t(4)\t(5)\t(6)\t(7)\t(8)\t(9)\n"
)


def line(number: str, maximum: str = "3", last: str = "2", target: str = "3", lead: str = "Văn phòng Sở") -> str:
    """A row of a table: nine cells."""
    return "\t".join([number, f"Tiêu chí {number}", maximum, last, target, "Làm tốt", lead, "Các phòng", ""])


def table_of(*lines: str) -> str:
    """A document with a table of these lines; the heading's end is its line 3."""
    return HEADING + "\n".join(lines) + "\n"


def score_department() -> dict[str, Unit]:
    """The small Department with the units that the annex names, and the spelling it uses."""
    units = make_department()
    units["KHTC"] = make_unit("KHTC", "Phòng Kế hoạch – Tài chính", UnitKind.DIVISION, units["SO"])
    spelling = ("Phòng Lao động - Việc làm và GDNN",)
    units["GDNN"] = make_unit("GDNN", "Phòng Việc làm", UnitKind.DIVISION, units["SO"], aliases=spelling)
    return units


def load_real() -> LoadedTable:
    """The annex of the plan and the plan's text, loaded."""
    table = read_table(document_text(ANNEX.read_bytes()))
    return load_table(CLERK, CODE, table, read_statement(document_text(PLAN.read_bytes())), source=PLAN.name)


def criterion(number: str) -> Criterion:
    """A criterion as it is kept."""
    return db.session.query(Criterion).filter_by(table=CODE, number=number).one()
