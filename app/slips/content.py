"""What stands on each prescribed form, from plain values to a paper that any renderer can draw. Pure.

The forms are those of `circulars`; what differs between the two sets stands beside each other here. On A5 are the
slips given over the counter, on A4 the letters and notices with a number of the registry, the register lies on A4.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from app.slips.circulars import CIRCULAR_2018, CIRCULAR_2025, Circular, SlipKind, circular_on
from app.slips.document import DOTS, Align, Cell, Document, Letterhead, Paper, Row, Run, Signature, Table, Text
from app.slips.values import Asked, CaseOnPaper, Handed, House, Letter, RegisterLine, Said, Stay
from app.slips.wording import (
    ENDED,
    RETURNED,
    against_time,
    amount_of_time,
    long_day,
    moment,
    money,
    short_day,
)

BLANK_ROWS = 3  # to be filled in by hand where the case has nothing to tell
_DESKS = {CIRCULAR_2018.name: "Bộ phận Tiếp nhận và Trả kết quả", CIRCULAR_2025.name: "Bộ phận Một cửa"}
_YOU = "Ông/Bà/Tổ chức"
_CENTER = Align.CENTER
_HEADS_OF_BODY = Signature("THỦ TRƯỞNG CƠ QUAN, ĐƠN VỊ", "(Ký, ghi rõ họ tên và đóng dấu)")


# What every form shares


def form_of(circular: Circular, kind: SlipKind) -> str:
    """`Mẫu số 01 - Thông tư số 01/2018/TT-VPCP`."""
    return f"Mẫu số {circular.number(kind)} - {circular.name}"


def desk_of(house: House, circular: Circular) -> str:
    """The one-stop desk by its own name, or as the law of that day calls it."""
    return house.desk or _DESKS[circular.name]


def _line(label: str, value: str, *, bold: bool = False) -> Text:
    return Text((Run(f"{label}: "), Run(value or DOTS, bold=bold)))


def _lines(*pairs: tuple[str, str]) -> Text:
    """Several short fields on one line."""
    runs: list[Run] = []
    for label, value in pairs:
        runs.append(Run(f"{'   ' if runs else ''}{label}: {value or DOTS}"))
    return Text(tuple(runs))


def _letter_line(words: str, *, bold: bool = False) -> Text:
    return Text((Run(words, bold=bold),), first_line=True)


def _paragraphs(words: str) -> tuple[Text, ...]:
    """What somebody wrote, its paragraphs kept; dots where nothing was written."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return tuple(_letter_line(line) for line in lines) or (_letter_line(DOTS * 3),)


def _person_lines(case: CaseOnPaper, heading: str) -> list[Text]:
    person = case.person
    lines = [_line(heading, person.name, bold=True)]
    if person.owner and person.owner != person.name:
        lines.append(_line("Chủ hồ sơ", person.owner))
    return [
        *lines,
        _line("Số định danh cá nhân/mã số thuế", person.id_number),
        _line("Địa chỉ", person.address),
        _lines(("Số điện thoại", person.phone), ("Email", person.email)),
    ]


def _request_line(case: CaseOnPaper, label: str = "Nội dung yêu cầu giải quyết") -> Text:
    procedure = f"{case.procedure} ({case.procedure_code})" if case.procedure_code else case.procedure
    return _line(label, f"{procedure}: {case.content}" if case.content else procedure)


def _counter_head(house: House, circular: Circular, number: str, day: date) -> Letterhead:
    return Letterhead(unit=desk_of(house, circular), parent=house.department, number=number, place=house.place, day=day)


def _head(*cells: Cell) -> Row:
    return tuple(
        Cell(cell.text, _CENTER, bold=True, rows=cell.rows, columns=cell.columns, least=cell.least) for cell in cells
    )


def _headed(*words: str) -> Row:
    return _head(*map(Cell, words))


def _number(count: int) -> Cell:
    return Cell(str(count) if count else "", _CENTER)


# 01: the receipt


