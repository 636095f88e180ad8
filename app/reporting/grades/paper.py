"""The grades of units and officers as a paper by Decree 30/2020/NĐ-CP. Always Vietnamese."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from app.reporting.grades.definition import Indicator, grades, tenth
from app.reporting.grades.queries import GradeFigures, GradeLine
from app.reporting.index.definition import Certainty
from app.reporting.paper_parts import DRAFT, Block, ReportHouse, heading, report, said, words
from app.slips.content.parts import CENTER, heading_row
from app.slips.document import Cell, Paper, PrintedSlip, Row, SlipTable
from app.slips.labels import short_day
from app.web.formats import show_number

Link = Callable[[GradeLine, Indicator | None], str]
"""Where a unit, an officer or a mark of theirs leads: what it is counted from, with the points; "" on paper."""


def _nowhere(_line: GradeLine, _indicator: Indicator | None) -> str:
    return ""


OPEN = "chưa đủ dữ liệu"


def documents(told: GradeFigures, house: ReportHouse, day: date, link: Link = _nowhere) -> list[PrintedSlip]:
    """The report, units and officers in one paper."""
    label = told.period.label("vi")
    return [
        report(
            house,
            day,
            f"Đánh giá việc giải quyết thủ tục hành chính {label[:1].lower()}{label[1:]}",
            _body(told, link),
            name="Đánh giá",
            paper=Paper.A4_ANNEX,
            stamp="" if told.is_over else DRAFT,
        )
    ]


def _body(told: GradeFigures, link: Link) -> Iterator[Block]:
    period = told.period
    yield said(f"Căn cứ {grades().sources[told.terms.source].says}.", italic=True)
    yield said(f"Kỳ đánh giá: từ ngày {short_day(period.first)} đến hết ngày {short_day(period.last)}.")
    yield heading("I. ĐƠN VỊ")
    yield from _table("Đơn vị", told.units, grades().indicators, "Xếp loại", link)
    yield heading("II. CÔNG CHỨC, VIÊN CHỨC")
    of_officers = [each for each in grades().indicators if each.officer]
    yield from _table("Công chức, viên chức", told.officers, of_officers, "Mức độ hoàn thành", link)
    yield heading("III. CÁCH TÍNH")
    yield from _notes(told)


def _table(
    name: str, lines: Sequence[GradeLine], indicators: Sequence[Indicator], band: str, link: Link
) -> Iterator[Block]:
    if not lines:
        yield said("Không có gì để đánh giá trong kỳ.")
        return
    head = heading_row("TT", name, *(f"({each.number})" for each in indicators), "Điểm chắc chắn", "Có thể đến", band)
    rows: list[Row] = []
    for n, line in enumerate(lines, 1):
        title = f"{line.officer}\n{line.unit.name}" if line.officer else line.unit.name
        marks = [_mark(line.marks[each.number], link(line, each)) for each in indicators]
        sums = (_points(line.grade.low, bold=True), _points(line.grade.high))
        closing = words(line.band or OPEN, align=CENTER)
        rows.append((Cell(str(n), CENTER, value=n), words(title, link(line, None)), *marks, *sums, closing))
    widths = (10, 74, *(14,) * len(indicators), 20, 20, 34)
    yield SlipTable(widths, (head,), rows, scale=0.8)


def _mark(average: Fraction | None, link: str) -> Cell:
    return Cell("–", CENTER) if average is None else _points(tenth(average), link=link)


def _points(points: Decimal, link: str = "", *, bold: bool = False) -> Cell:
    return Cell(show_number(points), CENTER, bold=bold, value=float(points), link=link)


def _notes(told: GradeFigures) -> Iterator[Block]:
    for each in grades().indicators:
        how = each.choice or f"không tính được: {each.untold}"
        sure = grades().sources[each.source].certainty is Certainty.OFFICIAL
        yield said(f"({each.number}) {each.title}: {how}{'' if sure else ' (chưa kiểm chứng)'}.")
    yield said(
        "“Điểm chắc chắn” là tổng các chỉ số phần mềm biết; “có thể đến” là khi mỗi chỉ số chưa biết được 2 điểm. "
        "Chỉ khi cả hai cùng một mức thì mới xếp loại."
    )
    if told.period.last >= grades().replaced_from:
        yield said(f"{grades().sources['successor'].says}.", italic=True)
    unknown = sum(line.unknown for line in told.units)
    if unknown:
        yield said(f"Chưa rõ, không tính: {show_number(unknown)} lượt (không có hạn, nhập từ phần mềm khác).")
