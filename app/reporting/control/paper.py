"""Form II.06a and the summary by unit as papers, with the causes of lateness beside them. Always Vietnamese."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from app.compliance.explaining import inside
from app.reporting.control.carry_over import CarryOver
from app.reporting.control.form import LEVELS, ControlColumns, Counts, FormColumn, Rows
from app.reporting.control.queries import ControlFigures, Doubt, LatenessCause, Line
from app.reporting.index.definition import Certainty
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

RECEIVER = "Văn phòng UBND tỉnh"
TOTAL = "Tổng số"
DOUBTS = {
    Doubt.CHANNEL_UNKNOWN: "{n} hồ sơ tiếp nhận trong kỳ không rõ cách nộp, tính ở cột {column}.",
    Doubt.NO_DUE_TIME: (
        "{n} hồ sơ kết thúc không có hạn (rút, chờ bổ sung, nhập không có ngày hẹn), tính ở cột {column}."
    ),
    Doubt.NOT_CLOSED: "{n} hồ sơ đã có kết quả nhưng chưa kết thúc trên phần mềm, tính ở cột {column}.",
    Doubt.UNBALANCED: "{balance} không khớp: {n} hồ sơ ghi kết thúc trước khi tiếp nhận.",
    Doubt.CARRY_OVER: "{n} hồ sơ làm cột {carried} khác với cột {left} của kỳ trước.",
}


def doubt_in_words(form: ControlColumns, doubt: Doubt, n: str) -> str:
    """How many cases there are of a doubt, with the columns of the form."""
    left = form.sum_with(Counts.OPEN_LATE)
    columns = {
        Doubt.CHANNEL_UNKNOWN: form.column_of(Counts.RECEIVED_OTHERWISE),
        Doubt.NO_DUE_TIME: form.column_of(Counts.ENDED_IN_TIME),
        Doubt.NOT_CLOSED: left,
    }
    told = {"column": columns.get(doubt), "balance": _balance(form), "left": left}
    return DOUBTS[doubt].format(n=n, carried=form.column_of(Counts.CARRIED_OVER), **told)


def _balance(form: ControlColumns) -> str:
    return f"{form.balance.all} = {' + '.join(map(str, form.balance.parts))}"


def headings(form: ControlColumns, rows: Rows) -> list[str]:
    """The columns in one row, for a file."""
    return ["STT", form.form.papers[rows].rows, *(leaf.says or "" for leaf in form.form.leaves)]


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
    numbers = told.span.form.numbers
    return [[n or "", line.name or TOTAL, *(line[column] for column in numbers)] for n, line in enumerate(lines)]


def _form(
    told: ControlFigures,
    house: ReportHouse,
    reporter: str,
    day: date,
    link: Link,
    doubt_link: DoubtLink,
    against: Sequence[SlipParagraph | SlipTable],
) -> PrintedSlip:
    held = told.span.form.form
    form, title = held.papers[told.rows].code, held.papers[told.rows].title
    place = SlipParagraph((StyledText(f"{house.place}, {long_day(day)}", italic=True),), Align.RIGHT)
    return PrintedSlip(
        Paper.A4_ANNEX,
        "",
        FormHead(
            (form, f"Ban hành theo {held.document}"),
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
    form = told.span.form
    levels: list[list[Cell]] = [[Cell("STT", rows=LEVELS), Cell(form.form.papers[told.rows].rows, rows=LEVELS)], [], []]
    for group in form.form.head:
        _head(group, 0, levels)
    head = (
        head_row(*levels[0]),
        head_row(*levels[1]),
        heading_row(*(cell.text for cell in levels[2])),
        heading_row("(1)", "(2)", *(f"({_sum(form, column)})" for column in form.numbers)),
    )
    total = told.total
    rows = [_row(Cell(""), total, link, bold=True)]
    rows += [_row(Cell(str(n), CENTER, value=n), line, link) for n, line in enumerate(told.lines, 1)]
    return SlipTable((12, 58, *(17,) * len(form.numbers)), head, rows, scale=0.8)


def _head(column: FormColumn, level: int, levels: list[list[Cell]]) -> None:
    """A column in its line of the head, as far down as nothing stands under it."""
    if column.columns:
        levels[level].append(Cell(column.title, columns=len(list(column.leaves))))
        for each in column.columns:
            _head(each, level + 1, levels)
    else:
        levels[level].append(Cell(column.title, rows=LEVELS - level))


def _sum(form: ControlColumns, column: int) -> str:
    parts = form.sums.get(column)
    return str(column) if parts is None else f"{column}={'+'.join(map(str, parts))}"


def _row(first: Cell, line: Line, link: Link, *, bold: bool = False) -> Row:
    cells = [number(line[column], link(line, column), bold=bold) for column in line.form.numbers]
    return (first, words(line.name or TOTAL, bold=bold), *cells)


def _notes(told: ControlFigures, doubt_link: DoubtLink) -> list[SlipParagraph | SlipTable]:
    notes = [
        said(
            "Cách đếm: hồ sơ kết thúc khi kết thúc trên phần mềm (trả, từ chối, rút, dừng); đang chờ bổ sung tính "
            "trong hạn; trễ hẹn một lần là quá hạn dù được hẹn lại sau đó; hồ sơ hủy do nhập nhầm không tính."
        )
    ]
    form = told.span.form
    if form.newer is not None and form.newer.untold:
        notes.append(said(form.newer.untold))
    if told.span.last < form.form.since:
        before = f"Kỳ này có trước {form.form.short}: số liệu vẫn trình bày theo cột của thông tư này."
        notes.append(said(before))
    if form.source.certainty is not Certainty.OFFICIAL:
        notes.append(said(f"{form.source.says}.", italic=True))
    carried, left = form.column_of(Counts.CARRIED_OVER), form.sum_with(Counts.OPEN_LATE)
    if told.before is not None and told.before[1] == told.total[carried] and not told.total.excess:
        notes.append(said(f"Các tổng khớp nhau: {_balance(form)}; cột {carried} bằng cột {left} của kỳ trước."))
    elif told.before is not None and told.before[1] != told.total[carried]:
        earlier, open_then = told.before
        apart = show_number(told.total[carried] - open_then)
        notes.append(
            said(
                f"Cột {carried} là {show_number(told.total[carried])}, cột {left} của {earlier.period.label('vi')} "
                f"(đến hết ngày {short_day(earlier.last)}) là {show_number(open_then)}: lệch {apart}."
            )
        )
    table: list[Row] = [
        (
            words(doubt_in_words(form, doubt, show_number(told.doubts[doubt]))),
            number(told.doubts[doubt], doubt_link(doubt)),
        )
        for doubt in DOUBTS
        if told.doubts.get(doubt)
    ]
    if not table:
        return list(notes)
    return [*notes, SlipTable((220, 20), (heading_row("Hồ sơ cần rà soát", "Số hồ sơ"),), table, scale=0.8)]


def _against_sent(told: ControlFigures, carried: CarryOver, apart_link: str) -> list[SlipParagraph | SlipTable]:
    before, report, form = inside(carried.before.period), carried.report, told.span.form
    column, left = form.column_of(Counts.CARRIED_OVER), carried.before.form.sum_with(Counts.OPEN_LATE)
    if report is None:
        return [said(f"Báo cáo {before}: chưa gửi, nên chưa đối chiếu được cột {column} với báo cáo đã gửi.")]
    sent = f"báo cáo {before} gửi ngày {short_day(report.sent_on)}"
    sent += f", số {report.document}" if report.document else ""
    if carried.agrees:
        return [said(f"Cột {column} khớp với cột {left} của {sent}, từng dòng và từng hồ sơ.")]
    told_apart = said(
        f"Cột {column} là {show_number(carried.total.now)}, cột {left} của {sent} là "
        f"{show_number(carried.total.sent)}: lệch {show_number(carried.total.apart)}."
    )
    lines: list[Row] = [
        (words(line.name), number(line.sent), number(line.now), number(line.apart)) for line in carried.differing
    ]
    if carried.cases:
        behind = number(carried.cases, apart_link)
        lines.append((Cell("Số hồ sơ làm nên chỗ lệch", columns=3), behind))
    head = heading_row(form.form.papers[told.rows].rows, f"Cột {left} đã gửi", f"Cột {column}", "Lệch")
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
    late = (told.span.form.column_of(each) for each in (Counts.ENDED_LATE, Counts.OPEN_LATE))
    more = sum(told.total[column] for column in late) - len(causes)
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