def receipt(case: CaseOnPaper, house: House, qr: str, number: str = "") -> Document:
    """Giấy tiếp nhận hồ sơ và hẹn trả kết quả. `number` is "" until it is given out."""
    circular = circular_on(case.received_on)
    serial = number.partition("/")[0]
    return Document(
        Paper.A5,
        form_of(circular, SlipKind.RECEIPT),
        _counter_head(house, circular, number or f"{DOTS[:6]}/TNHS", case.received_on),
        "GIẤY TIẾP NHẬN HỒ SƠ\nVÀ HẸN TRẢ KẾT QUẢ",
        (f"Mã hồ sơ: {case.code}",),
        qr,
        (
            _line(desk_of(house, circular), house.department),
            *_person_lines(case, "Tiếp nhận hồ sơ của"),
            _request_line(case),
            Text((Run("1. Thành phần hồ sơ nộp gồm:"),)),
            (_kinds_in_columns if circular is CIRCULAR_2018 else _kinds_in_words)(case.documents),
            *_terms(case, house),
            _lines(
                ("Vào Sổ theo dõi hồ sơ, Quyển số", str(case.received_on.year) if serial else ""),
                ("Số thứ tự", serial),
            ),
        ),
        (
            Signature("NGƯỜI NỘP HỒ SƠ", name=case.person.name),
            Signature("NGƯỜI TIẾP NHẬN HỒ SƠ", name=case.received_by),
        ),
        notes=_receipt_notes(house, circular),
    )


def _terms(case: CaseOnPaper, house: House) -> list[Text]:
    """Points 2 to 7 of the receipt."""
    promised = moment(case.promised_at, house.closing) if case.promised_at else ""
    where = {"Trực tiếp": desk_of(house, circular_on(case.received_on))}
    returned = RETURNED[case.return_method]
    return [
        _line("2. Số lượng hồ sơ", f"{case.sets:02d} (bộ)"),
        _line("3. Thời gian giải quyết hồ sơ theo quy định là", amount_of_time(case.time_amount, case.time_unit)),
        _line("4. Thời gian nhận hồ sơ", moment(case.received_at)),
        _line("5. Thời gian trả kết quả giải quyết hồ sơ", promised, bold=True),
        _line("6. Đăng ký nhận kết quả tại", where.get(returned, returned)),
        _line("7. Phí, lệ phí", _fee(case)),
    ]


def _fee(case: CaseOnPaper) -> str:
    exempt = f" (miễn, giảm: {case.exemption})" if case.exemption else ""
    if not case.fee_due:
        return f"Không thu{exempt}"
    paid = "đã nộp đủ" if case.paid >= case.fee_due else f"đã nộp {money(case.paid)}" if case.paid else "chưa nộp"
    return f"{money(case.fee_due)}{exempt}; {paid}"


def _kinds_in_columns(documents: Iterable[Handed]) -> Table:
    """As form 01 of 2018 lists them: a column for each kind of copy, one for electronic files when there are any."""
    handed = [each for each in documents if each.number]
    electronic = any(each.electronic for each in handed)
    names = ["Bản chính", "Bản sao\nchứng thực", "Bản sao"] + (["Bản\nđiện tử"] if electronic else [])
    rows = [
        (
            Cell(str(n), _CENTER),
            Cell(_named(each)),
            *(_number(count) for count in (each.originals, each.certified, each.copies)),
            *([_number(each.electronic)] if electronic else []),
        )
        for n, each in enumerate(handed, 1)
    ]
    blank = tuple(Cell() for _name in range(2 + len(names)))
    widths = (9, 124 - 9 - 15 * len(names) - 3, *(15.0 + (3 if n == 1 else 0) for n in range(len(names))))
    return Table(widths, (_headed("TT", "Tên giấy tờ", *names),), rows or [blank] * BLANK_ROWS)


def _kinds_in_words(documents: Iterable[Handed]) -> Table:
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
                Cell(str(n), _CENTER),
                Cell(_named(each)),
                Cell("\n".join(name for name, _count in kinds)),
                Cell("\n".join(str(count) for _name, count in kinds), _CENTER),
            )
        )
    blank = (Cell(), Cell(), Cell(), Cell())
    return Table((9, 68, 31, 16), (_headed("TT", "Tên giấy tờ", "Loại giấy tờ", "Số lượng"),), rows or [blank] * 3)


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


# 02: supplement; 03: refusal


