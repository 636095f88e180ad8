"""Form 06 of 2018, 07 of 2025: Sổ theo dõi hồ sơ. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from app.slips.circulars import SlipKind, circular_on
from app.slips.content.parts import (
    CENTER,
    desk_of,
    form_of,
    head_row,
    heading_row,
)
from app.slips.document import Align, Cell, Letterhead, Paper, PrintedSlip, Row, SlipTable
from app.slips.labels import ENDED, RETURNED, short_day
from app.slips.values import House, RegisterLine


def register(
    lines: Iterable[RegisterLine], house: House, since: date, until: date, narrowed: tuple[str, ...] = ()
) -> PrintedSlip:
    """Sổ theo dõi hồ sơ for a span of days, both included. `narrowed` says to which unit, procedure."""
    circular = circular_on(until)
    return PrintedSlip(
        Paper.A4_LANDSCAPE,
        form_of(circular, SlipKind.REGISTER),
        Letterhead(unit=desk_of(house, circular), parent=house.department),
        "SỔ THEO DÕI HỒ SƠ",
        (f"Từ ngày {short_day(since)} đến ngày {short_day(until)}", *narrowed),
        "",
        (
            SlipTable(
                (9, 33, 39, 11, 30, 42, 27, 18, 18, 18, 17, 13, 20),
                REGISTER_HEAD,
                (_register_row(line, since.year != until.year) for line in lines),
                scale=0.8,
            ),
        ),
    )


REGISTER_HEAD = (
    head_row(
        Cell("STT", rows=2),
        Cell("Mã hồ sơ", rows=2),
        Cell("Tên thủ tục hành chính", rows=2),
        Cell("Số bộ", rows=2),
        Cell("Tên cá nhân, tổ chức", rows=2),
        Cell("Địa chỉ, số điện thoại", rows=2),
        Cell("Cơ quan chủ trì giải quyết", rows=2),
        Cell("Ngày, tháng, năm", columns=3),
        Cell("Phương thức nhận kết quả", rows=2),
        Cell("Ký nhận", rows=2),
        Cell("Ghi chú", rows=2),
    ),
    heading_row("Nhận hồ sơ", "Hẹn trả kết quả", "Trả kết quả"),
)


REGISTER_HEADINGS = (
    *("STT", "Mã hồ sơ", "Tên thủ tục hành chính", "Số bộ", "Tên cá nhân, tổ chức", "Địa chỉ, số điện thoại"),
    *("Cơ quan chủ trì giải quyết", "Nhận hồ sơ", "Hẹn trả kết quả", "Trả kết quả", "Phương thức nhận kết quả"),
    *("Ký nhận", "Ghi chú"),
)
"""The columns in one row, for a spreadsheet."""


def _register_row(line: RegisterLine, several_years: bool) -> Row:
    left, center = Align.LEFT, CENTER
    cells = [Cell(words, center if centered else left) for words, centered in register_values(line)]
    if several_years or line.year != line.received_on.year:
        cells[0] = Cell(f"{line.number}/{line.year}", center)
    return tuple(cells)


def register_values(line: RegisterLine) -> tuple[tuple[str, bool], ...]:
    """The words of a line of the register, and whether each stands in the middle of its column."""
    where = "\n".join(filter(None, (line.address, line.phone)))
    earlier = line.earlier_number if line.earlier_number != f"{line.number}/TNHS" else ""
    notes = [f"Giấy tiếp nhận đã in mang số {earlier}"] if earlier else []
    if line.first_promised_on != line.promised_on:
        notes.append(f"Hẹn ban đầu {short_day(line.first_promised_on)}")
    if line.status in ENDED:
        notes.append(f"{ENDED[line.status]} {short_day(line.ended_on)}".strip())
    if line.amended_on:
        notes.append(f"Thông tin đã sửa {short_day(line.amended_on)}")
    return (
        (str(line.number), True),
        (line.code, False),
        (line.procedure, False),
        (f"{line.sets:02d}", True),
        (line.applicant, False),
        (where, False),
        (line.unit, False),
        (short_day(line.received_on), True),
        (short_day(line.promised_on), True),
        (short_day(line.returned_on), True),
        (RETURNED[line.return_method], True),
        ("", True),
        ("; ".join(notes), False),
    )
