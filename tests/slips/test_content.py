"""What stands on each form, and which set of forms a day calls for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.cases.vocabulary import CaseStatus, ReturnMethod
from app.core.calendar import TimeUnit
from app.slips import content
from app.slips.content.parts import in_official_lines
from app.slips.document import DOTS, Paper, PrintedSlip, SlipTable
from app.slips.labels import (
    CIRCULAR_2018,
    CIRCULAR_2025,
    NoSuchForm,
    SlipKind,
    against_time,
    amount_of_time,
    circular_on,
    long_day,
    moment,
    money,
)
from app.slips.values import Handed, MissingDocument, RegisterLine, Said
from tests.slips.papers import ADDRESS, HOUSE, case, letter, on, person, stay


def words(document: PrintedSlip) -> str:
    """Everything on a paper, a line each."""
    lines = [document.form, *document.title.split("\n"), *document.under_title]
    for block in document.blocks:
        if isinstance(block, SlipTable):
            lines += [cell.text for row in (*block.head, *block.rows) for cell in row]
        else:
            lines.append(block.plain)
    return "\n".join([*lines, *(each.name for each in document.signatures), *document.notes])


@pytest.mark.parametrize(
    ("day", "circular"),
    [(date(2024, 6, 3), CIRCULAR_2018), (date(2025, 9, 14), CIRCULAR_2018), (date(2025, 9, 15), CIRCULAR_2025)],
)
def test_the_forms_of_2025_begin_on_the_day_of_their_circular(day: date, circular: object) -> None:
    assert circular_on(day) is circular


def test_the_control_slip_and_the_register_moved_by_one_number_when_the_notice_of_stopping_came() -> None:
    kinds = (SlipKind.STOP, SlipKind.CONTROL, SlipKind.REGISTER)
    assert [CIRCULAR_2025.number(kind) for kind in kinds] == ["05", "06", "07"]
    assert [CIRCULAR_2018.number(kind) for kind in kinds[1:]] == ["05", "06"]
    assert CIRCULAR_2018.kind("05") is SlipKind.CONTROL
    assert CIRCULAR_2025.kind("05") is SlipKind.STOP
    with pytest.raises(NoSuchForm):
        CIRCULAR_2018.number(SlipKind.STOP)
    with pytest.raises(NoSuchForm):
        CIRCULAR_2018.kind("07")


def test_a_receipt_tells_everything_form_01_asks_for() -> None:
    drawn = content.receipt(case(), HOUSE, ADDRESS)
    assert drawn.paper is Paper.A5
    assert drawn.letterhead.number == "12/TNHS"
    assert drawn.letterhead.parent.split("\n") == ["Sở Lao động –", "Thương binh và Xã hội"]
    assert drawn.letterhead.unit == "Bộ phận Một cửa"
    told = words(drawn)
    for line in (
        "Mẫu số 01 - Thông tư số 01/2018/TT-VPCP",
        "GIẤY TIẾP NHẬN HỒ SƠ",
        "Mã hồ sơ: H32.12-240603-0007",
        "Tiếp nhận hồ sơ của: Nguyễn Thị Hường",
        "Số định danh cá nhân/mã số thuế: 056190001234",
        "Số điện thoại: 0905123456   Email: huong.nguyen@example.vn",
        "2. Số lượng hồ sơ: 01 (bộ)",
        "3. Thời gian giải quyết hồ sơ theo quy định là: 05 ngày làm việc",
        "4. Thời gian nhận hồ sơ: 08 giờ 30 phút, ngày 03 tháng 6 năm 2024",
        "5. Thời gian trả kết quả giải quyết hồ sơ: 17 giờ 00 phút, ngày 10 tháng 6 năm 2024",
        "6. Đăng ký nhận kết quả tại: Bộ phận Một cửa",
        "7. Phí, lệ phí: 600.000 đồng; chưa nộp",
        "Vào Sổ theo dõi hồ sơ, Quyển số: 2024   Số thứ tự: 12",
    ):
        assert line in told


def test_the_documents_stand_by_kind_in_columns_before_the_circular_of_2025_and_in_words_since() -> None:
    old = next(block for block in content.receipt(case(), HOUSE, "").blocks if isinstance(block, SlipTable))
    new_case = case(received_at=on("2025-10-06 09:00"))
    new = next(block for block in content.receipt(new_case, HOUSE, "").blocks if isinstance(block, SlipTable))
    assert [cell.text for cell in list(old.rows)[2]] == ["3", "Phiếu lý lịch tư pháp", "", "1", "2"]
    assert [cell.text for cell in list(new.rows)[2]] == [
        "3",
        "Phiếu lý lịch tư pháp",
        "Bản sao chứng thực\nBản sao",
        "1\n2",
    ]
    assert len(list(old.rows)) == 3, "what is missing was not handed in"


@pytest.mark.parametrize(("count", "scale"), [(0, 1.0), (3, 1.0), (4, 0.95), (9, 0.9)])
def test_a_receipt_with_many_documents_is_set_smaller(count: int, scale: float) -> None:
    documents = tuple(Handed(f"Giấy tờ {n}", originals=1) for n in range(count))
    drawn = content.receipt(case(documents=documents), HOUSE, "")
    assert (drawn.scale, drawn.points) == (scale, 9.5 * scale)


def test_electronic_files_get_a_column_only_where_there_are_any() -> None:
    drawn = content.receipt(case(documents=(Handed("Đơn", electronic=1),)), HOUSE, "")
    table = next(block for block in drawn.blocks if isinstance(block, SlipTable))
    assert table.head[0][-1].text == "Bản\nđiện tử"
    assert sum(table.widths) == pytest.approx(124)


def test_a_receipt_without_known_documents_leaves_rows_to_be_filled_in_by_hand() -> None:
    drawn = content.receipt(case(documents=()), HOUSE, "")
    table = next(block for block in drawn.blocks if isinstance(block, SlipTable))
    assert len(list(table.rows)) == 3
    assert {cell.text for row in table.rows for cell in row} == {""}


def test_what_is_not_known_is_dots_and_an_owner_is_named_only_when_another_hands_it_in() -> None:
    nobody = content.receipt(case(person=person(phone="", email="", address="")), HOUSE, "")
    assert f"Địa chỉ: {DOTS}" in words(nobody)
    assert "Chủ hồ sơ" not in words(nobody)
    owned = content.receipt(case(person=person(owner="Công ty TNHH Biển Xanh")), HOUSE, "")
    assert "Chủ hồ sơ: Công ty TNHH Biển Xanh" in words(owned)


def test_a_receipt_says_what_was_paid_and_why_less_is_owed() -> None:
    exempt = case(fee_due=300_000, paid=300_000, exemption="Hộ nghèo")
    assert "300.000 đồng (miễn, giảm: Hộ nghèo); đã nộp đủ" in words(content.receipt(exempt, HOUSE, ""))
    free = case(fee_due=0)
    assert "7. Phí, lệ phí: Không thu" in words(content.receipt(free, HOUSE, ""))
    unknown = case(fee_due=None)
    assert f"7. Phí, lệ phí: {DOTS}" in words(content.receipt(unknown, HOUSE, ""))
    part = case(paid=200_000)
    assert "600.000 đồng; đã nộp 200.000 đồng" in words(content.receipt(part, HOUSE, ""))


def test_a_supplement_slip_follows_the_day_of_the_request_not_of_reception() -> None:
    late = Said(on("2025-09-16 09:00"), "Thiếu hộ chiếu", "Lê Văn Cường", "0258123")
    drawn = content.supplement(case(), late, HOUSE, ADDRESS, "3/HDHS")
    assert drawn.form == "Mẫu số 02 - Thông tư số 03/2025/TT-VPCP"
    assert drawn.letterhead.day == date(2025, 9, 16)
    told = words(drawn)
    assert "Bản sao hộ chiếu còn giá trị" in told
    assert "Ông/Bà liên hệ với Lê Văn Cường, số điện thoại 0258123" in told
    assert drawn.signatures[1].title == "NGƯỜI HƯỚNG DẪN"


@pytest.mark.parametrize(("day", "form"), [("2025-09-14", "01/2018"), ("2025-09-15", "03/2025")])
def test_a_supplement_slip_numbers_the_documents_asked_for_in_either_form(day: str, form: str) -> None:
    asked = (MissingDocument("Phiếu lý lịch tư pháp", originals=1), MissingDocument("Ảnh màu", copies=2))
    request = Said(on(f"{day} 09:00"), "Phiếu đã quá sáu tháng", "Lê Văn Cường", asked=asked)
    drawn = content.supplement(case(), request, HOUSE, ADDRESS)
    assert form in drawn.form
    (table,) = [block for block in drawn.blocks if isinstance(block, SlipTable)]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["1", "Phiếu lý lịch tư pháp", "1", "", ""],
        ["2", "Ảnh màu", "", "", "2"],
    ]


def test_a_refusal_gives_its_reason_paragraph_by_paragraph() -> None:
    drawn = content.refusal(case(), Said(on("2024-06-04 10:00"), "Không đúng thẩm quyền.\n\nNộp tại huyện."), HOUSE, "")
    assert drawn.form.startswith("Mẫu số 03")
    told = words(drawn).split("\n")
    assert "Không đúng thẩm quyền." in told
    assert "Nộp tại huyện." in told


def test_an_apology_promises_the_new_day_on_a4() -> None:
    drawn = content.apology(case(), letter(number="15"), HOUSE, "")
    assert drawn.paper is Paper.A4
    assert drawn.letterhead.number == "15/PXL"
    assert "vào 17 giờ 00 phút, ngày 14 tháng 6 năm 2024" in words(drawn)
    assert drawn.signatures[0].name == "Võ Minh Hoàng"


def test_an_apology_since_2025_asks_for_more_time() -> None:
    drawn = content.apology(case(), letter(at=on("2025-10-14 08:00")), HOUSE, "")
    assert drawn.title == "VĂN BẢN XIN LỖI\nVÀ ĐỀ NGHỊ GIA HẠN THỜI GIAN GIẢI QUYẾT"
    assert "đề nghị được gia hạn" in words(drawn)


def test_an_apology_without_a_new_day_promises_none() -> None:
    drawn = content.apology(case(), letter(new_due_at=None, wrong=True), HOUSE, "")
    assert drawn.title == "PHIẾU XIN LỖI"
    assert "sai sót" in words(drawn)
    assert "sẽ trả kết quả" not in words(drawn)


def test_a_letter_for_a_mistake_speaks_of_no_delay() -> None:
    said = words(content.apology(case(), letter(wrong=True), HOUSE, ""))
    assert "sẽ khắc phục sai sót và trả kết quả" in said
    assert "chậm trễ" not in said


def test_an_apology_after_the_result_does_not_say_that_there_is_none_yet() -> None:
    done = case(result_at=on("2024-06-11 07:45"))
    assert "Phòng Lao động – Việc làm đã không trả kết quả" in words(content.apology(done, letter(), HOUSE, ""))
    assert "đến nay, Phòng Lao động – Việc làm chưa trả" in words(content.apology(case(), letter(), HOUSE, ""))


def test_a_stop_has_a_notice_only_since_the_circular_of_2025() -> None:
    drawn = content.stop_notice(case(), Said(on("2025-09-15 08:00"), "Theo đề nghị."), HOUSE, "", "4/TB")
    assert (drawn.form, drawn.paper) == ("Mẫu số 05 - Thông tư số 03/2025/TT-VPCP", Paper.A4)
    with pytest.raises(NoSuchForm):
        content.stop_notice(case(), Said(on("2025-09-14 08:00"), "Theo đề nghị."), HOUSE, "")


def test_a_control_slip_has_a_line_for_every_hand_over_with_the_result_of_the_giver() -> None:
    table = next(block for block in content.control(case(), HOUSE, "").blocks if isinstance(block, SlipTable))
    rows = list(table.rows)
    assert rows[0][0].text == "1. Giao: Bộ phận Một cửa\n2. Nhận: Phòng Lao động – Việc làm"
    assert rows[0][1].text == "15 giờ 00 phút, ngày 03 tháng 6 năm 2024"
    assert [cell.text.strip() for cell in rows[1]] == ["Trần Thị Mỹ Lệ", "Lê Văn Cường"]
    assert rows[2][0].text == "1. Giao: Phòng Lao động – Việc làm\n2. Nhận: Lãnh đạo Sở"
    assert rows[2][2].text == "Quá hạn"
    assert len(rows) == 6, "two hand-overs and one to be filled in by hand"


def test_a_control_slip_ends_with_the_result_going_back_to_the_desk() -> None:
    done = case(
        stays=(
            stay("Tiếp nhận", HOUSE.desk, "2024-06-03 08:30", "2024-06-03 23:59:59", "2024-06-03 15:00", "Lệ"),
            stay("Thẩm định", "Phòng A", "2024-06-03 15:00", "2024-06-06 23:59:59", "2024-06-05 09:00", "Cường"),
        ),
        result_at=on("2024-06-05 09:00"),
    )
    table = next(block for block in content.control(done, HOUSE, "").blocks if isinstance(block, SlipTable))
    rows = list(table.rows)
    assert [rows[0][0].text, rows[2][0].text] == [
        "1. Giao: Bộ phận Một cửa\n2. Nhận: Phòng A",
        "1. Giao: Phòng A\n2. Nhận: Bộ phận Một cửa",
    ]
    assert [rows[0][2].text, rows[2][2].text] == ["Đúng hạn", "Trước hạn"]


def test_a_letter_before_the_day_says_that_it_will_not_be_kept_not_that_it_was_not() -> None:
    said = words(content.apology(case(), letter(at=on("2024-06-07 08:00"), in_time=True), HOUSE, ""))
    assert "Phòng Lao động – Việc làm thấy không thể trả kết quả" in said
    assert "Việc hẹn lại này gây phiền hà" in said
    assert "đến nay" not in said and "chậm trễ" not in said
    later = letter(at=on("2024-06-13 08:00"), in_time=True, old_due_at=on("2024-06-14 17:00"))
    assert "đúng thời gian đã hẹn lại. Lý do" in words(content.apology(case(), later, HOUSE, ""))


def test_a_slip_printed_after_a_letter_tells_the_new_date_and_what_was_promised_at_first() -> None:
    new = on("2024-06-14 17:00")
    moved = case(promised_at=on("2024-06-10 17:00"), due_at=new, letters=(letter(new_due_at=new),))
    told = (
        "17 giờ 00 phút, ngày 14 tháng 6 năm 2024 "
        "(theo văn bản xin lỗi số 15/PXL; hẹn ban đầu: 17 giờ 00 phút, ngày 10 tháng 6 năm 2024)"
    )
    assert f"5. Thời gian trả kết quả giải quyết hồ sơ: {told}" in words(content.receipt(moved, HOUSE, ""))
    assert f"Thời gian hẹn trả kết quả: {told}" in words(content.control(moved, HOUSE, ""))
    stopped = case(due_at=None)
    assert "kết quả giải quyết hồ sơ: 17 giờ 00 phút, ngày 10" in words(content.receipt(stopped, HOUSE, ""))


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("Sở Lao động – Thương binh và Xã hội", "Sở Lao động –\nThương binh và Xã hội"),
        ("Ủy ban nhân dân tỉnh Khánh Hòa", "Ủy ban nhân dân\ntỉnh Khánh Hòa"),
        ("Bộ phận Tiếp nhận và Trả kết quả", "Bộ phận Tiếp nhận\nvà Trả kết quả"),
        ("Sở Nông nghiệp và Môi trường", "Sở Nông nghiệp\nvà Môi trường"),
        ("Sở Nội vụ", "Sở Nội vụ"),
        ("Trung tâm Phục vụ hành chính công", "Trung tâm Phục vụ hành chính công"),
    ],
)
def test_a_body_is_named_on_the_lines_that_offices_use(name: str, lines: str) -> None:
    assert in_official_lines(name) == lines


def test_a_register_line_tells_how_a_case_ended_and_the_number_of_its_receipt() -> None:
    line = RegisterLine(
        "H32-1",
        "Cấp phép",
        1,
        "Nguyễn A",
        "Nha Trang",
        "0905",
        "Phòng A",
        date(2024, 6, 3),
        date(2024, 6, 14),
        date(2024, 6, 10),
        None,
        ReturnMethod.POST,
        CaseStatus.REFUSED,
        date(2024, 6, 4),
        *(2024, 166),
        "12/TNHS",
    )
    drawn = content.register([line], HOUSE, date(2024, 6, 1), date(2024, 6, 30), ("Đơn vị: Phòng A",))
    table = drawn.blocks[0]
    assert isinstance(table, SlipTable)
    assert [cell.text for cell in next(iter(table.rows))] == [
        *("166", "H32-1", "Cấp phép", "01", "Nguyễn A", "Nha Trang\n0905", "Phòng A", "03/06/2024", "14/06/2024", ""),
        *(
            "Bưu chính công ích",
            "",
            "Giấy tiếp nhận đã in mang số 12/TNHS; Hẹn ban đầu 10/06/2024; Từ chối giải quyết 04/06/2024",
        ),
    ]
    assert drawn.paper is Paper.A4_LANDSCAPE
    assert drawn.under_title == ("Từ ngày 01/06/2024 đến ngày 30/06/2024", "Đơn vị: Phòng A")
    assert len(content.REGISTER_HEADINGS) == len(table.widths) == 13


def test_days_and_amounts_are_written_as_decree_30_asks() -> None:
    assert long_day(date(2024, 2, 5)) == "ngày 05 tháng 02 năm 2024"
    assert long_day(date(2024, 10, 15)) == "ngày 15 tháng 10 năm 2024"
    assert money(1_250_000) == "1.250.000 đồng"
    assert amount_of_time(Decimal("0.5"), TimeUnit.WORKING_DAYS) == "0,5 ngày làm việc"
    assert amount_of_time(Decimal(10), TimeUnit.WORKING_DAYS) == "10 ngày làm việc"
    assert amount_of_time(Decimal(1), TimeUnit.SAME_DAY) == "trong ngày làm việc"
    assert amount_of_time(Decimal(0), TimeUnit.WORKING_DAYS) == "", "dots, while the catalogue tells no time"
    assert moment(on("2024-06-10 10:05"), HOUSE.closing) == "10 giờ 05 phút, ngày 10 tháng 6 năm 2024"


def test_a_stay_is_before_time_in_time_or_late() -> None:
    due = on("2024-06-10 23:59:59")
    assert against_time(on("2024-06-09 17:00"), due) == "Trước hạn"
    assert against_time(on("2024-06-10 08:00"), due) == "Đúng hạn"
    assert against_time(on("2024-06-11 00:00"), due) == "Quá hạn"
    assert against_time(None, due) == ""


def test_a_desk_without_a_unit_is_called_as_the_law_of_the_day_calls_it() -> None:
    bare = replace(HOUSE, desk="")
    assert content.desk_of(bare, CIRCULAR_2018) == "Bộ phận Tiếp nhận và Trả kết quả"
    assert content.desk_of(bare, CIRCULAR_2025) == "Bộ phận Một cửa"