def supplement(case: CaseOnPaper, asked: Said, house: House, qr: str, number: str = "") -> Document:
    """Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ, for one request; `code` may be "" before a case is taken in."""
    circular = circular_on(asked.at.date())
    table = [_missing_table(case.missing)] if case.missing else []
    help_at = f"Ông/Bà liên hệ với {asked.by or DOTS}, số điện thoại {asked.phone or DOTS}"
    return Document(
        Paper.A5,
        form_of(circular, SlipKind.SUPPLEMENT),
        _counter_head(house, circular, number or f"{DOTS[:6]}/HDHS", asked.at.date()),
        "PHIẾU YÊU CẦU\nBỔ SUNG, HOÀN THIỆN HỒ SƠ",
        (f"Mã hồ sơ: {case.code}",) if case.code else (),
        qr,
        (
            *_person_lines(case, "Hồ sơ của"),
            _request_line(case),
            Text((Run("Yêu cầu hoàn thiện hồ sơ gồm những nội dung sau:"),)),
            *table,
            _line("Lý do", "") if not asked.words.strip() else Text((Run("Lý do:"),)),
            *(_paragraphs(asked.words) if asked.words.strip() else ()),
            _letter_line(f"Trong quá trình hoàn thiện hồ sơ, nếu có vướng mắc, {help_at} để được hướng dẫn./."),
        ),
        (Signature("NGƯỜI NỘP HỒ SƠ", name=case.person.name), Signature("NGƯỜI HƯỚNG DẪN", name=asked.by)),
    )


def _missing_table(missing: Iterable[Asked]) -> Table:
    rows = [
        (
            Cell(str(n), _CENTER),
            Cell(each.name),
            *(_number(count) for count in (each.originals, each.certified, each.copies)),
        )
        for n, each in enumerate(missing, 1)
    ]
    head = _headed("TT", "Tên giấy tờ", "Bản chính", "Bản sao\nchứng thực", "Bản sao")
    return Table((9, 67, 15, 18, 15), (head,), rows)


def refusal(case: CaseOnPaper, refused: Said, house: House, qr: str) -> Document:
    """Phiếu từ chối tiếp nhận giải quyết hồ sơ."""
    circular = circular_on(refused.at.date())
    desk = desk_of(house, circular)
    help_at = f"Ông/Bà liên hệ với {refused.by or DOTS}, số điện thoại {refused.phone or DOTS}"
    return Document(
        Paper.A5,
        form_of(circular, SlipKind.REFUSAL),
        _counter_head(house, circular, "", refused.at.date()),
        "PHIẾU TỪ CHỐI\nTIẾP NHẬN GIẢI QUYẾT HỒ SƠ",
        (f"Mã hồ sơ: {case.code}",),
        qr,
        (
            _line(desk, house.department),
            *_person_lines(case, "Tiếp nhận hồ sơ của"),
            _request_line(case),
            _letter_line(
                f"Qua xem xét, {desk} thông báo không tiếp nhận, giải quyết hồ sơ này với lý do cụ thể như sau:"
            ),
            *_paragraphs(refused.words),
            _letter_line("Xin thông báo cho Ông/Bà được biết và thực hiện."),
            _letter_line(f"Nếu có vướng mắc, {help_at} để được hướng dẫn./."),
        ),
        (
            Signature("NGƯỜI NỘP HỒ SƠ", name=case.person.name),
            Signature("NGƯỜI TIẾP NHẬN HỒ SƠ", name=refused.by),
        ),
    )


# 04: apology; 05 of 2025: stop


def apology(case: CaseOnPaper, letter: Letter, house: House, qr: str) -> Document:
    """Phiếu xin lỗi và hẹn lại ngày trả kết quả; since 2025 văn bản xin lỗi và đề nghị gia hạn."""
    circular = circular_on(letter.at.date())
    again = letter.new_due_at is not None
    if circular is CIRCULAR_2018:
        title = "PHIẾU XIN LỖI\nVÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ" if again else "PHIẾU XIN LỖI"
    else:
        title = "VĂN BẢN XIN LỖI"
        title += "\nVÀ ĐỀ NGHỊ GIA HẠN THỜI GIAN GIẢI QUYẾT" if again else ""
    return Document(
        Paper.A4,
        form_of(circular, SlipKind.APOLOGY),
        _unit_head(case, house, _letter_number(letter.number), letter.at.date()),
        title,
        (),
        qr,
        (
            Text((Run("Kính gửi: "), Run(case.person.name, bold=True)), _CENTER),
            *_what_was_promised(case, letter, house, circular),
            *_paragraphs(letter.reason),
            *_sorry(case, letter, house, circular),
        ),
        (Signature(_HEADS_OF_BODY.title, _HEADS_OF_BODY.hint, letter.signer),),
        _RECIPIENTS,
    )


_RECIPIENTS = ("- Như trên;", "- Bộ phận Một cửa;", "- Lưu: VT, hồ sơ.")


def _letter_number(number: str) -> str:
    """A bare number gets the letter's sign."""
    return f"{number}/PXL" if number.isdecimal() else number


