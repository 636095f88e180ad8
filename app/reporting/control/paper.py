"""Form II.06a and the summary by unit as papers, with the causes of lateness beside them. Always Vietnamese."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from app.compliance.explaining import inside
from app.reporting.control.carry_over import CarryOver
from app.reporting.control.queries import COLUMNS, ControlFigures, Doubt, LatenessCause, Line, Rows
from app.reporting.paper_parts import DRAFT, ReportHouse, across, number, said, words
from app.slips.content.parts import CENTER, head_row, heading_row
from app.slips.document import (
    Align,
    Cell,
    FormHead,
    Paper,
    PrintedSlip,
    Row,
    Signature,
    SlipParagraph,
    SlipTable,
    StyledText,
)
from app.slips.labels import long_day, short_day
from app.web.formats import local, show_number

Link = Callable[[Line, int], str]
"""Where the figure of a line in a column leads; "" on paper."""
DoubtLink = Callable[[Doubt], str]

CIRCULAR_2020 = "Thông tư số 01/2020/TT-VPCP ngày 21/10/2020"
RECEIVER = "Văn phòng UBND tỉnh"
FORMS = {
    Rows.FIELD: (
        "Biểu số II.06a/VPCP/KSTT",
        "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH\nTẠI CƠ QUAN, ĐƠN VỊ TRỰC TIẾP GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH",
        "Lĩnh vực giải quyết",
    ),
    Rows.UNIT: (
        "Biểu số II.06b/VPCP/KSTT",
        "TỔNG HỢP TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH\nTHEO ĐƠN VỊ",
        "Đơn vị",
    ),
}
TOTAL = "Tổng số"
HEADINGS = (
    *("STT", "", "Tiếp nhận: tổng số", "Tiếp nhận trong kỳ: trực tuyến", "Tiếp nhận trong kỳ: trực tiếp, bưu chính"),
    *("Tiếp nhận: từ kỳ trước", "Đã giải quyết: tổng số", "Đã giải quyết: trước hạn", "Đã giải quyết: đúng hạn"),
    *("Đã giải quyết: quá hạn", "Đang giải quyết: tổng số", "Đang giải quyết: trong hạn", "Đang giải quyết: quá hạn"),
)
"""The columns in one row, for a file."""

DOUBTS = {
    Doubt.CHANNEL_UNKNOWN: "{n} hồ sơ tiếp nhận trong kỳ không rõ cách nộp, tính ở cột 5.",
    Doubt.NO_DUE_TIME: "{n} hồ sơ kết thúc không có hạn (rút, chờ bổ sung, nhập không có ngày hẹn), tính ở cột 9.",
    Doubt.NOT_CLOSED: "{n} hồ sơ đã có kết quả nhưng chưa kết thúc trên phần mềm, tính ở cột 11.",
    Doubt.UNBALANCED: "3 = 7 + 11 không khớp: {n} hồ sơ ghi kết thúc trước khi tiếp nhận.",
    Doubt.CARRY_OVER: "{n} hồ sơ làm cột 6 khác với cột 11 của kỳ trước.",
}


def documents(
    told: ControlFigures,
    causes: Sequence[LatenessCause],
    house: ReportHouse,
    reporter: str,
    day: date,
    link: Link = lambda line, column: "",
    doubt_link: DoubtLink = lambda doubt: "",
    carried: CarryOver | None = None,
    apart_link: str = "",
) -> list[PrintedSlip]:
    """The form, and the list of overdue cases with their causes. `reporter`: who reports, the Department or a unit.

    `carried`: the carry-over against what was sent; `apart_link`: where the cases that differ are listed.
    """
    against = _against_sent(told, carried, apart_link) if carried is not None else []
    return [_form(told, house, reporter, day, link, doubt_link, against), _causes(told, causes)]


def rows_of(told: ControlFigures) -> list[list[object]]:
    """The lines for a file, the total first."""
    lines = [told.total, *told.lines]
    return [[n or "", line.name or TOTAL, *(line[column] for column in COLUMNS)] for n, line in enumerate(lines)]


def _form(
    told: ControlFigures,
    house: ReportHouse,
    reporter: str,
    day: date,
    link: Link,
    doubt_link: DoubtLink,
    against: Sequence[SlipParagraph | SlipTable],
) -> PrintedSlip:
    form, title, _of = FORMS[told.rows]
    place = SlipParagraph((StyledText(f"{house.place}, {long_day(day)}", italic=True),), Align.RIGHT)
    return PrintedSlip(
        Paper.A4_ANNEX,
        "",
        FormHead(
            (form, f"Ban hành theo {CIRCULAR_2020}"),
            (f"- Đơn vị báo cáo: {reporter}", f"- Đơn vị nhận báo cáo: {RECEIVER}"),
        ),
        title,
        (_period(told),),
        "",
        (
            SlipParagraph((StyledText("Đơn vị tính: Số hồ sơ TTHC", italic=True),), Align.RIGHT),
            _table(told, link),
            *_notes(told, doubt_link),
            *against,
            place,
        ),
        (
            Signature("NGƯỜI LẬP BÁO CÁO", "(Ký, ghi rõ họ tên)"),
            Signature(
                "THỦ TRƯỞNG ĐƠN VỊ",
                "(Ký, ghi rõ họ tên và đóng dấu)",
                house.director if reporter == house.department else "",
            ),
        ),
        official=True,
        stamp="" if told.is_over else DRAFT,
        name=form.split("/")[0].replace("Biểu số ", ""),
    )


def _period(told: ControlFigures) -> str:
    span = told.span
    return f"Kỳ báo cáo: {span.period.label('vi')} (Từ ngày {short_day(span.first)} đến ngày {short_day(span.last)})"


def _table(told: ControlFigures, link: Link) -> SlipTable:
    head = (
        head_row(
            Cell("STT", rows=3),
            Cell(FORMS[told.rows][2], rows=3),
            Cell("Số hồ sơ tiếp nhận", columns=4),
            Cell("Số hồ sơ đã giải quyết", columns=4),
            Cell("Số hồ sơ đang giải quyết", columns=3),
        ),
        head_row(
            Cell("Tổng số", rows=2),
            Cell("Trong kỳ", columns=2),
            Cell("Từ kỳ trước", rows=2),
            *(Cell(each, rows=2) for each in ("Tổng số", "Trước hạn", "Đúng hạn", "Quá hạn")),
            *(Cell(each, rows=2) for each in ("Tổng số", "Trong hạn", "Quá hạn")),
        ),
        heading_row("Trực tuyến", "Trực tiếp, dịch vụ bưu chính"),
        heading_row("(1)", "(2)", *(f"({_sum(column)})" for column in COLUMNS)),
    )
    total = told.total
    rows = [_row(Cell(""), total, link, bold=True)]
    rows += [_row(Cell(str(n), CENTER, value=n), line, link) for n, line in enumerate(told.lines, 1)]
    return SlipTable((12, 58, *(17,) * len(COLUMNS)), head, rows, scale=0.8)


def _sum(column: int) -> str:
    parts = {3: "3=4+5+6", 7: "7=8+9+10", 11: "11=12+13"}
    return parts.get(column, str(column))


def _row(first: Cell, line: Line, link: Link, *, bold: bool = False) -> Row:
    cells = [number(line[column], link(line, column), bold=bold) for column in COLUMNS]
    return (first, words(line.name or TOTAL, bold=bold), *cells)


def _notes(told: ControlFigures, doubt_link: DoubtLink) -> list[SlipParagraph | SlipTable]:
    notes = [
        said(
            "Cách đếm: hồ sơ kết thúc khi kết thúc trên phần mềm (trả, từ chối, rút, dừng); đang chờ bổ sung tính "
            "trong hạn; trễ hẹn một lần là quá hạn dù được hẹn lại sau đó; hồ sơ hủy do nhập nhầm không tính."
        )
    ]
    if told.span.form_is_old:
        notes.append(
            said(
                "Thông tư số 05/2025/TT-VPCP có hiệu lực từ ngày 15/02/2026: chưa có các cột của biểu mới, số liệu "
                "trình bày theo cột của Thông tư số 01/2020/TT-VPCP."
            )
        )
    notes.append(said("Tên biểu và các cột lấy từ phần mềm công khai, chưa kiểm chứng với văn bản gốc.", italic=True))
    if told.before is not None and told.before[1] == told.total[6] and not told.total.excess:
        notes.append(said("Các tổng khớp nhau: 3 = 7 + 11; cột 6 bằng cột 11 của kỳ trước."))
    elif told.before is not None and told.before[1] != told.total[6]:
        earlier, open_then = told.before
        apart = show_number(told.total[6] - open_then)
        notes.append(
            said(
                f"Cột 6 là {show_number(told.total[6])}, cột 11 của {earlier.period.label('vi')} (đến hết ngày "
                f"{short_day(earlier.last)}) là {show_number(open_then)}: lệch {apart}."
            )
        )
    table: list[Row] = [
        (words(sentence.format(n=show_number(told.doubts[doubt]))), number(told.doubts[doubt], doubt_link(doubt)))
        for doubt, sentence in DOUBTS.items()
        if told.doubts.get(doubt)
    ]
    if not table:
        return list(notes)
    return [*notes, SlipTable((220, 20), (heading_row("Hồ sơ cần rà soát", "Số hồ sơ"),), table, scale=0.8)]


def _against_sent(told: ControlFigures, carried: CarryOver, apart_link: str) -> list[SlipParagraph | SlipTable]:
    before, report = inside(carried.before.period), carried.report
    if report is None:
        return [said(f"Báo cáo {before}: chưa gửi, nên chưa đối chiếu được cột 6 với báo cáo đã gửi.")]
    sent = f"báo cáo {before} gửi ngày {short_day(report.sent_on)}"
    sent += f", số {report.document}" if report.document else ""
    if carried.agrees:
        return [said(f"Cột 6 khớp với cột 11 của {sent}, từng dòng và từng hồ sơ.")]
    told_apart = said(
        f"Cột 6 là {show_number(carried.total.now)}, cột 11 của {sent} là {show_number(carried.total.sent)}: "
        f"lệch {show_number(carried.total.apart)}."
    )
    lines: list[Row] = [
        (words(line.name), number(line.sent), number(line.now), number(line.apart)) for line in carried.differing
    ]
    if carried.cases:
        behind = number(carried.cases, apart_link)
        lines.append((Cell("Số hồ sơ làm nên chỗ lệch", columns=3), behind))
    head = heading_row(FORMS[told.rows][2], "Cột 11 đã gửi", "Cột 6", "Lệch")
    return [told_apart, SlipTable((150, 30, 30, 30), (head,), lines, scale=0.8)]


def _causes(told: ControlFigures, causes: Sequence[LatenessCause]) -> PrintedSlip:
    head = heading_row("TT", "Mã hồ sơ", "Thủ tục", "Đơn vị", "Hạn", "Kết thúc", "Nguyên nhân quá hạn", "Xin lỗi")
    widths = (10, 38, 60, 38, 22, 22, 60, 16)
    rows: list[Row] = []
    field = ""
    for n, cause in enumerate(sorted(causes, key=lambda each: (each.case.field, each.case.received_at)), 1):
        if cause.case.field != field:
            field = cause.case.field
            same = sum(each.case.field == field for each in causes)
            rows.append(across(f"{field}: {show_number(same)} hồ sơ", len(widths)))
        rows.append(_cause(n, cause))
    blocks = (SlipTable(widths, (head,), rows, scale=0.8),) if rows else (said("Không có hồ sơ quá hạn."),)
    more = told.total[10] + told.total[13] - len(causes)
    notes = (f"Còn {show_number(more)} hồ sơ nữa, xem trên phần mềm.",) if more > 0 else ()
    return PrintedSlip(
        Paper.A4_ANNEX,
        "",
        None,
        "NGUYÊN NHÂN QUÁ HẠN",
        (_period(told),),
        "",
        blocks,
        notes=notes,
        official=True,
        stamp="" if told.is_over else DRAFT,
        name="Nguyên nhân quá hạn",
    )


def _cause(n: int, cause: LatenessCause) -> Row:
    case = cause.case
    due, ended = (short_day(local(at)) if at else "" for at in (case.late_after, case.ended_at))
    return (
        Cell(str(n), CENTER, value=n),
        words(case.code, cause.link),
        words(case.procedure),
        words(case.unit),
        words(due, align=CENTER),
        words(ended or "chưa", align=CENTER),
        words(cause.explanation or "Chưa giải trình"),
        words("đã gửi" if cause.apologised else "chưa", align=CENTER),
    )
