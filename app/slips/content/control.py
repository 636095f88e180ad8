"""Form 05 of 2018, 06 of 2025: Phiếu kiểm soát quá trình giải quyết hồ sơ. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from app.slips.circulars import SlipKind, circular_on
from app.slips.content.parts import (
    BLANK_ROWS,
    CENTER,
    counter_head,
    desk_of,
    entry,
    form_of,
    head_row,
    heading_row,
    promised_words,
    request_line,
)
from app.slips.document import DOTS, Cell, Paper, PrintedSlip, Row, SlipTable
from app.slips.labels import against_time, amount_of_time, moment
from app.slips.values import CaseOnPaper, House, Stay


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