def _unit_head(case: CaseOnPaper, house: House, number: str, day: date) -> Letterhead:
    return Letterhead(unit=case.unit, parent=house.department, number=number, place=house.place, day=day)


def _what_was_promised(case: CaseOnPaper, letter: Letter, house: House, circular: Circular) -> list[Text]:
    when = long_day(case.received_at).capitalize()
    lines = [
        _letter_line(
            f"{when}, {desk_of(house, circular)} {house.department} tiếp nhận giải quyết hồ sơ của {_YOU}; "
            f"mã hồ sơ: {case.code}; thủ tục hành chính: {case.procedure}."
        )
    ]
    promised = letter.old_due_at or case.promised_at
    if promised:
        lines.append(_letter_line(f"Thời gian hẹn trả kết quả giải quyết hồ sơ: {moment(promised, house.closing)}."))
    if letter.wrong:
        lines.append(_letter_line("Trong quá trình giải quyết hồ sơ đã có sai sót. Lý do:"))
    else:
        lines.append(
            _letter_line(
                f"Tuy nhiên đến nay, {case.unit} chưa trả kết quả giải quyết hồ sơ của {_YOU} đúng thời hạn ghi trên "
                "Giấy tiếp nhận hồ sơ và hẹn trả kết quả. Lý do:"
            )
        )
    return lines


def _sorry(case: CaseOnPaper, letter: Letter, house: House, circular: Circular) -> list[Text]:
    if letter.new_due_at is None:
        return [_letter_line(f"{case.unit} xin lỗi {_YOU} và mong nhận được sự thông cảm của {_YOU}./.")]
    again = moment(letter.new_due_at, house.closing)
    if circular is CIRCULAR_2018:
        promise = f"{case.unit} xin lỗi {_YOU} và sẽ trả kết quả giải quyết hồ sơ cho {_YOU} vào {again}."
    else:
        promise = (
            f"{case.unit} xin lỗi {_YOU} và đề nghị được gia hạn thời gian giải quyết hồ sơ; thời gian trả kết quả "
            f"sau khi gia hạn: {again}."
        )
    return [
        _letter_line(promise),
        _letter_line(
            f"Sự chậm trễ này đã gây phiền hà, tốn kém thời gian, công sức của {_YOU}; {case.unit} mong nhận được "
            f"sự thông cảm của {_YOU}./."
        ),
    ]


def stop_notice(case: CaseOnPaper, stopped: Said, house: House, qr: str, number: str = "") -> Document:
    """Thông báo dừng giải quyết hồ sơ: form 05 of 2025. NoSuchForm for a day before it."""
    circular = circular_on(stopped.at.date())
    return Document(
        Paper.A4,
        form_of(circular, SlipKind.STOP),
        _unit_head(case, house, number or f"{DOTS[:6]}/TB", stopped.at.date()),
        "THÔNG BÁO",
        ("Về việc dừng giải quyết hồ sơ",),
        qr,
        (
            Text((Run("Kính gửi: "), Run(case.person.name, bold=True)), _CENTER),
            _letter_line(
                f"{long_day(case.received_at).capitalize()}, {desk_of(house, circular)} {house.department} tiếp nhận "
                f"hồ sơ của {_YOU}; mã hồ sơ: {case.code}; thủ tục hành chính: {case.procedure}."
            ),
            _letter_line("Hồ sơ được dừng giải quyết với lý do cụ thể như sau:"),
            *_paragraphs(stopped.words),
            _letter_line(
                f"{case.unit} thông báo dừng giải quyết hồ sơ nêu trên kể từ {moment(stopped.at)}. {_YOU} có thể nhận "
                f"lại giấy tờ đã nộp tại {desk_of(house, circular)}."
            ),
            _letter_line(f"Xin thông báo để {_YOU} được biết./."),
        ),
        (_HEADS_OF_BODY,),
        _RECIPIENTS,
    )


# 05 of 2018, 06 of 2025: the control slip


