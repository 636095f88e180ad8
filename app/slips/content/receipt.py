"""Form 01: Giấy tiếp nhận hồ sơ và hẹn trả kết quả. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from app.cases.balance import Balance
from app.slips.content.parts import (
    BLANK_ROWS,
    CENTER,
    count_cell,
    counter_head,
    desk_of,
    entries,
    entry,
    form_of,
    heading_row,
    person_lines,
    promised_words,
    request_line,
)
from app.slips.document import DOTS, Cell, Paper, PrintedSlip, Signature, SlipParagraph, SlipTable, StyledText
from app.slips.labels import (
    CIRCULAR_2018,
    UNKNOWN,
    Circular,
    SlipKind,
    amount_of_time,
    circular_on,
    moment,
    money,
    returned_how,
    sets_of,
)
from app.slips.values import CaseOnPaper, Handed, House


def receipt(case: CaseOnPaper, house: House, qr: str, lookup: str = "") -> PrintedSlip:
    """Giấy tiếp nhận hồ sơ và hẹn trả kết quả. It bears the number that the case has in the register; `lookup` tells
    where one can look the case up."""
    circular = circular_on(case.received_on)
    line = "" if case.register_number is None else str(case.register_number)
    return PrintedSlip(
        Paper.A5,
        form_of(circular, SlipKind.RECEIPT),
        counter_head(house, circular, f"{line or DOTS[:6]}/TNHS", case.received_on),
        "GIẤY TIẾP NHẬN HỒ SƠ\nVÀ HẸN TRẢ KẾT QUẢ",
        (f"Mã hồ sơ: {case.code}", *([lookup] if lookup else [])),
        qr,
        (
            entry(desk_of(house, circular), house.department),
            *person_lines(case, "Tiếp nhận hồ sơ của"),
            request_line(case),
            SlipParagraph((StyledText("1. Thành phần hồ sơ nộp gồm:"),)),
            (_kinds_in_columns if circular is CIRCULAR_2018 else _kinds_in_words)(case.documents),
            *_terms(case, house),
            entries(
                ("Vào Sổ theo dõi hồ sơ, Quyển số", "" if case.register_year is None else str(case.register_year)),
                ("Số thứ tự", line),
            ),
            *_printed_earlier(case),
        ),
        (
            Signature("NGƯỜI NỘP HỒ SƠ", name=case.person.name),
            Signature("NGƯỜI TIẾP NHẬN HỒ SƠ", name=case.received_by),
        ),
        notes=_receipt_notes(house, circular),
        code=case.code,
        scale=_scale(case.documents),
    )


def _printed_earlier(case: CaseOnPaper) -> list[SlipParagraph]:
    """What the paper in the applicant's hands is numbered, when that was not the register's number."""
    if case.earlier_number in ("", f"{case.register_number}/TNHS"):
        return []
    words = f"(Thay cho giấy tiếp nhận đã in mang số {case.earlier_number}.)"
    return [SlipParagraph((StyledText(words),))]


def _scale(documents: Iterable[Handed]) -> float:
    """A receipt with many documents is set smaller: with up to eight or so it stays on one A5 sheet."""
    lines = sum(1 + len(_named(each)) // 46 for each in documents if each.number)
    return 1.0 if lines <= 3 else 0.95 if lines <= 5 else 0.9


def _terms(case: CaseOnPaper, house: House) -> list[SlipParagraph]:
    """Points 2 to 7 of the receipt."""
    where = {"Trực tiếp": desk_of(house, circular_on(case.received_on))}
    returned = returned_how(case.return_method)
    return [
        entry("2. Số lượng hồ sơ", f"{sets_of(case.sets)} (bộ)" if case.sets else UNKNOWN),
        entry("3. Thời gian giải quyết hồ sơ theo quy định là", amount_of_time(case.time_amount, case.time_unit)),
        entry("4. Thời gian nhận hồ sơ", moment(case.received_at)),
        entry("5. Thời gian trả kết quả giải quyết hồ sơ", promised_words(case, house), bold=True),
        entry("6. Đăng ký nhận kết quả tại", where.get(returned, returned)),
        entry("7. Phí, lệ phí", _fee(case)),
    ]


def _fee(case: CaseOnPaper) -> str:
    if case.fee_due is None:
        return ""
    exempt = f" (miễn, giảm: {case.exemption})" if case.exemption else ""
    if not case.fee_due:
        return f"Không thu{exempt}"
    left = Balance(case.fee_due, case.paid).remaining
    paid = "đã nộp đủ" if not left else f"đã nộp {money(case.paid)}" if case.paid else "chưa nộp"
    return f"{money(case.fee_due)}{exempt}; {paid}"


def _kinds_in_columns(documents: Iterable[Handed]) -> SlipTable:
    """As form 01 of 2018 lists them: a column for each kind of copy, one for electronic files when there are any."""
    handed = [each for each in documents if each.number]
    electronic = any(each.electronic for each in handed)
    names = ["Bản chính", "Bản sao\nchứng thực", "Bản sao"] + (["Bản\nđiện tử"] if electronic else [])
    rows = [
        (
            Cell(str(n), CENTER),
            Cell(_named(each)),
            *(count_cell(count) for count in (each.originals, each.certified, each.copies)),
            *([count_cell(each.electronic)] if electronic else []),
        )
        for n, each in enumerate(handed, 1)
    ]
    blank = tuple(Cell() for _name in range(2 + len(names)))
    widths = (9, 124 - 9 - 15 * len(names) - 3, *(15.0 + (3 if n == 1 else 0) for n in range(len(names))))
    return SlipTable(widths, (heading_row("TT", "Tên giấy tờ", *names),), rows or [blank] * BLANK_ROWS)


def _kinds_in_words(documents: Iterable[Handed]) -> SlipTable:
    """As form 01 of 2025 lists them: the kind of each paper, and its number."""
    rows = []
    for n, each in enumerate((each for each in documents if each.number), 1):
        kinds = [
            (name, count)
            for name, count in (
                ("Bản chính", each.originals),
                ("Bản sao chứng thực", each.certified),
                ("Bản sao", each.copies),
                ("Bản điện tử", each.electronic),
            )
            if count
        ]
        rows.append(
            (
                Cell(str(n), CENTER),
                Cell(_named(each)),
                Cell("\n".join(name for name, _count in kinds)),
                Cell("\n".join(str(count) for _name, count in kinds), CENTER),
            )
        )
    blank = (Cell(), Cell(), Cell(), Cell())
    return SlipTable(
        (9, 68, 31, 16), (heading_row("TT", "Tên giấy tờ", "Loại giấy tờ", "Số lượng"),), rows or [blank] * 3
    )


def _named(document: Handed) -> str:
    return f"{document.name} ({document.note})" if document.note else document.name


def _receipt_notes(house: House, circular: Circular) -> tuple[str, ...]:
    desk = desk_of(house, circular)
    return (
        "Ghi chú:",
        "- Giấy tiếp nhận hồ sơ và hẹn trả kết quả được lập thành 02 liên: một liên chuyển kèm theo Phiếu kiểm soát "
        f"quá trình giải quyết hồ sơ và được lưu tại {desk}; một liên giao cho tổ chức, cá nhân nộp hồ sơ.",
        f"- Tổ chức, cá nhân có thể đăng ký nhận kết quả tại {desk} hoặc tại nhà (trụ sở tổ chức) qua dịch vụ "
        "bưu chính công ích.",
    )
