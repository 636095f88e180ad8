"""What stays within the office: the control sheet of a case (05 of 2018, 06 of 2025), the register (06, 07), the list
with which many cases are handed over. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.slips.content.parts import (
    BLANK_ROWS,
    CENTER,
    counter_head,
    desk_of,
    entry,
    form_of,
    head_row,
    heading_row,
    in_official_lines,
    promised_words,
    request_line,
)
from app.slips.document import DOTS, Align, Cell, Letterhead, Paper, PrintedSlip, Row, Signature, SlipTable
from app.slips.labels import (
    ENDED,
    SlipKind,
    against_time,
    amount_of_time,
    circular_on,
    moment,
    returned_how,
    sets_of,
    short_day,
)
from app.slips.values import CaseOnPaper, House, RegisterLine, Stay


def control(case: CaseOnPaper, house: House, qr: str) -> PrintedSlip:
    """Phiếu kiểm soát quá trình giải quyết hồ sơ, from the stays the case has had."""
    circular = circular_on(case.received_on)
    return PrintedSlip(
        Paper.A5,
        form_of(circular, SlipKind.CONTROL),
        counter_head(house, circular, "", case.received_on),
        "PHIẾU KIỂM SOÁT\nQUÁ TRÌNH GIẢI QUYẾT HỒ SƠ",
        (f"Mã hồ sơ: {case.code}",),
        qr,
        (
            entry("Kèm theo hồ sơ của", case.person.owner or case.person.name, bold=True),
            request_line(case, "Thủ tục hành chính"),
            entry("Thời gian nhận hồ sơ", moment(case.received_at)),
            entry("Thời gian hẹn trả kết quả", promised_words(case, house)),
            entry("Cơ quan (bộ phận) giải quyết hồ sơ", case.unit),
            entry("Cơ quan phối hợp giải quyết hồ sơ", "; ".join(dict.fromkeys(case.consulted))),
            _movements(case, desk_of(house, circular)),
        ),
        notes=(
            "Ghi chú: Kết quả giải quyết hồ sơ (trước hạn, đúng hạn, quá hạn) do bên nhận ghi khi nhận bàn giao hồ sơ.",
        ),
        code=case.code,
    )


def _movements(case: CaseOnPaper, desk: str) -> SlipTable:
    head = (
        head_row(
            Cell("TÊN CƠ QUAN", rows=2),
            Cell("THỜI GIAN GIAO, NHẬN HỒ SƠ", columns=2),
            Cell("KẾT QUẢ GIẢI QUYẾT HỒ SƠ\n(Trước hạn/ đúng hạn/ quá hạn)", rows=2),
            Cell("GHI CHÚ", rows=2),
        ),
        heading_row("Người giao", "Người nhận"),
    )
    moved = list(_hand_overs(case, desk))
    rows = [row for each in moved for row in each]
    for _n in range(BLANK_ROWS - len(moved)):
        rows += _movement(DOTS[:6], DOTS[:6], f"{DOTS[:4]} giờ {DOTS[:4]} phút, ngày {DOTS[:6]}", "", "", "", "")
    return SlipTable((31, 24, 24, 22, 23), head, rows, scale=0.85)


def _hand_overs(case: CaseOnPaper, desk: str) -> Iterable[list[Row]]:
    """From the desk to the first unit, from each stay to the next, and back to the desk with the result."""
    before: Stay | None = None
    for stay in case.stays:
        if before is None and not stay.at_desk:
            yield _moved(desk, case.received_by, stay, "", case)
        elif before is not None:
            yield _moved(before.unit, before.officer, stay, against_time(before.ended_at, before.due_at), case)
        before = stay
    if before and case.result_at and not before.at_desk:
        result = against_time(before.ended_at or case.result_at, before.due_at)
        yield _movement(before.unit, desk, moment(case.result_at), before.officer, "", result, "Trả kết quả")


def _moved(giver: str, given_by: str, stay: Stay, result: str, case: CaseOnPaper) -> list[Row]:
    allowed = f"\n({amount_of_time(stay.allowance, case.time_unit)})" if stay.allowance > Decimal(0) else ""
    return _movement(giver, stay.unit, moment(stay.started_at), given_by, stay.officer, result, f"{stay.name}{allowed}")


def _movement(giver: str, taker: str, when: str, given_by: str, taken_by: str, result: str, note: str) -> list[Row]:
    """Two rows: what changed hands and when; below, where both sign."""
    return [
        (
            Cell(f"1. Giao: {giver}\n2. Nhận: {taker}", rows=2),
            Cell(when, CENTER, columns=2),
            Cell(result, CENTER, rows=2),
            Cell(note, rows=2),
        ),
        (Cell(f"\n\n{given_by}", CENTER, least=13), Cell(f"\n\n{taken_by}", CENTER, least=13)),
    ]


# Form 06 of 2018, 07 of 2025: Sổ theo dõi hồ sơ. Pure.


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
        (sets_of(line.sets), True),
        (line.applicant, False),
        (where, False),
        (line.unit, False),
        (short_day(line.received_on), True),
        (short_day(line.promised_on), True),
        (short_day(line.returned_on), True),
        (returned_how(line.return_method), True),
        ("", True),
        ("; ".join(notes), False),
    )


# The list of cases handed from one unit to another, signed by both sides. No form of the law prescribes it. Pure.


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A case on such a list; the promised day is the site's."""

    code: str
    applicant: str
    procedure: str
    papers: int  # how many were handed in, of whatever kind
    promised_on: date | None


def hand_over_list(
    lines: Sequence[HandedOver], house: House, *, at: datetime, giver: str, giving: str, receiving: str, note: str = ""
) -> PrintedSlip:
    """Danh sách bàn giao hồ sơ: what one unit gave another at one time. `at` on the site's clock."""
    rows = [
        (
            Cell(str(n), CENTER),
            Cell(each.code),
            Cell(each.applicant),
            Cell(each.procedure),
            Cell(str(each.papers) if each.papers else "", CENTER),
            Cell(short_day(each.promised_on) if each.promised_on else "", CENTER),
            Cell(""),
        )
        for n, each in enumerate(lines, 1)
    ]
    head = heading_row("TT", "Mã hồ sơ", "Người nộp", "Thủ tục", "Số giấy tờ", "Hẹn trả", "Ghi chú")
    return PrintedSlip(
        Paper.A4_LANDSCAPE,
        "",
        Letterhead(
            unit=in_official_lines(giving), parent=in_official_lines(house.department), place=house.place, day=at.date()
        ),
        "DANH SÁCH BÀN GIAO HỒ SƠ",
        (f"Lúc {at:%H} giờ {at:%M} phút ngày {short_day(at.date())}",),
        "",
        (
            entry("Bên giao", f"{giving}, {giver}"),
            entry("Bên nhận", receiving),
            *([entry("Nội dung", note)] if note else []),
            SlipTable((10, 42, 52, 90, 18, 24, 37), (head,), rows, scale=1),
            entry("Tổng số", f"{len(lines)} hồ sơ"),
        ),
        (Signature("BÊN GIAO", name=giver), Signature("BÊN NHẬN")),
    )