def control(case: CaseOnPaper, house: House, qr: str) -> Document:
    """Phiếu kiểm soát quá trình giải quyết hồ sơ, from the stays the case has had."""
    circular = circular_on(case.received_on)
    promised = moment(case.promised_at, house.closing) if case.promised_at else ""
    return Document(
        Paper.A5,
        form_of(circular, SlipKind.CONTROL),
        _counter_head(house, circular, "", case.received_on),
        "PHIẾU KIỂM SOÁT\nQUÁ TRÌNH GIẢI QUYẾT HỒ SƠ",
        (f"Mã hồ sơ: {case.code}",),
        qr,
        (
            _line("Kèm theo hồ sơ của", case.person.owner or case.person.name, bold=True),
            _request_line(case, "Thủ tục hành chính"),
            _line("Thời gian nhận hồ sơ", moment(case.received_at)),
            _line("Thời gian hẹn trả kết quả", promised),
            _line("Cơ quan (bộ phận) giải quyết hồ sơ", case.unit),
            _line("Cơ quan phối hợp giải quyết hồ sơ", "; ".join(dict.fromkeys(case.consulted))),
            _movements(case, desk_of(house, circular)),
        ),
        notes=(
            "Ghi chú: Kết quả giải quyết hồ sơ (trước hạn, đúng hạn, quá hạn) do bên nhận ghi khi nhận bàn giao hồ sơ.",
        ),
    )


def _movements(case: CaseOnPaper, desk: str) -> Table:
    head = (
        _head(
            Cell("TÊN CƠ QUAN", rows=2),
            Cell("THỜI GIAN GIAO, NHẬN HỒ SƠ", columns=2),
            Cell("KẾT QUẢ GIẢI QUYẾT HỒ SƠ\n(Trước hạn/ đúng hạn/ quá hạn)", rows=2),
            Cell("GHI CHÚ", rows=2),
        ),
        _headed("Người giao", "Người nhận"),
    )
    moved = list(_hand_overs(case, desk))
    rows = [row for each in moved for row in each]
    for _n in range(BLANK_ROWS - len(moved)):
        rows += _movement(DOTS[:6], DOTS[:6], f"{DOTS[:4]} giờ {DOTS[:4]} phút, ngày {DOTS[:6]}", "", "", "", "")
    return Table((31, 24, 24, 22, 23), head, rows, scale=0.85)


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
            Cell(when, _CENTER, columns=2),
            Cell(result, _CENTER, rows=2),
            Cell(note, rows=2),
        ),
        (Cell(f"\n\n{given_by}", _CENTER, least=13), Cell(f"\n\n{taken_by}", _CENTER, least=13)),
    ]


# 06 of 2018, 07 of 2025: the register


def register(
    lines: Iterable[RegisterLine], house: House, since: date, until: date, narrowed: tuple[str, ...] = ()
) -> Document:
    """Sổ theo dõi hồ sơ for a span of days, both included. `narrowed` says to which unit, procedure."""
    circular = circular_on(until)
    return Document(
        Paper.A4_LANDSCAPE,
        form_of(circular, SlipKind.REGISTER),
        Letterhead(unit=desk_of(house, circular), parent=house.department),
        "SỔ THEO DÕI HỒ SƠ",
        (f"Từ ngày {short_day(since)} đến ngày {short_day(until)}", *narrowed),
        "",
        (
            Table(
                (9, 33, 39, 11, 30, 42, 27, 18, 18, 18, 17, 13, 20),
                REGISTER_HEAD,
                (_register_row(n, line) for n, line in enumerate(lines, 1)),
                scale=0.8,
            ),
        ),
    )


REGISTER_HEAD = (
    _head(
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
    _headed("Nhận hồ sơ", "Hẹn trả kết quả", "Trả kết quả"),
)


REGISTER_HEADINGS = (
    *("STT", "Mã hồ sơ", "Tên thủ tục hành chính", "Số bộ", "Tên cá nhân, tổ chức", "Địa chỉ, số điện thoại"),
    *("Cơ quan chủ trì giải quyết", "Nhận hồ sơ", "Hẹn trả kết quả", "Trả kết quả", "Phương thức nhận kết quả"),
    *("Ký nhận", "Ghi chú"),
)
"""The columns in one row, for a spreadsheet."""


def _register_row(n: int, line: RegisterLine) -> Row:
    left, center = Align.LEFT, _CENTER
    return tuple(Cell(words, center if centered else left) for words, centered in register_values(n, line))


def register_values(n: int, line: RegisterLine) -> tuple[tuple[str, bool], ...]:
    """The words of a line of the register, and whether each stands in the middle of its column."""
    where = "\n".join(filter(None, (line.address, line.phone)))
    notes = [f"Giấy tiếp nhận số {line.number}"] if line.number else []
    if line.status in ENDED:
        notes.append(f"{ENDED[line.status]} {short_day(line.ended_on)}".strip())
    return (
        (str(n), True),
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
