"""The list of cases handed from one unit to another, signed by both sides. No form of the law prescribes it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.slips.content.parts import CENTER, entry, heading_row, in_official_lines
from app.slips.document import Cell, Letterhead, Paper, PrintedSlip, Signature, SlipTable
from app.slips.labels import short_day
from app.slips.values import House


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
