"""Forms 02 to 05: what somebody is given whose file is incomplete or refused, and the letters and notices that the
head of the unit signs. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from app.slips.content.parts import (
    CENTER,
    YOU,
    count_cell,
    counter_head,
    desk_of,
    entry,
    form_of,
    heading_row,
    in_official_lines,
    letter_line,
    paragraphs,
    person_lines,
    request_line,
)
from app.slips.document import (
    DOTS,
    Cell,
    Letterhead,
    Paper,
    PrintedSlip,
    Signature,
    SlipParagraph,
    SlipTable,
    StyledText,
)
from app.slips.labels import CIRCULAR_2018, Circular, SlipKind, circular_on, long_day, moment, short_day
from app.slips.values import CaseOnPaper, House, Letter, MissingDocument, Said


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


_RECIPIENTS = ("- Như trên;", "- Bộ phận Một cửa;", "- Lưu: VT, hồ sơ.")
_HEAD_OF_BODY = Signature("THỦ TRƯỞNG CƠ QUAN, ĐƠN VỊ", "(Ký, ghi rõ họ tên và đóng dấu)")


def apology(case: CaseOnPaper, letter: Letter, house: House, qr: str) -> PrintedSlip:
    """Phiếu xin lỗi và hẹn lại ngày trả kết quả; since 2025 văn bản xin lỗi và đề nghị gia hạn."""
    circular = circular_on(letter.at.date())
    again = letter.new_due_at is not None
    if circular is CIRCULAR_2018:
        title = "PHIẾU XIN LỖI\nVÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ" if again else "PHIẾU XIN LỖI"
    else:
        title = "VĂN BẢN XIN LỖI"
        title += "\nVÀ ĐỀ NGHỊ GIA HẠN THỜI GIAN GIẢI QUYẾT" if again else ""
    return PrintedSlip(
        Paper.A4,
        form_of(circular, SlipKind.APOLOGY),
        _unit_head(case, house, _letter_number(letter.number), letter.at.date()),
        title,
        (),
        qr,
        (
            SlipParagraph((StyledText("Kính gửi: "), StyledText(case.person.name, bold=True)), CENTER),
            *_what_was_promised(case, letter, house, circular),
            *paragraphs(letter.reason),
            *_sorry(case, letter, house, circular),
        ),
        (Signature(_HEAD_OF_BODY.title, _HEAD_OF_BODY.hint, letter.signer),),
        _RECIPIENTS,
        code=case.code,
    )


def _letter_number(number: str) -> str:
    """A bare number gets the letter's sign."""
    return f"{number}/PXL" if number.isdecimal() else number


def _unit_head(case: CaseOnPaper, house: House, number: str, day: date) -> Letterhead:
    unit, parent = in_official_lines(case.unit), in_official_lines(house.department)
    return Letterhead(unit=unit, parent=parent, number=number, place=house.place, day=day)


def _what_was_promised(case: CaseOnPaper, letter: Letter, house: House, circular: Circular) -> list[SlipParagraph]:
    when = long_day(case.received_at).capitalize()
    lines = [
        letter_line(
            f"{when}, {desk_of(house, circular)} {house.department} tiếp nhận giải quyết hồ sơ của {YOU}; "
            f"mã hồ sơ: {case.code}; thủ tục hành chính: {case.procedure}."
        )
    ]
    promised = letter.old_due_at or case.promised_at
    if promised:
        lines.append(letter_line(f"Thời gian hẹn trả kết quả giải quyết hồ sơ: {moment(promised, house.closing)}."))
    if letter.wrong:
        lines.append(letter_line("Trong quá trình giải quyết hồ sơ đã có sai sót. Lý do:"))
    else:
        lines.append(
            letter_line(f"{_how_late(case, letter)} giải quyết hồ sơ của {YOU} đúng {_what_time(case, letter)}. Lý do:")
        )
    return lines


def _how_late(case: CaseOnPaper, letter: Letter) -> str:
    if case.result_at and case.result_at <= letter.at:
        return f"Tuy nhiên, {case.unit} đã không trả kết quả"
    if letter.in_time:
        return f"Qua xem xét, {case.unit} thấy không thể trả kết quả"
    return f"Tuy nhiên đến nay, {case.unit} chưa trả kết quả"


def _what_time(case: CaseOnPaper, letter: Letter) -> str:
    if letter.old_due_at and letter.old_due_at != case.promised_at:
        return "thời gian đã hẹn lại"
    return "thời hạn ghi trên Giấy tiếp nhận hồ sơ và hẹn trả kết quả"


def _sorry(case: CaseOnPaper, letter: Letter, house: House, circular: Circular) -> list[SlipParagraph]:
    if letter.new_due_at is None:
        return [letter_line(f"{case.unit} xin lỗi {YOU} và mong nhận được sự thông cảm của {YOU}./.")]
    again = moment(letter.new_due_at, house.closing)
    if letter.wrong:
        promise = f"{case.unit} xin lỗi {YOU}, sẽ khắc phục sai sót và trả kết quả cho {YOU} vào {again}."
    elif circular is CIRCULAR_2018:
        promise = f"{case.unit} xin lỗi {YOU} và sẽ trả kết quả giải quyết hồ sơ cho {YOU} vào {again}."
    else:
        promise = (
            f"{case.unit} xin lỗi {YOU} và đề nghị được gia hạn thời gian giải quyết hồ sơ; thời gian trả kết quả "
            f"sau khi gia hạn: {again}."
        )
    trouble = "Sai sót này đã" if letter.wrong else "Việc hẹn lại này" if letter.in_time else "Sự chậm trễ này đã"
    return [
        letter_line(promise),
        letter_line(
            f"{trouble} gây phiền hà, tốn kém thời gian, công sức của {YOU}; {case.unit} mong nhận được "
            f"sự thông cảm của {YOU}./."
        ),
    ]


def stop_notice(case: CaseOnPaper, stopped: Said, house: House, qr: str, number: str = "") -> PrintedSlip:
    """Thông báo dừng giải quyết hồ sơ: form 05 of 2025. NoSuchForm for a day before it."""
    circular = circular_on(stopped.at.date())
    return PrintedSlip(
        Paper.A4,
        form_of(circular, SlipKind.STOP),
        _unit_head(case, house, number or f"{DOTS[:6]}/TB", stopped.at.date()),
        "THÔNG BÁO",
        ("Về việc dừng giải quyết hồ sơ",),
        qr,
        (
            SlipParagraph((StyledText("Kính gửi: "), StyledText(case.person.name, bold=True)), CENTER),
            letter_line(
                f"{long_day(case.received_at).capitalize()}, {desk_of(house, circular)} {house.department} tiếp nhận "
                f"hồ sơ của {YOU}; mã hồ sơ: {case.code}; thủ tục hành chính: {case.procedure}."
            ),
            letter_line("Hồ sơ được dừng giải quyết với lý do cụ thể như sau:"),
            *paragraphs(stopped.words),
            letter_line(
                f"{case.unit} thông báo dừng giải quyết hồ sơ nêu trên kể từ {moment(stopped.at)}. {YOU} có thể nhận "
                f"lại giấy tờ đã nộp tại {desk_of(house, circular)}."
            ),
            letter_line(f"Xin thông báo để {YOU} được biết./."),
        ),
        (_HEAD_OF_BODY,),
        _RECIPIENTS,
        code=case.code,
    )
