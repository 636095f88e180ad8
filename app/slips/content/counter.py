"""Forms 02 and 03: what is given over the counter to somebody whose file is incomplete or refused. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from app.slips.circulars import SlipKind, circular_on
from app.slips.content.parts import (
    CENTER,
    count_cell,
    counter_head,
    desk_of,
    entry,
    form_of,
    heading_row,
    letter_line,
    paragraphs,
    person_lines,
    request_line,
)
from app.slips.document import DOTS, Cell, Paper, PrintedSlip, Signature, SlipParagraph, SlipTable, StyledText
from app.slips.labels import short_day
from app.slips.values import CaseOnPaper, House, MissingDocument, Said


def supplement(case: CaseOnPaper, asked: Said, house: House, qr: str, number: str = "") -> PrintedSlip:
    """Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ, for one request; `code` may be "" before a case is taken in.

    It lists the documents that the request names; a request in words only lists what is missing.
    """
    circular = circular_on(asked.at.date())
    wanted = asked.asked or case.missing
    table = [_missing_table(wanted)] if wanted else []
    help_at = f"Ông/Bà liên hệ với {asked.by or DOTS}, số điện thoại {asked.phone or DOTS}"
    return PrintedSlip(
        Paper.A5,
        form_of(circular, SlipKind.SUPPLEMENT),
        counter_head(house, circular, number or f"{DOTS[:6]}/HDHS", asked.at.date()),
        "PHIẾU YÊU CẦU\nBỔ SUNG, HOÀN THIỆN HỒ SƠ",
        (f"Mã hồ sơ: {case.code}",) if case.code else (),
        qr,
        (
            *person_lines(case, "Hồ sơ của"),
            request_line(case),
            SlipParagraph((StyledText("Yêu cầu hoàn thiện hồ sơ gồm những nội dung sau:"),)),
            *table,
            entry("Lý do", "") if not asked.words.strip() else SlipParagraph((StyledText("Lý do:"),)),
            *(paragraphs(asked.words) if asked.words.strip() else ()),
            *([entry("Bổ sung, hoàn thiện trước hết ngày", short_day(asked.until))] if asked.until else []),
            letter_line(f"Trong quá trình hoàn thiện hồ sơ, nếu có vướng mắc, {help_at} để được hướng dẫn./."),
        ),
        (Signature("NGƯỜI NỘP HỒ SƠ", name=case.person.name), Signature("NGƯỜI HƯỚNG DẪN", name=asked.by)),
        code=case.code,
    )


def _missing_table(missing: Iterable[MissingDocument]) -> SlipTable:
    rows = [
        (
            Cell(str(n), CENTER),
            Cell(each.name),
            *(count_cell(count) for count in (each.originals, each.certified, each.copies)),
        )
        for n, each in enumerate(missing, 1)
    ]
    head = heading_row("TT", "Tên giấy tờ", "Bản chính", "Bản sao\nchứng thực", "Bản sao")
    return SlipTable((9, 67, 15, 18, 15), (head,), rows)


def refusal(case: CaseOnPaper, refused: Said, house: House, qr: str) -> PrintedSlip:
    """Phiếu từ chối tiếp nhận giải quyết hồ sơ."""
    circular = circular_on(refused.at.date())
    desk = desk_of(house, circular)
    help_at = f"Ông/Bà liên hệ với {refused.by or DOTS}, số điện thoại {refused.phone or DOTS}"
    return PrintedSlip(
        Paper.A5,
        form_of(circular, SlipKind.REFUSAL),
        counter_head(house, circular, "", refused.at.date()),
        "PHIẾU TỪ CHỐI\nTIẾP NHẬN GIẢI QUYẾT HỒ SƠ",
        (f"Mã hồ sơ: {case.code}",) if case.code else (),
        qr,
        (
            entry(desk, house.department),
            *person_lines(case, "Tiếp nhận hồ sơ của"),
            request_line(case),
            letter_line(
                f"Qua xem xét, {desk} thông báo không tiếp nhận, giải quyết hồ sơ này với lý do cụ thể như sau:"
            ),
            *paragraphs(refused.words),
            letter_line("Xin thông báo cho Ông/Bà được biết và thực hiện."),
            letter_line(f"Nếu có vướng mắc, {help_at} để được hướng dẫn./."),
        ),
        (
            Signature("NGƯỜI NỘP HỒ SƠ", name=case.person.name),
            Signature("NGƯỜI TIẾP NHẬN HỒ SƠ", name=refused.by),
        ),
        code=case.code,
    )
